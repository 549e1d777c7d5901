"""Reading what a client sent: a JSON object whose fields are missing, null, or of a type; numbers may stand as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from planrunner.sandbox.betfair.errors import Refused, missing, wrong_type
from planrunner.sandbox.clock import to_ms

T = TypeVar("T")


class Params:
    """One JSON object. A null counts as absent, unknown fields are not looked at; both as the real service does."""

    __slots__ = ("_fields",)

    def __init__(self, fields: object) -> None:
        if not isinstance(fields, Mapping):
            raise wrong_type()
        self._fields: Mapping[str, Any] = {name: value for name, value in fields.items() if value is not None}

    def __repr__(self) -> str:
        return repr(self._fields)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def fields(self) -> dict[str, Any]:
        """As they came, to be echoed."""
        return dict(self._fields)

    def text(self, name: str) -> str | None:
        match self._fields.get(name):
            case None:
                return None
            case str(text):
                return text
            case bool() | list() | dict():
                raise wrong_type()
            case number:
                return str(number)

    def need_text(self, name: str) -> str:
        return needed(self.text(name))

    def whole(self, name: str) -> int | None:
        match self._fields.get(name):
            case None:
                return None
            case bool():
                raise wrong_type()
            case int(number):
                return number
            case str(text) if text.removeprefix("-").isdecimal():
                return int(text)
            case _:
                raise wrong_type()

    def need_whole(self, name: str) -> int:
        return needed(self.whole(name))

    def number(self, name: str) -> Decimal | None:
        match self._fields.get(name):
            case None:
                return None
            case bool():
                raise wrong_type()
            case int() | Decimal() | str() as value:
                return _decimal(value)
            case _:
                raise wrong_type()

    def need_number(self, name: str) -> Decimal:
        return needed(self.number(name))

    def yes(self, name: str, *, default: bool = False) -> bool:
        match self._fields.get(name):
            case None:
                return default
            case bool(value):
                return value
            case _:
                raise wrong_type()

    def word(self, name: str, words: frozenset[str], default: str | None = None) -> str | None:
        """One of an enumeration; any other word is a fault of the framework."""
        text = self.text(name)
        if text is not None and text not in words:
            raise wrong_type()
        return text if text is not None else default

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of ids or words; None where it is absent."""
        items = self.items(name)
        if items is None:
            return None
        if any(not isinstance(item, str | int) or isinstance(item, bool) for item in items):
            raise wrong_type()
        return tuple(str(item) for item in items)

    def words(self, name: str, words: frozenset[str]) -> frozenset[str]:
        texts = self.texts(name) or ()
        if not words.issuperset(texts):
            raise wrong_type()
        return frozenset(texts)

    def items(self, name: str) -> list[Any] | None:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, list):
            raise wrong_type()
        return value

    def object(self, name: str) -> Params | None:
        return Params(self._fields[name]) if name in self._fields else None

    def objects(self, name: str) -> list[Params]:
        return [Params(item) for item in self.items(name) or []]

    def time(self, name: str) -> int | None:
        """An ISO date in milliseconds; one without a zone is UTC."""
        text = self.text(name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text if text.endswith("Z") or "+" in text else text + "Z")
        except ValueError as wrong:
            raise wrong_type() from wrong
        return to_ms(at)


def needed(value: T | None) -> T:
    if value is None:
        raise missing()
    return value


def market_id(text: str) -> str:
    """`1.<digits>`, or the whole request is refused."""
    head, _, digits = text.partition(".")
    if head != "1" or not digits.isdecimal():
        raise Refused("INVALID_INPUT_DATA", "invalid market id")
    return text


def _decimal(value: int | Decimal | str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation as wrong:
        raise wrong_type() from wrong
    if not number.is_finite():
        raise wrong_type()
    return number
