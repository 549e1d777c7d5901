"""`planrunner prune`: old runs are taken out of the journal, with their reports. What they brought stays in the history.

Nothing goes that somebody may still have to look at: a run that is not over, not settled, in doubt, that counts against a limit,
or whose results may still be corrected. What became of occurrences is never touched: an occurrence runs at most once, for ever.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from planrunner.app import report as telling
from planrunner.app.results import Result, results_of
from planrunner.model.errors import WrongUse
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.ports import Clock
from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import seems_silent
from planrunner.runtime.pruning import Judged, prune
from planrunner.runtime.results import heads

CORRECTED_WITHIN = timedelta(days=8)  # after the last result; `settle` takes corrections for seven
REPORTS = ("report.json", "report.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """`gone` (or to go, where nothing is done), `kept` by the reason for it, `younger`: how many were too young to be looked at.
    `notes`: what else there is to say."""

    gone: tuple[RunInfo, ...]
    kept: Mapping[str, tuple[RunInfo, ...]]
    younger: int
    notes: tuple[str, ...]


def prune_runs(state: Path, *, older_than: timedelta, dry_run: bool, compact: bool = False, clock: Clock | None = None) -> Pruned:
    """Raises WrongUse, JournalTrouble."""
    paths = [path for name in dict.fromkeys(telling.JOURNALS.values()) if (path := state / name).is_file()]
    if not paths:
        raise WrongUse(f"no run is written down in {state}; name the folder of your runs' journal with --state")
    round_ = _Round(state, (clock or RealClock()).now(), older_than, dry_run)
    for path in paths:
        with Journal.open(path, durable=True) as journal:
            round_.go(journal)
            is_quiet = _is_quiet(journal, round_.now)
        if compact and not dry_run:
            round_.notes += _compacted(path, is_quiet=is_quiet)
    return Pruned(
        gone=tuple(round_.gone),
        kept={reason: tuple(runs) for reason, runs in round_.kept.items()},
        younger=round_.younger,
        notes=tuple(round_.notes),
    )


@dataclass(slots=True)
class _Round:
    state: Path
    now: datetime
    older_than: timedelta
    dry_run: bool
    gone: list[RunInfo] = field(default_factory=list)
    kept: dict[str, list[RunInfo]] = field(default_factory=lambda: defaultdict(list))
    younger: int = 0
    notes: list[str] = field(default_factory=list)

    def go(self, journal: Journal) -> None:
        with journal.reading() as connection:
            known = heads(connection)  # before anything is judged: whoever writes after that keeps the run
        told = {one.run: one for one in results_of(journal).told}
        held = {each.run for each in journal.reservations() if not each.is_over}
        for info in journal.runs():
            if info.run not in known or info.created > self.now - self.older_than:
                self.younger += 1
            elif (reason := self._why_not(info, told.get(info.run), held, journal)) is not None:
                self.kept[reason].append(info)
            elif self.dry_run or self._prune(journal, info, told.get(info.run), known[info.run].seq):
                self.gone.append(info)
            else:
                self.kept["it was written to meanwhile"].append(info)

    def _why_not(self, info: RunInfo, told: Result | None, held: set[RunId], journal: Journal) -> str | None:
        """What keeps a run that is old enough."""
        if info.state is RunState.RUNNING:
            return "it is not over"
        if info.mode is Mode.REHEARSAL:
            return None
        if info.run in held:
            return "something of it still counts against limits"
        if told is None:
            return "it can't be read"
        if told.in_doubt:
            return "something of it may be at the venue for all that is known"
        if not told.is_settled and (told.lines or journal.intents(info.run)):
            return "its bets are not settled; `planrunner settle` asks about them"
        last = max(filter(None, (told.ended, told.learned, told.created)))
        if last > self.now - CORRECTED_WITHIN:
            return f"its results may still be corrected, {CORRECTED_WITHIN.days} days after the last one"
        if last > self.now - self.older_than:
            return f"its last result is younger than {self.older_than.days} days"
        return None

    def _prune(self, journal: Journal, info: RunInfo, told: Result | None, seq: int) -> bool:
        judged = Judged(run=info.run, state=info.state, seq=seq, needs_result=told is not None)
        gone: bool = journal.alone(lambda connection: prune(connection, judged, self.now))
        if gone:
            self.notes += _without_reports(telling.directory_of(self.state, info.run))
        return gone


def _without_reports(folder: Path) -> Iterator[str]:
    """What planrunner wrote there, and the folder where nothing else is in it."""
    try:
        if folder.is_symlink() or not folder.is_dir():
            return
        for name in REPORTS:
            (folder / name).unlink(missing_ok=True)
        if any(folder.iterdir()):
            yield f"{folder} holds more than reports, so it stays"
        else:
            folder.rmdir()
    except OSError as error:
        yield f"the reports in {folder} can't be removed: {error.strerror or error}"


def _is_quiet(journal: Journal, now: datetime) -> bool:
    """Whether no run is at work."""
    return all(seems_silent(journal.lease(info.run), now) for info in journal.unfinished())


def _compacted(path: Path, *, is_quiet: bool) -> list[str]:
    """The file made small. Whoever would place meanwhile had to wait for it, so it is not done while anybody is at work."""
    if not is_quiet:
        return [f"{path} keeps its size, because a run is at work; what was freed in it is used again"]
    before = path.stat().st_size
    try:
        with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        return [f"{path} keeps its size ({error}); what was freed in it is used again"]
    return [f"{path} is {max(0, before - path.stat().st_size) >> 10} KiB smaller"]
