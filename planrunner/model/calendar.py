"""Calendars of the site file: days by name, on which a schedule makes an exception."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """`england-holidays: [2026-12-25, 2026-12-28]`. The days are in order, each of them once."""

    name: str
    days: tuple[date, ...]

    def __contains__(self, day: date) -> bool:
        return day in self.days
