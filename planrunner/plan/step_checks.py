"""Fallback steps: one trigger, one action, and a time at which they can still act."""

from __future__ import annotations

from datetime import timedelta

from planrunner.model.odds import Odds, Side
from planrunner.model.plan import (
    AfterPlacing,
    AfterStart,
    BeforeStart,
    Cancel,
    Condition,
    Every,
    Hedge,
    If,
    KeepInPlay,
    Move,
    Now,
    OrderType,
    Reprice,
    TellOwner,
)
from planrunner.model.profile import VenueProfile
from planrunner.plan import hedge_checks
from planrunner.plan.decode import ACTIONS, TRIGGERS, DraftOrder, DraftStep
from planrunner.plan.ladders import is_on_ladder, nearest_odds
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import shape as say_shape
from planrunner.plan.messages import ticket as say_ticket
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.moments import Position, position
from planrunner.plan.nodes import Block, Scalar, Span
from planrunner.plan.scalars import odds_text
from planrunner.plan.schema import Shape
from planrunner.plan.words import OF_MOVES

# Looked at once, at a moment the step gives; the other conditions are waited for.
LOOKED_AT = frozenset({Condition.UNMATCHED, Condition.PARTLY_MATCHED, Condition.MATCHED})
_ENDS_AT_ONCE = frozenset({OrderType.FILL_OR_KILL, OrderType.FILL_AND_KILL, OrderType.MARKET})
# What says more about an action, and the actions it goes with.
_GOES_WITH = {"no_worse_than": ("reprice", "hedge"), "at_most": ("reprice",), "for_at_most": ("hedge",)}
_NO_TIME = timedelta()
_A_FEW = 5  # ticks
_TAKEN = {Cancel: say.after_cancel, Hedge: say.after_hedge, Move: say.after_move}


def check_steps(shape: Shape, order: DraftOrder, profile: VenueProfile | None) -> None:
    """Adds every problem of the order's fallback."""
    is_over_at_once = order.type in _ENDS_AT_ONCE
    for step in order.steps:
        if "retry" in step.node.values:
            shape.complain(step.node, say_ticket.retry_of_order(_key(step, "retry")))
            step.trigger = None
            continue
        is_clear = _one_trigger(shape, step) & _one_action(shape, step)
        _companions(shape, step)
        if not is_clear:
            step.trigger = None
        elif is_over_at_once and not _outlives(step):
            _at_once(shape, order, step)
        else:
            _floor(shape, order, step, profile)
            _reachable(shape, order, step, profile)
    hedge_checks.check_number(shape, order)
    if not is_over_at_once:
        _in_order(shape, order)
        _after_cancel(shape, order)


def _begin(step: DraftStep) -> Span:
    return step.node.span


def _key(step: DraftStep, key: str) -> Scalar:
    return step.node.keys[key]


def _one_trigger(shape: Shape, step: DraftStep) -> bool:
    given = [key for key in step.node.values if key in TRIGGERS]
    if "if" in given:
        return _if(shape, step, [key for key in given if key != "if"])
    if not given:
        if not shape.is_silent(step.node, *TRIGGERS):
            shape.complain(None, say.no_trigger(_begin(step)))
        return False
    for key in given[1:]:
        shape.complain(None, say.several_triggers(_key(step, key), _key(step, given[0])))
    return len(given) == 1


def _if(shape: Shape, step: DraftStep, others: list[str]) -> bool:
    text = step.node.text("if") or ""
    if id(step.node.values["if"]) in shape.bad:
        return False
    is_looked_at = text in [condition.value for condition in LOOKED_AT]
    allowed = [key for key in others if key in ("after", "before_start")][:1] if is_looked_at else []
    for key in others:
        if key not in allowed:
            first = _key(step, "if")
            problem = (
                say.several_triggers(_key(step, key), first) if is_looked_at else say.if_needs_no_moment(_key(step, key), text)
            )
            shape.complain(None, problem)
    if is_looked_at and not others and not shape.is_silent(step.node, "after", "before_start"):
        shape.complain(None, say.if_needs_moment(step.node.scalar("if")))
    return others == allowed and bool(others) == is_looked_at


def _one_action(shape: Shape, step: DraftStep) -> bool:
    given = [key for key in step.node.values if key in ACTIONS]
    if not given and not shape.is_silent(step.node, *ACTIONS):
        shape.complain(None, say.no_action(_begin(step)))
    for key in given[1:]:
        shape.complain(None, say.several_actions(_key(step, key), _key(step, given[0])))
    return len(given) == 1


def _companions(shape: Shape, step: DraftStep) -> None:
    """`every` belongs to `reprice`; the limits of a step to the actions they limit; keys of an order to what is moved."""
    node = step.node
    if "move_remainder_to" not in node.values:
        no_keys_of_orders(shape, node)
    given = [key for key in ACTIONS if key in node.values]
    if "every" in node.values and "reprice" in given:
        if step.trigger == Every(delay=_NO_TIME):
            shape.complain(step.node.scalar("every"), say.every_at_once(step.node.scalar("every")))
    elif "every" in node.values and given and sum(key in node.values for key in TRIGGERS) == 1:
        shape.complain(None, say.every_without_reprice(_key(step, "every")))
    for key, actions in _GOES_WITH.items():
        if key in node.values and given and not set(actions) & set(given) and not shape.is_silent(node):
            shape.complain(None, say.only_with(_key(step, key), actions))


def no_keys_of_orders(shape: Shape, step: Block) -> None:
    """A step has some, where it moves the remainder."""
    for key in step.values if not OF_MOVES.isdisjoint(step.values) else ():
        if key in OF_MOVES and id(step.values[key]) not in shape.bad:
            shape.complain(step.values[key], say_shape.unknown_key(step.keys[key], "step", None, "order"))


def _outlives(step: DraftStep) -> bool:
    """Has it something to do when the order itself is over? A hedge acts on what is matched, and a full match can be told."""
    condition = step.trigger.condition if isinstance(step.trigger, If) else None
    if "hedge" in step.node.values:
        return condition is not Condition.EXPIRED
    return isinstance(step.action, TellOwner) and condition is Condition.MATCHED


def _at_once(shape: Shape, order: DraftOrder, step: DraftStep) -> None:
    if order.type is None or step.trigger is None or step.action is None:
        return
    if not (step.trigger == If(condition=Condition.REJECTED) and isinstance(step.action, TellOwner)):
        shape.complain(None, say.step_ends_by_itself(_begin(step), order.type.value))


def floor_of(step: DraftStep) -> Odds | None:
    """The last odds a reprice may go to."""
    return step.action.no_worse_than if isinstance(step.action, Reprice) else None


def _floor(shape: Shape, order: DraftOrder, step: DraftStep, profile: VenueProfile | None) -> None:
    """What limits a reprice or hedge is there, on the venue's ladder, and for a reprice on the order's own side."""
    node = step.node
    if "hedge" in node.values:
        hedge_checks.check_step(shape, order, step, profile)
    elif "reprice" in node.values and "no_worse_than" not in node.values and not shape.is_silent(node, "no_worse_than"):
        shape.complain(None, say.no_floor(_key(step, "reprice").span, _suggested_floor(order, profile)))
    if not isinstance(step.action, Reprice | Hedge):
        return
    worst, value = step.action.no_worse_than, step.node.scalar("no_worse_than")
    if profile is not None and not is_on_ladder(order, worst, profile):
        shape.complain(value, say_venue.off_ladder(value, title=profile.title, around=nearest_odds(worst, profile)))
        step.action = None
    elif isinstance(step.action, Reprice) and order.odds is not None and order.side is not None:
        is_right = worst.ratio < order.odds.ratio if order.side is Side.BACK else worst.ratio > order.odds.ratio
        if not is_right:
            shape.complain(value, say.floor_on_wrong_side(value, side=order.side.value, odds=str(order.odds)))
            step.action = None


def _suggested_floor(order: DraftOrder, profile: VenueProfile | None) -> str | None:
    """A few ticks from the order's odds: something to start from, where the ladder is known."""
    if profile is None or order.odds is None or order.side is None:
        return None
    ladder = profile.ladder(profile.default_ladder)
    tick = ladder.tick(order.odds.ratio)
    if tick is None:
        return None
    moved = tick + (-_A_FEW if order.side is Side.BACK else _A_FEW)
    moved = min(max(moved, 0), ladder.ticks - 1)
    return odds_text(ladder.odds(moved)) if moved != tick else None


def position_of(order: DraftOrder, step: DraftStep) -> Position | None:
    """When a step comes; None where that is not a time, or not known."""
    moment = step.trigger.moment if isinstance(step.trigger, If) else step.trigger
    return position(moment, order.place) if moment is not None and order.place is not None else None


def _reachable(shape: Shape, order: DraftOrder, step: DraftStep, profile: VenueProfile | None) -> None:
    if step.trigger is None or step.action is None:
        return
    if isinstance(step.action, KeepInPlay) and not _keeps(shape, order, step, profile):
        return
    if isinstance(step.trigger, If) and (why := _pointless(order, step.trigger, step)):
        shape.complain(step.node, say.never(_begin(step), why))
        return
    here = position_of(order, step)
    if here is None or order.place is None:
        return
    placed = position(Now(), order.place)
    if here.axis == placed.axis and here.at < placed.at:
        shape.complain(step.node, say.never(_begin(step), "its time comes before the order is placed"))
        return
    if isinstance(step.action, TellOwner | Hedge):
        return  # these still come at their time when the ending has taken the remainder back
    for key, ending in order.endings.items() if len(order.endings) == 1 else ():
        if ending is None:
            continue
        ends = position(ending, order.place)
        if here.axis == ends.axis and here.at >= ends.at:
            name = order.node.keys[key]
            why = f"the order ends first (`{key}: {order.node.text(key)}` on line {name.line})"
            shape.complain(step.node, say.never(_begin(step), why))


def _pointless(order: DraftOrder, trigger: If, step: DraftStep) -> str | None:
    """Why an action has nothing to act on when this condition holds."""
    if isinstance(step.action, TellOwner):
        return None
    is_hedge, is_move = isinstance(step.action, Hedge), isinstance(step.action, Move)
    match trigger.condition:
        case Condition.REJECTED if not is_move:
            return "a rejected order does not exist at the venue, so only `alert` and `move_remainder_to` go with `if: rejected`"
        case Condition.EXPIRED if not is_hedge and not is_move:
            return "the remainder is taken back by then, so only `alert`, `hedge` and `move_remainder_to` go with `if: expired`"
        case Condition.MATCHED if not is_hedge:
            return "nothing is left of a matched order, so only `alert` and `hedge` go with `if: matched`"
        case Condition.UNMATCHED if is_hedge:
            return "nothing is matched then, so there is nothing to hedge"
        case Condition.SUSPENDED if isinstance(step.action, Reprice):
            return "no bet can be placed while the market is suspended"
        case Condition.IN_PLAY if isinstance(step.action, Reprice | Move) and not _is_kept(order):
            return "the remainder lapses when the market turns in-play, unless a step says `keep: in_play`"
        case _:
            return None


def _is_kept(order: DraftOrder) -> bool:
    return any("keep" in step.node.values for step in order.steps)


def _keeps(shape: Shape, order: DraftOrder, step: DraftStep, profile: VenueProfile | None) -> bool:
    at = _key(step, "keep").span
    at_start = (BeforeStart(delay=_NO_TIME), AfterStart(delay=_NO_TIME), If(condition=Condition.IN_PLAY))
    if step.trigger not in at_start:
        shape.complain(None, say.keep_at_wrong_time(at))
        return False
    ending = order.node.keys.get("expires_before_start")
    if ending is not None:
        shape.complain(None, say.keep_without_time(at, ending))
        return False
    if profile is None or order.type is None or order.type not in profile.types:
        return True
    if not profile.can_keep_in_play or order.type not in profile.kept_orders_types:
        shape.complain(None, say_venue.cannot_keep(at, title=profile.title, kind=order.type.value))
        return False
    return True


def _in_order(shape: Shape, order: DraftOrder) -> None:
    """Times of one kind of trigger ascend; the same time twice is fine."""
    latest: dict[str, tuple[timedelta, Scalar]] = {}
    for step in order.steps:
        trigger = step.trigger
        if not isinstance(trigger, AfterPlacing | BeforeStart | AfterStart):
            continue
        key = next(name for name in ("after", "before_start", "after_start") if name in step.node.values)
        at = -trigger.delay if isinstance(trigger, BeforeStart) else trigger.delay
        value = step.node.scalar(key)
        before = latest.get(key)
        if before is not None and at < before[0]:
            shape.complain(None, say.out_of_order(value, key=key, before=before[1]))
        else:
            latest[key] = (at, value)


def _after_cancel(shape: Shape, order: DraftOrder) -> None:
    """A remainder that was taken back, by a `cancel`, for a hedge or to another account, can't be repriced, kept or moved."""
    for index, taker in enumerate(order.steps):
        if not isinstance(taker.action, Cancel | Hedge | Move) or taker.trigger is None or id(taker.node) in shape.bad:
            continue
        for later, step in enumerate(order.steps):
            acts = isinstance(step.action, Cancel | Reprice | KeepInPlay | Move)
            if later != index and acts and _follows(order, taker, step, is_below=later > index):
                line = _begin(taker).line
                if id(step.node) not in shape.bad:
                    shape.complain(step.node, _TAKEN[type(taker.action)](_begin(step), line))


def _follows(order: DraftOrder, taker: DraftStep, step: DraftStep, *, is_below: bool) -> bool:
    """Does `step` come, for certain, when `taker` has acted? Steps of one time act in the order written, and an order that was
    taken back before does not expire."""
    if isinstance(taker.trigger, If):
        return is_below and step.trigger == taker.trigger
    if step.trigger is None:
        return False
    first, then = position_of(order, taker), position_of(order, step)
    if step.trigger == If(condition=Condition.EXPIRED):
        ends = next(iter(order.endings.values()), None) if len(order.endings) == 1 else None
        then = position(ends, order.place) if ends is not None and order.place is not None else None
    if first is None or then is None or first.axis != then.axis:
        return False
    return then.at > first.at or (then.at == first.at and is_below)
