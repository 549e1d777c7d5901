"""What a run has lost or may still lose: results where they are known, else the worst."""

from __future__ import annotations

from decimal import Decimal

from planrunner.engine.state import PlacementState, State
from planrunner.model.placement import ZERO, PlacementStatus

NEVER_THERE = (PlacementStatus.DENIED, PlacementStatus.REJECTED)


def may_lose(state: State) -> Decimal:
    """Below zero: what it won. Commission counts once the venue has told it."""
    commission = sum((market.commission or ZERO for market in state.markets.values()), ZERO)
    return sum((_of(placement) for placement in state.placements.values()), commission)


def _of(placement: PlacementState) -> Decimal:
    if placement.status in NEVER_THERE:
        return ZERO
    settled = [bet for bet in placement.bets if bet.profit is not None]
    sizes = placement.sizes
    still_open = sizes.matched + sizes.remaining - sum((bet.sizes.matched for bet in settled), ZERO)
    return placement.asked.loss(still_open) - sum((bet.profit or ZERO for bet in settled), ZERO)
