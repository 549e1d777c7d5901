"""What a hedge came to: the profit of hedged and hedge together, whichever way it goes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from planrunner.engine.state import OrderEnd, OrderState, Phase, PlacementState, State
from planrunner.engine.steps import NOT_HEDGED
from planrunner.model.odds import Side
from planrunner.model.program import hedge_path
from planrunner.report.history import placements_of
from planrunner.report.story import ZERO, HedgeStory
from planrunner.report.words import money, odds, rounded, signed


def tell_hedge(state: State, order: OrderState, currency: str) -> HedgeStory | None:
    """Of an order whose hedge was asked for and had something to do."""
    hedge = state.orders.get(hedge_path(order.path))
    mine = placements_of(state, order)
    if hedge is None or (hedge.phase is Phase.DORMANT and not _never_began(order, mine)):
        return None
    his = placements_of(state, hedge)
    wins, loses = rounded(_profit([*mine, *his], wins=True), 2), rounded(_profit([*mine, *his], wins=False), 2)
    why = _why(order, hedge)
    done = _done(hedge, his, currency) + (f" ({why})" if why else "")
    either_way = _either_way(order.aim.selection_name, wins, loses, currency)
    return HedgeStory(
        path=hedge.path,
        how=_how(hedge, mine, his),
        text=hedge.end.value if hedge.end is OrderEnd.NEEDLESS else f"{done}; {either_way}, before commission",
        if_it_wins=wins,
        if_it_does_not=loses,
        is_over=hedge.phase in (Phase.DONE, Phase.DORMANT),
    )


def _never_began(order: OrderState, mine: Sequence[PlacementState]) -> bool:
    """It was asked for when the run was stopped, or while nobody knew how much had matched."""
    asked = order.phase is Phase.DONE and order.hedge_step is not None
    return asked and any(placement.sizes.matched for placement in mine)


def _how(hedge: OrderState, mine: Sequence[PlacementState], his: Sequence[PlacementState]) -> str:
    if hedge.phase not in (Phase.DONE, Phase.DORMANT):
        return "Hedging"
    if _voided(mine) and sum(one.returns_as_asked for one in his) > sum(one.returns for one in mine):
        return "Hedged too much"
    if hedge.end is OrderEnd.MATCHED and not _voided(his):
        return "Hedged"
    return "Hedged in part" if any(placement.sizes.matched for placement in his) else "Not hedged"


def _voided(chain: Sequence[PlacementState]) -> bool:
    return any(placement.sizes.voided for placement in chain)


def _why(order: OrderState, hedge: OrderState) -> str | None:
    """Why no more was hedged, where something kept it from that."""
    if hedge.phase is not Phase.DORMANT:
        return hedge.reason
    return (order.steps[order.hedge_step or 0].note or "").removeprefix(NOT_HEDGED)


def _either_way(name: str, wins: Decimal, loses: Decimal, currency: str) -> str:
    """`+0.57 GBP if Arsenal wins, +0.55 GBP if not`."""
    if wins == loses:
        return f"{signed(wins, currency)} whichever way it ends"
    return f"{signed(wins, currency)} if {name} wins, {signed(loses, currency)} if not"


def _done(hedge: OrderState, chain: Sequence[PlacementState], currency: str) -> str:
    """`laid 6.20 GBP at 3.00`."""
    matched = sum((placement.sizes.matched for placement in chain), ZERO)
    did = "backed" if hedge.limit.side is Side.BACK else "laid"
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
        total += result if placement.limit.side is Side.BACK else -result
    return total


def netted_loss(hedge: HedgeStory) -> Decimal:
    """What hedged and hedge can still lose together, by what matched."""
    return max(-hedge.if_it_wins, -hedge.if_it_does_not, ZERO)
