"""The service as whoever speaks for it sees it: what it runs, and what may be asked of it. Everything else about runs is read
from the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from planrunner.model.account import Site
from planrunner.model.journal import HaltScope
from planrunner.model.market import RunId


def secret_of_signal(name: str) -> str:
    """What a signal proves itself with, by its name among the service's own secrets."""
    return f"signal_{name}_secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A plan of the folder. `plan` is its file's name, by which it is asked for; `when` its schedule in words, empty where it has
    none; `next` the next moment at which it is due, in UTC; `problem` says why it is not scheduled, empty where nothing is wrong.
    """

    plan: str
    title: str
    when: str
    next: datetime | None
    problem: str


class Live(Protocol):
    """A service that is at work."""

    @property
    def folder(self) -> Path:
        """Of the plans."""
        ...

    @property
    def state(self) -> Path:
        """Of the journal."""
        ...

    def site(self) -> Site:
        """As it is in force now."""
        ...

    def schedules(self) -> Sequence[Scheduled]:
        """Every plan of the folder, by its file's name."""
        ...

    def readiness(self) -> str:
        """Empty when plans run; else why they don't."""
        ...

    async def start(self, plan: str, values: Mapping[str, str], *, by: str, key: str | None = None) -> RunId:
        """Starts a run of a plan that `schedules` lists, and returns once it is in the journal. What was started with a key is
        not started again: the same plan and key answer with the run of the first time, after a restart too.

        Raises PlanProblems, Refused, WrongUse, VenueRefused, VenueTrouble.
        """
        ...

    async def signal(self, name: str, key: str, values: Mapping[str, str]) -> Sequence[RunId]:
        """Starts every plan that waits for the signal, each at most once for a key, ever: one that was there starts nothing.

        Raises as `start` does.
        """
        ...

    async def stop(self, scope: HaltScope, name: str, *, because: str, by: str) -> None:
        """In force when this returns. Raises WrongUse where nothing has that name, JournalTrouble."""
        ...

    def counts(self) -> Mapping[str, int]:
        """For metrics: runs_going, runs_started, occurrences_<outcome>, signals_refused ..."""
        ...
