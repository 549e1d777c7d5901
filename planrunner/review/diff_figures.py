"""The figures that follow from a change: what an order, and what all of a plan, can lose; how many orders, which accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from planrunner.model.exposure import can_lose, most, most_markets, placed_by
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.plan import Plan
from planrunner.review.changes import Change, Spot, What
from planrunner.review.diff_words import phrase

Losses: TypeAlias = Mapping[int, Money]  # by the order's identity, for as long as the plan is there


def losses_of(plan: Plan) -> Losses:
    """What each order can lose, over all its markets; nothing where that can't be said, or a signal is yet to decide it."""
    if not _can_be_summed(plan) or (plan.left_open is not None and plan.left_open.amounts):
        return {}
    return {id(part.order): part.loss for part in can_lose(plan)}


def _can_be_summed(plan: Plan) -> bool:
    """Every checked plan can be; a lay without a cap or a second currency never gets past the checker."""
    stakes = [*(order.stake for order in plan.orders), *(bet.unit for ticket in plan.tickets for bet in ticket.bets)]
    caps = [order.liability_at_most for order in plan.orders if order.side is Side.LAY]
    amounts = [*stakes, *(cap for cap in caps if cap is not None)]
    return None not in caps and all(one.currency == plan.currency for one in amounts)


def loss(spot: Spot, was: Money | None, now: Money | None) -> Iterator[Change]:
    if was is not None and now is not None and was != now:
        yield spot.into("worst_loss").became("worst loss ", str(was), str(now), What.FOLLOWS)


def figures(old: Plan, new: Plan) -> Iterator[Change]:
    """What a reviewer asks first: what can be lost in all, in how many orders, on which accounts."""
    spot = Spot(about="in all", path="figures")
    if _can_be_summed(old) and _can_be_summed(new):
        yield from loss(spot, most(old), most(new))
    counts = {"orders": _orders_of, "bets in pools": _bets_of, "markets at most": most_markets}
    for name, count in counts.items():
        if (was := count(old)) != (now := count(new)):
            yield spot.into(name.replace(" ", "_")).became(f"{name} ", str(was), str(now), What.FOLLOWS)
    for account in old.accounts:
        if account not in new.accounts:
            yield replace(spot.into("accounts").is_gone("account ", phrase(account, None)), what=What.FOLLOWS)
    for account in new.accounts:
        if account not in old.accounts:
            yield replace(spot.into("accounts").is_new("account ", phrase(account, None)), what=What.FOLLOWS)


def _orders_of(plan: Plan) -> int:
    """As `max_orders` counts them: a hedge and a remainder that is moved are one more each."""
    return sum(placed_by(order) for order in plan.orders)


def _bets_of(plan: Plan) -> int:
    return sum(len(ticket.bets) for ticket in plan.tickets)
