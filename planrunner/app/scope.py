"""How much a stop is meant to cover, as somebody names it on a command line; what nobody knows by that name is refused, because a
stop of the wrong thing stops nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from planrunner.app.report import STATE
from planrunner.app.site import SITE_FILE
from planrunner.app.standing import Standing, site_of, stand
from planrunner.model.errors import JournalTrouble, WrongUse
from planrunner.model.events import RunStarted
from planrunner.model.journal import Halt, HaltScope, Mode, RunInfo, RunState
from planrunner.model.names import nearest
from planrunner.runtime.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`name` is empty for everything; a plan's is its file's name, as it is the same from every folder."""

    scope: HaltScope = HaltScope.ALL
    name: str = ""

    @property
    def what(self) -> str:
        return "everything" if self.scope is HaltScope.ALL else f"{self.scope.value} {self.name}"

    @property
    def option(self) -> str:
        """As the command line has it."""
        return "" if self.scope is HaltScope.ALL else f" --{self.scope.value} {shlex.quote(self.name)}"

    def of(self, halt: Halt) -> bool:
        """Whether a stop is of just this; plans are the same by their file, however it was named."""
        if halt.scope is not self.scope:
            return False
        return halt.name == self.name or (self.scope is HaltScope.PLAN and Path(halt.name).name == Path(self.name).name)


def scope_of(*, plan: str | None, account: str | None, run: str | None) -> Scope:
    """Raises WrongUse where more than one was named."""
    named = [(HaltScope.PLAN, plan), (HaltScope.ACCOUNT, account), (HaltScope.RUN, run)]
    given = [(scope, name) for scope, name in named if name is not None]
    if len(given) > 1:
        raise WrongUse("--plan, --account and --run don't go together: each says what is meant; give one after the other")
    for scope, name in given:
        if not name.strip():
            raise WrongUse(f"--{scope.value} needs a name")
        is_file = scope is HaltScope.PLAN and (Path(name).suffix in (".yaml", ".yml") or Path(name).is_file())
        return Scope(scope=scope, name=Path(name).name if is_file else name)
    return Scope()


def state_of(state: Path | None, plan: str | None = None) -> Path:
    """The folder of the journal: the one named, beside the plan, or here."""
    if state is not None:
        return state
    return (Path(plan).absolute().parent if plan and Path(plan).is_file() else Path()) / STATE


def known(scope: Scope, state: Path, journal: Journal) -> Scope:
    """The same, a run's id written out. Raises WrongUse where nothing has that name."""
    runs = [info for info in journal.runs() if info.mode is not Mode.REHEARSAL]
    match scope.scope:
        case HaltScope.ALL:
            return scope
        case HaltScope.RUN:
            return Scope(scope=scope.scope, name=_run(scope.name, runs, journal))
        case HaltScope.PLAN:
            names = {one for info in runs for one in (info.plan_name, Path(info.plan_file).name)}
            if (state.absolute().parent / scope.name).is_file():
                names.add(scope.name)
        case HaltScope.ACCOUNT:
            names = _accounts(state, journal)
    if scope.name not in names:
        raise WrongUse(f"nothing in {state} knows {scope.what}{_hint(scope.name, names)}")
    return scope


def covers(scope: Scope, standing: Standing) -> bool:
    """Whether a run is meant. One that never said which accounts it is on may be on any."""
    info = standing.info
    halt = Halt(scope=scope.scope, name=scope.name, because="", by="", at=info.created)
    if scope.scope is HaltScope.ACCOUNT and standing.program is None:
        return info.mode is not Mode.REHEARSAL
    return halt.covers(info) or any(halt.covers(info, account) for account in standing.accounts)


def _run(name: str, runs: Iterable[RunInfo], journal: Journal) -> str:
    found = [info for info in runs if info.run == name] or [info for info in runs if info.run.startswith(name)]
    if len(found) > 1:
        raise WrongUse(f"{len(found)} runs begin with {name}; write more of the one you mean")
    if not found:
        raise WrongUse(f"there is no run {name}; `planrunner runs` lists them")
    if found[0].state is not RunState.RUNNING and not stand(journal, found[0]).left:
        raise WrongUse(f"the run {found[0].run} is over; there is nothing of it to stop")
    return found[0].run


def _accounts(state: Path, journal: Journal) -> set[str]:
    """Those of the site file, and those of runs that go on or still hold something."""

    names = {str(each.account) for each in journal.reservations()}
    with suppress(WrongUse):  # a broken site file is no reason not to stop
        names |= set(map(str, site_of(state).accounts))
    for info in journal.unfinished():
        with suppress(JournalTrouble):  # a run that can't be read is told of later, and keeps no other from being stopped
            for record in islice(journal.records(info.run), 1):
                if isinstance(record.body, RunStarted):
                    names |= {str(spec.account) for spec in record.body.program.orders}
    return names


def _hint(name: str, names: Iterable[str]) -> str:
    among = sorted(names)
    if guess := nearest(name, among):
        return f"; did you mean `{guess}`?"
    if not among:
        return f"; there is no run here and no {SITE_FILE}"
    return f"; there are {', '.join(among[:10])}{' and more' if len(among) > 10 else ''}"
