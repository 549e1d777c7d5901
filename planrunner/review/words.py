"""How amounts, odds and times are said aloud. Figures are rounded here alone, and only to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from planrunner.model.money import Money
from planrunner.model.odds import Odds, Side
from planrunner.model.plan import At, AtTime, Target

_UNITS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}


def length(delay: timedelta) -> str:
    """`5 minutes`, `1 minute 30 seconds`."""
    parts = []
    for unit, name in _UNITS:
        count, delay = divmod(delay, unit)
        if count:
            parts.append(plural(count, name))
    return " ".join(parts) or "0 seconds"


def plural(count: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def ordinal(number: int) -> str:
    """`second`, `7th`."""
    return _ORDINALS.get(number, f"{number}{_ending(number)}")


def _ending(number: int) -> str:
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def ladder_odds(odds: Decimal | Fraction) -> str:
    """Decimal odds as a plan writes them: `3.10`, from 100 up `120.0`."""
    exact = Fraction(odds)
    places = 1 if exact >= 100 else 2
    return f"{Decimal(round(exact * 10**places)).scaleb(-places):.{places}f}"


def target_in_words(target: Target, zone: str | None) -> str:
    """`Arsenal in Match Odds of Arsenal v Chelsea on 2026-12-05`."""
    if target.favourite is not None:
        selection = "the favourite" if target.favourite == 1 else f"the {ordinal(target.favourite)} favourite"
    else:
        selection = target.selection or f"selection {target.selection_id}"
    selection += f" of player {target.player_id}" if target.player_id not in (None, "0") else ""
    line = f" (line {target.line})" if target.line is not None else ""
    market = target.market or (f"market {target.market_id}" if target.market_id else "")
    event = target.event or (f"event {target.event_id}" if target.event_id else "")
    race = target.race or ""
    told = (
        selection + line,
        f"in {market}" if market else "",
        f"of {event}" if event else "",
        (f"at the {race} race" + (f" ({zone})" if zone else "") if ":" in race else f"in race {race}") if race else "",
        "on the day of the run" if target.today else f"on {target.on.isoformat()}" if target.on else "",
    )
    return " ".join(part for part in told if part)


def limit_odds(odds: Odds, side: Side) -> str:
    """What a limit lets through, in the author's notation and in decimal odds: `+120 or higher (decimal 2.20)`."""
    text = str(odds)
    higher = (side is Side.BACK) != text.endswith("%")
    own = f"{text} or {'higher' if higher else 'lower'}"
    return own if text[:1].isdigit() and not text.endswith("%") else f"{own} (decimal {ladder_odds(odds.ratio)})"


def percent(share: Fraction) -> str:
    """`89 %` of a share; what is below the whole is never rounded up to it."""
    hundredths = round(share * 100)
    return f"{99 if hundredths == 100 and share < 1 else hundredths} %"


def signed(money: Money) -> str:
    """`+1.20 GBP`, `-0.79 GBP`."""
    return f"{'+' if money.amount > 0 else ''}{money}"


def moment(when: At | AtTime, zone: str | None) -> str:
    """`2026-12-05 14:29 (Europe/London)`, `14:29 (Europe/London) on the day of the run`."""
    if isinstance(when, AtTime):
        return f"{when.time:%H:%M} ({when.time_zone}) on the day of the run"
    where: tzinfo = ZoneInfo(zone) if zone is not None else UTC
    local = when.at.astimezone(where)
    return f"{local:%Y-%m-%d %H:%M} ({zone or 'UTC'})"
