"""The other side of the market, pure: limit order book, recorded markets, settlement and commission.

Odds are integer ticks of a ladder, money is integer minor units (pence), times are integer milliseconds since 1970 (UTC).
Nothing here reads a clock, draws a number or opens a file: times, lines and bets are handed in.
"""
