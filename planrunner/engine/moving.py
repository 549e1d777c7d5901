"""`move_remainder_to`: what is left of an order is placed on another account, once it is certain that it is no longer here.

Only sizes that the venue confirmed are moved, to the last penny; where it is not known what this venue holds, nothing is placed
there. What takes the remainder over is an order of its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from planrunner.engine.guards import too_small
from planrunner.engine.moments import schedule_waiting
from planrunner.engine.state import OrderEnd, OrderState
from planrunner.engine.steps import mark_note
from planrunner.engine.turn import Turn
from planrunner.model.money import Money
from planrunner.model.plan import At, Condition, If, Move
from planrunner.model.program import move_path


def index_of(order: OrderState) -> int | None:
    """The step that moves the remainder."""
    return next((at for at, step in enumerate(order.spec.order.fallback) if isinstance(step.action, Move)), None)


def begin(turn: Turn, order: OrderState, left: Decimal, until: datetime | None) -> None:
    """The order is over and so much of it was taken back for good. `until`: when it would have ended here."""
    index = index_of(order)
    assert index is not None
    if not left:
        mark_note(turn, order, index, "nothing was left to move")
        return
    target = turn.orders[move_path(order.path)]
    asked = replace(target.limit, stake=Money(amount=left, currency=turn.program.currency))
    if asked.ending is None and until is not None:
        asked = replace(asked, ending=At(at=until))
    if too_small(turn, target, size=left, odds=turn.ladder(target.aim).around(asked.odds.ratio)[0] or Decimal(1)):
        note = f"the {left} left is below the minimum of {target.spec.account}, so it was not placed there"
        turn.alert(order.path, note, order.step_path(index))
        mark_note(turn, order, index, note)
        return
    turn.change_order(order, moved=order.moved + left)
    schedule_waiting(turn, turn.wake(target, replace(target.aim, order=asked)))  # it is due at once


def after(order: OrderState, end: OrderEnd) -> int | None:
    """The step that moves the remainder once the order has ended so by itself."""
    condition = {OrderEnd.EXPIRED: Condition.EXPIRED, OrderEnd.REJECTED: Condition.REJECTED}.get(end)
    index = index_of(order)
    if index is None or condition is None or order.spec.order.fallback[index].trigger != If(condition=condition):
        return None
    return index
