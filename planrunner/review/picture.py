"""The orders of a plan on lines of time, as figures to draw: what is known of when they are placed, change and end.

Times count from the placing, from the start, or on the clock, and nobody knows how these lie to each other before a plan runs: so
each has a stretch of the picture of its own, with a scale of its own. The numbers are those of the steps told beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from planrunner.plan.moments import Axis
from planrunner.review.preview import Lane, Mark, Preview

WIDTH, LEFT, RIGHT, TOP, LANE, BREAK = 960, 190, 24, 40, 44, 34
NAME_UP_TO = 24  # letters
LANES_UP_TO = 12
REPEATS_UP_TO = 40
_UNKNOWN_REPEATS = 4
_NEAR, _LABELS_NEAR = 24, 74  # pixels: marks are moved apart, labels left out
_AXES = (Axis.PLACING, Axis.DAY, Axis.CLOCK, Axis.START)
_TITLES = {
    Axis.PLACING: "since it was placed",
    Axis.DAY: "on the day of the run",
    Axis.CLOCK: "on the clock",
    Axis.START: "around the start",
}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A mark at `x`; `number` 0 is the placing. `tip` tells it."""

    x: float
    number: int
    ends: bool
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLane:
    """`dots` are where a step comes again; from `begin` to `end` the order may stand."""

    name: str
    y: float
    begin: float
    end: float
    signs: tuple[Sign, ...]
    dots: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of the picture with one scale; `start` is where the start is, where it is in it."""

    title: str
    left: float
    right: float
    ticks: tuple[tuple[float, str], ...]
    start: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    width: int
    height: float
    top: float
    bottom: float
    stretches: tuple[Stretch, ...]
    lanes: tuple[DrawnLane, ...]
    left_out: int
    summary: str


def draw(preview: Preview) -> Picture | None:
    """None where there is nothing to see: no order has a moment besides its placing."""
    if all(len(lane.marks) < 2 for lane in preview.lanes):
        return None
    groups = _alike(preview.lanes)
    shown = groups[:LANES_UP_TO]
    scales = _scales([lane for lane, _ in shown], preview.zone)
    bottom = TOP + LANE * len(shown)
    return Picture(
        width=WIDTH,
        height=bottom + 34,
        top=TOP,
        bottom=bottom,
        stretches=tuple(one.stretch() for one in scales.values()),
        lanes=tuple(_drawn(lane, name, TOP + LANE * (at + 0.5), scales) for at, (lane, name) in enumerate(shown)),
        left_out=len(groups) - len(shown),
        summary="When orders are placed, change and end; the numbers are those of the steps told below",
    )


class _Scale:
    """Seconds of one axis to pixels."""

    def __init__(self, axis: Axis, left: float, right: float, times: Sequence[int], zone: str) -> None:
        self.axis, self._left, self._right, self._zone = axis, left, right, zone
        self._labelled = sorted(set(times) | ({0} if axis in (Axis.START, Axis.PLACING) else set()))
        self._low, self._high = self._labelled[0], self._labelled[-1]

    def x(self, at: int) -> float:
        inner = 26
        if self._high == self._low:
            return (self._left + self._right) / 2
        share = (min(max(at, self._low), self._high) - self._low) / (self._high - self._low)
        return round(self._left + inner + share * (self._right - self._left - 2 * inner), 1)

    def stretch(self) -> Stretch:
        return Stretch(
            title=_TITLES[self.axis],
            left=self._left,
            right=self._right,
            ticks=tuple(self._ticks()),
            start=self.x(0) if self.axis is Axis.START else None,
        )

    def _ticks(self) -> Iterator[tuple[float, str]]:
        """As many labels as have room; the zero always has."""
        zeros = [self.x(0)] if self.axis in (Axis.START, Axis.PLACING) else []
        taken = list(zeros)
        for at in self._labelled:
            x = self.x(at)
            if at and zeros == taken and not zeros:
                taken = [x]
                yield x, self.label(at)
            elif at == 0 and zeros:
                yield x, self.label(0)
            elif all(abs(x - one) >= _LABELS_NEAR for one in taken):
                taken.append(x)
                yield x, self.label(at)

    def label(self, at: int) -> str:
        match self.axis:
            case Axis.PLACING:
                return f"+{short(at)}" if at else "placed"
            case Axis.START:
                return f"{'−' if at < 0 else '+'}{short(abs(at))}" if at else "start"
            case Axis.DAY:
                return f"{at // 3600:02}:{at // 60 % 60:02}"
            case _:
                return f"{(_EPOCH + timedelta(seconds=at)).astimezone(ZoneInfo(self._zone)):%d %b %H:%M}"


def short(seconds: int) -> str:
    """`90 s` as `1 min 30 s`."""
    parts = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _alike(lanes: Sequence[Lane]) -> list[tuple[Lane, str]]:
    """Orders whose moments are the same have one line."""
    by_marks: dict[tuple[Mark, ...], list[str]] = {}
    for lane in lanes:
        by_marks.setdefault(lane.marks, []).append(lane.order)
    return [(Lane(order=names[0], marks=marks), _name(names)) for marks, names in by_marks.items()]


def _name(names: Sequence[str]) -> str:
    more = f" + {len(names) - 1} more" if len(names) > 1 else ""
    room = NAME_UP_TO - len(more)
    first = names[0] if len(names[0]) <= room else f"{names[0][: room - 1]}…"
    return f"{first}{more}"


def _scales(lanes: Sequence[Lane], zone: str) -> dict[Axis, _Scale]:
    times: dict[Axis, list[int]] = {}
    for mark in (mark for lane in lanes for mark in lane.marks):
        times.setdefault(mark.axis, []).extend((mark.at, _last(mark)))
    axes = [axis for axis in _AXES if axis in times]
    # A stretch that holds the placing alone needs little room.
    weights = [1 if len(set(times[axis])) == 1 else 3 for axis in axes]
    room = WIDTH - LEFT - RIGHT - BREAK * (len(axes) - 1)
    scales, left = {}, float(LEFT)
    for axis, weight in zip(axes, weights, strict=True):
        right = left + room * weight / sum(weights)
        scales[axis] = _Scale(axis, round(left, 1), round(right, 1), times[axis], zone)
        left = right + BREAK
    return scales


def _last(mark: Mark) -> int:
    times = min(mark.times or _UNKNOWN_REPEATS, REPEATS_UP_TO)
    return mark.at + mark.every * (times - 1)


def _drawn(lane: Lane, name: str, y: float, scales: dict[Axis, _Scale]) -> DrawnLane:
    placed = next(iter(lane.marks))
    ends = [mark for mark in lane.marks if mark.ends]
    begin = scales[placed.axis].x(placed.at)
    everywhere = [scales[mark.axis].x(_last(mark)) for mark in lane.marks]
    end = scales[ends[0].axis].x(ends[0].at) if ends else max(everywhere)
    return DrawnLane(
        name=name,
        y=y,
        begin=begin,
        end=max(begin, end),
        signs=tuple(_signs(lane, scales)),
        dots=tuple(_dots(lane, scales)),
    )


def _signs(lane: Lane, scales: dict[Axis, _Scale]) -> Iterator[Sign]:
    """From left to right, none on top of another."""
    placed = sorted(((scales[mark.axis].x(mark.at), mark) for mark in lane.marks), key=lambda one: (one[0], one[1].ends))
    last = float(-WIDTH)
    for _, found in groupby(placed, key=lambda one: one[1].axis):
        for x, mark in found:
            last = max(x, last + _NEAR)
            yield Sign(x=round(last, 1), number=mark.point, ends=mark.ends, tip=_tip(mark, scales[mark.axis]))


def _dots(lane: Lane, scales: dict[Axis, _Scale]) -> Iterator[float]:
    for mark in lane.marks:
        times = min(mark.times or _UNKNOWN_REPEATS, REPEATS_UP_TO)
        yield from (scales[mark.axis].x(mark.at + mark.every * again) for again in range(1, times) if mark.every)


def _tip(mark: Mark, scale: _Scale) -> str:
    again = f", again every {short(mark.every)}" if mark.every else ""
    what = "it ends" if mark.ends else f"step {mark.point}" if mark.point else "it is placed"
    return f"{scale.label(mark.at)}: {what}{again}"
