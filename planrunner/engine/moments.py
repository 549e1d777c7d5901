"""When: the deadlines of an order, worked out from its placing and the scheduled start, and worked out again when that moves."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from planrunner.engine.state import OrderState, Phase
from planrunner.engine.turn import Turn
from planrunner.model.plan import AfterPlacing, AfterStart, At, AtTime, BeforeStart, Ending, Every, If, Now, PlaceWhen, Trigger


def placing_time(when: PlaceWhen, *, now: datetime, start: datetime) -> datetime:
    match when:
        case Now():
            return now
        case BeforeStart():
            return start - when.delay
        case At():
            return when.at
        case AtTime():
            raise ValueError("a time without a day is in no program: see `of_day`")
        case _:
            assert_never(when)


def ending_time(ending: Ending, *, placed_at: datetime | None, start: datetime) -> datetime | None:
    """None while it can't be known: an ending that counts from a placing still to come."""
    match ending:
        case AfterPlacing():
            return placed_at + ending.delay if placed_at else None
        case BeforeStart():
            return start - ending.delay
        case AfterStart():
            return start + ending.delay
        case At():
            return ending.at
        case AtTime():
            raise ValueError("a time without a day is in no program: see `of_day`")
        case _:
            assert_never(ending)


def trigger_time(trigger: Trigger, *, placed_at: datetime, start: datetime) -> datetime | None:
    """The first time a fallback step is due; None for steps that wait for a fact."""
    match trigger:
        case AfterPlacing() | Every():
            return placed_at + trigger.delay
        case BeforeStart():
            return start - trigger.delay
        case AfterStart():
            return start + trigger.delay
        case If():
            return None if trigger.moment is None else trigger_time(trigger.moment, placed_at=placed_at, start=start)
        case _:
            assert_never(trigger)


def schedule_waiting(turn: Turn, order: OrderState) -> None:
    """Deadlines of an order that is not placed yet: its placing, and its ending as far as it is known."""
    start = turn.start_of(order.spec)
    if not order.ready:
        turn.set_timer(f"place:{order.path}", placing_time(order.spec.order.place, now=turn.at, start=start))
    _schedule_ending(turn, order, start)


def schedule(turn: Turn, order: OrderState) -> None:
    """All deadlines of an order just placed, or placed once more from the beginning: what acted once does not again."""
    assert order.placed_at is not None
    start = turn.market_of(order.spec).start
    turn.set_timer(f"place:{order.path}", None)
    _schedule_ending(turn, order, start)
    for index, step in enumerate(order.spec.order.fallback):
        due = trigger_time(step.trigger, placed_at=order.placed_at, start=start)
        if due is not None and (isinstance(step.trigger, Every) or not order.steps[index].fired):
            turn.set_timer(f"step:{index}:{order.path}", due)


def start_moved(turn: Turn, order: OrderState) -> None:
    """The venue moved the scheduled start: everything that counts from it moves along, but for what already happened."""
    start = turn.market_of(order.spec).start
    if order.phase is Phase.WAITING:
        schedule_waiting(turn, order)
        return
    if order.phase is not Phase.DONE:
        _schedule_ending(turn, order, start)
    for index, step in enumerate(order.spec.order.fallback):
        name = f"step:{index}:{order.path}"
        moment = step.trigger.moment if isinstance(step.trigger, If) else step.trigger
        if turn.timer(name) is not None and isinstance(moment, BeforeStart | AfterStart):
            turn.set_timer(name, trigger_time(moment, placed_at=turn.at, start=start))


def _schedule_ending(turn: Turn, order: OrderState, start: datetime) -> None:
    ending = order.spec.order.ending
    if ending is not None and (at := ending_time(ending, placed_at=order.placed_at, start=start)) is not None:
        turn.set_timer(f"ending:{order.path}", at)
