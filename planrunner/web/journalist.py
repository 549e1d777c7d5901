"""The log of what was asked: a line of JSON each, without bodies, queries, headers or secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime

from planrunner.app.documents import without_secrets

LONGEST = 500  # characters of any text in it

_log = logging.getLogger("planrunner.web")


class Journalist:
    """`write` gets each line, without its end; none: Python's logging, as `planrunner.web`."""

    def __init__(self, write: Callable[[str], None] | None, now: Callable[[], datetime]) -> None:
        self._write = write or (lambda line: _log.info("%s", line))
        self._now = now

    def tell(self, what: str, **told: object) -> None:
        """Texts of others stand in it escaped, so that a line is a line."""
        line: dict[str, object] = {"at": self._now().isoformat(timespec="milliseconds"), "what": what}
        line |= {key: _short(value) for key, value in told.items() if value is not None}
        self._write(json.dumps(without_secrets(line), default=str))


def _short(value: object) -> object:
    return value[:LONGEST] if isinstance(value, str) else value
