"""Seeded other punters: they quote both sides around fair odds that drift, and now and then one of them takes what is offered.

The odds a backer can take always sum to 100 to 106 % per winner, as in a well traded market: every quote is rounded to the
ladder, then single quotes move by a tick until the sum fits.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from planrunner.model.odds import Ladder, Side

LOWEST, HIGHEST = 1.003, 1.057  # of the sum of 1/odds, inside 100 to 106 %
AIM = 1.03
LEVELS = 3
DRIFT = 0.012  # of log odds per move, pulled back to where they began
PULL = 0.02
TAKERS = 30  # per cent of moves
STEP_MS = (4_000, 12_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Ticks the others keep clear of because of our resting bets: `to_back` below one, `to_lay` above the other."""

    to_back_below: int | None = None
    to_lay_above: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Best first is not promised: sizes by tick, for one runner."""

    to_back: dict[int, int]
    to_lay: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    runner: int
    side: Side
    size: int


@dataclass(slots=True, kw_only=True)
class Punters:
    """The others of one market. `fair` odds by runner; `winners` of them win. Only the seeded dice decide."""

    fair: Mapping[int, Decimal]
    winners: int
    ladder: Ladder
    dice: random.Random
    _now: dict[int, float] = field(init=False)
    _begin: dict[int, float] = field(init=False)
    _sizes: dict[tuple[int, Side, int], int] = field(default_factory=dict)
    _odds: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._odds = _odds_of(self.ladder)
        self._begin = {runner: -math.log(float(odds)) for runner, odds in self.fair.items()}
        self._now = dict(self._begin)

    def pause(self) -> int:
        """Milliseconds to the next move."""
        return self.dice.randrange(*STEP_MS)

    def drift(self, winners: Sequence[int], played: float) -> None:
        """Odds wander; once the contest is on (`played` 0 to 1) they also lean to what will be its result."""
        for runner, at in self._now.items():
            home = self._begin[runner] + (3 * played * played if runner in winners else 0)
            self._now[runner] = at + PULL * (home - at) + self.dice.gauss(0, DRIFT * (1 + 2 * played))

    def quotes(self, rooms: Mapping[int, Room]) -> dict[int, Quote]:
        """What they offer now, clear of our bets where `rooms` says so."""
        best = self._best_to_back(rooms)
        return {runner: self._quote(runner, tick, rooms.get(runner, Room())) for runner, tick in best.items()}

    def taker(self) -> Taker | None:
        if self.dice.randrange(100) >= TAKERS:
            return None
        runner = self.dice.choice(list(self.fair))
        side = self.dice.choice((Side.BACK, Side.LAY))
        return Taker(runner=runner, side=side, size=self.dice.randrange(200, 4_000))

    def _chances(self) -> dict[int, float]:
        weights = {runner: math.exp(at) for runner, at in self._now.items()}
        whole = sum(weights.values())
        return {runner: min(self.winners * weight / whole, 0.97) for runner, weight in weights.items()}

    def _best_to_back(self, rooms: Mapping[int, Room]) -> dict[int, int]:
        ticks: dict[int, int] = {}
        for runner, chance in self._chances().items():
            tick = bisect_left(self._odds, 1 / (chance * AIM))
            room = rooms.get(runner, Room())
            if room.to_back_below is not None:
                tick = min(tick, room.to_back_below - 1)
            if room.to_lay_above is not None:
                tick = max(tick, room.to_lay_above)
            ticks[runner] = min(max(tick, 0), self.ladder.ticks - 2)
        return fit(ticks, self.winners, self._odds, fixed=frozenset(rooms))

    def _quote(self, runner: int, tick: int, room: Room) -> Quote:
        """Offers to lay begin one tick above the offers to back, further out for outsiders."""
        gap = 1 + (self._odds[tick] > 6) + (self._odds[tick] > 30)
        above = max(tick + gap, tick if room.to_lay_above is None else room.to_lay_above + 1)
        return Quote(to_back=self._levels(runner, Side.LAY, tick, -1), to_lay=self._levels(runner, Side.BACK, above, 1))

    def _levels(self, runner: int, side: Side, best: int, step: int) -> dict[int, int]:
        ticks = [tick for tick in range(best, best + step * LEVELS, step) if 0 <= tick < self.ladder.ticks]
        return {tick: self._size(runner, side, tick) for tick in ticks}

    def _size(self, runner: int, side: Side, tick: int) -> int:
        """Drawn once per level, so that a book that did not move looks the same. Shorter odds hold more money."""
        key = (runner, side, tick)
        if key not in self._sizes:
            self._sizes[key] = 200 + int(self.dice.randrange(4_000, 40_000) / math.sqrt(self._odds[tick]))
        return self._sizes[key]


@cache
def _odds_of(ladder: Ladder) -> tuple[float, ...]:
    """By tick; good enough to choose a tick by, never to pay by."""
    return tuple(float(ladder.odds(tick)) for tick in range(ladder.ticks))


def fit(ticks: Mapping[int, int], winners: int, odds: Sequence[float], fixed: frozenset[int]) -> dict[int, int]:
    """Move single quotes by a tick until the sum of 1/odds is in its bounds.

    Quotes of `fixed` runners stay; where the others can't make up for them the sum stays out of bounds.
    """
    fitted = dict(ticks)
    free = [runner for runner in fitted if runner not in fixed]
    width = (HIGHEST - LOWEST) * winners
    for _ in range(2 * len(odds)):
        whole = sum(1 / odds[tick] for tick in fitted.values()) / winners
        step = 1 if whole > HIGHEST else -1 if whole < LOWEST else 0
        changes = [
            (abs(1 / odds[fitted[runner]] - 1 / odds[fitted[runner] + step]), runner)
            for runner in free
            if 0 <= fitted[runner] + step < len(odds) - 1
        ]
        if step == 0 or not changes:
            break
        # The largest change that can't jump over the bounds: an outsider's tick hardly counts and would run away.
        fitted[max([change for change in changes if change[0] <= width] or [min(changes)])[1]] += step
    return fitted
