"""Which run used which approval. The row is the claim: it is written in the transaction that makes the run, so of two processes
that mean to use one approval at the same moment, one does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from planrunner.model.journal import RunInfo
from planrunner.model.market import RunId
from planrunner.runtime.tables import (
    approval_use_table,
    event_table,
    lease_table,
    occurrence_table,
    run_table,
    timetable_table,
    version_of,
)

_LAST_RUNS = 50  # whose records are looked into; every run says when it was made
WITH_APPROVALS = 5  # the first schema that has the table
Use = tuple[str, str]  # the approval and what it is used for


def used(connection: Connection, approvals: Collection[str]) -> dict[Use, RunId]:
    """What these approvals were used for, and by which run."""
    if not approvals or version_of(connection) < WITH_APPROVALS:
        return {}
    row = approval_use_table.c
    rows = connection.execute(select(approval_use_table).where(row.approval.in_(sorted(approvals))))
    return {(one.approval, one.occurrence): RunId(one.run_id) for one in rows}


def latest(connection: Connection) -> datetime | None:
    """A moment that has been, by the clock of this journal: the latest that it has of what is quickly looked up. Approvals that
    expired by then stay expired, whatever a clock says now."""
    run, lease, event = run_table.c, lease_table.c, event_table.c
    last = connection.execute(select(run.run_id, run.created).order_by(run.created.desc()).limit(_LAST_RUNS)).all()
    last_records = select(func.max(event.at)).where(
        event.run_id == lease.run_id, event.seq == lease.seq, lease.run_id.in_([one.run_id for one in last])
    )
    asked = [last_records, *(select(func.max(one)) for one in (lease.beat, timetable_table.c.looked, occurrence_table.c.decided))]
    if version_of(connection) >= WITH_APPROVALS:
        asked.append(select(func.max(approval_use_table.c.at)))
    found = [one.created for one in last[:1]] + [connection.execute(one).scalar_one_or_none() for one in asked]
    return max((datetime.fromisoformat(one) for one in found if one), default=None)


def used_before(connection: Connection, uses: Collection[Use]) -> str | None:
    """In words, where one of these is no more to be had."""
    known: Mapping[Use, RunId] = used(connection, {approval for approval, _ in uses})
    taken = next((use for use in uses if use in known), None)
    return None if taken is None else f"its approval was used meanwhile, by the run {known[taken]}"


def write(connection: Connection, uses: Collection[Use], info: RunInfo, at: datetime) -> None:
    """In the transaction that makes the run, after `used_before` found none."""
    for approval, occurrence in uses:
        row = {"approval": approval, "occurrence": occurrence, "plan": info.plan_file, "run_id": info.run, "at": at.isoformat()}
        connection.execute(insert(approval_use_table), row)


def give_back(connection: Connection, run: RunId) -> None:
    """The run could not place anything, and will not."""
    connection.execute(delete(approval_use_table).where(approval_use_table.c.run_id == run))
