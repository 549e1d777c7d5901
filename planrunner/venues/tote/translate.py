"""Tickets into request bodies, and the answers to placing into facts. Pure.

Three answers exist for each bet: accepted, refused with evidence, unknown. An answer that contradicts itself, lacks a bet or uses
a word that is not in the documentation is unknown. That a bet was taken in is not yet a yes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from planrunner.model.commands import NewPoolBet, PlaceTicket, QueryOrder
from planrunner.model.events import Event, OrderAccepted, OrderRejected, OrderUnknown
from planrunner.model.market import OrderRef
from planrunner.model.pools import Pick, PickedLeg
from planrunner.venues import fields, outcomes
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.outcomes import Garbled
from planrunner.venues.tote import holdings, wire
from planrunner.venues.tote.codes import DUPLICATE, Placed, Proof, fault, reason
from planrunner.venues.tote.holdings import Held
from planrunner.venues.tote.wire import Envelope, Fault, Result

PLACE_LIMIT = 50
_REFERENCE = re.compile(r"[A-Za-z0-9]{1,100}")
# The answer's field by a name of our own: the venue's own sample has it under another operation's name.
_ALIAS = "r"

# Requests


def place_body(command: PlaceTicket, currency: str) -> dict[str, Any]:
    """The whole request. Nothing in it depends on the attempt: for the venue a second one is the first again."""
    if not 1 <= len(command.placements) <= PLACE_LIMIT:
        raise ValueError(f"{len(command.placements)} bets in one ticket")
    ticket = f"ticket {{ id toteId idempotent bets(first: {len(command.placements)}) {{ nodes {{ {holdings.BET} }} }} }}"
    query = (
        "mutation PlaceTicket($input: PlaceBetsAsyncInput!) "
        f"{{ {_ALIAS}: placeBetsAsync(input: $input) {{ {ticket} }} }}"
    )  # fmt: skip
    bets = [_bet(one, currency) for one in command.placements]
    return wire.document(query, {"input": {"ticketId": _reference(command.request_ref), "bets": bets}})


def _bet(bet: NewPoolBet, currency: str) -> dict[str, Any]:
    if bet.size != bet.size.quantize(wire.CENT) or bet.size <= 0:
        raise ValueError(f"{bet.size} is no amount for the Tote")
    return {
        "betId": _reference(bet.ref),
        "productId": bet.market,
        "stake": {"currencyCode": currency, "totalAmount": bet.size},
        "legs": [_leg(leg) for leg in bet.legs],
    }


def _leg(leg: PickedLeg) -> dict[str, Any]:
    asked: dict[str, Any] = {"productLegId": leg.id, "selections": [_selection(pick) for pick in leg.picks]}
    return {**asked, "alternativeSelections": [_selection(pick) for pick in leg.reserves]} if leg.reserves else asked


def _selection(pick: Pick) -> dict[str, Any]:
    named: dict[str, Any] = {"productLegSelectionID": pick.selection}
    return named if pick.place is None else {**named, "position": pick.place}


def _reference(ref: str) -> str:
    if not _REFERENCE.fullmatch(ref):
        raise ValueError(f"{ref!r} is no reference for the Tote")
    return ref


def query_body(command: QueryOrder) -> dict[str, Any]:
    return wire.document(holdings.bets_query(id=_reference(command.ref)))


# Answers to placing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer says, bet by bet. `doubtful` are those of which the venue must be asked once more before anything is said:
    a refusal for a reference it has had before may mean our own bet, and one that failed may have been placed after all.
    `is_old`: it is the first answer to this ticket, told once more, and things have gone on since."""

    events: tuple[Event, ...]
    doubtful: frozenset[OrderRef] = frozenset()
    is_old: bool = False


def never_sent(command: PlaceTicket, text: str, at: datetime) -> Verdict:
    return Verdict(events=outcomes.never_sent(command, text, at))


def all_unknown(command: PlaceTicket, text: str, at: datetime) -> Verdict:
    return Verdict(events=outcomes.all_unknown(command, text, at))


def _all_refused(command: PlaceTicket, code: str, text: str, at: datetime) -> Verdict:
    return Verdict(events=tuple(OrderRejected(at=at, ref=one.ref, reason=code, text=text) for one in command.placements))


def placed(command: PlaceTicket, answer: Envelope, currency: str, at: datetime) -> Verdict:
    """One fact for each bet, in their order."""
    match answer:
        case Garbled():
            return all_unknown(command, answer.text, at)
        case Fault():
            proof, words = fault(answer.code)
            said = f"{words} ({answer.code}{': ' if answer.text else ''}{answer.text})"
            if proof is Proof.NOT_YET:
                return never_sent(command, said, at)
            if proof is Proof.NOTHING_DONE:
                return _all_refused(command, answer.code, f"{words}{': ' if answer.text else ''}{answer.text}", at)
            return all_unknown(command, said, at)
        case Result():
            return _from_result(command, answer, currency, at)
        case _:
            assert_never(answer)


def _from_result(command: PlaceTicket, answer: Result, currency: str, at: datetime) -> Verdict:
    try:
        payload = fields.block(answer.data, _ALIAS) or fields.block(answer.data, "placeBetsAsync")
        ticket = fields.block(payload, "ticket")
        if not ticket:
            return _without_ticket(command, answer, at)
        if fields.text(ticket, "id") != command.request_ref:
            return all_unknown(command, "the venue's answer is about another ticket", at)
        bets = _by_id(wire.nodes(ticket, "bets"))
    except Unreadable as error:
        return all_unknown(command, f"the venue's answer can't be read: {error}", at)
    is_old = ticket.get("idempotent") is True
    if is_old and any(_is_another(one, bets, currency) for one in command.placements):
        return all_unknown(command, _ANOTHER, at)
    return replace(_each(command, bets, currency, at), is_old=is_old)


_ANOTHER = "the venue keeps another ticket under this ticket's reference, and did nothing with this one; look at it there"


def _is_another(asked: NewPoolBet, bets: dict[str, Any], currency: str) -> bool:
    """In a ticket that the venue has had before, what stands for this bet is no bet of this request."""
    if asked.ref not in bets:
        return True
    try:
        there = holdings.held(bets[asked.ref])
    except Unreadable:
        return False  # told of it by itself
    return differs(asked, there, currency) is not None or _picks_differ(asked, there)


def _picks_differ(asked: NewPoolBet, there: Held) -> bool:
    """Where reserves may have taken a runner's place nothing can be said."""
    if there.picks is None or any(leg.reserves for leg in asked.legs):
        return False
    ordered = any(pick.place for leg in asked.legs for pick in leg.picks)
    ours = {(leg.id, pick.selection, pick.place) for leg in asked.legs for pick in leg.picks}
    return ours != {(leg, selection, place if ordered else None) for leg, selection, place in there.picks}


def _without_ticket(command: PlaceTicket, answer: Result, at: datetime) -> Verdict:
    """The request was carried out and made no ticket, as far as is told. A reference that was used before says why; that may be
    our own bet of an earlier attempt."""
    said = "; ".join(filter(None, answer.problems)) or "the venue's answer has no ticket"
    is_duplicate = any(reason(one).code == DUPLICATE for one in answer.problems)
    if not is_duplicate:
        return all_unknown(command, said, at)
    verdict = _all_refused(command, DUPLICATE, f"{reason(said).text}; then all bets of a ticket are refused", at)
    return Verdict(events=verdict.events, doubtful=frozenset(one.ref for one in command.placements))


def _by_id(rows: list[Any]) -> dict[str, Any]:
    """Bets by the key that we gave them, never by position."""
    return {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}


def _each(command: PlaceTicket, bets: dict[str, Any], currency: str, at: datetime) -> Verdict:
    events, doubtful = [], set()
    for asked in command.placements:
        event, is_doubtful = _one(asked, bets.get(asked.ref), currency, at)
        events.append(event)
        if is_doubtful:
            doubtful.add(asked.ref)
    if any(isinstance(event, OrderRejected) and event.reason == DUPLICATE for event in events):
        doubtful |= {event.ref for event in events if isinstance(event, OrderRejected)}
    return Verdict(events=tuple(events), doubtful=frozenset(doubtful))


def _one(asked: NewPoolBet, row: Any, currency: str, at: datetime) -> tuple[Event, bool]:
    if row is None:
        return OrderUnknown(at=at, ref=asked.ref, text="the venue's answer does not have this bet"), False
    try:
        if (refused := holdings.refusal(row, at)) is not None:
            # What is said of a reference that was used before is said of this request, not of the reference.
            is_duplicate = refused.reason == DUPLICATE
            failed = wire.code(fields.block(row, "placement"), "status") == Placed.FAILED.value
            return replace(refused, conclusive=not is_duplicate), is_duplicate or failed
        one = holdings.held(row)
        if (text := differs(asked, one, currency)) is not None:
            return OrderUnknown(at=at, ref=asked.ref, text=text), False
        sizes = holdings.reported(one, asked.size, at).sizes
    except ValueError as error:
        return OrderUnknown(at=at, ref=asked.ref, text=f"the venue's answer can't be read: {error}"), False
    return OrderAccepted(at=at, ref=asked.ref, bet=one.bet, sizes=sizes), False


def differs(asked: NewPoolBet, one: Held, currency: str) -> str | None:
    """In words, where what the venue holds is not what was asked. Less money is a stake that was rounded down."""
    if one.market not in (None, asked.market) or one.currency not in (None, currency):
        return "the venue holds another bet under this reference: its pool or currency is not the one that was asked for"
    return None


def confirmed(command: PlaceTicket, verdict: Verdict, rows: list[Any] | None, currency: str, at: datetime) -> tuple[Event, ...]:
    """The verdict once the venue was asked about what was in doubt; `rows` is None where it gave no answer."""
    there = _by_id(rows or [])
    asked = {one.ref: one for one in command.placements}
    return tuple(
        _confirmed(asked[event.ref], event, command.request_ref, there, currency, at)
        if isinstance(event, OrderRejected) and event.ref in verdict.doubtful and rows is not None
        else _unconfirmed(event, verdict)
        for event in verdict.events
    )


def _unconfirmed(event: Event, verdict: Verdict) -> Event:
    if isinstance(event, OrderRejected) and event.ref in verdict.doubtful:
        return OrderUnknown(at=event.at, ref=event.ref, text=f"{event.text}; whether that is so could not be looked up")
    return event


def _confirmed(asked: NewPoolBet, event: OrderRejected, ticket: str, there: dict[str, Any], currency: str, at: datetime) -> Event:
    if asked.ref not in there:
        return event
    now, _ = _one(asked, there[asked.ref], currency, at)
    whose = _ticket(there[asked.ref])
    if isinstance(now, OrderRejected) and event.reason != DUPLICATE:
        return now
    if isinstance(now, OrderAccepted | OrderRejected) and whose == ticket:
        return now
    return OrderUnknown(at=at, ref=asked.ref, text=f"{event.text}; the venue has a bet under it, which may be ours")


def _ticket(row: Any) -> str | None:
    try:
        return wire.word(fields.block(row, "ticket"), "id")
    except Unreadable:
        return None
