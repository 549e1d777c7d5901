"""What the owner of a run looks at every second, whatever else goes on: whether somebody wants it to stop, and the clocks.

Beside that it says every two seconds that it is alive. Trouble with the journal ends nothing here, it is looked at again: the
next fact that has to be written down decides. Being fenced off does end the run for this owner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from planrunner.model.errors import JournalTrouble
from planrunner.model.journal import Halt, RunInfo, Signal
from planrunner.model.market import AccountName
from planrunner.ports import Clock
from planrunner.runtime.clock import JUMPED
from planrunner.runtime.halts import halt_of_file, stop_file
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import BEAT_EVERY

LOOK_EVERY = 1.0


class Watched(Protocol):
    """The driver, as far as the watch knows it."""

    def stop(self, text: str, *, post: int | None = None) -> None:
        """Place nothing more and take back what rests. `post`: what asked for it in the run's inbox."""
        ...

    def clock_set(self, by: timedelta) -> None: ...


class Watch:
    """Of one run under one epoch."""

    def __init__(self, *, info: RunInfo, epoch: int, accounts: Collection[AccountName], journal: Journal, clock: Clock) -> None:
        self._info = info
        self._epoch = epoch
        self._accounts = accounts
        self._journal = journal
        self._clock = clock
        self._is_halted = False
        self._told: set[int] = set()

    async def look(self, watched: Watched) -> None:
        """For ever."""
        wall, age = self._clock.now(), self._clock.age()
        while True:
            self._look_for_stops(watched)
            await asyncio.sleep(LOOK_EVERY)
            now, older = self._clock.now(), self._clock.age()
            by = (now - wall) - timedelta(seconds=older - age)
            if abs(by) > JUMPED:
                watched.clock_set(by)
            wall, age = now, older

    async def keep_alive(self) -> None:
        """For ever. Raises Fenced."""
        while True:
            await asyncio.sleep(BEAT_EVERY)
            with suppress(JournalTrouble):
                await self._journal.beat(self._info.run, self._epoch)

    def _look_for_stops(self, watched: Watched) -> None:
        if by_file := halt_of_file(stop_file(self._journal.path)):  # needs nothing but the folder, so it is looked at first
            self._halt(by_file, watched)
        with suppress(JournalTrouble):
            halts, posts = self._journal.look(self._info.run)
            for halt in halts:
                self._halt(halt, watched)
            for post in posts:
                if post.kind is Signal.STOP and post.id not in self._told:
                    self._told.add(post.id)
                    watched.stop(post.body, post=post.id)

    def _halt(self, halt: Halt, watched: Watched) -> None:
        if not self._is_halted and any(halt.covers(self._info, account) for account in self._accounts):
            self._is_halted = True
            watched.stop(f"{halt.what} is stopped: {halt.why}")
