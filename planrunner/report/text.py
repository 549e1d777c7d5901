"""The story for a terminal: lines of spans, each span with a style. Whoever prints decides what a style looks like."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TypeAlias

from planrunner.model.shown import harmless
from planrunner.report.story import (
    LimitStory,
    OrderStory,
    Parts,
    PlacementStory,
    PoolBetStory,
    PoolPlacementStory,
    SettlementStory,
    StepStory,
    Story,
    TicketStory,
    Tone,
)
from planrunner.report.tickets import pool_parts_in_words
from planrunner.report.words import (
    DIVIDENDS_UP_TO,
    Times,
    amount,
    dividend_in_words,
    limit_side,
    money,
    odds,
    percent,
    plural,
    signed,
    times_in,
)

IN_DETAIL_UP_TO = 6  # orders; more of them get a line each
TICKETS_UP_TO = 12  # told in full
LINES_UP_TO = 40  # orders with a line of their own


class Style(StrEnum):
    PLAIN = "plain"
    STRONG = "strong"
    DIM = "dim"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


Span: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[Span, ...]

_OF_TONE = {Tone.GOOD: Style.GOOD, Tone.PLAIN: Style.PLAIN, Tone.WARN: Style.WARN, Tone.BAD: Style.BAD}


def as_text(story: Story) -> str:
    """Plain text, a newline at its end."""
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines(story))


def lines(story: Story) -> list[Line]:
    """The whole summary."""
    times = times_in(None if story.run.zone.startswith("UTC") else story.run.zone, story.run.started)
    told = [*_head(story), *_facts(story, times), *_look_ups(story)]
    if len(story.orders) <= IN_DETAIL_UP_TO:
        for order in story.orders:
            told += _order(order, story.currency, times)
    else:
        told += _short(story)
    for ticket in story.tickets[:TICKETS_UP_TO]:
        told += _ticket(ticket, story.currency, times)
    if len(story.tickets) > TICKETS_UP_TO:
        left = plural(len(story.tickets) - TICKETS_UP_TO, "more ticket")
        told += [(), (_span(f"and {left}; all are in report.json", Style.DIM),)]
    told += [*_limits(story), *_settlement(story)]
    if story.exchanges:
        requests = plural(len(story.exchanges), "request")
        told += [(), _fact("Exchanges", f"{requests} to the venue; each is in report.json and report.html")]
    return told


def _span(text: str, style: Style = Style.PLAIN) -> Span:
    """What an owner is told may have several lines; here it has one."""
    return (harmless(" ".join(text.splitlines()) if "\n" in text else text), style)


def _fact(name: str, text: str, style: Style = Style.PLAIN) -> Line:
    return (_span(f"{name:<11}", Style.DIM), _span(text, style))


def _head(story: Story) -> Iterator[Line]:
    style = _OF_TONE[story.badge.tone]
    yield (_span(story.badge.text.upper(), style), _span(f"  run {story.run.run}", Style.DIM))
    yield (_span(story.headline, Style.STRONG),)
    yield ()


def _facts(story: Story, times: Times) -> Iterator[Line]:
    run = story.run
    yield _fact("Plan", f"{run.plan_name} ({run.plan_file}, digest {run.digest[:12]})")
    extras = [f"seed {run.seed}" if run.seed is not None else "", f"case {run.case}" if run.case else "", run.market_data or ""]
    yield _fact("Mode", ", ".join([run.mode, *(extra for extra in extras if extra)]))
    yield from (_fact("Note", note, Style.WARN) for note in run.notes)
    if run.started is not None:
        ended = f" to {times.clock(run.ended)}" if run.ended else ", not ended"
        settled = f", settled {times.clock(run.settled)}" if run.settled and story.settlement else ""
        yield _fact("Time", f"{times.full(run.started)}{ended} ({run.zone}){settled}")
    code = f": exit code {run.exit_code}, {run.exit_meaning}" if run.exit_code is not None else ""
    yield _fact("Ended", f"{run.how}{code}")
    if story.orders or story.tickets:
        before, after = money(story.loss_before, story.currency), money(story.loss_after, story.currency)
        stands = "matched" if not story.tickets else "matched or accepted" if story.orders else "accepted"
        yield _fact("Worst loss", f"{before} as planned, {after} by what stands {stands}")


def _look_ups(story: Story) -> Iterator[Line]:
    for one in story.unresolved:
        yield ()
        yield (_span(f"LOOK UP    {one.ref}", Style.BAD),)
        yield _fact("", f"{one.what}; {money(one.at_risk, story.currency)} may be at risk", Style.STRONG)
        yield _fact("", one.to_do)


def _order(order: OrderStory, currency: str, times: Times) -> Iterator[Line]:
    yield ()
    yield (_span(f"{order.name}  ", Style.STRONG), _span(f"{order.side.value} {order.target} at {order.venue}"))
    limit = limit_side(order.side, order.odds)
    yield _fact(
        "  asked", f"{money(order.parts.stake, currency)} at {order.odds} {limit}; " + "; ".join((order.type, *order.asks))
    )
    if order.found:
        yield _fact("  looked", order.found)
    yield _fact("  got", parts_in_words(order.parts, currency) + average_in_words(order), _OF_TONE[order.tone])
    yield _fact("  ended", order.ended)
    if order.hedge is not None:
        yield _fact("  hedge", f"{order.hedge.how}: {order.hedge.text}")
    if order.move is not None:
        here = parts_in_words(order.move.here, currency)
        mean = f", at {odds(order.move.average_here)} on average" if order.move.average_here is not None else ""
        yield _fact("  moved", f"{order.move.text}; here {here}{mean}", _OF_TONE[order.move.tone])
    for at, placement in enumerate(order.placements):
        yield _placement(placement, currency, times, first=at == 0)
    yield from _bookmakers(order, currency)
    for at, step in enumerate(order.steps):
        yield from _step(step, times, first=at == 0)


def _bookmakers(order: OrderStory, currency: str) -> Iterator[Line]:
    """What each of a router's bookmakers holds: in the order's currency, and what its account paid."""
    fills = [fill for _, fill in order.bookmakers]
    if order.averaging is not None and order.placements:
        yield _fact("  odds", order.averaging)
    width = max((len(fill.bookmaker) for fill in fills), default=0)
    for at, fill in enumerate(fills):
        size = money(fill.size, currency)
        paid = f", paid {fill.paid}" if f"{fill.paid}" != size else ""
        yield _fact("  fills" if at == 0 else "", f"{fill.bookmaker:<{width}}  {size:>12} at {odds(fill.odds):>6}  "
                    f"{fill.status.lower()}{paid}  {fill.id}")  # fmt: skip


def parts_in_words(parts: Parts, currency: str) -> str:
    """`7.50 matched, 2.50 cancelled`."""
    return ", ".join(f"{amount(size, currency)} {name}" for name, size in parts.named() if size) or "nothing"


def average_in_words(order: OrderStory) -> str:
    return f"; average odds {odds(order.average_odds)}" if order.average_odds is not None else ""


def _placement(placement: PlacementStory, currency: str, times: Times, *, first: bool) -> Line:
    mean = f" at {odds(placement.average_odds)}" if placement.average_odds is not None else ""
    size = amount(placement.parts.stake, currency)
    got = parts_in_words(placement.parts, currency).replace(" matched", f" matched{mean}", 1)
    reason = f" ({placement.reason})" if placement.reason else ""
    return (
        _span(f"{'  placed' if first else '':<11}", Style.DIM),
        _span(f"{times.clock(placement.asked_at)}  {size:>8} at {odds(placement.odds):>6}  "),
        _span(f"{got}{reason}", _OF_TONE[placement.tone]),
        _span(f"  {placement.ref}", Style.DIM),
    )


def _step(step: StepStory, times: Times, *, first: bool) -> Iterator[Line]:
    did = "did    " if step.fired else "did not"
    yield (
        _span(f"{'  fallback' if first else '':<11}", Style.DIM),
        _span(f"{step.number}. {did}  ", Style.GOOD if step.fired else Style.DIM),
        _span(step.text),
    )
    for effect in step.effects:
        yield _fact("", f"            {times.clock(effect.at)}  {effect.text}")
    if step.why_not:
        yield _fact("", f"            {step.why_not}", Style.DIM)


def _short(story: Story) -> Iterator[Line]:
    yield ()
    width = max(len(order.name) for order in story.orders[:LINES_UP_TO])
    for order in story.orders[:LINES_UP_TO]:
        yield (
            _span(f"{order.name:<{width}}  ", Style.STRONG),
            _span(f"{order.side.value} {order.selection}, {money(order.parts.stake, story.currency)} at {order.odds}: "),
            _span(parts_in_words(order.parts, story.currency) + average_in_words(order), _OF_TONE[order.tone]),
            _span(f"; {order.ended}"),
        )
    if len(story.orders) > LINES_UP_TO:
        yield (_span(f"and {len(story.orders) - LINES_UP_TO} more orders; all are in report.json", Style.DIM),)


def _ticket(ticket: TicketStory, currency: str, times: Times) -> Iterator[Line]:
    yield ()
    named = f"ticket {ticket.name}  "
    yield (_span(named, Style.STRONG), _span(f"{ticket.meeting}, {plural(len(ticket.bets), 'bet')} at {ticket.venue}"))
    asked = f"{money(ticket.parts.stake, currency)} in all; " + "; ".join(ticket.asks)
    yield _fact("  asked", asked)
    yield _fact("  got", pool_parts_in_words(ticket.parts, currency) + _paid(ticket, currency), _OF_TONE[ticket.tone])
    if ticket.references:
        yield _fact("  ticket", ", ".join(ticket.references), Style.DIM)
    for bet in ticket.bets:
        yield from _bet(bet, currency, times)


def _paid(told: TicketStory | PoolBetStory, currency: str) -> str:
    """`; returned 23.40 GBP, +9.40 GBP`."""
    if told.returned is None or told.profit is None:
        return ""
    refund = f" (refunded stake: {amount(told.refunded, currency)})" if told.refunded else ""
    so_far = " so far" if isinstance(told, TicketStory) and told.open else ""
    return f"; returned {money(told.returned, currency)}{refund}: {signed(told.profit, currency)}{so_far}"


def _bet(bet: PoolBetStory, currency: str, times: Times) -> Iterator[Line]:
    cost = f"{plural(bet.lines, 'line')} of {money(bet.unit, currency)}: {money(bet.parts.stake, currency)}"
    yield (_span(f"  {bet.number}. {bet.pool:<6}", Style.STRONG), _span(f"  {cost}"))
    for leg in bet.legs:
        yield _fact("", leg.text)
    if len(bet.spelled) > 1:
        yield _fact("", f"lines: {', '.join(bet.spelled)}", Style.DIM)
    result = f"; {bet.result}" if bet.outcome is not None else ""
    yield _fact("", f"{bet.ended}{result}{_paid(bet, currency)}", _OF_TONE[bet.tone])
    for placement in bet.placements:
        yield _fact("", _reference(placement, times, with_status=len(bet.placements) > 1), Style.DIM)
    for one in bet.dividends[:DIVIDENDS_UP_TO]:
        yield _fact("", dividend_in_words(one, currency))
    if bet.parts.not_placed or any(step.fired for step in bet.steps):  # of a bet that was taken it is no news
        for at, step in enumerate(bet.steps):
            yield from _step(step, times, first=at == 0)


def _reference(placement: PoolPlacementStory, times: Times, *, with_status: bool) -> str:
    bets = f", the venue's {', '.join(placement.bets)}" if placement.bets else ""
    said = f": {placement.status}" if with_status else ""
    reason = f" ({placement.reason})" if placement.reason else ""
    return f"{times.clock(placement.asked_at)}  bet {placement.ref}{bets}{said}{reason}"


def _limits(story: Story) -> Iterator[Line]:
    for at, limit in enumerate(story.limits):
        if at == 0:
            yield ()
        yield _fact("Limits" if at == 0 else "", f"{limit.name:<24} {limit_in_words(limit, story.currency)}", _near(limit))


def limit_in_words(limit: LimitStory, currency: str) -> str:
    """`10.00 of 25.00 GBP (40 %)`."""
    if limit.is_money:
        return f"{amount(limit.used, currency)} of {money(limit.allowed, currency)} ({percent(limit.share)})"
    return f"{limit.used} of {limit.allowed} ({percent(limit.share)})"


def _near(limit: LimitStory) -> Style:
    return Style.BAD if limit.share > 1 else Style.PLAIN


def _settlement(story: Story) -> Iterator[Line]:
    settlement: SettlementStory | None = story.settlement
    if settlement is None:
        return
    yield ()
    for at, bet in enumerate(settlement.bets[:LINES_UP_TO]):
        mean = f" at {odds(bet.average_odds)}" if bet.average_odds is not None else ""
        result = "not settled yet"
        if bet.outcome is not None and bet.profit is not None:
            result = f"{bet.result} {signed(bet.profit, story.currency)}"
        text = f"bet {bet.bet}: {bet.side.value} {bet.selection}, {money(bet.matched, story.currency)}{mean}: {result}"
        yield _fact("Settled" if at == 0 else "", text)
    for at, one in enumerate(settlement.pool_bets[:LINES_UP_TO]):
        result = "not settled yet"
        if one.outcome is not None and one.returned is not None and one.profit is not None:
            result = f"{one.outcome.value}, returned {money(one.returned, story.currency)}: {signed(one.profit, story.currency)}"
        text = f"bet {one.bet}: {one.what}, {money(one.taken, story.currency)}: {result}"
        yield _fact("Settled" if at == 0 and not settlement.bets else "", text)
    if len(settlement.pool_bets) > LINES_UP_TO:
        left = plural(len(settlement.pool_bets) - LINES_UP_TO, "more bet")
        yield _fact("", f"and {left} in pools; all are in report.json", Style.DIM)
    if len(settlement.bets) > LINES_UP_TO:
        yield _fact("", f"and {plural(len(settlement.bets) - LINES_UP_TO, 'more bet')}; all are in report.json", Style.DIM)
    style = Style.GOOD if settlement.net >= 0 else Style.BAD
    if not settlement.bets and not settlement.commissions:
        yield _fact("Net", signed(settlement.net, story.currency), style)
        return
    yield _fact("Net", f"{signed(settlement.net, story.currency)} ({signed(settlement.profit, story.currency)} before "
                f"{money(settlement.commission, story.currency)} commission)", style)  # fmt: skip
