"""Plans changed in one place at random: any field at any depth, members added, taken out and moved."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, NewType, TypeAlias, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from planrunner.model.money import Money
from planrunner.model.odds import Odds

Path: TypeAlias = tuple[str | int, ...]
WORDS = st.sampled_from(
    ["Arsenal", "arsenal", "Chelsea", "a#1", "a#2", "", "one;two", "x -> y", "10.00 GBP", "é", "е", "\u202e", "\n"]
)
_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: WORDS,
    int: st.integers(0, 12),
    bool: st.booleans(),
    type(None): st.none(),
    Decimal: st.sampled_from([Decimal(one) for one in ("0", "1", "1.0", "2.50", "2.5", "10")]),
    Fraction: st.sampled_from([Fraction(3), Fraction(31, 10), Fraction(21, 11), Fraction(5, 2)]),
    timedelta: st.integers(0, 400).map(lambda seconds: timedelta(seconds=seconds)),
    date: st.dates(date(2026, 12, 1), date(2026, 12, 9)),
    time: st.builds(time, st.integers(9, 11), st.sampled_from([0, 30])),
    datetime: st.integers(0, 9).map(lambda days: datetime(2026, 12, 1 + days, 14, 30, tzinfo=UTC)),
    Odds: st.builds(Odds, ratio=st.sampled_from([Fraction(3), Fraction(31, 10)]), text=st.sampled_from(["3.00", "3.10", "+200"])),
    Money: st.builds(
        Money,
        amount=st.sampled_from([Decimal(one) for one in ("1", "2.00", "2", "25")]),
        currency=st.sampled_from(["GBP", "EUR"]),
    ),
}
# What only some values of its type can be.
_BY_NAME = {
    "weekdays": st.frozensets(st.integers(0, 6), min_size=1),
    "time_zone": st.sampled_from(["Europe/London", "UTC", "Asia/Tokyo"]),
    "race": st.sampled_from(["1", "2", "13:40"]),
    "number": st.integers(1, 3),
    "currency": st.sampled_from(["GBP", "EUR"]),
}


@cache
def values_of(hint: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Values of a type as annotations have them, for a field of that name."""
    if name == "legs":
        return st.lists(values_of(get_args(hint)[0]), min_size=1, max_size=2).map(tuple)
    if name in _BY_NAME:
        return st.one_of(st.none(), _BY_NAME[name]) if type(None) in get_args(hint) else _BY_NAME[name]
    hint = hint.__supertype__ if isinstance(hint, NewType) else hint
    if hint in _LEAVES:
        return _LEAVES[hint]
    inner = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of(*(values_of(one) for one in inner))
    if get_origin(hint) is tuple:
        return st.lists(values_of(inner[0]), max_size=2).map(tuple)
    if get_origin(hint) is frozenset:
        return st.frozensets(values_of(inner[0]), max_size=3)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{one.name: st.deferred(lambda name=one.name: values_of(hints[name], name)) for one in fields(hint)})


def places(value: Any, path: Path = (), hint: Any = None) -> Iterator[tuple[Path, Any]]:
    """Every field and every member of a value at any depth, and of what type it may be."""
    if path:
        yield path, hint
    if is_dataclass(value) and not isinstance(value, Odds | Money):
        hints = get_type_hints(type(value))
        for one in fields(value):
            yield from places(getattr(value, one.name), (*path, one.name), hints[one.name])
    elif isinstance(value, tuple):
        member = next((get_args(one)[0] for one in (hint, *get_args(hint)) if get_origin(one) is tuple), str)
        for number, one in enumerate(value):
            yield from places(one, (*path, number), member)


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """The same with another value there."""
    if not path:
        return new
    step, *rest = path
    if isinstance(step, int):
        return (*value[:step], put(value[step], tuple(rest), new), *value[step + 1 :])
    return replace(value, **{step: put(getattr(value, step), tuple(rest), new)})


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """One change somewhere; now and then one that changes nothing."""
    path, hint = draw(st.sampled_from(list(places(value))))
    here = at(value, path)
    if isinstance(here, tuple) and len(here) > (path[-1] == "legs") and draw(st.booleans()):
        return put(value, path, draw(_shuffled(here)))
    return put(value, path, draw(values_of(hint, str(path[-1]))))


def _shuffled(members: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Moved, taken out, twice."""
    return st.one_of(
        st.permutations(members).map(tuple),
        st.integers(0, len(members) - 1).map(lambda number: (*members[:number], *members[number + 1 :])),
        st.integers(0, len(members) - 1).map(lambda number: (members[number], *members)),
    )
