"""Two site files compared, as far as they hold for a plan: the accounts it uses, limits over all of them, and policy.

What counts is what a preview's `policy` is made of, so that there is a change exactly when an approval would miss one.
"""

from __future__ import annotations

from collections.abc import Iterator

from planrunner.model.account import Account, Site
from planrunner.model.plan import Plan
from planrunner.review.changes import Change, Spot
from planrunner.review.diff_fields import fields_of, limits_of
from planrunner.review.preview import holding


def diff_sites(old: Site, new: Site, plans: tuple[Plan, Plan]) -> tuple[Change, ...]:
    """`plans`: the old and the new one. Whose accounts differ is the plans' affair; an account that both use is compared, and one
    that either uses and that only one of the sites has."""
    (had, before), (has, after) = (holding(site, plan) for site, plan in zip((old, new), plans, strict=True))
    both = [name for name in had if name in has]
    return (
        *(change for name in both for change in _account(had[name], has[name])),
        *_rest(before, after),
    )


def _account(old: Account, new: Account) -> Iterator[Change]:
    spot = Spot(about=f"account {new.name}", path=f"accounts.{new.name}")
    yield from fields_of(spot, old, new, but=frozenset({"limits"}))
    yield from limits_of(spot.into("limits"), old.limits, new.limits)


def _rest(old: Site, new: Site) -> Iterator[Change]:
    yield from limits_of(Spot(about="site limits", path="limits"), old.limits, new.limits)
    yield from fields_of(Spot(about="policy", path="policy"), old, new, but=frozenset({"limits"}))
