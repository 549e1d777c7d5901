"""One order told: what is bet where and at which odds, what it can win and lose, when it is placed, and what happens then."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import assert_never

from planrunner.model.exposure import liability, risk, worst_odds
from planrunner.model.money import Money, rounded_down, rounded_up
from planrunner.model.odds import Odds, Side
from planrunner.model.plan import At, AtTime, BeforeStart, LimitOrder, Now, OnlyIf, OrderType, PlaceWhen, Routing
from planrunner.model.profile import VenueProfile
from planrunner.review.explained import Point, ToldOrder
from planrunner.review.routing import tell_routing
from planrunner.review.steps import ENDS, can_compare, moment_of, tell_steps
from planrunner.review.words import limit_odds, listed, moment, plural, target_in_words

_TYPES = {
    OrderType.FILL_AND_KILL: "It takes what it can on arrival, and the rest is cancelled at once.",
    OrderType.POST_ONLY: "It is only placed where it would not match at once.",
    OrderType.POST_ARB: "It is only placed where it would not match at once, or would match at a profit.",
    OrderType.LIMIT_ON_CLOSE: "It is matched at the starting price, if that is as good as its odds.",
    OrderType.MARKET_ON_CLOSE: "It is matched at the starting price, whatever that is.",
    OrderType.MARKET: "It takes the odds on offer, whatever they are.",
}


def tell_order(
    order: LimitOrder, profile: VenueProfile | None, zone: str | None, *, there: VenueProfile | None = None
) -> ToldOrder:
    """`there`: of the venue that a step moves its remainder to."""
    points = tell_steps(order, profile, zone, there=there)
    return ToldOrder(
        name=order.name,
        line=order.line,
        bet=_bet(order, zone),
        sentences=tuple(_sentences(order, profile, zone)),
        points=points,
        in_order=can_compare(order),
        brief=_brief(order, points, zone),
    )


def _bet(order: LimitOrder, zone: str | None) -> str:
    verb = "Back" if order.side is Side.BACK else "Lay"
    what = "" if order.side is Side.BACK else "a backer's stake of "
    return f"{verb} {target_in_words(order.target, zone)} with {what}{order.stake} at {limit_odds(order.odds, order.side)}."


def _sentences(order: LimitOrder, profile: VenueProfile | None, zone: str | None) -> Iterator[str]:
    yield _outcome(order)
    if order.target.favourite is not None:
        yield (
            "Which runner that is, is looked up when it is placed: the favourite has the lowest odds on offer to backers, and of "
            "two with the same odds the one that the venue lists first."
        )
    yield _placing(order.place, zone)
    if order.only_if is not None:
        yield _only_if(order.only_if, order)
    if profile is not None and profile.routes:
        yield from tell_routing(order.routing or Routing(), profile, order.stake)
        if order.ending is not None:
            yield f"{profile.title} is told when it ends and ends it by itself, also where planrunner can't be heard."
    yield from _type(order)


def _outcome(order: LimitOrder) -> str:
    """What it can win and lose at its own odds, and at the worst it may be moved to."""
    worst = worst_odds(order)
    is_moved = worst != order.odds
    if order.side is Side.BACK:
        wins = f"{_profit(order.stake, order.odds)} at {order.odds}"
        less = f", or {_profit(order.stake, worst)} at {worst}" if is_moved else ""
        return f"Matched in full it wins {wins}{less}, before commission, or loses the stake of {order.stake}."
    loses = f"{_liability(order.stake, order.odds)} at {order.odds}"
    more = f", or {liability(order)} at {worst}" if is_moved else ""
    most = f"; `liability_at_most` allows {order.liability_at_most}" if order.liability_at_most is not None else ""
    return f"Matched in full it wins the backer's stake of {order.stake}, before commission, or loses {loses}{more}{most}."


def _profit(stake: Money, odds: Odds) -> Money:
    return rounded_down(Fraction(stake.amount) * (odds.ratio - 1), stake.currency)


def _liability(stake: Money, odds: Odds) -> Money:
    return rounded_up(risk(Side.LAY, stake.amount, odds.ratio), stake.currency)


def _placing(place: PlaceWhen, zone: str | None) -> str:
    match place:
        case Now():
            return "It is placed at once."
        case BeforeStart():
            return f"It is placed {moment_of(place)}, also when the venue moves the start."
        case At() | AtTime():
            return f"It is placed at {moment(place, zone)}."
    assert_never(place)


def _only_if(only_if: OnlyIf, order: LimitOrder) -> str:
    conditions = listed(list(_conditions(only_if, order)))
    return f"It is placed only if at that moment {conditions}; otherwise it is not placed at all, and the report says why."


def _conditions(only_if: OnlyIf, order: LimitOrder) -> Iterator[str]:
    if only_if.market_open:
        yield "the market is open"
    if only_if.in_play is not None:
        yield "the market is in-play" if only_if.in_play else "the market is not in-play"
    taker = "backer" if order.side is Side.BACK else "layer"
    if odds := _between(only_if.odds_at_least, only_if.odds_at_most):
        yield f"the odds on offer to a {taker} are {odds}"
    if price := _between(only_if.price_at_least, only_if.price_at_most):
        yield f"the price on offer to a {taker} is {price}"
    if only_if.available_at_least is not None:
        yield f"at least {only_if.available_at_least} is on offer at its odds or better"
    for words, count in (("at least", only_if.runners_at_least), ("at most", only_if.runners_at_most)):
        if count is not None:
            yield f"{words} {plural(count, 'runner')} take part"


def _between(least: Odds | None, most: Odds | None) -> str:
    """`from 2.10 to 3.50`, `at least 2.10`; empty where neither is given."""
    if least is not None and most is not None:
        return f"from {least} to {most}"
    return f"at least {least}" if least is not None else f"at most {most}" if most is not None else ""


def _type(order: LimitOrder) -> Iterator[str]:
    if order.type is OrderType.FILL_OR_KILL:
        least = f"all of {order.stake}"
        if order.min_fill is not None:
            least = f"at least {str(order.min_fill).split()[0]} of {order.stake}"
        yield f"It is a fill or kill: {least} must match on arrival, or nothing does; the rest is cancelled at once."
    elif order.type is not OrderType.LIMIT:
        yield _TYPES[order.type]
    if order.odds_hold_for_average:
        yield f"The odds of {order.odds} hold for the average of what is matched, not for every part of it."


def _brief(order: LimitOrder, points: tuple[Point, ...], zone: str | None) -> str:
    """All that makes a row what it is, as short as it can be said."""
    cap = f" (liability at most {order.liability_at_most})" if order.liability_at_most is not None else ""
    at = limit_odds(order.odds, order.side)
    bet = f"{order.side.value} {target_in_words(order.target, zone)}, {order.stake} at {at}{cap}"
    steps = [step.text for step in order.fallback]
    placed = [] if isinstance(order.place, Now) else [_placing(order.place, zone).removeprefix("It is ").removesuffix(".")]
    ends = [f"ends {point.when}" for point in points if point.what == ENDS]
    return "; ".join((bet, *placed, *steps, *ends))
