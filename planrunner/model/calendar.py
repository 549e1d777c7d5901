"""Calendars of the site file: days by name, on which a schedule makes an exception; and the moments at which a plan is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time


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
    the zone's wall clock; `except_on` are the days left out, `first` and `last` the days it begins and ends with."""

    weekdays: frozenset[int] = frozenset()
    dates: tuple[date, ...] = ()
    times: tuple[time, ...]
    time_zone: str
    except_on: frozenset[date] = frozenset()
    first: date | None = None
    last: date | None = None


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
