"""Betfair's JSON: numbers as doubles print them (`3.05`, `5.0`), money from pence, dates as ISO text in UTC."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from planrunner.sandbox import reading
from planrunner.sandbox.clock import iso

Json = Any


def dumps(body: Json) -> bytes:
    """A Decimal prints as the shortest double that reads back as it, which for odds and money is the decimal text itself."""
    return json.dumps(body, default=float, ensure_ascii=False, separators=(",", ":")).encode()


def loads(content: bytes) -> Json:
    """Exact numbers. Raises ValueError, also for bytes that are not UTF-8."""
    return reading.loads(content)


def money(pence: int) -> Decimal:
    return Decimal(pence).scaleb(-2)


def average(odds: Decimal | None) -> Decimal:
    """An average as a double would hold it; 0.0 for nothing matched."""
    return Decimal(0) if odds is None else round(odds, 13)


def second(at: int) -> str:
    """Placed, matched and cancelled dates know whole seconds only."""
    return iso(at // 1000 * 1000)


def millisecond(at: int) -> str:
    return iso(at)
