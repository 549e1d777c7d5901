"""Commands into requests, and the answers to placing and cancelling into facts. Pure.

Three answers exist for each order: accepted, rejected with evidence, unknown. Answers are joined by our reference alone: the
venue splits an answer into two lists, and a repeated order is in neither. `testOrder` is always false here: the preview of a plan
would be the same body with true, under references that no run uses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, assert_never

from planrunner.model.commands import CancelOrder, NewPlacement, PlaceOrders, QueryBook, QueryOrder
from planrunner.model.events import (
    CancelAccepted,
    CancelRefused,
    Event,
    OrderAccepted,
    OrderRejected,
    OrderUnknown,
)
from planrunner.model.market import MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.placement import ZERO
from planrunner.model.plan import OrderType, Routing
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import wire
from planrunner.venues.oddspapi_abp.codes import BODY_REFUSED, Proof, decline, fault
from planrunner.venues.oddspapi_abp.holdings import Held, Rates, ended_without_a_bet, gathered
from planrunner.venues.oddspapi_abp.wire import Envelope, Fault, Result
from planrunner.venues.outcomes import Garbled, all_unknown, cancel_lost, never_sent

USER_REF = "planrunner"  # on every order of ours; a cancel by it would hit them all, so none is ever sent
PLACE_LIMIT = 100
_REFERENCE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# Requests


def place_body(command: PlaceOrders, currency: str) -> dict[str, Any]:
    """The whole request. Nothing in it depends on the attempt, the time or chance: a repeated order is the same to the letter."""
    if not 1 <= len(command.placements) <= PLACE_LIMIT:
        raise ValueError(f"{len(command.placements)} orders in one request")
    return {"orders": [_order(one, command.market, currency) for one in command.placements]}


def _order(placement: NewPlacement, market: MarketId, currency: str) -> dict[str, Any]:
    routing = placement.routing or Routing()
    outcome, player = outcome_and_player(placement.selection)
    order: dict[str, Any] = {
        "requestUuid": _reference(placement.ref),
        "fixtureId": fixture_of(market),
        "outcomeId": outcome,
        "playerId": player,
        "orderPrice": placement.odds,
        "orderStake": placement.size,
        "orderCurrency": currency,
        "userRef": USER_REF,
        "testOrder": False,
        "back": placement.side is Side.BACK,
        "acceptBetterOdds": routing.better_odds,
        "acceptPartialStake": takes_parts(placement),
        "meta": {"path": placement.path},
    }
    if routing.bookmakers:  # left out: all that the key may use
        order["bookmakers"] = ",".join(routing.bookmakers)
    if placement.good_until is not None:
        order["expiresAt"] = _written(placement.good_until)
    return order


def takes_parts(placement: NewPlacement) -> bool:
    """Whether the stake may be split, and filled in part."""
    return (placement.routing or Routing()).partial and placement.type is not OrderType.FILL_OR_KILL


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _reference(ref: str) -> str:
    if not _REFERENCE.fullmatch(ref):
        raise ValueError(f"{ref!r} is no UUID, and ABP takes no other references")
    return ref


def market_id(fixture: str, market: str) -> MarketId:
    return MarketId(f"{fixture}:{market}")


def fixture_of(market: MarketId) -> str:
    """A market's id is the fixture's and the venue's own, with a colon between them."""
    return market.rpartition(":")[0] or market


def selection_id(outcome: str, player: str) -> SelectionId:
    """A player's id stands behind the outcome's where there is a player."""
    return SelectionId(outcome if player in ("", "0") else f"{outcome}/{player}")


def outcome_and_player(selection: SelectionId) -> tuple[int, int]:
    """Raises ValueError for what is no selection of ABP."""
    outcome, _, player = selection.partition("/")
    return int(outcome), int(player or 0)


def cancel_body(command: CancelOrder) -> dict[str, Any]:
    """One order, named. Filters of a cancel add up, and ours would reach every order of planrunner."""
    return {"orderIds": [int(command.bet)]}


def orders_query(command: QueryOrder) -> str:
    return f"/orders?{wire.query({'requestUuids': _reference(command.ref)})}"


def book_query(command: QueryBook) -> str:
    return betslip_query(command.market, command.selection)


def betslip_query(market: MarketId, selection: SelectionId) -> str:
    outcome, player = outcome_and_player(selection)
    return f"/betslip?{wire.query({'fixtureId': fixture_of(market), 'outcomeId': str(outcome), 'playerId': str(player)})}"


# Answers to placing


def placed(command: PlaceOrders, answer: Envelope, rates: Rates, at: datetime) -> tuple[Event, ...]:
    """One fact for each order, in their order."""
    match answer:
        case Garbled():
            return all_unknown(command, answer.text, at)
        case Fault():
            return _refused(command, answer, at)
        case Result():
            return _from_report(command, answer.value, rates, at)
        case _:
            assert_never(answer)


def words_of(answer: Fault) -> str:
    """What a fault means, and the venue's own words."""
    _, words = fault(answer.status)
    return f"{words}: {answer.text}" if answer.text else words


def _refused(command: PlaceOrders, answer: Fault, at: datetime) -> tuple[Event, ...]:
    match fault(answer.status)[0]:
        case Proof.NOT_YET:
            return never_sent(command, words_of(answer), at)
        case Proof.UNCERTAIN:
            return all_unknown(command, f"{words_of(answer)} ({answer.status})", at)
        case Proof.NOTHING_DONE:
            texts = [_why(answer, index) for index in range(len(command.placements))]
            return tuple(
                OrderRejected(at=at, ref=one.ref, reason=str(answer.status), text=text)
                for one, text in zip(command.placements, texts, strict=True)
            )
        case other:
            assert_never(other)


def _why(answer: Fault, index: int) -> str:
    """What was wrong with this order; with another one, the whole request was refused for that."""
    own = [one for one in answer.wrong if one.index == index]
    if own:
        return f"the venue does not accept `{own[0].field}`: {own[0].text}"
    others = [one for one in answer.wrong if one.index is not None]
    if answer.status == BODY_REFUSED and others:
        return f"the request was refused as a whole for another of its orders: `{others[0].field}`: {others[0].text}"
    return words_of(answer)


def _from_report(command: PlaceOrders, report: Any, rates: Rates, at: datetime) -> tuple[Event, ...]:
    if not isinstance(report, dict):
        return all_unknown(command, "the venue's answer can't be read: it is no object", at)
    taken, declined = _by_ref(report.get("acceptedOrders")), _by_ref(report.get("declinedOrders"))
    return tuple(_one(placement, taken, declined, rates, at) for placement in command.placements)


def _by_ref(rows: Any) -> dict[str, list[dict[str, Any]]]:
    """Never by position. A list that is none holds nobody, and nobody's order is rejected for that."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows if isinstance(rows, list) else ():
        ref = row.get("requestUuid") if isinstance(row, dict) else None
        if isinstance(ref, str):
            found.setdefault(ref.lower(), []).append(row)
    return found


_Rows = Mapping[str, list[dict[str, Any]]]


def _one(placement: NewPlacement, taken: _Rows, declined: _Rows, rates: Rates, at: datetime) -> Event:
    match taken.get(placement.ref, ()), declined.get(placement.ref, ()):
        case [row], ():
            return _accepted(placement, row, rates, at)
        case (), [row]:
            return _declined(placement, row, at)
        case (), ():
            text = "the venue's answer does not mention the order, as it does with one that it has had before"
        case _:
            text = "the venue's answer contradicts itself: it mentions the order more than once"
    return OrderUnknown(at=at, ref=placement.ref, text=text)


def _accepted(placement: NewPlacement, row: dict[str, Any], rates: Rates, at: datetime) -> Event:
    """What it was when the venue answered. An order that had ended by then without a bet is looked up first: its bets say
    whether there are none."""
    try:
        held = gathered(row, (), rates, at, is_whole=False)
    except Unreadable as error:
        return OrderUnknown(at=at, ref=placement.ref, text=f"the venue's answer can't be read: {error}")
    if held.order.stake != placement.size or held.order.is_test:
        return OrderUnknown(at=at, ref=placement.ref, text="the venue's answer is about another order than the one that was sent")
    if ended_without_a_bet(held):
        return OrderUnknown(at=at, ref=placement.ref, text=f"the venue took the order, and it is {held.order.status} already")
    return accepted(held, placement.ref, at)


def accepted(held: Held, ref: OrderRef, at: datetime) -> OrderAccepted:
    return OrderAccepted(
        at=at, ref=ref, bet=held.order.bet, sizes=held.sizes, average_odds=held.average_odds, fills=held.fills
    )  # fmt: skip


def _declined(placement: NewPlacement, row: dict[str, Any], at: datetime) -> Event:
    reason = wire.said(row.get("declineReason"))
    found = decline(reason)
    text = f"{found.words}: {reason}" if reason else found.words
    if found.is_repeat:
        return OrderUnknown(at=at, ref=placement.ref, text=text)
    return OrderRejected(at=at, ref=placement.ref, reason=found.code, text=text, conclusive=True, transient=found.transient)


# Answers to cancelling


def cancelled(command: CancelOrder, answer: Envelope, at: datetime) -> Event:
    match answer:
        case Garbled():
            return cancel_lost(command, answer.text, at)
        case Fault():
            if fault(answer.status)[0] is Proof.UNCERTAIN:
                return cancel_lost(command, f"{words_of(answer)} ({answer.status})", at)
            return _not_cancelled(command, str(answer.status), words_of(answer), at)
        case Result():
            try:
                return _from_cancel_report(command, answer.value, at)
            except Unreadable as error:
                return cancel_lost(command, f"the venue's answer can't be read: {error}", at)
        case _:
            assert_never(answer)


def _not_cancelled(command: CancelOrder, reason: str, text: str, at: datetime) -> Event:
    return CancelRefused(at=at, ref=command.ref, bet=command.bet, reason=reason, text=text)


def _from_cancel_report(command: CancelOrder, report: Any, at: datetime) -> Event:
    """What was taken back is confirmed by a look-up: a bet that was on its way may be confirmed after all."""
    rows = fields.optional(report, "cancelled")
    mine = [row for row in rows if _is_of(row, command)] if isinstance(rows, list) else []
    left = fields.optional(report, "notCancelled")
    orders = left.get("orders") if isinstance(left, dict) else left
    others = [row for row in orders if _is_of(row, command)] if isinstance(orders, list) else []
    if len(mine) == 1 and not others:
        left_over = wire.maybe(mine[0], "remainingStake") if isinstance(mine[0], dict) else None
        return CancelAccepted(at=at, ref=command.ref, bet=command.bet, size=max(left_over or ZERO, ZERO))
    reason = wire.word(left, "reason") if isinstance(left, dict) else ""
    if others and not mine:
        text = "the order can't be cancelled as it stands: it is being routed, or over"
        return _not_cancelled(command, "NOT_CANCELLED", f"{text} ({reason})" if reason else text, at)
    if not mine and wire.maybe(report, "cancelledCount") == 0:
        return _not_cancelled(command, "NOT_CANCELLED", reason or "the venue found nothing to cancel", at)
    return cancel_lost(command, "the venue does not say what became of it", at)


def _is_of(row: Any, command: CancelOrder) -> bool:
    """Rows are whole orders, or ids alone."""
    if isinstance(row, dict):
        return str(row.get("orderId")) == command.bet or str(row.get("requestUuid")).lower() == command.ref
    return str(row) == command.bet
