"""A race as the Tote knows it: its runners by number, and when what happened to it.

A race of the world's is looked at from time to time, and what is new is taken over with the time it happened; a race that only
the Tote has knows its whole story from the beginning. Both answer for any moment, so that a bet is decided by what was so when
it was its turn, however late somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from planrunner.model.market import MarketStatus
from planrunner.sandbox.board import NEVER, Board
from planrunner.sandbox.building import RESULT_TAKES
from planrunner.sandbox.scenario import Abandon, Close, Remove, TurnInPlay

Finish = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Horse:
    """`id` is the competitor's; `chance` of winning, the chances of a race are 1 together."""

    number: int
    name: str
    id: str
    chance: float


@dataclass(slots=True, kw_only=True)
class Race:
    """`number` counts the races of a meeting, `withdrawn` has the time of each runner that does not take part, `drawn` who comes
    in together. Times are None while they lie in the dark."""

    id: str
    meeting: str
    country: str
    zone: str
    name: str
    horses: tuple[Horse, ...]
    start: int
    drawn: Finish
    number: int = 0
    handicap: bool = False
    off_at: int | None = None
    result_at: int | None = None
    abandoned_at: int | None = None
    withdrawn: dict[int, int] = field(default_factory=dict)
    board: str | None = None
    moved: int = 0
    _expected: dict[str, int | None] = field(default_factory=dict)

    def horse(self, number: int) -> Horse:
        return self.horses[number - 1]

    @property
    def off(self) -> int:
        """When the pools close: when it went off, or as it is planned."""
        known = [at for at in (self.off_at, self.abandoned_at) if at is not None]
        return min(known) if known else self.start

    def runs(self, number: int, at: int) -> bool:
        return self.withdrawn.get(number, NEVER) > at

    def running(self, at: int) -> list[Horse]:
        """Who takes part, as known then."""
        return [horse for horse in self.horses if self.runs(horse.number, at)]

    def is_abandoned(self, at: int) -> bool:
        return self.abandoned_at is not None and self.abandoned_at <= at

    def is_over(self, at: int) -> bool:
        """Its result, or that there will be none, is known."""
        return self.is_abandoned(at) or (self.result_at is not None and self.result_at <= at)

    @property
    def finish(self) -> Finish:
        """Without those that did not take part."""
        groups = (tuple(number for number in group if number not in self.withdrawn) for group in self.drawn)
        return tuple(group for group in groups if group)

    def favourite(self) -> int:
        """Of those that took part: who stands in for a non-runner in a bet over several races."""
        return max(self.running(self.off), key=lambda horse: (horse.chance, -horse.number)).number

    def next_news(self) -> int | None:
        """When something is expected to happen in the world."""
        return min((at for at in self._expected.values() if at is not None), default=None)

    def look(self, board: Board, now: int) -> None:
        """Take over what is new. What was expected before now happened when it was expected."""
        if board.start != self.start:
            self.moved += 1
            self.start = board.start
        numbers = {runner.id: number for number, runner in enumerate(board.terms.runners, 1)}
        for runner in board.market.removed:
            self.withdrawn.setdefault(numbers[runner], self._happened("removed", now))
        if board.is_void:
            self.abandoned_at = self.abandoned_at or self._happened("abandoned", now)
        elif board.status is MarketStatus.CLOSED:
            self.result_at = self.result_at or self._happened("closed", now, self.start + board.terms.lasts + RESULT_TAKES)
            winners = tuple(numbers[runner] for runner in board.winners)
            if winners and set(winners) != set(self.drawn[0]):
                self.drawn = (winners, *(left for group in self.drawn if (left := _without(group, winners))))
        if self.off_at is None and (board.in_play or board.status is MarketStatus.CLOSED or now >= board.start):
            self.off_at = min(self._happened("off", now), board.start)
        self._expect(board)

    def _expect(self, board: Board) -> None:
        agenda = board.agenda
        self._expected = {
            "removed": agenda.next_of(Remove), "abandoned": agenda.next_of(Abandon), "closed": agenda.next_of(Close),
            "off": agenda.next_of(TurnInPlay),
        }  # fmt: skip

    def _happened(self, what: str, now: int, otherwise: int | None = None) -> int:
        at = self._expected.get(what) or otherwise
        return now if at is None else min(at, now)


def _without(group: tuple[int, ...], numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(number for number in group if number not in numbers)
