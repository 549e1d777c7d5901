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
    If,
    KeepInPlay,
    Now,
    OrderType,
    Reprice,
    TellOwner,
)
from planrunner.model.profile import VenueProfile
from planrunner.plan.decode import ACTIONS, TRIGGERS, DraftOrder, DraftStep
from planrunner.plan.ladders import is_on_ladder, nearest_odds
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.moments import Position, position
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.schema import Shape

# Looked at once, at a moment the step gives; the other conditions are waited for.
LOOKED_AT = frozenset({Condition.UNMATCHED, Condition.PARTLY_MATCHED, Condition.MATCHED})
_ENDS_AT_ONCE = frozenset({OrderType.FILL_OR_KILL, OrderType.FILL_AND_KILL, OrderType.MARKET})


def check_steps(shape: Shape, order: DraftOrder, profile: VenueProfile | None) -> None:
    """Adds every problem of the order's fallback."""
    for step in order.steps:
        is_clear = _one_trigger(shape, step) & _one_action(shape, step)
        _companions(shape, step)
        if not is_clear:
            step.trigger = None
        elif order.type in _ENDS_AT_ONCE:
            _at_once(shape, order, step)
        else:
            _floor(shape, order, step, profile)
            _reachable(shape, order, step, profile)
    if order.type not in _ENDS_AT_ONCE:
        _in_order(shape, order)
        _after_cancel(shape, order)


def _begin(step: DraftStep) -> Span:
    return step.node.span


def _key(step: DraftStep, key: str) -> Scalar:
    return step.node.keys[key]


def _value(step: DraftStep, key: str) -> Scalar:
    value = step.node.values[key]
    assert isinstance(value, Scalar)
    return value


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
        shape.complain(None, say.if_needs_moment(_value(step, "if")))
    return others == allowed and bool(others) == is_looked_at


def _one_action(shape: Shape, step: DraftStep) -> bool:
    given = [key for key in step.node.values if key in ACTIONS]
    if not given and not shape.is_silent(step.node, *ACTIONS):
        shape.complain(None, say.no_action(_begin(step)))
    for key in given[1:]:
        shape.complain(None, say.several_actions(_key(step, key), _key(step, given[0])))
    return len(given) == 1


def _companions(shape: Shape, step: DraftStep) -> None:
    """`every`, `no_worse_than` and `at_most` belong to `reprice`."""
    node = step.node
    has_other_action = any(key in node.values for key in ACTIONS if key != "reprice")
    if "reprice" in node.values:
        if "every" in node.values and step.trigger == Every(delay=timedelta()):
            shape.complain(_value(step, "every"), say.every_at_once(_value(step, "every")))
        return
    if has_other_action:
        if "every" in node.values:
            shape.complain(None, say.every_without_reprice(_key(step, "every")))
        for key in ("no_worse_than", "at_most"):
            if key in node.values and not shape.is_silent(node):
                shape.complain(None, say.only_with_reprice(_key(step, key)))


def _at_once(shape: Shape, order: DraftOrder, step: DraftStep) -> None:
    if order.type is None or step.trigger is None or step.action is None:
        return
    if not (step.trigger == If(condition=Condition.REJECTED) and isinstance(step.action, TellOwner)):
        shape.complain(None, say.step_ends_by_itself(_begin(step), order.type.value))


def floor_of(step: DraftStep) -> Odds | None:
    return step.action.no_worse_than if isinstance(step.action, Reprice) else None


def _floor(shape: Shape, order: DraftOrder, step: DraftStep, profile: VenueProfile | None) -> None:
    """Below the odds for a back, above for a lay, and on the venue's ladder."""
    node = step.node
    if "reprice" not in node.values:
        return
    if "no_worse_than" not in node.values:
        if not shape.is_silent(node, "no_worse_than"):
            shape.complain(None, say.no_floor(_key(step, "reprice").span, None))
        return
    floor = floor_of(step)
    if floor is None:
        return
    value = _value(step, "no_worse_than")
    if profile is not None and not is_on_ladder(order, floor, profile):
        shape.complain(value, say_venue.off_ladder(value, title=profile.title, around=nearest_odds(floor, profile)))
        step.action = None
    elif order.odds is not None and order.side is not None:
        is_right = floor.ratio < order.odds.ratio if order.side is Side.BACK else floor.ratio > order.odds.ratio
        if not is_right:
            shape.complain(value, say.floor_on_wrong_side(value, side=order.side.value, odds=str(order.odds)))
            step.action = None


def _position(order: DraftOrder, step: DraftStep) -> Position | None:
    moment = step.trigger.moment if isinstance(step.trigger, If) else step.trigger
    return position(moment, order.place) if moment is not None and order.place is not None else None


def _reachable(shape: Shape, order: DraftOrder, step: DraftStep, profile: VenueProfile | None) -> None:
    if step.trigger is None or step.action is None:
        return
    if isinstance(step.action, KeepInPlay) and not _keeps(shape, order, step, profile):
        return
    if isinstance(step.trigger, If) and (why := _pointless(order, step.trigger, step)):
        shape.complain(None, say.never(_begin(step), why))
        return
    here = _position(order, step)
    if here is None or order.place is None:
        return
    placed = position(Now(), order.place)
    if here.axis == placed.axis and here.at < placed.at:
        shape.complain(None, say.never(_begin(step), "its time comes before the order is placed"))
        return
    for key, ending in order.endings.items() if len(order.endings) == 1 else ():
        if ending is None:
            continue
        ends = position(ending, order.place)
        if here.axis == ends.axis and here.at >= ends.at:
            name = order.node.keys[key]
            why = f"the order ends first (`{key}: {order.node.text(key)}` on line {name.line})"
            shape.complain(None, say.never(_begin(step), why))


def _pointless(order: DraftOrder, trigger: If, step: DraftStep) -> str | None:
    """Why an action has nothing to act on when this condition holds."""
    if isinstance(step.action, TellOwner):
        return None
    match trigger.condition:
        case Condition.REJECTED:
            return "a rejected order does not exist at the venue, so only `alert` goes with `if: rejected`"
        case Condition.EXPIRED:
            return "the remainder has been taken back by then, so only `alert` goes with `if: expired`"
        case Condition.MATCHED:
            return "nothing is left of a matched order, so only `alert` goes with `if: matched`"
        case Condition.SUSPENDED if isinstance(step.action, Reprice):
            return "no bet can be placed while the market is suspended"
        case Condition.IN_PLAY if isinstance(step.action, Reprice) and not _is_kept(order):
            return "the remainder lapses when the market turns in-play, unless a step says `keep: in_play`"
        case _:
            return None


def _is_kept(order: DraftOrder) -> bool:
    return any("keep" in step.node.values for step in order.steps)


def _keeps(shape: Shape, order: DraftOrder, step: DraftStep, profile: VenueProfile | None) -> bool:
    at = _key(step, "keep").span
    at_start = (BeforeStart(delay=timedelta()), AfterStart(delay=timedelta()), If(condition=Condition.IN_PLAY))
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
        value = _value(step, key)
        before = latest.get(key)
        if before is not None and at < before[0]:
            shape.complain(None, say.out_of_order(value, key=key, before=before[1]))
        else:
            latest[key] = (at, value)


def _after_cancel(shape: Shape, order: DraftOrder) -> None:
    """A remainder that was taken back can't be moved or kept."""
    for index, cancel in enumerate(order.steps):
        if not isinstance(cancel.action, Cancel) or cancel.trigger is None:
            continue
        for later, step in enumerate(order.steps):
            acts = isinstance(step.action, Cancel | Reprice | KeepInPlay)
            if later != index and acts and _follows(order, cancel, step, is_below=later > index):
                line = _begin(cancel).line
                if id(step.node) not in shape.bad:
                    shape.complain(step.node, say.after_cancel(_begin(step), line))


def _follows(order: DraftOrder, cancel: DraftStep, step: DraftStep, *, is_below: bool) -> bool:
    """Does `step` come, for certain, when `cancel` has acted? Steps of one time act in the order written."""
    if isinstance(cancel.trigger, If):
        return is_below and step.trigger == cancel.trigger
    if step.trigger is None:
        return False
    first, then = _position(order, cancel), _position(order, step)
    if first is None or then is None or first.axis != then.axis:
        return False
    return then.at > first.at or (then.at == first.at and is_below)
