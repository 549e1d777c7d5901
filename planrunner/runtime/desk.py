"""What is asked of a whole journal, over all its runs: what is reserved, what each reference belongs to, which runs ended without
knowing what the venue holds. For people who look on; nothing here writes, and no run is read in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, select

from planrunner.model.account import Site
from planrunner.model.commands import Ended
from planrunner.model.journal import RunState
from planrunner.model.market import OrderRef, RunId
from planrunner.runtime.ledger import Ledger
from planrunner.runtime.pruning import pruned_references
from planrunner.runtime.reservation import Reservation
from planrunner.runtime.sheet import read_reservations
from planrunner.runtime.tables import event_table, intent_table, lease_table, reading_engine, run_table
from planrunner.runtime.trouble import explained


class Desk:
    """Of one journal that is there. Raises JournalTrouble."""

    def __init__(self, path: Path, *, patience: float) -> None:
        self._path = path
        self._engine = reading_engine(path, patience=patience)

    def ledger(self, site: Site) -> Ledger:
        """As a placement would find it now."""
        return Ledger(site, self.reservations())

    def reservations(self) -> list[Reservation]:
        with self._reading() as connection:
            return read_reservations(connection)

    def references(self) -> Mapping[OrderRef, RunId]:
        """Every reference that may ever have left this machine, and whose it is; of runs that were pruned, too."""
        with self._reading() as connection:
            rows = connection.execute(select(intent_table.c.ref, intent_table.c.run_id).distinct()).all()
            pruned = pruned_references(connection)
        return {**pruned, **{OrderRef(ref): RunId(run) for ref, run in rows}}

    def lengths(self) -> Mapping[RunId, int]:
        """How many records each run has: what has not grown need not be read again."""
        with self._reading() as connection:
            rows = connection.execute(select(lease_table.c.run_id, lease_table.c.seq)).all()
        return {RunId(run): int(seq) for run, seq in rows}

    def ended_unresolved(self) -> tuple[RunId, ...]:
        """Runs that are over and said so, while something of them still counts against limits. What they did not know may have
        been learned since."""
        held = {each.run for each in self.reservations() if not each.is_over}
        wanted = (
            run_table.c.run_id.in_(held),
            run_table.c.state != RunState.RUNNING.value,
            event_table.c.kind == "FinishRun",
            event_table.c.body.contains(f'"{Ended.UNRESOLVED.value}"', autoescape=True),
        )
        joined = run_table.join(event_table, event_table.c.run_id == run_table.c.run_id)
        with self._reading() as connection:
            found = connection.execute(select(run_table.c.run_id).select_from(joined).where(*wanted).order_by("created"))
            return tuple(dict.fromkeys(RunId(run) for run in found.scalars()))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._path), self._engine.connect() as connection:
            yield connection
