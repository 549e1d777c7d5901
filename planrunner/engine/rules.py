"""Fallback: what each step does when its trigger comes, or in words why it does nothing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from planrunner.engine import books, green_up, hedging
from planrunner.engine.chain import wind
from planrunner.engine.guards import too_small
from planrunner.engine.state import OrderEnd, OrderState, Phase, PlacementState, Winding
from planrunner.engine.steps import comes_now, mark_fired, mark_note
from planrunner.engine.turn import Turn
from planrunner.model.events import BookChanged
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side
from planrunner.model.placement import PlacementStatus
from planrunner.model.plan import (
    ByPercent,
    ByTicks,
    Cancel,
    Condition,
    Every,
    Hedge,
    If,
    KeepInPlay,
    Move,
    Reprice,
    Retry,
    TellOwner,
    ToBest,
    ToHead,
)


def step_due(turn: Turn, order: OrderState, index: int) -> None:
    """The time of a step has come; a repeating one sets its next."""
    trigger = order.spec.order.fallback[index].trigger
    if isinstance(trigger, Every):
        turn.set_timer(f"step:{index}:{order.path}", turn.at + trigger.delay)
    if isinstance(trigger, If) and (note := _matching_differs(turn, order, trigger.condition)):
        if index in order.later:
            order = comes_now(turn, order, index)
        mark_note(turn, order, index, note)
    else:
        act(turn, order, index)


def condition_came_true(turn: Turn, order: OrderState, condition: Condition) -> None:
    """Steps that wait for a fact."""
    for index, step in enumerate(order.spec.order.fallback):
        if step.trigger == If(condition=condition) and (order.phase is not Phase.DONE or index in order.later):
            act(turn, turn.orders[order.path], index)


def steps_held_up(turn: Turn, order: OrderState) -> None:
    """Steps that were due while the order was in flight act as soon as it is not."""
    for index, step in enumerate(order.steps):
        if step.due:
            act(turn, turn.orders[order.path], index)


def act(turn: Turn, order: OrderState, index: int) -> None:
    """Do what a step says; of an order that is over, only what still comes later."""
    if order.phase is Phase.DONE and index in order.later:
        order = comes_now(turn, order, index)
    elif order.phase is not Phase.WORKING:
        mark_note(turn, order, index, "the order was over")
        return
    action = order.spec.order.fallback[index].action
    match action:
        case Cancel():
            order = mark_fired(turn, order, index)
            wind(turn, order, Winding(because=order.step_path(index), end=OrderEnd.CANCELLED))
        case Reprice():
            _reprice(turn, order, index, action)
        case KeepInPlay():
            mark_fired(turn, order, index)  # the bet was placed so that it stays
        case TellOwner():
            turn.alert(order.path, action.text, order.step_path(index))
            mark_fired(turn, order, index)
        case Hedge():
            _hedge(turn, order, index)
        case Move():
            order = mark_fired(turn, order, index)
            wind(turn, order, Winding(because=order.step_path(index), end=OrderEnd.MOVED))
        case Retry():
            pass  # what a refusal brings is decided where the bet ends, see `tickets`
        case _:
            assert_never(action)


def _hedge(turn: Turn, order: OrderState, index: int) -> None:
    """Take the rest back; how much to hedge is known once the venue confirmed the sizes."""
    if order.hedge_step is not None:
        mark_note(turn, order, index, f"step {order.hedge_step + 1} had asked for a hedge already")
        return
    order = turn.change_order(mark_fired(turn, order, index), hedge_step=index)
    if order.phase is Phase.DONE:
        green_up.begin(turn, order)
    else:
        wind(turn, order, Winding(because=order.step_path(index), end=OrderEnd.CANCELLED))


def _matching_differs(turn: Turn, order: OrderState, condition: Condition) -> str | None:
    placement = turn.placement_of(order)
    matched = order.matched_before + (placement.sizes.matched if placement else Decimal(0))
    stake = order.spec.order.stake.amount
    now = Condition.UNMATCHED if not matched else Condition.MATCHED if matched == stake else Condition.PARTLY_MATCHED
    return None if now is condition else f"at that moment {matched} of {stake} was matched"


def _reprice(turn: Turn, order: OrderState, index: int, action: Reprice) -> None:
    placement = turn.placement_of(order)
    if note := _not_now(turn, order, index, action, placement):
        in_flight = placement is not None and placement.status in (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)
        repeats = isinstance(order.spec.order.fallback[index].trigger, Every)
        mark_note(turn, order, index, note, due=in_flight and not repeats)
        return
    assert placement is not None
    match action.by:
        case ByTicks() | ByPercent():
            _move_to(turn, order, index, stepped(turn, order, placement.limit.odds, action))
        case ToBest() | ToHead():
            books.await_book(turn, order, index)
        case _:
            assert_never(action.by)


def _not_now(turn: Turn, order: OrderState, index: int, action: Reprice, placement: PlacementState | None) -> str | None:
    market = turn.market_of(order.spec)
    if action.at_most is not None and order.steps[index].fired >= action.at_most:
        return f"it had already moved {action.at_most} times"
    if order.winding is not None:
        return "the remainder was already being taken back"
    if placement is None or placement.status is not PlacementStatus.EXECUTABLE:
        return "the order was still on its way"
    if market.status not in (None, MarketStatus.OPEN):
        return f"the market was {market.status.value}"
    return None


def floor_of(turn: Turn, order: OrderState, action: Reprice) -> Decimal | None:
    """The worst ladder odds the step may go to."""
    below, above = turn.ladder(order.aim).around(action.no_worse_than.ratio)
    return above if order.limit.side is Side.BACK else below


def stepped(turn: Turn, order: OrderState, odds: Decimal, action: Reprice) -> Decimal:
    """Towards the market, not past the floor: down for a back, up for a lay."""
    is_back = order.limit.side is Side.BACK
    if isinstance(action.by, ByPercent):
        moved = _by_percent(turn, order, odds, action.by)
    else:
        assert isinstance(action.by, ByTicks)
        moved = turn.ladder(order.aim).move(odds, -action.by.ticks if is_back else action.by.ticks)
    floor = floor_of(turn, order, action)
    if floor is None:
        return odds
    return max(moved, floor) if is_back else min(moved, floor)


def _by_percent(turn: Turn, order: OrderState, odds: Decimal, by: ByPercent) -> Decimal:
    """Not further than asked for, but for at least one tick."""
    ladder, share = turn.ladder(order.aim), Fraction(by.percent) / 100
    if order.limit.side is Side.BACK:
        target = ladder.around(Fraction(odds) * (1 - share))[1]
        return min(target or odds, ladder.move(odds, -1))
    target = ladder.around(Fraction(odds) * (1 + share))[0]
    return max(target or odds, ladder.move(odds, 1))


def book_came(turn: Turn, book: BookChanged) -> None:
    """The odds on offer, for the steps and hedges that asked for them."""
    for order, index in books.wanted_by(turn, book):
        if order.is_hedge:
            hedging.book_came(turn, order, book)
        else:
            _to_offer(turn, order, index, book)


def _to_offer(turn: Turn, order: OrderState, index: int, book: BookChanged) -> None:
    action = order.spec.order.fallback[index].action
    assert isinstance(action, Reprice)
    if note := _not_now(turn, order, index, action, turn.placement_of(order)):
        mark_note(turn, order, index, note)
        return
    is_back, joins = order.limit.side is Side.BACK, isinstance(action.by, ToHead)
    offer = book.back if is_back is not joins else book.lay  # who waits on our side is on offer to the other one
    floor = floor_of(turn, order, action)
    what = "the head of the queue was" if joins else "the best odds were"
    if offer is None:
        mark_note(turn, order, index, "nobody waited on its side" if joins else "nobody offered any odds")
    elif floor is None or (offer[0] < floor if is_back else offer[0] > floor):
        mark_note(turn, order, index, f"{what} {offer[0]}, worse than {action.no_worse_than}")
    else:
        _move_to(turn, order, index, offer[0])


def _move_to(turn: Turn, order: OrderState, index: int, odds: Decimal) -> None:
    placement = turn.placement_of(order)
    assert placement is not None
    now = placement.limit.odds
    better_for_us = odds > now if order.limit.side is Side.BACK else odds < now
    if odds == now or better_for_us:
        mark_note(turn, order, index, _stays(order, index, now, odds))
    elif too_small(turn, order, size=placement.sizes.remaining, odds=odds):
        mark_note(turn, order, index, f"the {placement.sizes.remaining} left is below the venue's minimum, so it stays at {now}")
    else:
        order = mark_fired(turn, order, index)
        wind(turn, order, Winding(because=order.step_path(index), end=OrderEnd.CANCELLED, reprice_to=odds))


def _stays(order: OrderState, index: int, now: Decimal, odds: Decimal) -> str:
    """Why an order that could move stays where it is."""
    action = order.spec.order.fallback[index].action
    if isinstance(action, Reprice) and isinstance(action.by, ToHead):
        return f"{now} was already the head of the queue"
    return f"{now} was already as far as it may go" if odds == now else f"{odds} would match at {now}"
