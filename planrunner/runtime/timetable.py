"""The occurrences of plans as a service keeps them: decided once, each with its run or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from planrunner.model.journal import Due, Fate, Mode, Noted, RunState
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.ports import Clock
from planrunner.runtime import approval_uses, occurrences
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import this_process
from planrunner.runtime.occurrences import Claim, Claimed
from planrunner.runtime.runs import create_run, is_unbegun, refuse_beside, set_state, take
from planrunner.runtime.tables import occurrence_table

NOTHING = Money(amount=Decimal(0), currency="")


class Timetable:
    """Of one journal. Raises JournalTrouble."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    async def claim(self, asked: Claim) -> Claimed:
        """Decides an occurrence whose time has come, and makes its run with it: all or none. Raises GoesOn where a run is in its
        way, and decides nothing."""

        def act(connection: Connection) -> Claimed:
            claimed = occurrences.claim(connection, asked, self._clock.now())
            if claimed.is_ours and claimed.noted.run is not None:
                if asked.beside is not None:
                    refuse_beside(connection, asked.info, asked.beside)
                create_run(connection, asked.info)
                take(connection, asked.info.run, this_process(), self._clock.now())  # nobody else takes it up before it begins
                approval_uses.write(connection, asked.uses, asked.info, self._clock.now())
            return claimed

        return await self._journal.beside(act)

    async def note(self, due: Due, fate: Fate, text: str) -> Noted | None:
        """An occurrence that begins no run, or only later; None where it was decided before."""
        noted = Noted(due=due, fate=fate, text=text, run=None, may_lose=NOTHING, decided=self._clock.now())
        is_ours = await self._journal.beside(lambda connection: occurrences.note(connection, noted))
        return noted if is_ours else None

    async def look_until(self, plan: str, mode: Mode, schedule: str, at: datetime) -> None:
        """A plan's occurrences up to this moment have been decided."""
        await self._journal.beside(lambda connection: occurrences.look(connection, plan, mode, schedule, at))

    def looked(self, plan: str, mode: Mode, schedule: str) -> datetime | None:
        """Up to when they have been; None for a plan or a schedule that is new."""
        with self._journal.reading() as connection:
            return occurrences.looked(connection, plan, mode, schedule)

    def refuse(self, run: RunId, owner: str, text: str) -> bool:
        """A run that an occurrence began, and that could not place anything, is over. False, and nothing is changed, where it has
        begun or ended by now: by another process, say, that went on with it."""

        def act(connection: Connection) -> bool:
            if not is_unbegun(connection, run):
                return False
            epoch, _ = take(connection, run, owner, self._clock.now())
            set_state(connection, run, epoch, RunState.FINISHED)
            occurrences.refuse(connection, run, text, self._clock.now())
            approval_uses.give_back(connection, run)
            return True

        return self._journal.alone(act)

    def find(self, due: Due) -> Noted | None:
        """What became of an occurrence; None for one that was never decided."""
        with self._journal.reading() as connection:
            return occurrences.find(connection, due)

    def unfinished(self, plan: str, mode: Mode, *, but: Collection[RunId] = ()) -> list[RunId]:
        """The runs of a plan that are not over, whoever began them and wherever they go on; `but` those."""
        of_plan = [run for run, file in self._journal.running() if run not in but and Path(file).name == plan]
        return [run for run in of_plan if self._journal.info(run).mode is mode]

    def noted(
        self, *, plan: str | None = None, fates: Collection[Fate] = (), run: RunId | None = None, most: int | None = None
    ) -> list[Noted]:
        """What became of occurrences, the latest due first."""
        row = occurrence_table.c
        wanted = [
            *([row.plan == plan] if plan is not None else []),
            *([row.outcome.in_([fate.value for fate in fates])] if fates else []),
            *([row.run_id == run] if run is not None else []),
        ]
        with self._journal.reading() as connection:
            return occurrences.noted_of(connection, *wanted, most=most)

    def fates(self) -> Mapping[Fate, int]:
        """How many occurrences came to each."""
        with self._journal.reading() as connection:
            return occurrences.counts(connection)


def ended(journal: Journal, run: RunId, epoch: int, state: RunState, *, lost: Decimal) -> None:
    """A run that is over, and what it lost or may still lose, for the total of its plan; below zero what it won. Both or none.
    Raises Fenced, JournalTrouble."""

    def act(connection: Connection) -> None:
        set_state(connection, run, epoch, state)
        occurrences.lost(connection, run, lost)

    journal.alone(act)
