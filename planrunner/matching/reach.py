"""How much of what is offered an incoming bet may take.

A limit order takes offers at its odds or better. A fill-or-kill order's odds limit the volume-weighted average only: some of it
may be worse than the odds asked for as long as the average is not; and it takes at least `min_fill` (everything, when none is
given) or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from planrunner.matching.bet import Bet
from planrunner.model.odds import Ladder, Side


def takeable(bet: Bet, offers: Iterable[tuple[int, int]], ladder: Ladder) -> int:
    """The size that `bet` takes of `offers` (tick, size; best first)."""
    if not bet.fill_or_kill:
        return _within_limit(bet, offers)
    size = _within_average(bet, offers, ladder)
    return size if size >= (bet.min_fill or bet.size) else 0


def _within_limit(bet: Bet, offers: Iterable[tuple[int, int]]) -> int:
    size = 0
    for tick, offered in offers:
        if size >= bet.size or (tick < bet.tick if bet.side is Side.BACK else tick > bet.tick):
            break
        size += offered
    return min(size, bet.size)


def _within_average(bet: Bet, offers: Iterable[tuple[int, int]], ladder: Ladder) -> int:
    """As much as keeps sum(size x odds) / sum(size) at the limit or better.

    `spare` is the sum of size x (odds - limit) so far, seen from the taker: what better offers leave for worse ones.
    """
    limit, sign = ladder.odds(bet.tick), 1 if bet.side is Side.BACK else -1
    size, spare = 0, Decimal(0)
    for tick, offered in offers:
        gain = (ladder.odds(tick) - limit) * sign
        part = min(offered, bet.size - size)
        if gain < 0:
            part = min(part, int(spare / -gain))
        size += part
        spare += part * gain
        if part < offered:
            break
    return size
