"""PR4xx and PR5xx: what the venue does not do, and what the site does not allow."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planrunner.model.money import Money
from planrunner.model.names import nearest
from planrunner.plan import scalars
from planrunner.plan.messages.meaning import listed
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted


def unknown_account(value: Scalar, names: Sequence[str]) -> Problem:
    text = f"{quoted(value.text)} is not an account of this site; there is {listed(names)}."
    return problem("PR401", value.span, text, did_you_mean=nearest(value.text, names))


def off_ladder(value: Scalar, *, title: str, around: Sequence[str]) -> Problem:
    """`around` can be pasted; which of two is meant is the author's to say, so neither is offered before the other."""
    near = " and ".join(around)
    text = f"{title} does not take odds of {quoted(value.text)}{_in_decimal(value.text)}; the nearest"
    only = around[0] if len(around) == 1 else None
    return problem("PR402", value.span, f"{text} {'is' if only else 'are'} {near}.", did_you_mean=only)


def _in_decimal(text: str) -> str:
    """Ladders are of decimal odds: what probabilities and American odds come to on them."""
    odds = scalars.odds(text)
    if odds is None or (text[0] not in "+-" and not text.endswith("%")):
        return ""
    return f" ({Decimal(round(odds.ratio * 10_000)) / 10_000:f} in decimal odds)"


def stake_too_small(value: Scalar, *, title: str, least: Money, payout: str) -> Problem:
    text = f"{title} takes stakes of {least} or more{payout}; a stake of {quoted(value.text)} is below that."
    return problem("PR403", value.span, text, did_you_mean=str(least))


def cannot_hedge(at: Span, *, title: str, side: str, hedge: str) -> Problem:
    text = f"a {side} is hedged with a {hedge}, and {title} has no `{hedge}`; take this step out."
    return problem("PR412", at, text)


def hedge_too_small(value: Scalar, *, title: str, hedge: Money, least: Money) -> Problem:
    text = f"a hedge at {quoted(value.text)} is a stake of {hedge} when all is matched, and {title} takes {least} or more"
    return problem("PR413", value.span, f"{text}; raise the order's stake, or take this step out.")


def unknown_type(value: Scalar, *, title: str, types: Sequence[str]) -> Problem:
    text = f"{title} has no `{value.text}` orders; it takes {listed(types)}."
    return problem("PR404", value.span, text)


def unknown_side(value: Scalar, *, title: str, sides: Sequence[str]) -> Problem:
    return problem("PR405", value.span, f"{title} has no `{value.text}`; it takes {listed(sides)}.")


def average_not_said(at: Span, *, title: str, kind: str) -> Problem:
    text = f"at {title} the odds of a `{kind}` order hold for the average of what is matched only; it must say so."
    return problem("PR406", at, text, fix="odds_hold_for: average")


def average_not_so(key: Scalar, *, title: str, kind: str) -> Problem:
    text = f"at {title} the odds of a `{kind}` order hold for every bet; take `odds_hold_for` out."
    return problem("PR406", key.span, text)


def account_currency(value: Scalar, *, account: str, plan: str) -> Problem:
    text = f"the account {quoted(value.text)} is in {account}, but this plan is in {plan}; nothing is converted."
    return problem("PR407", value.span, text)


def unknown_name(at: Span, text: str, *, among: Sequence[str], did_you_mean: str | None) -> Problem:
    """`text` says what the venue does not know; `among` is what it has instead."""
    rest = f" There is {listed(among)}." if among else ""
    return problem("PR408", at, f"{text}.{rest}", did_you_mean=did_you_mean)


def cannot_keep(at: Span, *, title: str, kind: str) -> Problem:
    return problem("PR409", at, f"{title} does not keep a `{kind}` order after the start; take this step out.")


def no_min_fill(key: Scalar, *, title: str, kind: str) -> Problem:
    return problem("PR325", key.span, f"{title} has no `min_fill` for a `{kind}` order; take it out.")


def unknown_venue(value: Scalar, venues: Sequence[str]) -> Problem:
    text = f"planrunner does not know a venue {quoted(value.text)}; this version has {listed(venues)}."
    return problem("PR410", value.span, text, did_you_mean=nearest(value.text, venues))


def no_such_accounts(value: Scalar, title: str, currencies: Sequence[str]) -> Problem:
    text = f"{title} keeps no accounts in {quoted(value.text)}; it has {listed(sorted(currencies), 20)}."
    return problem("PR411", value.span, text, did_you_mean=nearest(value.text, currencies))


def limit_currency(value: Scalar, *, key: str, currency: str) -> Problem:
    return problem(
        "PR407", value.span, f"`{key}` is {quoted(value.text)}, but the account is in {currency}; nothing is converted."
    )
