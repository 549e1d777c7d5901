"""Calendars of the site file: days by name, on which a schedule makes an exception; and the moments at which a plan is due."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_LAST_DAY = date(9998, 12, 31).toordinal()  # a year before the last that Python knows, so that every zone can tell it in UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """`england-holidays: [2026-12-25, 2026-12-28]`. The days are in order, each of them once."""

    name: str
    days: tuple[date, ...]

    def __contains__(self, day: date) -> bool:
        return day in self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """`every` and `at` of a plan's `when`: these weekdays (Monday is 0), or these dates where there are any, at these times of
    the zone's wall clock; `except_on` are the days left out, `first` and `last` the days it begins and ends with. `calendar` is
    what the days left out are called."""

    weekdays: frozenset[int] = frozenset()
    dates: tuple[date, ...] = ()
    times: tuple[time, ...]
    time_zone: str
    except_on: frozenset[date] = frozenset()
    first: date | None = None
    last: date | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One moment at which a plan is due: `local` is what the zone's wall clock says then, `at` the same moment in UTC."""

    local: datetime
    time_zone: str
    at: datetime

    @property
    def id(self) -> str:
        """`2026-12-05 11:00 Europe/London`: with the plan, what it can run at most once under, ever."""
        return f"{self.local:%Y-%m-%d %H:%M} {self.time_zone}"


def occurrences(rule: Recurring, after: datetime) -> Iterator[Occurrence]:
    """The moments of `rule` strictly after `after` (UTC), in their order; for ever, where the rule has no end.

    Which days count is said of the days as the plan writes them, before a gap in the wall clock moves a time into the next one.
    """
    from zoneinfo import ZoneInfo  # everybody has the words of a plan, and few need the zones, which cost something to find

    zone = ZoneInfo(rule.time_zone)
    times = sorted(set(rule.times))
    told = after
    # A gap moves a time by a day at most (Samoa left out a whole one), so what is after `after` is of no earlier day than this.
    for day in _days(rule, after.astimezone(zone).date() - timedelta(days=2)):
        for one in times:
            found = _occurrence(datetime.combine(day, one), zone)
            if found.at > told:  # two times of one gap fall on the same minute: that is one occurrence
                told = found.at
                yield found


def next_occurrence(rule: Recurring, after: datetime) -> Occurrence | None:
    """The first moment of `rule` strictly after `after` (UTC); None: it is over."""
    return next(occurrences(rule, after), None)


def _days(rule: Recurring, earliest: date) -> Iterator[date]:
    """The days that count, from `earliest` on."""
    first = max(earliest, rule.first or earliest)
    last = min(_LAST_DAY, (rule.last or date.max).toordinal())
    if rule.dates:
        yield from (
            day for day in sorted(set(rule.dates)) if day >= first and day.toordinal() <= last and day not in rule.except_on
        )
    elif rule.weekdays and rule.times:  # else an endless rule would be looked through for ever
        for number in range(first.toordinal(), last + 1):
            day = date.fromordinal(number)
            if day.weekday() in rule.weekdays and day not in rule.except_on:
                yield day


def in_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """When the wall clock says `local`: the first of two such moments where it is set back, and the first minute that exists
    where it is set forward over `local`."""
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    at = (local - first).replace(tzinfo=UTC)
    return at if first >= second else _end_of_gap((local - second).replace(tzinfo=UTC), at, zone)


def _occurrence(local: datetime, zone: ZoneInfo) -> Occurrence:
    at = in_utc(local, zone)
    return Occurrence(local=at.astimezone(zone).replace(tzinfo=None), time_zone=zone.key, at=at)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first minute after the wall clock was set forward, which happens between these two moments."""
    old = before.astimezone(zone).utcoffset()
    minutes = range((after - before) // _MINUTE)
    return (
        before + bisect_left(minutes, 1, key=lambda one: (before + one * _MINUTE).astimezone(zone).utcoffset() != old) * _MINUTE
    )
