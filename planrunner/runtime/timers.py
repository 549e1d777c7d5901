"""The deadlines of a run, one heap for all of them. They belong to the journal; this only wakes up for the next one."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from planrunner.model.commands import Timer
from planrunner.model.events import TimerFired
from planrunner.ports import Clock


class Timers:
    """Setting a name again replaces its deadline. An overdue one fires at once, also after the wall clock was set."""

    def __init__(self, clock: Clock, fire: Callable[[TimerFired], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._sooner = asyncio.Event()

    def restore(self, timers: Mapping[str, datetime]) -> None:
        """The deadlines of a run that is taken up again, in the order in which they are due."""
        self.set(Timer(name=name, at=at) for name, at in sorted(timers.items(), key=lambda item: (item[1], item[0])))

    def set(self, timers: Iterable[Timer]) -> None:
        for timer in timers:
            if timer.at is None:
                self._due.pop(timer.name, None)
                continue
            self._due[timer.name] = timer.at
            if not self._heap or timer.at < self._heap[0][0]:
                self._sooner.set()
            heapq.heappush(self._heap, (timer.at, timer.name))

    async def run(self) -> None:
        """Fire what is due, for ever."""
        while True:
            await self._wait()
            while (head := self._head()) and head[0] <= self._clock.now():
                due, name = heapq.heappop(self._heap)
                del self._due[name]
                self._fire(TimerFired(at=self._clock.now(), name=name, due=due))

    def _head(self) -> tuple[datetime, str] | None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # replaced or taken back since
        return self._heap[0] if self._heap else None

    async def _wait(self) -> None:
        """Until the next deadline, or until a sooner one is set."""
        self._sooner.clear()
        head = self._head()
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._sooner.wait())]
        if head is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep_until(head[0])))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
