"""Where the runs of a folder stand, for whoever is not driving them: from the journal alone, told again from its facts."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from planrunner.app.left import Left, left_behind
from planrunner.app.report import JOURNALS
from planrunner.app.site import SITE_FILE, find_site
from planrunner.engine.replay import replay
from planrunner.engine.state import State
from planrunner.model.account import Account, Site
from planrunner.model.errors import WrongUse
from planrunner.model.journal import Mode, Record, RunInfo, RunState
from planrunner.model.market import AccountName, OrderRef
from planrunner.model.program import Program
from planrunner.runtime.journal import Intent, Journal, patience_from
from planrunner.runtime.lease import Lease

NO_ACCOUNTS = Site(accounts={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A run as its journal has it. `program` and `state` are None where it never began."""

    info: RunInfo
    lease: Lease
    records: Collection[Record]
    intents: Sequence[Intent]
    program: Program | None
    state: State | None

    @property
    def accounts(self) -> Collection[AccountName]:
        return () if self.program is None else {spec.account for spec in self.program.specs}

    @property
    def sent(self) -> Collection[OrderRef]:
        """What may have left this machine."""
        return {intent.ref for intent in self.intents}

    @property
    def left(self) -> tuple[Left, ...]:
        """What is at the venue and can still match, or may be there for all that is known."""
        return () if self.program is None or self.state is None else left_behind(self.program, self.state, self.sent)

    @property
    def is_over(self) -> bool:
        return self.info.state is not RunState.RUNNING


def stand(journal: Journal, info: RunInfo) -> Standing:
    """Raises JournalTrouble, Divergence."""
    records = journal.told(info.run)
    told = replay(records) if records else None
    return Standing(
        info=journal.info(info.run),
        lease=journal.lease(info.run),
        records=records,
        intents=journal.intents(info.run),
        program=told.program if told else None,
        state=told.state if told else None,
    )


def journal_of(state: Path) -> Path:
    """The journal of the runs that place orders. Raises WrongUse where there is none."""
    path = state / JOURNALS[Mode.LIVE]
    if not path.is_file():
        raise WrongUse(f"no run with orders is written down in {state}; name the folder of your runs' journal with --state")
    return path


def open_journal(state: Path, site: Site = NO_ACCOUNTS) -> Journal:
    """Raises WrongUse where there is none, JournalTrouble."""
    return Journal.open(journal_of(state), durable=True, site=site, patience=patience_from(os.environ))


def folder_of_site(state: Path, info: RunInfo | None = None) -> Path:
    """Journals lie beside the plans, and so does the site file; else it is where the plan was."""
    beside = state.absolute().parent
    if not (beside / SITE_FILE).exists() and info is not None and (there := Path(info.plan_file).absolute().parent).is_dir():
        return there
    return beside


def site_of(state: Path, info: RunInfo | None = None) -> Site:
    """The site file's accounts and limits. Raises WrongUse where it can't be used."""
    folder = folder_of_site(state, info)
    found = find_site(folder).site
    if found is None:
        file = folder / SITE_FILE
        raise WrongUse(f"{file} has problems, so accounts and limits are not known; `planrunner check {file}` tells them")
    return found


def accounts_of(standing: Standing, site: Site) -> dict[AccountName, Account]:
    """A run's accounts as it knew them; of the site file only where their credentials are and what they may lose."""
    program = standing.program
    if program is None:
        return {}
    return {name: account_of(name, program.terms[name].venue, program.currency, site) for name in sorted(standing.accounts)}


def account_of(name: AccountName, venue: str, currency: str, site: Site) -> Account:
    """One that runs knew so; the site file's where it still is the same."""
    present = site.accounts.get(name)
    if present is not None and (present.venue, present.currency) == (venue, currency):
        return present
    return Account(name=name, venue=venue, currency=currency)
