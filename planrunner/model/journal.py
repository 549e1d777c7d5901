"""What the journal holds of a run: the facts, the decisions, and the exchanges with the venue, in one order; and the stops that
hold until somebody releases them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias, assert_never

from planrunner.model.commands import Command
from planrunner.model.events import Event
from planrunner.model.market import AccountName, MarketId, RunId
from planrunner.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer as the journal and the report show them: secrets already removed.

    `answer` is None where none came; `trouble` then says why. Bodies are JSON values.
    """

    title: str
    method: str
    url: str
    request: Any
    sent_at: datetime
    answer: Any = None
    status: int | None = None
    answered_at: datetime | None = None
    trouble: str | None = None


Body: TypeAlias = Event | Command | Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of the journal. `seq` counts from 1 in its run and is the truth about order; time is not."""

    seq: int
    epoch: int
    at: datetime
    body: Body


class Mode(StrEnum):
    """Where a run's orders went."""

    REHEARSAL = "rehearsal"
    SANDBOX = "sandbox"
    LIVE = "live"


class RunState(StrEnum):
    """A finished run accepts facts only; a settled one is closed."""

    RUNNING = "running"
    FINISHED = "finished"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """`plan_file` as the user named it; `seed` and `case` of a rehearsal; `created` is the real time, also in a rehearsal.

    `notes` say what is odd about the world that the run took place in, in whole sentences.
    """

    run: RunId
    plan_file: str
    plan_name: str
    plan_digest: str
    mode: Mode
    created: datetime
    state: RunState = RunState.RUNNING
    seed: int | None = None
    case: str | None = None
    market_data: str | None = None
    notes: tuple[str, ...] = ()


class Fate(StrEnum):
    """What became of an occurrence of a plan."""

    RUN = "run"
    LATE = "late"  # run, but later than it was due, within its bound
    QUEUED = "queued"  # to be run once the run before it is over
    MISSED = "missed"  # nobody was there in time
    STILL_RUNNING = "still running"  # skipped, because the run before it was
    REPLACED = "replaced"  # a later one took its place before it began
    REFUSED = "refused"  # nothing was placed, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An occurrence of a plan: what it can run at most once under, and the moment it is for. `plan` is the file's name in the
    folder of the plans; `given` are the inputs that came with it, and `market` is the one whose start it is for."""

    plan: str
    mode: Mode
    occurrence: str
    at: datetime
    given: Mapping[str, str] = field(default_factory=dict, compare=False)
    market: MarketId | None = None


BY_HAND = "by hand"


def by_hand(plan: str, mode: Mode, key: str, at: datetime, given: Mapping[str, str]) -> Due:
    """Somebody's own start as an occurrence: a key that was there starts nothing."""
    return Due(plan=plan, mode=mode, occurrence=f"{BY_HAND} {key}", at=at, given=given)


def is_by_hand(due: Due) -> bool:
    """Nobody's schedule."""
    return due.occurrence.startswith(f"{BY_HAND} ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What became of one. `run`: the run it began; `may_lose`: what that lost or may still lose, below zero what it won."""

    due: Due
    fate: Fate
    text: str
    run: RunId | None
    may_lose: Money
    decided: datetime


class HaltScope(StrEnum):
    """How much a stop covers."""

    ALL = "all"
    ACCOUNT = "account"
    PLAN = "plan"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A stop: nothing that it covers is placed from `at` until it is `released`.

    `name` says of which account, plan (its name, or its file's) or run; empty where everything stops. `by`: who asked for it.
    """

    scope: HaltScope
    name: str
    because: str
    by: str
    at: datetime
    released: datetime | None = None
    released_because: str | None = None

    def covers(self, run: RunInfo, account: AccountName | None = None) -> bool:
        """Whether it holds for what a run places on an account. Rehearsals place nothing, so nothing stops them."""
        if self.released is not None or run.mode is Mode.REHEARSAL:
            return False
        match self.scope:
            case HaltScope.ALL:
                return True
            case HaltScope.ACCOUNT:
                return self.name == account
            case HaltScope.PLAN:
                return self.name == run.plan_name or _file_name(self.name) == _file_name(run.plan_file)
            case HaltScope.RUN:
                return self.name == run.run
            case _:
                assert_never(self.scope)

    @property
    def what(self) -> str:
        """`everything`, `account betfair`."""
        return "everything" if self.scope is HaltScope.ALL else f"{self.scope.value} {self.name}"

    @property
    def why(self) -> str:
        """`fed up, since 2026-12-05 14:30:00 UTC, by ann`."""
        return f"{self.because}, since {self.at:%Y-%m-%d %H:%M:%S} UTC, by {self.by}"


def _file_name(path: str) -> str:
    """Plans lie beside their journal, so the last part of a path names one wherever the command was given."""
    return path.replace("\\", "/").rpartition("/")[2]


class Signal(StrEnum):
    """What is put into a run's inbox from outside."""

    STOP = "stop"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One of them, not yet taken by the run's owner."""

    id: int
    run: RunId
    kind: Signal
    body: str
    at: datetime
