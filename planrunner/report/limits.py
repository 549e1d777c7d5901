"""The plan's limits and the closest the run came to each, by the engine's own figures: what was in flight or unknown counts in
full, at the odds asked for.
"""

from __future__ import annotations

from decimal import Decimal

from planrunner.model.money import Money
from planrunner.model.program import Program
from planrunner.report.history import History
from planrunner.report.story import LimitStory


def tell_limits(history: History, program: Program) -> tuple[LimitStory, ...]:
    limits, peaks = program.limits, history.peaks
    market = program.markets[peaks.market_id].name if peaks.market_id is not None else ""
    told = [_of_money("max_loss", "could have been lost at the worst moment", peaks.risk, limits.max_loss)]
    if limits.max_stake is not None:
        told.append(_of_money("max_stake", "was staked at most at any moment", peaks.stake, limits.max_stake))
    if limits.max_exposure_per_market is not None:
        text = f"was at risk at most in one market{f', {market}' if market else ''}"
        told.append(_of_money("max_exposure_per_market", text, peaks.market, limits.max_exposure_per_market))
    if limits.max_orders is not None:
        # As the checker counts: hedges and bets of tickets too; what takes over a remainder is the same order elsewhere.
        orders = sum(1 for spec in program.orders if spec.takes_over is None)
        used, allowed = Decimal(orders + len(program.pool_bets)), Decimal(limits.max_orders)
        text = "orders and bets in the plan" if program.pool_bets else "orders in the plan"
        told.append(LimitStory(name="max_orders", text=text, used=used, allowed=allowed, is_money=False))
    return tuple(told)


def _of_money(name: str, text: str, used: Decimal, allowed: Money) -> LimitStory:
    return LimitStory(name=name, text=text, used=used, allowed=allowed.amount)
