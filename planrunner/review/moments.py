"""When orders are placed, change and end: as deadlines in words, and as marks on a line of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from planrunner.model.plan import (
    AfterPlacing,
    AfterStart,
    At,
    AtTime,
    BeforeStart,
    Ending,
    Every,
    If,
    LimitOrder,
    Now,
    PlaceWhen,
    Plan,
    Reprice,
    Ticket,
    Trigger,
)
from planrunner.plan.moments import Position, position
from planrunner.review.coming import local_words
from planrunner.review.explained import Explained, Point, ToldOrder
from planrunner.review.preview import Deadline, Lane, Mark
from planrunner.review.steps import ENDS, moment_of, tell_trigger
from planrunner.review.words import moment

# Of starts that market data told, by the order's name.
Starts = Mapping[str, datetime]


def lanes(plan: Plan, told: Explained) -> tuple[Lane, ...]:
    """Of every order and ticket, in the order they are told in."""
    orders = [_lane(order, one) for order, one in zip(plan.orders, told.orders, strict=True)]
    return (*orders, *(Lane(order=one.name, marks=(_placed(one.bets[0].place),)) for one in plan.tickets))


def deadlines(plan: Plan, starts: Starts) -> tuple[Deadline, ...]:
    """`starts` makes days and times of what the plan only says from the start."""
    found = [deadline for order in plan.orders for deadline in _of_order(order, plan.time_zone, starts)]
    return (*found, *(_of_ticket(ticket, plan.time_zone, starts) for ticket in plan.tickets))


def _lane(order: LimitOrder, told: ToldOrder) -> Lane:
    timed = {tell_trigger(step.trigger): step.trigger for step in order.fallback}
    often = {tell_trigger(step.trigger): step.action.at_most for step in order.fallback if isinstance(step.action, Reprice)}
    marks = [_placed(order.place)]
    for number, point in enumerate(told.points, 1):
        if point.what == ENDS and order.ending is not None:
            where = position(order.ending, order.place)
            marks.append(Mark(point=number, axis=where.axis, at=_seconds(where), ends=True))
        elif point.when in timed:
            marks += _of_step(number, point, timed[point.when], often.get(point.when), order.place)
    return Lane(order=order.name, marks=tuple(marks))


def _placed(place: PlaceWhen) -> Mark:
    where = position(place, place)
    return Mark(point=0, axis=where.axis, at=_seconds(where))


def _of_step(number: int, point: Point, trigger: Trigger, most: int | None, place: PlaceWhen) -> Iterator[Mark]:
    timed = trigger.moment if isinstance(trigger, If) else trigger
    if timed is None:
        return  # nobody knows when
    where = position(timed, place)
    if isinstance(timed, Every):
        times = len(point.rungs) - 1 if len(point.rungs) > 1 else most or 0
        yield Mark(point=number, axis=where.axis, at=_seconds(where), every=int(timed.delay.total_seconds()), times=times)
    else:
        yield Mark(point=number, axis=where.axis, at=_seconds(where))


def _seconds(where: Position) -> int:
    return where.at.days * 86400 + where.at.seconds


def _of_order(order: LimitOrder, zone: str | None, starts: Starts) -> Iterator[Deadline]:
    start = starts.get(order.name)
    yield _deadline(order.name, "is placed", order.place, zone, start)
    if order.ending is not None:
        at = order.ending
        if isinstance(at, AfterPlacing) and isinstance(order.place, At):
            local = _local(order.place.at + at.delay, zone)
            yield Deadline(order=order.name, what="ends", when=moment_of(at), local=local)
        else:
            yield _deadline(order.name, "ends", at, zone, start)


def _of_ticket(ticket: Ticket, zone: str | None, starts: Starts) -> Deadline:
    found = _deadline(ticket.name, "is placed", ticket.bets[0].place, zone, starts.get(ticket.name))
    first = found.when.replace("the start", "the first race") if isinstance(ticket.bets[0].place, BeforeStart) else found.when
    return Deadline(order=found.order, what=found.what, when=first, local=found.local, may_move=found.may_move)


def _deadline(order: str, what: str, at: PlaceWhen | Ending, zone: str | None, start: datetime | None) -> Deadline:
    match at:
        case Now():
            return Deadline(order=order, what=what, when="as soon as the plan runs")
        case At():
            return Deadline(order=order, what=what, when=f"at {moment(at, zone)}", local=_local(at.at, zone))
        case AtTime():
            return Deadline(order=order, what=what, when=f"at {moment(at, zone)}")
        case BeforeStart() | AfterStart() if start is not None:
            known = start - at.delay if isinstance(at, BeforeStart) else start + at.delay
            return Deadline(order=order, what=what, when=moment_of(at), local=_local(known, zone), may_move=True)
        case _:
            return Deadline(order=order, what=what, when=moment_of(at))


def _local(at: datetime, zone: str | None) -> str:
    where: tzinfo = ZoneInfo(zone) if zone is not None else UTC
    return local_words(at.astimezone(where), zone or "UTC")
