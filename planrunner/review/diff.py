"""Two plans compared: the one door from old and new to what changed, sentence by sentence.

There is a change exactly when the digests differ: spelling, comments and the order of keys are none, everything that a digest
holds is one. Beside what the author changed stand the figures that follow from it.
"""

from __future__ import annotations

from collections.abc import Iterator

from planrunner.model.plan import Plan, When
from planrunner.review.changes import Change, Spot
from planrunner.review.diff_fields import compare, fields_of, limits_of, same
from planrunner.review.diff_figures import figures
from planrunner.review.diff_orders import of_orders, of_tickets
from planrunner.review.diff_templates import Both, made_of, templates
from planrunner.review.diff_words import phrase
from planrunner.review.schedule import overlap_in_words, schedule_in_words


def diff(old: Plan, new: Plan, *, unmade: Both = ((), ()), filled_in: Both = ((), ())) -> tuple[Change, ...]:
    """Empty exactly when both mean the same. What a digest holds beside a plan, of the old one and of the new: `unmade` is what
    each market is yet to decide, as it is written (`/0/favourite=${...}`), `filled_in` what this or a signal decides it with."""
    zones = (old.time_zone, new.time_zone)
    changes = [
        *_head(Spot(about="plan", path="", zones=zones), old, new),
        *limits_of(Spot(about="limits", path="limits", zones=zones), old.limits, new.limits),
        *_schedule(Spot(about="schedule", path="when", zones=zones), old.when, new.when),
        *_markets(Spot(about="markets", path="for_each_market", zones=zones), old, new),
        *templates(*unmade),
        *made_of(*filled_in),
        *of_orders(old, new),
        *of_tickets(old, new),
        *_later(Spot(about="plan", path="", zones=zones), old, new),
    ]
    if not changes and old.digest != new.digest and old.digest and new.digest:
        changes.append(_elsewhere(old, new))
    return (*changes, *figures(old, new)) if changes else ()


_TOLD = frozenset({"name", "time_zone", "limits", "when", "per_market", "orders", "tickets"})


def _head(spot: Spot, old: Plan, new: Plan) -> Iterator[Change]:
    if old.name != new.name:
        yield spot.into("name").became("called ", old.name, new.name)
    if old.time_zone != new.time_zone:
        yield from compare(spot.into("time_zone"), old.time_zone, new.time_zone)


def _later(spot: Spot, old: Plan, new: Plan) -> Iterator[Change]:
    """What a plan may have beyond this page's knowledge."""
    yield from fields_of(spot, old, new, but=_TOLD)


# What the words of a schedule say whole.
_IN_WORDS = frozenset({"weekdays", "times", "time_zone", "first", "last", "if_missed", "late_by_at_most", "before", "name"})


def _schedule(spot: Spot, old: When | None, new: When | None) -> Iterator[Change]:
    if same(old, new):
        return
    if old is None or new is None:
        yield (
            spot.is_new("runs by itself ", phrase(new, None))
            if old is None
            else spot.is_gone("runs by itself ", phrase(old, None))
        )
        return
    told: frozenset[str] = frozenset()
    if (was := schedule_in_words(old)) != (now := schedule_in_words(new)):
        yield spot.became("runs ", was, now)
        told |= _IN_WORDS
    if type(old) is not type(new) and (was := overlap_in_words(old)) != (now := overlap_in_words(new)):
        yield spot.became("", was, now)
    if type(old) is type(new):
        yield from _days(spot, old, new, told)


def _days(spot: Spot, old: When, new: When, told: frozenset[str]) -> Iterator[Change]:
    """What the words did not say: days left out, and dates where they are many."""
    yield from fields_of(spot, old, new, but=told | {"rule"})
    was, now = getattr(old, "rule", None), getattr(new, "rule", None)
    if was is not None and now is not None:
        yield from fields_of(spot, was, now, but=told)


def _markets(spot: Spot, old: Plan, new: Plan) -> Iterator[Change]:
    was, now = old.per_market, new.per_market
    if same(was, now):
        return
    if was is None:
        yield spot.is_new("orders for each market: ", phrase(now, new.time_zone))
    elif now is None:
        yield spot.is_gone("orders for each market: ", phrase(was, old.time_zone))
    else:
        yield from fields_of(spot, was, now)


def _elsewhere(old: Plan, new: Plan) -> Change:
    """The digests say so, and neither plan nor templates do: nothing is passed over in silence."""
    spot = Spot(about="plan", path="digest")
    text = "what it is made of differs (templates, or the values they are worked out with)"
    return spot.tells(text, old.digest, new.digest)
