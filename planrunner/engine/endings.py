"""How an order ends, and what that brings with it: its hedge, the steps that still come, what its owner has to hear."""

from __future__ import annotations

from planrunner.engine import green_up
from planrunner.engine.state import OrderEnd, OrderState
from planrunner.engine.steps import GIVEN_UP, mark_fired, note_needless_hedges, still_to_come
from planrunner.engine.turn import Turn
from planrunner.model.plan import Condition, Hedge, If


def end(turn: Turn, order: OrderState, how: OrderEnd, reason: str | None = None) -> OrderState:
    """The order is over."""
    if order.is_hedge:
        return green_up.over(turn, order, how, reason)
    order = _asks_for_hedge(turn, order, how)
    order = turn.end_order(order, how, reason, later=still_to_come(turn, order, how))
    if order.hedge_step is None:
        return note_needless_hedges(turn, order)
    if turn.stopping is not None:
        green_up.cannot_begin(turn, order, f"the run was stopped ({turn.stopping})")
    elif how in GIVEN_UP:
        green_up.cannot_begin(turn, order, f"how much matched is not known: {reason}")
    else:
        green_up.begin(turn, order)
    return turn.orders[order.path]


def _asks_for_hedge(turn: Turn, order: OrderState, how: OrderEnd) -> OrderState:
    """A hedge step that waits for just this end."""
    condition = {OrderEnd.EXPIRED: Condition.EXPIRED, OrderEnd.MATCHED: Condition.MATCHED}.get(how)
    for index, step in enumerate(order.spec.order.fallback):
        asks = isinstance(step.action, Hedge) and condition is not None and step.trigger == If(condition=condition)
        if asks and order.hedge_step is None:
            return turn.change_order(mark_fired(turn, order, index), hedge_step=index)
    return order
