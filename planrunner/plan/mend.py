"""What the author most likely meant: the one way planrunner reads an amount, from the many ways people write it.

Nothing is guessed where two meanings are possible: `5/12/2026` has no fix, `13/12/2026` has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from planrunner.model.money import DECIMALS
from planrunner.model.names import nearest
from planrunner.plan import scalars

_SIGNS = {"£": "GBP", "€": "EUR", "$": "USD", "A$": "AUD", "C$": "CAD", "kr": "SEK"}
_CALLED = {
    "pound": "GBP", "pounds": "GBP", "quid": "GBP", "sterling": "GBP", "euro": "EUR", "euros": "EUR", "dollar": "USD",
    "dollars": "USD", "bucks": "USD", "pound sterling": "GBP", "pounds sterling": "GBP", "british pounds": "GBP",
}  # fmt: skip
_NUMBER_WORDS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "once": 1,
    "two": 2,
    "twice": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "ten": 10,
}
_REPRICES = {
    "best": "best", "best price": "best", "best odds": "best", "to best": "best", "best available": "best",
    "join best": "join_best", "join": "join_best", "join queue": "join_best",
}  # fmt: skip
_UNIT_WORDS = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "m", "min": "m", "mins": "m", "minute": "m",
    "minutes": "m", "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "d": "d", "day": "d", "days": "d",
    "sek": "s", "sekunde": "s", "sekunden": "s", "minuten": "m", "std": "h", "stunde": "h", "stunden": "h", "tag": "d",
    "tage": "d",
}  # fmt: skip
_LONGEST = 200  # letters; whatever is longer is no amount, and may be a megabyte
_NO_AMOUNT = "?"
# What keyboards and word processors make of `-`, `.`, `/` and a space.
_TYPED = str.maketrans({
    "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{HYPHEN}": "-", "\N{NON-BREAKING HYPHEN}": "-",
    "\N{MIDDLE DOT}": ".", "\N{FRACTION SLASH}": "/", "\N{DIVISION SLASH}": "/", "\N{NO-BREAK SPACE}": " ",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"', "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
})  # fmt: skip
# How people say the moment itself, and that they count back from it or on from it.
_START = r"(?:the )?(?:off|start|kick-?\s?off|ko|race|post|match|anpfiff)"
_AT_START = re.compile(rf"(?:at |on )?{_START}")
_BACK_FROM, _ON_FROM = re.compile(rf"\s+(?:before|to|vor)(?: {_START})?$"), re.compile(rf"\s+(?:after|past|nach)(?: {_START})?$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def typed(text: str) -> str:
    """In plain signs, without what people leave around a value: spaces, quotes, a comment of another language, `,` or `;`."""
    if len(text) > _LONGEST:
        return _NO_AMOUNT
    plain = text.translate(_TYPED)
    plain = re.sub(r"(?<=\S)\s+(//|--).*$", "", plain)
    return plain.strip(" \t\"'").rstrip(",;").strip()


def money(text: str, usual: str | None) -> str | None:
    """`usual` is the plan's, for amounts without one."""
    plain = re.sub(r"(?<=[0-9])[.,]-+(?= |$|[^0-9-])", "", typed(text))  # `25,-`
    found = re.search(r"[0-9.](?:[0-9.,]|[ '](?=[0-9]{3}(?![0-9])))*", plain)
    if found is None or "-" in plain:
        return None
    number = _number(found[0])
    unit = _said_twice((plain[: found.start()] + " " + plain[found.end() :]).strip())
    if number is not None and (thousands := re.match("[kK](?![a-zA-Z])", unit)):
        number, unit = number * 1000, unit[thousands.end() :].strip()
    if number is not None and unit in ("p", "pence"):
        number, unit = number / 100, "GBP"
    unit = _currency(unit) if unit else usual or ""
    if number is None or unit not in DECIMALS:
        return None
    return _if_read(f"{number:.{DECIMALS[unit]}f} {unit}", scalars.money) if _fits(number, unit) else None


def _said_twice(unit: str) -> str:
    """`£25 GBP` says its currency twice."""
    first, _, second = unit.partition(" ")
    return second.strip() if _SIGNS.get(first) == second.strip().upper() else unit


def _currency(unit: str) -> str:
    return unit.upper() if unit.upper() in DECIMALS else currency(unit) or ""


def currency(word: str) -> str | None:
    """The currency that is called so, or whose letters these are in whatever order."""
    if called := _SIGNS.get(word) or _CALLED.get(word.lower()):
        return called
    if len(word) > 3:  # of the four letters of USDT none is a slip
        name = nearest(word, _CALLED)
        return _CALLED[name] if name else None
    same = [code for code in DECIMALS if sorted(code) == sorted(word.upper())]
    return same[0] if len(same) == 1 else nearest(word.upper(), DECIMALS)


def _number(text: str) -> Decimal | None:
    """`1,000.50`, `1 000` and `10,50`; of `1.000` nobody knows."""
    if re.fullmatch(r"[0-9]{1,3}([, '][0-9]{3})+(\.[0-9]*)?", text):
        return Decimal(re.sub("[, ']", "", text))
    if re.fullmatch(r"[0-9]{1,3}([. '][0-9]{3})+,[0-9]{1,2}", text):
        return Decimal(re.sub("[. ']", "", text).replace(",", "."))
    if re.fullmatch(r"[0-9]{1,9}[.,][0-9]{0,2}|[0-9]{1,9}|[.,][0-9]{1,2}", text):
        return Decimal(text.replace(",", "."))
    return None


def _fits(number: Decimal, unit: str) -> bool:
    return number == number.quantize(Decimal(1).scaleb(-DECIMALS[unit]))


def odds(text: str) -> str | None:
    plain = typed(text).lower().lstrip("@").strip()
    if odds_without_stake(text):
        return None
    if plain in ("evens", "evs", "even", "even money", "evens money"):
        return "2.00"
    if fraction := re.fullmatch(r"([0-9]{1,4})\s*(?:/|-|to)\s*([0-9]{1,4})(\s+on)?(?:\s*(?:against|fav|jf|cf|f|j))?", plain):
        win, stake = int(fraction[1]), int(fraction[2])
        if fraction[3]:  # `4/6 on` is `4/6` to some and `6/4` to others
            return _fractional(stake, win) if win > stake else None
        return _fractional(win, stake)
    if re.fullmatch(r"[1-9][0-9]{2}", plain):
        return f"+{plain}"
    if share := percent(plain):
        return _if_other(share, text, scalars.odds)
    tidy = re.sub(r"(?<=[0-9]),(?=[0-9]{1,2}$)", ".", plain).rstrip("x").strip()
    tidy = re.sub(r"^(odds|at|=)\s*|\s+or better$", "", tidy).rstrip(".")
    tidy = re.sub(r"^0+(?=[1-9])|(?<=^[+-])\s+", "", tidy)
    return _if_other(tidy, text, scalars.odds)


def odds_without_stake(text: str) -> str | None:
    """`0.5` is one half, 50%, to some; and to others what is won for a stake of one, 1.50."""
    plain = typed(text)
    return plain if re.fullmatch(r"0?[.,][0-9]{1,4}", plain) and plain.strip("0.,") else None


def limit(text: str) -> str | None:
    """The odds of `>= 3.10`, `max 3.10`, `3.10+`: whether they are a limit to that side depends on the bet."""
    found = re.fullmatch(r"(?:[<>]=?|[\u2264\u2265]|min\.?|max\.?)\s*([0-9.,]+)|([0-9.,]+)\s*\+", typed(text))
    plain = (found[1] or found[2]).replace(",", ".") if found else ""
    return plain if scalars.odds(plain) is not None else None


def exactly(text: str) -> str | None:
    """What a fraction is in decimal odds, where two decimals can't say it: 13/8 is 2.625, 10/11 about 1.9091."""
    found = re.match(r"([0-9]{1,4})\s*(?:/|-|to)\s*([0-9]{1,4})\b(?!.*\bon\b)", typed(text).lower())
    if found is None or not int(found[2]):
        return None
    exact = 1 + Fraction(int(found[1]), int(found[2]))
    if (exact * 100).denominator == 1:
        return None
    shown = f"{Decimal(round(exact * 10000)) / 10000:f}"
    return shown if (exact * 10000).denominator == 1 else f"about {shown}"


def _fractional(win: int, stake: int) -> str | None:
    return scalars.odds_text(1 + Fraction(win, stake)) if win and stake else None


def percent(text: str) -> str | None:
    """`65 %`, `65 percent`, `%65`."""
    found = re.fullmatch(r"(%?)\s*([0-9]{1,2}(?:[.,][0-9]{1,4})?)\s*(%|percent|per cent|pct|pc)?", typed(text).lower())
    if found is None or bool(found[1]) == bool(found[3]):
        return None
    return f"{found[2].replace(',', '.')}%"


def share(text: str) -> str | None:
    """A probability where nothing else can stand: there `65` and `0.65` lack only their sign."""
    plain = typed(text)
    if re.fullmatch(r"0?\.[0-9]{1,4}", plain):
        return _if_read(f"{(Decimal(plain) * 100).normalize():f}%", scalars.odds)
    return _if_other(percent(plain) or f"{plain}%", text, scalars.odds)


def duration(text: str, key: str = "") -> str | None:
    """`key` says from when it counts: what the value says of that too is left out, if it is the same."""
    plain = typed(text).lower().replace(",", " ").rstrip(".")
    if key.endswith("start") and _AT_START.fullmatch(plain):
        return "0s"
    if "before" in key:
        plain = _BACK_FROM.sub("", plain.lstrip("-"))
    elif "after" in key:
        plain = _ON_FROM.sub("", plain.lstrip("+"))
    plain = re.sub(r"\s+(long|left|only|to go)$", "", plain)
    plain = re.sub(r"^(?:a )?quarter of an hour$", "15m", re.sub(r"^an hour and a half$", "90m", plain))
    plain = re.sub(r"^half an?(?= )", "0.5", re.sub(r"^(an?|one|eine?)(?= )", "1", plain))
    if plain == "0":
        return "0s"
    if clock := re.fullmatch(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})", plain):
        return _in_one_unit(timedelta(hours=int(clock[1]), minutes=int(clock[2]), seconds=int(clock[3])))
    if plain in ("minute", "hour", "day", "second"):
        return f"1{plain[0]}"
    parts = re.findall(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([a-z]+)", plain)
    if not parts or re.sub(r"[0-9.]+\s*[a-z]+|\s|and", "", plain) or any(unit not in _UNIT_WORDS for _, unit in parts):
        return None
    total = timedelta()
    for number, unit in parts:
        exact = Fraction(number) * Fraction(int(scalars.UNITS[_UNIT_WORDS[unit]].total_seconds()))
        if exact.denominator != 1 or exact > 86400 * 366:
            return None
        total += timedelta(seconds=int(exact))
    if len(parts) == 1 and "." not in parts[0][0]:
        return _if_read(f"{int(parts[0][0])}{_UNIT_WORDS[parts[0][1]]}", scalars.duration)
    return _in_one_unit(total)


def _in_one_unit(total: timedelta) -> str | None:
    """In the largest unit that says it whole."""
    for unit in ("d", "h", "m", "s"):
        if total % scalars.UNITS[unit] == timedelta():
            return _if_read(f"{total // scalars.UNITS[unit]}{unit}", scalars.duration)
    return None


def day(text: str) -> str | None:
    """Only where the order of day and month can't be mistaken."""
    plain = typed(text).lower().replace(",", " ")
    numbers = [int(part) for part in re.findall(r"[0-9]{1,8}", plain)][:3]
    if re.fullmatch(r"[0-9]{8}", plain):
        return _date(int(plain[:4]), int(plain[4:6]), int(plain[6:]))
    if re.fullmatch(r"[0-9]{4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,2}", plain):
        return _date(*numbers)
    if re.fullmatch(r"[0-9]{1,2}([-/. ])[0-9]{1,2}\1[0-9]{4}", plain):
        first, second, year = numbers
        if first > 12 or "." in plain or first == second:  # with points it is the day that comes first, everywhere
            return _date(year, second, first)
        return _date(year, first, second) if second > 12 else None
    month = re.search("|".join(_MONTHS), plain)
    if month and len(numbers) == 2 and re.fullmatch(r"[0-9a-z ]+", plain):
        on, year = sorted(numbers)
        return _date(year, _MONTHS.index(month.group()) + 1, on)
    return None


def days(text: str) -> tuple[str, str] | None:
    """`05/12/2026`: the fifth of December, or the twelfth of May."""
    found = re.fullmatch(r"([0-9]{1,2})([-/ ])([0-9]{1,2})\2([0-9]{4})", typed(text))
    if found is None:
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    british, american = _date(year, second, first), _date(year, first, second)
    return (british, american) if british and american and british != american else None


def day_of(text: str) -> str | None:
    """A day where `today` may stand too, and a time of day is more than is asked."""
    plain = typed(text).lower()
    if plain.rstrip(".") == "today":
        return "today"
    found = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[t ]+[0-9]{1,2}:[0-9]{2}.*", plain)
    return found[1] if found and scalars.day(found[1]) else day(text)


def _date(year: int, month: int, on: int) -> str | None:
    try:
        return date(year, month, on).isoformat() if year > 1970 else None
    except ValueError:
        return None


def moment(text: str) -> str | None:
    plain = typed(text).lower()
    found = re.fullmatch(
        r"(.*[0-9])(?:\s*t\s*|[,\s]+(?:at\s+)?)([0-9]{1,2}(?:[:.h][0-9]{2})?\s*(?:[ap]m)?)(?::00(?:\.0+)?)?", plain
    )
    on, at = (day(found[1]), clock(found[2])) if found else (None, None)
    return _if_read(f"{on} {at}", scalars.local_time) if on and at else None


def clock(text: str) -> str | None:
    """A time of day. Of `2:30` nobody knows whether it is 14:30."""
    found = re.fullmatch(r"([0-9]{1,2})(?:[:.h]([0-9]{2}))?\s*([ap])?\.?(?:m\.?)?", typed(text).lower())
    if found is None or not (found[3] or (len(found[1]) == 2 and found[2])):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[3] == "p" else 0)
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None


def reprice(text: str) -> str | None:
    plain = typed(text).lower().lstrip("+-")
    if part := percent(plain):
        return part if part != text and part.strip("0.%") else None
    number = _counted(plain, ("tick", "ticks", "t", ""))
    if number:
        return "1 tick" if number == 1 else _if_read(f"{number} ticks", scalars.ticks)
    called = nearest(plain, _REPRICES)
    return _REPRICES[called] if called else None


def times(text: str) -> str | None:
    number = _counted(typed(text).lower(), ("time", "times", "x", ""))
    return None if not number else "1 time" if number == 1 else _if_read(f"{number} times", scalars.times)


def _counted(plain: str, units: tuple[str, ...]) -> int | None:
    found = re.fullmatch(r"([0-9]{1,4}|[a-z]+?)\s*([a-z]*)", plain)
    if plain in _NUMBER_WORDS:
        return _NUMBER_WORDS[plain]
    if found is None or (found[2] not in units and not nearest(found[2], units)):
        return None
    return int(found[1]) if found[1].isdigit() else _NUMBER_WORDS.get(found[1])


def count(text: str) -> str | None:
    plain = typed(text).lower()
    if plain in _NUMBER_WORDS:
        return str(_NUMBER_WORDS[plain])
    found = re.fullmatch(r"\+?0*([0-9]{1,6})(?:[.,]0+)?(?: [a-z]+)?", plain)
    return _if_read(found[1], scalars.count) if found else None


def small_name(text: str) -> str | None:
    """`Trading View` as `trading_view`."""
    plain = re.sub("[^a-z0-9]+", "_", typed(text).lower()).strip("_")[:40]
    return plain if re.match("[a-z]", plain) else None


def line(text: str) -> str | None:
    plain = typed(text).lower().replace("½", ".5").replace("¼", ".25").replace("¾", ".75").replace(",", ".")
    plain = re.sub(r"^(over|under|o|u)\s*", "", plain).replace("- ", "-")
    plain = re.sub(r"^([+-])?\.", r"\g<1>0." if plain[:1] in "+-" else "0.", plain)
    return _if_read(plain, scalars.line)


def race(text: str) -> str | None:
    plain = typed(text).lower()
    if number := re.fullmatch(r"(?:race|r|no\.?|#)\s*0?([1-9][0-9]?)", plain):
        return number[1]
    clock = re.fullmatch(r"([0-9]{2})[.h:]([0-9]{2})", plain)  # of `1:40` nobody knows whether it is 13:40
    return f"{clock[1]}:{clock[2]}" if clock and int(clock[1]) < 24 and int(clock[2]) < 60 else None


def place(text: str) -> str | None:
    """Among the favourites: `2nd`, `second`."""
    plain = typed(text).lower().removesuffix("favourite").removesuffix("fav").strip()
    words = {"": 1, "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
    if plain in words:
        return str(words[plain])
    found = re.fullmatch(r"0?([1-9][0-9]?)(?:st|nd|rd|th|\.)?", plain)
    return found[1] if found else None


def country(text: str) -> str | None:
    called = {"UK": "GB", "ENGLAND": "GB", "ENG": "GB", "GBR": "GB", "IRELAND": "IE", "IRL": "IE", "USA": "US", "AUS": "AU"}
    plain = typed(text).upper()
    plain = called.get(plain, plain)
    return plain if re.fullmatch("[A-Z]{2}", plain) and plain != text else None


def path(text: str) -> str | None:
    """Folders are told apart by `/` on every computer."""
    plain = text.replace("\\", "/")
    return plain if plain != text and not re.search('[:*?"<>|]', plain) else None


def zone(text: str) -> str | None:
    """`london` is Europe/London: people leave the continent out."""
    from zoneinfo import available_timezones  # a look through a folder of the system, for wrong names only

    # `Etc/GMT+1` is an hour west of Greenwich, the opposite of what people mean by GMT+1.
    names = sorted(name for name in available_timezones() if not name.startswith("Etc/"))
    plain = "_".join(text.casefold().split())
    cities = [name for name in names if name.casefold().rpartition("/")[2] == plain]
    return cities[0] if len(cities) == 1 else nearest(text, names)


def _if_read(text: str, reader: Callable[[str], object | None]) -> str | None:
    """A fix is only offered if planrunner reads it."""
    return text if reader(text) is not None else None


def _if_other(plain: str, text: str, reader: Callable[[str], object | None]) -> str | None:
    """A fix that says what was there already would be none."""
    return _if_read(plain, reader) if plain != text else None
