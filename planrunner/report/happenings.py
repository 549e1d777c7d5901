"""The run in sentences, one moment after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from planrunner.model.events import BetSettled, MarketChanged, RunResumed, StopRequested, VenueDown, VenueUp
from planrunner.model.market import BetId, MarketStatus, OrderRef
from planrunner.report.chains import move_in_words
from planrunner.report.history import History, RunFact
from planrunner.report.slips import race_in_words
from planrunner.report.story import (
    Happening,
    OrderStory,
    PlacementStory,
    PoolBetStory,
    SettlementStory,
    TicketStory,
    Tone,
)
from planrunner.report.words import DIVIDENDS_UP_TO, dividend_in_words, listed, odds, signed
from planrunner.report.words import money as as_money


def tell_happenings(
    history: History,
    orders: tuple[OrderStory, ...],
    tickets: tuple[TicketStory, ...],
    settlement: SettlementStory | None,
    currency: str,
) -> tuple[Happening, ...]:
    """In the order of time; of one moment, in the order told here."""
    told: list[Happening] = []
    if history.started_at is not None:
        told.append(Happening(at=history.started_at, text="the run started"))
    told += [_run_fact(fact) for fact in history.run_facts]
    told += [one for seen in history.markets.values() for one in _market(history, seen)]
    for order in orders:
        told += _order(history, order, currency)
    for ticket in tickets:
        for bet in ticket.bets:
            told += _bet(history, ticket, bet, currency)
    told += _starts(history, tickets)
    told += [Happening(at=at, text=f"alert: {one.text}", order=one.path, tone=Tone.WARN) for at, one in history.alerts]
    told += _ends(history, settlement, currency)
    return tuple(sorted(told, key=lambda one: one.at))


def _run_fact(fact: RunFact) -> Happening:
    match fact:
        case RunResumed():
            return Happening(at=fact.at, text="the run was taken up again after an interruption", tone=Tone.WARN)
        case StopRequested():
            return Happening(at=fact.at, text=f"a stop was asked for: {fact.text}", tone=Tone.WARN)
        case VenueDown():
            return Happening(at=fact.at, text=f"{fact.account} could not be reached: {fact.text}", tone=Tone.WARN)
        case VenueUp():
            return Happening(at=fact.at, text=f"{fact.account} could be reached again")
    assert_never(fact)


def _market(history: History, seen: list[MarketChanged]) -> Iterator[Happening]:
    markets = history.program.markets if history.program else {}
    for before, now in zip([None, *seen], seen, strict=False):
        market = markets.get(now.market)
        name = market.name if market is not None else f"market {now.market}"
        turned = before is None or (before.status, before.in_play) != (now.status, now.in_play)
        if turned and (text := _turned(before, now)):
            yield Happening(at=now.at, text=f"{name} {text}")


def _turned(before: MarketChanged | None, now: MarketChanged) -> str | None:
    if now.status is MarketStatus.OPEN and now.in_play and not (before and before.in_play):
        return "turned in-play"
    if now.status is MarketStatus.OPEN:
        return "opened again" if before is not None else None  # that it was open at first is no news
    return {"suspended": "was suspended", "closed": "was closed"}.get(now.status.value, f"is {now.status.value}")


def _order(history: History, order: OrderStory, currency: str) -> Iterator[Happening]:
    before: PlacementStory | None = None
    if order.found and order.placements:
        yield Happening(at=order.placements[0].asked_at, text=f"looked: {order.found}", order=order.path)
    for placement in order.placements:
        yield from _placement(history, order, placement, before, currency)
        before = placement
    if order.ended_at is not None and not order.placements:
        yield Happening(at=order.ended_at, text=order.ended, order=order.path, tone=order.tone)


def _placement(
    history: History, order: OrderStory, placement: PlacementStory, before: PlacementStory | None, currency: str
) -> Iterator[Happening]:
    def one(at: datetime, text: str, tone: Tone = Tone.PLAIN) -> Happening:
        return Happening(at=at, text=text, order=order.path, tone=tone)

    size = as_money(placement.parts.stake, currency)
    if before is None and order.takes_over is not None:
        text = f"moved to {order.account}: {order.side.value} {order.selection}, {size} at {odds(placement.odds)}"
        yield one(placement.asked_at, f"{text} ({placement.because})")
    elif before is None:
        yield one(placement.asked_at, f"placed: {order.side.value} {order.selection}, {size} at {odds(placement.odds)}")
    else:
        yield one(placement.asked_at, f"{move_in_words(before, placement, size)} ({placement.because})")
    times = history.placements[placement.ref]
    for at, text in times.lost:
        yield one(at, f"no certain answer: {text}", Tone.BAD)
    if times.lost and placement.answered_at is not None:
        yield one(placement.answered_at, "the venue's answer is known now")
    for fill in placement.fills:
        yield one(fill.at, f"{as_money(fill.size, currency)} matched at {odds(fill.odds)}", Tone.GOOD)
    for grown in times.grown:
        if grown.part != "cancelled" or not placement.parts.moved:  # the move tells it
            yield one(grown.at, f"{as_money(grown.size, currency)} {grown.part}")
    if placement.parts.not_placed and placement.closed_at is not None:
        yield one(placement.closed_at, f"{placement.status}: {placement.reason}", placement.tone)


def _bet(history: History, ticket: TicketStory, bet: PoolBetStory, currency: str) -> Iterator[Happening]:
    def one(at: datetime, text: str, tone: Tone = Tone.PLAIN) -> Happening:
        return Happening(at=at, text=text, order=bet.path, tone=tone)

    for number, placement in enumerate(bet.placements):
        cost = as_money(placement.parts.stake, currency)
        text = f"placed with the ticket {ticket.name}: {bet.asked}, {cost}"
        yield one(placement.asked_at, f"asked for once more ({placement.because}), {cost}" if number else text)
        times = history.placements[placement.ref]
        for at, text in times.lost:
            yield one(at, f"no certain answer: {text}", Tone.BAD)
        if placement.answered_at is not None and placement.answered_at != placement.closed_at:
            yield one(placement.answered_at, "taken in by the venue")
        for grown in times.grown:
            words, tone = _GROWN[grown.part]
            yield one(grown.at, f"{as_money(grown.size, currency)} {words}", tone)
        if placement.parts.not_placed and placement.closed_at is not None:
            yield one(placement.closed_at, f"{placement.status}: {placement.reason}", placement.tone)
    if bet.ended_at is not None and not bet.placements:
        yield one(bet.ended_at, bet.ended, bet.tone)


_GROWN = {
    "matched": ("accepted", Tone.GOOD),
    "cancelled": ("taken back", Tone.WARN),
    "lapsed": ("not taken: the pool rounded the stake down", Tone.WARN),
    "voided": ("void", Tone.WARN),
}


def _starts(history: History, tickets: tuple[TicketStory, ...]) -> Iterator[Happening]:
    """Scheduled starts that came: from then on nothing can be bet in those pools."""
    starts: dict[datetime, list[str]] = {}
    for ticket in tickets:
        for bet in ticket.bets:
            if bet.placements and history.last_at is not None and bet.start <= history.last_at:
                starts.setdefault(bet.start, []).append(f"{ticket.meeting}, {race_in_words(bet.legs[0].race)}")
    for at, races in starts.items():
        yield Happening(at=at, text=f"scheduled start: {listed(list(dict.fromkeys(races)))}")


def _ends(history: History, settlement: SettlementStory | None, currency: str) -> Iterator[Happening]:
    if history.broken is not None:
        yield Happening(at=history.broken[0], text=f"a fact that can't be true: {history.broken[1]}", tone=Tone.BAD)
    if history.finish is not None:
        yield Happening(at=history.finish[0], text=f"the run ended: {history.finish[1].ended.value}")
    if settlement is not None:
        told = {(bet.ref, bet.bet): bet.order for bet in settlement.bets}
        told |= {(bet.ref, bet.bet): bet.order for bet in settlement.pool_bets}
        before: dict[tuple[OrderRef, BetId], BetSettled] = {}
        for one in history.results:
            key = (one.ref, one.bet)
            if key in told:
                text = f"bet {one.bet} {one.outcome.value}: {signed(one.profit, currency)}"
                if (wrong := before.get(key)) is not None:
                    text += f"; the result was corrected, and it had been {wrong.outcome.value}: {signed(wrong.profit, currency)}"
                text += "".join(f"; {dividend_in_words(dividend, currency)}" for dividend in one.dividends[:DIVIDENDS_UP_TO])
                yield Happening(at=one.at, text=text, order=told[key], tone=Tone.PLAIN if wrong is None else Tone.WARN)
            before[key] = one
