"""Geometry of the timeline picture: a lane for each order and each bet in a pool, time from left to right, odds from low to high.

Only places and words; the template draws. Lengths are in the picture's own units, one decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from planrunner.model.market import MarketStatus
from planrunner.report.story import MarketStory, OrderStory, PlacementStory, PoolBetStory, PoolPlacementStory, Story
from planrunner.report.words import Times, amount, listed, money, odds, plural

LANES_UP_TO = 12  # orders; the picture would be taller than a page
WIDTH, LEFT, RIGHT, BOTTOM = 960.0, 152.0, 24.0, 30.0
TOP = 26.0  # above the lanes, for the labels of scheduled starts
LABELS_UP_TO = 8  # rungs whose odds are written into a lane
LABELLED_FROM = 70.0  # lanes lower than this have no room for words beside their marks
TICK_EVERY = 110.0  # at least, between two labels of the time axis

# Seconds between two labels of the axis; the first that leaves room is taken.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point. `kind` chooses its shape and colour, `tip` is read out and shown under the pointer."""

    kind: str
    x: float
    y: float
    tip: str
    r: float = 0.0
    label: str = ""
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A bar or a band: from x, so wide."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    tip: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A reprice: from one rung to the next."""

    x: float
    y1: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    name: str
    detail: str
    y: float
    height: float
    bands: tuple[Stretch, ...]
    bars: tuple[Stretch, ...]
    links: tuple[Link, ...]
    fills: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    scale: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    ticks: tuple[tuple[float, str], ...]
    lanes: tuple[Lane, ...]
    starts: tuple[Mark, ...]
    kinds: frozenset[str]
    more: str | None
    later: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """From moments to places."""

    since: datetime
    until: datetime

    @property
    def span(self) -> timedelta:
        return self.until - self.since

    def x(self, at: datetime) -> float:
        share = (min(max(at, self.since), self.until) - self.since) / self.span
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def holds(self, at: datetime) -> bool:
        return self.since <= at <= self.until


def draw(story: Story, times: Times) -> Timeline | None:
    """None where there is nothing to draw yet."""
    shown = story.orders[:LANES_UP_TO]
    bets = story.pool_bets[: LANES_UP_TO - len(shown)]
    axis = _axis(story, shown, bets)
    if axis is None:
        return None
    count = len(shown) + len(bets)
    height = 150.0 if count == 1 and shown else 96.0 if count <= 4 else 64.0
    starts = _starts(story, axis, times)
    top = TOP if starts else 4.0
    lanes = tuple(_lane(story, order, axis, times, top + at * height, height) for at, order in enumerate(shown))
    lanes += tuple(_bet_lane(story, bet, axis, times, top + at * height, height) for at, bet in enumerate(bets, len(shown)))
    bottom = top + count * height
    drawn = [mark.kind for lane in lanes for mark in (*lane.fills, *lane.marks)]
    drawn += [stretch.kind for lane in lanes for stretch in (*lane.bands, *lane.bars)]
    more = len(story.orders) - len(shown)
    more_bets = len(story.pool_bets) - len(bets)
    return Timeline(
        width=WIDTH,
        height=bottom + BOTTOM,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=top,
        bottom=bottom,
        ticks=_ticks(axis, times),
        lanes=lanes,
        starts=starts,
        kinds=frozenset([*drawn, *(["link"] if any(lane.links for lane in lanes) else [])]),
        more=_more(more, more_bets),
        later=tuple(_later(story, axis, times)),
        summary=f"{_counted(len(shown), len(bets))} from {times.clock(axis.since)} to {times.clock(axis.until)}: "
        + story.headline,
    )


def _counted(orders: int, bets: int) -> str:
    return listed([*([plural(orders, "order")] if orders or not bets else []), *([plural(bets, "bet")] if bets else [])])


def _more(orders: int, bets: int) -> str | None:
    if not orders and not bets:
        return None
    left = [*([plural(orders, "more order")] if orders else []), *([plural(bets, "more bet")] if bets else [])]
    return f"and {listed(left)}, in the tables below"


def _axis(story: Story, shown: Sequence[OrderStory], bets: Sequence[PoolBetStory]) -> _Axis | None:
    """From the first placement to the last thing that happened to an order; what comes later is told in words. Of bets in pools
    alone the races and their results are on it too: before them little happens."""
    moments = [at for bet in bets for at in _moments(bet)]
    if moments and not any(order.placements for order in shown):
        moments += [bet.start for bet in bets if bet.parts.matched]
        moments += [bet.settled_at for bet in bets if bet.settled_at is not None]
    for order in shown:
        for placement in order.placements:
            moments.append(placement.asked_at)
            moments += [at for at in (placement.answered_at, placement.closed_at) if at is not None]
            moments += [fill.at for fill in placement.fills]
        moments += [order.ended_at] if order.ended_at is not None and order.placements else []
    if not moments:
        return None
    moments += [one.at for one in story.alerts if one.at >= min(moments)]
    if story.run.ended is None:  # still running: up to the last thing known
        moments += [one.at for one in story.happenings if one.at >= min(moments)]
    span = max(max(moments) - min(moments), timedelta(seconds=1))
    return _Axis(since=min(moments) - span * 0.02, until=max(moments) + span * 0.05)


def _moments(bet: PoolBetStory) -> list[datetime]:
    known = [at for one in bet.placements for at in (one.asked_at, one.answered_at, one.accepted_at, one.closed_at)]
    return [at for at in [*known, bet.ended_at if bet.placements else None] if at is not None]


def _ticks(axis: _Axis, times: Times) -> tuple[tuple[float, str], ...]:
    room = (WIDTH - LEFT - RIGHT) / TICK_EVERY
    step = next((one for one in STEPS if axis.span / timedelta(seconds=one) <= room), STEPS[-1])
    midnight = times.local(axis.since).replace(hour=0, minute=0, second=0, microsecond=0)
    count = int((axis.since - midnight) / timedelta(seconds=step)) + 1
    ticks = []
    while (at := midnight + timedelta(seconds=step * count)) <= axis.until:
        ticks.append((axis.x(at), times.clock(at) if step < 60 else times.clock(at)[:-3]))
        count += 1
    return tuple(ticks)


def _starts(story: Story, axis: _Axis, times: Times) -> tuple[Mark, ...]:
    """Scheduled starts, one mark for markets that start together."""
    starts: dict[datetime, list[str]] = {}
    for market in story.markets:
        starts.setdefault(market.start, []).append(market.fixture)
    return tuple(
        Mark(kind="start", x=axis.x(at), y=TOP, tip=f"scheduled start of {', '.join(dict.fromkeys(names))}: {times.clock(at)}",
             label=f"start {times.clock(at)[:5]}", anchor=_anchor(axis.x(at)))
        for at, names in sorted(starts.items()) if axis.holds(at)
    )  # fmt: skip


def _later(story: Story, axis: _Axis, times: Times) -> list[str]:
    """What lies beyond the right edge."""
    markets = [market for market in story.markets if market.start > axis.until]
    later = [f"scheduled start of {market.fixture}: {times.clock(market.start)}" for market in markets[:3]]
    if story.run.settled is not None and story.settlement is not None and story.run.settled > axis.until:
        later.append(f"settled at {times.clock(story.run.settled)}")
    return later


def _lane(story: Story, order: OrderStory, axis: _Axis, times: Times, y: float, height: float) -> Lane:
    scale = _Scale(order, y + 24.0, y + height - (28.0 if height > LABELLED_FROM else 13.0))
    market = next((one for one in story.markets if one.id == order.market), None)
    names = _few(order)
    return Lane(
        name=_short(order.name, 17),
        detail=_short(f"{order.side.value} {order.selection}", 20),
        y=y,
        height=height,
        bands=_bands(market, axis, times, y, height) if market else (),
        bars=tuple(_bar(story, placement, axis, times, scale, named=names) for placement in order.placements),
        links=tuple(
            Link(x=axis.x(after.asked_at), y1=scale.y(before.odds), y2=scale.y(after.odds))
            for before, after in zip(order.placements, order.placements[1:], strict=False)
        ),
        fills=_fills(story, order, axis, times, scale),
        marks=(*_ends(story, order, axis, times, scale, labelled=height > LABELLED_FROM), *_alerts(story, order, axis, times, y)),
        scale=() if names else scale.ends(),
    )


def _bet_lane(story: Story, bet: PoolBetStory, axis: _Axis, times: Times, y: float, height: float) -> Lane:
    """Asked for, accepted or not, and paid: a pool knows no odds while it takes bets."""
    market = next((one for one in story.markets if one.id == bet.market), None)
    middle = y + height / 2
    return Lane(
        name=_short(bet.name, 17),
        detail=_short(f"{bet.pool}, {amount(bet.parts.stake, story.currency)}", 20),
        y=y,
        height=height,
        bands=_bands(market, axis, times, y, height) if market else (),
        bars=tuple(_bet_bar(story, bet, one, axis, times, middle) for one in bet.placements),
        links=(),
        fills=(),
        marks=tuple(_bet_marks(story, bet, axis, times, middle, labelled=height > LABELLED_FROM)),
        scale=(),
    )


def _bet_bar(story: Story, bet: PoolBetStory, placement: PoolPlacementStory, axis: _Axis, times: Times, y: float) -> Stretch:
    """From asking to the race, or to the no."""
    parts = placement.parts
    until = placement.closed_at if parts.not_placed else bet.settled_at or axis.until
    x = axis.x(placement.asked_at)
    width = max(round(axis.x(until or axis.until) - x, 1), 3.0)
    kind = "bar-unknown" if parts.unknown else "bar-never" if parts.not_placed else "bar"
    tip = (
        f"{money(parts.stake, story.currency)}, {times.clock(placement.asked_at)}: {placement.status}; reference {placement.ref}"
    )
    return Stretch(kind=kind, x=x, y=y, width=width, height=6.0, tip=tip)


def _bet_marks(story: Story, bet: PoolBetStory, axis: _Axis, times: Times, y: float, *, labelled: bool) -> Iterator[Mark]:
    def mark(kind: str, at: datetime, words: str, *, labelled: bool = labelled) -> Mark:
        x = axis.x(at)
        return Mark(kind=kind, x=x, y=y, tip=f"{words}, {times.clock(at)}", label=words if labelled else "", anchor=_anchor(x))

    parts, currency = bet.parts, story.currency
    for one in bet.placements:
        if one.accepted_at is not None:
            yield mark("accept", one.accepted_at, f"{amount(parts.matched, currency)} accepted", labelled=False)
        elif one.parts.not_placed and one.closed_at is not None:
            yield mark("never", one.closed_at, one.status, labelled=labelled and one is bet.placements[-1])
        elif one.parts.unknown and story.run.ended is not None:
            yield mark("unknown", bet.ended_at or axis.until, "unknown: look it up")
    if parts.voided and bet.placements:
        yield mark("void", bet.settled_at or bet.ended_at or axis.until, f"{amount(parts.voided, currency)} void")
    if bet.settled_at is not None and bet.returned is not None and axis.holds(bet.settled_at):
        yield mark("result", bet.settled_at, f"{bet.result}, {amount(bet.returned, currency)} returned")
    for told in story.alerts:
        if told.order == bet.path:
            yield Mark(kind="alert", x=axis.x(told.at), y=y - 22.0, tip=f"{told.text}, {times.clock(told.at)}")


class _Scale:
    """Odds to height within a lane, by tick where the odds are on the ladder, so that each reprice is a step one can see."""

    def __init__(self, order: OrderStory, top: float, bottom: float) -> None:
        self._ladder = [odds for _, odds in order.ladder]
        seen = [Fraction(one.odds) for one in order.placements]
        seen += [fill.odds for one in order.placements for fill in one.fills]
        self._low, self._high = (min(seen), max(seen)) if seen else (Fraction(1), Fraction(2))
        self._top, self._bottom = top, bottom
        low, high = self._place(self._low), self._place(self._high)
        self._from, self._span = low, high - low

    def _place(self, value: Fraction) -> float:
        """The position on the ladder, between two ticks for an average."""
        below = [at for at, odds in enumerate(self._ladder) if odds <= value]
        if not below or below[-1] + 1 >= len(self._ladder):
            return float(len(below) - 1)
        low, high = Fraction(self._ladder[below[-1]]), Fraction(self._ladder[below[-1] + 1])
        return below[-1] + float((value - low) / (high - low))

    def y(self, value: Decimal | Fraction) -> float:
        share = (self._place(Fraction(value)) - self._from) / self._span if self._span else 0.5
        return round(self._bottom - share * (self._bottom - self._top), 1)

    def ends(self) -> tuple[tuple[float, str], ...]:
        """The lowest and the highest odds, for lanes with too many rungs to name each."""
        if self._low == self._high:
            return ((self.y(self._low), odds(self._low)),)
        return ((self.y(self._low), odds(self._low)), (self.y(self._high), odds(self._high)))


def _few(order: OrderStory) -> bool:
    return len(order.placements) <= LABELS_UP_TO


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _anchor(x: float) -> str:
    return "end" if x > WIDTH - 130 else "start"


def _bands(market: MarketStory, axis: _Axis, times: Times, y: float, height: float) -> tuple[Stretch, ...]:
    """Suspended, in-play and closed stretches; an open market before its start is the plain ground."""
    bands = []
    for period in market.periods:
        until = period.until or axis.until
        kind = _band(period.status, in_play=period.in_play)
        if kind is None or until <= axis.since or period.since >= axis.until:
            continue
        x = axis.x(period.since)
        width = max(round(axis.x(until) - x, 1), 1.5)
        tip = f"{market.name} {kind.replace('-band', '').replace('inplay', 'in-play')} from {times.clock(period.since)}"
        tip += f" to {times.clock(period.until)}" if period.until else ""
        bands.append(Stretch(kind=kind, x=x, y=y, width=width, height=height, tip=tip))
    return tuple(bands)


def _band(status: MarketStatus, *, in_play: bool) -> str | None:
    if status is MarketStatus.SUSPENDED:
        return "suspended-band"
    if status is MarketStatus.CLOSED:
        return "closed-band"
    return "inplay-band" if in_play else None


def _bar(story: Story, placement: PlacementStory, axis: _Axis, times: Times, scale: _Scale, *, named: bool) -> Stretch:
    x, until = axis.x(placement.asked_at), placement.closed_at
    end = axis.x(until) if until is not None else axis.x(axis.until)
    never = placement.parts.not_placed == placement.parts.stake
    kind = "bar-unknown" if placement.parts.unknown else "bar-never" if never else "bar"
    tip = f"{money(placement.parts.stake, story.currency)} at {odds(placement.odds)}, {times.clock(placement.asked_at)} to "
    tip += f"{times.clock(until) if until else 'now'}: {placement.status}; reference {placement.ref}"
    width = max(round(end - x, 1), 3.0)
    label = odds(placement.odds) if named and (width > 30 or placement.rung == 0) else ""
    return Stretch(kind=kind, x=x, y=scale.y(placement.odds), width=width, height=6.0, tip=tip, label=label)


def _fills(story: Story, order: OrderStory, axis: _Axis, times: Times, scale: _Scale) -> tuple[Mark, ...]:
    fills = [fill for placement in order.placements for fill in placement.fills]
    largest = max((fill.size for one in story.orders for placement in one.placements for fill in placement.fills), default=None)
    return tuple(
        Mark(
            kind="fill",
            x=axis.x(fill.at),
            y=scale.y(fill.odds),
            r=round(3.5 + 5.5 * float(fill.size / largest) ** 0.5, 1) if largest else 4.0,
            tip=f"{money(fill.size, story.currency)} matched at {odds(fill.odds)}, {times.clock(fill.at)}",
        )
        for fill in fills
    )


def _ends(story: Story, order: OrderStory, axis: _Axis, times: Times, scale: _Scale, *, labelled: bool) -> list[Mark]:
    """What became of the remainder, at the end of its bar."""
    marks = []
    for placement in order.placements:
        end = placement.closed_at or order.ended_at or axis.until
        parts = placement.parts
        found = [("cancel", parts.cancelled, "cancelled"), ("lapse", parts.lapsed, "lapsed"), ("void", parts.voided, "voided")]
        found += [("never", parts.not_placed, placement.status), ("unknown", parts.unknown, "unknown: look it up")]
        for kind, size, word in found:
            if size and (kind != "unknown" or story.run.ended is not None):
                x, label = axis.x(end), f"{amount(size, story.currency)} {word}" if labelled else ""
                tip = f"{money(size, story.currency)} {word}, {times.clock(end)}"
                marks.append(Mark(kind=kind, x=x, y=scale.y(placement.odds), tip=tip, label=label, anchor=_anchor(x)))
    return marks


def _alerts(story: Story, order: OrderStory, axis: _Axis, times: Times, y: float) -> list[Mark]:
    return [
        Mark(kind="alert", x=axis.x(one.at), y=y + 9.0, tip=f"{one.text}, {times.clock(one.at)}")
        for one in story.alerts
        if one.order == order.path
    ]
