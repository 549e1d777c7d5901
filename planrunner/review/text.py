"""What was explained, laid out for reading: paragraphs with an indent and a hang, wrapped to a width at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from planrunner.model.shown import harmless
from planrunner.review.explained import Explained, LossPart, Point, ToldLimit, ToldOrder

# Without `everything`: rows of a table told on a line each, after the first in full; rungs of one reprice; parts of a sum.
ROWS = 3
RUNGS = 12
PARTS = 6


class Style(StrEnum):
    PLAIN = "plain"
    TITLE = "title"
    STRONG = "strong"
    DIM = "dim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """`indent` of its first line, and `hang` more on those that follow."""

    text: str
    indent: int = 0
    hang: int = 0
    style: Style = Style.PLAIN

    def lines(self, width: int) -> list[str]:
        first, then = " " * self.indent, " " * (self.indent + self.hang)
        return textwrap.wrap(
            harmless(self.text),
            width,
            initial_indent=first,
            subsequent_indent=then,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


def as_text(told: Explained, *, width: int = 100, everything: bool = False) -> str:
    """Plain text, a newline at its end."""
    return "".join(f"{line.rstrip()}\n" for one in paragraphs(told, everything=everything) for line in one.lines(width))


def paragraphs(told: Explained, *, everything: bool = False) -> Iterator[Paragraph]:
    yield Paragraph(text=told.plan, style=Style.TITLE)
    yield from (Paragraph(text=one) for one in told.summary)
    for table, group in groupby((*told.orders, *told.tickets), key=lambda order: order.table):
        rows = list(group)
        yield from _orders(rows, everything=everything) if table is None or everything else _table(rows)
    if told.remarks:
        yield Paragraph(text="")
        yield from (Paragraph(text=one, style=Style.DIM) for one in told.remarks)
    yield from _loss(told, everything=everything)
    yield from _limits(told)


def _orders(orders: Sequence[ToldOrder], *, everything: bool) -> Iterator[Paragraph]:
    for order in orders:
        yield from _order(order, everything=everything)


def _order(order: ToldOrder, *, everything: bool) -> Iterator[Paragraph]:
    yield Paragraph(text="")
    yield Paragraph(text=order.name, style=Style.STRONG)
    yield Paragraph(text=" ".join((order.bet, *order.sentences)), indent=2)
    yield from (Paragraph(text=f"- {bet}", indent=2, hang=2) for bet in order.bets)
    if order.points:
        yield Paragraph(text=_lead(order), indent=2)
    for point in order.points:
        yield Paragraph(text=f"- {_sentence(point)}", indent=2, hang=2)
        if point.rungs:
            yield Paragraph(text=f"rungs: {_rungs(point.rungs, everything=everything)}", indent=4, hang=2, style=Style.DIM)


def _lead(order: ToldOrder) -> str:
    if order.bets:
        return "Then:"
    if order.in_order or len(order.points) == 1:
        return "Then, in order of time:"
    return "Then, in order of time when it is placed well before the start:"


def _sentence(point: Point) -> str:
    return f"{point.when[:1].upper()}{point.when[1:]}: {point.what}{'' if point.what[-1:] in '.!?' else '.'}"


def _rungs(rungs: Sequence[str], *, everything: bool) -> str:
    if everything or len(rungs) <= RUNGS:
        return ", ".join(rungs)
    return f"{', '.join(rungs[: RUNGS - 4])}, ... {', '.join(rungs[-2:])} ({len(rungs)} in all)"


def _table(rows: Sequence[ToldOrder]) -> Iterator[Paragraph]:
    """The first row in full, some others on a line each."""
    yield from _order(rows[0], everything=False)
    if len(rows) > 1:
        yield Paragraph(text="")
    for row in rows[1 : ROWS + 1]:
        yield Paragraph(text=f"{row.name}: {row.brief}.", hang=2)
    if len(rows) > ROWS + 1:
        yield Paragraph(text=f"... and {len(rows) - ROWS - 1} more rows; --all tells every one of them in full.", style=Style.DIM)


def _loss(told: Explained, *, everything: bool) -> Iterator[Paragraph]:
    loss = told.loss
    shown = loss.parts if everything or len(loss.parts) <= PARTS else loss.parts[: PARTS - 2]
    parts = [_part(part) for part in shown]
    rest = loss.parts[len(shown) :]
    if rest:
        left = sum((part.amount for part in rest[1:]), rest[0].amount)
        parts.append(f"{left} ({len(rest)} more {'orders and bets' if told.tickets else 'orders'})")
    yield Paragraph(text="")
    yield Paragraph(text="Worst loss", style=Style.STRONG)
    yield Paragraph(text=f"{' + '.join(parts)} = {loss.total}, of at most {loss.at_most}.", indent=2)
    yield from (Paragraph(text=note, indent=2, style=Style.DIM) for note in loss.notes)


def _part(part: LossPart) -> str:
    return f"{part.amount} ({part.because})"


def _limits(told: Explained) -> Iterator[Paragraph]:
    yield Paragraph(text="")
    yield Paragraph(text="Limits", style=Style.STRONG)
    width = max((len(one.name) for one in told.limits), default=0)
    for one in told.limits:
        yield Paragraph(text=_limit(one, width), indent=2, hang=2, style=Style.PLAIN)
    yield Paragraph(text=told.binding, indent=2)


def _limit(limit: ToldLimit, width: int) -> str:
    return f"{limit.name}{' ' * (width - len(limit.name))}  {limit.how_near}{'  <- binds' if limit.binds else ''}"
