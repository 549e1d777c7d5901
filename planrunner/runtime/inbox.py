"""What other processes ask of a run: posted by anybody, taken by its owner in the append that writes it down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from planrunner.model.errors import WrongUse
from planrunner.model.journal import Post, RunState, Signal
from planrunner.model.market import RunId
from planrunner.runtime.prepared import Prepared
from planrunner.runtime.tables import inbox_table, run_table, version_of

WITH_INBOX = 2  # the first schema that has the table
_FIELDS = (inbox_table.c.id, inbox_table.c.run_id, inbox_table.c.kind, inbox_table.c.body, inbox_table.c.at)
_WAITING = Prepared(select(*_FIELDS).where(inbox_table.c.taken_seq.is_(None)).order_by(inbox_table.c.id))


def put_post(connection: Connection, run: RunId, kind: Signal, body: str, at: datetime) -> None:
    """Raises WrongUse where nobody will ever take it."""
    state = connection.execute(select(run_table.c.state).where(run_table.c.run_id == run)).scalar_one_or_none()
    if state is None:
        raise WrongUse(f"there is no run {run}; `planrunner runs` lists them")
    if state != RunState.RUNNING.value:
        raise WrongUse(f"the run {run} is over; there is nothing of it to {kind.value}")
    connection.execute(
        insert(inbox_table), {"run_id": run, "kind": kind.value, "body": body, "at": at.isoformat(), "taken_seq": None}
    )


def waiting(connection: Connection, run: RunId) -> tuple[Post, ...]:
    """What was posted to a run and not taken yet, the oldest first."""
    if version_of(connection) < WITH_INBOX:
        return ()
    return all_waiting(connection).get(run, ())


def all_waiting(connection: Connection) -> dict[RunId, tuple[Post, ...]]:
    """The same of every run."""
    found: dict[RunId, tuple[Post, ...]] = {}
    for number, run, kind, body, at in _WAITING.one(connection):
        post = Post(id=number, run=run, kind=Signal(kind), body=body, at=datetime.fromisoformat(at))
        found[run] = (*found.get(run, ()), post)
    return found
