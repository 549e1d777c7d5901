"""The Tote's bytes: GraphQL documents, what the answer to one says as a whole, and the fields it writes in a way of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable, written
from planrunner.venues.outcomes import Garbled, no_use

CENT = Decimal("0.01")
# What is shown of a text that the venue wrote for people.
_SHOWN = 200
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")


# Documents


def document(query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of a request. Its operation's name is the first word after `query` or `mutation`."""
    name = re.match(r"(?:query|mutation) (\w+)", query)
    assert name is not None
    body: dict[str, Any] = {"operationName": name[1], "query": query}
    return body if variables is None else {**body, "variables": variables}


def arguments(**given: Any) -> str:
    """`(id: "a", first: 50)`. Values of text stand in the document itself: an `ID` and a `String` are written alike there, while
    a variable would have to say which of the two an argument takes, and the venue does not publish that."""
    words = [f"{name}: {written(value)}" for name, value in given.items() if value is not None]
    return f"({', '.join(words)})" if words else ""


# Answers as a whole

UNAUTHENTICATED, FORBIDDEN, ASKED_TO_WAIT, UNAVAILABLE = "UNAUTHENTICATED", "FORBIDDEN", "TOO_MANY_REQUESTS", "UNAVAILABLE"
LOGIN_REFUSED = "LOGIN_REFUSED"  # ours: the login had ended, and a new one was refused
INVALID_DOCUMENT = "INVALID_DOCUMENT"
_BY_STATUS = {401: UNAUTHENTICATED, 403: FORBIDDEN, 429: ASKED_TO_WAIT, 503: UNAVAILABLE}
_BY_EXTENSION = {
    "AUTH_NOT_AUTHENTICATED": UNAUTHENTICATED,
    "UNAUTHENTICATED": UNAUTHENTICATED,
    "AUTH_NOT_AUTHORIZED": FORBIDDEN,
    "FORBIDDEN": FORBIDDEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The document was carried out, perhaps in part: what failed of it is in `problems`, in the venue's words."""

    data: dict[str, Any]
    problems: tuple[str, ...] = ()
    code: str | None = None  # where a problem says that it is one of the login or of rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Nothing of the document was carried out, but for `UNAVAILABLE`, which says nothing of it."""

    code: str
    text: str = ""


Envelope: TypeAlias = Result | Fault | Garbled


def open_envelope(status: int, body: Any) -> Envelope:
    """`body` is the decoded reply, None where it is not JSON."""
    if status in _BY_STATUS:
        return Fault(code=_BY_STATUS[status])
    errors = body.get("errors") if isinstance(body, dict) else None
    errors = errors if isinstance(errors, list) else []
    problems = tuple(shown(one.get("message") if isinstance(one, dict) else one) for one in errors)
    code = next(filter(None, map(_extension, errors)), None)
    match body:
        case {"data": dict(data)} if status == 200:
            return Result(data=data, problems=problems, code=code)
        # By the standard an answer without `data` is to a request that was never carried out; an error that names a field by its
        # path comes from carrying it out, so it is no such answer.
        case {"errors": list()} if 200 <= status < 500 and "data" not in body and errors and not any(map(_has_path, errors)):
            return Fault(code=code or INVALID_DOCUMENT, text="; ".join(problems[:3]))
        case _:
            return no_use(status)


def _extension(error: Any) -> str | None:
    match error:
        case {"extensions": {"code": str(code)}}:
            return _BY_EXTENSION.get(code.upper())
        case _:
            return None


def _has_path(error: Any) -> bool:
    return not isinstance(error, dict) or bool(error.get("path"))


# Fields of results. Each raises Unreadable.


def word(row: Any, name: str) -> str | None:
    """A name, None where it is left out."""
    return None if fields.optional(row, name) in (None, "") else fields.text(row, name)


def code(row: Any, name: str) -> str:
    """A word of one of the venue's lists, in capitals: they are not written alike everywhere. Every list is open; `UNKNOWN` where
    there is none, or what stands there is none."""
    value = fields.optional(row, name)
    return value.upper() if isinstance(value, str) and _CODE.fullmatch(value) else "UNKNOWN"


def amount(row: Any, name: str) -> Decimal | None:
    """Of a `Money`, in whole hundredths; None where it is left out."""
    return None if fields.optional(row, name) is None else money(row[name], name)[0]


def money(row: Any, name: str) -> tuple[Decimal, str | None]:
    """A `Money`: how much, and its currency where that was asked for."""
    value = fields.number(row, "decimalAmount")
    rounded = value.quantize(CENT)
    if rounded != value:
        raise Unreadable(f"`{name}` is not an amount in hundredths")
    currency = fields.optional(row, "currency")
    return rounded, None if currency is None else fields.text(currency, "code").upper()


def moment(row: Any, name: str) -> datetime:
    """Of a date-time that is wrapped in an object with `iso8601`. The venue's times are UTC where they don't say."""
    try:
        value = datetime.fromisoformat(fields.text(fields.optional(row, name), "iso8601"))
        return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).astimezone(UTC)
    except Unreadable:
        raise
    except (ValueError, OverflowError):
        raise Unreadable(f"`{name}` is not a time") from None


def nodes(row: Any, name: str) -> list[Any]:
    """The rows of a connection."""
    return fields.rows(fields.optional(row, name), "nodes")


def next_page(row: Any) -> str | None:
    """The cursor of the page that follows, None after the last."""
    page = fields.block(row, "pageInfo")
    return fields.text(page, "endCursor") if page.get("hasNextPage") is True else None


def shown(said: Any) -> str:
    """What the venue wrote for people, on one line and not too long."""
    if not isinstance(said, str):
        return ""
    line = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
