"""The journal's tables and how its file is opened.

`event` is append-only and the truth; `lease` says who may append and how far the run has come; `intent` and `reservation` are
written in the same transaction as the events they follow from. `halt` and `inbox` are for whoever stops runs from outside,
`occurrence` and `notice` for the service that runs plans by themselves, `approval_use` for what runs were approved by, and
`result` for their history.
SQLite 3.35 or later, nothing that PostgreSQL hasn't.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import NullPool

from planrunner.model.errors import JournalTrouble
from planrunner.runtime.clock import RealClock
from planrunner.runtime.prepared import Prepared

# Goes up with every change of the tables; older files are then migrated, newer ones refused.
SCHEMA = 5
LIMITER_SAYS_WHEN = 3

META = MetaData()
_BEGIN = Prepared(text("BEGIN IMMEDIATE"))
_DATA_VERSION = Prepared(text("PRAGMA data_version"))

schema_table = Table("schema", META, Column("version", Integer, nullable=False))

_VERSION = Prepared(select(schema_table.c.version))

run_table = Table(
    "run",
    META,
    Column("run_id", String, primary_key=True),
    Column("plan_file", String, nullable=False),
    Column("plan_digest", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created", String, nullable=False),
    Column("info", Text, nullable=False),  # RunInfo as it was at the start; `state` above is the present one
)

# Said in so many words, so that the index below serves it: a history of many thousand runs has a few that go on.
IS_RUNNING = run_table.c.state == literal_column("'running'")
_RUNNING = Index("run_running", run_table.c.run_id, sqlite_where=IS_RUNNING, postgresql_where=IS_RUNNING)

lease_table = Table(
    "lease",
    META,
    Column("run_id", ForeignKey("run.run_id"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("owner", String),
    Column("beat", String),  # when the owner last said that it is alive
    Column("seq", Integer, nullable=False),  # the last record, so that a lost tail shows
    Column("digest", String, nullable=False),
)

event_table = Table(
    "event",
    META,
    Column("run_id", ForeignKey("run.run_id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("request", Text),  # of a placement: exactly what is about to be sent, secrets removed
    Column("digest", String, nullable=False),
    sqlite_with_rowid=False,
)

# A placement is handed to the venue's adapter at most once per attempt; rehearsals repeat references from run to run.
intent_table = Table(
    "intent",
    META,
    Column("run_id", String, primary_key=True),
    Column("ref", String, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    ForeignKeyConstraint(["run_id", "seq"], ["event.run_id", "event.seq"], deferrable=True, initially="DEFERRED"),
    sqlite_with_rowid=False,
)

reservation_table = Table(
    "reservation",
    META,
    Column("run_id", ForeignKey("run.run_id"), primary_key=True),
    Column("ref", String, primary_key=True),
    Column("scope", String, nullable=False),
    Column("account", String, nullable=False),
    Column("market", String, nullable=False),
    Column("side", String, nullable=False),
    Column("odds", String, nullable=False),
    Column("size", String, nullable=False),
    Column("amount", String, nullable=False),  # follows from the rest; here for people who look with SQL
    Column("detail", Text, nullable=False),  # the attempt, doubts and bets, as JSON
    sqlite_with_rowid=False,
)

# A stop of everything, an account, a plan or a run; in force until it is released, and kept after that.
halt_table = Table(
    "halt",
    META,
    Column("id", Integer, primary_key=True),
    Column("scope", String, nullable=False),
    Column("name", String, nullable=False),
    Column("because", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),
    Column("released", String),
    Column("released_because", Text),
)

# What other processes ask of a run. `taken_seq` is the record in which its owner wrote it down, once it has.
inbox_table = Table(
    "inbox",
    META,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.run_id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("taken_seq", Integer, index=True),
)

# Requests per account: the moment at which the next one would be due if all so far had come evenly, in microseconds.
limiter_table = Table(
    "limiter",
    META,
    Column("key", String, primary_key=True),
    Column("tat", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # when the row was written, by the same clock
)

# Every moment at which a plan was due, and what became of it: never deleted, because one occurrence runs at most once, ever.
# `run_id` stays when the run itself is pruned, and so does what the run lost or may still lose.
occurrence_table = Table(
    "occurrence",
    META,
    Column("plan", String, primary_key=True),
    Column("mode", String, primary_key=True),
    Column("occurrence", String, primary_key=True),
    Column("due", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("text", Text, nullable=False),  # the reason, for people
    Column("given", Text, nullable=False),  # the inputs that came with it, as JSON
    Column("run_id", String, index=True),
    Column("may_lose", String, nullable=False),  # of the run: at first its limit, in the end what it lost (below 0: won)
    Column("currency", String, nullable=False),
    Column("decided", String, nullable=False),
    sqlite_with_rowid=False,
)

# What every approval was used for: never deleted, because none is used twice for the same.
approval_use_table = Table(
    "approval_use",
    META,
    Column("approval", String, primary_key=True),
    Column("occurrence", String, primary_key=True),  # of the plan; "once" where the approval is for one run
    Column("plan", String, nullable=False),
    Column("run_id", String, nullable=False, index=True),
    Column("at", String, nullable=False),
    sqlite_with_rowid=False,
)

# How far the occurrences of each plan have been looked through; `schedule` is the digest of its `when`.
timetable_table = Table(
    "timetable",
    META,
    Column("plan", String, primary_key=True),
    Column("mode", String, primary_key=True),
    Column("schedule", String, nullable=False),
    Column("looked", String, nullable=False),
    sqlite_with_rowid=False,
)

# What somebody is still to be told of, and what they were.
notice_table = Table(
    "notice",
    META,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),  # the same is told once, whatever restarts
    Column("by", String, nullable=False),
    Column("to", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", String, index=True),  # of the next try; none: told, or given up
    Column("trouble", Text),
)

# What each run brought, so that a history need not read every journal: a projection, rebuilt from the events at any time. It
# stays when its run is pruned.
result_table = Table(
    "result",
    META,
    Column("run_id", String, primary_key=True),
    Column("seq", Integer, nullable=False),  # of the last record it was told from
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Runs whose records are no more: what they were, how their chain of digests ended, and under which references they placed, so
# that a bet of theirs is never taken for a stranger's.
pruned_table = Table(
    "pruned",
    META,
    Column("run_id", String, primary_key=True),
    Column("info", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("refs", Text, nullable=False),
    Column("at", String, nullable=False),
    sqlite_with_rowid=False,
)

# File systems that other machines may share: SQLite's locks and its shared memory can't be trusted there.
SHARED = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "ocfs2",
    "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "davfs", "fuse.davfs2",
})  # fmt: skip


def file_system(path: Path, mounts: str) -> str | None:
    """The type of file system a path is on, by the text of /proc/self/mounts."""
    best, kind = "", None
    for line in mounts.splitlines():
        _, where, this, *_ = line.split(" ")
        where = where.encode("ascii", "backslashreplace").decode("unicode_escape")  # a space is written \040
        if path.is_relative_to(where) and len(where) >= len(best):
            best, kind = where, this
    return kind


def refuse_shared(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Raises JournalTrouble for a path on a network file system, where the system tells (Linux)."""
    if sys.platform == "linux" and mounts.exists():
        kind = file_system(path.resolve(), mounts.read_text(encoding="utf-8", errors="replace"))
        if kind in SHARED:
            raise JournalTrouble(
                f"the journal {path} would be on a network file system ({kind}), where two machines could write at once; "
                "name a folder on a local disk with --state"
            )


LOOK_AGAIN = 0.02  # seconds


def writing_engine(path: Path, *, durable: bool, patience: float) -> Engine:
    """For the one connection that writes. Every transaction takes the write lock at its beginning."""
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": patience, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None  # transactions are ours, below
        if _write_ahead(connection, patience) != "wal":
            raise JournalTrouble(
                f"the journal {path} can't be kept safely here (no write-ahead log); name a local disk with --state"
            )
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        _BEGIN.one(connection)

    return engine


def _write_ahead(connection: DBAPIConnection, patience: float) -> str:
    """Where two processes begin a journal at once, SQLite says "locked" to one of them without waiting as it was told to."""
    clock = RealClock()
    until = clock.age() + patience
    while True:
        try:
            [mode] = connection.execute("PRAGMA journal_mode=WAL").fetchone()
            return str(mode)
        except sqlite3.OperationalError as error:
            if clock.age() >= until or not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            time.sleep(LOOK_AGAIN)


def reading_engine(path: Path, *, patience: float) -> Engine:
    """For readers, each on a connection of its own, which sees the journal as it was when it began; they can't write."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": patience})

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise JournalTrouble(
            f"the folder of the journal, {path.parent}, can't be made: a file is in its place; move it, or name another folder"
        ) from error
    except OSError as error:
        raise JournalTrouble(
            f"the folder of the journal {path} can't be made ({error.strerror}); name another with --state"
        ) from error
    if not os.access(path.parent, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.R_OK | os.W_OK)):
        raise JournalTrouble(f"the journal {path} can't be written; give this user the right to, or name another with --state")


def is_made(connection: Connection, path: Path) -> bool:
    """False for an empty file. Raises JournalTrouble for a file that is not ours or is newer than we are."""
    names = inspect(connection).get_table_names()
    if not names:
        return False
    if schema_table.name not in names or event_table.name not in names:
        raise JournalTrouble(f"{path} is a database of something else; name another file with --state")
    version = connection.execute(select(schema_table.c.version)).scalar_one_or_none()
    if not isinstance(version, int):
        raise JournalTrouble(f"the journal {path} doesn't say its version; it is damaged: move it away and keep it")
    if version > SCHEMA:
        raise JournalTrouble(
            f"the journal {path} was written by a newer planrunner (schema {version}, this one knows {SCHEMA}); update planrunner"
        )
    return True


def make_tables(connection: Connection, path: Path) -> None:
    """In an empty file, under the write lock: of two processes that begin at once one finds them made."""
    if not is_made(connection, path):
        META.create_all(connection)
        connection.execute(schema_table.insert(), {"version": SCHEMA})


def migrate(connection: Connection) -> None:
    """An older file gets what it lacks, under the write lock: tables of their own, and a limiter's row says when it was written.
    What those of older files hold is a matter of seconds and need not be kept."""
    version = version_of(connection)
    if version < SCHEMA:
        if version < LIMITER_SAYS_WHEN:
            limiter_table.drop(connection, checkfirst=True)
        META.create_all(connection)
        _RUNNING.create(connection, checkfirst=True)  # the table may be there from before
        connection.execute(schema_table.update().values(version=SCHEMA))


def version_of(connection: Connection) -> int:
    return int(_VERSION.one(connection)[0][0])


def data_version(connection: Connection) -> int:
    """Changes when another connection has committed."""
    return int(_DATA_VERSION.one(connection)[0][0])
