"""What a hedge does while it is at work: to the best odds on offer, its size worked out anew, until nothing is left to hedge."""

from __future__ import annotations

from decimal import Decimal

from planrunner.engine import chain
from planrunner.engine.green_up import because, best_odds, has_more_to_do, look, over, size_at
from planrunner.engine.guards import too_small
from planrunner.engine.state import OrderEnd, OrderState, Phase, PlacementState, Winding
from planrunner.engine.turn import Turn
from planrunner.model.events import BookChanged
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side
from planrunner.model.placement import PlacementStatus


def look_again(turn: Turn, hedge: OrderState) -> None:
    """It is time to look at the odds again."""
    if hedge.phase in (Phase.WAITING, Phase.WORKING):
        look(turn, hedge)


def book_came(turn: Turn, hedge: OrderState, book: BookChanged) -> None:
    """The odds on offer: place the hedge, or move what waits of it."""
    status = turn.market_of(hedge.spec).status
    if hedge.phase not in (Phase.WAITING, Phase.WORKING) or hedge.winding is not None or turn.stopping is not None:
        return
    if status not in (None, MarketStatus.OPEN):
        return  # looked at again when the next look is due
    odds = best_odds(turn, hedge, book.back if hedge.limit.side is Side.BACK else book.lay)
    placement = turn.placement_of(hedge)
    if placement is None or placement.is_over:
        _place(turn, hedge, odds)
    elif placement.status is PlacementStatus.EXECUTABLE:
        _move(turn, hedge, placement, odds)


def _place(turn: Turn, hedge: OrderState, odds: Decimal) -> None:
    size = size_at(turn, hedge, odds)
    if too_small(turn, hedge, size=size, odds=odds):
        over(turn, hedge, OrderEnd.TOO_SMALL, f"a hedge of {size} at {odds} is below the venue's minimum")
    else:
        chain.place(turn, hedge, odds=odds, size=size, because=because(turn, hedge))


def _move(turn: Turn, hedge: OrderState, placement: PlacementState, odds: Decimal) -> None:
    """Odds that got better match where it stands. It also moves when there is less to hedge than it was made for."""
    now = placement.limit.odds
    is_worse = odds < now if hedge.limit.side is Side.BACK else odds > now
    is_too_large = size_at(turn, hedge, now) < placement.sizes.remaining
    target = odds if is_worse else now
    if is_too_large or (is_worse and has_more_to_do(turn, hedge, target)):
        chain.wind(turn, hedge, Winding(because=because(turn, hedge), end=OrderEnd.CANCELLED, reprice_to=target))
