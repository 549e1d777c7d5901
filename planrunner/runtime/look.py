"""A reader's connection that is kept, for whoever looks at the journal again and again."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine

from planrunner.model.journal import Halt, Post
from planrunner.model.market import RunId
from planrunner.runtime.halts import in_force
from planrunner.runtime.inbox import all_waiting
from planrunner.runtime.tables import data_version


class Look:
    """Stops in force and inboxes, read again only when somebody has written. Belongs to one thread."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect()
        self._seen_version = -1
        self._halts: tuple[Halt, ...] = ()
        self._posts: dict[RunId, tuple[Post, ...]] = {}

    def now(self) -> tuple[tuple[Halt, ...], Mapping[RunId, tuple[Post, ...]]]:
        version = data_version(self._connection)
        if version != self._seen_version:
            with self._connection.begin():
                self._halts, self._posts = in_force(self._connection), all_waiting(self._connection)
            self._seen_version = version  # of before reading: what was written meanwhile is read once more
        return self._halts, self._posts

    def close(self) -> None:
        self._connection.close()
