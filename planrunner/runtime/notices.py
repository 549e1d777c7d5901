"""What somebody is still to be told of: one row per thing and person, kept after it was told or given up, so that it is told
once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, or_, select, update

from planrunner.model.account import By
from planrunner.runtime.tables import notice_table, version_of

WITH_NOTICES = 4  # the first schema that has the table
AHEAD = timedelta(hours=2)  # what is due later than the longest pause was written down by a clock that has been set back


class Waiting(NamedTuple):
    """One that is to be told. `target` is the digest of who is told, `body` what is told as JSON."""

    id: int
    key: str
    by: By
    to: str
    body: str
    at: datetime
    tries: int

    @property
    def target(self) -> str:
        return self.key.rpartition(":")[2]


def put(connection: Connection, *, key: str, by: By, to: str, body: str, at: datetime) -> bool:
    """False where it was put before."""
    if connection.execute(select(notice_table.c.id).where(notice_table.c.key == key)).first() is not None:
        return False
    time = at.isoformat()
    row = {"key": key, "by": by.value, "to": to, "body": body, "at": time, "tries": 0, "due": time, "trouble": None}
    connection.execute(insert(notice_table), row)
    return True


def due(connection: Connection, now: datetime, *, most: int) -> Sequence[Waiting]:
    """Whose time has come, the oldest first."""
    if version_of(connection) < WITH_NOTICES:
        return ()
    row = notice_table.c
    is_due = or_(row.due <= now.isoformat(), row.due > (now + AHEAD).isoformat())
    found = connection.execute(select(notice_table).where(row.due.is_not(None), is_due).order_by(row.id).limit(most))
    return [Waiting(one.id, one.key, By(one.by), one.to, one.body, datetime.fromisoformat(one.at), one.tries) for one in found]


def next_due(connection: Connection) -> datetime | None:
    if version_of(connection) < WITH_NOTICES:
        return None
    first = connection.execute(select(func.min(notice_table.c.due))).scalar_one_or_none()
    return None if first is None else datetime.fromisoformat(first)


def waiting(connection: Connection, target: str) -> int:
    """How many are still to be told to one."""
    row = notice_table.c
    wanted = (row.due.is_not(None), row.key.endswith(f":{target}", autoescape=True))
    return int(connection.execute(select(func.count()).select_from(notice_table).where(*wanted)).scalar_one())


def mark(connection: Connection, id_: int, *, tries: int, due: datetime | None, trouble: str | None) -> None:
    """`due` None: told, or given up for the trouble."""
    told = {"tries": tries, "due": None if due is None else due.isoformat(), "trouble": trouble}
    connection.execute(update(notice_table).where(notice_table.c.id == id_).values(**told))


def give_up(connection: Connection, key: str, trouble: str) -> None:
    """Before it was tried."""
    connection.execute(update(notice_table).where(notice_table.c.key == key).values(due=None, trouble=trouble))
