"""Betfair's bytes: JSON with exact numbers, and the JSON-RPC envelope.

Numbers come in as `Decimal` and go out with exactly their decimal text; no float is ever made of money or odds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from json.encoder import encode_basestring_ascii
from typing import Any, TypeAlias

from planrunner.model.placement import Sizes

BETTING = "SportsAPING/v1.0/"
ACCOUNT = "AccountAPING/v1.0/"
CENT = Decimal("0.01")
# The venue counts in doubles, and 3.809999999999999 was seen for 3.81. What is further off than this is no rounding.
NOISE = Decimal("0.000001")
# Digits and powers of ten: what a double can be, written out. Nothing a venue counts is as large as the second figure.
_LONGEST_NUMBER = 400
_LONGEST_TEXT = 1000
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")
NO_CODE = "a code that is none"
_LARGEST = Decimal(10) ** 15


class Unreadable(ValueError):
    """Not what the venue's documentation says. The text names the place, never the content."""


def encode(value: Any) -> bytes:
    """JSON. The same value gives the same bytes: a request that is sent again is identical."""
    return _text(value).encode("ascii")


def _text(value: Any) -> str:
    match value:
        case str():
            return encode_basestring_ascii(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case dict():
            return "{" + ",".join(f"{encode_basestring_ascii(key)}:{_text(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(_text(one) for one in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no exact form in JSON")


def decode(content: bytes) -> Any:
    """Raises Unreadable."""
    try:
        return json.loads(content, parse_float=_exact, parse_int=_whole, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON") from None


def _exact(text: str) -> Decimal:
    """A Decimal takes any exponent but the most absurd, and reckoning with such a number fills the memory."""
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


def call(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A JSON-RPC request. One a body, so its id says nothing and is always 1."""
    return {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The operation ran. Whether it did what was asked is in the value."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The operation was refused as a whole. `code` is the venue's."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbled:
    """No answer of the service at all: a gateway's page, or JSON of some other shape."""

    text: str


Envelope: TypeAlias = Result | Fault | Garbled


def open_envelope(status: int, body: Any) -> Envelope:
    """`body` is the decoded reply, None where it is not JSON."""
    match body:
        case {"error": {"data": {"APINGException": {"errorCode": str(code)}}}}:
            return Fault(code=known_form(code))
        case {"error": {"data": {"AccountAPINGException": {"errorCode": str(code)}}}}:
            return Fault(code=known_form(code))
        case {"error": {"code": int(number)}}:
            return Fault(code=known_form(str(number)))
        case {"result": value, "id": 1} if status == 200 and "error" not in body:
            return Result(value=value)
        case _:
            return Garbled(text=f"the venue's answer is no use (HTTP status {status})")


# Fields of results. Each raises Unreadable.


def text(row: Any, name: str) -> str:
    value = optional(row, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # some bet ids were seen as numbers
    if not isinstance(value, str) or not value:
        raise Unreadable(f"`{name}` is missing")
    if len(value) > _LONGEST_TEXT:
        raise Unreadable(f"`{name}` is {len(value)} characters long")
    return value


def number(row: Any, name: str) -> Decimal:
    value = optional(row, name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unreadable(f"`{name}` is not a number")
    exact = Decimal(value)
    if not -_LARGEST < exact < _LARGEST:
        raise Unreadable(f"`{name}` is too large for a number of a market")
    return exact


def size(row: Any, name: str) -> Decimal:
    """An amount of money, in whole hundredths; 0 where the field is left out."""
    if optional(row, name) is None:
        return Decimal("0.00")
    exact = number(row, name)
    try:
        rounded = exact.quantize(CENT, rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise Unreadable(f"`{name}` is not an amount") from None
    if abs(exact - rounded) > NOISE:
        raise Unreadable(f"`{name}` is not an amount in hundredths")
    return rounded


def average(row: Any, name: str) -> Decimal | None:
    """Average odds; left out or 0 where nothing is matched. They are not on any ladder."""
    value = Decimal(0) if optional(row, name) is None else number(row, name)
    return value or None


def code(row: Any, name: str) -> str | None:
    """A code or a status, None where it is left out. Raises Unreadable where it is no text."""
    value = word(row, name)
    return None if value is None else known_form(value)


def known_form(value: str) -> str:
    """The venue's codes are told to people; a text of any length and kind that stands in the place of one is not."""
    return value if _CODE.fullmatch(value) else NO_CODE


def sizes(**parts: Decimal) -> Sizes:
    """Raises Unreadable where they do not add up."""
    try:
        return Sizes(**parts)
    except ValueError:
        raise Unreadable("the sizes do not add up") from None


def word(row: Any, name: str) -> str | None:
    """A name, None where it is left out."""
    value = optional(row, name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"`{name}` is not a word")
    if value is not None and len(value) > _LONGEST_TEXT:
        raise Unreadable(f"`{name}` is {len(value)} characters long")
    return value


def moment(row: Any, name: str) -> datetime:
    try:
        value = datetime.fromisoformat(text(row, name))
    except ValueError:
        raise Unreadable(f"`{name}` is not a time") from None
    if value.tzinfo is None:
        raise Unreadable(f"`{name}` has no zone")
    return value


def rows(row: Any, name: str) -> list[Any]:
    value = optional(row, name)
    if not isinstance(value, list):
        raise Unreadable(f"`{name}` is not a list")
    return value


def block(row: Any, name: str) -> dict[str, Any]:
    """An object inside; empty where it is left out."""
    value = optional(row, name)
    if value is not None and not isinstance(value, dict):
        raise Unreadable(f"`{name}` is no object")
    return value or {}


def optional(row: Any, name: str) -> Any:
    if not isinstance(row, dict):
        raise Unreadable(f"there is no object to hold `{name}`")
    return row.get(name)
