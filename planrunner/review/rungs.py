"""The rungs a reprice may come to stand on, one after the other, down to its floor (for a lay: up to it)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from planrunner.model.odds import Ladder, Side
from planrunner.model.plan import ByPercent, ByTicks, LimitOrder, Reprice
from planrunner.model.profile import VenueProfile


def ladder_of(order: LimitOrder, profile: VenueProfile) -> Ladder | None:
    """The ladder of the order's market; None where that is known only when the market is found."""
    return profile.ladder(profile.default_ladder) if order.target.line is None else None


def start_of(order: LimitOrder, ladder: Ladder) -> Decimal | None:
    """The rung the order begins on."""
    tick = ladder.tick(order.odds.ratio)
    return ladder.odds(tick) if tick is not None else None


def rungs(side: Side, start: Decimal, action: Reprice, ladder: Ladder, *, once: bool = False) -> tuple[Decimal, ...]:
    """Every rung from `start` on, `start` among them. `once`: the step comes once, however far its floor is."""
    found = [start]
    most = 1 if once else action.at_most
    while (most is None or len(found) <= most) and (following := _next(side, found[-1], action, ladder)) != found[-1]:
        found.append(following)
    return tuple(found)


def _next(side: Side, odds: Decimal, action: Reprice, ladder: Ladder) -> Decimal:
    """Towards the market and never past the floor: down for a back, up for a lay."""
    below, above = ladder.around(action.no_worse_than.ratio)
    floor = above if side is Side.BACK else below
    if floor is None:
        return odds
    match action.by:
        case ByTicks(ticks=ticks):
            moved = ladder.move(odds, -ticks if side is Side.BACK else ticks)
        case ByPercent(percent=percent):
            moved = _by_percent(side, odds, percent, ladder)
        case _:
            return odds  # to odds of the market, which nobody knows yet
    if side is Side.BACK:
        return min(odds, max(moved, floor))
    return max(odds, min(moved, floor))


def _by_percent(side: Side, odds: Decimal, percent: Decimal, ladder: Ladder) -> Decimal:
    """At least one tick, and otherwise never more than asked for."""
    share = Fraction(percent) / 100
    if side is Side.BACK:
        _, onto = ladder.around(Fraction(odds) * (1 - share))
        return min(onto if onto is not None else odds, ladder.move(odds, -1))
    onto, _ = ladder.around(Fraction(odds) * (1 + share))
    return max(onto if onto is not None else odds, ladder.move(odds, 1))
