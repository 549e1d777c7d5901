"""Commands into request bodies, and the answers to placing and cancelling into facts. Pure.

Three answers exist for each bet: accepted, rejected with evidence, unknown. A report that contradicts itself, lacks a bet or
uses a word that is not in the documentation is unknown.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, assert_never

from planrunner.model.commands import (
    CancelOrder,
    NewPlacement,
    Persistence,
    PlaceOrders,
    QueryBook,
    QueryOrder,
    QueryRunners,
)
from planrunner.model.events import (
    CancelAccepted,
    CancelRefused,
    Event,
    OrderAccepted,
    OrderRejected,
    OrderUnknown,
)
from planrunner.model.market import BetId
from planrunner.model.plan import OrderType
from planrunner.venues import fields
from planrunner.venues.betfair import wire
from planrunner.venues.betfair.codes import LEGS, REPORTS, Proof, fault
from planrunner.venues.betfair.wire import Envelope, Fault, Result
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.outcomes import Garbled, all_unknown, cancel_lost, never_sent

PLACE_LIMIT = 200
_REFERENCE = re.compile(r"[A-Za-z0-9:\-._+*;~]{1,32}")

# Requests


def place_body(command: PlaceOrders) -> dict[str, Any]:
    """The whole request. Nothing in it depends on the attempt: for the venue a second one is a duplicate of the first."""
    if not 1 <= len(command.placements) <= PLACE_LIMIT:
        raise ValueError(f"{len(command.placements)} placements in one request")
    params = {
        "marketId": command.market,
        "customerRef": _reference(command.request_ref),
        "instructions": [_instruction(placement) for placement in command.placements],
    }
    return wire.call(wire.BETTING + "placeOrders", params)


def _instruction(placement: NewPlacement) -> dict[str, Any]:
    return {
        "orderType": "LIMIT",
        "selectionId": int(placement.selection),
        "handicap": placement.handicap,
        "side": placement.side.name,
        "customerOrderRef": _reference(placement.ref),
        "limitOrder": {"size": placement.size, "price": placement.odds, **_terms(placement)},
    }


def _terms(placement: NewPlacement) -> dict[str, Any]:
    match placement.type:
        case OrderType.LIMIT:
            return {"persistenceType": "PERSIST" if placement.persistence is Persistence.PERSIST else "LAPSE"}
        case OrderType.FILL_OR_KILL:  # no persistence: documented both as ignored and as an error
            terms: dict[str, Any] = {"timeInForce": "FILL_OR_KILL"}
            return terms if placement.min_fill is None else {**terms, "minFillSize": placement.min_fill}
        case _:
            raise ValueError(f"{placement.type} orders are not placed at Betfair yet")


def _reference(ref: str) -> str:
    if not _REFERENCE.fullmatch(ref):
        raise ValueError(f"{ref!r} is no reference for Betfair")
    return ref


def cancel_body(command: CancelOrder) -> dict[str, Any]:
    """One bet, named. An empty list would cancel every bet of the market, no market every bet of the account."""
    if not command.bet or not command.market:
        raise ValueError("a cancel that names no bet would cancel everything")
    params = {"marketId": command.market, "instructions": [{"betId": command.bet}]}
    return wire.call(wire.BETTING + "cancelOrders", params)


def query_body(command: QueryOrder) -> dict[str, Any]:
    """The first of the places where a bet may be; the others are asked only when it is not there."""
    return wire.call(wire.BETTING + "listCurrentOrders", {"customerOrderRefs": [_reference(command.ref)]})


def book_body(command: QueryBook | QueryRunners) -> dict[str, Any]:
    """The best three levels of every runner. Virtualised: with the offers that cross-matching makes, because those match a taker
    too."""
    projection = {"priceData": ["EX_BEST_OFFERS"], "virtualise": True}
    return wire.call(wire.BETTING + "listMarketBook", {"marketIds": [command.market], "priceProjection": projection})


# Answers to placing


def placed(command: PlaceOrders, answer: Envelope, at: datetime) -> tuple[Event, ...]:
    """One fact for each placement, in their order."""
    match answer:
        case Garbled():
            return all_unknown(command, answer.text, at)
        case Fault():
            proof, words = fault(answer.code)
            if proof is Proof.NOT_YET:
                return never_sent(command, f"{words} ({answer.code})", at)
            if proof is Proof.NOTHING_DONE:
                return tuple(OrderRejected(at=at, ref=one.ref, reason=answer.code, text=words) for one in command.placements)
            return all_unknown(command, f"{words} ({answer.code})", at)
        case Result():
            return _from_report(command, answer.value, at)
        case _:
            assert_never(answer)


def _from_report(command: PlaceOrders, report: Any, at: datetime) -> tuple[Event, ...]:
    expected = {"marketId": command.market, "customerRef": command.request_ref}
    if not isinstance(report, dict) or any(report.get(key, value) != value for key, value in expected.items()):
        return all_unknown(command, "the venue's answer is about something else", at)
    legs = _by_key(report.get("instructionReports"), "customerOrderRef")
    return tuple(_from_leg(placement, legs.get(placement.ref), report, at) for placement in command.placements)


def _by_key(legs: Any, key: str) -> dict[str, dict[str, Any]]:
    """Legs by what their echoed instruction names, never by position; the venue promises no order."""
    found: dict[str, dict[str, Any]] = {}
    for leg in legs if isinstance(legs, list) else ():
        instruction = leg.get("instruction") if isinstance(leg, dict) else None
        if isinstance(instruction, dict) and key in instruction:
            found[str(instruction[key])] = leg
    return found


def _from_leg(placement: NewPlacement, leg: dict[str, Any] | None, report: dict[str, Any], at: datetime) -> Event:
    try:
        whole, own = wire.code(report, "status"), wire.code(leg or report, "status")
        match whole, own:
            case "SUCCESS" | "PROCESSED_WITH_ERRORS" | "TIMEOUT", "SUCCESS" if leg is not None:
                return _accepted(placement, leg, at)
            case "SUCCESS" | "PROCESSED_WITH_ERRORS" | "FAILURE", "FAILURE":
                return _failed(placement, leg or {}, report, at)
            case _:
                text = f"the venue does not say what became of it ({whole})"
    except Unreadable as error:
        text = f"the venue's answer can't be read: {error}"
    return OrderUnknown(at=at, ref=placement.ref, text=text)


def _accepted(placement: NewPlacement, leg: dict[str, Any], at: datetime) -> Event:
    bet, matched = BetId(fields.text(leg, "betId")), wire.size(leg, "sizeMatched")
    match placement.type is OrderType.FILL_OR_KILL, wire.code(leg, "orderStatus"):
        case True, "EXECUTION_COMPLETE" | "EXPIRED":
            sizes = wire.sizes(stake=placement.size, matched=matched, cancelled=placement.size - matched)
        case False, "EXECUTABLE" | "EXECUTION_COMPLETE" | None:
            # Complete and not full: cancelled or lapsed, the report doesn't say which. What the venue holds is read next,
            # and until then the rest counts as if it could still match.
            sizes = wire.sizes(stake=placement.size, matched=matched)
        case _, other:
            raise Unreadable(f"order status {other}")
    return OrderAccepted(at=at, ref=placement.ref, bet=bet, sizes=sizes, average_odds=wire.average(leg, "averagePriceMatched"))


def _failed(placement: NewPlacement, leg: dict[str, Any], report: dict[str, Any], at: datetime) -> Event:
    code = wire.code(leg, "errorCode")
    if code == "BET_TAKEN_OR_LAPSED" and leg.get("betId"):
        # It was made and lapsed at once: the market changed under it.
        matched = wire.size(leg, "sizeMatched")
        sizes = wire.sizes(stake=placement.size, matched=matched, lapsed=placement.size - matched)
        return OrderAccepted(at=at, ref=placement.ref, bet=BetId(fields.text(leg, "betId")), sizes=sizes)
    reason, proof, words = _verdict(code, wire.code(report, "errorCode"))
    if leg.get("betId"):
        proof, words = Proof.UNCERTAIN, f"{words}, yet the answer carries a bet's number"
    if proof is Proof.NOTHING_DONE:
        return OrderRejected(at=at, ref=placement.ref, reason=reason, text=words)
    return OrderUnknown(at=at, ref=placement.ref, text=f"{words} ({reason})")


_NOT_KNOWN = "planrunner does not know what this answer means"


def _verdict(leg: str | None, report: str | None) -> tuple[str, Proof, str]:
    """Of the codes of a failed leg and of the report around it. A leg that only points at the report takes over its verdict."""
    whole, words_of_whole = (Proof.SEE_LEGS, "") if report is None else REPORTS.get(report, (Proof.UNCERTAIN, _NOT_KNOWN))
    if whole is Proof.UNCERTAIN:
        return str(report), whole, words_of_whole
    if leg is None:  # the report must say it alone, and one that points back at its legs does not
        alone = whole if whole is Proof.NOTHING_DONE else Proof.UNCERTAIN
        return str(report), alone, words_of_whole or "the venue gives no reason"
    proof, words = LEGS.get(leg, (Proof.UNCERTAIN, _NOT_KNOWN))
    if proof is not Proof.SEE_LEGS:
        return leg, proof, words
    # All or nothing: where the report only points at its legs, it was another bet of the request that was refused.
    return (leg, Proof.NOTHING_DONE, words) if whole is Proof.SEE_LEGS else (str(report), whole, words_of_whole)


# Answers to cancelling


def cancelled(command: CancelOrder, answer: Envelope, at: datetime) -> Event:
    match answer:
        case Garbled():
            return cancel_lost(command, answer.text, at)
        case Fault():
            proof, words = fault(answer.code)
            if proof in (Proof.NOTHING_DONE, Proof.NOT_YET):
                return CancelRefused(at=at, ref=command.ref, bet=command.bet, reason=answer.code, text=words)
            return cancel_lost(command, f"{words} ({answer.code})", at)
        case Result():
            return _from_cancel_report(command, answer.value, at)
        case _:
            assert_never(answer)


def _from_cancel_report(command: CancelOrder, report: Any, at: datetime) -> Event:
    """The leg counts: reports say SUCCESS, FAILURE and PROCESSED_WITH_ERRORS for one and the same failing leg."""
    try:
        leg = _by_key(fields.optional(report, "instructionReports"), "betId").get(command.bet)
        status = wire.code(leg or report, "status")
        if leg is not None and status == "SUCCESS":
            size = wire.size(leg, "sizeCancelled")
            return CancelAccepted(at=at, ref=command.ref, bet=command.bet, size=size)
        if status != "FAILURE":
            return cancel_lost(command, f"the venue does not say what became of it ({status})", at)
        reason, proof, words = _verdict(wire.code(leg or {}, "errorCode"), wire.code(report, "errorCode"))
    except Unreadable as error:
        return cancel_lost(command, f"the venue's answer can't be read: {error}", at)
    if proof is Proof.NOTHING_DONE:
        return CancelRefused(at=at, ref=command.ref, bet=command.bet, reason=reason, text=words)
    return cancel_lost(command, f"{words} ({reason})", at)
