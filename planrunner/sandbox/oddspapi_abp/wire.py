"""The router's JSON: numbers as doubles print them, times as ISO text with microseconds and `+00:00`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from planrunner.sandbox import reading
from planrunner.sandbox.clock import from_ms

Json = Any


def dumps(body: Json) -> str:
    """Whole numbers without a point, others as the shortest double that reads back as they are."""
    return json.dumps(body, default=_number, ensure_ascii=False, separators=(",", ":"))


def loads(content: bytes | str) -> Json:
    """Exact numbers. Raises ValueError, also for bytes that are not UTF-8."""
    return reading.loads(content)


def stamp(at: int) -> str:
    """`2026-09-13T15:00:00.101000+00:00`."""
    return from_ms(at).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def reply(body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dumps(body), status, dict(headers or {}), "application/json")


def _number(value: object) -> int | float:
    assert isinstance(value, Decimal)
    return int(value) if value == value.to_integral_value() else float(value)
