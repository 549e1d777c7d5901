"""Stops that hold until they are released: rows of the journal, and a file beside it for when everything else is down.

The file `STOP` in the journal's folder stops everything by being there, whatever it is; its first line says why. Rows say what
they cover. Both are looked at in the transaction of every intent, so nothing can be placed past them.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from planrunner.model.errors import JournalTrouble
from planrunner.model.journal import Halt, HaltScope
from planrunner.runtime.prepared import Prepared
from planrunner.runtime.tables import halt_table, version_of

STOP_FILE = "STOP"
BY_FILE = "the file {}"
UNTOLD = "no reason was given"
LONGEST_REASON = 300  # of the file's first line; what is longer says nothing more to anybody
FORMAT = 1  # of the exported lines
WITH_HALTS = 2  # the first schema that has the table
_FIELDS = tuple(column for column in halt_table.c if column.name != "id")
_IN_FORCE = Prepared(select(*_FIELDS).where(halt_table.c.released.is_(None)).order_by(halt_table.c.id))


def put_halt(connection: Connection, halt: Halt) -> None:
    connection.execute(insert(halt_table), _row(halt))


def in_force(connection: Connection) -> tuple[Halt, ...]:
    """The rows that hold, the oldest first."""
    if version_of(connection) < WITH_HALTS:
        return ()
    return tuple(_halt(row) for row in _IN_FORCE.one(connection))


def all_halts(connection: Connection) -> tuple[Halt, ...]:
    """The released ones too."""
    if version_of(connection) < WITH_HALTS:
        return ()
    return _halts(connection)


def to_lines(connection: Connection) -> Iterator[str]:
    """The rows as they stand, released ones too, each as a line of JSON. Those of the stop file are left out: since when it lay
    there only the file system knows, and it tells another time of a file that was moved or written to."""
    if version_of(connection) < WITH_HALTS:
        return
    query = select(*_FIELDS).where(~halt_table.c.by.startswith(BY_FILE.format(""), autoescape=True)).order_by(halt_table.c.id)
    for row in connection.execute(query):
        yield json.dumps({"planrunner_stop": FORMAT, **row._mapping}, default=repr) + "\n"


def release_halts(connection: Connection, scope: HaltScope, name: str, because: str, at: datetime) -> tuple[Halt, ...]:
    """Those of this scope and name, as they are now."""
    these = (halt_table.c.released.is_(None), halt_table.c.scope == scope.value, halt_table.c.name == name)
    found = connection.execute(select(halt_table.c.id).where(*these)).scalars().all()
    told = {"released": at.isoformat(), "released_because": because}
    connection.execute(update(halt_table).where(halt_table.c.id.in_(found)).values(**told))
    return _halts(connection, halt_table.c.id.in_(found))


def stop_file(journal: Path) -> Path:
    return journal.parent / STOP_FILE


def halt_of_file(file: Path) -> Halt | None:
    """What the stop file says. One that can't be looked at counts as being there."""
    try:
        found = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return _of_file(file, f"it can't be seen whether {file} is there ({error.strerror})", datetime.fromtimestamp(0, UTC))
    because = _first_line(file) if stat.S_ISREG(found.st_mode) else ""
    return _of_file(file, because or UNTOLD, datetime.fromtimestamp(found.st_mtime, UTC))


def put_stop_file(file: Path, because: str) -> None:
    """There at once, also on a full disk; the reason follows where it can. Raises OSError where it is not there in the end."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with suppress(OSError), os.fdopen(descriptor, "wb") as opened:
        opened.write(because.encode("utf-8", "replace") + b"\n")


def remove_file(file: Path) -> None:
    """Raises JournalTrouble where it stays."""
    try:
        with suppress(FileNotFoundError):
            file.unlink()
    except OSError as error:
        raise JournalTrouble(f"the stop file {file} can't be removed ({error.strerror}), so it still stops everything") from error


def _of_file(file: Path, because: str, at: datetime) -> Halt:
    return Halt(scope=HaltScope.ALL, name="", because=because, by=BY_FILE.format(file), at=at)


def _first_line(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as opened:
            text = opened.read(4 * LONGEST_REASON).decode("utf-8", "replace")
    except OSError:
        return ""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "".join(letter for letter in line if letter.isprintable())[:LONGEST_REASON]


def _halts(connection: Connection, *wanted: Any) -> tuple[Halt, ...]:
    rows: Sequence[Any] = connection.execute(select(*_FIELDS).where(*wanted).order_by(halt_table.c.id)).all()
    return tuple(_halt(row) for row in rows)


def _row(halt: Halt) -> dict[str, str | None]:
    return {
        "scope": halt.scope.value,
        "name": halt.name,
        "because": halt.because,
        "by": halt.by,
        "at": halt.at.isoformat(),
        "released": halt.released.isoformat() if halt.released else None,
        "released_because": halt.released_because,
    }


def _halt(row: Any) -> Halt:
    scope, name, because, by, at, released, released_because = row
    return Halt(
        scope=HaltScope(scope),
        name=name,
        because=because,
        by=by,
        at=datetime.fromisoformat(at),
        released=datetime.fromisoformat(released) if released else None,
        released_because=released_because,
    )
