"""JSON of strangers, read exactly: whatever it holds, it is a value that can be reckoned with and written again, or no JSON."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

# Digits and powers of ten: what a double can be, written out. Reckoning with more fills the memory.
_LONGEST = 400


def loads(content: bytes | str) -> Any:
    """Fractions as decimals; NaN, Infinity, half a sign of two, and what nests without end are no JSON. Raises ValueError."""
    text = content if isinstance(content, str) else content.decode()
    try:
        value = json.loads(text, parse_float=_exact, parse_int=_whole, parse_constant=_no_number)
        if "\\ud" in text.lower():
            json.dumps(value, default=str, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it nests too deeply") from None
    return value


def _exact(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("an exponent without measure") from None
    if len(text) > _LONGEST or abs(value.adjusted()) > _LONGEST:
        raise ValueError("a number without measure")
    return value


def _whole(text: str) -> int:
    if len(text) > _LONGEST:
        raise ValueError("a number without measure")
    return int(text)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
