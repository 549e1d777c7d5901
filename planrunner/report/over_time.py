"""Geometry of the picture of profit and loss: a bar for each day, and a line for what all days so far brought.

Only places and words; the template draws. Lengths are in the picture's own units, one decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from planrunner.report.brought import Sum
from planrunner.report.words import amount, signed

WIDTH, LEFT, RIGHT, TOP, HEIGHT, BOTTOM = 960.0, 84.0, 24.0, 18.0, 260.0, 34.0
WIDEST, NARROWEST = 34.0, 1.0  # of a bar
LABEL_EVERY = 96.0  # at least, between two days that are named
LINES_UP_TO = 6  # of the scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day. `kind` is `up` or `down`."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`line` are the points of the sum so far; `zero` is where nothing was won or lost."""

    currency: str
    summary: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    zero: float
    bars: tuple[Bar, ...]
    line: tuple[tuple[float, float, str], ...]
    scale: tuple[tuple[float, str], ...]
    days: tuple[tuple[float, str], ...]

    @property
    def points(self) -> str:
        return " ".join(f"{x},{y}" for x, y, _ in self.line)


def draw(days: Sequence[Sum], currency: str) -> Picture | None:
    """`days`: sums by day, of one currency; None where there is none."""
    known = [(date.fromisoformat(one.name), one) for one in days if one.currency == currency]
    if not known:
        return None
    so_far = list(accumulate(one.net for _, one in known))
    first, count = known[0][0], (known[-1][0] - known[0][0]).days + 1
    step = (WIDTH - LEFT - RIGHT) / count
    scale = _scale([*so_far, *(one.net for _, one in known), Decimal(0)])
    bottom, place = TOP + HEIGHT, _Place(scale[0], scale[-1])
    middles = [round(LEFT + step * ((day - first).days + 0.5), 1) for day, _ in known]
    wide = round(max(NARROWEST, min(WIDEST, step * 0.72)), 1)
    last = so_far[-1]
    return Picture(
        currency=currency,
        summary=f"Net result by day and in all, {known[0][0]} to {known[-1][0]}: {signed(last, currency)} in the end",
        width=WIDTH,
        height=bottom + BOTTOM,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=bottom,
        zero=place.of(Decimal(0)),
        bars=tuple(_bar(x, wide, one, place) for x, (_, one) in zip(middles, known, strict=True)),
        line=tuple(
            (x, place.of(total), f"{day}: {signed(total, currency)} in all")
            for x, (day, _), total in zip(middles, known, so_far, strict=True)
        ),
        scale=tuple((place.of(value), amount(value, currency)) for value in scale),
        days=_named(first, count, step),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    low: Decimal
    high: Decimal

    def of(self, value: Decimal) -> float:
        return round(TOP + HEIGHT * (1 - float((value - self.low) / (self.high - self.low))), 1)


def _bar(x: float, wide: float, one: Sum, place: _Place) -> Bar:
    zero, y = place.of(Decimal(0)), place.of(one.net)
    still = f", {one.open} not settled" if one.open else ""
    return Bar(
        kind="up" if one.net >= 0 else "down",
        x=round(x - wide / 2, 1),
        y=min(zero, y),
        width=wide,
        height=round(max(abs(zero - y), 1.0), 1),
        tip=f"{one.name}: {signed(one.net, one.currency)}, {one.runs} run{'' if one.runs == 1 else 's'}{still}",
    )


def _scale(values: Sequence[Decimal]) -> list[Decimal]:
    """Round figures from below the least to above the most; nothing is one of them."""
    low, high = min(values), max(values)
    span = (high - low) or Decimal(1)
    unit = Decimal(1).scaleb(span.adjusted())
    step = next(unit * one for one in (Decimal("0.2"), Decimal("0.5"), 1, 2, 5, 10) if span / (unit * one) <= LINES_UP_TO - 2)
    first, last = low // step, -(-high // step)
    first -= 1 if first * step > low else 0
    last += 1 if last * step < high or last == first else 0
    return [step * number for number in range(int(first), int(last) + 1)]


def _named(first: date, count: int, step: float) -> tuple[tuple[float, str], ...]:
    """Days with room for their names."""
    every = max(1, -(-int(LABEL_EVERY) // max(1, int(step))))
    return tuple(
        (round(LEFT + step * (number + 0.5), 1), (first + timedelta(days=number)).isoformat())
        for number in range(0, count, every)
    )
