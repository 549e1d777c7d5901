"""The cascade of limits told: of each how much the plan uses, and which of them binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from planrunner.model.account import Site
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.plan import Plan
from planrunner.model.profile import VenueProfile
from planrunner.plan.cascade import Bound, Level, Measure, amount_of, cascade
from planrunner.review.explained import ToldLimit
from planrunner.review.words import listed, percent

# Beside amounts, on which keys of orders these figures hang; others may hang on any.
_PLACES = frozenset({"venue", "fallback"})
_HANGS_ON = {
    "max_loss": frozenset[str](), "max_stake": frozenset[str](), "max_stake_per_order": _PLACES, "max_open_exposure": _PLACES,
    "max_loss_per_day": _PLACES,
}  # fmt: skip


def tell_limits(plan: Plan, site: Site, profiles: Mapping[str, VenueProfile]) -> tuple[ToldLimit, ...]:
    """From the inside out: order, plan, account, site, venue. Where a signal decides what a figure is, it is the worst that the
    signal can make of it; then none of them is said to bind."""
    bounds = cascade(plan, site, profiles)
    if any(_hangs(one, plan) for one in bounds if _can_bind(one)):
        return tuple(_of_signal(one, plan) if _hangs(one, plan) else _told(one) for one in bounds)
    most = max((share_of(one) for one in bounds if _can_bind(one)), default=None)
    binding = [one for one in bounds if _can_bind(one) and share_of(one) == most]
    return tuple(_of_signal(one, plan) if _hangs(one, plan) else _told(one, binds=one in binding) for one in bounds)


def _told(bound: Bound, *, binds: bool = False) -> ToldLimit:
    return ToldLimit(bound=bound, name=_name(bound), how_near=_how_near(bound), binds=binds)


# Before a signal has come


def _hangs(bound: Bound, plan: Plan) -> bool:
    """Whether the figure may be another than with the values that stand for the signal's, and a worse one."""
    left_open = plan.left_open
    if left_open is None or (bound.measure is Measure.ORDERS and bound.level is Level.PLAN):
        return False
    keys = _HANGS_ON.get(bound.name)
    return bool(left_open.amounts) or (bool(left_open.keys) if keys is None else not keys.isdisjoint(left_open.keys))


def _of_signal(bound: Bound, plan: Plan) -> ToldLimit:
    """Values that go past any limit begin no run, so none is used more than in full; and of what can be lost, no more than
    `max_loss` in any market or on any account."""
    assert plan.left_open is not None
    if bound.level is Level.ORDER and bound.name in plan.left_open.keys:  # the signal decides the limit itself
        bound = replace(bound, limit=plan.limits.max_loss)
    worst = bound.limit
    if isinstance(worst, Money) and not bound.is_least and (bound.measure is Measure.LOSS or _is_all_backs(bound, plan)):
        worst = min(worst, plan.limits.max_loss)
    written = f" [{bound.written}]" if bound.written else ""
    told = f"up to {worst} of {bound.limit}, as the signal makes it{written}"
    if bound.is_least:
        told = f"{bound.limit}, and less begins no run"
    return ToldLimit(bound=replace(bound, used=worst), name=_name(bound), how_near=told, binds=False)


def _is_all_backs(bound: Bound, plan: Plan) -> bool:
    """Whose stake is what they lose, whatever comes."""
    assert plan.left_open is not None
    return "side" not in plan.left_open.keys and all(one.side is Side.BACK for one in bound.shares)


# In words


def share_of(bound: Bound) -> Fraction:
    """How much of a limit is used; of a minimum, how much of what is there it takes."""
    part, whole = (bound.limit, bound.used) if bound.is_least else (bound.used, bound.limit)
    return Fraction(amount_of(part)) / Fraction(amount_of(whole)) if amount_of(whole) else Fraction(0)


def tell_binding(plan: Plan, limits: Sequence[ToldLimit]) -> str:
    """The name of the limit that stops the plan first, were all stakes raised alike; and counts that are used up.

    With orders for each market `max_orders` only says for how many there is room.
    """
    if any(_hangs(one.bound, plan) for one in limits if _can_bind(one.bound)):
        return "Which limit binds hangs on what the signal brings: values that go past any of them begin no run."
    binding = [one for one in limits if one.binds]
    counts = [] if plan.per_market is not None else [one.bound for one in limits if one.bound.measure is Measure.ORDERS]
    used_up = [f" `{one.name}`{_whose(one)} is used in full: no order can be added." for one in counts if share_of(one) == 1]
    return "".join([_binding(binding), *used_up])


def _binding(binding: Sequence[ToldLimit]) -> str:
    if not binding:
        return "No limit binds."
    names = listed([f"`{one.bound.name}`{_whose(one.bound)}" for one in binding])
    left = binding[0].bound.left
    if share_of(binding[0].bound) == 1:
        return f"{names} {'binds: it is' if len(binding) == 1 else 'bind: they are'} used in full, and no stake can be raised."
    return f"{names} {'binds' if len(binding) == 1 else 'bind'} first: {percent(share_of(binding[0].bound))} used, {left} left."


def _can_bind(bound: Bound) -> bool:
    """Limits of money from above; raising stakes brings nobody nearer to a count or a minimum."""
    return not bound.is_least and bound.measure is not Measure.ORDERS


def _name(bound: Bound) -> str:
    if bound.level is Level.VENUE:
        return f"{bound.name} at {bound.of}"
    return f"{bound.name}{_whose(bound)}"


def _whose(bound: Bound) -> str:
    match bound.level:
        case Level.ORDER:
            return f" of {bound.of}"
        case Level.ACCOUNT:
            return f" of the account {bound.of}"
        case level:
            return f" of the {level.value}"


def _how_near(bound: Bound) -> str:
    """`20.00 of 35.00 GBP, 57 %`; `1.00 GBP, and the smallest stake is 8.00 GBP`."""
    where = f" (in {bound.market})" if bound.market else ""
    one = f" ({bound.shares[0].order})" if bound.is_of_one and not bound.market and bound.level is not Level.ORDER else ""
    if bound.is_least:
        what = "stake" if bound.name == "minimum stake" else "stake times odds"
        return f"{bound.limit}, and the smallest {what} is {bound.used}{one}"
    written = f" [{bound.written}]" if bound.written else ""
    used = str(bound.used).split()[0] if isinstance(bound.used, Money) else str(bound.used)
    return f"{used} of {bound.limit}, {percent(share_of(bound))}{where}{one}{written}"
