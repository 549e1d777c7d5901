"""`move_remainder_to`: what is left of an order is an order elsewhere, and everything that holds for one there holds for it."""

from __future__ import annotations

from collections.abc import Mapping

from planrunner.model.account import Account
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.plan import AfterPlacing, Condition, If, Now, OrderType
from planrunner.model.profile import VenueProfile
from planrunner.plan import order_checks, routing_checks
from planrunner.plan.decode import ENDINGS, Draft, DraftMove, DraftOrder, DraftStep
from planrunner.plan.ladders import is_on_ladder, nearest_odds
from planrunner.plan.messages import meaning as say_meaning
from planrunner.plan.messages import moving as say
from planrunner.plan.messages import routing as say_routing
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.moments import position
from planrunner.plan.schema import Shape
from planrunner.plan.step_checks import position_of


def check_moves(plan: Draft, accounts: Mapping[str, Account], profiles: Mapping[str, VenueProfile]) -> None:
    """Adds every problem of what a step moves elsewhere. What is wrong is forgotten, so that the order itself is not blamed."""
    first: dict[int, int] = {}  # of each order the line of its move
    for order, step, move in plan.moves:
        value = step.node.scalar("move_remainder_to")
        if (line := first.setdefault(id(order), step.node.span.line)) != step.node.span.line:
            plan.shape.complain(step.node, say.second_move(step.node.keys["move_remainder_to"].span, line))
            step.move = step.action = None
            continue
        if move.account is not None and move.account == order.account:
            plan.shape.complain(value, say.moved_to_itself(value))
            move.account = step.action = None
        here, there = accounts.get(order.account or ""), accounts.get(move.account or "")
        profile = profiles.get(there.venue) if there is not None else None
        _ending(plan.shape, step, move)
        if there is not None and profile is not None and profile.pools:
            plan.shape.complain(value, say.in_pools(value, profile.title))
            move.account = step.action = None
        elif there is not None and profile is not None:
            _there(plan.shape, order, step, move, there, profile, here=profiles.get(here.venue) if here is not None else None)


def _ending(shape: Shape, step: DraftStep, move: DraftMove) -> None:
    node, given = step.node, list(move.endings)
    for key in given[1:]:
        shape.complain(None, say_meaning.several_endings(node.keys[key], node.keys[given[0]]))
    if not given and step.trigger == If(condition=Condition.EXPIRED) and not shape.is_silent(node, *ENDINGS):
        shape.complain(None, say.no_ending(node.scalar("if")))


def _there(
    shape: Shape,
    order: DraftOrder,
    step: DraftStep,
    move: DraftMove,
    account: Account,
    profile: VenueProfile,
    *,
    here: VenueProfile | None,
) -> None:
    """What the other venue can't do with it. `here` is the venue of the order."""
    value, moved = step.node.scalar("move_remainder_to"), _as_order(order, step, move)
    if order.side is not None and order.side not in profile.sides:
        shape.complain(value, say.no_side(value, title=profile.title, side=order.side.value))
        step.action = None
        return
    if profile.by_ids_only:
        routing_checks.check_target(shape, moved, profile, has_market=False)
    else:
        order_checks.check_target(shape, moved, has_market=False, is_step=True)
    if profile.routes:
        routing_checks.check_routing(shape, moved, profile, account)
        if order.side is Side.LAY and not account.allow_lay:
            shape.complain(None, say_routing.lay_not_allowed(value.span, "a lay", profile.title, account.name))
    else:
        order_checks.check_average(shape, moved, profile, OrderType.LIMIT)
        routing_checks.check_elsewhere(shape, moved, profile)
    _odds(shape, order, moved, step, move, profile, here=here)
    _time(shape, order, step, move, profile)
    _size(shape, order, step, move, profile, here=here)


def _as_order(order: DraftOrder, step: DraftStep, move: DraftMove) -> DraftOrder:
    """Whether it may lay is told where the account is named, so it has no side."""
    return DraftOrder(
        node=step.node,
        account=move.account,
        odds=move.odds,
        stake=order.stake,
        place=Now(),
        endings=move.endings,
        target=move.target,
        routing=move.routing,
    )


def _odds(
    shape: Shape,
    order: DraftOrder,
    moved: DraftOrder,
    step: DraftStep,
    move: DraftMove,
    profile: VenueProfile,
    *,
    here: VenueProfile | None,
) -> None:
    """Odds that the order can't have here either are told there."""
    if move.odds is None or is_on_ladder(moved, move.odds, profile):
        return
    around = nearest_odds(move.odds, profile)
    if "odds" in step.node.values:
        value = step.node.scalar("odds")
        shape.complain(value, say_venue.off_ladder(value, title=profile.title, around=around))
    elif here is None or is_on_ladder(order, move.odds, here):
        value = step.node.scalar("move_remainder_to")
        shape.complain(None, say.odds_not_there(value, title=profile.title, odds=str(move.odds), around=around))
    move.odds = step.action = None


def _time(shape: Shape, order: DraftOrder, step: DraftStep, move: DraftMove, profile: VenueProfile) -> None:
    """When it ends, as far as it is known from which moment on it is there. What counts from its placing was looked at."""
    endings = move.endings or order.endings
    placed = position_of(order, step)
    if placed is None or order.place is None or len(endings) != 1:
        return
    key, ending = next(iter(endings.items()))
    if ending is None or (move.endings and isinstance(ending, AfterPlacing)):
        return
    ends = position(ending, order.place)
    if ends.axis != placed.axis:
        return
    if move.endings and ends.at <= placed.at:
        shape.complain(None, say_meaning.ends_before_placed(step.node.keys[key], step.node.text(key) or ""))
    elif profile.expires_within is not None and ends.at - placed.at > profile.expires_within:
        hours = int(profile.expires_within.total_seconds() // 3600)
        if move.endings:
            shape.complain(None, say_routing.ends_too_late(step.node.scalar(key), key, profile.title, hours))
        else:
            value = step.node.scalar("move_remainder_to")
            shape.complain(None, say.kept_too_long(value, title=profile.title, hours=hours))


def _size(
    shape: Shape, order: DraftOrder, step: DraftStep, move: DraftMove, profile: VenueProfile, *, here: VenueProfile | None
) -> None:
    """A remainder is never more than the whole stake. One too small for its own venue is told there."""
    stake, odds = order.stake, move.odds
    if stake is None or odds is None:
        return
    minimum = profile.minimums.get(stake.currency)
    if minimum is None or minimum.allows(stake.amount, odds.ratio):
        return
    own = here.minimums.get(stake.currency) if here is not None else None
    if own is None or order.odds is None or own.allows(stake.amount, order.odds.ratio):
        least = Money(amount=minimum.stake, currency=stake.currency)
        value = step.node.scalar("move_remainder_to")
        shape.complain(None, say.too_small(value, title=profile.title, stake=stake, least=least))
