"""Worst-loss arithmetic, in this one place.

Nothing is netted against anything: a back risks its stake, a lay its liability, a bet in a pool its cost. Whatever is in flight
or unknown counts as if fully matched at its limit. A hedge is counted with the bets it hedges, so it adds nothing; a remainder
that is moved to another account is what is left of its order, so it is counted with that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from fractions import Fraction

from planrunner.model.money import Money, rounded_down, rounded_up, zero
from planrunner.model.odds import Odds, Side
from planrunner.model.plan import BeforeEachStart, Hedge, LimitOrder, Move, Order, Plan, Reprice


def risk(side: Side, size: Decimal, odds: Decimal | Fraction) -> Decimal:
    """What a bet of `size` (backer's stake) can lose, in the currency of the size. Lays are rounded up to 1/1000000."""
    if side is Side.BACK:
        return size
    if isinstance(odds, Decimal):
        return size * (odds - 1)
    exact = Fraction(size) * (odds - 1)
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.000001"), rounding=ROUND_UP)


def worst_loss(side: Side, stake: Decimal, liability_at_most: Decimal | None) -> Decimal | None:
    """What an order as planned can lose on any of its rungs: a back its stake, a lay its cap (None: it has none)."""
    return risk(side, stake, Decimal(1)) if side is Side.BACK else liability_at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An order's share of what a plan can lose, or a pool bet's: `each` time it is placed, in as many markets as `times` says."""

    order: Order
    each: Money
    times: int = 1

    @property
    def loss(self) -> Money:
        return Money(amount=self.each.amount * self.times, currency=self.each.currency)


def can_lose(plan: Plan) -> tuple[Part, ...]:
    """The most one run of a plan can lose, order by order and bet by bet of its tickets."""
    times = most_markets(plan)
    bets = (Part(order=bet, each=bet.stake) for ticket in plan.tickets for bet in ticket.bets)
    return (*(_part(order, times) for order in plan.orders), *bets)


def total(parts: Iterable[Part], currency: str) -> Money:
    return sum((part.loss for part in parts), zero(currency))


def most(plan: Plan) -> Money:
    """What one run of a plan can lose at most. Where a signal is yet to decide how much is bet, that is all that `max_loss` lets
    it: values with which a run could lose more begin none."""
    if plan.left_open is not None and plan.left_open.amounts:
        return plan.limits.max_loss
    return total(can_lose(plan), plan.currency)


def most_markets(plan: Plan) -> int:
    """How many markets the orders of a plan may be placed in: as many as `max_orders` has room for; in a plan that runs before
    each start, in one."""
    if plan.per_market is None or plan.limits.max_orders is None or isinstance(plan.when, BeforeEachStart):
        return 1
    return plan.limits.max_orders // max(1, sum(placed_by(order) for order in plan.orders))


def placed_by(order: LimitOrder) -> int:
    """How many orders it is for `max_orders`: its hedge is one more, and so is what takes its remainder over elsewhere."""
    kinds = {type(step.action) for step in order.fallback}
    return 1 + (Hedge in kinds) + (Move in kinds)


def worst_odds(order: LimitOrder) -> Odds:
    """The odds furthest towards the market that any rung may go to, here or where its remainder is moved: where a lay loses
    most, and a back wins least."""
    rungs = [order.odds, *(step.action.no_worse_than for step in order.fallback if isinstance(step.action, Reprice))]
    rungs += [order.move.odds] if order.move is not None else []
    return (min if order.side is Side.BACK else max)(rungs, key=lambda odds: odds.ratio)


def liability(order: LimitOrder) -> Money:
    """What a lay loses at its worst odds; `liability_at_most` covers it."""
    return lay_loss(order.stake, worst_odds(order))


def lay_loss(stake: Money, odds: Odds) -> Money:
    """What a lay matched at these odds loses."""
    return rounded_up(risk(Side.LAY, stake.amount, odds.ratio), stake.currency)


def hedge_stake(stake: Money, odds: Odds, against: Odds) -> Money:
    """The hedge of a bet of `stake` matched at `odds`, itself matched at `against`: the same result whichever of them wins."""
    return rounded_down(Fraction(stake.amount) * odds.ratio / against.ratio, stake.currency)


def _part(order: LimitOrder, times: int) -> Part:
    cap = order.liability_at_most.amount if order.liability_at_most is not None else None
    loss = worst_loss(order.side, order.stake.amount, cap)
    assert loss is not None  # the checker saw to it
    return Part(order=order, each=Money(amount=loss, currency=order.stake.currency), times=times)
