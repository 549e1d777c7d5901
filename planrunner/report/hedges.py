"""What a hedge came to: the profit of hedged and hedge together, whichever way it goes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from planrunner.engine.state import OrderEnd, OrderState, Phase, PlacementState, State
from planrunner.model.odds import Side
from planrunner.model.program import hedge_path
from planrunner.report.history import placements_of
from planrunner.report.story import ZERO, HedgeStory
from planrunner.report.words import money, odds, rounded, signed


def tell_hedge(state: State, order: OrderState, currency: str) -> HedgeStory | None:
    """Of an order whose hedge was asked for and had something to do."""
    hedge = state.orders.get(hedge_path(order.path))
    if hedge is None or hedge.phase is Phase.DORMANT:
        return None
    both = [*placements_of(state, order), *placements_of(state, hedge)]
    wins, loses = rounded(_profit(both, wins=True), 2), rounded(_profit(both, wins=False), 2)
    name = order.spec.selection_name
    return HedgeStory(
        path=hedge.path,
        how=_how(state, hedge),
        text=f"{_done(state, hedge, currency)}; {signed(wins, currency)} if {name} wins, {signed(loses, currency)} if not",
        if_it_wins=wins,
        if_it_does_not=loses,
        is_over=hedge.phase is Phase.DONE,
    )


def _how(state: State, hedge: OrderState) -> str:
    if hedge.phase is not Phase.DONE:
        return "Hedging"
    if hedge.end is OrderEnd.MATCHED:
        return "Hedged"
    return "Hedged in part" if any(placement.sizes.matched for placement in placements_of(state, hedge)) else "Not hedged"


def _done(state: State, hedge: OrderState, currency: str) -> str:
    """`laid 6.20 GBP at 3.00`."""
    chain = placements_of(state, hedge)
    matched = sum((placement.sizes.matched for placement in chain), ZERO)
    did = "backed" if hedge.spec.order.side is Side.BACK else "laid"
    if not matched:
        return f"nothing was {did}"
    mean = sum((placement.returns for placement in chain), Fraction(0)) / Fraction(matched)
    return f"{did} {money(matched, currency)} at {odds(mean)}"


def _profit(placements: Sequence[PlacementState], *, wins: bool) -> Fraction:
    """Of what matched, before commission."""
    total = Fraction(0)
    for placement in placements:
        matched = Fraction(placement.sizes.matched)
        result = placement.returns - matched if wins else -matched
        total += result if placement.asked.side is Side.BACK else -result
    return total


def netted_loss(hedge: HedgeStory) -> Decimal:
    """What hedged and hedge can still lose together, by what matched."""
    return max(-hedge.if_it_wins, -hedge.if_it_does_not, ZERO)
