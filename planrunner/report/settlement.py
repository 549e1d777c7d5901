"""Profit and loss: what the venue said of each bet, and its commission."""

from __future__ import annotations

from collections.abc import Mapping

from planrunner.model.market import MarketId
from planrunner.report.history import History
from planrunner.report.story import ZERO, Commission, OrderStory, SettledBet, SettlementStory


def tell_settlement(history: History, called: Mapping[MarketId, str], orders: tuple[OrderStory, ...]) -> SettlementStory | None:
    """None until the first result is known. `called`: the markets by their titles."""
    bets = tuple(
        SettledBet(
            order=order.path,
            ref=placement.ref,
            bet=bet.bet,
            selection=order.selection,
            side=order.side,
            matched=bet.matched,
            average_odds=bet.average_odds,
            outcome=bet.outcome,
            profit=bet.profit,
        )
        for order in orders
        for placement in order.placements
        for bet in placement.bets
        if bet.matched or bet.profit is not None
    )
    if all(bet.profit is None for bet in bets):
        return None
    commissions = tuple(
        Commission(market=called[event.market], amount=event.commission)
        for event in {event.market: event for event in history.commissions}.values()
        if event.market in called
    )
    profit = sum((bet.profit for bet in bets if bet.profit is not None), ZERO)
    commission = sum((one.amount for one in commissions), ZERO)
    return SettlementStory(
        bets=bets,
        commissions=commissions,
        profit=profit,
        commission=commission,
        net=profit - commission,
        open=sum(1 for bet in bets if bet.profit is None),
    )
