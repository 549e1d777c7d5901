"""What a site file changes for a plan is told exactly when an approval of that plan would not hold any more."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.account import Account, AccountLimits, Site, SiteLimits
from planrunner.model.market import AccountName
from planrunner.review.diff_sites import diff_sites
from planrunner.review.preview import policy_of
from tests.plan.checking import PLAN, SITE, check
from tests.review.changing import values_of

OTHERS = {"accounts", "limits", "calendars", "service", "approvers", "notify", "mail", "file", "lines"}


def told_exactly_when_bound(old: Site, new: Site) -> bool:
    """And whether it is told."""
    plan = check(PLAN).plan
    assert plan is not None
    told = diff_sites(old, new, (plan, plan))
    assert (told == ()) == (policy_of(old, plan) == policy_of(new, plan))
    return told != ()


def with_account(account: Account) -> Site:
    return replace(SITE, accounts={**SITE.accounts, account.name: account})


BETFAIR = SITE.accounts[AccountName("betfair")]
KINDS = [(Account, BETFAIR), (AccountLimits, BETFAIR.limits), (SiteLimits, SITE.limits), (Site, SITE)]
FIELDS = [
    (kind, value, one.name)
    for kind, value in KINDS
    for one in fields(kind)
    if one.name not in ("name", "limits") and not (kind is Site and one.name in OTHERS)
]


@pytest.mark.parametrize(("kind", "value", "name"), FIELDS, ids=lambda one: one if isinstance(one, str) else "")
@settings(max_examples=10)
@given(data=st.data())
def test_every_field_that_binds_is_told_and_no_other(kind, value, name, data):
    changed = replace(value, **{name: data.draw(values_of(get_type_hints(kind)[name], name))})
    match changed:
        case Site():
            told_exactly_when_bound(SITE, changed)
        case SiteLimits():
            told_exactly_when_bound(SITE, replace(SITE, limits=changed))
        case AccountLimits():
            told_exactly_when_bound(SITE, with_account(replace(BETFAIR, limits=changed)))
        case _:
            told_exactly_when_bound(SITE, with_account(changed))


def test_what_the_plan_does_not_use_is_none_of_its_affair():
    other = replace(SITE.accounts[AccountName("tote")], currency="EUR")
    assert not told_exactly_when_bound(SITE, with_account(other))
    assert not told_exactly_when_bound(SITE, with_account(replace(BETFAIR, credentials="file")))
    assert told_exactly_when_bound(SITE, with_account(replace(BETFAIR, allow_lay=True)))
    assert told_exactly_when_bound(SITE, replace(SITE, live_needs_approval=False))
