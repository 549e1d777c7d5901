"""What templates reckon with: exact amounts that know what they are of.

Everything is a `Fraction` until it is written, and what can't be written exactly is refused: nothing is rounded unless the author
says how. Text takes part in sums by its form, so that a cell of a table `10.00 GBP` is money and `2m` is a duration.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from planrunner.model.money import DECIMALS
from planrunner.plan import scalars
from planrunner.plan.messages import template as say
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem

# A number as people write it; more digits than this are no stake and no odds.
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.([0-9]{1,10}))?")
_AMERICAN = re.compile(r"[+-][1-9][0-9]{2,4}")
_MOST_PLACES = 6  # of a number written out
LONGEST = 1000  # characters of a rendered text: as many as an alert may have
_ODDS_PLACES = 4  # as the plan language has them
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


class Kind(StrEnum):
    """The value of each is what it is called in messages."""

    TEXT = "text"
    NUMBER = "a number"
    MONEY = "an amount of money"
    ODDS = "odds"
    DURATION = "a duration"
    YES_NO = "a yes or no"
    ABSENT = "nothing"
    UNKNOWN = "unknown"


class Value(NamedTuple):
    """One value. `amount` is a number, money, the ratio of decimal odds, seconds, or 1 for yes; `text` is how it was written
    (empty where it was worked out), `places` how many decimals it is written with at least. `origin` is where it stands,
    untouched."""

    kind: Kind
    amount: Fraction = Fraction(0)
    text: str = ""
    currency: str = ""
    places: int = 0
    origin: Scalar | None = None


class Wrong(Exception):
    """A template has no value. `tell` makes the problem; `at` is where it stands if not at the template."""

    def __init__(self, tell: Callable[[Span], Problem], at: Scalar | None = None) -> None:
        super().__init__()
        self.tell = tell
        self.at = at


ABSENT = Value(Kind.ABSENT)
UNKNOWN = Value(Kind.UNKNOWN)
YES, NO = Value(Kind.YES_NO, Fraction(1)), Value(Kind.YES_NO)


def text_value(text: str, origin: Scalar | None = None) -> Value:
    return Value(Kind.TEXT, text=text, origin=origin)


def number(amount: int | Fraction, places: int = 0) -> Value:
    return Value(Kind.NUMBER, Fraction(amount), places=places)


def odds(ratio: Fraction, text: str = "", origin: Scalar | None = None) -> Value:
    return Value(Kind.ODDS, ratio, text, origin=origin)


def amount_of(text: str) -> Value | None:
    """A text that has the form of an amount; None for any other."""
    if _AMERICAN.fullmatch(text) or text.endswith("%"):
        found = scalars.odds(text)
        return odds(found.ratio, text) if found is not None else None
    if plain := _NUMBER.fullmatch(text):
        return Value(Kind.NUMBER, Fraction(text), text, places=len(plain[1] or ""))
    money = scalars.money(text)
    if money is not None:
        is_whole = money.currency in DECIMALS and scalars.is_exact(text, money.currency)
        return Value(Kind.MONEY, Fraction(money.amount), text, money.currency) if is_whole else None
    delay = scalars.duration(text)
    return Value(Kind.DURATION, Fraction(delay.days * 86400 + delay.seconds), text) if delay is not None else None


# Writing


def written(value: Value) -> str:
    """A value as a plan has it. Raises Wrong where that would need rounding, or there is nothing to write."""
    if value.text or value.kind is Kind.TEXT:
        return value.text
    match value.kind:
        case Kind.NUMBER:
            return _decimal(value, _MOST_PLACES, value.places)
        case Kind.MONEY:
            places = DECIMALS[value.currency]
            return f"{_decimal(value, places, places)} {value.currency}"
        case Kind.ODDS:
            return _decimal(value, _ODDS_PLACES, 1 if value.amount >= 100 else 2)
        case Kind.DURATION:
            return _duration(value)
        case _:
            raise Wrong(lambda at: say.not_a_value(at, value.kind))


def _decimal(value: Value, most: int, least: int) -> str:
    scaled = value.amount * 10**most
    if scaled.denominator != 1:
        raise Wrong(lambda at: say.not_exact(at, shown(value), value.kind))
    sign, digits = "-" if scaled < 0 else "", str(abs(scaled.numerator)).rjust(most + 1, "0")
    whole, decimals = (digits[:-most], digits[-most:]) if most else (digits, "")
    while len(decimals) > least and decimals.endswith("0"):
        decimals = decimals[:-1]
    return f"{sign}{whole}.{decimals}" if decimals else sign + whole


def _duration(value: Value) -> str:
    seconds = value.amount
    if seconds.denominator != 1:
        raise Wrong(lambda at: say.not_exact(at, shown(value), value.kind))
    if seconds < 0:
        raise Wrong(lambda at: say.below_zero(at, f"{seconds}s"))
    unit = next((unit for unit, size in _SECONDS.items() if seconds and not seconds % size), "s")
    return f"{seconds // _SECONDS[unit]}{unit}"


def shown(value: Value) -> str:
    """For messages: enough decimals to see why it is none of its kind."""
    if value.text:
        return value.text
    if value.kind in (Kind.TEXT, Kind.ABSENT, Kind.UNKNOWN, Kind.YES_NO):
        return "nothing" if not value.amount else "yes"
    rounded = Fraction(round(value.amount * 10**6), 10**6)
    figure = _decimal(value._replace(amount=rounded), 6, 2 if value.kind is Kind.MONEY else 0)
    figure += "" if rounded == value.amount else "..."
    return f"{figure} {value.currency}" if value.kind is Kind.MONEY else figure + ("s" if value.kind is Kind.DURATION else "")


# Reckoning

_SAME = frozenset({Kind.NUMBER, Kind.MONEY, Kind.DURATION})
# What times or divided by what, and what that gives; factors go either way round.
_PRODUCTS = {
    (Kind.NUMBER, Kind.NUMBER): Kind.NUMBER,
    (Kind.MONEY, Kind.NUMBER): Kind.MONEY,
    (Kind.MONEY, Kind.ODDS): Kind.MONEY,  # what comes back of a stake, what a lay can lose
    (Kind.ODDS, Kind.NUMBER): Kind.ODDS,
    (Kind.DURATION, Kind.NUMBER): Kind.DURATION,
}


def add(left: Value, right: Value, sign: int = 1) -> Value:
    """Amounts of one kind; odds and a number are odds."""
    left, right = _amount(left), _amount(right)
    places = max(left.places, right.places)
    kinds = {left.kind, right.kind}
    if left.kind is right.kind and left.kind in _SAME:
        _same_currency(left, right)
        return Value(left.kind, left.amount + sign * right.amount, currency=left.currency, places=places)
    if kinds == {Kind.ODDS, Kind.NUMBER} and (sign > 0 or left.kind is Kind.ODDS):
        return odds(left.amount + sign * right.amount)
    raise Wrong(lambda at: say.does_not_add(at, shown(left), left.kind, shown(right), right.kind, "+" if sign > 0 else "-"))


def subtract(left: Value, right: Value) -> Value:
    return add(left, right, -1)


def multiply(left: Value, right: Value) -> Value:
    left, right = _amount(left), _amount(right)
    if (left.kind, right.kind) not in _PRODUCTS:
        left, right = right, left
    kind = _PRODUCTS.get((left.kind, right.kind))
    if kind is None:
        raise Wrong(lambda at: say.does_not_multiply(at, shown(right), right.kind, shown(left), left.kind, "*"))
    return Value(kind, left.amount * right.amount, currency=left.currency, places=max(left.places, right.places))


def divide(left: Value, right: Value) -> Value:
    left, right = _amount(left), _amount(right)
    kind = _PRODUCTS.get((left.kind, right.kind))
    if left.kind is right.kind and left.kind in (Kind.MONEY, Kind.DURATION):
        _same_currency(left, right)
        kind = Kind.NUMBER
    if kind is None:
        raise Wrong(lambda at: say.does_not_multiply(at, shown(left), left.kind, shown(right), right.kind, "/"))
    if not right.amount:
        raise Wrong(lambda at: say.divided_by_zero(at, shown(left)))
    currency = left.currency if kind is Kind.MONEY else ""
    return Value(kind, left.amount / right.amount, currency=currency, places=max(left.places, right.places))


def negate(value: Value) -> Value:
    value = _amount(value)
    if value.kind is not Kind.NUMBER:
        raise Wrong(lambda at: say.not_negative(at, shown(value), value.kind))
    return number(-value.amount, value.places)


def join(left: Value, right: Value) -> Value:
    return text_value(written(there(left)) + written(there(right)))


def replaced(value: Value, old: Value, new: Value) -> Value:
    """Every `old` in a text made `new`. Raises Wrong where no text could be as long: a few in a row would fill the memory."""
    text, before, after = written(value), written(old), written(new)
    if not before:
        return value
    if len(text) + text.count(before) * (len(after) - len(before)) > LONGEST:
        raise Wrong(lambda at: say.too_long(at, LONGEST))
    return text_value(text.replace(before, after))


def order_of(left: Value, right: Value) -> int:
    """-1, 0 or 1. Amounts of one kind, or a number beside odds; texts are the same or not, which is 0 or 1."""
    if Kind.TEXT in (left.kind, right.kind) or Kind.ABSENT in (left.kind, right.kind):
        first, second = (amount_of(value.text) if value.kind is Kind.TEXT else value for value in (left, right))
        if first is None or second is None or Kind.ABSENT in (first.kind, second.kind):
            return 0 if left.text == right.text and (left.text or left.kind == right.kind or _are_empty(left, right)) else 1
        left, right = first, second
    if left.kind is not right.kind and {left.kind, right.kind} != {Kind.ODDS, Kind.NUMBER}:
        raise Wrong(lambda at: say.does_not_compare(at, shown(left), left.kind, shown(right), right.kind))
    _same_currency(left, right)
    return (left.amount > right.amount) - (left.amount < right.amount)


def has_order(value: Value) -> bool:
    """Is it more or less than others? Texts are not."""
    return value.kind in (Kind.NUMBER, Kind.MONEY, Kind.ODDS, Kind.DURATION) or (
        value.kind is Kind.TEXT and amount_of(value.text) is not None
    )


def _are_empty(left: Value, right: Value) -> bool:
    return all(value.kind in (Kind.ABSENT, Kind.TEXT) and not value.text for value in (left, right))


def _amount(value: Value) -> Value:
    """A value to reckon with."""
    value = there(value)
    if value.kind is not Kind.TEXT:
        return value
    found = amount_of(value.text)
    if found is None:
        raise Wrong(lambda at: say.not_an_amount(at, value.text), value.origin)
    return found


def there(value: Value) -> Value:
    """A value that is not absent."""
    if value.kind is Kind.ABSENT:
        raise Wrong(say.reckons_with_nothing, value.origin)
    return value


def _same_currency(left: Value, right: Value) -> None:
    if left.currency != right.currency:
        raise Wrong(lambda at: say.two_currencies(at, shown(left), shown(right)))


def as_odds(value: Value) -> Value:
    """Odds, or a number that is meant as odds."""
    value = _amount(value)
    if value.kind not in (Kind.ODDS, Kind.NUMBER):
        raise Wrong(lambda at: say.not_odds(at, shown(value), value.kind))
    return odds(value.amount)


# Rounding


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def rounded(value: Value, how: Callable[[Fraction], int], places: int | None) -> Value:
    """To the currency's decimals, whole seconds, two decimals of odds, whole numbers; or to so many places."""
    value = _amount(value)
    usual = {Kind.MONEY: DECIMALS.get(value.currency, 2), Kind.ODDS: 2}.get(value.kind, 0)
    to = usual if places is None else places
    if value.kind in (Kind.MONEY, Kind.DURATION):
        to = min(to, usual)
    if value.kind is Kind.YES_NO:
        raise Wrong(lambda at: say.not_a_value(at, value.kind))
    amount = Fraction(how(value.amount * 10**to), 10**to)
    return Value(value.kind, amount, currency=value.currency, places=to if value.kind is Kind.NUMBER else 0)


ROUNDING: dict[str, Callable[[Fraction], int]] = {"round_down": floor, "round_up": ceil, "round": half_up}
