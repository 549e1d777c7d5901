"""When a plan runs by itself, in words: for `explain`, for the service and for its pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never

from planrunner.model.calendar import Recurring
from planrunner.model.plan import BeforeEachStart, IfMissed, IfStillRunning, OnSignal, Repeating, When
from planrunner.review.words import length, listed

_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SETS = {frozenset(range(7)): "day", frozenset(range(5)): "weekday"}
# More dates than these are counted.
_DATES = 4


def schedule_in_words(when: When) -> str:
    """`every weekday at 11:00 Europe/London except england-holidays, until 2027-03-31; a missed one is skipped`."""
    match when:
        case Repeating():
            return f"{_days_and_times(when.rule)}; {_missed(when.if_missed, when.late_by_at_most)}"
        case BeforeEachStart():
            return f"{length(when.before)} before each start; {_missed(when.if_missed, when.late_by_at_most)}"
        case OnSignal():
            return f"whenever the signal {when.name} comes in"
    assert_never(when)


def overlap_in_words(when: When) -> str:
    """What becomes of a run that is due while another of the same plan goes on."""
    if isinstance(when, BeforeEachStart):
        return "The runs of several starts go on beside each other."
    match when.if_still_running:
        case IfStillRunning.SKIP:
            return "A run that is due while another goes on is skipped."
        case IfStillRunning.QUEUE:
            return "A run that is due while another goes on begins when that is over."
        case IfStillRunning.REPLACE:
            return "A run that is due while another goes on stops that one, and begins when it is over."
    assert_never(when.if_still_running)


def _days_and_times(rule: Recurring) -> str:
    times = listed([f"{one:%H:%M}" for one in rule.times])
    told = f"{_dates(rule) if rule.dates else _weekdays(rule.weekdays)} at {times} {rule.time_zone}"
    told += f" except {rule.calendar}" if rule.calendar is not None else ""
    first = f"from {rule.first.isoformat()}" if rule.first is not None else ""
    last = f"until {rule.last.isoformat()}" if rule.last is not None else ""
    span = " ".join(filter(None, (first, last)))
    return f"{told}, {span}" if span else told


def _weekdays(days: frozenset[int]) -> str:
    return f"every {_SETS.get(days) or listed([_NAMES[day] for day in sorted(days)])}"


def _dates(rule: Recurring) -> str:
    days: Sequence[str] = [day.isoformat() for day in rule.dates]
    return f"on {listed(days)}" if len(days) <= _DATES else f"on {len(days)} days from {days[0]} to {days[-1]}"


def _missed(if_missed: IfMissed, late: timedelta | None) -> str:
    if if_missed is IfMissed.RUN_LATE and late is not None:
        return f"a missed one begins up to {length(late)} late"
    return "a missed one is skipped"
