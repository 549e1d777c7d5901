"""The rows of a run and of its owner: made, taken, ended. Each of these is a part of somebody's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, literal_column, select, update

from planrunner.model.errors import JournalTrouble, WrongUse
from planrunner.model.journal import RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.codec import decode_info, encode_info
from planrunner.runtime.prepared import Prepared
from planrunner.runtime.sheet import first_digest
from planrunner.runtime.tables import IS_RUNNING, lease_table, limiter_table, reservation_table, run_table
from planrunner.runtime.trouble import Fenced, GoesOn

# Of a run that goes on and the file of its plan: whether another may not begin beside it.
InItsWay = Callable[[RunId, str], bool]

_RUNNING = Prepared(select(run_table.c.run_id, run_table.c.plan_file).where(IS_RUNNING))
_OF_RUN = run_table.c.run_id == bindparam("of_run")
_OF_LEASE = lease_table.c.run_id == bindparam("of_run")
_IS_THERE = Prepared(select(run_table.c.run_id).where(_OF_RUN), "of_run")
_INFO = Prepared(select(run_table.c.info).where(_OF_RUN), "of_run")
_EPOCH = Prepared(select(lease_table.c.epoch).where(_OF_LEASE).with_for_update(), "of_run")
_ADD_RUN = Prepared(insert(run_table), *(column.name for column in run_table.columns))
_ADD_LEASE = Prepared(
    insert(lease_table).values({name: bindparam(name) for name in ("run_id", "epoch", "seq", "digest")}),
    "run_id", "epoch", "seq", "digest",
)  # fmt: skip
_TAKE = Prepared(
    update(lease_table)
    .where(_OF_LEASE)
    .values(epoch=lease_table.c.epoch + literal_column("1"), owner=bindparam("owner"), beat=bindparam("beat"))
    .returning(lease_table.c.epoch),
    "owner", "beat", "of_run",
)  # fmt: skip
_SET_STATE = Prepared(update(run_table).where(_OF_RUN).values(state=bindparam("state")), "state", "of_run")
_DROP_OWN_RESERVATIONS = Prepared(
    delete(reservation_table).where(
        reservation_table.c.run_id == bindparam("of_run"), reservation_table.c.scope == bindparam("of_scope")
    ),
    "of_run", "of_scope",
)  # fmt: skip
# A rehearsal's keys begin with its id and a slash: from there to the character after the slash.
_DROP_OWN_LIMITS = Prepared(
    delete(limiter_table).where(limiter_table.c.key >= bindparam("since"), limiter_table.c.key < bindparam("until")),
    "since", "until",
)  # fmt: skip


def create_run(connection: Connection, info: RunInfo) -> None:
    if _IS_THERE.one(connection, (info.run,)):
        raise JournalTrouble(f"there is a run {info.run} already; run again")
    begun = replace(info, state=RunState.RUNNING)
    row = (info.run, info.plan_file, info.plan_digest, info.state.value, info.created.isoformat(), encode_info(begun))
    _ADD_RUN.many(connection, [row])
    _ADD_LEASE.many(connection, [(info.run, 0, 0, first_digest(begun))])


def running(connection: Connection) -> Sequence[tuple[RunId, str]]:
    """The runs that go on, and the files of their plans."""
    return [(RunId(run), plan_file) for run, plan_file in _RUNNING.one(connection)]


def refuse_beside(connection: Connection, info: RunInfo, is_in_its_way: InItsWay) -> None:
    """Raises GoesOn where a run goes on that this new one may not begin beside. Asked in the transaction that makes the new one,
    so of two processes that mean to begin a plan at the same moment, one does."""
    for run, plan_file in running(connection):
        if is_in_its_way(run, plan_file) and _info(connection, run).mode is info.mode:
            raise GoesOn(run)


def is_unbegun(connection: Connection, run: RunId) -> bool:
    """Whether a run is to be driven and nobody has written anything down for it: so nothing of it has left."""
    asked = select(lease_table.c.seq, run_table.c.state).join(run_table, run_table.c.run_id == lease_table.c.run_id)
    row = connection.execute(asked.where(lease_table.c.run_id == run)).one_or_none()
    return row is not None and row.seq == 0 and row.state == RunState.RUNNING.value


def take(connection: Connection, run: RunId, owner: str, at: datetime) -> tuple[int, RunInfo]:
    taken = _TAKE.one(connection, (owner, at.isoformat(), run))
    if not taken:
        raise WrongUse(f"there is no run {run}; `planrunner runs` lists them")
    [(epoch,)] = taken
    return epoch, _info(connection, run)


def set_state(connection: Connection, run: RunId, epoch: int, state: RunState) -> None:
    [(present,)] = _EPOCH.one(connection, (run,))
    if present != epoch:
        raise Fenced(run, epoch)
    _SET_STATE.many(connection, [(state.value, run)])
    if state is not RunState.RUNNING:  # a rehearsal is on its own, and nothing of it can be lost once it is over
        _DROP_OWN_RESERVATIONS.many(connection, [(run, run)])
        _DROP_OWN_LIMITS.many(connection, [(f"{run}/", f"{run}0")])


def _info(connection: Connection, run: RunId) -> RunInfo:
    [(text,)] = _INFO.one(connection, (run,))
    return decode_info(text)
