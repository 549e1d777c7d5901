"""`only_if`: conditions that can't hold together, or not for this order. An order nobody would ever place is a mistake."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from planrunner.model.odds import Odds, Side
from planrunner.model.plan import BeforeStart, OnlyIf
from planrunner.plan.decode import DraftOrder
from planrunner.plan.messages import meaning as say
from planrunner.plan.nodes import Block, Scalar
from planrunner.plan.schema import Shape


class _Bound(NamedTuple):
    """A limit on the odds on offer, and where it stands."""

    odds: Odds
    key: str
    value: Scalar


def check_only_if(shape: Shape, order: DraftOrder) -> None:
    """Adds every condition that can't hold."""
    node, asked = order.node.values.get("only_if"), order.only_if
    if not isinstance(node, Block) or asked is None:
        return
    # Odds of at least 2.50 are a price (probability) of at most 40 %, and the other way round.
    lowest = _bounds(node, odds_at_least=asked.odds_at_least, price_at_most=asked.price_at_most)
    highest = _bounds(node, odds_at_most=asked.odds_at_most, price_at_least=asked.price_at_least)
    low = max(lowest, key=lambda bound: bound.odds.ratio, default=None)
    high = min(highest, key=lambda bound: bound.odds.ratio, default=None)
    if low is not None and high is not None and low.odds.ratio > high.odds.ratio:
        first, second = sorted((low, high), key=lambda bound: bound.value.line)
        problem = say.cannot_both_hold(second.value, key=second.key, other=first.key, beside=first.value)
        shape.complain(second.value, problem)
    else:
        _available(shape, order, node, asked, low=low, high=high)
    _runners(shape, order, node, asked)
    _in_play(shape, order, node, asked)


def _bounds(node: Block, **given: Odds | None) -> list[_Bound]:
    return [_Bound(odds, key, node.scalar(key)) for key, odds in given.items() if odds is not None]


def _available(shape: Shape, order: DraftOrder, node: Block, asked: OnlyIf, *, low: _Bound | None, high: _Bound | None) -> None:
    """Money at the order's odds or better is there only while such odds are."""
    if asked.available_at_least is None:
        return
    value = node.scalar("available_at_least")
    if not asked.available_at_least.amount:
        shape.complain(value, say.always_holds(value, "available_at_least"))
        return
    bound = high if order.side is Side.BACK else low
    if bound is None or order.odds is None or order.side is None:
        return
    is_shut_out = bound.odds.ratio < order.odds.ratio if order.side is Side.BACK else bound.odds.ratio > order.odds.ratio
    if is_shut_out:
        why = f"with `{bound.key}: {bound.value.text}` (line {bound.value.line}) nothing is on offer at {order.odds} or better"
        shape.complain(value, say.never_holds(value, key="available_at_least", why=why))


def _runners(shape: Shape, order: DraftOrder, node: Block, asked: OnlyIf) -> None:
    most, least = asked.runners_at_most, asked.runners_at_least
    if most is None:
        return
    value, rank = node.scalar("runners_at_most"), order.target.favourite if order.target is not None else None
    if least is not None and least > most:
        problem = say.cannot_both_hold(
            value, key="runners_at_most", other="runners_at_least", beside=node.scalar("runners_at_least")
        )
        shape.complain(value, problem)
    elif rank is not None and rank > most:
        problem = say.cannot_both_hold(value, key="runners_at_most", other="favourite", beside=order.node.scalar("favourite"))
        shape.complain(value, problem)


def _in_play(shape: Shape, order: DraftOrder, node: Block, asked: OnlyIf) -> None:
    """Before the start no market is in-play."""
    if not asked.in_play:
        return
    value = node.scalar("in_play")
    ending = order.node.keys.get("expires_before_start")
    if isinstance(order.place, BeforeStart) and order.place.delay > timedelta():
        key = order.node.keys["place_before_start"]
        shape.complain(
            value, say.never_holds(value, key="in_play", why=f"the order is placed before the start (line {key.line})")
        )
    elif ending is not None:
        shape.complain(value, say.never_holds(value, key="in_play", why=f"the order ends before the start (line {ending.line})"))
