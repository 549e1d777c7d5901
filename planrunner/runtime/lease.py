"""Who drives a run, and whether they still live. Fencing keeps two owners apart whatever is answered here; this keeps people
from taking a run away from an owner that is at work.

An owner says every two seconds that it is alive. It is *silent* when that is long ago by the wall clock and it does not come
within a look of our own age either, so that a wall clock that was set fools nobody.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, bindparam, select, update

from planrunner.model.errors import WrongUse
from planrunner.model.market import RunId
from planrunner.ports import Clock
from planrunner.runtime.prepared import Prepared
from planrunner.runtime.tables import lease_table

BEAT_EVERY = 2.0  # less than a look, so that whoever looks hears one
SILENT_AFTER = timedelta(seconds=15)
LOOK = 3.0
BETWEEN_LOOKS = 0.25
AHEAD = timedelta(seconds=2)  # clocks of two machines differ; what is further ahead was written by a clock that was set back
_BEAT = Prepared(
    update(lease_table)
    .where(lease_table.c.run_id == bindparam("of_run"), lease_table.c.epoch == bindparam("of_epoch"))
    .values(beat=bindparam("beat")),
    "beat", "of_run", "of_epoch",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """`beat`: when the owner last said that it is alive. None: nobody has the run, or its owner has left it."""

    run: RunId
    epoch: int
    owner: str | None
    beat: datetime | None


def this_process() -> str:
    """How this process is named as the owner of a run."""
    return f"{socket.gethostname()}:{os.getpid()}"


def read_lease(connection: Connection, run: RunId) -> Lease:
    """Raises WrongUse for an unknown run."""
    row = connection.execute(select(lease_table).where(lease_table.c.run_id == run)).one_or_none()
    if row is None:
        raise WrongUse(f"there is no run {run}; `planrunner runs` lists them")
    beat = datetime.fromisoformat(row.beat) if row.beat else None
    return Lease(run=run, epoch=row.epoch, owner=row.owner, beat=beat)


def give_up(connection: Connection, run: RunId, epoch: int) -> None:
    """The owner leaves; whoever comes next need not wait. Without effect once somebody else has the run."""
    these = (lease_table.c.run_id == run, lease_table.c.epoch == epoch)
    connection.execute(update(lease_table).where(*these).values(beat=None))


def beat_all(connection: Connection, epochs: Mapping[RunId, int], at: datetime) -> Collection[RunId]:
    """The owner of these runs under these epochs is alive. Answers those that have another owner by now."""
    time = at.isoformat()
    if _BEAT.many(connection, [(time, run, epoch) for run, epoch in epochs.items()]) == len(epochs):
        return ()
    asked = select(lease_table.c.run_id, lease_table.c.epoch).where(lease_table.c.run_id.in_(epochs))
    present = {row.run_id: row.epoch for row in connection.execute(asked)}
    return [run for run, epoch in epochs.items() if present.get(run) != epoch]


async def is_silent(clock: Clock, look: Callable[[], Lease], *, former: str | None = None) -> bool:
    """Whether a run's owner is gone; takes as long as a look where that is not plain. `former`: an owner who had the same name
    before us, as each life of a container has; one who lives all the same is heard within the look."""
    first = look()
    if first.beat is None or _is_gone(first.owner):
        return True
    if first.owner != former and -AHEAD <= clock.now() - first.beat < SILENT_AFTER:
        return False
    until = clock.age() + LOOK
    while clock.age() < until:
        await asyncio.sleep(BETWEEN_LOOKS)
        if look() != first:
            return False
    return True


def seems_silent(lease: Lease, now: datetime) -> bool:
    """At a glance, for whoever only tells of it: a clock that was set may fool it."""
    return lease.beat is None or _is_gone(lease.owner) or not -AHEAD <= now - lease.beat < SILENT_AFTER


def _is_gone(owner: str | None) -> bool:
    """A process of this machine that is no more. Of another machine's, and of one whose number was given out again, this
    can't be said."""
    host, _, number = (owner or "").rpartition(":")
    if host != socket.gethostname() or not number.isdigit() or os.name != "posix":
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return _is_dead(Path(f"/proc/{number}/stat"))


def _is_dead(stat: Path) -> bool:
    """Killed, and only kept until its parent takes notice (Linux)."""
    try:
        return stat.read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return False
