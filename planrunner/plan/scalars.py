"""Amounts: text to exact values. What is not written the way planrunner reads comes back as None; `mend` then looks for a fix.

The forms are those of the schema's patterns. Numbers go from the author's text straight to `Decimal` and `Fraction`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from planrunner.model import calendar
from planrunner.model.money import DECIMALS, Money
from planrunner.model.odds import Odds, american_odds, decimal_odds, probability_odds

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MONEY = re.compile(r"((?:0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?) ([A-Z]{3})")
_DECIMAL = re.compile(r"[1-9][0-9]?(\.[0-9]{1,4})?|[1-9][0-9]{2,3}\.[0-9]{1,4}")
_AMERICAN = re.compile(r"[+-][1-9][0-9]{2,4}")
_PERCENT = re.compile(r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,4})?%")
_DURATION = re.compile(r"(0|[1-9][0-9]{0,5})([smhd])")
_TICKS = re.compile(r"(1) tick|([2-9]|[1-9][0-9]{1,2}) ticks")
_SHARE = re.compile(r"((?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?)%")
_TIMES = re.compile(r"(1) time|([2-9]|[1-9][0-9]{1,3}) times")
_LINE = re.compile(r"[+-]?(0|[1-9][0-9]{0,2})(\.[0-9]{1,2})?")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}):([0-9]{2})")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")

UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
# Nobody waits longer for a bet; and no date runs past the calendar's end.
LONGEST = timedelta(days=366)


@lru_cache(1024)
def money(text: str) -> Money | None:
    """An amount whose currency may still be unknown, or have fewer decimals; see `money_trouble`."""
    found = _MONEY.fullmatch(text)
    return Money(amount=Decimal(found[1]), currency=found[3]) if found else None


def is_exact(text: str, currency: str) -> bool:
    """No more decimals than the currency has."""
    _, _, decimals = text.split(" ")[0].partition(".")
    return len(decimals) <= DECIMALS[currency]


@lru_cache(1024)
def odds(text: str) -> Odds | None:
    """Odds in any of the three notations. None also for what pays nothing (`1.00`, `0%`)."""
    found: Odds | None = None
    if _DECIMAL.fullmatch(text):
        found = decimal_odds(text)
    elif _AMERICAN.fullmatch(text):
        found = american_odds(text)
    elif _PERCENT.fullmatch(text) and text.strip("0.%"):
        found = probability_odds(text)
    return found if found is not None and found.ratio > 1 else None


@lru_cache(256)
def duration(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text)
    if found is None or int(found[1]) > LONGEST / UNITS[found[2]]:
        return None
    return UNITS[found[2]] * int(found[1])


def day(text: str) -> date | None:
    """A day of the calendar; `2026-02-30` is none."""
    try:
        return date.fromisoformat(text) if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def local_time(text: str) -> datetime | None:
    """A day and time without a zone."""
    found = _MOMENT.fullmatch(text)
    on = day(found[1]) if found else None
    if found is None or on is None or int(found[2]) > 23 or int(found[3]) > 59 or not 1971 <= on.year <= 9990:
        return None
    return datetime(on.year, on.month, on.day, int(found[2]), int(found[3]))  # noqa: DTZ001 - a local time by intent


def time_of_day(text: str) -> time | None:
    """A local time without a day, `13:40`."""
    found = _TIME.fullmatch(text)
    return time(int(found[1]), int(found[2])) if found else None


def in_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """In spring's gap the first minute that exists; of an hour that comes twice the first."""
    return calendar.in_utc(local, zone)


@lru_cache(64)
def zone(text: str) -> ZoneInfo | None:
    from zoneinfo import ZoneInfo  # most plans have no local times, and finding the zones costs a hundredth of a second

    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # unknown; a path that leads nowhere good; a directory such as `Europe`
        return None


def ticks(text: str) -> int | None:
    found = _TICKS.fullmatch(text)
    return int(found[1] or found[2]) if found else None


def percent(text: str) -> Decimal | None:
    """How far odds are repriced, `1%` or `0.5%`. None also for what moves nothing, `0%`."""
    found = _SHARE.fullmatch(text)
    share = Decimal(found[1]) if found else None
    return share or None


def times(text: str) -> int | None:
    found = _TIMES.fullmatch(text)
    return int(found[1] or found[2]) if found else None


def line(text: str) -> Decimal | None:
    return Decimal(text) if _LINE.fullmatch(text) else None


def count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text) else None


def odds_text(value: Decimal | Fraction) -> str:
    """Decimal odds as a plan writes them: two decimals, from 100 up one."""
    number = value if isinstance(value, Decimal) else Decimal(value.numerator) / Decimal(value.denominator)
    return f"{number:.1f}" if number >= 100 else f"{number:.2f}"
