"""JSON with exact numbers: money comes in as a decimal and goes out as a number."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

Json = Any


def dumps(body: Json) -> str:
    """A Decimal prints as the shortest double that reads back as it, which for money is the decimal text itself."""
    return json.dumps(body, default=float, ensure_ascii=False, separators=(",", ":"))


def loads(content: bytes | str) -> Json:
    """NaN and Infinity are no JSON. Raises ValueError (also for bytes that are not UTF-8)."""
    return json.loads(content, parse_float=Decimal, parse_constant=_no_number)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
