"""How a run ended, as the exit code that schedulers and scripts read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from planrunner.model.commands import Ended
from planrunner.model.journal import Record, RunInfo


class Exit(IntEnum):
    """The same for every verb; the README explains them to users."""

    DONE = 0
    PROBLEMS = 1
    WRONG_USE = 2
    REFUSED = 3
    NOT_AS_PLANNED = 4
    UNKNOWN_EXPOSURE = 5
    OUR_BUG = 6
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a run. `records` is None where the journal can't be read; `trouble` is why the run could not go on, in words
    for the user."""

    info: RunInfo
    records: Collection[Record] | None
    exit: Exit
    trouble: str | None = None


_ENDED = {
    Ended.AS_PLANNED: Exit.DONE,
    Ended.NOT_AS_PLANNED: Exit.NOT_AS_PLANNED,
    Ended.NOTHING_PLACED: Exit.REFUSED,
    Ended.UNRESOLVED: Exit.UNKNOWN_EXPOSURE,
    Ended.STOPPED: Exit.NOT_AS_PLANNED,
}


def exit_of(ended: Ended, *, interrupted: bool = False) -> Exit:
    """The code of a run that came to its end. An interruption is told, but never hides that something is unresolved."""
    if interrupted and ended is not Ended.UNRESOLVED:
        return Exit.INTERRUPTED
    return _ENDED[ended]
