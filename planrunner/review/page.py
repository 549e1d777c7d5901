"""Previews as one page for a reviewer who does not program: one file that asks nothing of anybody, every name in it escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from planrunner.model.account import AccountMode
from planrunner.model.money import Money, zero
from planrunner.model.shown import harmless_lines
from planrunner.review import picture
from planrunner.review.explained import LossPart, ToldLimit, ToldOrder
from planrunner.review.limits import share_of
from planrunner.review.preview import Preview, bound
from planrunner.review.preview_text import told_deadlines
from planrunner.review.words import listed, plural

OPEN_UP_TO = 4  # orders of a plan; the cards of more of them are folded
PARTS_UP_TO = 16  # of the bar of a worst loss
NEXT_UP_TO = 12  # runs of all plans
MODES = {AccountMode.LIVE: "real money", AccountMode.PAPER: "on paper", AccountMode.SANDBOX: "sandbox only"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Of all plans in one currency: each run once, and in all runs they may have (of a plan run by hand: once); None where all
    are run by hand."""

    once: Money
    in_all: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of the worst loss, drawn as a stretch of a bar."""

    percent: float
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Orders of one table: the first is told in full, the others on a line each."""

    first: ToldOrder
    others: tuple[ToldOrder, ...]


def as_html(
    previews: Sequence[Preview],
    *,
    changes: Mapping[str, Sequence[str]] | None = None,
    notes: Sequence[str] = (),
    problems: Sequence[str] = (),
    uncounted: int = 0,
) -> str:
    """`changes` are sentences of what changed, by the plan's file; none of a file: nothing that it means did. `notes` are told
    before all plans, and so are `problems` of plans that can't be previewed: `uncounted` are so many. Equal
    previews give equal pages."""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            previews=previews,
            changes=changes if changes is not None else {},
            notes=notes,
            problems=problems,
            totals=totals(previews),
            headline=headline(previews) + _uncounted(uncounted),
            coming=coming(previews),
            mode=mode_of(previews),
        )
    )


def headline(previews: Sequence[Preview]) -> str:
    """What a reader should know before anything else."""
    if not previews:
        return "No plan to review"
    worst = listed([str(one.once) for one in totals(previews)])
    if len(previews) == 1:
        once = " in one run" if previews[0].schedule else ""
        return f"At most {worst} can be lost{once}"
    return f"{plural(len(previews), 'plan')}; run once each, they can lose at most {worst}"


def _uncounted(count: int) -> str:
    """What they can lose is in no figure."""
    return f"; {plural(count, 'plan')} with problems not counted" if count else ""


def totals(previews: Sequence[Preview]) -> tuple[Totals, ...]:
    """By currency: amounts of two never meet."""
    found: dict[str, list[Preview]] = {}
    for one in previews:
        found.setdefault(one.told.loss.total.currency, []).append(one)
    return tuple(_total(some, currency) for currency, some in found.items())


def _total(previews: Sequence[Preview], currency: str) -> Totals:
    once = sum((one.told.loss.total for one in previews), zero(currency))
    if all(one.in_total is None for one in previews):
        return Totals(once=once, in_all=None)
    return Totals(once=once, in_all=sum((one.in_total or one.told.loss.total for one in previews), zero(currency)))


def coming(previews: Sequence[Preview]) -> tuple[tuple[str, str], ...]:
    """The next runs of all plans: when, and the plan's name."""
    every: list[tuple[datetime, str, str]] = []
    for one in previews:
        every += [(at, told, one.told.plan) for at, told in zip(one.due, one.occurrences, strict=True)]
    return tuple((told, plan) for _, told, plan in sorted(every)[:NEXT_UP_TO])


def mode_of(previews: Sequence[Preview]) -> AccountMode:
    """The most that any of them may be used for."""
    modes = {used.mode for one in previews for used in one.uses}
    return next((mode for mode in (AccountMode.LIVE, AccountMode.PAPER) if mode in modes), AccountMode.SANDBOX)


def is_near(limit: ToldLimit) -> bool:
    return percent_of(limit) >= 90


def percent_of(limit: ToldLimit) -> float:
    """How much of it is used, between 0 and 100."""
    return round(float(min(share_of(limit.bound), Fraction(1))) * 100, 1)


def stretches(parts: Sequence[LossPart], total: Money) -> list[Stretch]:
    """The worst loss as parts of a bar; where they are too many to tell apart, as one."""
    if not total.amount:
        return []
    if len(parts) > PARTS_UP_TO:
        whole = sum((one.amount for one in parts), zero(total.currency))
        return [_stretch(whole, total, f"{len(parts)} parts: {whole}")]
    return [_stretch(one.amount, total, f"{one.order}: {one.amount}") for one in parts]


def _stretch(amount: Money, total: Money, tip: str) -> Stretch:
    return Stretch(percent=round(float(amount.amount / total.amount) * 100, 3), tip=tip)


def grouped(orders: Sequence[ToldOrder]) -> Iterator[Rows]:
    for table, found in groupby(orders, key=lambda order: order.table):
        rows = tuple(found)
        if table is None:
            yield from (Rows(first=one, others=()) for one in rows)
        else:
            yield Rows(first=rows[0], others=rows[1:])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("planrunner.review"),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        bound=bound, draw=picture.draw, stretches=stretches, grouped=grouped, modes=MODES, mode_of=mode_of, open_up_to=OPEN_UP_TO
    )
    environment.filters.update(
        percent=percent_of,
        near=is_near,
        plural=plural,
        said=_said,
        deadlines=lambda found: list(told_deadlines(found)),
        sentence=lambda text: f"{text[:1].upper()}{text[1:]}",
    )
    return environment


def _said(sentence: str) -> Markup:
    """What a sentence has in backticks is a word of a plan."""
    parts = [escape(harmless_lines(part)) for part in sentence.split("`")]
    if len(parts) % 2 == 0:
        return escape(harmless_lines(sentence))
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def _harmless(value: Any) -> Any:
    """Of what is put into the page; the page's own text is ours."""
    return harmless_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value
