"""Times of the run's day, as moments: a plan with `when` says `14:29`, and each of its runs means its own day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from planrunner.model.calendar import in_utc
from planrunner.model.plan import At, AtTime, FallbackStep, LimitOrder, Move, Plan, Ticket

T = TypeVar("T")


def on_day(plan: Plan, day: date) -> Plan:
    """The plan as it is run on this day of its zone. Its digest stays that of what was approved."""
    return replace(
        plan, orders=tuple(_order(one, day) for one in plan.orders), tickets=tuple(_ticket(one, day) for one in plan.tickets)
    )


def _order(order: LimitOrder, day: date) -> LimitOrder:
    fallback = tuple(_step(one, day) for one in order.fallback)
    return replace(order, place=_moment(order.place, day), ending=_moment(order.ending, day), fallback=fallback)


def _step(step: FallbackStep, day: date) -> FallbackStep:
    if isinstance(step.action, Move):
        return replace(step, action=replace(step.action, ending=_moment(step.action.ending, day)))
    return step


def _ticket(ticket: Ticket, day: date) -> Ticket:
    return replace(ticket, bets=tuple(replace(bet, place=_moment(bet.place, day)) for bet in ticket.bets))


def _moment(moment: T | AtTime, day: date) -> T | At:
    if isinstance(moment, AtTime):
        return At(at=in_utc(datetime.combine(day, moment.time), ZoneInfo(moment.time_zone)))
    return moment
