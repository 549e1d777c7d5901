"""PR416 to PR418: what only a site file has, its calendars and the limits over all accounts."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.plan import mend
from planrunner.plan.messages.meaning import listed
from planrunner.plan.nodes import Scalar
from planrunner.plan.problems import Problem, problem, quoted


def not_a_day(value: Scalar) -> Problem:
    fix = mend.day(value.text)
    text = f"{quoted(value.text)} is not a day of a calendar; write the year first, as 2026-12-25."
    return problem("PR416", value.span, text, did_you_mean=fix if fix != "today" else None)


def no_such_day(value: Scalar) -> Problem:
    return problem("PR416", value.span, f"there is no day {quoted(value.text)}.")


def same_day(value: Scalar, calendar: str, first: Scalar) -> Problem:
    where = f"on line {first.line}" if first.line != value.line else "earlier on this line"
    text = f"{quoted(value.text)} is in the calendar {quoted(calendar)} already, {where}; take one of the two out."
    return problem("PR417", value.span, text)


def no_account_in(value: Scalar, key: str, currency: str, others: Sequence[str]) -> Problem:
    text = f"`{key}` is in {currency}, but no account of this site is; it limits nothing. There is {listed(others)}."
    return problem("PR418", value.span, text)
