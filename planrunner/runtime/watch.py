"""What the owner of runs looks at every second, whatever else goes on: whether somebody wants them to stop, and the clocks.

Beside that it says every two seconds that it is alive. All runs of a process have one `Watchman`: one look and one sign of life,
however many they are. Trouble with the journal ends nothing here, it is looked at again: the next fact that has to be written
down decides. Being fenced off does end a run for this owner, that one alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from planrunner.model.errors import JournalTrouble
from planrunner.model.journal import Halt, Post, RunInfo, Signal
from planrunner.model.market import AccountName, RunId
from planrunner.ports import Clock
from planrunner.runtime.clock import JUMPED
from planrunner.runtime.halts import halt_of_file, stop_file
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import BEAT_EVERY
from planrunner.runtime.trouble import Fenced

LOOK_EVERY = 1.0


class Watched(Protocol):
    """The driver, as far as the watchman knows it."""

    def stop(self, text: str, *, post: int | None = None) -> None:
        """Place nothing more and take back what rests. `post`: what asked for it in the run's inbox."""
        ...

    def clock_set(self, by: timedelta) -> None: ...

    def fail(self, error: Exception) -> None:
        """This owner drives the run no further."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class _Owned:
    """A run under one epoch, and what it was told already."""

    info: RunInfo
    epoch: int
    accounts: Collection[AccountName]
    watched: Watched
    is_halted: bool = False
    told: set[int] = field(default_factory=set)

    def halt(self, halt: Halt) -> None:
        if not self.is_halted and any(halt.covers(self.info, account) for account in self.accounts):
            self.is_halted = True
            self.watched.stop(f"{halt.what} is stopped: {halt.why}")

    def hear(self, posts: Sequence[Post]) -> None:
        for post in posts:
            if post.kind is Signal.STOP and post.id not in self.told:
                self.told.add(post.id)
                self.watched.stop(post.body, post=post.id)


class Watchman:
    """Of all runs of a process on one journal. At work from the first run that is `watching` to the last."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._runs: dict[RunId, _Owned] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @contextmanager
    def watching(self, info: RunInfo, epoch: int, accounts: Collection[AccountName], watched: Watched) -> Iterator[None]:
        """This run, for as long as it is driven."""
        run = _Owned(info=info, epoch=epoch, accounts=accounts, watched=watched)
        self._runs[info.run] = run
        if not self._tasks:
            self._tasks = [self._begin(self._look()), self._begin(self._keep_alive())]
        try:
            yield
        finally:
            if self._runs.get(info.run) is run:  # else its next owner is in this process too
                del self._runs[info.run]
            if not self._runs:
                self._end()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of ours: nobody looks after the runs any more, so all of them are told."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end()
            for run in self._runs.values():
                run.watched.fail(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    # -- stops and clocks

    async def _look(self) -> None:
        """For ever."""
        wall, age = self._clock.now(), self._clock.age()
        while True:
            self._look_for_stops()
            await asyncio.sleep(LOOK_EVERY)
            now, older = self._clock.now(), self._clock.age()
            by = (now - wall) - timedelta(seconds=older - age)
            if abs(by) > JUMPED:
                for run in self._runs.values():
                    run.watched.clock_set(by)
            wall, age = now, older

    def _look_for_stops(self) -> None:
        runs = self._runs.values()
        if by_file := halt_of_file(stop_file(self._journal.path)):  # needs nothing but the folder, so it is looked at first
            for run in runs:
                run.halt(by_file)
        with suppress(JournalTrouble):
            halts, posts = self._journal.look()
            for run in runs:
                for halt in halts:
                    run.halt(halt)
                if waiting := posts.get(run.info.run):
                    run.hear(waiting)

    # -- signs of life

    async def _keep_alive(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(BEAT_EVERY)
            with suppress(JournalTrouble):
                await self._beat()

    async def _beat(self) -> None:
        runs = tuple(self._runs.values())
        epochs = {run.info.run: run.epoch for run in runs}
        lost = await self._journal.beat(epochs)
        for run in runs:
            if run.info.run in lost:
                run.watched.fail(Fenced(run.info.run, run.epoch))
