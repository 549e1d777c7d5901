"""The fields of what a venue answered, each read as what its documentation says it is. Each raises Unreadable.

What a venue writes in a way of its own is read in its `wire.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from planrunner.venues.exact_json import Unreadable

LONGEST_TEXT = 1000
# No stake, price or pool is as large.
_LARGEST = Decimal(10) ** 15


def optional(row: Any, name: str) -> Any:
    if not isinstance(row, dict):
        raise Unreadable(f"there is no object to hold `{name}`")
    return row.get(name)


def text(row: Any, name: str) -> str:
    """A word or an id; ids come as numbers and as texts."""
    value = optional(row, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"`{name}` is missing")
    return not_too_long(value, name)


def not_too_long(value: str, name: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise Unreadable(f"`{name}` is {len(value)} characters long")
    return value


def number(row: Any, name: str) -> Decimal:
    return figure(optional(row, name), name)


def figure(value: Any, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unreadable(f"`{name}` is not a number")
    exact = Decimal(value)
    if not exact.is_finite() or not -_LARGEST < exact < _LARGEST:
        raise Unreadable(f"`{name}` is too large for a number of a market")
    return exact


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
