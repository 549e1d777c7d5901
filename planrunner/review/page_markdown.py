"""Previews as Markdown, for a comment on a change or a file beside it. Names of others can make nothing in it but text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from planrunner.model.money import Money
from planrunner.review.explained import Explained, Point, ToldOrder
from planrunner.review.markdown import bold, code, row, text
from planrunner.review.page import MODES, coming, grouped, headline, mode_of, totals
from planrunner.review.preview import Preview, Rehearsed, bound
from planrunner.review.preview_text import told_deadlines
from planrunner.review.words import plural

ROWS_UP_TO = 30  # of a table of orders, names or parts: a comment has an end


def as_markdown(
    previews: Sequence[Preview], *, changes: Mapping[str, Sequence[str]] | None = None, notes: Sequence[str] = ()
) -> str:
    """As the page; `changes` and `notes` as there."""
    lines = [f"# {text(headline(previews))}", "", *_notes(notes), *_table(previews)]
    for one in previews:
        lines += _plan(one, (changes or {}).get(one.file))
    return "\n".join(lines).rstrip() + "\n"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    for note in notes:
        yield text(note)
        yield ""


def _or_none(amount: Money | None) -> str:
    return "–" if amount is None else str(amount)


def _table(previews: Sequence[Preview]) -> Iterator[str]:
    if not previews:
        return
    yield row("Plan", "When it runs", "Worst loss of a run", "In all its runs", "On")
    yield "|---|---|---:|---:|---|"
    for one in previews:
        runs = one.schedule or "when somebody runs it"
        in_all = _or_none(one.in_total)
        on = ", ".join(f"{used.account} ({MODES[used.mode]})" for used in one.uses)
        yield row(one.told.plan, runs, str(one.told.loss.total), in_all, on)
    if len(previews) > 1:
        for total in totals(previews):
            yield row("Together", "", str(total.once), _or_none(total.in_all), "")
    yield ""
    if next_runs := coming(previews):
        yield bold("What runs next by itself")
        yield ""
        yield from (f"- {text(when)}{f': {text(plan)}' if len(previews) > 1 else ''}" for when, plan in next_runs)
        yield ""


def _plan(one: Preview, changes: Sequence[str] | None) -> Iterator[str]:
    told = one.told
    yield f"## {text(told.plan)}"
    yield ""
    given = ", ".join(f"{name} = {value}" for name, value in one.inputs.items())
    yield f"{code(one.file)}{text(f' with {given}') if given else ''} · {MODES[mode_of([one])]}"
    yield ""
    if changes is not None:
        yield from _list("What changed", changes or ["Nothing that the plan means."])
    yield from _paragraphs(told.summary)
    yield from _list("When", list(told_deadlines(one.deadlines)))
    yield "### What is bet"
    yield ""
    for rows in grouped((*told.orders, *told.tickets)):
        yield from _order(rows.first)
        yield from _rows(rows.others)
    yield from _paragraphs(told.remarks)
    yield from _loss(told)
    yield from _limits(told)
    yield from _rehearsed(one.rehearsed)
    yield from _resolved(one)
    yield from _list("What is not known yet", [*one.unresolved, *one.unknown])
    yield f"What an approval of this binds: {code(bound(one))}"
    yield ""


def _order(order: ToldOrder) -> Iterator[str]:
    yield f"{bold(order.name)}: {text(' '.join((order.bet, *order.sentences)))}"
    yield ""
    yield from (f"- {text(bet)}" for bet in order.bets)
    yield from ([""] if order.bets else [])
    yield from (f"{number}. {_point(point)}" for number, point in enumerate(order.points, 1))
    yield from ([""] if order.points else [])


def _point(point: Point) -> str:
    rungs = f" Rungs: {', '.join(point.rungs)}." if len(point.rungs) > 1 else ""
    dot = "" if point.what[-1:] in ".!?" else "."
    return text(f"{point.when[:1].upper()}{point.when[1:]}: {point.what}{dot}{rungs}")


def _rows(others: Sequence[ToldOrder]) -> Iterator[str]:
    yield from (f"- {bold(one.name)}: {text(one.brief)}" for one in others[:ROWS_UP_TO])
    if len(others) > ROWS_UP_TO:
        yield f"- and {plural(len(others) - ROWS_UP_TO, 'more row')} of the same table"
    yield from ([""] if others else [])


def _loss(told: Explained) -> Iterator[str]:
    yield "### What can be lost"
    yield ""
    yield row("Amount", "Why")
    yield "|---:|---|"
    yield from (row(str(part.amount), part.because) for part in told.loss.parts[:ROWS_UP_TO])
    if rest := told.loss.parts[ROWS_UP_TO:]:
        yield row(str(sum((one.amount for one in rest[1:]), rest[0].amount)), plural(len(rest), "more part"))
    yield row(str(told.loss.total), f"the most that one run can lose; the plan allows {told.loss.at_most}")
    yield ""
    yield from _paragraphs(told.loss.notes)


def _limits(told: Explained) -> Iterator[str]:
    yield "### How near the limits are"
    yield ""
    yield row("Limit", "Used")
    yield "|---|---|"
    yield from (row(one.name, f"{one.how_near}{' (binds)' if one.binds else ''}") for one in told.limits)
    yield ""
    yield from _paragraphs([told.binding])


def _rehearsed(rehearsed: Sequence[Rehearsed]) -> Iterator[str]:
    if not rehearsed:
        return
    yield "### Rehearsed"
    yield ""
    yield row("What happens", "What came of it", "At risk at worst", "Result")
    yield "|---|---|---:|---:|"
    for one in rehearsed:
        came = f"Not rehearsed: {one.trouble}" if one.trouble else f"{one.headline}."
        worst = str(one.at_worst) if one.at_worst is not None else "–"
        yield row(f"{one.case}: {one.explains}", came, worst, one.result or "–")
    yield ""


def _resolved(one: Preview) -> Iterator[str]:
    if not one.resolved:
        return
    yield f"### Looked up in {code(one.market_data)}"
    yield ""
    yield row("Order", "Selection", "Market", "Starts")
    yield "|---|---|---|---|"
    for found in one.resolved[:ROWS_UP_TO]:
        runner = f"{found.selection_name} ({found.selection})" if found.selection else found.selection_name
        yield row(found.order, runner, f"{found.market_name} ({found.market})", found.start)
    if len(one.resolved) > ROWS_UP_TO:
        yield row(f"and {len(one.resolved) - ROWS_UP_TO} more", "", "", "")
    yield ""


def _list(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield f"### {title}"
        yield ""
        yield from (f"- {text(one)}" for one in sentences)
        yield ""


def _paragraphs(sentences: Sequence[str]) -> Iterator[str]:
    for one in sentences:
        yield text(one)
        yield ""
