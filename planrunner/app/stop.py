"""`planrunner stop` and `release`: from now on nothing is placed, what rests is taken back, and it is told what could not be.

The stop is in force before anything else is looked at. Runs that are at work take notice themselves, within a second; runs that
nobody drives are taken up here, under the stop. A journal that can't be written leaves the stop file.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from planrunner.app import report as telling
from planrunner.app.left import Left
from planrunner.app.outcome import Exit
from planrunner.app.scope import Scope, covers, known
from planrunner.app.standing import Standing, journal_of, open_journal, stand
from planrunner.app.taking_up import TakingUp, go_on
from planrunner.model.errors import Divergence, JournalTrouble, PlanrunnerError, WrongUse
from planrunner.model.journal import Halt, HaltScope, Mode, RunInfo
from planrunner.model.market import RunId
from planrunner.runtime.clock import HandsClock, RealClock
from planrunner.runtime.desk import Desk
from planrunner.runtime.halts import UNTOLD, halt_of_file, put_stop_file, remove_file, stop_file
from planrunner.runtime.journal import Journal
from planrunner.runtime.reconciler import Reconciler

# A journal that somebody holds is not waited for: the file beside it stops everything at once.
AT_ONCE = 3.0
SWEEP_EVERY = 2.0
LOOK_EVERY = 0.2
TRIES = 3  # to take one run up; then it is told
READ_WITHIN = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One run of those that the stop covers. `left`: what may still match, or may be at the venue for all that is known."""

    info: RunInfo
    headline: str
    left: tuple[Left, ...]
    why: str | None
    go_on: str
    report: Path | None

    @property
    def is_over(self) -> bool:
        return self.info.state.value != "running"

    @property
    def is_certain(self) -> bool:
        return self.is_over and not self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What a stop came to. `earlier`: runs that were over before and did not know what the venue holds. `troubles`: what could
    not be done, in sentences; empty where the whole journal could be looked at. `notes`: what was done another way."""

    scope: Scope
    because: str
    by: str
    at: datetime
    is_in_force: bool
    runs: tuple[Told, ...]
    earlier: tuple[Told, ...]
    troubles: tuple[str, ...]
    notes: tuple[str, ...]
    release: str

    @property
    def exit(self) -> Exit:
        certain = not self.troubles and all(one.is_certain for one in (*self.runs, *self.earlier))
        return Exit.DONE if certain else Exit.UNKNOWN_EXPOSURE


def stop(scope: Scope, state: Path, *, because: str | None, within: float, clock: HandsClock | None = None) -> Stopped:
    """Returns once everything it covers is over, or after so many seconds. Raises WrongUse where nothing has that name."""
    return asyncio.run(_Stop(scope, state, because or UNTOLD, within, clock or RealClock()).stop())


@dataclass(slots=True)
class _Stop:
    scope: Scope
    state: Path
    because: str
    within: float
    clock: HandsClock
    by: str = field(default_factory=lambda: this_person())
    troubles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: dict[RunId, None] = field(default_factory=dict)

    async def stop(self) -> Stopped:
        is_in_force = self._put_in_force()
        runs: tuple[Told, ...] = ()
        earlier: tuple[Told, ...] = ()
        try:
            with open_journal(self.state) as journal:
                taking_up = TakingUp(state=self.state, clock=self.clock, because=self._text)
                before = self._unresolved(journal)
                if is_in_force:
                    await self._until_over(journal, taking_up, before)
                earlier = tuple(self._told(journal, info, taking_up.why) for info in before)
                runs = tuple(self._told(journal, journal.info(run), taking_up.why) for run in self.seen)
                if self.scope.scope is HaltScope.RUN and all(one.is_over for one in runs):
                    journal.release(self.scope.scope, self.scope.name, "the run is over")
        except (JournalTrouble, Divergence) as error:
            self.troubles.append(f"what the runs have at the venue can't be told: {error}")
        return Stopped(
            scope=self.scope, because=self.because, by=self.by, at=self.clock.now(), is_in_force=is_in_force, runs=runs,
            earlier=earlier, troubles=tuple(self.troubles), notes=tuple(self.notes), release=self._release,
        )  # fmt: skip

    @property
    def _text(self) -> str:
        return f"{self.scope.what} is stopped: {self.because}, by {self.by}"

    @property
    def _release(self) -> str:
        here = self.state.absolute() == Path(telling.STATE).absolute()
        return (
            f'planrunner release{self.scope.option} --because "..."{"" if here else f" --state {shlex.quote(str(self.state))}"}'
        )

    def _put_in_force(self) -> bool:
        """Into the journal; where that can't be written, the stop file, which says no less than everything."""
        path = journal_of(self.state)
        try:
            with Journal.open(path, durable=True, patience=AT_ONCE) as journal:
                self.scope = known(self.scope, self.state, journal)
                if not any(self.scope.of(halt) and halt.because == self.because for halt in journal.halts()):
                    journal.halt(self.scope.scope, self.scope.name, self.because, self.by)
            return True
        except JournalTrouble as error:
            return self._put_file(path, error)

    def _put_file(self, path: Path, error: JournalTrouble) -> bool:
        file = stop_file(path)
        if halt_of_file(file) is not None:
            self.notes.append(f"{error}\nThe stop file {file} is there already and stops everything.")
            return True
        if self.scope.scope is not HaltScope.ALL:
            self.troubles.append(
                f"{error}\n{self.scope.what} is NOT stopped: that has to be written into the journal. `planrunner stop` without "
                f"--{self.scope.scope.value} stops everything, by a file."
            )
            return False
        try:
            put_stop_file(file, f"{self.because}, by {self.by}")
        except OSError as why:
            self.troubles.append(
                f"{error}\nNOTHING is stopped: the stop file {file} can't be written either ({why.strerror}). End the "
                "processes of planrunner (Ctrl-C, SIGTERM): each takes back what it can; then cancel at the venue what is left."
            )
            return False
        self.notes.append(f"{error}\nSo the stop file {file} was put there: it stops everything as well.")
        return True

    # -- runs

    async def _until_over(self, journal: Journal, taking_up: TakingUp, before: Sequence[RunInfo]) -> None:
        reconciler = Reconciler(
            journal=journal, clock=self.clock, take_up=taking_up, tell=self._note,
            wanted=lambda info: info.run in self.seen and taking_up.failures.get(info.run, 0) < TRIES,
        )  # fmt: skip
        running = self._running(journal)
        sweeping = asyncio.ensure_future(reconciler.run(SWEEP_EVERY))
        asking = [asyncio.ensure_future(taking_up.ask_back(info)) for info in before]
        until = self.clock.age() + self.within
        try:
            while self.clock.age() < until:
                running = self._running(journal)
                given_up = [info for info in running if taking_up.failures.get(info.run, 0) >= TRIES]
                if len(running) == len(given_up) and all(task.done() for task in asking):
                    break
                await asyncio.sleep(LOOK_EVERY)
        finally:
            await wind_up((sweeping, *asking), self._tell)

    def _running(self, journal: Journal) -> list[RunInfo]:
        """Those that are not over. A run that began just before the stop may only now be seen."""
        unfinished = journal.unfinished()
        for info in unfinished:
            if info.run not in self.seen and self._is_covered(journal, info):
                self.seen[info.run] = None
        return [info for info in unfinished if info.run in self.seen]

    def _is_covered(self, journal: Journal, info: RunInfo) -> bool:
        try:
            return covers(self.scope, stand(journal, info))
        except (JournalTrouble, Divergence) as error:
            self._tell(f"the run {info.run} can't be read: {error}")
            return False

    def _unresolved(self, journal: Journal) -> list[RunInfo]:
        found = []
        for run in Desk(journal.path, patience=READ_WITHIN).ended_unresolved():
            try:
                standing = stand(journal, journal.info(run))
            except (JournalTrouble, Divergence) as error:  # one run that can't be read keeps no other from being stopped
                self._tell(f"the run {run} can't be read: {error}")
                continue
            if standing.left and covers(self.scope, standing):
                found.append(standing.info)
        return found

    def _told(self, journal: Journal, info: RunInfo, why: dict[RunId, str]) -> Told:
        standing = stand(journal, info)
        story = telling.story_of(standing.info, standing.records)
        directory = telling.directory_of(self.state, info.run)
        report: Path | None = directory / "report.html"
        if standing.is_over:  # whoever drove it may have died before it was told
            try:
                report = telling.write_report(story, directory).html
            except telling.ReportNotWritten as error:
                report = None
                self.troubles.append(str(error))
        return Told(
            info=standing.info, headline=story.headline, left=standing.left, report=report, go_on=go_on(self.state, standing),
            why=why.get(info.run) or self._not_over(standing),
        )  # fmt: skip

    def _not_over(self, standing: Standing) -> str | None:
        if standing.is_over:
            return None
        return f"{standing.lease.owner or 'nobody'} has it, and it was not over after {self.within:.0f} s"

    def _tell(self, text: str) -> None:
        if text not in self.troubles:
            self.troubles.append(text)

    def _note(self, text: str) -> None:
        """What went wrong on the way; whether it matters is seen by what is over in the end."""
        if text not in self.notes:
            self.notes.append(text)


async def wind_up(tasks: Collection[asyncio.Future[Any]], tell: Callable[[str], None]) -> None:
    """Cancels what still goes on, and waits for all. Trouble that one met is told; a fault of our own is raised, after that."""
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    faults = []
    for end in ends:
        if isinstance(end, PlanrunnerError):
            tell(str(end))
        elif isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
            faults.append(end)
    if faults:
        raise faults[0]


def this_person() -> str:
    """Who gives the command, as far as the system knows."""
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"


# --- release


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """`still`: stops that hold on, of whatever scope."""

    released: tuple[Halt, ...]
    still: tuple[Halt, ...]

    @property
    def exit(self) -> Exit:
        return Exit.DONE if self.released or not self.still else Exit.WRONG_USE


def release(scope: Scope, state: Path, *, because: str) -> Released:
    """Lets runs begin again that were stopped with the same words. Raises WrongUse, JournalTrouble."""
    if not because.strip():
        raise WrongUse("say why the stop may end: --because TEXT; it is kept with the stop")
    path = state / telling.JOURNALS[Mode.LIVE]
    by_file = halt_of_file(stop_file(path))
    if by_file is not None and not path.is_file() and scope.scope is HaltScope.ALL:  # put there before any run
        remove_file(stop_file(path))
        return Released(released=(by_file,), still=())
    with open_journal(state) as journal:
        names = _names(scope, journal.halts())
        released = [halt for name in names for halt in journal.release(scope.scope, name, because)]
        return Released(released=tuple(released), still=journal.halts())


def _names(scope: Scope, halts: Iterable[Halt]) -> Collection[str]:
    """A run may be named by its beginning, a plan by its file from anywhere."""
    if scope.scope is HaltScope.RUN:
        return dict.fromkeys(halt.name for halt in halts if halt.scope is scope.scope and halt.name.startswith(scope.name))
    return dict.fromkeys(halt.name for halt in halts if scope.of(halt))
