"""What no placement may break: the plan's own limits, counting whatever is in flight or unknown in full.

Limits of account and site are the ledger's, which sees all runs.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from planrunner.engine.state import OrderState
from planrunner.engine.turn import Turn
from planrunner.model.money import rounded_up
from planrunner.model.placement import ZERO
from planrunner.model.plan import LimitOrder


def refusal(
    turn: Turn, order: OrderState, *, size: Decimal, loss: Decimal, besides: Decimal = ZERO, in_market: Decimal = ZERO
) -> str | None:
    """Why this placement may not be made, with the figures; None when every limit holds. `loss` is what it can lose; `besides`
    what leaves together with it, `in_market` the part of that in its own market."""
    spec, limits = order.spec, turn.program.limits
    cap = spec.order.liability_at_most if isinstance(spec.order, LimitOrder) else None
    figures = [
        ("max_loss of the plan", turn.risk_held + besides + loss, limits.max_loss),
        ("max_stake of the plan", turn.stake_held + besides + size, limits.max_stake),
        ("max_exposure_per_market of the plan", turn.risk_in(spec.market) + in_market + loss, limits.max_exposure_per_market),
        ("liability_at_most of the order", order.risk_before + loss, cap),
    ]
    for name, figure, limit in figures:
        if limit is not None and figure > limit.amount:
            return f"{name} is {limit}; with this placement it would be {rounded_up(figure, limit.currency)}"
    return None


def too_small(turn: Turn, order: OrderState, *, size: Decimal, odds: Decimal) -> bool:
    """Below the venue's minimum stake, and its payout exception does not help."""
    return not turn.terms(order.spec).minimum.allows(size, Fraction(odds))
