"""Profit and loss: what the venue said of each bet, and its commission."""

from __future__ import annotations

from collections.abc import Mapping

from planrunner.model.market import MarketId
from planrunner.report.history import History
from planrunner.report.story import (
    ZERO,
    Commission,
    OrderStory,
    PoolBetStory,
    SettledBet,
    SettledPoolBet,
    SettlementStory,
    TicketStory,
)


def tell_settlement(
    history: History, called: Mapping[MarketId, str], orders: tuple[OrderStory, ...], tickets: tuple[TicketStory, ...] = ()
) -> SettlementStory | None:
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
    pool_bets = tuple(_pool_bet(bet) for ticket in tickets for bet in ticket.bets if bet.parts.matched or bet.profit is not None)
    profits = [*(bet.profit for bet in bets), *(bet.profit for bet in pool_bets)]
    if all(profit is None for profit in profits):
        return None
    pools = {bet.market for ticket in tickets for bet in ticket.bets}
    commissions = tuple(
        Commission(market=called[event.market], amount=event.commission)
        for event in {(event.account, event.market): event for event in history.commissions}.values()
        if event.market in called and (event.commission or event.market not in pools)
    )
    profit = sum((one for one in profits if one is not None), ZERO)
    commission = sum((one.amount for one in commissions), ZERO)
    return SettlementStory(
        bets=bets,
        commissions=commissions,
        profit=profit,
        commission=commission,
        net=profit - commission,
        open=profits.count(None),
        pool_bets=pool_bets,
    )


def _pool_bet(bet: PoolBetStory) -> SettledPoolBet:
    placement = bet.placements[-1]
    return SettledPoolBet(
        order=bet.path,
        ref=placement.ref,
        bet=placement.bets[-1],
        what=bet.asked,
        taken=bet.parts.matched + bet.parts.voided,
        outcome=bet.outcome,
        returned=bet.returned,
        refunded=bet.refunded,
        profit=bet.profit,
    )
