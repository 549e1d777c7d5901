"""The story as one page that asks nothing of anybody: no script, no font, no picture from elsewhere. Every name is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planrunner.model.shown import harmless_lines
from planrunner.report import exchanges, ladder, timeline, words
from planrunner.report.slips import nth, race_in_words
from planrunner.report.story import OrderStory, Parts, Story
from planrunner.report.text import limit_in_words, parts_in_words
from planrunner.report.tickets import POOL_PARTS

BODY_UP_TO = 20_000  # characters of one request or answer
OPEN_UP_TO = 4  # orders; the cards of more of them are folded
CARDS_UP_TO = 200  # orders told in full
TICKETS_UP_TO = 60  # a bet may have six races with a dozen runners each
HAPPENINGS_UP_TO = 400
AT_ONCE = 50  # bits of the page (a word of the template, a name, a body) in a piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a stake, drawn as a stretch of a bar."""

    kind: str
    name: str
    size: str
    percent: float


def as_html(story: Story) -> str:
    """Equal stories give equal pages."""
    return "".join(in_pieces(story))


def in_pieces(story: Story) -> Iterator[str]:
    """The same, an exchange at a time."""
    times = words.times_in(None if story.run.zone.startswith("UTC") else story.run.zone, story.run.started)
    ladders = {order.path: ladder.draw(order, story.currency, times) for order in story.orders[: ladder.CHARTS_UP_TO]}
    page = (
        environment()
        .get_template("report.html.j2")
        .stream(
            story=story,
            run=story.run,
            currency=story.currency,
            times=times,
            timeline=timeline.draw(story, times),
            ladders=ladders,
            orders=story.orders[:CARDS_UP_TO],
            orders_left=len(story.orders) - CARDS_UP_TO,
            exchanges=exchanges.shown(story.exchanges),
            all_exchanges=len(story.exchanges) <= exchanges.ALL_UP_TO,
            ends=exchanges.AT_EACH_END,
            failed_up_to=exchanges.FAILED_UP_TO,
            happenings=story.happenings[:HAPPENINGS_UP_TO],
            happenings_left=len(story.happenings) - HAPPENINGS_UP_TO,
            tickets=story.tickets[:TICKETS_UP_TO],
            tickets_left=len(story.tickets) - TICKETS_UP_TO,
            names={order.path: order.name for order in story.orders} | {bet.path: bet.name for bet in story.pool_bets},
            open_cards=len(story.orders) + len(story.tickets) <= OPEN_UP_TO,
        )
    )
    page.enable_buffering(AT_ONCE)
    return iter(page)


@cache
def environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("planrunner.report"),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests.update(gap=lambda one: isinstance(one, exchanges.Gap))
    environment.globals.update(shares=_shares, body=_body, limit_side=_limit_side)
    environment.globals.update(dividends_up_to=words.DIVIDENDS_UP_TO, pool_parts=POOL_PARTS)
    environment.filters.update(
        amount=words.amount,
        money=words.money,
        signed=words.signed,
        odds=words.odds,
        plural=words.plural,
        parts=parts_in_words,
        limit=limit_in_words,
        dividend=words.dividend_in_words,
        race=race_in_words,
        nth=nth,
        times_over=lambda count: "once" if count == 1 else f"{count} times",
    )
    return environment


def _harmless(value: Any) -> Any:
    """Of what is put into the page; the page's own text is ours."""
    return harmless_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _shares(parts: Parts, currency: str) -> list[Share]:
    return [
        Share(
            kind=name.replace(" ", "-"),
            name=name,
            size=words.amount(size, currency),
            percent=round(float(size / parts.stake) * 100, 2) if parts.stake else 0.0,
        )
        for name, size in parts.named()
        if size
    ]


def _limit_side(order: OrderStory) -> str:
    return words.limit_side(order.side, order.odds)


def _body(value: Any) -> str:
    """JSON that reads well; a very long one is cut, which it says."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
    if len(text) <= BODY_UP_TO:
        return text
    return f"{text[:BODY_UP_TO]}\n… and {len(text) - BODY_UP_TO} more characters, in report.json"
