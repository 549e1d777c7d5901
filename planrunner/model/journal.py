"""What the journal holds of a run: the facts, the decisions, and the exchanges with the venue, in one order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from planrunner.model.commands import Command
from planrunner.model.events import Event
from planrunner.model.market import RunId


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
