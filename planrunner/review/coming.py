"""The next moments at which a plan runs by itself, in the words of its own clock; days on which that is put forward or back are
told as such."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from planrunner.model.calendar import Occurrence, Recurring, occurrences
from planrunner.model.plan import Repeating, When
from planrunner.review.words import length

SHOWN = 5
_DAY = timedelta(days=1)


class Coming(NamedTuple):
    """`at` in UTC."""

    at: datetime
    told: str


def coming(when: When | None, after: datetime, most: int = SHOWN) -> tuple[Coming, ...]:
    """Of a plan that runs by the calendar; the others begin when a market or a signal says so."""
    if not isinstance(when, Repeating):
        return ()
    found = list(islice(occurrences(when.rule, after), most + 1))
    told = [Coming(one.at, f"{local_words(one.local, one.time_zone)}{_remark(one, when.rule)}") for one in found[:most]]
    if told and len(found) <= most:
        told[-1] = Coming(told[-1].at, f"{told[-1].told}; that is the last")
    return tuple(told)


def local_words(local: datetime, zone: str) -> str:
    """`Monday 2026-12-07 11:00 (Europe/London)`."""
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{local:%A} {local:%Y-%m-%d} {clock} ({zone})"


def _remark(one: Occurrence, rule: Recurring) -> str:
    zone = ZoneInfo(one.time_zone)
    told = [*_left_out(one, rule, zone), *_twice(one, zone)] or list(_clock_change(one, zone))
    return f"; {told[0]}" if told else ""


def _left_out(one: Occurrence, rule: Recurring, zone: ZoneInfo) -> Iterator[str]:
    """A time that the wall clock does not show on that day."""
    written = sorted(set(rule.times))
    if one.local.time() in written:
        return
    for at in written:
        if not _exists(datetime.combine(one.local.date(), at), zone) and at < one.local.time():
            yield f"the clocks go forward, so {at:%H:%M} is left out and it is the first minute after"
            return
    yield "the clocks go forward over its time, and it is the first minute after"


def _twice(one: Occurrence, zone: ZoneInfo) -> Iterator[str]:
    first, second = (one.local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if first > second:
        yield f"the clocks go back, so {one.local:%H:%M} comes twice that day and it is the first"


def _clock_change(one: Occurrence, zone: ZoneInfo) -> Iterator[str]:
    midnight = datetime.combine(one.local.date(), time())
    before, after = (at.replace(tzinfo=zone).utcoffset() or timedelta() for at in (midnight, midnight + _DAY))
    if before != after:
        way = "forward" if after > before else "back"
        yield f"the clocks go {way} by {length(abs(after - before))} that day"


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return first >= second
