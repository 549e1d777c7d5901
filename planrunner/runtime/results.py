"""What each run brought, as the journal keeps it beside the events: told again wherever a run has grown since, and kept when the
run itself is pruned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from planrunner.model.journal import RunState
from planrunner.model.market import RunId
from planrunner.runtime.tables import lease_table, result_table, run_table, version_of

WITH_RESULTS = 4  # the first schema that has the table
AT_ONCE = 500  # what one statement may name


class Kept(NamedTuple):
    """`seq`: of the last record that it was told from."""

    seq: int
    body: str


class Head(NamedTuple):
    """How far a run has come that is there to be told."""

    state: RunState
    seq: int


def kept(connection: Connection, runs: Sequence[RunId] | None = None) -> Mapping[RunId, Kept]:
    """Of these, or of every run that was told, the pruned ones too."""
    if version_of(connection) < WITH_RESULTS:
        return {}
    query = select(result_table.c.run_id, result_table.c.seq, result_table.c.body)
    if runs is None:
        rows = list(connection.execute(query))
    else:
        pieces = [runs[at : at + AT_ONCE] for at in range(0, len(runs), AT_ONCE)]
        rows = [row for some in pieces for row in connection.execute(query.where(result_table.c.run_id.in_(some)))]
    return {RunId(run): Kept(seq, body) for run, seq, body in rows}


def heads(connection: Connection) -> Mapping[RunId, Head]:
    """Of every run that is there."""
    joined = run_table.join(lease_table, lease_table.c.run_id == run_table.c.run_id)
    rows = connection.execute(select(run_table.c.run_id, run_table.c.state, lease_table.c.seq).select_from(joined)).all()
    return {RunId(run): Head(RunState(state), seq) for run, state, seq in rows}


def keep(connection: Connection, told: Iterable[tuple[RunId, Kept]]) -> None:
    for run, (seq, body) in told:
        connection.execute(delete(result_table).where(result_table.c.run_id == run, result_table.c.seq <= seq))
        if connection.execute(select(result_table.c.seq).where(result_table.c.run_id == run)).first() is None:
            connection.execute(insert(result_table), {"run_id": run, "seq": seq, "body": body})
