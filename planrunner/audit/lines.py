"""Reading lines that may be anything: each word is looked at before it is used, and what is wrong with it is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias, TypeVar

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

# No sum of money or odds of a betting market comes near; larger ones would only cost time.
LARGEST = Decimal(10) ** 15
FINEST, COARSEST = -12, 15  # exponents
FIRST_YEAR, LAST_YEAR = 1970, 9000


class Damaged(Exception):
    """What is wrong with a line, in words."""


def read(line: str) -> Json:
    """A line as the JSON object that it must be."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Damaged("it is no JSON") from error
    if not isinstance(value, dict):
        raise Damaged("it is no JSON object")
    return value


def text(of: Json, name: str) -> str:
    return _typed(of, name, str, "a text")


def whole(of: Json, name: str) -> int:
    return _typed(of, name, int, "a whole number")


def inside(of: Json, name: str) -> Json:
    return _typed(of, name, dict, "an object")


def each(of: Json, name: str) -> Iterator[Json]:
    """The objects of a list."""
    for one in _typed(of, name, list, "a list"):
        if not isinstance(one, dict):
            raise Damaged(f"`{name}` holds something that is no object")
        yield one


def each_if_any(of: Json, name: str) -> Iterator[Json]:
    """The same of a list that may be left out."""
    if of.get(name) is not None:
        yield from each(of, name)


def optional_text(of: Json, name: str) -> str | None:
    return None if of.get(name) is None else text(of, name)


def word(of: Json, name: str) -> str:
    """A text, or a number that stands for one: a venue's ids are either."""
    value = of.get(name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(of, name)


def amount(of: Json, name: str) -> Decimal:
    """Exact, from its text."""
    try:
        value = Decimal(text(of, name))
    except InvalidOperation as error:
        raise Damaged(f"`{name}` is no number") from error
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(value) > LARGEST or not FINEST <= exponent <= COARSEST:
        raise Damaged(f"`{name}` is no amount")
    return value


def optional_amount(of: Json, name: str) -> Decimal | None:
    return None if of.get(name) is None else amount(of, name)


def moment(of: Json, name: str) -> datetime:
    """UTC."""
    try:
        at = datetime.fromisoformat(text(of, name))
        at = at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise Damaged(f"`{name}` is no time") from error
    if not FIRST_YEAR <= at.year <= LAST_YEAR:  # so that hours may be added to it
        raise Damaged(f"`{name}` is no time of ours")
    return at


def _typed(of: Json, name: str, kind: type[T], what: str) -> T:
    value = of.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Damaged(f"`{name}` is not {what}" if name in of else f"it has no `{name}`")
    return value
