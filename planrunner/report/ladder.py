"""Geometry of an order's ladder: a row for each odds, high odds on top.

Each says what was asked there, what matched there and what was on offer when a rule looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from planrunner.model.odds import Side
from planrunner.report.story import ZERO, OrderStory
from planrunner.report.words import Times, amount, odds, plural

CHARTS_UP_TO = 12  # orders with a ladder of their own
ROWS_UP_TO = 36
WIDTH, LEFT, BARS, RIGHT = 800.0, 160.0, 240.0, 784.0
TOP, ROW, GAP, BOTTOM = 26.0, 25.0, 13.0, 18.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rung. `asked` and `matched` are lengths; `note` says the figures."""

    y: float
    odds: str
    asked: float
    matched: float
    note: str
    offers: str
    is_limit: bool
    is_floor: bool
    gap_before: bool
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderChart:
    width: float
    height: float
    left: float
    right: float
    row_height: float
    rows: tuple[Row, ...]
    average_y: float | None
    average_width: float
    average: str
    floor_words: str
    has_offers: bool
    more: str | None
    summary: str


def draw(order: OrderStory, currency: str, times: Times) -> LadderChart | None:
    """None for an order that was never placed: there is nothing on its ladder."""
    if not order.placements:
        return None
    rungs = list(reversed(order.ladder))
    matched = _matched_at(order, rungs)
    shown = _most_telling(order, rungs, matched)
    largest = max(placement.parts.stake for placement in order.placements)
    rows: list[Row] = []
    y = TOP
    for at, (tick, value) in enumerate(shown):
        gap = at > 0 and shown[at - 1][0] - tick > 1
        y += GAP if gap else 0.0
        row = _Bar(asked=_asked_at(order, value), matched=matched.get(value, ZERO), largest=largest)
        rows.append(_row(order, value, row, y, currency, times, gap=gap))
        y += ROW
    left_out = len(rungs) - len(shown)
    mean = order.move.average_here if order.move is not None else order.average_odds
    return LadderChart(
        width=WIDTH,
        height=y + BOTTOM,
        left=LEFT,
        right=RIGHT,
        row_height=ROW,
        rows=tuple(rows),
        average_y=_height_of(mean, shown, rows) if mean is not None else None,
        average_width=min((max(row.asked, row.matched) for row in rows if row.note), default=BARS),
        average=f"average {odds(mean)}" if mean is not None else "",
        floor_words="not below" if order.side is Side.BACK else "not above",
        has_offers=bool(order.offers),
        more=f"{plural(left_out, 'more rung')} at which nothing matched" if left_out else None,
        summary=f"Ladder of {order.name}: asked {order.odds}, "
        + (f"matched at {odds(mean)} on average" if mean is not None else "nothing matched"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    asked: Decimal
    matched: Decimal
    largest: Decimal

    def length(self, size: Decimal) -> float:
        return round(BARS * float(min(size / self.largest, Decimal(1))), 1)


def _asked_at(order: OrderStory, value: Decimal) -> Decimal:
    return max((placement.parts.stake for placement in order.placements if placement.odds == value), default=ZERO)


def _matched_at(order: OrderStory, rungs: Sequence[tuple[int, Decimal]]) -> dict[Decimal, Decimal]:
    """What matched, by the rung nearest to its odds."""
    found: dict[Decimal, Decimal] = {}
    for fill in (fill for placement in order.placements for fill in placement.fills):
        nearest = min((abs(Fraction(value) - fill.odds), value) for _, value in rungs)[1]
        found[nearest] = found.get(nearest, ZERO) + fill.size
    return found


def _most_telling(
    order: OrderStory, rungs: list[tuple[int, Decimal]], matched: dict[Decimal, Decimal]
) -> list[tuple[int, Decimal]]:
    """All of them, or those with fills, the limit, the floor and the last rung first."""
    if len(rungs) <= ROWS_UP_TO:
        return rungs
    last = Fraction(order.placements[-1].odds)

    def weight(rung: tuple[int, Decimal]) -> int:
        value = Fraction(rung[1])
        if rung[1] in matched:
            return 0
        return 1 if value in (order.odds_limit, order.floor, last) else 2

    kept = sorted(rungs, key=lambda rung: (weight(rung), -rung[0]))[:ROWS_UP_TO]
    return sorted(kept, reverse=True)


def _row(order: OrderStory, value: Decimal, bar: _Bar, y: float, currency: str, times: Times, *, gap: bool) -> Row:
    worse = value < order.odds_limit if order.side is Side.BACK else value > order.odds_limit
    note = _note(bar.asked, bar.matched, currency, "worse than asked: the average counts" if worse else "better than asked")
    offers = _offers(order, value, currency, times)
    return Row(
        y=y,
        odds=odds(value),
        asked=bar.length(bar.asked),
        matched=bar.length(bar.matched),
        note=note,
        offers=offers,
        is_limit=order.odds_limit == Fraction(value),
        is_floor=order.floor == Fraction(value),
        gap_before=gap,
        tip=f"{odds(value)}: {note or 'nothing asked'}{'; ' + offers if offers else ''}",
    )


def _note(asked: Decimal, matched: Decimal, currency: str, beside: str) -> str:
    """`beside`: what matched at odds that were not asked for."""
    if asked and matched:
        return f"{amount(matched, currency)} matched of {amount(asked, currency)}"
    if matched:
        return f"{amount(matched, currency)} matched, {beside}"
    return f"{amount(asked, currency)} asked" if asked else ""


def _offers(order: OrderStory, value: Decimal, currency: str, times: Times) -> str:
    """The best offers a rule found at these odds; the latest, and how many more there were."""
    latest = order.offered.get(value)
    if latest is None:
        return ""
    more = f" (+{latest.count - 1})" if latest.count > 1 else ""
    return f"best {latest.name}, {amount(latest.size, currency)} at {times.clock(latest.at)}{more}"


def _height_of(value: Fraction, shown: Sequence[tuple[int, Decimal]], rows: Sequence[Row]) -> float | None:
    """Between the rows around it."""
    for (high, above), (low, below) in zip(zip(shown, rows, strict=True), zip(shown[1:], rows[1:], strict=True), strict=False):
        if Fraction(low[1]) <= value <= Fraction(high[1]):
            share = float((Fraction(high[1]) - value) / (Fraction(high[1]) - Fraction(low[1])))
            return round(above.y + ROW / 2 + share * (below.y - above.y), 1)
    return rows[0].y + ROW / 2 if rows and Fraction(shown[0][1]) == value else None
