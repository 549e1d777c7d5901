"""JSON with exact numbers: money comes in as a decimal and goes out as a number."""

from __future__ import annotations

import json
from typing import Any

from planrunner.sandbox import reading

Json = Any


def dumps(body: Json) -> str:
    """A Decimal prints as the shortest double that reads back as it, which for money is the decimal text itself."""
    return json.dumps(body, default=float, ensure_ascii=False, separators=(",", ":"))


def loads(content: bytes | str) -> Json:
    """Exact numbers. Raises ValueError, also for bytes that are not UTF-8."""
    return reading.loads(content)
