"""The audit gateway's own mutation: whoever placed a paper bet says what became of it."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo

from planrunner.sandbox.tote.bets import PoolBet
from planrunner.sandbox.tote.tote import Tote
from planrunner.sandbox.tote.views import Ask, View


def audit_bet_result(_: Any, info: GraphQLResolveInfo[Ask], betResults: list[View]) -> View:  # noqa: N803 - the schema's word
    return {"results": [_result(info.context, one) for one in betResults if one is not None]}


def _result(ask: Ask, asked: View) -> View:
    why = _taken(ask, asked)
    return {"toteBetId": asked["toteBetId"], "status": "FAILED" if why else "SUCCESS", "failureReason": why}


def _taken(ask: Ask, asked: View) -> str | None:
    """Why it is not, if so."""
    bet = ask.tote.bets.get(asked["toteBetId"])
    if not ask.tote.is_audit or bet is None or bet.owner != ask.owner:
        return "Unknown bet"
    if bet.placement != "ACCEPTED":
        return "Bet was not accepted"
    money = {name: asked.get(name) for name in ("return", "refund")}
    if any(one is not None and one["currencyCode"] != bet.currency for one in money.values()):
        return "Currency is not the bet's"
    _book(ask.tote, bet, asked.get("resultingStatus") or "RESULTED", money, ask.now)
    return None


def _book(tote: Tote, bet: PoolBet, status: str, money: dict[str, View | None], at: int) -> None:
    """What was paid before is taken back first."""
    wallet = tote.wallet(bet.owner)
    wallet.book(at, "result taken back", bet, -(bet.returned + bet.refunded))
    back = money["return"]
    refund = money["refund"]
    bet.returned = int(back["amount"] * 100) if back else 0
    bet.refunded = int(refund["amount"] * 100) if refund else 0
    bet.resulting = status
    bet.settlement = {"RESULTED": "SETTLED", "CANCELLED": "REFUNDED"}.get(status, "PENDING")
    wallet.book(at, "result", bet, bet.returned + bet.refunded)
