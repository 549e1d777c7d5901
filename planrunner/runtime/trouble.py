"""What can be wrong with the journal's file, in words: which file, what the cause is, what to do next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from planrunner.model.errors import JournalTrouble, PlanrunnerError, Refused
from planrunner.model.market import RunId


class Fenced(PlanrunnerError):
    """Another process has taken the run over: this one must not act for it any more, nor take it back by itself."""

    def __init__(self, run: RunId, epoch: int) -> None:
        super().__init__(f"run {run} was taken over by another process; this one stops here and leaves it alone (epoch {epoch})")


class GoesOn(Refused):
    """A run that another of its plan may not begin beside."""

    def __init__(self, run: RunId) -> None:
        super().__init__(f"the run {run} of this plan goes on; wait for it, or stop it first")
        self.run = run


class Twice(RuntimeError):
    """A row that may exist once was written again, such as an intent of the same attempt: a bug of ours."""


KEEP_IT = "; move it away and keep it, restore a copy, and reconcile what the venue holds by hand"

LOCKED = "is locked by another process; end that one (a database browser, a copy?), then run again or go on with --resume"

# SQLite's own name of an error, by its beginning -> what the user reads.
CAUSES: tuple[tuple[str, str], ...] = (
    ("SQLITE_BUSY", LOCKED),
    ("SQLITE_LOCKED", LOCKED),
    ("SQLITE_FULL", "can't grow: the disk is full; free some space and go on with --resume"),
    ("SQLITE_READONLY", "can't be written; give this user the right to write the file and its folder"),
    ("SQLITE_CANTOPEN", "can't be opened; look whether the folder exists and this user may read and write it"),
    ("SQLITE_PERM", "can't be opened; give this user the right to read and write it"),
    ("SQLITE_AUTH", "can't be opened; give this user the right to read and write it"),
    ("SQLITE_NOTADB", "is not a journal of planrunner, or is damaged; move it away, or name another with --state"),
    ("SQLITE_CORRUPT", f"is damaged{KEEP_IT}"),
    ("SQLITE_ERROR", f"is not as planrunner made it{KEEP_IT}"),
    ("SQLITE_IOERR", "can't be read or written: the disk reports an error; look whether it is full, then go on with --resume"),
    ("SQLITE_TOOBIG", "refuses a record that is too large"),
)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever SQLite reports of the file comes out as JournalTrouble; a broken constraint as `Twice`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, sqlite3.IntegrityError):
            raise Twice(str(cause)) from error
        if not isinstance(cause, sqlite3.Error):
            raise
        raise JournalTrouble(_words(path, cause)) from error
    except UnicodeDecodeError as error:  # sqlite3 stumbles over a damaged name in SQLite's own message
        raise JournalTrouble(f"the journal {path} is damaged{KEEP_IT} ({error.reason})") from error


def _words(path: Path, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    for beginning, words in CAUSES:
        if name.startswith(beginning):
            return f"the journal {path} {words} ({error})"
    return f"the journal {path} can't be used{KEEP_IT} ({name or type(error).__name__}: {error})"
