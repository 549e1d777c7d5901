"""The story as JSON, by `schemas/report.schema.json`.

Amounts carry their currency as people write them, odds are decimal text, times are UTC. Everything is exact, but for averages,
which have six decimals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from planrunner.model.events import Fill
from planrunner.model.pools import Pick
from planrunner.model.shown import escaped
from planrunner.report.story import (
    ExchangeStory,
    FillStory,
    Happening,
    HedgeStory,
    LimitStory,
    MarketStory,
    MoveStory,
    OfferStory,
    OrderStory,
    Parts,
    PlacementStory,
    PoolBetStory,
    RunFacts,
    SettledPoolBet,
    SettlementStory,
    StepStory,
    Story,
    TicketStory,
    UnresolvedStory,
)
from planrunner.report.words import iso, money, odds, rounded

VERSION = 1


def as_json(story: Story) -> str:
    """Equal stories give equal text."""
    return "".join(in_pieces(story))


def in_pieces(story: Story) -> Iterator[str]:
    """The same, an exchange at a time: of a long run they don't fit in memory together."""
    yield _text(_all_but_exchanges(story)).removesuffix("\n}") + ',\n  "exchanges": ['
    end = "]\n}\n"
    for number, one in enumerate(story.exchanges):
        yield (",\n    " if number else "\n    ") + _text(_exchange(one)).replace("\n", "\n    ")
        end = "\n  ]\n}\n"
    yield end


def _text(value: dict[str, Any]) -> str:
    # A venue's numbers are exact decimals in the journal; as text they stay so in every reader.
    return escaped(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _all_but_exchanges(story: Story) -> dict[str, Any]:
    currency = story.currency
    return {
        "planrunner_report": VERSION,
        "headline": story.headline,
        "status": {"text": story.badge.text, "tone": story.badge.tone.value},
        "run": _run(story.run),
        "total": {
            **_parts(story.parts, currency),
            "average_odds": _average(story.average_odds),
            "worst_loss_before": money(story.loss_before, currency),
            "worst_loss_after": money(story.loss_after, currency),
        }
        if story.orders or story.tickets
        else None,
        "unresolved": [_unresolved(one, currency) for one in story.unresolved],
        "orders": [_order(one, currency) for one in story.orders],
        **({"tickets": [_ticket(one, currency) for one in story.tickets]} if story.tickets else {}),
        "limits": [_limit(one, currency) for one in story.limits],
        "settlement": _settlement(story.settlement, currency) if story.settlement else None,
        "markets": [_market(one) for one in story.markets],
        "alerts": [_happening(one) for one in story.alerts],
        "timeline": [_happening(one) for one in story.happenings],
    }


def _at(at: datetime | None) -> str | None:
    return iso(at) if at is not None else None


def _average(value: Fraction | None) -> str | None:
    if value is None:
        return None
    exact = rounded(value, 6).normalize()
    return odds(value) if exact.as_tuple().exponent >= -2 else f"{exact:f}"  # type: ignore[operator]


def _decimal(value: Decimal) -> str:
    return f"{value:f}"


def _run(run: RunFacts) -> dict[str, Any]:
    return {
        "id": run.run,
        "plan_file": run.plan_file,
        "plan": run.plan_name,
        "digest": run.digest,
        "mode": run.mode.split(" ")[0],
        "seed": run.seed,
        "case": run.case,
        "market_data": run.market_data,
        **({"notes": list(run.notes)} if run.notes else {}),
        "created": iso(run.created),
        "time_zone": run.zone,
        "started": _at(run.started),
        "ended": _at(run.ended),
        "settled": _at(run.settled),
        "how_it_ended": run.how,
        "exit_code": run.exit_code,
        "exit_meaning": run.exit_meaning,
        "records": run.records,
    }


def _parts(parts: Parts, currency: str) -> dict[str, Any]:
    sizes = {name.replace(" ", "_"): money(size, currency) for name, size in parts.named()}
    return {"stake": money(parts.stake, currency), **sizes}


def _order(order: OrderStory, currency: str) -> dict[str, Any]:
    return {
        "name": order.name,
        "path": order.path,
        "line": order.line,
        "account": order.account,
        "venue": order.venue,
        "market": order.market,
        "selection": order.selection,
        "target": order.target,
        "side": order.side.value,
        "type": order.type,
        "odds": order.odds,
        "asked": list(order.asks),
        **{key: size for key, size in _parts(order.parts, currency).items() if key != "moved"},
        "moved": money(order.moved, currency),
        "average_odds": _average(order.average_odds),
        "ended": order.ended,
        "ended_at": _at(order.ended_at),
        "worst_loss_before": money(order.loss_before, currency),
        "worst_loss_after": money(order.loss_after, currency),
        "profit": money(order.profit, currency) if order.profit is not None else None,
        "placements": [_placement(one, currency) for one in order.placements],
        "fallback": [_step(one) for one in order.steps],
        "offers_seen": [_offer(one, currency) for one in order.offers],
        **({"offers_left_out": order.offers_left_out} if order.offers_left_out else {}),
        **({"looked": order.found} if order.found else {}),
        **({"hedges": order.hedges} if order.hedges else {}),
        **({"hedge": _hedge(order.hedge, currency)} if order.hedge is not None else {}),
        **({"takes_over": order.takes_over} if order.takes_over else {}),
        **({"move": _move(order.move, currency)} if order.move is not None else {}),
        **({"odds_hold_for_average": order.averaging} if order.averaging is not None else {}),
    }


def _move(move: MoveStory, currency: str) -> dict[str, Any]:
    return {
        "order": move.path,
        "account": move.account,
        "venue": move.venue,
        "size": money(move.size, currency),
        "text": move.text,
        "here": {**_parts(move.here, currency), "average_odds": _average(move.average_here)},
        "there": {**_parts(move.there, currency), "average_odds": _average(move.average_there)},
        "ended": move.ended,
    }


def _ticket(ticket: TicketStory, currency: str) -> dict[str, Any]:
    return {
        "name": ticket.name,
        "path": ticket.path,
        "account": ticket.account,
        "venue": ticket.venue,
        "meeting": ticket.meeting,
        "text": ticket.headline,
        "asked": list(ticket.asks),
        "references": list(ticket.references),
        **_pool_parts(ticket.parts, currency),
        "worst_loss_before": money(ticket.parts.stake, currency),
        "worst_loss_after": money(ticket.loss_after, currency),
        **_paid(ticket, currency),
        "not_settled": ticket.open,
        "bets": [_pool_bet(one, currency) for one in ticket.bets],
    }


def _pool_parts(parts: Parts, currency: str) -> dict[str, Any]:
    """A stake in pools; a bet in one is never cancelled or moved."""
    return {
        "stake": money(parts.stake, currency),
        "accepted": money(parts.matched, currency),
        "not_answered": money(parts.remaining, currency),
        "unknown": money(parts.unknown, currency),
        "not_taken": money(parts.lapsed + parts.cancelled, currency),
        "voided": money(parts.voided, currency),
        "not_placed": money(parts.not_placed, currency),
    }


def _paid(told: TicketStory | PoolBetStory | SettledPoolBet, currency: str) -> dict[str, Any]:
    return {
        "returned": money(told.returned, currency) if told.returned is not None else None,
        "refunded": money(told.refunded, currency),
        "profit": money(told.profit, currency) if told.profit is not None else None,
    }


def _pool_bet(bet: PoolBetStory, currency: str) -> dict[str, Any]:
    return {
        "name": bet.name,
        "path": bet.path,
        "line": bet.line,
        "pool": bet.pool,
        "market": bet.market,
        "product": bet.product,
        "start": iso(bet.start),
        "text": bet.asked,
        "legs": [
            {
                "race": leg.race,
                "name": leg.name,
                "any_order": leg.is_any_order,
                "runners": [_pick(one) for one in leg.picks],
                "reserves": [_pick(one) for one in leg.reserves],
            }
            for leg in bet.legs
        ],
        "lines": bet.lines,
        "lines_in_words": list(bet.spelled),
        "unit_stake": money(bet.unit, currency),
        **_pool_parts(bet.parts, currency),
        "ended": bet.ended,
        "ended_at": _at(bet.ended_at),
        "worst_loss_after": money(bet.loss_after, currency),
        "outcome": bet.outcome.value if bet.outcome is not None else None,
        **_paid(bet, currency),
        "settled_at": _at(bet.settled_at),
        "dividends": [
            {"name": one.name, "on": one.on, "pays": money(one.pays, currency), "final": one.is_final} for one in bet.dividends
        ],
        "placements": [
            {
                "reference": one.ref,
                "ticket": one.ticket,
                "because": one.because,
                "status": one.status,
                "reason": one.reason,
                "bets": list(one.bets),
                "asked_at": iso(one.asked_at),
                "answered_at": _at(one.answered_at),
                "accepted_at": _at(one.accepted_at),
                "closed_at": _at(one.closed_at),
                "attempts": one.attempts,
            }
            for one in bet.placements
        ],
        "fallback": [_step(one) for one in bet.steps],
    }


def _pick(pick: Pick) -> dict[str, Any]:
    return {"number": pick.number, "name": pick.name, "place": pick.place}


def _hedge(hedge: HedgeStory, currency: str) -> dict[str, Any]:
    return {
        "order": hedge.path,
        "how": hedge.how,
        "text": hedge.text,
        "if_it_wins": money(hedge.if_it_wins, currency),
        "if_it_does_not": money(hedge.if_it_does_not, currency),
        "over": hedge.is_over,
    }


def _placement(placement: PlacementStory, currency: str) -> dict[str, Any]:
    return {
        "reference": placement.ref,
        "rung": placement.rung,
        "because": placement.because,
        "odds": odds(placement.odds),
        **_parts(placement.parts, currency),
        "average_odds": _average(placement.average_odds),
        "status": placement.status,
        "reason": placement.reason,
        "asked_at": iso(placement.asked_at),
        "answered_at": _at(placement.answered_at),
        "closed_at": _at(placement.closed_at),
        "attempts": placement.attempts,
        "stays_in_play": placement.stays_in_play,
        "bets": [
            {
                "bet": bet.bet,
                "matched": money(bet.matched, currency),
                "average_odds": _average(bet.average_odds),
                "outcome": bet.outcome.value if bet.outcome else None,
                "profit": money(bet.profit, currency) if bet.profit is not None else None,
                "settled_at": _at(bet.settled_at),
            }
            for bet in placement.bets
        ],
        "fills": [_fill(one, currency) for one in placement.fills],
        **({"bookmakers": [_at_bookmaker(one, currency) for one in placement.bookmakers]} if placement.bookmakers else {}),
    }


def _at_bookmaker(fill: Fill, currency: str) -> dict[str, Any]:
    return {
        "id": fill.id,
        "bookmaker": fill.bookmaker,
        "odds": _average(Fraction(fill.odds)),
        "size": money(fill.size, currency),
        "paid": str(fill.paid),
        "status": fill.status,
    }


def _fill(fill: FillStory, currency: str) -> dict[str, Any]:
    return {"at": iso(fill.at), "size": money(fill.size, currency), "odds": _average(fill.odds)}


def _step(step: StepStory) -> dict[str, Any]:
    return {
        "number": step.number,
        "text": step.text,
        "line": step.line,
        "fired": step.fired,
        "did": [{"at": iso(one.at), "text": one.text} for one in step.effects],
        "why_not": step.why_not,
    }


def _offer(offer: OfferStory, currency: str) -> dict[str, Any]:
    def best(one: tuple[Decimal, Decimal] | None) -> dict[str, str] | None:
        return {"odds": odds(one[0]), "size": money(one[1], currency)} if one else None

    return {"at": iso(offer.at), "back": best(offer.back), "lay": best(offer.lay)}


def _limit(limit: LimitStory, currency: str) -> dict[str, Any]:
    def figure(value: Decimal) -> str:
        return money(value, currency) if limit.is_money else f"{value}"

    return {"name": limit.name, "text": limit.text, "used": figure(limit.used), "allowed": figure(limit.allowed)}


def _unresolved(one: UnresolvedStory, currency: str) -> dict[str, Any]:
    return {
        "reference": one.ref,
        "order": one.order,
        "what": one.what,
        "at_risk": money(one.at_risk, currency),
        "to_do": one.to_do,
    }


def _settlement(settlement: SettlementStory, currency: str) -> dict[str, Any]:
    return {
        "bets": [
            {
                "order": bet.order,
                "reference": bet.ref,
                "bet": bet.bet,
                "selection": bet.selection,
                "side": bet.side.value,
                "matched": money(bet.matched, currency),
                "average_odds": _average(bet.average_odds),
                "outcome": bet.outcome.value if bet.outcome else None,
                "profit": money(bet.profit, currency) if bet.profit is not None else None,
            }
            for bet in settlement.bets
        ],
        **({"pool_bets": [_settled(one, currency) for one in settlement.pool_bets]} if settlement.pool_bets else {}),
        "commissions": [{"market": one.market, "amount": money(one.amount, currency)} for one in settlement.commissions],
        "profit": money(settlement.profit, currency),
        "commission": money(settlement.commission, currency),
        "net": money(settlement.net, currency),
        "not_settled": settlement.open,
    }


def _settled(bet: SettledPoolBet, currency: str) -> dict[str, Any]:
    return {
        "order": bet.order,
        "reference": bet.ref,
        "bet": bet.bet,
        "what": bet.what,
        "taken": money(bet.taken, currency),
        "outcome": bet.outcome.value if bet.outcome is not None else None,
        **_paid(bet, currency),
    }


def _market(market: MarketStory) -> dict[str, Any]:
    return {
        "id": market.id,
        "name": market.name,
        "fixture": market.fixture,
        "start": iso(market.start),
        "commission_rate": _decimal(market.commission_rate),
        "periods": [
            {"since": iso(one.since), "until": _at(one.until), "status": one.status.value, "in_play": one.in_play}
            for one in market.periods
        ],
    }


def _happening(one: Happening) -> dict[str, Any]:
    return {"at": iso(one.at), "order": one.order, "text": one.text}


def _exchange(one: ExchangeStory) -> dict[str, Any]:
    return {
        "seq": one.seq,
        "title": one.title,
        "method": one.method,
        "url": one.url,
        "sent_at": iso(one.sent_at),
        "answered_at": _at(one.answered_at),
        "status": one.status,
        "trouble": one.trouble,
        "request": one.request,
        "answer": one.answer,
    }
