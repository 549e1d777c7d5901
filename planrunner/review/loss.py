"""The worst loss of a plan as a sum that can be followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planrunner.model import exposure
from planrunner.model.exposure import Part, liability, worst_odds
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.plan import Hedge, LimitOrder, Plan, PoolBet
from planrunner.review.explained import LossPart, WorstLoss
from planrunner.review.words import listed, plural


def tell_loss(plan: Plan) -> WorstLoss:
    """The values that stand for what a signal brings need not be those that lose most: where they decide amounts, nothing but
    `max_loss` holds for all of them."""
    of_plan, most = exposure.can_lose(plan), exposure.most(plan)
    parts = [LossPart(order=part.order.name, amount=part.loss, because=_because(part)) for part in of_plan]
    total = exposure.total(of_plan, plan.currency)
    if total < most:
        rest = Money(amount=most.amount - total.amount, currency=most.currency)
        parts.append(LossPart(order="other values", amount=rest, because="more that a signal may bring, up to max_loss"))
    return WorstLoss(parts=tuple(parts), total=most, at_most=plan.limits.max_loss, notes=tuple(_notes(plan)))


def _because(part: Part) -> str:
    order = part.order
    if isinstance(order, PoolBet):
        return f"{order.pool.value} of {order.ticket}: {plural(order.lines, 'line')} of {order.unit}"
    times = f"{plural(part.times, 'market')} x {part.each}, " if part.times > 1 else ""
    if order.side is Side.BACK:
        return f"{times}stake of {order.name}"
    need = _product(order)
    if liability(order) == order.liability_at_most:
        return f"{times}liability of {order.name}: {need}"
    return f"{times}liability_at_most of {order.name}, of which {need} = {liability(order)} can be needed"


def inputs_of(names: Sequence[str]) -> str:
    """`stake` of the signal."""
    return f"{listed([f'`{one}`' for one in names])} of the signal"


def _product(order: LimitOrder) -> str:
    """`10.00 x (3.10 - 1)`; odds that no decimal number says exactly stay as they were written."""
    odds = worst_odds(order)
    amount = str(order.stake).split()[0]
    if odds.as_decimal() is None:
        return f"{amount} x {odds.ratio - 1} (odds of {odds}), rounded up"
    shown = odds.text if odds.text[:1].isdigit() and "%" not in odds.text else f"{odds.as_decimal():f}"
    return f"{amount} x ({shown} - 1)"


def _notes(plan: Plan) -> Iterator[str]:
    if plan.left_open is not None and plan.left_open.amounts:
        yield (
            f"How much is bet hangs on {inputs_of(plan.left_open.amounts)}. `max_loss` caps it: values with which a run could "
            "lose more begin none."
        )
    if len(plan.orders) > 1 or plan.per_market is not None:
        yield "Nothing is netted: it counts as if every order was matched in full and lost."
    elif plan.tickets and sum(len(ticket.bets) for ticket in plan.tickets) + len(plan.orders) > 1:
        yield "Nothing is netted: it counts as if every bet lost."
    if any(isinstance(step.action, Hedge) for order in plan.orders for step in order.fallback):
        yield "A hedge is counted with the bets it hedges and adds nothing."
    if any(order.move is not None for order in plan.orders):
        yield "A remainder that is moved is what is left of its order, so it is counted with that, once."
