"""PR352 to PR361, PR426 and PR427: schedules and signals, and what a plan that runs by itself has to say besides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from planrunner.model.money import Money
from planrunner.model.names import nearest
from planrunner.plan.messages.meaning import listed
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted

_KINDS = {
    "every": "a plan that runs on days and at times",
    "dates": "a plan that runs on days and at times",
    "before_each_start": "a plan that runs before each start",
    "on_signal": "a plan that runs on a signal",
}
_RUNS = 10  # of which a total is offered


def no_kind(at: Span) -> Problem:
    text = "this `when` does not say when the plan runs; write one of `every`, `dates`, `before_each_start`, `on_signal`."
    return problem("PR352", at, text, fix="every: weekday")


def several_kinds(key: Scalar, first: Scalar) -> Problem:
    text = f"`{first.text}` on line {first.line} says already when the plan runs; keep one of the two."
    return problem("PR352", key.span, text)


def does_not_go_with(key: Scalar, kind: str) -> Problem:
    why = {
        "if_still_running": "the runs of several starts go on beside each other",
        "if_missed": "a signal that nobody hears is not kept",
        "late_by_at_most": "how old a signal may be is said in the site file, with `within`",
        "time_zone": "times of the plan are of its `time_zone` at the top",
        "except": "it is for days and times",
    }.get(key.text, "it goes with `every` or `dates`")
    return problem("PR353", key.span, f"{quoted(key.text)} says nothing of {_KINDS[kind]}: {why}. Take it out.")


def other_zone(value: Scalar, plan: Scalar) -> Problem:
    text = (
        f"the plan's `time_zone` is {plan.text} (line {plan.line}), and that of `when` is {value.text}; take the one of the plan "
        "out, or write the same in both."
    )
    return problem("PR354", value.span, text, did_you_mean=plan.text)


def never(key: Scalar, calendar: str | None) -> Problem:
    text = "this plan would never run: none of its days lies between `from` and `until`"
    if calendar is not None:
        text = f"this plan would never run: {quoted(calendar)} leaves out all of its days"
    return problem("PR355", key.span, f"{text}.")


def until_before_from(value: Scalar, first: Scalar) -> Problem:
    text = f"this plan would never run: `until` is {value.text}, and `from` on line {first.line} is {first.text}."
    return problem("PR355", value.span, text)


def date_outside(value: Scalar, limit: Scalar, key: str) -> Problem:
    text = f"on {value.text} this plan would not run: `{key}` on line {limit.line} is {limit.text}; take one of the two out."
    return problem("PR355", value.span, text)


def same_time(value: Scalar, first: Scalar) -> Problem:
    text = f"{quoted(value.text)} is there already, {_where(value, first)}; take one of the two out."
    return problem("PR356", value.span, text)


same_day = same_time


def _where(value: Scalar, first: Scalar) -> str:
    return f"on line {first.line}" if first.line != value.line else "earlier on this line"


def how_late(at: Span) -> Problem:
    text = "`run_late` does not say how late a run may still begin; write `late_by_at_most` below it, as `late_by_at_most: 10m`."
    return problem("PR357", at, text, fix="late_by_at_most: 10m")


def late_without_run_late(key: Scalar, *, has_word: bool) -> Problem:
    text = "`late_by_at_most` goes with `if_missed: run_late`; "
    text += "with `skip` a missed run never begins" if has_word else "a missed run is skipped unless the plan says so"
    return problem("PR357", key.span, f"{text}.", fix="if_missed: run_late")


def no_time_to_be_late(value: Scalar) -> Problem:
    text = f"`run_late` within {quoted(value.text)} is no time at all; write how late a run may begin, or `if_missed: skip`."
    return problem("PR357", value.span, text)


def no_markets(key: Scalar) -> Problem:
    text = "`before_each_start` needs `for_each_market`, which says of which markets the starts are."
    fix = "for_each_market:\n  venue: betfair\n  sport: Horse Racing\n  market: Win"
    return problem("PR358", key.span, text, fix=fix)


def no_total(at: Span, once: Money | None) -> Problem:
    """At the first key of `limits`; the line is to be added below it."""
    some = Money(amount=once.amount * _RUNS, currency=once.currency) if once is not None else "250.00 GBP"
    text = "`max_loss_in_total` is missing in `limits`: a plan with `when` says how much all of its runs together may lose."
    return problem("PR202", at, text, fix=f"max_loss_in_total: {some}")


def total_below_one_run(value: Scalar, once: Money) -> Problem:
    text = f"`max_loss_in_total` is {quoted(value.text)}, and one run alone may lose {once}, its `max_loss`."
    return problem("PR359", value.span, text, did_you_mean=str(once))


def total_without_when(value: Scalar) -> Problem:
    text = "`max_loss_in_total` is for all runs of a plan that runs by itself, and this plan has no `when`; take it out."
    return problem("PR359", value.span, text)


def past_by_then(value: Scalar, key: str, later: str, instead: str | None) -> Problem:
    """`instead` is of the day of each run; None where there is none that lies after its time."""
    said = {"today": "write `today`, the day of each run, or "}.get(instead or "", f"write a time alone, as `{instead}`, or ")
    what = said if instead else "run it earlier, or "
    text = f"the plan also runs on {later}, and `{key}: {value.text}` is past then; {what}end it with `until`."
    return problem("PR360", value.span, text, did_you_mean=instead)


def past_on_other_days(value: Scalar, key: str) -> Problem:
    at = value.text[-5:]
    text = f"the plan runs on many days, and `{key}: {value.text}` is past on most of them; write a time alone, as `{at}`."
    return problem("PR360", value.span, text, did_you_mean=at)


def over_by_then(value: Scalar, key: str, at: time) -> Problem:
    text = f"`{key}: {value.text}` is over when the plan runs at {at:%H:%M}; write a later time, or let the plan run earlier."
    return problem("PR360", value.span, text)


def unknown_calendar(value: Scalar, known: Sequence[str]) -> Problem:
    there = f"there is {listed(known)}" if known else "it has no `calendars`"
    text = f"the site file has no calendar {quoted(value.text)}; {there}."
    near = nearest(value.text, known)
    fix = None if near else f"calendars:\n  {value.text}: [2026-12-25, 2026-12-28]"
    return problem("PR426", value.span, text, did_you_mean=near, fix=fix)


def unknown_signal(value: Scalar, known: Sequence[str]) -> Problem:
    there = f"there is {listed(known)}" if known else "it has no `signals`"
    near = nearest(value.text, known)
    lines = f"service:\n  signals:\n    {value.text}:\n      proof: signature"
    text = f"the site file has no signal {quoted(value.text)}; {there}."
    text += "" if near else " Lines for planrunner.yaml follow."
    return problem("PR427", value.span, text, did_you_mean=near, fix=None if near else lines)
