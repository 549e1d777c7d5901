"""What the journal holds, to text and back: versioned JSON, exact.

Decimals, fractions, durations and times are text (`"3.10"`, `"31/10"`, `"PT90S"`, `"2026-12-05T14:00:00+00:00"`); a value
that may be of several types says which in `kind`; ladders are written out, so that an old journal needs no venue. The
same value always gives the same bytes: fields stand in the order of the type, mappings in the order of their keys.

The text is plain ASCII, so that whatever a venue sends (a lone surrogate, a NUL) can be written down.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from planrunner.model.commands import NewPlacement
from planrunner.model.errors import JournalTrouble
from planrunner.model.events import BetSettled, OrderAccepted, OrderRejected, OrderReported, RunResumed
from planrunner.model.journal import Body, Exchange, RunInfo
from planrunner.model.market import Market
from planrunner.model.odds import Band, Ladder
from planrunner.model.plan import LimitOrder, PlanLimits, Target
from planrunner.model.program import Program, ProgramOrder, Terms

# What reading a damaged text may raise.
_DAMAGED = (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, ForbiddenExtraKeysError)

# Goes up when old text would be read wrongly; decode then learns to read both. A new field with a default needs no new
# version: the default is what old journals meant.
VERSION = 1

# Fields that joined after the first journals were written: left out while they say what those meant, so that an old
# journal, read and written again, is the same bytes. What a value holds stands before it.
_JOINED_LATER: dict[type[Any], tuple[str, ...]] = {
    Target: ("favourite", "player_id"),
    LimitOrder: ("only_if", "routing"),
    PlanLimits: ("max_loss_in_total",),
    Market: ("sport", "country", "meeting", "kind"),
    NewPlacement: ("is_hedge", "good_until", "routing"),
    ProgramOrder: ("hedges", "takes_over"),
    Terms: ("uuid_references", "expires_within"),
    Program: ("rules", "pool_bets", "accounts", "site_limits"),
    OrderAccepted: ("fills",),
    OrderReported: ("fills",),
    OrderRejected: ("conclusive", "transient"),
    BetSettled: ("refunded", "dividends"),
    RunResumed: ("notes",),
}

# Decimals inside the JSON of an exchange; everywhere else the type of the field says that a text is a decimal.
EXACT = "$decimal"


def encode(body: Body) -> tuple[str, str]:
    """Its kind and its text."""
    kind = type(body).__name__
    return kind, _text(_WRITE[kind](body))


def decode(kind: str, text: str, version: int = VERSION) -> Body:
    """The value that was encoded. Raises JournalTrouble where the text can't be such a value."""
    read = _READ.get(kind)
    if read is None or version > VERSION:
        raise JournalTrouble(f"{kind} (version {version}) was written by a newer planrunner; update planrunner to read it")
    try:
        return read(_from_text(text), _KINDS[kind])  # type: ignore[no-any-return]
    except _DAMAGED as error:
        raise JournalTrouble(f"a {kind} in the journal can't be read ({error}): {text[:200]}") from error


def encode_info(info: RunInfo) -> str:
    return _text(_CONVERTER.unstructure(info))


def decode_info(text: str) -> RunInfo:
    try:
        return _CONVERTER.structure(json.loads(text), RunInfo)
    except _DAMAGED as error:
        raise JournalTrouble(f"what the journal says of a run can't be read ({error}): {text[:200]}") from error


def plain_text(value: Any) -> str:
    """A JSON value (decimals allowed) as canonical text."""
    return _text(value)


def plain_value(text: str) -> Any:
    """The value of `plain_text`."""
    return _from_text(text)


def _exact(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {EXACT: str(value)}
    raise TypeError(f"a {type(value).__name__} is not a JSON value")


def _inexact(pairs: dict[str, Any]) -> Any:
    if pairs.keys() != {EXACT}:
        return pairs
    try:
        return Decimal(pairs[EXACT])
    except (ArithmeticError, TypeError, ValueError):  # not ours: a venue may name a field as it likes
        return pairs


_text = json.JSONEncoder(separators=(",", ":"), default=_exact).encode
_from_text = json.JSONDecoder(object_hook=_inexact).decode


def _time_to_text(at: datetime) -> str:
    if at.tzinfo is UTC:
        return at.isoformat()
    if at.tzinfo is None:
        raise ValueError(f"{at} has no zone")
    return at.astimezone(UTC).isoformat()


def _time_from_text(text: str, _: object) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _duration_to_text(duration: timedelta) -> str:
    microseconds = duration // timedelta(microseconds=1)
    sign, (seconds, rest) = "-" if microseconds < 0 else "", divmod(abs(microseconds), 1_000_000)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    return f"{sign}PT{seconds}{fraction}S"


def _duration_from_text(text: str, _: object) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    seconds = Decimal(text.removeprefix("-").removeprefix("PT").removesuffix("S"))
    return timedelta(microseconds=sign * int(seconds * 1_000_000))


def _ladder_to_json(ladder: Ladder) -> dict[str, Any]:
    bands = [{"low": str(band.low), "high": str(band.high), "step": str(band.step)} for band in ladder.bands]
    return {"name": ladder.name, "bands": bands}


def _ladder_from_json(value: Any, _: object) -> Ladder:
    return Ladder(value["name"], tuple(Band(**{name: Decimal(text) for name, text in band.items()}) for band in value["bands"]))


def _is_choice(type_: Any) -> bool:
    """A union of several kinds of values; `X | None` is none, an `X` says nothing of its kind."""
    return get_origin(type_) in (Union, UnionType) and len([each for each in get_args(type_) if each is not NoneType]) > 1


def _choice_writer(type_: Any) -> Callable[[Any], Any]:
    writers = {each: _CONVERTER.get_unstructure_hook(each) for each in get_args(type_) if each is not NoneType}
    return lambda value: None if value is None else {"kind": type(value).__name__, **writers[type(value)](value)}


def _choice_reader(type_: Any) -> Callable[[Any, Any], Any]:
    kinds = {each.__name__: each for each in get_args(type_) if each is not NoneType}
    optional = NoneType in get_args(type_)

    def read(value: Any, _: object) -> Any:
        if value is None and optional:
            return None
        fields = dict(value)
        each = kinds[fields.pop("kind")]
        return _CONVERTER.structure(fields, each)

    return read


def _is_mapping(type_: Any) -> bool:
    return isinstance(origin := get_origin(type_), type) and issubclass(origin, Mapping)


def _mapping_writer(type_: Any) -> Callable[[Any], Any]:
    write = _CONVERTER.get_unstructure_hook(get_args(type_)[1])
    return lambda mapping: {key: write(mapping[key]) for key in sorted(mapping)}


def _mapping_reader(type_: Any) -> Callable[[Any, Any], Any]:
    of = get_args(type_)[1]
    return lambda value, _: {key: _CONVERTER.structure(each, of) for key, each in value.items()}


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=False, forbid_extra_keys=True, prefer_attrib_converters=False)
    for type_, to_text in ((Decimal, str), (datetime, _time_to_text), (date, date.isoformat), (timedelta, _duration_to_text)):
        converter.register_unstructure_hook(type_, to_text)
    converter.register_unstructure_hook(time, time.isoformat)
    converter.register_unstructure_hook(Fraction, lambda ratio: f"{ratio.numerator}/{ratio.denominator}")
    converter.register_unstructure_hook(Ladder, _ladder_to_json)
    converter.register_unstructure_hook(Enum, lambda member: member.value)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_structure_hook(Fraction, lambda text, _: Fraction(text))
    converter.register_structure_hook(datetime, _time_from_text)
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    converter.register_structure_hook(timedelta, _duration_from_text)
    converter.register_structure_hook(time, lambda text, _: time.fromisoformat(text))
    converter.register_structure_hook(Ladder, _ladder_from_json)
    return converter


_CONVERTER = _make_converter()
_CONVERTER.register_unstructure_hook_factory(_is_choice, _choice_writer)
_CONVERTER.register_structure_hook_factory(_is_choice, _choice_reader)
_CONVERTER.register_unstructure_hook_factory(_is_mapping, _mapping_writer)
_CONVERTER.register_structure_hook_factory(_is_mapping, _mapping_reader)

# The bodies of an exchange are JSON already and are kept untouched.
_kept = override(unstruct_hook=lambda value: value, struct_hook=lambda value, _: value)
_CONVERTER.register_unstructure_hook(Exchange, make_dict_unstructure_fn(Exchange, _CONVERTER, request=_kept, answer=_kept))
_CONVERTER.register_structure_hook(Exchange, make_dict_structure_fn(Exchange, _CONVERTER, request=_kept, answer=_kept))

for _type, _names in _JOINED_LATER.items():
    _left_out: Any = {name: override(omit_if_default=True) for name in _names}
    _CONVERTER.register_unstructure_hook(_type, make_dict_unstructure_fn(_type, _CONVERTER, **_left_out))

# Left out where there are none: the digests of older journals begin with what stands here.
_CONVERTER.register_unstructure_hook(RunInfo, make_dict_unstructure_fn(RunInfo, _CONVERTER, notes=override(omit_if_default=True)))

_KINDS: dict[str, type[Any]] = {each.__name__: each for each in get_args(Body)}
_WRITE = {kind: _CONVERTER.get_unstructure_hook(each) for kind, each in _KINDS.items()}
_READ = {kind: _CONVERTER.get_structure_hook(each) for kind, each in _KINDS.items()}
