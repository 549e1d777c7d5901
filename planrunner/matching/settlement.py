"""What bets won and lost once the result is known, and the venue's commission on it.

Rounding: the winnings of a bet are the exact sum of size x (odds - 1) over its fills, rounded once per bet to the nearest minor
unit, an exact half to the even one. Both sides round the same figure, so a back and a lay made of the same fills mirror each
other. Commission is charged on an owner's net winnings in one market, rounded to the nearest minor unit, an exact half up;
net losers pay none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from planrunner.matching.bet import Bet
from planrunner.model.events import Outcome
from planrunner.model.odds import Ladder, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """`profit` is in minor units, before commission; negative for a loss, 0 where the bet is void."""

    bet: Bet
    outcome: Outcome
    profit: int


def settle(bets: Iterable[Bet], winners: Collection[int], ladder: Ladder) -> list[Settled]:
    """The bets that had anything matched or voided; those that only lapsed or were cancelled have nothing to settle."""
    return [_settle(bet, bet.runner in winners, ladder) for bet in bets if bet.matched or bet.voided]


def net_winnings(settled: Iterable[Settled], owner: str) -> int:
    return sum(one.profit for one in settled if one.bet.owner == owner)


def commission(net: int, rate: Decimal) -> int:
    """The venue's share of an owner's net winnings in a market. `rate` is a fraction: 0.05 for 5 %."""
    if net <= 0:
        return 0
    return int(net * Fraction(rate) + Fraction(1, 2))


def winnings(bet: Bet, ladder: Ladder) -> int:
    """What the backer wins, and the layer pays, if the runner wins."""
    return round(sum((fill.size * (Fraction(ladder.odds(fill.tick)) - 1) for fill in bet.fills), Fraction(0)))


def _settle(bet: Bet, runner_won: bool, ladder: Ladder) -> Settled:
    if not bet.matched:
        return Settled(bet=bet, outcome=Outcome.VOID, profit=0)
    won = runner_won is (bet.side is Side.BACK)
    if bet.side is Side.BACK:
        profit = winnings(bet, ladder) if won else -bet.matched
    else:
        profit = bet.matched if won else -winnings(bet, ladder)
    return Settled(bet=bet, outcome=Outcome.WON if won else Outcome.LOST, profit=profit)
