"""Lines to standard output that nobody waits for. Whoever reads the log of a service may stall (a pager, a full pipe, a collector
that hangs); a service that waited for its reader would place nothing, take nothing back and not even end.

So a thread of its own writes them. What it can't get rid of is kept up to a bound, then left out, and how much was is told.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from contextlib import suppress

from planrunner.model.shown import escaped
from planrunner.runtime.secrets import redacted

MOST = 10_000  # lines: some hours of a busy service, and a few MiB
LAST_WORDS = 2.0  # seconds
AGAIN_AFTER = 0.05  # seconds, of a descriptor that answers `not now`


class Lines:
    """`to`: the descriptor they are written to; None where there is none. Each is handed over at once and never waited for."""

    def __init__(self, to: int | None, *, most: int = MOST) -> None:
        self._to = to
        self._most = most
        self._waiting: deque[str] = deque()
        self._left_out = 0
        self._is_writing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def __call__(self, line: str) -> None:
        if self._to is None:
            return
        with self._changed:
            if len(self._waiting) >= self._most:
                self._left_out += 1
                return
            self._tell_what_is_left_out()
            self._waiting.append(line)
            self._changed.notify_all()
            if self._thread is None:
                # Not waited for when the process ends, and no buffer of Python's own that the end would wait for.
                self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
                self._thread.start()

    def close(self, within: float = LAST_WORDS) -> None:
        """What still waits is written, if whoever reads takes it in that time."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._is_writing, within)

    def _tell_what_is_left_out(self) -> None:
        if self._left_out:
            why = "whoever reads this log did not keep up"
            self._waiting.append(json.dumps({"what": "lines left out", "lines": self._left_out, "why": why}))
            self._left_out = 0

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                if not self._waiting:
                    self._tell_what_is_left_out()
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                line = self._waiting.popleft()
                self._is_writing = True
            with suppress(OSError):  # nobody need be there to read it
                self._write(redacted(escaped(line + "\n")).encode("utf-8", "backslashreplace"))

    def _write(self, data: bytes) -> None:
        assert self._to is not None
        while data:
            try:
                data = data[os.write(self._to, data) :]
            except BlockingIOError:
                threading.Event().wait(AGAIN_AFTER)
