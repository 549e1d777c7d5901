"""Running counts beside the reservations: placements in a sliding minute, and what the bets settled on one day lost.

Both are in memory only; they are rebuilt from the reservations that are kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from planrunner.runtime.reservation import MINUTE, ZERO, Pot

K = TypeVar("K", bound=Hashable)
# A clock that was set back leaves placements ahead of it: they count, but one that was wrong by days locks nobody out.
SET_BACK = timedelta(hours=1)


def add(totals: dict[K, Decimal], key: K, amount: Decimal) -> None:
    total = totals.get(key, ZERO) + amount
    if total:
        totals[key] = total
    else:
        totals.pop(key, None)  # a service runs for months; what is settled leaves no trace


class Pace:
    """When the latest placements of each account were made."""

    def __init__(self) -> None:
        self._times: dict[Pot, list[datetime]] = {}

    def add(self, pot: Pot, at: datetime) -> None:
        times = self._times.setdefault(pot, [])
        insort(times, at)
        del times[: bisect_right(times, at - MINUTE)]

    def remove(self, pot: Pot, at: datetime) -> None:
        times = self._times.get(pot, [])
        place = bisect_left(times, at)
        if place < len(times) and times[place] == at:
            del times[place]

    def before(self, pot: Pot, now: datetime) -> int:
        """Placements in the minute that ends now."""
        times = self._times.get(pot, [])
        return bisect_right(times, now + SET_BACK) - bisect_right(times, now - MINUTE)


class Losses:
    """What the settled bets of a day lost. The bets of one run in one market are taken together, so that a hedge's winnings
    stand against what it hedged; between markets nothing is netted."""

    def __init__(self) -> None:
        self._net: dict[tuple[Pot, date], dict[Hashable, Decimal]] = {}
        self._lost: dict[tuple[Pot, date], Decimal] = {}

    def add(self, pot: Pot, day: date, together: Hashable, profit: Decimal) -> None:
        nets = self._net.setdefault((pot, day), {})
        before = min(nets.get(together, ZERO), ZERO)
        add(nets, together, profit)
        add(self._lost, (pot, day), before - min(nets.get(together, ZERO), ZERO))
        if not nets:
            del self._net[pot, day]

    def on(self, pot: Pot, day: date) -> Decimal:
        return self._lost.get((pot, day), ZERO)
