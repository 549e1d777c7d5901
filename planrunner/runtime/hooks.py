"""Named moments at which a process may die: before and after each append, send and reply.

In a normal run `reached` does nothing. Three environment variables serve the crash suite: `PLANRUNNER_CRASH_AT=name[:n]` kills
the process with SIGKILL when a name is reached for the n-th time, `PLANRUNNER_FREEZE_AT=name[:n]` stops it there until somebody
sends SIGCONT, as a laptop that is closed, and `PLANRUNNER_CRASH_LIST=file` keeps a list of the names reached and how often.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from planrunner.model.errors import WrongUse

CRASH_AT = "PLANRUNNER_CRASH_AT"
FREEZE_AT = "PLANRUNNER_FREEZE_AT"
CRASH_LIST = "PLANRUNNER_CRASH_LIST"


class Hooks(Protocol):
    """Called from the event loop and from the journal's thread."""

    def reached(self, name: str) -> None: ...


class NoHooks:
    """The normal case."""

    def reached(self, name: str) -> None:
        """Nothing happens."""


class KillAt:
    """SIGKILL: no handler runs, nothing is flushed, exactly what a power cut leaves of a process. Or SIGSTOP, all its threads."""

    def __init__(self, name: str, nth: int = 1, number: signal.Signals = signal.SIGKILL) -> None:
        self._name = name
        self._number = number
        self._left = nth
        self._lock = threading.Lock()

    def reached(self, name: str) -> None:
        if name != self._name:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), self._number)


class ListNames:
    """Keeps the file complete at every moment: one line per name, `intent.before 3`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reached(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
            self._file.write_text("".join(f"{each} {count}\n" for each, count in self._counts.items()), encoding="utf-8")


def hooks_from(environment: Mapping[str, str]) -> Hooks:
    """The hooks that the environment asks for."""
    for variable, number in ((CRASH_AT, signal.SIGKILL), (FREEZE_AT, signal.SIGSTOP)):
        if at := environment.get(variable):
            name, _, nth = at.partition(":")
            if nth and not (nth.isdigit() and int(nth) > 0):
                raise WrongUse(f"{variable} is {at!r}; write a hook's name, or name:2 for the second time it is reached")
            return KillAt(name, int(nth or 1), number)
    if file := environment.get(CRASH_LIST):
        return ListNames(Path(file))
    return NoHooks()
