"""Bets, tickets and the customer as the gateway's schema shows them."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.sandbox.tote.bets import PoolBet, Ticket
from planrunner.sandbox.tote.ids import dashed
from planrunner.sandbox.tote.terms import BET_TYPES
from planrunner.sandbox.tote.views import Ask, View, connection, leg, moment, money, product, selection

# The kind of a bet whose product nobody knows.
NO_KIND = BET_TYPES[0].code


def bet(ask: Ask, one: PoolBet) -> View:
    kind = one.product.type.code if one.product else NO_KIND
    return {
        "id": one.id, "toteId": one.tote_id, "ticket": lambda _: _ticket_of(ask, one), "betType": {"id": kind, "code": kind},
        "createDateTime": moment(one.placed_at), "placement": _placement(ask, one),
        "resulting": {"status": one.resulting, "returns": _returns(one)}, "settlement": {"status": one.settlement},
    }  # fmt: skip


def bets(ask: Ask, found: Sequence[PoolBet], page: View) -> View:
    live = [one for one in found if one.placement in ("PLACED", "ACCEPTED")]
    return connection(
        found, lambda one: bet(ask, one), page, totalCount=len(found), totalStakes=money(sum(one.stake for one in live)),
        totalReturns=money(sum(one.returned for one in found)), totalRefunds=money(sum(one.refunded for one in found)),
    )  # fmt: skip


def ticket(ask: Ask, one: Ticket, *, idempotent: bool = False) -> View:
    return {
        "id": one.id, "toteId": one.tote_id, "idempotent": idempotent,
        "bets": lambda _, **page: bets(ask, () if one.error else one.bets, page),
    }  # fmt: skip


def customer(ask: Ask) -> View:
    wallet = ask.tote.wallet(ask.owner)
    return {
        "id": customer_id(ask.owner),
        "wallet": {"balances": [money(wallet.available, wallet.currency)]},
        "creditLimit": None,
        "stakeLimit": {"limits": []},
    }


def customer_id(owner: str) -> str:
    return dashed("customer", owner)


def _ticket_of(ask: Ask, one: PoolBet) -> View | None:
    found = ask.tote.tickets.get((one.owner, one.ticket))
    return ticket(ask, found) if found else None


def _placement(ask: Ask, one: PoolBet) -> View:
    return {
        "status": one.placement, "stake": money(one.stake, one.currency), "rejectionReason": one.reason,
        "productId": one.asked["productId"], "product": lambda _: product(ask, one.product) if one.product else None,
        "legs": lambda _: [_leg(ask, each) for each in one.asked["legs"] if each is not None],
    }  # fmt: skip


def _leg(ask: Ask, asked: View) -> View:
    found = ask.tote.card.leg(asked["productLegId"])
    return {
        "productLegId": asked["productLegId"], "productLeg": lambda _: leg(ask, None, found) if found else None,
        "selections": [_selection(ask, each) for each in asked["selections"] if each is not None],
    }  # fmt: skip


def _selection(ask: Ask, asked: View) -> View:
    found = ask.tote.card.selections.get(asked["productLegSelectionID"])
    return {
        "productLegSelectionID": asked["productLegSelectionID"], "position": asked.get("position"),
        "productLegSelection": lambda _: selection(ask, None, *found) if found else None,
    }  # fmt: skip


def _returns(one: PoolBet) -> View:
    return {
        "totalAmount": money(one.returned + one.refunded, one.currency),
        "returnAmount": money(one.returned, one.currency),
        "refundAmount": money(one.refunded, one.currency),
        "enhancementAmount": money(0, one.currency),
    }
