"""The one thread of a process that writes the journal: group commit with a future per append.

While one sync is under way others queue up; all that waited goes into the next transaction. A job that is refused (fenced, or
its request can't be prepared) fails alone; trouble with the file fails everybody in the transaction, and nothing of it stands.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from sqlalchemy import Connection

from planrunner.model.account import Site
from planrunner.model.errors import JournalTrouble
from planrunner.model.journal import Halt
from planrunner.model.market import RunId
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.halts import halt_of_file, in_force, stop_file
from planrunner.runtime.hooks import Hooks
from planrunner.runtime.ledger import Ledger
from planrunner.runtime.sheet import Sheet, read_reservations
from planrunner.runtime.tables import data_version
from planrunner.runtime.trouble import Twice, explained

# More in one transaction saves nothing and makes the first of them wait.
LARGEST_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Stamp:
    """Read before the commit: what counts from here can only be too strict, wherever the process is frozen."""

    wall: datetime
    age: float


class Job(Protocol):
    """Rows for the common transaction. `name` is the hook's; empty: nothing is lost with it, so it has none."""

    run: RunId
    name: str

    def put(self, sheet: Sheet) -> Callable[[Stamp], Any]:
        """Puts its rows down, or raises and leaves the sheet as it was. Returns what makes its result of the stamp."""
        ...


@dataclass(slots=True)
class _Waiting:
    """A job and who waits for it: a task (`loop` and `task`), a thread (`thread`), or nobody."""

    job: Job | Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop | None = None
    task: asyncio.Future[Any] | None = None
    thread: Future[Any] | None = None
    result: Any = None
    error: BaseException | None = None
    stamped: Callable[[Stamp], Any] | None = None

    @property
    def is_awaited(self) -> bool:
        return self.task is not None or self.thread is not None

    @property
    def is_alone(self) -> bool:
        return self.thread is not None


class Writer:
    """Started with the journal's first write, ended by `close`."""

    def __init__(self, connection: Connection, path: Path, *, clock: HandsClock, hooks: Hooks, site: Site) -> None:
        self._connection = connection
        self._path = path
        self._clock = clock
        self._hooks = hooks
        self._site = site
        self._lost: BaseException | None = None
        self.trouble: JournalTrouble | None = None  # why the last transaction came to nothing, where that is the file's
        self._ledger: Ledger | None = None
        self._halts: tuple[Halt, ...] | None = None
        self._stop_file = stop_file(path)
        self._seen_version = -1
        # What is handed to the thread: a job that somebody waits for, and before it those that nobody waits for. None: the end.
        self._queue: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._laters: list[_Waiting] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    async def written(self, job: Job, *, aside: bool = False) -> Any:
        """Returns once the job's rows are on disk. `aside`: they are no part of the story, so what waits to be written goes on
        waiting: a run's beginning and its first intent stand in one transaction."""
        loop = asyncio.get_running_loop()
        task: asyncio.Future[Any] = loop.create_future()
        with self._clock.outside():
            self._submit(_Waiting(job, loop=loop, task=task), aside=aside)
            return await task

    def later(self, job: Job) -> None:
        """Written with the next job that somebody waits for."""
        self._submit(_Waiting(job))

    def alone(self, act: Callable[[Connection], Any]) -> Any:
        """A transaction of its own; blocks."""
        thread: Future[Any] = Future()
        self._submit(_Waiting(act, thread=thread))
        return thread.result()

    def hold_against(self, site: Site) -> None:
        """Called from a job of its own: nothing is admitted at the same moment."""
        self._site = site
        self._ledger = None

    def close(self) -> None:
        """Writes what still waits and ends the thread. Raises what kept it from being written. Again, it does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if self._laters:
                self._queue.put(self._laters)
            self._queue.put(None)
        self._thread.join()
        self._connection.close()
        if self._lost is not None:
            raise self._lost

    def _submit(self, waiting: _Waiting, *, aside: bool = False) -> None:
        with self._lock:
            if self._is_closed:
                raise JournalTrouble(f"the journal {self._path} is closed; nothing more can be written")
            if aside:
                self._queue.put([waiting])
                return
            self._laters.append(waiting)
            if waiting.is_awaited:
                self._queue.put(self._laters)
                self._laters = []

    def _work(self) -> None:
        kept: list[_Waiting] = []
        while (taken := self._queue.get()) is not None:
            batch = kept + taken
            # On virtual time one at a time, so that tasks wake in the same order however fast the disk is.
            while len(batch) < LARGEST_BATCH and not self._clock.is_virtual and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)
                    break
                batch += more
            kept = self._commit(batch)
            _report(batch)
        if kept:
            self._lost = kept[0].error

    def _commit(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Writes a batch. Returns the facts that nobody waits for and that could not be written: they go with the next one."""
        if len(batch) > 1 and any(each.is_alone for each in batch):
            return self._one_by_one(batch)
        try:
            with explained(self._path):
                self._act(batch[0]) if batch[0].is_alone else self._write(batch)
            self.trouble = None
            return []
        except Twice as error:
            self._ledger = None
            if len(batch) > 1:  # one of them is wrong, the others are not
                return self._one_by_one(batch)
            batch[0].error = error
            return []
        except BaseException as error:  # noqa: BLE001  handed to everybody who waits; the thread must not die of it
            self._ledger = None
            self.trouble = error if isinstance(error, JournalTrouble) else None
            for each in batch:
                each.error = error
            return [each for each in batch if not each.is_awaited]

    def _one_by_one(self, batch: list[_Waiting]) -> list[_Waiting]:
        kept: list[_Waiting] = []
        for each in batch:
            kept = self._commit([*kept, each]) if not each.is_alone else [*kept, *self._commit([each])]
        return kept

    def _act(self, waiting: _Waiting) -> None:
        assert callable(waiting.job)
        self._halts = None
        with self._connection.begin():
            waiting.result = waiting.job(self._connection)

    def _write(self, batch: list[_Waiting]) -> None:
        connection = self._connection
        for each in batch:
            self._reached(each, "before")
        with connection.begin():
            runs = [each.job.run for each in batch]  # type: ignore[union-attr]
            sheet = Sheet(connection, runs, self._fresh_ledger(connection), self._holding)
            for each in batch:
                each.stamped = each.error = None
                try:
                    each.stamped = each.job.put(sheet)  # type: ignore[union-attr]
                except Exception as error:  # noqa: BLE001  this job's own; whoever waits for it gets it
                    each.error = error
            stamp = Stamp(self._clock.now(), self._clock.age())
            sheet.write(stamp.wall)
        for each in batch:
            if each.stamped is not None:
                each.result = each.stamped(stamp)
                self._reached(each, "after")

    def _reached(self, waiting: _Waiting, when: str) -> None:
        if waiting.is_awaited and waiting.job.name:  # type: ignore[union-attr]
            self._hooks.reached(f"{waiting.job.name}.{when}")  # type: ignore[union-attr]

    def _fresh_ledger(self, connection: Connection) -> Ledger:
        """Read again where another process has written, or where a transaction of ours came to nothing."""
        version = data_version(connection)
        if self._ledger is None or version != self._seen_version:
            self._ledger = Ledger(self._site, read_reservations(connection))
            self._halts = None
            self._seen_version = version
        return self._ledger

    def _holding(self) -> tuple[Halt, ...]:
        """The stops in force within the present transaction: rows as for the ledger, and the file as it is this moment."""
        if self._halts is None:
            self._halts = in_force(self._connection)
        by_file = halt_of_file(self._stop_file)
        return self._halts if by_file is None else (*self._halts, by_file)


def _report(batch: list[_Waiting]) -> None:
    """Wakes who waits; one call per event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
    for each in batch:
        if each.loop is not None:
            loops.setdefault(each.loop, []).append(each)
        elif each.thread is not None:
            _settle(each.thread, each)
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # its loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(_settle_all, waiting)


def _settle_all(batch: list[_Waiting]) -> None:
    for each in batch:
        if each.task is not None and not each.task.done():  # its task may have been cancelled
            _settle(each.task, each)


def _settle(future: asyncio.Future[Any] | Future[Any], waiting: _Waiting) -> None:
    if waiting.error is not None:
        future.set_exception(waiting.error)
    else:
        future.set_result(waiting.result)
