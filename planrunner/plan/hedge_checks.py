"""A hedge: a bet the other way, at odds it may not pass, for a time it may take, of a stake the venue and the account take.

It can't make a plan's worst loss larger. A back of `s` at odds `o` that is hedged at `h` ends with `s x o / h - s`, which is
more than `-s` whatever `h` is; a lay ends with `s - s x o / h`, which is more than minus its liability for every `h` above 1; and
a hedge that is matched in part lies between that and no hedge. So it is looked at here for its own sake only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from planrunner.model.exposure import hedge_stake
from planrunner.model.money import Money
from planrunner.model.odds import Odds
from planrunner.model.plan import Hedge
from planrunner.model.profile import VenueProfile
from planrunner.plan.decode import DraftOrder, DraftStep
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.nodes import Scalar
from planrunner.plan.schema import Shape


def check_step(shape: Shape, order: DraftOrder, step: DraftStep, profile: VenueProfile | None) -> None:
    """Adds what is wrong with a step that hedges, but for its odds on the ladder."""
    node, at = step.node, step.node.keys["hedge"].span
    if profile is not None and order.side in profile.sides and order.side.other not in profile.sides:
        problem = say_venue.cannot_hedge(at, title=profile.title, side=order.side.value, hedge=order.side.other.value)
        shape.complain(None, problem)
        step.action = None
        return
    if "no_worse_than" not in node.values and not shape.is_silent(node, "no_worse_than"):
        side, odds = order.side.value if order.side else None, str(order.odds) if order.odds else None
        shape.complain(None, say.hedge_without_floor(at, side=side, odds=odds))
    if "for_at_most" not in node.values and not shape.is_silent(node, "for_at_most"):
        shape.complain(None, say.hedge_without_time(at))
    if isinstance(step.action, Hedge) and step.action.for_at_most == timedelta():
        value = step.node.scalar("for_at_most")
        shape.complain(value, say.hedge_at_once(value))


def check_number(shape: Shape, order: DraftOrder) -> None:
    """One at most: two would bet the same money twice."""
    hedges = hedges_of(order)
    for step in hedges[1:]:
        shape.complain(step.node, say.second_hedge(step.node.keys["hedge"].span, hedges[0].node.span.line))


def hedges_of(order: DraftOrder) -> list[DraftStep]:
    """The steps that hedge, right or wrong."""
    return [step for step in order.steps if "hedge" in step.node.values]


def check_stake(shape: Shape, order: DraftOrder, profile: VenueProfile) -> None:
    """The hedge of an order matched in full at its odds, at the worst odds allowed: a safety that can't be bet is none."""
    for value, stake, worst in full_stakes(order):
        minimum = profile.minimums.get(stake.currency)
        if minimum is not None and not minimum.allows(stake.amount, worst.ratio):
            least = Money(amount=minimum.stake, currency=stake.currency)
            shape.complain(value, say_venue.hedge_too_small(value, title=profile.title, hedge=stake, least=least))


def full_stakes(order: DraftOrder) -> Iterator[tuple[Scalar, Money, Odds]]:
    """The stake of the hedge of an order matched in full at its odds, at the worst odds allowed; and where those stand."""
    for step in hedges_of(order):
        if isinstance(step.action, Hedge) and order.stake is not None and order.odds is not None:
            worst = step.action.no_worse_than
            stake = hedge_stake(order.stake, order.odds, worst)
            yield step.node.scalar("no_worse_than"), stake, worst
