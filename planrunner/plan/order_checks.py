"""One order: what it is on, its ending, its odds and stake at the venue, a lay's liability."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from planrunner.model.account import Account
from planrunner.model.exposure import lay_loss
from planrunner.model.money import Money
from planrunner.model.odds import Odds, Side
from planrunner.model.plan import Now, OrderType
from planrunner.model.profile import VenueProfile
from planrunner.plan import hedge_checks, routing_checks, step_checks
from planrunner.plan.decode import ENDINGS, DraftOrder
from planrunner.plan.ladders import is_on_ladder, nearest_odds
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.moments import position
from planrunner.plan.nodes import Scalar
from planrunner.plan.only_if_checks import check_only_if
from planrunner.plan.schema import Shape

# Orders of these types match at once or not at all, or at one moment: they need no ending.
SELF_ENDING = frozenset({
    OrderType.FILL_OR_KILL, OrderType.FILL_AND_KILL, OrderType.MARKET, OrderType.LIMIT_ON_CLOSE, OrderType.MARKET_ON_CLOSE,
})  # fmt: skip


MARKETS = ("event", "event_id", "date", "race", "market", "market_id")
SELECTIONS = ("selection", "selection_id", "favourite")


def check_order(
    shape: Shape, order: DraftOrder, profile: VenueProfile | None, account: Account | None, *, has_market: bool = False
) -> None:
    """Adds every problem of this order and its fallback steps. `has_market`: `for_each_market` says which market it is on."""
    if profile is not None and profile.by_ids_only:
        routing_checks.check_target(shape, order, profile, has_market=has_market)
    else:
        check_target(shape, order, has_market=has_market or _may_be_by_ids(order, profile))
        _favourite(shape, order)
    check_only_if(shape, order)
    _ending(shape, order)
    _placing(shape, order)
    _min_fill(shape, order, profile)
    is_off = profile is not None and _venue(shape, order, profile)
    step_checks.check_steps(shape, order, profile)
    if profile is not None and account is not None and profile.routes:
        routing_checks.check_routing(shape, order, profile, account)
    elif profile is not None:
        routing_checks.check_elsewhere(shape, order, profile)
    _liability(shape, order, is_off=is_off)
    if profile is not None and account is not None:
        is_too_small = _stake(shape, order, profile)
        if not is_too_small:  # else its hedge is, too
            hedge_checks.check_stake(shape, order, profile)


def _may_be_by_ids(order: DraftOrder, profile: VenueProfile | None) -> bool:
    """Of a venue that nobody knows, it is not known either whether an order there names its market."""
    return profile is None and {"event_id", "selection_id"} <= order.node.values.keys()


def check_target(shape: Shape, order: DraftOrder, *, has_market: bool, is_step: bool = False) -> None:
    """By names or by ids; what would not be looked at is not allowed to stand there and mislead a reviewer. `is_step`: it is
    said where a step moves the remainder to."""
    node = order.node
    begin = node.span
    groups = (
        ("fixture", ("event", "event_id", "market_id"), "`event` (or `event_id`, `market_id`)", "event: Arsenal v Chelsea"),
        ("market", ("market", "market_id"), "`market` (or `market_id`)", "market: Match Odds"),
        ("selection", SELECTIONS, f"`selection` (or `selection_id`{'' if is_step else ', `favourite`'})", "selection: Arsenal"),
    )
    for what, keys, words, fix in groups[2:] if has_market else groups:
        if not any(key in node.values for key in keys) and not shape.is_silent(node, *keys):
            shape.complain(None, say.says_not(begin, what, words, fix, is_step=is_step))
    for stronger, weaker in (
        ("market_id", ("event", "event_id", "date", "race", "market")),
        ("event_id", ("event", "date")),
        ("selection_id", ("selection", "favourite")),
        ("selection", ("favourite",)),
    ):
        for key in weaker:
            is_said = (stronger == "event_id" and "market_id" in node.values) or (
                stronger == "selection" and "selection_id" in node.values
            )
            if stronger in node.values and key in node.values and not is_said:
                shape.complain(None, say.says_twice(node.keys[key], stronger))


def _favourite(shape: Shape, order: DraftOrder) -> None:
    if "favourite" in order.node.values and "line" in order.node.values:
        shape.complain(None, say.favourite_with_line(order.node.keys["line"]))


def _ending(shape: Shape, order: DraftOrder) -> None:
    node, given = order.node, [key for key in order.node.values if key in ENDINGS]
    if order.type in SELF_ENDING:
        for key in given:
            shape.complain(None, say.ends_by_itself(node.keys[key], order.type.value))
    elif len(given) > 1:
        for key in given[1:]:
            shape.complain(None, say.several_endings(node.keys[key], node.keys[given[0]]))
    elif not given and order.type is not None and not shape.is_silent(node, *ENDINGS):
        shape.complain(None, say.no_ending(node.span))


def _placing(shape: Shape, order: DraftOrder) -> None:
    node = order.node
    if "place_before_start" in node.values and "place_at" in node.values:
        shape.complain(None, say.placed_twice(node.keys["place_at"], "place_before_start"))
        order.place = None
    if order.place is None or len(order.endings) != 1:
        return
    key, ending = next(iter(order.endings.items()))
    if ending is None:
        return
    ends, placed = position(ending, order.place), position(Now(), order.place)
    if ends.axis == placed.axis and ends.at <= placed.at:
        shape.complain(None, say.ends_before_placed(node.keys[key], node.text(key) or ""))


def _min_fill(shape: Shape, order: DraftOrder, profile: VenueProfile | None) -> None:
    node = order.node
    if "min_fill" not in node.values or order.type is None:
        return
    if order.type is not OrderType.FILL_OR_KILL:
        shape.complain(None, say.min_fill_without(node.keys["min_fill"]))
    elif profile is not None and order.type not in profile.min_fill_types:
        shape.complain(None, say_venue.no_min_fill(node.keys["min_fill"], title=profile.title, kind=order.type.value))
    elif order.min_fill is not None:
        value, money = order.node.scalar("min_fill"), order.min_fill
        minimum = profile.minimums.get(money.currency) if profile is not None else None
        if order.stake is not None and order.stake < money:
            shape.complain(value, say.min_fill_too_large(value, order.stake))
        elif minimum is not None and money.amount < minimum.stake:
            shape.complain(value, say.min_fill_too_small(value, Money(amount=minimum.stake, currency=money.currency)))


def _venue(shape: Shape, order: DraftOrder, profile: VenueProfile) -> bool:
    """Side, type and odds as the venue has them. True where the odds are off its ladder."""
    if order.side is not None and order.side not in profile.sides:
        value = order.node.scalar("side")
        sides = sorted(side.value for side in profile.sides)
        shape.complain(value, say_venue.unknown_side(value, title=profile.title, sides=sides))
    if order.type is not None and order.type not in profile.types:
        value = order.node.scalar("type")
        types = sorted(kind.value for kind in profile.types)
        shape.complain(value, say_venue.unknown_type(value, title=profile.title, types=types))
    elif order.type is not None and not profile.routes:
        check_average(shape, order, profile, order.type)
    if order.odds is None or is_on_ladder(order, order.odds, profile):
        return False
    value = order.node.scalar("odds")
    shape.complain(value, say_venue.off_ladder(value, title=profile.title, around=nearest_odds(order.odds, profile)))
    return True


def check_average(shape: Shape, order: DraftOrder, profile: VenueProfile, kind: OrderType) -> None:
    """Does the plan say that the odds hold for the average, where and only where the venue has it so?"""
    node = order.node
    if kind in profile.average_odds_types and "odds_hold_for" not in node.values:
        if not shape.is_silent(node, "odds_hold_for"):
            at = (node.keys.get("type") or node.keys["odds"]).span if "type" in node.keys or "odds" in node.keys else node.span
            shape.complain(None, say_venue.average_not_said(at, title=profile.title, kind=kind.value))
    elif kind not in profile.average_odds_types and "odds_hold_for" in node.values:
        shape.complain(None, say_venue.average_not_so(node.keys["odds_hold_for"], title=profile.title, kind=kind.value))


def _liability(shape: Shape, order: DraftOrder, *, is_off: bool) -> None:
    """A lay says the most it may lose, and that covers its worst rung."""
    node = order.node
    if order.side is Side.BACK and "liability_at_most" in node.values:
        shape.complain(None, say.back_with_liability(node.keys["liability_at_most"]))
    if order.side is not Side.LAY:
        return
    worst = None if is_off else _worst_odds(order)
    needed = lay_loss(order.stake, worst[0]) if worst is not None and order.stake is not None else None
    if "liability_at_most" not in node.values:
        if not shape.is_silent(node, "liability_at_most"):
            shape.complain(None, say.lay_without_liability(order.node.scalar("side").span, needed))
    elif needed is not None and worst is not None and order.liability is not None and order.liability < needed:
        value, stake = order.node.scalar("liability_at_most"), order.stake
        assert stake is not None
        problem = say.liability_too_small(value, stake=stake, odds=str(worst[0]), line=worst[1].line, needed=needed)
        shape.complain(value, problem)
        order.liability = None


def _worst_odds(order: DraftOrder) -> tuple[Odds, Scalar] | None:
    """The highest odds of any rung, or of what is moved elsewhere, and where they stand; None while one of them is unknown."""
    if order.odds is None:
        return None
    worst = (order.odds, order.node.scalar("odds"))
    for step in order.steps:
        if step.move is not None:
            if step.move.odds is None:
                return None
            there = step.node.values.get("odds")
            if isinstance(there, Scalar):
                worst = max(worst, (step.move.odds, there), key=lambda one: one[0].ratio)
        if "reprice" not in step.node.values:
            continue
        floor, value = step_checks.floor_of(step), step.node.values.get("no_worse_than")
        if floor is None or not isinstance(value, Scalar):
            return None
        worst = max(worst, (floor, value), key=lambda one: one[0].ratio)
    return worst


def _stake(shape: Shape, order: DraftOrder, profile: VenueProfile) -> bool:
    """True where the stake is below the venue's minimum."""
    stake = order.stake
    if stake is None:
        return False
    value, minimum = order.node.scalar("stake"), profile.minimums.get(stake.currency)
    if minimum is None or minimum.allows(stake.amount, order.odds.ratio if order.odds is not None else Fraction(1)):
        return False
    if minimum.payout is not None:
        if order.odds is None:
            return False
        payout = f", or less where stake times odds reaches {_money(minimum.payout, stake.currency)}"
    else:
        payout = ""
    least = Money(amount=minimum.stake, currency=stake.currency)
    shape.complain(None, say_venue.stake_too_small(value, title=profile.title, least=least, payout=payout))
    return True


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency)
