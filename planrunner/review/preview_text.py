"""A preview for the terminal: what `explain` tells, then when, what is not known yet, and what rehearsals made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from planrunner.review.preview import Deadline, Preview, Rehearsed, Resolved
from planrunner.review.text import Paragraph, Style, paragraphs
from planrunner.review.words import listed

# Without `everything`: orders named in one line, names that were looked up.
NAMES = 4
WIDTH = 100
ROWS = 12


def preview_paragraphs(preview: Preview, *, everything: bool = False) -> Iterator[Paragraph]:
    yield from paragraphs(preview.told, everything=everything)
    yield from _section("When", _when(preview))
    yield from _section(f"Found in {preview.market_data}", _resolved(preview.resolved, everything=everything))
    for one in preview.rehearsed:
        yield from _section(f"Rehearsed: {one.case}", _rehearsed(one, everything=everything))
    yield from _section("Not looked up", preview.unresolved)
    yield from _section("Known only when it runs", preview.unknown)
    yield Paragraph(text="")
    yield Paragraph(text=f"What the plan means: {preview.digest}", style=Style.DIM)


_OF_SEVERAL = {"is placed": "are placed", "ends": "end"}


def told_deadlines(deadlines: Sequence[Deadline]) -> Iterator[str]:
    """Orders that have the same deadlines are told together."""
    by_order = [(name, tuple(found)) for name, found in groupby(deadlines, key=lambda one: one.order)]
    alike: dict[tuple[tuple[str, str, str, bool], ...], list[str]] = {}
    for name, found in by_order:
        alike.setdefault(tuple((one.what, one.when, one.local, one.may_move) for one in found), []).append(name)
    for moments, names in alike.items():
        verb = _OF_SEVERAL if len(names) > 1 else {}
        told = listed([_moment(verb.get(what, what), when, local, may_move=may_move) for what, when, local, may_move in moments])
        yield f"{_names(names)} {told}."


def _moment(what: str, when: str, local: str, *, may_move: bool) -> str:
    if not local or local.split(" ", 1)[1] in when:
        return f"{what} {when}"
    return f"{what} {when}, which is {local} if the start is not moved" if may_move else f"{what} {when}: {local}"


def _names(names: Sequence[str]) -> str:
    if len(names) <= NAMES:
        return listed(names)
    return f"{', '.join(names[: NAMES - 1])} and {len(names) - NAMES + 1} more"


def _when(preview: Preview) -> Iterator[str]:
    yield from (f"Next: {one}." for one in preview.occurrences)
    yield from told_deadlines(preview.deadlines)


def _resolved(resolved: Sequence[Resolved], *, everything: bool) -> Iterator[str]:
    shown = resolved if everything or len(resolved) <= ROWS else resolved[: ROWS - 1]
    for one in shown:
        runner = f"{one.selection_name} ({one.selection})" if one.selection else one.selection_name
        yield f"{one.order}: {runner} in {one.market_name} ({one.market}), starts {one.start}."
    if len(shown) < len(resolved):
        yield f"... and {len(resolved) - len(shown)} more; --all tells every one of them."


def _rehearsed(one: Rehearsed, *, everything: bool) -> Iterator[str]:
    if one.trouble:
        yield f"Not rehearsed: {one.trouble}"
        return
    yield one.explains
    result = f"; result {one.result}" if one.result else ""
    yield f"{one.headline}. At its worst moment {one.at_worst} could have been lost{result}."
    shown = one.orders if everything or len(one.orders) <= ROWS else one.orders[: ROWS - 1]
    for order in shown:
        odds = f" at {order.odds}" if order.odds else ""
        yield f"{order.order}: {order.matched} of {order.stake} matched{odds}; {order.ended}."
    if len(shown) < len(one.orders):
        yield f"... and {len(one.orders) - len(shown)} more; --all tells every one of them."


def _section(title: str, sentences: Sequence[str] | Iterator[str]) -> Iterator[Paragraph]:
    told = list(sentences)
    if told:
        yield Paragraph(text="")
        yield Paragraph(text=title, style=Style.STRONG)
        yield from (Paragraph(text=f"- {one}", indent=2, hang=2) for one in told)
