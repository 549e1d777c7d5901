"""The venue's own log: one JSON line per fact, append only. It is the auditor's oracle and so knows nothing of the client.

Kinds: `world`, `request`, `reply` (`lost`: it never left), `fault`, `bet`, `fill`, `cancel`, `lapse`, `void`, `persistence`,
`market`, `settled`, `commission`. Odds and money stand as exact text; secrets never get here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from planrunner.sandbox.clock import iso

Line = dict[str, Any]


class VenueLog:
    """In memory, and in a file too where one is named; a line is flushed before the request it belongs to is answered."""

    def __init__(self, path: Path | None = None) -> None:
        self._lines: list[str] = []
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def write(self, kind: str, at: int, **facts: Any) -> None:
        line = json.dumps({"n": len(self._lines) + 1, "at": iso(at), "kind": kind, **facts}, ensure_ascii=False, default=float)
        self._lines.append(line)
        if self._file:
            self._file.write(line + "\n")
            self._file.flush()

    def text(self, *kinds: str) -> str:
        """All of it, as the file holds it, or the facts of these kinds."""
        return "".join(line + "\n" for line in self._lines if not kinds or json.loads(line)["kind"] in kinds)

    def lines(self, *kinds: str) -> Iterator[Line]:
        """The facts of these kinds, or all, in order."""
        for text in self._lines:
            line: Line = json.loads(text)
            if not kinds or line["kind"] in kinds:
                yield line

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def read_log(text: str) -> list[Line]:
    """The lines of a log file. A last line cut off by a killed server is left out."""
    complete = text.rpartition("\n")[0]
    return [json.loads(line) for line in complete.splitlines()]
