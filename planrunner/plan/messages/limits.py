"""PR303 to PR305 and PR5xx: limits that the plan goes past, with the name of the one that binds and what to lower."""

from __future__ import annotations

from decimal import Decimal

from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.plan.cascade import Bound, Level, Measure, amount_of, down_to, largest, share_in
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted

_CODES = {
    ("max_stake_per_order", Level.ACCOUNT): "PR501",
    ("max_open_exposure", Level.ACCOUNT): "PR502",
    ("max_exposure_per_market", Level.ACCOUNT): "PR503",
    ("max_open_exposure", Level.SITE): "PR504",
    ("max_exposure_per_market", Level.SITE): "PR505",
    ("max_stake_per_order", Level.SITE): "PR506",
    ("max_loss_per_day", Level.ACCOUNT): "PR507",
}


def over_plan(value: Scalar, bound: Bound, least: Decimal) -> Problem:
    """A limit of the plan itself. `least` is the smallest stake that the venue takes of the largest order."""
    figure, limit = bound.used, bound.limit
    assert isinstance(limit, Money)
    match bound.name:
        case "max_loss":
            code, text = "PR303", f"this plan can lose {figure}{_sum(bound)}"
        case "max_stake":
            code, text = "PR304", f"the stakes add up to {figure}{_sum(bound)}"
        case _:
            code, text = "PR305", f"{figure} can be at risk in {quoted(bound.market)}{_sum(bound)}"
    text = f"{text}, but `{bound.name}` is {limit}; raise it, or {_lower(bound, least)}."
    return problem(code, value.span, text, fix=f"{bound.name}: {figure}")


def over_site(at: Span, bound: Bound, least: Decimal) -> Problem:
    """A limit of the site file. A plan can't loosen it, so only what can be lowered is said."""
    assert isinstance(bound.limit, Money)
    text, whose = _what(bound), f" of the account {quoted(bound.of)}" if bound.level is Level.ACCOUNT else " of the site"
    text = f"{text}, above `{bound.name}`{whose}, {bound.limit}{_written(bound)}; {_lower(bound, least)}."
    return problem(_CODES[bound.name, bound.level], at, text, did_you_mean=_instead(bound, least))


def over_stake(value: Scalar, bound: Bound, least: Decimal) -> Problem:
    """`max_stake_per_order`."""
    assert isinstance(bound.limit, Money)
    if bound.shares[0].in_pool:
        text = f"{quoted(bound.shares[0].order)} costs {bound.used} in all its lines, above {_whose_stake(bound)}."
        return problem(_CODES[bound.name, bound.level], value.span, text)
    text = f"a stake of {quoted(value.text)} is above {_whose_stake(bound)}."
    did_you_mean = str(bound.limit) if bound.limit.amount >= least else None
    return problem(_CODES[bound.name, bound.level], value.span, text, did_you_mean=did_you_mean)


def hedge_over_stake(value: Scalar, bound: Bound) -> Problem:
    text = f"a hedge at {quoted(value.text)} is a stake of {bound.used} when all is matched, above {_whose_stake(bound)}"
    return problem(_CODES[bound.name, bound.level], value.span, f"{text}; lower the order's stake.")


def too_many_in_a_minute(at: Span, bound: Bound) -> Problem:
    where = f"on the account {quoted(bound.of)}"
    text = f"this plan places {bound.used} orders within a minute {where}, and its `{bound.name}` is {bound.limit}"
    fewer = " or lower `max_orders`" if bound.shares[0].times > 1 else " or take some out"
    text = f"{text}{_written(bound)}; give some another `place_at` or `place_before_start`,{fewer}."
    return problem("PR508", at, text)


def _what(bound: Bound) -> str:
    match bound.name:
        case "max_loss_per_day":
            return f"this plan can lose {bound.used}{_sum(bound)} on one day"
        case "max_exposure_per_market":
            return f"this plan can have {bound.used}{_sum(bound)} at risk in {quoted(bound.market)}"
        case _:
            return f"this plan can have {bound.used}{_sum(bound)} at risk"


def _whose_stake(bound: Bound) -> str:
    whose = f"the account {quoted(bound.of)}" if bound.level is Level.ACCOUNT else "the site"
    return f"`{bound.name}` of {whose}, {bound.limit}{_written(bound)}"


def _written(bound: Bound) -> str:
    return f" ({bound.written})" if bound.written else ""


def _sum(bound: Bound) -> str:
    """How a figure comes about, where it is more than one order's."""
    markets = 1 if bound.is_of_one else bound.shares[0].times
    times = f"{markets} markets, each " if markets > 1 else ""
    if len(bound.shares) < 2 and not times:
        return ""
    shown = [f"{share.order} {share_in(bound, share)}" for share in bound.shares[:4]]
    return f" ({times}{' + '.join(shown)}{' + ...' if len(bound.shares) > 4 else ''})"


def _lower(bound: Bound, least: Decimal) -> str:
    """What to lower, and how far: one order where that is enough, and the largest first."""
    share, lowered = largest(bound), down_to(bound)
    fewer = ", or lower `max_orders`" if share.times > 1 and not bound.is_of_one else ""
    if lowered is not None and share.in_pool:
        return f"let {quoted(share.order)} cost {lowered} at most, with a lower `unit_stake` or fewer lines"
    if lowered is not None and lowered.amount >= least:
        if share.side is Side.LAY and bound.measure is Measure.LOSS:
            return f"lower `liability_at_most` of {quoted(share.order)} to {lowered}, and its stake or odds with it{fewer}"
        return f"lower the stake of {quoted(share.order)} to {lowered}{fewer}"
    if len(bound.shares) == 1 and not share.in_pool:
        return f"take {quoted(share.order)} out, the venue takes no smaller stake{fewer}"
    parts = "stakes" if all(each.side is Side.BACK for each in bound.shares) else "stakes and liabilities"
    parts = "the cost of bets" if all(each.in_pool for each in bound.shares) else parts
    most = share_in(bound, share)
    return f"lower {parts} by {_excess(bound)} in all (the largest is {quoted(share.order)} with {most}){fewer}"


def _instead(bound: Bound, least: Decimal) -> str | None:
    """The stake to write where the caret is."""
    lowered = down_to(bound)
    is_stake = largest(bound).side is Side.BACK and not largest(bound).in_pool
    return str(lowered) if lowered is not None and is_stake and lowered.amount >= least else None


def _excess(bound: Bound) -> Money:
    return Money(amount=-amount_of(bound.left), currency=bound.shares[0].stake.currency)
