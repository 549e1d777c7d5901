"""What the verb `planrunner settle` does: one look at every account that has something to settle, or one after the other until
nothing is open any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from planrunner.app.outcome import Exit
from planrunner.app.settle import FOR_DAYS, Looked, Rhythm, VenuesOf, settle_due
from planrunner.app.stage import Accounts, Venues
from planrunner.app.standing import NO_ACCOUNTS, open_journal, site_of
from planrunner.app.taking_up import stage_at
from planrunner.model.account import Site
from planrunner.model.errors import Refused, WrongUse
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.clock import HandsClock, RealClock
from planrunner.runtime.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One round of asking. `again`: when the next is due, None where nothing is open."""

    looked: tuple[Looked, ...]
    again: datetime | None

    @property
    def is_open(self) -> bool:
        return any(one.open or one.in_doubt or one.trouble or one.troubles for one in self.looked)

    @property
    def exit(self) -> Exit:
        """5 where something could not be asked, or may be at a venue for all that is known."""
        unclear = any(one.trouble or one.troubles or one.in_doubt for one in self.looked)
        return Exit.UNKNOWN_EXPOSURE if unclear else Exit.DONE


def settle(state: Path, *, run: str | None, for_days: int = FOR_DAYS) -> Settled:
    """Raises WrongUse, Refused, JournalTrouble."""
    with open_journal(state, _site(state)) as journal:
        return asyncio.run(_round(journal, state, RealClock(), Rhythm(), _named(journal, run), for_days))


def watch(state: Path, tell: Callable[[Settled], None], *, run: str | None, for_days: int = FOR_DAYS) -> Settled:
    """Round after round, each told, until nothing is open. Raises as `settle`."""

    async def main() -> Settled:
        clock, rhythm = RealClock(), Rhythm()
        while True:
            came = await _round(journal, state, clock, rhythm, named, for_days)
            tell(came)
            if not came.is_open and not came.again:
                return came
            await clock.sleep_until(came.again or clock.now() + timedelta(minutes=1))

    with open_journal(state, _site(state)) as journal:
        named = _named(journal, run)
        return asyncio.run(main())


async def _round(journal: Journal, state: Path, clock: HandsClock, rhythm: Rhythm, run: RunId | None, for_days: int) -> Settled:
    looked = await settle_due(
        journal, venues_at(state, clock), clock, site=_site(state), rhythm=rhythm, run=run, for_days=for_days
    )
    still = [turn.due for pot, turn in rhythm.turns.items() if turn.is_open]
    return Settled(looked=looked, again=min(still, default=None))


def venues_at(state: Path, clock: HandsClock) -> VenuesOf:
    """Each account with a login of its own, for as long as it is asked."""

    def venues(mode: Mode, at: str | None, accounts: Accounts) -> AbstractAsyncContextManager[Venues]:
        return stage_at(state, mode, accounts, at).venues(clock)

    return venues


def _site(state: Path) -> Site:
    try:
        return site_of(state)
    except WrongUse:  # the runs know their accounts
        return NO_ACCOUNTS


def _named(journal: Journal, name: str | None) -> RunId | None:
    if name is None:
        return None
    runs = [info for info in journal.runs() if info.mode is not Mode.REHEARSAL]
    found = [info for info in runs if info.run == name] or [info for info in runs if info.run.startswith(name)]
    if len(found) > 1:
        raise WrongUse(f"{len(found)} runs begin with {name}; write more of the one you mean")
    if not found:
        raise WrongUse(f"there is no run {name} that placed orders; `planrunner runs` lists them")
    return _over(found[0])


def _over(info: RunInfo) -> RunId:
    if info.state is RunState.RUNNING:
        raise Refused(f"the run {info.run} is not over; its results are settled once it is: `planrunner status`")
    return info.run
