"""PR349 to PR351, PR425, and what other codes say of a remainder that goes to another account."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.model.money import Money
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted


def moved_to_itself(value: Scalar) -> Problem:
    text = f"the order is on the account {quoted(value.text)} already; name another one, or take this step out."
    return problem("PR349", value.span, text)


def second_move(at: Span, line: int) -> Problem:
    text = f"the step on line {line} moves the remainder of this order already; it is moved once. Keep one of the two."
    return problem("PR350", at, text)


def no_ending(value: Scalar) -> Problem:
    text = (
        "the order's own time is over when it has expired, so what is moved then needs an ending; write one of `expires_after`, "
        "`expires_before_start`, `expires_after_start`, `expires_at`."
    )
    return problem("PR351", value.span, text, fix="expires_after: 10m")


def too_small(value: Scalar, *, title: str, stake: Money, least: Money) -> Problem:
    text = f"{title} takes stakes of {least} or more, and what is left of {stake} is never that; take this step out."
    return problem("PR425", value.span, text)


def in_pools(value: Scalar, title: str) -> Problem:
    text = f"{title} takes bets in pools, which have no odds and no sides, so no remainder of an order can go there"
    return problem("PR414", value.span, f"{text}; name another account.")


def no_side(value: Scalar, *, title: str, side: str) -> Problem:
    text = f"the remainder of a {side} is a {side}, and {title} has no `{side}`; name another account, or take this step out."
    return problem("PR405", value.span, text)


def odds_not_there(value: Scalar, *, title: str, odds: str, around: Sequence[str]) -> Problem:
    """Which of the nearest odds is meant is the author's to say."""
    near = " and ".join(around)
    text = f"{title} does not take the order's odds of {odds}; the nearest {'is' if len(around) == 1 else 'are'} {near}"
    return problem("PR402", value.span, f"{text}. Write `odds` in this step.")


def kept_too_long(value: Scalar, *, title: str, hours: int) -> Problem:
    text = (
        f"{title} keeps an order for {hours} hours at most, and this order ends later than that; "
        "give the step an ending of its own."
    )
    return problem("PR423", value.span, text, fix=f"expires_after: {hours}h")
