"""What an order does after it is placed, told in order of time: every step of its fallback, and its ending among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from planrunner.model.exposure import hedge_stake
from planrunner.model.money import Money, smallest_unit
from planrunner.model.odds import Side
from planrunner.model.plan import (
    Action,
    AfterPlacing,
    AfterStart,
    At,
    AtTime,
    BeforeStart,
    ByPercent,
    ByTicks,
    Cancel,
    Condition,
    Ending,
    Every,
    FallbackStep,
    Hedge,
    If,
    KeepInPlay,
    LimitOrder,
    Move,
    PoolBet,
    Reprice,
    Retry,
    Routing,
    TellOwner,
    ToBest,
    ToHead,
    Trigger,
)
from planrunner.model.profile import VenueProfile
from planrunner.plan.moments import Axis, position
from planrunner.review.explained import Point
from planrunner.review.routing import tell_routing
from planrunner.review.rungs import ladder_of, rungs, start_of
from planrunner.review.words import ladder_odds, length, limit_odds, moment, plural, signed, target_in_words

# What cannot be compared is told in this order: mostly a plan is run well before the start.
_AXES = (Axis.PLACING, Axis.CLOCK, Axis.DAY, Axis.START)
_CONDITIONS = {
    Condition.REJECTED: "if the venue rejects it",
    Condition.SUSPENDED: "if the market is suspended",
    Condition.IN_PLAY: "if the market turns in-play",
    Condition.UNMATCHED: "if nothing is matched by then",
    Condition.PARTLY_MATCHED: "if part of it is matched by then",
    Condition.MATCHED: "if all of it is matched by then",
    Condition.EXPIRED: "once what was left is cancelled",
}

_IF_REFUSED = "if the pool refuses a bet"
ENDS = "it ends, and what is unmatched is cancelled"


@dataclass(frozen=True, slots=True)
class _Placed:
    """A point and its place among the others: `group` first, then the axis and the time on it, then the order written."""

    group: int
    axis: int
    at: int
    index: int
    point: Point

    @property
    def key(self) -> tuple[int, int, int, int]:
        return self.group, self.axis, self.at, self.index


def tell_steps(
    order: LimitOrder, profile: VenueProfile | None, zone: str | None, *, there: VenueProfile | None = None
) -> tuple[Point, ...]:
    """All that happens to an order once it is placed, in order of time as far as that is known before it runs. `there`: of the
    venue that its remainder is moved to."""
    steps = sorted(_steps(order, profile, _Elsewhere(zone, there)), key=lambda one: one.key)
    ending = _ending(order, zone)
    if ending is None:
        return tuple(one.point for one in steps)
    before = [one.point for one in steps if not _comes_after(one, ending)]
    after = [one.point for one in steps if _comes_after(one, ending)]
    return (*before, ending.point, *after)


def tell_refusals(bet: PoolBet) -> tuple[Point, ...]:
    """What is done when a pool refuses a bet of a ticket: the same for each of them."""
    return tuple(Point(when=_IF_REFUSED, what=_refusal(step.action)) for step in bet.fallback)


def _refusal(action: Action) -> str:
    if isinstance(action, TellOwner):
        return f"the owner is told: {' '.join(action.text.split())}"
    return (
        "that bet is placed once more by itself, under a new reference, where the venue says that the trouble was its own and "
        "passes; else it stays refused"
    )


def can_compare(order: LimitOrder) -> bool:
    """Do all of an order's moments count from the same? Else their order depends on when the plan is run."""
    moments = [step.trigger.moment if isinstance(step.trigger, If) else step.trigger for step in order.fallback]
    timed = [one for one in (*moments, order.ending) if one is not None]
    return len({position(one, order.place).axis for one in timed}) < 2


def _comes_after(step: _Placed, ending: _Placed) -> bool:
    return step.group > ending.group or (step.group == ending.group and step.axis == ending.axis and step.at >= ending.at)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What telling a move takes: the plan's zone, and the venue it goes to."""

    zone: str | None
    profile: VenueProfile | None


def _steps(order: LimitOrder, profile: VenueProfile | None, elsewhere: _Elsewhere) -> Iterator[_Placed]:
    """Steps in the order of time, so that a reprice is told from the rung where the one before has left the order."""
    found = sorted((_place(order, step, index) for index, step in enumerate(order.fallback)), key=lambda one: one[0])
    stands = _Stands(order, profile)
    for (group, axis, at, index), step in found:
        what, ladder = _action(order, step, stands, elsewhere)
        yield _Placed(group, axis, at, index, Point(when=tell_trigger(step.trigger), what=what, rungs=ladder))


def _place(order: LimitOrder, step: FallbackStep, index: int) -> tuple[tuple[int, int, int, int], FallbackStep]:
    trigger = step.trigger
    if isinstance(trigger, If) and trigger.moment is None:
        group = {Condition.REJECTED: 0, Condition.SUSPENDED: 0, Condition.IN_PLAY: 1, Condition.EXPIRED: 2}[trigger.condition]
        axis = _AXES.index(Axis.START) if trigger.condition is Condition.IN_PLAY else 0
        return (group, axis, 0, index), step
    timed = trigger.moment if isinstance(trigger, If) else trigger
    assert timed is not None
    where = position(timed, order.place)
    return (1, _AXES.index(where.axis), int(where.at.total_seconds()), index), step


def tell_trigger(trigger: Trigger) -> str:
    match trigger:
        case Every(delay=delay):
            return f"every {length(delay).removeprefix('1 ')} after it is placed"
        case AfterPlacing() | BeforeStart() | AfterStart():
            return moment_of(trigger)
        case If(condition=condition, moment=None):
            return _CONDITIONS[condition]
        case If(condition=condition, moment=at):
            assert at is not None
            return f"{moment_of(at)}, {_CONDITIONS[condition]}"
    assert_never(trigger)


def moment_of(when: AfterPlacing | BeforeStart | AfterStart) -> str:
    """`2 minutes before the start`."""
    match when:
        case AfterPlacing(delay=delay):
            return f"{length(delay)} after it is placed"
        case BeforeStart(delay=delay) if delay:
            return f"{length(delay)} before the start"
        case AfterStart(delay=delay) if delay:
            return f"{length(delay)} after the start"
        case _:
            return "at the start"


def _ending(order: LimitOrder, zone: str | None) -> _Placed | None:
    if order.ending is None:
        return None
    where = position(order.ending, order.place)
    point = Point(when=_ends(order.ending, zone), what=ENDS)
    return _Placed(1, _AXES.index(where.axis), int(where.at.total_seconds()), len(order.fallback), point)


def _ends(ending: Ending, zone: str | None) -> str:
    return f"at {moment(ending, zone)}" if isinstance(ending, At | AtTime) else moment_of(ending)


class _Stands:
    """Which rung an order stands on when a step comes, as far as that can be known beforehand."""

    def __init__(self, order: LimitOrder, profile: VenueProfile | None) -> None:
        self.ladder = ladder_of(order, profile) if profile is not None else None
        self.at = start_of(order, self.ladder) if self.ladder is not None else None

    def moved(self, order: LimitOrder, step: FallbackStep, action: Reprice) -> tuple[Decimal, ...]:
        """The rungs of a step, and from then on the last of them; nobody knows where it stands after repeated steps."""
        if self.ladder is None or self.at is None or not isinstance(action.by, ByTicks | ByPercent):
            self.at = None
            return ()
        is_certain = isinstance(step.trigger, AfterPlacing | BeforeStart | AfterStart)
        found = rungs(order.side, self.at, action, self.ladder, once=not isinstance(step.trigger, Every))
        self.at = found[-1] if is_certain else None
        return found


def _action(order: LimitOrder, step: FallbackStep, stands: _Stands, elsewhere: _Elsewhere) -> tuple[str, tuple[str, ...]]:
    action = step.action
    match action:
        case Cancel():
            return "what is unmatched is cancelled, and the order is over", ()
        case Reprice():
            found = stands.moved(order, step, action)
            return _reprice(order, step, action, found), tuple(ladder_odds(one) for one in found)
        case KeepInPlay():
            return "what is unmatched stays at the venue, in-play; without this step the venue would drop it", ()
        case TellOwner(text=text):
            return f"the owner is told: {' '.join(text.split())}", ()
        case Hedge():
            return _hedge(order, step, action), ()
        case Move():
            return " ".join(_move(order, step, action, elsewhere)), ()
        case Retry():
            return "the venue is asked once more, where it says that the trouble was its own", ()
    assert_never(action)


def _reprice(order: LimitOrder, step: FallbackStep, action: Reprice, found: tuple[Decimal, ...]) -> str:
    way = "down" if order.side is Side.BACK else "up"
    limit = limit_odds(action.no_worse_than, order.side)
    often = f", at most {plural(action.at_most, 'time')}" if action.at_most is not None else ""
    match action.by:
        case ByTicks(ticks=ticks):
            what = f"what is unmatched is moved {plural(ticks, 'tick')} {way}{often}, never past {action.no_worse_than}"
        case ByPercent(percent=percent):
            by = f"{percent.normalize():f} % of its odds"
            what = f"what is unmatched is moved {way} by {by}{often}, never past {action.no_worse_than}"
        case ToBest():
            what = f"what is unmatched is moved to the odds that would match now, if these are {limit}{often}"
        case ToHead():
            others = "backers" if order.side is Side.BACK else "layers"
            what = f"what is unmatched is moved to the best odds that other {others} ask for, if these are {limit}{often}"
        case _:
            assert_never(action.by)
    if not found and isinstance(action.by, ByTicks | ByPercent) and order.target.line is not None:
        what += "; on which odds that is depends on the ladder of the market, which is known when it is found"
    if isinstance(step.trigger, Every) and len(found) > 1:
        soonest = length(step.trigger.delay * (len(found) - 1))
        what += f"; {ladder_odds(found[-1])} is reached {soonest} after it is placed, at the earliest"
    return what


def _move(order: LimitOrder, step: FallbackStep, action: Move, elsewhere: _Elsewhere) -> Iterator[str]:
    there = elsewhere.profile
    where = f"the account {action.account}" + (f" ({there.title})" if there is not None else "")
    condition = step.trigger.condition if isinstance(step.trigger, If) else None
    if condition is Condition.REJECTED:
        size = "all of it is placed on"
    elif condition is Condition.EXPIRED:
        size = "exactly that is placed on"
    else:
        size = "what is unmatched is taken back, and once the venue has confirmed how much that is, exactly that is placed on"
    verb, ends = order.side.value, action.ending
    if ends is None:
        until = "It ends when this order would have ended."
    else:
        until = f"It ends {_ends(ends, elsewhere.zone).replace('it is placed', 'it is placed there')}."
    yield f"{size} {where}: {verb} {target_in_words(action.target, elsewhere.zone)} at {limit_odds(action.odds, order.side)}."
    if there is not None and there.routes:
        yield from tell_routing(action.routing or Routing(), there, "it")
    if action.odds_hold_for_average:
        yield f"The odds of {action.odds} hold for the average of what is matched there."
    yield until
    small = f", nor where that is less than {there.title} takes" if there is not None and not there.routes else ""
    yield f"Nothing is placed there while it is not known what is left here{small}."


def _hedge(order: LimitOrder, step: FallbackStep, action: Hedge) -> str:
    other, bound = order.side.other, limit_odds(action.no_worse_than, order.side.other)
    nothing_is_left = isinstance(step.trigger, If) and step.trigger.condition in (Condition.MATCHED, Condition.EXPIRED)
    text = "" if nothing_is_left else "what is unmatched is cancelled, and "
    text += (
        f"what was matched is hedged with a {other.value} for the same profit whatever happens: at the best odds on offer, "
        f"{bound}, for at most {length(action.for_at_most)}. What is not hedged by then stays open, and the owner is told"
    )
    if order.move is not None:
        text += f". What was moved to {order.move.account} is not hedged"
    size, leaves = hedged(order, action)
    return (
        f"{text}. Had all of it been matched at {order.odds}, the hedge would at the worst be a {other.value} of {size} at "
        f"{action.no_worse_than}, which leaves at least {signed(leaves)} before commission"
    )


def hedged(order: LimitOrder, action: Hedge) -> tuple[Money, Money]:
    """The hedge of an order matched in full at its own odds, at the worst odds it may take; and what the two then leave,
    whichever of them wins: the lesser of both results, rounded against us."""
    hedge = hedge_stake(order.stake, order.odds, action.no_worse_than)
    stake, currency = Fraction(order.stake.amount), order.stake.currency
    odds, against = order.odds.ratio, action.no_worse_than.ratio
    sign = 1 if order.side is Side.BACK else -1
    size = Fraction(hedge.amount)
    leaves = min(sign * (stake * (odds - 1) - size * (against - 1)), sign * (size - stake))
    unit = smallest_unit(currency)
    return hedge, Money(amount=(leaves // Fraction(unit)) * unit, currency=currency)
