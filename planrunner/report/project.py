"""Records to story: the one door of the report."""

from __future__ import annotations

from collections.abc import Collection

from planrunner.engine.state import Phase
from planrunner.model.exposure import risk
from planrunner.model.journal import Mode, Record, RunInfo
from planrunner.model.market import titles
from planrunner.model.program import Program
from planrunner.report.chains import add
from planrunner.report.exchanges import Exchanges
from planrunner.report.happenings import tell_happenings
from planrunner.report.headline import tell_badge, tell_exit, tell_headline
from planrunner.report.history import History, go_through
from planrunner.report.limits import tell_limits
from planrunner.report.orders import tell_order
from planrunner.report.settlement import tell_settlement
from planrunner.report.story import (
    ZERO,
    Happening,
    MarketStory,
    OrderStory,
    Period,
    RunFacts,
    Story,
    TicketStory,
    Tone,
    UnresolvedStory,
)
from planrunner.report.tickets import tell_tickets
from planrunner.report.words import Times, money, odds, times_in

MODES = {
    Mode.REHEARSAL: "rehearsal (the venue's sandbox in memory, virtual time; no money)",
    Mode.SANDBOX: "sandbox (practice venue, real time; no money)",
    Mode.LIVE: "live (real money)",
}


def tell(info: RunInfo, records: Collection[Record]) -> Story:
    """The story of a run, from any prefix of its journal. Exchanges are read from the records again as they are shown."""
    history = go_through(records)
    program, state = history.program, history.state
    times = times_in(program.time_zone if program else None, history.started_at)
    called = titles(program.markets.values(), times.zone) if program else {}
    orders: tuple[OrderStory, ...] = ()
    if program is not None and state is not None:
        known = [order for spec in program.orders if (order := state.orders[spec.path]).phase is not Phase.DORMANT]
        orders = tuple(tell_order(history, program, state, order, times, called[order.spec.market]) for order in known)
    tickets = tell_tickets(history, program, state, times) if program is not None and state is not None else ()
    planned = tuple(order for order in orders if order.is_planned)
    currency = program.currency if program else ""
    each = [*(order.parts for order in planned), *(ticket.parts for ticket in tickets)]
    parts = add(each, sum((one.stake for one in each), ZERO))
    settlement = tell_settlement(history, called, orders, tickets) if program else None
    unresolved = (*_unresolved(history, orders, currency), *_unresolved_bets(history, tickets, currency))
    return Story(
        headline=tell_headline(history, orders, tickets, unresolved, settlement, times),
        badge=tell_badge(history, settlement),
        run=_run_facts(info, history, times, len(records)),
        currency=currency,
        parts=parts,
        average_odds=planned[0].average_odds if len(planned) == 1 and not tickets else None,
        loss_before=sum((one.loss_before for one in planned), sum((one.parts.stake for one in tickets), ZERO)),
        loss_after=sum((one.loss_after for one in planned), sum((one.loss_after for one in tickets), ZERO)),
        orders=orders,
        limits=tell_limits(history, program) if program else (),
        markets=_markets(history, program) if program else (),
        alerts=tuple(Happening(at=at, text=one.text, order=one.path, tone=Tone.WARN) for at, one in history.alerts),
        happenings=tell_happenings(history, orders, tickets, settlement, currency),
        unresolved=unresolved,
        settlement=settlement,
        exchanges=Exchanges(records, history.exchanges),
        tickets=tickets,
    )


def _run_facts(info: RunInfo, history: History, times: Times, records: int) -> RunFacts:
    code, meaning = tell_exit(history)
    return RunFacts(
        run=info.run,
        plan_file=info.plan_file,
        plan_name=info.plan_name,
        digest=info.plan_digest,
        mode=MODES[info.mode],
        seed=info.seed,
        case=info.case,
        market_data=info.market_data,
        notes=info.notes,
        created=info.created,
        zone=times.name,
        started=history.started_at,
        ended=history.finish[0] if history.finish else None,
        settled=history.settled_at,
        how=_how(history),
        exit_code=code,
        exit_meaning=meaning,
        records=records,
    )


def _how(history: History) -> str:
    if history.broken is not None:
        return "stopped: a fact can't be true"
    if history.finish is not None:
        return history.finish[1].ended.value
    return "not ended yet" if history.program else "never started"


def _unresolved(history: History, orders: tuple[OrderStory, ...], currency: str) -> tuple[UnresolvedStory, ...]:
    """Only of a run that is over: while it runs, the engine goes on asking. A broken one also left what rests at the venue."""
    over, broken = history.finish is not None or history.broken is not None, history.broken is not None
    return tuple(
        UnresolvedStory(
            ref=placement.ref,
            order=order.name,
            what=f"{order.side.value} {order.target}, {money(size, currency)} at {odds(placement.odds)}",
            at_risk=risk(order.side, size, placement.odds),
            to_do=f"Log in at {order.venue}, look among current and settled bets for the reference {placement.ref}, and "
            "cancel what you do not want. It counts against the account's limits until then.",
        )
        for order in orders
        for placement in order.placements
        if over and (size := placement.parts.unknown + (placement.parts.remaining if broken else ZERO))
    )


def _unresolved_bets(history: History, tickets: tuple[TicketStory, ...], currency: str) -> tuple[UnresolvedStory, ...]:
    over = history.finish is not None or history.broken is not None
    return tuple(
        UnresolvedStory(
            ref=placement.ref,
            order=bet.name,
            what=f"{bet.asked}, {money(placement.parts.stake, currency)}",
            at_risk=placement.parts.unknown,
            to_do=f"Log in at {ticket.venue} and look for the bet {placement.ref} of the ticket {placement.ticket}. A pool never "
            "gives a bet back, so it is only to be known. It counts against the account's limits until then.",
        )
        for ticket in tickets
        for bet in ticket.bets
        for placement in bet.placements
        if over and placement.parts.unknown
    )


def _markets(history: History, program: Program) -> tuple[MarketStory, ...]:
    told = []
    for market_id, market in program.markets.items():
        seen = history.markets.get(market_id, [])
        ends = [event.at for event in seen[1:]]
        told.append(
            MarketStory(
                id=market_id,
                name=market.name,
                fixture=market.fixture,
                start=seen[-1].start if seen else market.start,
                commission_rate=market.commission,
                periods=tuple(
                    Period(since=event.at, until=until, status=event.status, in_play=event.in_play)
                    for event, until in zip(seen, [*ends, None], strict=False)
                ),
            )
        )
    return tuple(told)
