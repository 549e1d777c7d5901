"""What the journals of a folder tell whoever looks on: runs a page at a time, one run with how it stands, its report, its records
as they come, the stops, and figures. Nothing here disturbs a run, and none of it needs one to answer.

Rehearsals have a journal of their own beside that of the runs with orders; both are looked through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.app import report as telling
from planrunner.app.left import Left
from planrunner.app.report import JOURNALS
from planrunner.app.status import Past, RunStatus, past_of, status_of_run
from planrunner.model.account import Account, AccountMode, Site
from planrunner.model.errors import PlanrunnerError, WrongUse
from planrunner.model.journal import Halt, Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.desk import Desk
from planrunner.runtime.journal import Journal
from planrunner.runtime.pages import Pages, Row, Wanted, Watched

if TYPE_CHECKING:
    from planrunner.report.story import Story

__all__ = ["Card", "Exposure", "Figures", "Lookout", "NoSuchRun", "Row", "Wanted", "Watched"]

PATIENCE = 5.0  # seconds: readers hardly ever wait in a write-ahead log, and whoever asks over the web doesn't


class NoSuchRun(WrongUse):
    """By that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One run. `status` is of one that is not over; `left`: what may still be at the venue of one that is."""

    past: Past
    status: RunStatus | None
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Of one account; `allowed` None: there is no such limit."""

    account: str
    mode: str
    currency: str
    used: Decimal
    allowed: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts over the whole journal of the runs with orders."""

    runs: Mapping[RunState, int]
    occurrences: Mapping[str, int]
    notices: int
    oldest_beat: datetime | None
    exposures: tuple[Exposure, ...]


NO_FIGURES = Figures(runs={}, occurrences={}, notices=0, oldest_beat=None, exposures=())


class Lookout:
    """Of one folder of journals. Raises JournalTrouble."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._known: dict[Path, Pages] = {}

    def runs(self, wanted: Wanted, *, most: int) -> list[RunInfo]:
        """The newest first."""
        found = [info for pages in self._pages(wanted.mode) for info in pages.runs(wanted, most=most)]
        return sorted(found, key=lambda info: (info.created, info.run), reverse=True)[:most]

    def run(self, run: str) -> RunInfo:
        """By its whole id. Raises NoSuchRun."""
        return self._find(run)[0]

    def card(self, run: str, now: datetime) -> Card:
        """Raises NoSuchRun; what of it can't be read is told in it."""
        info, path = self._place(run)
        stands = self._stands(info, path, now) if info.mode is not Mode.REHEARSAL else None
        status = stands if info.state is RunState.RUNNING else None
        return Card(past=past_of(info, path), status=status, left=stands.left if stands and not status else ())

    def report_json(self, run: str) -> Iterator[str]:
        """In pieces. Raises NoSuchRun, JournalTrouble."""
        return telling.as_json(self._story(run))

    def report_html(self, run: str) -> Iterator[str]:
        """In pieces. Raises NoSuchRun, JournalTrouble."""
        return telling.as_html(self._story(run))

    def records(self, run: str, *, after: int, most: int) -> Sequence[Row]:
        """Those that follow a record. Raises NoSuchRun."""
        info, pages = self._find(run)
        return pages.records(info.run, after=after, most=most)

    def watched(self, run: str) -> AbstractContextManager[Watched]:
        """The journal of a run, for whoever waits for its next record. Raises NoSuchRun."""
        return self._find(run)[1].watched()

    def halts(self, *, also_released: bool) -> tuple[Halt, ...]:
        path = self._path(Mode.LIVE)
        if not path.is_file():
            return ()
        with Journal.open(path, durable=True, patience=PATIENCE) as journal:
            return journal.halts(also_released=also_released)

    def figures(self, site: Site) -> Figures:
        path = self._path(Mode.LIVE)
        if not path.is_file():
            return NO_FIGURES
        pages, ledger = self._of(path), Desk(path, patience=PATIENCE).ledger(site)
        exposures = [
            Exposure(
                account=name, mode=mode, currency=account.currency, used=used,
                allowed=most.amount if (most := account.limits.max_open_exposure) is not None else None,
            )
            for mode in (Mode.SANDBOX, Mode.LIVE)
            for name, account in site.accounts.items()
            if (used := ledger.open_exposure(mode, name)) or (_is_for(account, mode) and account.limits.max_open_exposure)
        ]  # fmt: skip
        return Figures(
            runs=pages.count_runs(), occurrences=pages.count_occurrences(), notices=pages.count_notices(),
            oldest_beat=pages.oldest_beat(), exposures=tuple(exposures),
        )  # fmt: skip

    def _stands(self, info: RunInfo, path: Path, now: datetime) -> RunStatus | None:
        with Journal.open(path, durable=True, patience=PATIENCE) as journal:
            try:
                return status_of_run(self._state, journal, info, now)
            except PlanrunnerError:  # why is in its headline
                return None

    def _story(self, run: str) -> Story:
        info, path = self._place(run)
        with Journal.open(path, durable=True, patience=PATIENCE) as journal:
            return telling.story_of(info, journal.told(info.run))

    def _pages(self, mode: Mode | None = None) -> Iterator[Pages]:
        for path in dict.fromkeys(self._path(one) for one in Mode if mode in (None, one)):
            if path.is_file():
                yield self._of(path)

    def _find(self, run: str) -> tuple[RunInfo, Pages]:
        for pages in self._pages():
            if (info := pages.run(RunId(run))) is not None:
                return info, pages
        raise NoSuchRun(f"there is no run {run[:40]}; /api/v1/runs lists them")

    def _place(self, run: str) -> tuple[RunInfo, Path]:
        info, _ = self._find(run)
        return info, self._path(info.mode)

    def _path(self, mode: Mode) -> Path:
        return self._state / JOURNALS[mode]

    def _of(self, path: Path) -> Pages:
        if path not in self._known:
            self._known[path] = Pages(path, patience=PATIENCE)
        return self._known[path]


def _is_for(account: Account, mode: Mode) -> bool:
    return account.mode is AccountMode.LIVE or mode is not Mode.LIVE
