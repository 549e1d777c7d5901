"""How a report writes amounts, odds, times and lengths of time. Figures are rounded here alone, and only to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planrunner.model.money import DECIMALS
from planrunner.model.odds import Side
from planrunner.model.plan import AfterPlacing, AfterStart, At, AtTime, BeforeStart, Ending, Now, OnlyIf, OrderType, PlaceWhen
from planrunner.model.pools import Dividend

DIVIDENDS_UP_TO = 12  # of one pool; it pays a handful

TYPES = {
    OrderType.LIMIT: "limit order",
    OrderType.FILL_OR_KILL: "fill or kill",
    OrderType.FILL_AND_KILL: "fill and kill",
    OrderType.POST_ONLY: "post only",
    OrderType.POST_ARB: "post arb",
    OrderType.LIMIT_ON_CLOSE: "limit on close",
    OrderType.MARKET_ON_CLOSE: "market on close",
    OrderType.MARKET: "market order",
}


def amount(value: Decimal, currency: str) -> str:
    """`7.50`: at least the currency's decimals, and more where the figure has them."""
    places = max(DECIMALS.get(currency, 2), -_exponent(value.normalize()))
    return f"{value:.{places}f}" if value else f"{Decimal(0):.{DECIMALS.get(currency, 2)}f}"


def money(value: Decimal, currency: str) -> str:
    """`7.50 GBP`."""
    return f"{amount(value, currency)} {currency}"


def limit_side(side: Side, odds: object) -> str:
    """A back takes the odds asked for or higher, a lay lower; a probability goes the other way."""
    higher = (side is Side.BACK) != str(odds).endswith("%")
    return "or higher" if higher else "or lower"


def dividend_in_words(one: Dividend, currency: str) -> str:
    """`Exacta pays 12.40 for 1 on 4 - 6`; a provisional one says so."""
    on = f" on {one.on}" if one.on else ""
    return f"{one.name} pays {amount(one.pays, currency)} for 1{on}{'' if one.is_final else ', provisionally'}"


def signed(value: Decimal, currency: str) -> str:
    """`+15.90 GBP`, `-10.00 GBP`."""
    return ("+" if value > 0 else "") + money(value, currency)


def odds(value: Decimal | Fraction) -> str:
    """Decimal odds to two places, `3.10`; an average is rounded half to even."""
    exact = value if isinstance(value, Fraction) else Fraction(value)
    hundredths = round(exact * 100)
    return f"{Decimal(hundredths).scaleb(-2):.2f}"


def rounded(value: Fraction, places: int) -> Decimal:
    """A fraction as a decimal number, rounded half to even."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def percent(share: Decimal) -> str:
    """`37 %` of a share between 0 and 1."""
    return f"{(share * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)} %"


def length(delay: timedelta) -> str:
    """`90s`, `2m`, `1h 30m`; as plans write it."""
    seconds = int(delay.total_seconds())
    fraction = delay - timedelta(seconds=seconds)
    if fraction:
        return f"{delay.total_seconds():g}s"
    if seconds < 120 and seconds % 60:
        return f"{seconds}s"
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def plural(count: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(words: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Tells times in one zone; the day is only said where it is not the day of the run."""

    zone: tzinfo
    name: str
    day: date | None

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def clock(self, at: datetime) -> str:
        """`14:31:30`."""
        there = self.local(at)
        return there.strftime("%H:%M:%S") if there.date() == self.day else there.strftime("%Y-%m-%d %H:%M:%S")

    def exact(self, at: datetime) -> str:
        """`14:31:30.125`."""
        return f"{self.clock(at)}.{at.microsecond // 1000:03d}"

    def full(self, at: datetime) -> str:
        """`2026-12-05 14:31:30`."""
        return self.local(at).strftime("%Y-%m-%d %H:%M:%S")


def times_in(zone: str | None, first: datetime | None) -> Times:
    """Times in a zone by its IANA name; UTC where there is none, or none that this machine knows."""
    where: tzinfo = UTC
    name = "UTC"
    if zone is not None:
        try:
            where, name = ZoneInfo(zone), zone
        except (ZoneInfoNotFoundError, ValueError):
            name = f"UTC (the zone {zone} is not known here)"
    return Times(zone=where, name=name, day=first.astimezone(where).date() if first else None)


def placed_when(when: PlaceWhen, times: Times) -> str:
    match when:
        case Now():
            return "placed at once"
        case BeforeStart(delay=delay):
            return f"placed {length(delay)} before the start"
        case At(at=at):
            return f"placed at {times.clock(at)}"
        case AtTime():
            return f"placed at {when.time:%H:%M}"
    assert_never(when)


def ends_when(ending: Ending | None, times: Times) -> str:
    """When an order's remainder is taken back."""
    match ending:
        case None:
            return "ends by itself"
        case AfterPlacing(delay=delay):
            return f"expires {length(delay)} after placing"
        case BeforeStart(delay=delay):
            return f"expires {length(delay)} before the start"
        case AfterStart(delay=delay):
            return f"expires {length(delay)} after the start"
        case At(at=at):
            return f"expires at {times.clock(at)}"
        case AtTime():
            return f"expires at {ending.time:%H:%M}"
    assert_never(ending)


def conditions_in_words(only_if: OnlyIf) -> list[str]:
    """`odds at least 3.00`, in the order in which they are looked at."""
    said = [
        ("the market is open", only_if.market_open or None),
        ("in-play" if only_if.in_play else "not in-play", only_if.in_play),
        (f"at least {only_if.runners_at_least} runners", only_if.runners_at_least),
        (f"at most {only_if.runners_at_most} runners", only_if.runners_at_most),
        (f"odds at least {only_if.odds_at_least}", only_if.odds_at_least),
        (f"odds at most {only_if.odds_at_most}", only_if.odds_at_most),
        (f"a price of at least {only_if.price_at_least}", only_if.price_at_least),
        (f"a price of at most {only_if.price_at_most}", only_if.price_at_most),
        (f"at least {only_if.available_at_least} available", only_if.available_at_least),
    ]
    return [text for text, value in said if value is not None]


def iso(at: datetime) -> str:
    """`2026-12-05T14:31:30.125Z`, always in UTC."""
    utc = at.astimezone(UTC)
    text = utc.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{utc.microsecond:06d}".rstrip("0") + "Z" if utc.microsecond else text + "Z"


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
