"""What is sent to us, read within bounds of size and time, whatever its length was said to be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from starlette.requests import ClientDisconnect, Request

from planrunner.web.problem import Problem

LARGEST = 1 << 20  # bytes: a plan is a few KiB
WITHIN = 10.0  # seconds, for all of it
LONGEST_WORDS = 300  # characters of what is wrong with a body: it quotes the body


class TooLarge(Exception):
    """More than was allowed; the rest is not read."""


async def read(request: Request, *, most: int = LARGEST, within: float = WITHIN) -> bytes:
    """Raises TooLarge, TimeoutError, ClientDisconnect."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and (len(said) > 12 or int(said) > most):
        raise TooLarge
    pieces, size = [], 0
    async with asyncio.timeout(within):
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                raise TooLarge
            pieces.append(piece)
    return b"".join(pieces)


async def text(request: Request) -> bytes:
    """A plan's text. Raises Problem."""
    try:
        return await read(request)
    except TooLarge:
        raise Problem(413, f"at most {LARGEST >> 20} MiB can be sent") from None
    except TimeoutError:
        raise Problem(408, f"the body did not come within {WITHIN:.0f} seconds") from None
    except ClientDisconnect:
        raise Problem(400, "the body ended before its end") from None


async def fields(request: Request, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object of this form; an empty body is an empty one. Numbers come as they were written: 3.10 stays 3.10. Raises
    Problem."""
    raw = await text(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and kind != "application/json":
        raise Problem(415, "send JSON, and say so: Content-Type: application/json")
    try:
        found = loads(raw.decode("utf-8")) if raw else {}
    except ValueError as error:
        raise Problem(400, f"the body is no JSON: {str(error)[:LONGEST_WORDS]}") from None
    wrong = next(iter(Draft202012Validator(schema).iter_errors(found)), None)
    if wrong is not None:
        place = ".".join(str(one) for one in wrong.path) or "the body"
        raise Problem(400, f"{place}: {wrong.message}"[:LONGEST_WORDS])
    assert isinstance(found, dict)
    return found


def loads(document: str) -> Any:
    """JSON whose numbers are texts, and which says nothing twice. Raises ValueError."""
    try:
        return json.loads(
            document, parse_float=str, parse_int=str, parse_constant=_no_number, object_pairs_hook=_each_once
        )  # fmt: skip
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Half a surrogate pair is no letter, and nothing could be done with it: encoding it is a ValueError."""
    found = dict(pairs)
    for key, value in pairs:
        (key + value if isinstance(value, str) else key).encode()
    if len(found) < len(pairs):
        raise ValueError("a key stands in it twice")
    return found
