"""Two site files compared, as far as they hold for a plan: the accounts it uses, limits over all of them, and policy.

What counts is what a preview's `policy` is made of, so that there is a change exactly when an approval would miss one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from planrunner.model.account import Account, Approver, SignalTerms, Site
from planrunner.model.plan import Plan
from planrunner.review.changes import Change, Spot, What
from planrunner.review.diff_fields import fields_of, limits_of
from planrunner.review.preview import holding

_T = TypeVar("_T")


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


def diff_people(old: Site, new: Site) -> tuple[Change, ...]:
    """Whose word counts: who approves, who may use the service, which signals it takes. No approval is made void by that, and
    whoever is let in by it could approve or begin any plan."""
    return (
        *_members(Spot(about="may approve", path="policy.approvers"), old.approvers, new.approvers, _approver),
        *_members(Spot(about="users of the service", path="service.users"), old.service.users, new.service.users, str),
        *_members(Spot(about="signals", path="service.signals"), old.service.signals, new.service.signals, _signal),
    )


def _members(spot: Spot, old: Mapping[str, _T], new: Mapping[str, _T], told: Callable[[_T], str]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        was, now = (told(each[name]) if name in each else "" for each in (old, new))
        if was == now:
            continue
        if not was:
            yield spot.into(name).tells(f"new: {name} ({now})", was, now, What.ADDED)
        elif not now:
            yield spot.into(name).tells(f"no longer {name} ({was})", was, now, What.REMOVED)
        else:
            yield spot.into(name).became(f"{name} ", was, now)


def _approver(one: Approver) -> str:
    return f"{one.email}, {one.key}"


def _signal(one: SignalTerms) -> str:
    within = int(one.within.total_seconds())
    return f"proof {one.proof.value}, within {within} s, at most {one.at_most_per_minute} a minute"
