"""ABP's bytes: the shapes its answers come in, and the fields that it writes in a way of its own.

The venue's documentation has changed its mind about most shapes, so what is read here is read in every form it ever had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from urllib.parse import urlencode

from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable, exact
from planrunner.venues.outcomes import Garbled, no_use

_LONGEST_SAID = 300
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_START = 10**11  # seconds: what is larger is milliseconds


def query(params: Mapping[str, str]) -> str:
    """Filters of a look-up, lists of ids with their commas plain."""
    return urlencode(params, safe=",")


# Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The venue did what it was asked; whether that is what was wanted is in the value."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What the venue does not accept in a request. `index` is the order's place in it, None where it is about the whole."""

    index: int | None
    field: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The request was refused as a whole, in one of the venue's own shapes. `duplicates`: references it has had before."""

    status: int
    text: str
    wrong: tuple[Wrong, ...] = ()
    duplicates: tuple[str, ...] = ()
    retry_after: Decimal | None = None


Envelope: TypeAlias = Result | Fault | Garbled


def open_envelope(status: int, body: Any, retry_after: str | None = None) -> Envelope:
    """`body` is the decoded reply, None where it is not JSON; `retry_after` the header of that name."""
    if 200 <= status < 300 and isinstance(body, dict | list):
        return Result(value=body)
    if status >= 400 and isinstance(body, dict):
        wait = _seconds(body.get("retry_after")) or _seconds(retry_after)
        match body:
            case {"detail": list(items)}:
                wrong = tuple(_wrong(one) for one in items[:100])
                return Fault(status=status, text="; ".join(one.text for one in wrong if one.text), wrong=wrong, retry_after=wait)
            case {"detail": dict(detail)}:
                had = (*_texts(detail.get("duplicateUuids")), *_texts(detail.get("inProgressUuids")))
                text = said(detail.get("error") or detail.get("message"))
                return Fault(status=status, text=text, duplicates=had, retry_after=wait)
            case {"detail": str(text)} | {"error": str(text)}:
                return Fault(status=status, text=said(text), retry_after=wait)
    return no_use(status)


def _wrong(item: Any) -> Wrong:
    """One of a body's faults, as the venue's framework says them: where, and what."""
    where = item.get("loc") if isinstance(item, dict) else None
    places = where if isinstance(where, list) else []
    numbers = [one for one in places if isinstance(one, int) and not isinstance(one, bool)]
    field = next((one for one in reversed(places) if isinstance(one, str)), "")
    text = said(item.get("msg")) if isinstance(item, dict) else ""
    return Wrong(index=numbers[0] if numbers else None, field=said(field), text=text)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _seconds(value: Any) -> Decimal | None:
    """A wait that was asked for; what is no number of seconds, or an absurd one, is none."""
    if isinstance(value, bool):
        return None
    try:
        seconds = Decimal(str(value))
    except InvalidOperation:
        return None
    return seconds if seconds.is_finite() and 0 <= seconds <= 3600 else None


def said(value: Any) -> str:
    """The venue's words as people may see them: one line, printable, not without end."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    plain = "".join(one if one.isprintable() else "?" for one in text)
    return plain if len(plain) <= _LONGEST_SAID else plain[: _LONGEST_SAID - 1] + "…"


# Fields. Each raises Unreadable.


def text(row: Any, name: str) -> str:
    """A word or an id; one that is blank is none."""
    value = fields.text(row, name)
    if not value.strip():
        raise Unreadable(f"`{name}` is missing")
    return value


def word(row: Any, name: str) -> str:
    """A name for people; empty where it is left out."""
    value = fields.optional(row, name)
    return said(value) if isinstance(value, str) else str(value) if type(value) is int else ""


def number(row: Any, name: str) -> Decimal:
    value = maybe(row, name)
    if value is None:
        raise Unreadable(f"`{name}` is missing")
    return value


def maybe(row: Any, name: str) -> Decimal | None:
    """A number, also one that comes as a text; None where it is left out."""
    value = fields.optional(row, name)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = exact(value)
        except ValueError:
            raise Unreadable(f"`{name}` is not a number") from None
    return fields.figure(value, name)


def moment(row: Any, name: str) -> datetime | None:
    """A time as the venue writes it, with a zone or in UTC; None where it is left out."""
    value = fields.optional(row, name)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(f"`{name}` is not a time") from None


def start(row: Any, name: str) -> datetime:
    """A start: seconds since 1970, or a time in words."""
    value = fields.optional(row, name)
    if isinstance(value, str) and not value.isdecimal():
        at = moment(row, name)
        assert at is not None
        return at
    seconds = int(number(row, name))
    try:
        return _EPOCH + timedelta(seconds=seconds if abs(seconds) < _LATEST_START else seconds // 1000)
    except OverflowError:
        raise Unreadable(f"`{name}` is not a time") from None


def flag(row: Any, name: str, *, default: bool) -> bool:
    value = fields.optional(row, name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise Unreadable(f"`{name}` is neither true nor false")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`after`: the cursor of the next page, None where this was the last."""

    rows: list[Any]
    after: str | None


def page(body: Any, name: str) -> Page:
    """A list of orders or bets: a bare array, or an envelope whose key for the rows is not documented."""
    if isinstance(body, list):
        return Page(rows=body, after=None)
    if not isinstance(body, dict):
        raise Unreadable("there is no list")
    keys = [key for key in (name, "data", "items", "results") if isinstance(body.get(key), list)]
    lists = keys or [key for key, value in body.items() if isinstance(value, list)]
    if len(lists) < 1 or (not keys and len(lists) > 1):
        raise Unreadable(f"there is no list of {name}")
    more = flag(body, "hasMore", default=False)
    if more and body.get("nextCursor") is None:
        raise Unreadable("there is more, and nothing says where")
    return Page(rows=body[lists[0]], after=text(body, "nextCursor") if more else None)


def rates(value: Any) -> Iterator[tuple[str, Decimal]]:
    """Units of a currency for one US dollar, from any block or list of blocks that tells. What can't be read tells nothing."""
    for one in value if isinstance(value, list) else [value]:
        try:
            currency, worth = text(one, "currency").upper(), maybe(one, "currencyValue")
        except Unreadable:
            continue
        if worth is not None and worth > 0:
            yield currency, worth
