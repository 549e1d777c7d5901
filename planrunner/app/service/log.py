"""What a service says: a line of JSON for each thing that happened, without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from planrunner.ports import Clock
from planrunner.runtime.secrets import redacted

SAME_AGAIN = 60.0  # seconds: whoever sends a server rubbish does not fill the disk with its complaints
KINDS_KEPT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """`write` is handed each line, without its end. What is told while nobody reads it is no reason to stop."""

    write: Callable[[str], None]
    clock: Clock

    def __call__(self, what: str, **fields: object) -> None:
        told: dict[str, object] = {"at": self.clock.now().isoformat(timespec="milliseconds"), "what": what}
        for name, value in fields.items():
            if value is not None:
                told[name] = value if isinstance(value, int | float) else str(value)
        self.write(redacted(json.dumps(told, ensure_ascii=False)))


class _Overheard(logging.Handler):
    """What this program and its libraries say in Python's own way, which else would go to standard error, traces and all."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._said: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        is_ours = record.name.startswith("planrunner.")
        age, kind = self._log.clock.age(), (record.name, record.getMessage() if is_ours else str(record.msg))
        if age - self._said.get(kind, -SAME_AGAIN) < SAME_AGAIN:
            return
        if len(self._said) >= KINDS_KEPT:
            self._said.clear()
        self._said[kind] = age
        where = logging.Formatter().formatException(record.exc_info) if record.exc_info and record.exc_info[0] else None
        self._log("warning", by=record.name, why=record.getMessage(), where=where)


@contextmanager
def overheard(log: Log) -> Iterator[None]:
    """Lines of the log like all others, for as long as a service is at work."""
    handler = _Overheard(log)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
