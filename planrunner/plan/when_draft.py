"""`when` to values, as `decode` does it for orders. Most plans have none, and don't pay for reading this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TypeVar

from planrunner.model.plan import IfMissed, IfStillRunning, When
from planrunner.plan import scalars
from planrunner.plan.decode import Reading
from planrunner.plan.messages import shape as say_shape
from planrunner.plan.nodes import Block, Listing, Scalar

T = TypeVar("T")

KINDS = ("every", "dates", "before_each_start", "on_signal")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {
    "day": frozenset(range(7)), "weekday": frozenset(range(5)), **{name: frozenset({at}) for at, name in enumerate(WEEKDAYS)},
}  # fmt: skip


@dataclass(slots=True)
class DraftWhen:
    """What of `when` could be read. `kind` is None where there is not exactly one; `means` is None until the checker has found
    nothing wrong. Lists keep where each of their items stands."""

    node: Block
    kind: str | None
    weekdays: list[tuple[Scalar, frozenset[int]]]
    dates: list[tuple[Scalar, date]]
    times: list[tuple[Scalar, time]]
    is_whole: bool
    first: date | None
    last: date | None
    before: timedelta | None
    if_missed: IfMissed
    late_by_at_most: timedelta | None
    if_still_running: IfStillRunning
    means: When | None = None


def read_when(reading: Reading, node: Block) -> DraftWhen:
    kinds = [key for key in KINDS if key in node.values]
    lists = {key: _scalars(reading, node, key) for key in ("every", "dates", "at")}
    weekdays = [(one, _DAYS[one.text]) for one in lists["every"] if one.text in _DAYS]
    dates = [(one, day) for one in lists["dates"] if (day := _day(reading, one)) is not None]
    times = [(one, at) for one in lists["at"] if (at := scalars.time_of_day(one.text)) is not None]
    return DraftWhen(
        node=node,
        kind=kinds[0] if len(kinds) == 1 else None,
        weekdays=weekdays,
        dates=dates,
        times=times,
        is_whole=all(_is_whole(reading, node, key) for key in node.values) and len(dates) == len(lists["dates"]),
        first=_at(reading, node, "from"),
        last=_at(reading, node, "until"),
        before=reading.duration(node, "before_each_start"),
        if_missed=IfMissed(reading.text(node, "if_missed") or IfMissed.SKIP),
        late_by_at_most=reading.duration(node, "late_by_at_most"),
        if_still_running=IfStillRunning(reading.text(node, "if_still_running") or IfStillRunning.SKIP),
    )


def _scalars(reading: Reading, node: Block, key: str) -> list[Scalar]:
    """The value of a key, or those of its list, as far as nothing was said of them."""
    value = node.values.get(key)
    if value is None or id(value) in reading.shape.bad:
        return []
    items = value.items if isinstance(value, Listing) else [value]
    return [one for one in items if isinstance(one, Scalar) and id(one) not in reading.shape.bad]


def _is_whole(reading: Reading, node: Block, key: str) -> bool:
    value = node.values[key]
    items = value.items if isinstance(value, Listing) else []
    return id(value) not in reading.shape.bad and not any(id(one) in reading.shape.bad for one in items)


def _at(reading: Reading, node: Block, key: str) -> date | None:
    value = reading.scalar(node, key)
    return _day(reading, value) if value is not None else None


def _day(reading: Reading, value: Scalar) -> date | None:
    day = scalars.day(value.text)
    if day is None:
        reading.shape.complain(value, say_shape.no_such_day(value))
    return day
