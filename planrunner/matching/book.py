"""Offers and who comes first: best price, then earliest, and the taker gets the resting price.

A back at a tick rests under what a layer can take at that tick, a lay under what a backer can take. A back meets lays at its tick
or higher, highest first; a lay meets backs at its tick or lower, lowest first. Bets of one owner meet each other like anyone's:
an exchange matches what crosses, and the facts of none of the venues say otherwise.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from planrunner.matching.bet import Bet, Fill
from planrunner.model.odds import Side

Quote = tuple[int, int]  # tick, size


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What is shown of one runner, best first: `back` is what a backer can take, `lay` what a layer can take.

    `traded` (by tick) and `total_matched` count both sides of every trade, as exchanges show them: a match of 2.00 shows as 4.00.
    """

    back: tuple[Quote, ...] = ()
    lay: tuple[Quote, ...] = ()
    traded: tuple[Quote, ...] = ()
    last_traded: int | None = None
    total_matched: int = 0


class Book(Protocol):
    """Where bets wait and what can be taken. A market decides how much a bet may take; the book carries it out."""

    def reachable(self, runner: int, side: Side) -> Iterator[Quote]:
        """What a bet of this side could take now, best first, whatever its limit."""
        ...

    def take(self, bet: Bet, size: int, at: int) -> None:
        """Match `size` of the bet with what is reachable, best first."""
        ...

    def rest(self, bet: Bet) -> None:
        """Let the remainder wait for a taker, behind everybody at its tick."""
        ...

    def shrink(self, bet: Bet, by: int) -> None:
        """`by` of the remainder was cancelled or lapsed just now; a bet with nothing left waits no longer."""
        ...

    def resting(self) -> Sequence[Bet]:
        """Every bet that waits, in no promised order."""
        ...

    def offers(self, runner: int) -> Offers: ...


class _Level:
    """Bets waiting at one tick, the earliest first. An OrderedDict, since a plain dict is slow to find its first key again."""

    __slots__ = ("queue", "size")

    def __init__(self) -> None:
        self.queue: OrderedDict[int, Bet] = OrderedDict()
        self.size = 0


class _Waiting:
    """The bets of one side of one runner: levels by tick, and the ticks in order."""

    __slots__ = ("levels", "side", "ticks")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.ticks: list[int] = []
        self.levels: dict[int, _Level] = {}

    def add(self, bet: Bet) -> None:
        level = self.levels.get(bet.tick)
        if level is None:
            level = self.levels[bet.tick] = _Level()
            insort(self.ticks, bet.tick)
        level.queue[bet.id] = bet
        level.size += bet.remaining

    def shrink(self, bet: Bet, by: int) -> None:
        level = self.levels[bet.tick]
        level.size -= by
        if bet.remaining:
            return
        del level.queue[bet.id]
        if not level.queue:
            del self.levels[bet.tick]
            del self.ticks[bisect_left(self.ticks, bet.tick)]

    def first(self) -> Bet:
        """Whom a taker meets first: at the lowest back or the highest lay, the earliest."""
        tick = self.ticks[0] if self.side is Side.BACK else self.ticks[-1]
        return next(iter(self.levels[tick].queue.values()))

    def best_first(self) -> Iterator[Quote]:
        ticks = self.ticks if self.side is Side.BACK else reversed(self.ticks)
        return ((tick, self.levels[tick].size) for tick in ticks)


class LimitBook:
    """The order book of one market, all runners. Every offer is somebody's bet."""

    __slots__ = ("_last", "_shown", "_total", "_traded", "_waiting")

    def __init__(self) -> None:
        self._shown: dict[int, Offers] = {}  # books are looked at more often than they change
        self._waiting: dict[tuple[int, Side], _Waiting] = {}
        self._traded: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._total: defaultdict[int, int] = defaultdict(int)
        self._last: dict[int, int] = {}

    def reachable(self, runner: int, side: Side) -> Iterator[Quote]:
        return self._of(runner, side.other).best_first()

    def take(self, bet: Bet, size: int, at: int) -> None:
        self._shown.pop(bet.runner, None)
        waiting = self._of(bet.runner, bet.side.other)
        while size:
            other = waiting.first()
            part = min(size, other.remaining)
            bet.fill(Fill(tick=other.tick, size=part, at=at, taking=True, against=other.id))
            other.fill(Fill(tick=other.tick, size=part, at=at, taking=False, against=bet.id))
            waiting.shrink(other, part)
            self._record(bet.runner, other.tick, part)
            size -= part

    def rest(self, bet: Bet) -> None:
        self._shown.pop(bet.runner, None)
        self._of(bet.runner, bet.side).add(bet)

    def shrink(self, bet: Bet, by: int) -> None:
        self._shown.pop(bet.runner, None)
        self._of(bet.runner, bet.side).shrink(bet, by)

    def resting(self) -> Sequence[Bet]:
        return [bet for side in self._waiting.values() for level in side.levels.values() for bet in level.queue.values()]

    def offers(self, runner: int) -> Offers:
        shown = self._shown.get(runner)
        if shown is None:
            shown = self._shown[runner] = Offers(
                back=tuple(self.reachable(runner, Side.BACK)),
                lay=tuple(self.reachable(runner, Side.LAY)),
                traded=tuple(sorted(self._traded[runner].items())),
                last_traded=self._last.get(runner),
                total_matched=self._total[runner],
            )
        return shown

    def _of(self, runner: int, side: Side) -> _Waiting:
        waiting = self._waiting.get((runner, side))
        if waiting is None:
            waiting = self._waiting[runner, side] = _Waiting(side)
        return waiting

    def _record(self, runner: int, tick: int, size: int) -> None:
        self._traded[runner][tick] += 2 * size
        self._total[runner] += 2 * size
        self._last[runner] = tick
