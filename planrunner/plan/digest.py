"""What a plan means, as one hash: spelling, comments, quotes and the order of keys change nothing, everything else does.

Every field of every value goes in, but for where and how it was written, so that a field that joins later can't be forgotten.
It goes in by its name, and only where it differs from its default: so a plan keeps its digest, and what was approved for it, when
the language grows by a word the plan does not use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from operator import attrgetter
from typing import Any, TypeAlias

from planrunner.model.calendar import Recurring
from planrunner.model.odds import Odds
from planrunner.model.plan import FallbackStep, LimitOrder, Plan, PoolBet, Ticket

# Where a value stood and how it was written, not what it means.
_SPELLING: dict[type[Any], frozenset[str]] = {
    Plan: frozenset({"digest", "left_open"}),  # what a signal decides is bound by its templates and inputs
    LimitOrder: frozenset({"line"}),
    PoolBet: frozenset({"line"}),
    Ticket: frozenset({"line"}),
    FallbackStep: frozenset({"line", "text"}),
    Odds: frozenset({"text"}),
    Recurring: frozenset({"calendar"}),
}
LANGUAGE = 1


def digest(plan: Plan, unmade: Sequence[str] = ()) -> str:
    """64 hexadecimal digits. `unmade`: the templates of orders that are known only with their markets, and the inputs that
    these name. Two that are the same for some market are not the same plan."""
    whole = [LANGUAGE, _canonical(plan), *([list(unmade)] if unmade else [])]
    return hashlib.sha256(_written(whole).encode("ascii")).hexdigest()


def meaning(value: Any) -> str:
    """Any value of the model as text, two that mean the same alike: for other digests than that of a plan."""
    return _written(_canonical(value))


def means(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a kind that go into a digest, in their own order."""
    spelling = _SPELLING.get(kind, frozenset())
    return tuple(one.name for one in fields(kind) if one.name not in spelling)


def _written(canonical: Any) -> str:
    return json.dumps(canonical, separators=(",", ":"), ensure_ascii=True)


def _canonical(value: Any) -> Any:
    kind = type(value)
    if kind is str or value is None:
        return value
    write = _WRITTEN.get(kind)
    if write is None:
        write = _WRITTEN[kind] = _writer(kind)
    return write(value)


_Writer: TypeAlias = Callable[[Any], Any]
_WRITTEN: dict[type[Any], _Writer] = {
    bool: lambda value: value,
    int: lambda value: value,
    tuple: lambda value: [_canonical(one) for one in value],
    frozenset: lambda value: [_canonical(one) for one in sorted(value)],
    dict: lambda value: [[_canonical(name), _canonical(value[name])] for name in sorted(value)],
    Decimal: lambda value: str(Fraction(value)),
    Fraction: str,
    timedelta: lambda value: [value.days, value.seconds],
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
}


def _writer(kind: type[Any]) -> _Writer:
    """How values of a kind are written; found out once for each kind."""
    if issubclass(kind, StrEnum):
        return lambda value: str(value.value)
    names = sorted(means(kind))
    defaults = [_default(one) for one in sorted(fields(kind), key=attrgetter("name")) if one.name in names]

    def write(value: Any) -> Any:
        given = zip(names, values(value), defaults, strict=True)
        return [kind.__name__, {name: _canonical(one) for name, one, default in given if one is not default and one != default}]

    # For one name an attrgetter gives the value itself, for none there is no attrgetter.
    values = attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]
    return write


def _default(one: Field[Any]) -> Any:
    """What a field is when nobody says otherwise; MISSING, which equals nothing, where it must be said."""
    return one.default_factory() if one.default_factory is not MISSING else one.default
