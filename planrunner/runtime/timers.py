"""The deadlines of a run, in one heap for each clock. They belong to the journal; this only wakes up for the next one, and
costs nothing until then.

A deadline is a moment of the wall clock, and wall clocks are set: back, and a cancel would come an hour late; forward, and what
is overdue must not wait. So each fires by whichever clock says so first, the wall's or that of its own age, which counts what
lay between when it was set here and when it is due. No age outlives its process: of a run that is taken up again the journal
says how far the clock was set back meanwhile.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from planrunner.model.commands import SetTimers, Timer
from planrunner.model.events import TimerFired
from planrunner.model.journal import Record
from planrunner.runtime.clock import JUMPED, Alarm, HandsClock

T = TypeVar("T")

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBack:
    """By how much a run's wall clock was set back, by what its journal says: in all, `since` the setting of each deadline, and
    `last`, while nobody drove it. How long nobody drove it is not known then, and is taken for no time at all."""

    total: timedelta
    since: Mapping[str, timedelta]
    last: timedelta


def set_back(records: Iterable[Record], beat: datetime | None, now: datetime) -> SetBack:
    """Records are written down in order, so one that is dated before the last shows a clock that was set. `beat`: the last sign
    of life of whoever had the run before; where there is none, its last record stands for that."""
    by, last = timedelta(0), None
    when_set: dict[str, timedelta] = {}
    for record in records:
        by += _backwards(last, record.at)
        last = record.at
        if isinstance(record.body, SetTimers):
            when_set |= {timer.name: by for timer in record.body.timers}
    by += _backwards(last, beat) if beat is not None else timedelta(0)
    behind = _backwards(beat or last, now)
    by += behind
    return SetBack(total=by, since={name: by - before for name, before in when_set.items()}, last=behind)


def _backwards(before: datetime | None, at: datetime) -> timedelta:
    return before - at if before is not None and before - at > JUMPED else timedelta(0)


class _Deadline(NamedTuple):
    """`age` in whole microseconds: of two floats neither need ever reach the other."""

    wall: datetime
    age: int


class Timers:
    """Setting a name again replaces its deadline. An overdue one fires at once; none fires twice."""

    def __init__(self, clock: HandsClock, fire: Callable[[TimerFired], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._due: dict[str, _Deadline] = {}
        self._by_wall: list[tuple[datetime, str, _Deadline]] = []
        self._by_age: list[tuple[int, str, _Deadline]] = []
        self._sooner = asyncio.Event()

    def restore(self, timers: Mapping[str, datetime], set_back: Mapping[str, timedelta] = MappingProxyType({})) -> None:
        """The deadlines of a run that is taken up again, in the order in which they are due; `set_back`: by how much the wall
        clock was set back since each was set, which must hold none of them up."""
        now = self._clock.now()
        for name, at in sorted(timers.items(), key=lambda item: (item[1], item[0])):
            self._set(name, at, at - now - set_back.get(name, timedelta(0)))

    def set(self, timers: Iterable[Timer], *, decided_at: datetime | None = None) -> None:
        """`decided_at`: the moment that they were counted from, where a clock may have been set between that and now."""
        now = self._clock.now()
        latest = now if decided_at is None else max(now, decided_at)
        for timer in timers:
            if timer.at is None:
                self._due.pop(timer.name, None)
            else:
                self._set(timer.name, timer.at, timer.at - latest)

    def _set(self, name: str, at: datetime, left: timedelta) -> None:
        due = _Deadline(at, self._age() + left // MICROSECOND)
        self._due[name] = due
        if not self._by_wall or due.wall < self._by_wall[0][0] or due.age < self._by_age[0][0]:
            self._sooner.set()
        heapq.heappush(self._by_wall, (due.wall, name, due))
        heapq.heappush(self._by_age, (due.age, name, due))

    def look_again(self) -> None:
        """The wall clock was set: what it has made due need not wait for the next look."""
        self._sooner.set()

    async def run(self) -> None:
        """Fire what is due, for ever."""
        while True:
            await self._wait()
            while (name := self._due_now()) is not None:
                due = self._due.pop(name)
                self._fire(TimerFired(at=self._clock.now(), name=name, due=due.wall))

    def _due_now(self) -> str | None:
        by_wall, by_age = self._head(self._by_wall), self._head(self._by_age)
        if by_wall is not None and by_wall[0] <= self._clock.now():
            return by_wall[1]
        if by_age is not None and by_age[0] <= self._age():
            return by_age[1]
        return None

    def _head(self, heap: list[tuple[T, str, _Deadline]]) -> tuple[T, str, _Deadline] | None:
        while heap and self._due.get(heap[0][1]) != heap[0][2]:
            heapq.heappop(heap)  # fired, replaced or taken back since
        return heap[0] if heap else None

    async def _wait(self) -> None:
        """Until the next deadline by either clock, or until a sooner one is set."""
        self._sooner.clear()
        alarms: list[Alarm] = []
        by_wall, by_age = self._head(self._by_wall), self._head(self._by_age)
        if by_wall is not None and by_age is not None:
            left = max(by_age[0] - self._age(), 0) / 1e6
            alarms.append(self._clock.call_at(by_wall[0], self._sooner.set))
            alarms.append(asyncio.get_running_loop().call_later(left, self._sooner.set))
        try:
            await self._sooner.wait()
        finally:
            for alarm in alarms:
                alarm.cancel()

    def _age(self) -> int:
        return round(self._clock.age() * 1e6)
