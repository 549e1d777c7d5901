"""Times of an order on the lines they can be compared on: since placing, around the start, on the clock, or in the run's day.

Nobody knows at checking time when a plan is run, so `after: 5m` and `before_start: 2m` can't be compared; once the plan says
when the order is placed before the start, they can.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, assert_never

from planrunner.model.plan import AfterPlacing, AfterStart, At, AtTime, BeforeStart, Every, Now, PlaceWhen

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NONE = timedelta()


class Axis(StrEnum):
    PLACING = "placing"
    START = "start"
    CLOCK = "clock"
    DAY = "day"


class Position(NamedTuple):
    axis: Axis
    at: timedelta


def position(moment: Now | AfterPlacing | Every | BeforeStart | AfterStart | At | AtTime, place: PlaceWhen) -> Position:
    """Where a moment lies, for an order placed at `place`. `Now()` is the placing itself; `Every` its first time."""
    match moment:
        case Now():
            return _since_placing(_NONE, place)
        case AfterPlacing() | Every():
            return _since_placing(moment.delay, place)
        case BeforeStart():
            return Position(Axis.START, -moment.delay)
        case AfterStart():
            return Position(Axis.START, moment.delay)
        case At():
            return Position(Axis.CLOCK, moment.at - _EPOCH)
        case AtTime():
            return Position(Axis.DAY, since_midnight(moment))
        case _:
            assert_never(moment)


def _since_placing(delay: timedelta, place: PlaceWhen) -> Position:
    match place:
        case Now():
            return Position(Axis.PLACING, delay)
        case BeforeStart():
            return Position(Axis.START, delay - place.delay)
        case At():
            return Position(Axis.CLOCK, place.at - _EPOCH + delay)
        case AtTime():
            return Position(Axis.DAY, since_midnight(place) + delay)
        case _:
            assert_never(place)


def since_midnight(moment: AtTime) -> timedelta:
    return timedelta(hours=moment.time.hour, minutes=moment.time.minute)
