"""Two values of one kind compared field by field, down to the last: each field that means something is told where it changed.

It asks `digest` what means something and what means the same. So a plan with another digest always has a change to tell, and one
with the same digest has none; a field that joins a kind later is told by its own name until it has words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass, replace
from typing import Any, TypeAlias

from planrunner.model.calendar import Recurring
from planrunner.model.plan import FallbackStep, If, LimitOrder, OnlyIf, PlanLimits, PoolBet, Target
from planrunner.model.pools import Leg
from planrunner.plan.digest import meaning, means
from planrunner.review.changes import Change, Spot, What
from planrunner.review.diff_align import align
from planrunner.review.diff_words import WHOLE, label, members, phrase

_Tell: TypeAlias = Callable[[Spot, Any, Any], Iterator[Change]]
# Nobody named: all of them.
_ALL_WHERE_EMPTY = frozenset({"meetings", "bookmakers"})


def same(old: Any, new: Any) -> bool:
    return meaning(old) == meaning(new)


def fields_of(spot: Spot, old: Any, new: Any, *, but: frozenset[str] = frozenset()) -> Iterator[Change]:
    """Of two values of one kind."""
    kind = type(old)
    for name in means(kind):
        was, now = getattr(old, name), getattr(new, name)
        if name not in but and not same(was, now):
            yield from _TELLERS.get((kind, name), compare)(spot.into(name), was, now)


def compare(spot: Spot, old: Any, new: Any) -> Iterator[Change]:
    """Two values of a field that differ; the field is the last of the spot's path."""
    called = label(spot.path.rpartition(".")[2])
    if old is None or new is None:
        yield _came_or_went(spot, called, old, new)
    elif is_dataclass(old) and type(old) is type(new) and type(old) not in WHOLE:
        yield from fields_of(replace(spot, before=spot.before + _before(old, called)), old, new)
    elif isinstance(old, tuple | frozenset) and isinstance(new, tuple | frozenset):
        yield from _several(spot, called, old, new)
    else:
        yield became(spot, f"{called} ", old, new)


def limits_of(spot: Spot, old: Any, new: Any) -> Iterator[Change]:
    """Of a plan, an account or a site: by their keys, which is what messages and reports call them by."""
    for name in means(type(new)):
        was, now = getattr(old, name), getattr(new, name)
        if same(was, now):
            continue
        if was is None or now is None:
            yield _came_or_went(spot.into(name), name, was, now)
        else:
            yield became(spot.into(name), f"{name} ", was, now)


def became(spot: Spot, before: str, old: Any, new: Any) -> Change:
    """`stake 10.00 -> 25.00 GBP`; what the words would not show is told as the digest sees it."""
    was, now = phrase(old, spot.zones[0]), phrase(new, spot.zones[1])
    if was == now:
        was, now = meaning(old), meaning(new)
    if isinstance(new, bool):
        before = f"{before.rstrip()}: "
    return spot.became(before, was, now)


def _before(value: Any, called: str) -> str:
    """What stands before the fields of a value: nothing where they speak for themselves."""
    if isinstance(value, Target | Recurring | PlanLimits):
        return ""
    return "only if: " if isinstance(value, OnlyIf) else f"{called}: "


def _came_or_went(spot: Spot, called: str, old: Any, new: Any) -> Change:
    if old is None:
        return spot.is_new(f"{called} ", phrase(new, spot.zones[1]))
    return spot.is_gone(f"{called} ", phrase(old, spot.zones[0]))


def _several(spot: Spot, called: str, old: Any, new: Any) -> Iterator[Change]:
    """Names and days are told by what came and what went; values with fields one by one; else the whole of both."""
    is_plain = not any(is_dataclass(one) or isinstance(one, tuple) for one in (*old, *new))
    if called in _ALL_WHERE_EMPTY and not (old and new):
        yield spot.became(f"{called} ", members(old) or "all", members(new) or "all")
    elif is_plain and set(old) != set(new):
        come, gone = ([one for one in _in_order(these) if one not in those] for these, those in ((new, old), (old, new)))
        if come:
            yield spot.is_new(f"{called} ", members(come))
        if gone:
            yield spot.is_gone(f"{called} ", members(gone))
    elif len(old) == len(new) and all(is_dataclass(one) for one in (*old, *new)):
        for number, (was, now) in enumerate(zip(old, new, strict=True), 1):
            if not same(was, now):
                yield from compare(spot.into(str(number), f"{called} "), was, now)
    else:
        yield became(spot, f"{called} ", old, new)


def _in_order(values: tuple[Any, ...] | frozenset[Any]) -> Iterable[Any]:
    return sorted(values) if isinstance(values, frozenset) else values


def _legs(spot: Spot, old: tuple[Leg, ...], new: tuple[Leg, ...]) -> Iterator[Change]:
    """Race by race; with another race it is another leg."""
    by_race = align(old, new, meaning, lambda leg: leg.race, lambda _: "any")
    for was, now in by_race.pairs:
        if not same(was, now):
            yield from fields_of(spot.into(now.race, f"race {now.race}: " if len(new) > 1 else ""), was, now)
    yield from (spot.into(leg.race).is_gone("", phrase(leg, None)) for leg in by_race.removed)
    yield from (spot.into(leg.race).is_new("", phrase(leg, None)) for leg in by_race.added)
    for leg, after in by_race.moved:
        stands = f"after race {after.race}" if after is not None else "first"
        yield spot.into(leg.race).tells(f"race {leg.race} is named {stands} now", what=What.MOVED)


# Steps


def _steps(spot: Spot, old: tuple[FallbackStep, ...], new: tuple[FallbackStep, ...]) -> Iterator[Change]:
    """Two are the same step by their trigger and their action, or else by one of the two."""
    found = align(
        old,
        new,
        meaning,
        lambda step: (meaning(step.trigger), type(step.action)),
        lambda step: (_kind(step), type(step.action)),
        lambda step: type(step.action).__name__,
        lambda step: meaning(step.trigger),
    )
    for was, now in found.pairs:
        if not same(was, now):
            yield from _step(spot.into(_key(was)), was, now)
    yield from (spot.into(_key(step)).is_gone("step ", phrase(step, spot.zones[0])) for step in found.removed)
    yield from (spot.into(_key(step)).is_new("step ", phrase(step, spot.zones[1])) for step in found.added)
    for step, after in found.moved:
        stands = f"after `{phrase(after, spot.zones[1])}`" if after is not None else "first"
        yield spot.into(_key(step)).tells(f"step `{phrase(step, spot.zones[1])}` stands {stands} now", what=What.MOVED)


def _step(spot: Spot, old: FallbackStep, new: FallbackStep) -> Iterator[Change]:
    """Only what changed, where trigger and kind of action stayed; else one sentence."""
    when = phrase(old.trigger, spot.zones[0])
    if same(old.trigger, new.trigger) and type(old.action) is type(new.action):
        yield from fields_of(spot.into("action", f"step {when}: "), old.action, new.action)
        yield from fields_of(spot, old, new, but=frozenset({"trigger", "action"}))
    elif same(replace(old, trigger=new.trigger), new):
        yield became(spot.into("trigger"), f"step to {phrase(new.action, spot.zones[1])}: ", old.trigger, new.trigger)
    else:
        yield became(spot, "step ", old, new)


def _kind(step: FallbackStep) -> tuple[Any, ...]:
    return (type(step.trigger), step.trigger.condition) if isinstance(step.trigger, If) else (type(step.trigger),)


def _key(step: FallbackStep) -> str:
    """For programs: `fallback.every-reprice`."""
    return f"{type(step.trigger).__name__}-{type(step.action).__name__}".lower()


_TELLERS: dict[tuple[type[Any], str], _Tell] = {
    (LimitOrder, "fallback"): _steps,
    (PoolBet, "fallback"): _steps,
    (PoolBet, "legs"): _legs,
}
