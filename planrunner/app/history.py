"""`planrunner runs`: the runs there were, and the occurrences of schedules that did not run, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from planrunner.app import report as telling
from planrunner.app.results import results_of
from planrunner.app.status import Past, past_of
from planrunner.model.errors import WrongUse
from planrunner.model.journal import Fate, Mode, Noted, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.model.names import nearest
from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.timetable import Timetable

NOT_RUN = tuple(fate for fate in Fate if fate not in (Fate.RUN, Fate.LATE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The command line. `plan` is a plan's name or its file; `since` and `until` are days in UTC, both of them meant. None:
    whichever, and all of them."""

    plan: str | None = None
    account: str | None = None
    state: RunState | None = None
    mode: Mode | None = None
    since: date | None = None
    until: date | None = None
    limit: int | None = None
    not_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`count`: how many runs fit, shown or not. `not_run`: occurrences that made no run, where they were asked for; one that was
    made and could not begin is among the runs, and says why."""

    runs: tuple[Past, ...]
    count: int
    not_run: tuple[Noted, ...]


def history(state: Path, wanted: Wanted) -> History:
    """Raises WrongUse, JournalTrouble."""
    known: list[tuple[RunInfo, Path]] = []
    noted: list[Noted] = []
    on_account: set[RunId] = set()
    accounts: set[str] = set()
    for name in dict.fromkeys(telling.JOURNALS.values()):
        if not (path := state / name).is_file():
            continue
        with Journal.open(path, durable=True) as journal:
            known += [(info, path) for info in journal.runs()]
            if wanted.account is not None:
                told = results_of(journal).told
                accounts |= {line.account for one in told for line in one.lines}
                on_account |= {one.run for one in told if wanted.account in {line.account for line in one.lines}}
            if wanted.not_run:
                noted += [one for one in Timetable(journal, RealClock()).noted(fates=NOT_RUN) if one.run is None]
    if not known and not noted:
        raise WrongUse(f"no run is written down in {state}; run a plan first, or name the folder of its journal with --state")
    _look_at_names(wanted, known, noted, accounts)
    fits = [
        (info, path)
        for info, path in known
        if _is_wanted(wanted, info) and (wanted.account is None or info.run in on_account)
    ]  # fmt: skip
    fits.sort(key=lambda one: (one[0].created, one[0].run), reverse=True)
    fallen = sorted((one for one in noted if _was_wanted(wanted, one)), key=lambda one: one.due.at, reverse=True)
    return History(
        runs=tuple(past_of(info, path) for info, path in fits[: wanted.limit]),
        count=len(fits),
        not_run=tuple(fallen[: wanted.limit]),
    )


def _is_wanted(wanted: Wanted, info: RunInfo) -> bool:
    return (
        (wanted.plan is None or _is_plan(wanted.plan, info))
        and wanted.state in (None, info.state)
        and wanted.mode in (None, info.mode)
        and _is_between(wanted, info.created)
    )


def _was_wanted(wanted: Wanted, noted: Noted) -> bool:
    of_plan = wanted.plan is None or Path(wanted.plan).name == noted.due.plan
    return of_plan and wanted.mode in (None, noted.due.mode) and _is_between(wanted, noted.due.at)


def _is_plan(name: str, info: RunInfo) -> bool:
    return name == info.plan_name or Path(name).name == _file_of(info)


def _file_of(info: RunInfo) -> str:
    return info.plan_file.replace("\\", "/").rpartition("/")[2]


def _is_between(wanted: Wanted, at: datetime) -> bool:
    day = at.astimezone(UTC).date()
    return (wanted.since is None or day >= wanted.since) and (wanted.until is None or day <= wanted.until)


def _look_at_names(wanted: Wanted, known: Sequence[tuple[RunInfo, Path]], noted: Iterable[Noted], accounts: set[str]) -> None:
    """A name that nothing has is most often written wrongly."""
    plans = {_file_of(info) for info, _ in known} | {one.due.plan for one in noted}
    if wanted.plan is not None and Path(wanted.plan).name not in plans | {info.plan_name for info, _ in known}:
        raise WrongUse(f"no run is of plan {wanted.plan}{_hint(wanted.plan, plans)}")
    if wanted.account is not None and wanted.account not in accounts:
        raise WrongUse(f"no run placed anything on account {wanted.account}{_hint(wanted.account, accounts)}")


def _hint(name: str, among: set[str]) -> str:
    guess = nearest(name, sorted(among))
    return f"; did you mean `{guess}`?" if guess else ""
