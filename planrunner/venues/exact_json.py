"""JSON with exact numbers, for every venue that speaks it.

Numbers come in as `Decimal` and go out with exactly their decimal text; no float is ever made of money or odds.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring_ascii
from typing import Any

# Digits and powers of ten: what a double can be, written out.
_LONGEST_NUMBER = 400


class Unreadable(ValueError):
    """Not what the venue's documentation says. The text names the place, never the content."""


def encode(value: Any) -> bytes:
    """JSON. The same value gives the same bytes: a request that is sent again is identical."""
    return written(value).encode("ascii")


def written(value: Any) -> str:
    match value:
        case None:
            return "null"
        case str():
            return encode_basestring_ascii(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case dict():
            return "{" + ",".join(f"{encode_basestring_ascii(key)}:{written(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no exact form in JSON")


def decode(content: bytes | str) -> Any:
    """Raises Unreadable."""
    try:
        return json.loads(content, parse_float=exact, parse_int=_whole, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON") from None


def exact(text: str) -> Decimal:
    """A Decimal takes any exponent but the most absurd, and reckoning with such a number fills the memory. Raises ValueError."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text[:20]) from None
    if len(text) > _LONGEST_NUMBER or abs(value.adjusted()) > _LONGEST_NUMBER:
        raise ValueError(text[:20])
    return value


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text[:20])
    return int(text)


def _no_constant(name: str) -> None:
    raise ValueError(name)
