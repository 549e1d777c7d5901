"""A statement of SQLAlchemy Core, compiled once, whose rows go to the driver as they are.

Core's own path builds a context for each execution and binds each value by name and type. For the journal, whose rows are
texts and numbers, that is most of the cost of an append. The text still comes from Core, for whichever database it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection


class Prepared:
    """`names`: the order in which a row's values stand; it must be the order in which the statement has them."""

    def __init__(self, statement: Any, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[str, str] = {}

    def many(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Once per row; how many rows of the table that changed."""
        cursor = connection.connection.cursor()
        cursor.executemany(self._text(connection), rows)
        return int(cursor.rowcount)

    def one(self, connection: Connection, row: tuple[Any, ...] = ()) -> Sequence[Any]:
        """Once; all that comes back."""
        cursor = connection.connection.cursor()
        cursor.execute(self._text(connection), row)
        return cursor.fetchall()

    def _text(self, connection: Connection) -> str:
        return self._texts.get(connection.dialect.name) or self._compile(connection)

    def _compile(self, connection: Connection) -> str:
        compiled = self._statement.compile(dialect=connection.dialect)
        assert tuple(compiled.positiontup) == self._names, (compiled.positiontup, self._names)
        text = self._texts[connection.dialect.name] = str(compiled)
        return text
