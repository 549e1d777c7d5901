"""Fallback: what each step does when its trigger comes, or in words why it does nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from rpds import List

from planrunner.engine.chain import mark_fired, mark_note, wind
from planrunner.engine.guards import too_small
from planrunner.engine.state import OrderEnd, OrderState, Phase, PlacementState, Winding
from planrunner.engine.turn import Turn
from planrunner.model.commands import QueryBook
from planrunner.model.events import BookChanged
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side
from planrunner.model.placement import PlacementStatus
from planrunner.model.plan import ByTicks, Cancel, Condition, Every, If, KeepInPlay, Reprice, TellOwner, ToBest

BOOK_AGAIN_AFTER = 10  # seconds


def step_due(turn: Turn, order: OrderState, index: int) -> None:
    """The time of a step has come; a repeating one sets its next."""
    trigger = order.spec.order.fallback[index].trigger
    if isinstance(trigger, Every):
        turn.set_timer(f"step:{index}:{order.path}", turn.at + trigger.delay)
    if isinstance(trigger, If) and (note := _matching_differs(turn, order, trigger.condition)):
        mark_note(turn, order, index, note)
    else:
        act(turn, order, index)


def condition_came_true(turn: Turn, order: OrderState, condition: Condition) -> None:
    """Steps that wait for a fact."""
    for index, step in enumerate(order.spec.order.fallback):
        if step.trigger == If(condition=condition):
            act(turn, turn.orders[order.path], index)


def steps_held_up(turn: Turn, order: OrderState) -> None:
    """Steps that were due while the order was in flight act as soon as it is not."""
    for index, step in enumerate(order.steps):
        if step.due:
            act(turn, turn.orders[order.path], index)


def act(turn: Turn, order: OrderState, index: int) -> None:
    """Do what a step says."""
    if order.phase is not Phase.WORKING:
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
        case _:
            assert_never(action)


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
        case ByTicks():
            _move_to(turn, order, index, by_ticks(turn, order, placement.asked.odds, action))
        case ToBest():
            _await_book(turn, turn.change_order(order, awaits_book=index))
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
    below, above = turn.ladder(order.spec).around(action.no_worse_than.ratio)
    return above if order.spec.order.side is Side.BACK else below


def by_ticks(turn: Turn, order: OrderState, odds: Decimal, action: Reprice) -> Decimal:
    """Towards the market, not past the floor: down for a back, up for a lay."""
    assert isinstance(action.by, ByTicks)
    side, ticks = order.spec.order.side, action.by.ticks
    moved = turn.ladder(order.spec).move(odds, -ticks if side is Side.BACK else ticks)
    floor = floor_of(turn, order, action)
    if floor is None:
        return odds
    return max(moved, floor) if side is Side.BACK else min(moved, floor)


def _await_book(turn: Turn, order: OrderState) -> None:
    """Ask once for all orders on a selection."""
    key = (order.spec.market, order.spec.selection, order.spec.handicap)
    waiting: List[str] = turn.books.get(key, List())
    turn.books = turn.books.insert(key, waiting.push_front(order.path))
    if not waiting:
        _ask_for_book(turn, order)


def _ask_for_book(turn: Turn, order: OrderState) -> None:
    spec = order.spec
    turn.emit(
        QueryBook(
            account=spec.account,
            market=spec.market,
            selection=spec.selection,
            handicap=spec.handicap,
            because=order.step_path(order.awaits_book or 0),
        )
    )
    turn.set_timer(f"book:{order.path}", turn.after(BOOK_AGAIN_AFTER))


def book_overdue(turn: Turn, path: str) -> None:
    """The odds on offer did not come. Asked for again while an order still wants them."""
    order = turn.orders[path]
    key = (order.spec.market, order.spec.selection, order.spec.handicap)
    wanting = [one for one in turn.books.get(key, List()) if turn.orders[one].awaits_book is not None]
    if wanting:
        _ask_for_book(turn, turn.orders[wanting[-1]])
    else:
        turn.books = turn.books.discard(key)


def book_came(turn: Turn, book: BookChanged) -> None:
    """The odds on offer, for the steps that asked for them."""
    key = (book.market, book.selection, book.handicap)
    waiting = list(turn.books.get(key, List()))
    turn.books = turn.books.discard(key)
    for path in reversed(waiting):
        order = turn.orders[path]
        turn.set_timer(f"book:{path}", None)
        if order.awaits_book is not None:
            _to_best(turn, turn.change_order(order, awaits_book=None), order.awaits_book, book)


def _to_best(turn: Turn, order: OrderState, index: int, book: BookChanged) -> None:
    action = order.spec.order.fallback[index].action
    assert isinstance(action, Reprice)
    if note := _not_now(turn, order, index, action, turn.placement_of(order)):
        mark_note(turn, order, index, note)
        return
    is_back = order.spec.order.side is Side.BACK
    offer = book.back if is_back else book.lay
    floor = floor_of(turn, order, action)
    if offer is None:
        mark_note(turn, order, index, "nobody offered any odds")
    elif floor is None or (offer[0] < floor if is_back else offer[0] > floor):
        mark_note(turn, order, index, f"the best odds were {offer[0]}, worse than {action.no_worse_than}")
    else:
        _move_to(turn, order, index, offer[0])


def _move_to(turn: Turn, order: OrderState, index: int, odds: Decimal) -> None:
    placement = turn.placement_of(order)
    assert placement is not None
    now = placement.asked.odds
    better_for_us = odds > now if order.spec.order.side is Side.BACK else odds < now
    if odds == now or better_for_us:
        mark_note(turn, order, index, f"{now} was already as far as it may go" if odds == now else f"{odds} would match at {now}")
    elif too_small(turn, order, size=placement.sizes.remaining, odds=odds):
        mark_note(turn, order, index, f"the {placement.sizes.remaining} left is below the venue's minimum, so it stays at {now}")
    else:
        order = mark_fired(turn, order, index)
        wind(turn, order, Winding(because=order.step_path(index), end=OrderEnd.CANCELLED, reprice_to=odds))
