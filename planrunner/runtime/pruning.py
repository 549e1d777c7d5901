"""Runs that are taken out of the journal, each in one transaction, and the stone that is left in their place: whose bets were
placed under which references is known for ever."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from planrunner.model.journal import RunState
from planrunner.model.market import OrderRef, RunId
from planrunner.runtime.journal import Journal
from planrunner.runtime.sheet import read_reservations
from planrunner.runtime.tables import (
    event_table,
    inbox_table,
    intent_table,
    lease_table,
    notice_table,
    pruned_table,
    reservation_table,
    result_table,
    run_table,
    version_of,
)

WITH_PRUNED = 4  # the first schema that has the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run as it was when it was decided that it may go: nothing may have been written to it since."""

    run: RunId
    state: RunState
    seq: int
    needs_result: bool


def prune(connection: Connection, judged: Judged, at: datetime) -> bool:
    """All of it, or nothing: False where the run is not any more what it was judged by."""
    run = judged.run
    row = connection.execute(select(run_table.c.info, run_table.c.state).where(run_table.c.run_id == run)).one_or_none()
    lease = connection.execute(select(lease_table).where(lease_table.c.run_id == run)).one_or_none()
    if row is None or lease is None or (row.state, lease.seq) != (judged.state.value, judged.seq) or lease.beat is not None:
        return False
    if any(not each.is_over for each in read_reservations(connection) if each.run == run):
        return False
    if judged.needs_result:
        kept = connection.execute(select(result_table.c.seq).where(result_table.c.run_id == run)).scalar_one_or_none()
        if kept != judged.seq:
            return False
        refs = connection.execute(select(intent_table.c.ref).where(intent_table.c.run_id == run).distinct()).scalars().all()
        stone = {
            "run_id": run, "info": row.info, "seq": lease.seq, "digest": lease.digest, "refs": json.dumps(sorted(refs)),
            "at": at.isoformat(),
        }  # fmt: skip
        connection.execute(insert(pruned_table), stone)
    told = (notice_table.c.due.is_(None), notice_table.c.key.contains(f":{run}", autoescape=True))
    connection.execute(delete(notice_table).where(*told))  # a run that is gone has nothing more to tell
    for table in (intent_table, reservation_table, inbox_table, event_table, lease_table, run_table):
        connection.execute(delete(table).where(table.c.run_id == run))
    return True


def pruned_references(connection: Connection) -> Mapping[OrderRef, RunId]:
    """What runs that are gone placed under."""
    if version_of(connection) < WITH_PRUNED:
        return {}
    rows = connection.execute(select(pruned_table.c.run_id, pruned_table.c.refs)).all()
    return {OrderRef(ref): RunId(run) for run, refs in rows for ref in json.loads(refs)}


def references_of_pruned(journal: Journal) -> Mapping[OrderRef, RunId]:
    """Raises JournalTrouble."""
    with journal.reading() as connection:
        return pruned_references(connection)


def pruned_runs(journal: Journal) -> Mapping[RunId, datetime]:
    """Those that are gone, and since when. Raises JournalTrouble."""
    with journal.reading() as connection:
        if version_of(connection) < WITH_PRUNED:
            return {}
        rows = connection.execute(select(pruned_table.c.run_id, pruned_table.c.at)).all()
    return {RunId(run): datetime.fromisoformat(at) for run, at in rows}
