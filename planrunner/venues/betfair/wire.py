"""Betfair's bytes: the JSON-RPC envelope, and the fields that Betfair writes in a way of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, TypeAlias

from planrunner.model.placement import Sizes
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.outcomes import Garbled, no_use

BETTING = "SportsAPING/v1.0/"
ACCOUNT = "AccountAPING/v1.0/"
CENT = Decimal("0.01")
# The venue counts in doubles, and 3.809999999999999 was seen for 3.81. What is further off than this is no rounding.
NOISE = Decimal("0.000001")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")
NO_CODE = "a code that is none"


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
            return no_use(status)


# Fields of results. Each raises Unreadable.


def size(row: Any, name: str) -> Decimal:
    """An amount of money, in whole hundredths; 0 where the field is left out."""
    if fields.optional(row, name) is None:
        return Decimal("0.00")
    exact = fields.number(row, name)
    try:
        rounded = exact.quantize(CENT, rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise Unreadable(f"`{name}` is not an amount") from None
    if abs(exact - rounded) > NOISE:
        raise Unreadable(f"`{name}` is not an amount in hundredths")
    return rounded


def average(row: Any, name: str) -> Decimal | None:
    """Average odds; left out or 0 where nothing is matched. They are not on any ladder."""
    value = Decimal(0) if fields.optional(row, name) is None else fields.number(row, name)
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
    value = fields.optional(row, name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"`{name}` is not a word")
    return None if value is None else fields.not_too_long(value, name)


def moment(row: Any, name: str) -> datetime:
    try:
        value = datetime.fromisoformat(fields.text(row, name))
        at = value.astimezone(UTC) if value.tzinfo is not None else None
    except (ValueError, OverflowError):  # the first day of all, in a zone that is ahead, has no moment in UTC
        raise Unreadable(f"`{name}` is not a time") from None
    if at is None:
        raise Unreadable(f"`{name}` has no zone")
    return at
