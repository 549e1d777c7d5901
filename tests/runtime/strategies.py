"""Any value the journal can hold, for Hypothesis."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from planrunner.model.journal import Body, Exchange
from planrunner.model.odds import Band, Ladder
from planrunner.model.placement import Sizes

amounts = st.decimals(min_value=0, max_value=10**6, places=2)
texts = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | amounts | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
LEAVES = {
    str: texts,
    int: st.integers(min_value=-(2**40), max_value=2**40),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=2) | st.decimals(allow_nan=False, allow_infinity=False),
    Fraction: st.fractions(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(),
    time: st.times(),
    timedelta: st.timedeltas(),
    Any: json_values,
    Ladder: st.builds(
        Ladder,
        texts,
        st.lists(amounts, min_size=2, max_size=4, unique=True).map(
            lambda edges: tuple(
                Band(low=low, high=high, step=Decimal("0.01"))
                for low, high in zip(sorted(edges), sorted(edges)[1:], strict=False)
            )
        ),
    ),
    Sizes: st.tuples(amounts, amounts, amounts, amounts).map(
        lambda parts: Sizes(stake=sum(parts), matched=parts[0], cancelled=parts[1], lapsed=parts[2])
    ),
}


def values(type_):
    """All values of a type, every field drawn, also those with a default."""
    if type_ in LEAVES:
        return LEAVES[type_]
    if type_ is NoneType:
        return st.none()
    if isinstance(type_, NewType):
        return values(type_.__supertype__)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return st.sampled_from(type_)
    if is_dataclass(type_):
        hints = get_type_hints(type_)
        return st.builds(type_, **{field.name: values(hints[field.name]) for field in fields(type_)})
    arguments = get_args(type_)
    if get_origin(type_) in (Union, UnionType):
        return st.one_of([values(each) for each in arguments])
    if get_origin(type_) is tuple and arguments[-1] is ...:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if get_origin(type_) is tuple:
        return st.tuples(*map(values, arguments))
    return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)  # a mapping


bodies = st.sampled_from(get_args(Body)).flatmap(values)
exchanges = values(Exchange)
