"""Values of the model as JSON and back, exactly: amounts, odds and times are text, and a field goes by its own name.

Nothing is left out and nothing is made up: what comes back equals what went in. What doesn't fit is a ValueError that says where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from planrunner.model.money import DECIMALS, Money, smallest_unit

Json: TypeAlias = Any
_PLAIN = (str, int, bool, NoneType)
# In a union of several kinds a value says which it is, under a key that no field has.
_KIND = "is"
_HINTS: dict[type[Any], dict[str, Any]] = {}  # found out once for each kind


def write(value: Any, tables: Mapping[type[Any], list[Any]] | None = None) -> Json:
    """`tables` take values of some kinds that many others share: each is written there once, and elsewhere is its number."""
    return _Writer(tables or {}).write(value)


def read(kind: Any, found: Json, tables: Mapping[type[Any], Sequence[Any]] | None = None) -> Any:
    """A value of `kind`, a type as annotations have them; `tables` as they were written, already read. Raises ValueError."""
    return _Reader(tables or {}).read(kind, found, "")


class _Writer:
    def __init__(self, tables: Mapping[type[Any], list[Any]]) -> None:
        self._tables = tables
        self._numbers: dict[type[Any], dict[Any, int]] = {
            kind: {one: at for at, one in enumerate(known)} for kind, known in tables.items()
        }

    def write(self, value: Any) -> Json:
        kind = type(value)
        if kind in self._tables:
            return self._number(kind, value)
        if kind in _PLAIN:
            return value
        if kind in _AS_TEXT:
            return _AS_TEXT[kind](value)
        if isinstance(value, StrEnum):
            return str(value.value)
        if isinstance(value, tuple):
            return [self.write(one) for one in value]
        if isinstance(value, Mapping):
            return {name: self.write(one) for name, one in value.items()}
        return self.fields_of(value)

    def fields_of(self, value: Any) -> dict[str, Json]:
        hints = _hints(type(value))
        found: dict[str, Json] = {}
        for one in fields(value):
            held = getattr(value, one.name)
            written = self.write(held)
            if len(_dataclasses(hints[one.name])) > 1:
                written = {_KIND: _called(type(held)), **written}
            found[one.name] = written
        return found

    def _number(self, kind: type[Any], value: Any) -> int:
        numbers = self._numbers[kind]
        if value not in numbers:
            numbers[value] = len(self._tables[kind])
            self._tables[kind].append(value)
        return numbers[value]


class _Reader:
    def __init__(self, tables: Mapping[type[Any], Sequence[Any]]) -> None:
        self._tables = tables

    def read(self, kind: Any, found: Json, at: str) -> Any:
        kind = getattr(kind, "__supertype__", kind)
        if kind in self._tables:
            return self._of_table(self._tables[kind], found, at)
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            return self._union(get_args(kind), found, at)
        if origin is Literal:
            return found if found in get_args(kind) else _refuse(at)
        if origin is tuple:
            items = found if isinstance(found, list) else _refuse(at)
            return tuple(self.read(get_args(kind)[0], one, f"{at}/{index}") for index, one in enumerate(items))
        if origin is not None and issubclass(origin, Mapping):
            table = found if isinstance(found, dict) else _refuse(at)
            return {name: self.read(get_args(kind)[1], one, f"{at}/{name}") for name, one in table.items()}
        return self._single(kind, found, at)

    def _single(self, kind: Any, found: Json, at: str) -> Any:
        if kind in _PLAIN:
            return found if type(found) is kind else _refuse(at)
        if is_dataclass(kind) and kind is not Money:
            return self._record(kind, found, at)
        try:
            return _FROM_TEXT[kind](found) if kind in _FROM_TEXT else kind(found)
        except (ValueError, TypeError, ArithmeticError, KeyError, AttributeError):
            return _refuse(at)

    def _record(self, kind: Any, found: Json, at: str) -> Any:
        hints = _hints(kind)
        names = [one.name for one in fields(kind)]
        if not isinstance(found, dict) or found.keys() != set(names):
            _refuse(at)
        return kind(**{name: self.read(hints[name], found[name], f"{at}/{name}") for name in names})

    def _union(self, kinds: Sequence[Any], found: Json, at: str) -> Any:
        if found is None:
            return None if NoneType in kinds else _refuse(at)
        others = [one for one in kinds if one is not NoneType]
        if len(others) == 1:
            return self.read(others[0], found, at)
        if isinstance(found, dict):
            called = found.get(_KIND)
            fitting = [one for one in others if is_dataclass(one) and _called(cast("type[Any]", one)) == called]
            return self.read(fitting[0], _without_kind(found), at) if fitting else _refuse(at)
        fitting = [one for one in others if one in (_PLAIN if type(found) is int else (str, Money)) and one is not bool]
        return self.read(fitting[0], found, at) if fitting else _refuse(at)

    def _of_table(self, table: Sequence[Any], found: Json, at: str) -> Any:
        return table[found] if type(found) is int and 0 <= found < len(table) else _refuse(at)


def _without_kind(found: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in found.items() if name != _KIND}


def _refuse(at: str) -> Any:
    raise ValueError(f"what stands at {at or '/'} is not what belongs there")


def _hints(kind: type[Any]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]


def _dataclasses(kind: Any) -> list[Any]:
    """The kinds of a union that are written as tables of fields."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    return [one for one in kinds if is_dataclass(one) and one is not Money]


def _called(kind: type[Any]) -> str:
    """`BeforeStart` as `before_start`."""
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in kind.__name__).removeprefix("_")


def _money(money: Money) -> str:
    """As people write it; an amount that is finer than the currency keeps all its digits."""
    amount = money.amount
    is_usual = amount.is_finite() and amount == amount.quantize(smallest_unit(money.currency))
    return str(money) if is_usual else f"{amount} {money.currency}"


def _read_money(text: str) -> Money:
    amount, currency = text.split(" ")
    value = Decimal(amount)
    if currency not in DECIMALS or not value.is_finite():
        raise ValueError(text)
    return Money(amount=value, currency=currency)


def _seconds(delay: timedelta) -> int:
    """Nothing in a plan is finer than a second."""
    if delay.microseconds:
        raise ValueError(f"{delay} is not whole seconds")
    return delay.days * 86400 + delay.seconds


def _read_seconds(found: Json) -> timedelta:
    if type(found) is not int:
        raise ValueError(found)
    return timedelta(seconds=found)


_AS_TEXT: dict[type[Any], Callable[[Any], Json]] = {
    Money: _money,
    Decimal: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _seconds,
}
_FROM_TEXT: dict[type[Any], Callable[[Any], Any]] = {
    Money: _read_money,
    Decimal: lambda found: Decimal(found) if isinstance(found, str) else _refuse(""),
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    timedelta: _read_seconds,
}
