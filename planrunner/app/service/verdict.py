"""What becomes of an occurrence whose time has come, by what its plan says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from planrunner.model.journal import Fate
from planrunner.model.plan import BeforeEachStart, IfMissed, IfStillRunning, OnSignal, When

# A plan says minutes, so an occurrence is on time within its minute: a venue that answers again after some seconds, or a service
# that is just being started, is no reason to leave a day out.
ON_TIME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`late_by`: how long after its moment an occurrence may still begin. `if_still_running` None: runs go on beside each
    other."""

    late_by: timedelta
    if_still_running: IfStillRunning | None
    may_be_late: bool


def terms_of(when: When) -> Terms:
    """Of any schedule."""
    match when:
        case OnSignal():
            return Terms(late_by=ON_TIME, if_still_running=when.if_still_running, may_be_late=False)
        case BeforeEachStart():
            return Terms(late_by=_late_by(when.if_missed, when.late_by_at_most), if_still_running=None, may_be_late=_may(when))
        case _:
            late_by = _late_by(when.if_missed, when.late_by_at_most)
            return Terms(late_by=late_by, if_still_running=when.if_still_running, may_be_late=_may(when))


def _may(when: BeforeEachStart | When) -> bool:
    return not isinstance(when, OnSignal) and when.if_missed is IfMissed.RUN_LATE


def _late_by(if_missed: IfMissed, late_by_at_most: timedelta | None) -> timedelta:
    return max(ON_TIME, late_by_at_most or ON_TIME) if if_missed is IfMissed.RUN_LATE else ON_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`stops_other`: the run that goes on is to be stopped first."""

    fate: Fate
    text: str
    stops_other: bool = False


def judge(terms: Terms, at: datetime, now: datetime, *, is_busy: bool) -> Verdict:
    """Of an occurrence that was due at `at`. `is_busy`: a run of the same plan goes on, or is about to begin."""
    late = now - at
    if late > terms.late_by:
        return Verdict(fate=Fate.MISSED, text=_missed(terms, late))
    if is_busy and terms.if_still_running is not None:
        return _beside(terms.if_still_running)
    if late <= ON_TIME:
        return Verdict(fate=Fate.RUN, text="")
    return Verdict(fate=Fate.LATE, text=f"{in_words(late)} late; the plan allows {in_words(terms.late_by)}")


def _missed(terms: Terms, late: timedelta) -> str:
    allowed = f"the plan allows {in_words(terms.late_by)}" if terms.may_be_late else "a missed one is skipped"
    return f"the service was not there, or its plan had problems; {in_words(late)} late, and {allowed}"


def _beside(policy: IfStillRunning) -> Verdict:
    match policy:
        case IfStillRunning.SKIP:
            return Verdict(fate=Fate.STILL_RUNNING, text="the run before it was still going on; the plan says to skip it then")
        case IfStillRunning.QUEUE:
            return Verdict(fate=Fate.QUEUED, text="waits until the run before it is over")
        case IfStillRunning.REPLACE:
            return Verdict(fate=Fate.QUEUED, text="waits until the run that it replaces is stopped", stops_other=True)
        case _:
            assert_never(policy)


def in_words(length: timedelta) -> str:
    """`45 s`, `12 min`, `3 h 5 min`, `2 days`."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 120:
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 120:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{hours // 24} days"
