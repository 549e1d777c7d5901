"""The fallback steps of an order: what they did, and which of them still come once the order is over.

After a `cancel` step or the expiry took the remainder back, timed alerts and hedges still come at their time. A hedge comes
for whatever matched, however the order ended; an order matched in full has nothing left to be told of but `if: matched`.
"""

from __future__ import annotations

from dataclasses import replace

from planrunner.engine.state import OrderEnd, OrderState, Phase
from planrunner.engine.turn import Turn
from planrunner.model.market import MarketStatus
from planrunner.model.plan import Condition, FallbackStep, Hedge, If, TellOwner

TAKEN_BACK = (OrderEnd.EXPIRED, OrderEnd.CANCELLED, OrderEnd.MOVED)
GIVEN_UP = (OrderEnd.STOPPED, OrderEnd.UNRESOLVED)
NOTHING_TO_HEDGE = "nothing was matched, so there was nothing to hedge"
NOT_HEDGED = "it was not hedged: "  # why follows


def mark_fired(turn: Turn, order: OrderState, index: int) -> OrderState:
    """A fallback step acted."""
    return _change_step(turn, order, index, fired=order.steps[index].fired + 1, last=turn.at, note=None, due=False)


def mark_note(turn: Turn, order: OrderState, index: int, note: str | None, *, due: bool = False) -> OrderState:
    """A fallback step was looked at and did nothing; the note says why."""
    return _change_step(turn, order, index, note=note, due=due)


def _change_step(turn: Turn, order: OrderState, index: int, **changes: object) -> OrderState:
    changed = replace(order.steps[index], **changes)  # type: ignore[arg-type]
    return turn.change_order(order, steps=(*order.steps[:index], changed, *order.steps[index + 1 :]))


def has_matched(turn: Turn, order: OrderState) -> bool:
    """Something of the chain."""
    return any(turn.placements[ref].sizes.matched for ref in order.refs if ref in turn.placements)


def still_to_come(turn: Turn, order: OrderState, end: OrderEnd) -> tuple[int, ...]:
    """The steps of an order that ends now which keep their time."""
    steps = enumerate(order.spec.order.fallback)
    return tuple(index for index, step in steps if _comes(turn, order, index, step, end))


def _comes(turn: Turn, order: OrderState, index: int, step: FallbackStep, end: OrderEnd) -> bool:
    is_timed = turn.timer(f"step:{index}:{order.path}") is not None
    match step.action:
        case Hedge():
            if end in GIVEN_UP or order.hedge_step is not None:
                return False
            return (is_timed or _may_come_true(turn, order, step)) and has_matched(turn, order)
        case TellOwner():
            return is_timed and (end in TAKEN_BACK or (end is OrderEnd.MATCHED and _asks_for(step, Condition.MATCHED)))
        case _:
            return False


def _asks_for(step: FallbackStep, condition: Condition) -> bool:
    return isinstance(step.trigger, If) and step.trigger.condition is condition


def _may_come_true(turn: Turn, order: OrderState, step: FallbackStep) -> bool:
    """A fact that the market can still bring."""
    market = turn.market_of(order.spec)
    if market.status is MarketStatus.CLOSED:
        return False
    if step.trigger == If(condition=Condition.IN_PLAY):
        return turn.program.markets[order.spec.market].turns_in_play and not market.in_play
    return step.trigger == If(condition=Condition.SUSPENDED)


def comes_now(turn: Turn, order: OrderState, index: int) -> OrderState:
    """A step of an order that is over has its time."""
    turn.later -= 1
    return turn.change_order(order, later=tuple(one for one in order.later if one != index))


def drop_later(turn: Turn, order: OrderState, why: str, *, only_hedges: bool = False) -> OrderState:
    """Steps that would have come later don't any more."""
    for index in order.later:
        if not only_hedges or isinstance(order.spec.order.fallback[index].action, Hedge):
            turn.set_timer(f"step:{index}:{order.path}", None)
            order = mark_note(turn, comes_now(turn, order, index), index, why)
    return order


def note_needless_hedges(turn: Turn, order: OrderState) -> OrderState:
    """Of an order that was at the venue and matched nothing."""
    if order.end in GIVEN_UP or not order.refs or has_matched(turn, order):
        return order
    for index, step in enumerate(order.spec.order.fallback):
        if isinstance(step.action, Hedge) and order.steps[index].note is None:
            order = mark_note(turn, order, index, NOTHING_TO_HEDGE)
    return order


def tell_owner(turn: Turn, order: OrderState, condition: Condition) -> None:
    """Alerts of `if:` steps that speak when the order is over, but for those whose moment is past or still to come."""
    for index, (step, seen) in enumerate(zip(order.spec.order.fallback, order.steps, strict=True)):
        asked = _asks_for(step, condition) and seen.note is None and not seen.fired and index not in order.later
        if asked and isinstance(step.action, TellOwner):
            turn.alert(order.path, step.action.text, order.step_path(index))
            order = mark_fired(turn, order, index)


def is_over_for_steps(order: OrderState) -> bool:
    """Nothing that happens in the market concerns it any more."""
    return order.phase is Phase.DORMANT or (order.phase is Phase.DONE and not order.later)
