"""`when`: that it says one thing, goes with the rest of the plan and with the site file, and that it ever happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from planrunner.model.account import Site
from planrunner.model.calendar import Occurrence, Recurring, next_occurrence
from planrunner.model.plan import At, AtTime, BeforeEachStart, IfMissed, OnSignal, Repeating
from planrunner.plan import scalars
from planrunner.plan.decode import Draft
from planrunner.plan.messages import shape as say_shape
from planrunner.plan.messages import when as say
from planrunner.plan.nodes import Block, Scalar
from planrunner.plan.when_draft import KINDS, DraftWhen

T = TypeVar("T")

# What goes with each kind, beside the kind itself.
_OF_DAYS = ("except", "at", "time_zone", "from", "until", "if_missed", "late_by_at_most", "if_still_running")
_GOES_WITH = {
    "every": _OF_DAYS,
    "dates": _OF_DAYS,
    "before_each_start": ("if_missed", "late_by_at_most"),
    "on_signal": ("if_still_running",),
}
_NEVER = datetime(1971, 1, 1, tzinfo=UTC)  # before whatever a plan may say
_MINUTE = timedelta(minutes=1)


def check_when(plan: Draft, when: DraftWhen, site: Site) -> None:
    """Adds every problem of `when`; where there is none, says in the draft what it means."""
    before = len(plan.shape.problems)
    _total(plan)
    if not _is_one_kind(plan, when):
        return
    _strays(plan, when)
    _lateness(plan, when)
    match when.kind:
        case "every" | "dates":
            _by_calendar(plan, when, site)
        case "before_each_start":
            _before_each_start(plan, when)
        case "on_signal":
            _on_signal(plan, when, site)
    if len(plan.shape.problems) > before:
        when.means = None


def _is_one_kind(plan: Draft, when: DraftWhen) -> bool:
    node, given = when.node, [key for key in KINDS if key in when.node.values]
    for key in given[1:]:
        plan.shape.complain(None, say.several_kinds(node.keys[key], node.keys[given[0]]))
    if not given and not plan.shape.is_silent(node, *KINDS):
        plan.shape.complain(None, say.no_kind(node.span))
    return len(given) == 1


def _strays(plan: Draft, when: DraftWhen) -> None:
    """What would not be looked at."""
    kind = when.kind or ""
    for key in when.node.values:
        if key in _OF_DAYS and key not in _GOES_WITH[kind]:
            plan.shape.complain(None, say.does_not_go_with(when.node.keys[key], kind))


def _lateness(plan: Draft, when: DraftWhen) -> None:
    node, shape = when.node, plan.shape
    is_late = when.if_missed is IfMissed.RUN_LATE
    if when.kind == "on_signal":
        return  # told as strays
    if is_late and "late_by_at_most" not in node.values and not shape.is_silent(node, "late_by_at_most"):
        shape.complain(None, say.how_late(node.scalar("if_missed").span))
    elif not is_late and "late_by_at_most" in node.values and not shape.is_silent(node, "if_missed") and _may_read(plan, node):
        shape.complain(None, say.late_without_run_late(node.keys["late_by_at_most"], has_word="if_missed" in node.values))
    elif when.late_by_at_most is not None and not when.late_by_at_most:
        value = node.scalar("late_by_at_most")
        shape.complain(value, say.no_time_to_be_late(value))


def _may_read(plan: Draft, node: Block) -> bool:
    """Was nothing said of `if_missed`?"""
    return "if_missed" not in node.values or id(node.values["if_missed"]) not in plan.shape.bad


# What all runs together may lose


def _total(plan: Draft) -> None:
    limits, shape = plan.limits, plan.shape
    if limits is None:
        return
    if "max_loss_in_total" not in limits.values:
        if not shape.is_silent(limits, "max_loss_in_total"):
            shape.complain(None, say.no_total(limits.span, plan.amounts.get("max_loss")))
        return
    once, total = plan.amounts.get("max_loss"), plan.amounts.get("max_loss_in_total")
    if once is not None and total is not None and once.currency == total.currency and total < once:
        value = plan.limit("max_loss_in_total")
        shape.complain(value, say.total_below_one_run(value, once))


# By the calendar


def _by_calendar(plan: Draft, when: DraftWhen, site: Site) -> None:
    node, shape = when.node, plan.shape
    for key, example in (("at", "11:00"), ("time_zone", plan.zone or "Europe/London")):
        if key not in node.values and not shape.is_silent(node, key):
            shape.complain(None, say_shape.missing(node.span, key, "when", example))
    _same_zone(plan, when)
    _once(plan, when.times, say.same_time)
    _once(plan, when.dates, say.same_day)
    _days_of_the_week(plan, when)
    except_on = _exceptions(plan, when, site)
    is_in_order = _in_order(plan, when)
    within = _within(plan, when) if is_in_order else []
    zone = plan.zone
    if zone is None or not when.times or except_on is None or not when.is_whole or not is_in_order:
        return
    if when.kind == "dates" and not within:
        return
    rule = Recurring(
        weekdays=frozenset(one for _, days in when.weekdays for one in days) if when.kind == "every" else frozenset(),
        dates=tuple(sorted(within)),
        times=tuple(sorted({at for _, at in when.times})),
        time_zone=zone,
        except_on=except_on,
        first=when.first,
        last=when.last,
        calendar=node.text("except"),
    )
    if next_occurrence(rule, _NEVER) is None:
        shape.complain(None, say.never(node.keys[when.kind or ""], node.text("except")))
        return
    _is_past(plan, rule)
    _over_before(plan, rule)
    when.means = Repeating(
        rule=rule, if_missed=when.if_missed, late_by_at_most=when.late_by_at_most, if_still_running=when.if_still_running
    )


def _same_zone(plan: Draft, when: DraftWhen) -> None:
    here, there = plan.root.values.get("time_zone"), when.node.values.get("time_zone")
    if not isinstance(here, Scalar) or not isinstance(there, Scalar) or {id(here), id(there)} & plan.shape.bad:
        return
    if scalars.zone(there.text) is None:
        plan.shape.complain(there, say_shape.not_a_zone(there))
    elif here.text != there.text:
        plan.shape.complain(there, say.other_zone(there, here))


def _once(plan: Draft, listed: Sequence[tuple[Scalar, T]], tell: object) -> None:
    first: dict[T, Scalar] = {}
    for value, one in listed:
        if one in first:
            plan.shape.complain(value, tell(value, first[one]))  # type: ignore[operator]
        first.setdefault(one, value)


def _days_of_the_week(plan: Draft, when: DraftWhen) -> None:
    _once(plan, [(value, tuple(sorted(days))) for value, days in when.weekdays], say.same_day)


def _exceptions(plan: Draft, when: DraftWhen, site: Site) -> frozenset[date] | None:
    """None for a calendar that nobody knows."""
    if "except" not in when.node.values:
        return frozenset()
    value = when.node.values["except"]
    if not isinstance(value, Scalar) or id(value) in plan.shape.bad:
        return None
    calendar = site.calendars.get(value.text)
    if calendar is None:
        plan.shape.complain(value, say.unknown_calendar(value, list(site.calendars)))
        return None
    return frozenset(calendar.days)


def _in_order(plan: Draft, when: DraftWhen) -> bool:
    if when.first is None or when.last is None or when.first <= when.last:
        return True
    value = when.node.scalar("until")
    plan.shape.complain(value, say.until_before_from(value, when.node.scalar("from")))
    return False


def _within(plan: Draft, when: DraftWhen) -> list[date]:
    """The dates between `from` and `until`; of the others it is said that they are not."""
    found = []
    for value, day in when.dates:
        if (when.first is not None and day < when.first) or (when.last is not None and day > when.last):
            key = "from" if when.first is not None and day < when.first else "until"
            plan.shape.complain(value, say.date_outside(value, when.node.scalar(key), key))
        else:
            found.append(day)
    return found


# Days and times of the plan that the schedule runs past


def _is_past(plan: Draft, rule: Recurring) -> None:
    """A day that is written in the plan is over when the plan runs on a later one."""
    zone = scalars.zone(rule.time_zone)
    assert zone is not None
    for value, key, fixed in _fixed(plan):
        if isinstance(fixed, At):
            after = fixed.at - _MINUTE
        else:
            midnight = scalars.in_utc(datetime.combine(fixed, time()) + timedelta(days=1), zone)
            after = midnight - _MINUTE
        if (later := next_occurrence(rule, after)) is not None:
            plan.shape.complain(value, say.past_by_then(value, key, _told(later), _instead(value, fixed, rule)))


def _instead(value: Scalar, fixed: date | At, rule: Recurring) -> str | None:
    """What means the same on the day of each run."""
    at = value.text[-5:]
    if isinstance(fixed, At):
        return at if at > f"{rule.times[-1]:%H:%M}" else None
    return "today"


def _told(one: Occurrence) -> str:
    return f"{one.local:%Y-%m-%d at %H:%M}"


def _fixed(plan: Draft) -> Iterator[tuple[Scalar, str, date | At]]:
    """Days and moments that are the same for every run, each place of the text once."""
    seen: set[tuple[str, int, int]] = set()
    for value, key, fixed in _all_fixed(plan):
        place = (value.file, value.line, value.column)
        if place not in seen and id(value) not in plan.shape.bad:
            seen.add(place)
            yield value, key, fixed


def _all_fixed(plan: Draft) -> Iterator[tuple[Scalar, str, date | At]]:
    nodes = [one.node for one in plan.placed] + [step.node for _, step, _ in plan.moves]
    if plan.markets is not None:
        nodes.append(plan.markets)
    zone = scalars.zone(plan.zone) if plan.zone is not None else None
    for node in nodes:
        for key in ("date", "place_at", "expires_at"):
            value = node.values.get(key)
            if not isinstance(value, Scalar):
                continue
            if key == "date" and (day := scalars.day(value.text)) is not None:
                yield value, key, day
            elif zone is not None and (local := scalars.local_time(value.text)) is not None:
                yield value, key, At(at=scalars.in_utc(local, zone))


def _over_before(plan: Draft, rule: Recurring) -> None:
    """A time of the run's day that is over when the plan runs."""
    latest = rule.times[-1]
    for value, key, at in _times_of_day(plan):
        if at <= latest:
            plan.shape.complain(value, say.over_by_then(value, key, latest))


def _times_of_day(plan: Draft) -> Iterator[tuple[Scalar, str, time]]:
    for order in plan.orders:
        endings = [("expires_at", one) for key, one in order.endings.items() if key == "expires_at"]
        for key, moment in (("place_at", order.place), *endings):
            if isinstance(moment, AtTime):
                yield order.node.scalar(key), key, moment.time
    for ticket in plan.tickets:
        if isinstance(ticket.place, AtTime):
            yield ticket.node.scalar("place_at"), "place_at", ticket.place.time
    for _, step, move in plan.moves:
        if isinstance(ending := move.endings.get("expires_at"), AtTime):
            yield step.node.scalar("expires_at"), "expires_at", ending.time


# Before each start, and on a signal


def _before_each_start(plan: Draft, when: DraftWhen) -> None:
    node, shape = when.node, plan.shape
    if "for_each_market" not in plan.root.values and not shape.is_silent(plan.root, "for_each_market"):
        shape.complain(None, say.no_markets(node.keys["before_each_start"]))
        return
    on_one_day = plan.markets is not None and plan.markets.text("date") not in (None, "today")
    for value, key, _ in _fixed(plan) if not on_one_day else ():
        shape.complain(value, say.past_on_other_days(value, key))
    if when.before is not None:
        when.means = BeforeEachStart(before=when.before, if_missed=when.if_missed, late_by_at_most=when.late_by_at_most)


def _on_signal(plan: Draft, when: DraftWhen, site: Site) -> None:
    value = when.node.values["on_signal"]
    if not isinstance(value, Scalar) or id(value) in plan.shape.bad:
        return
    if value.text not in site.service.signals:
        plan.shape.complain(value, say.unknown_signal(value, list(site.service.signals)))
        return
    when.means = OnSignal(name=value.text, if_still_running=when.if_still_running)
