"""The site file: accounts, limits, policy; and what stands in for it."""

from __future__ import annotations

from decimal import Decimal

from planrunner.model.account import AccountMode
from planrunner.model.money import Money
from tests.plan.checking import PLAN, SITE, changed, check, check_site

FILE = """\
planrunner_site: 1
accounts:
  main:
    venue: betfair
    mode: live
    currency: GBP
    credentials: env
    limits:
      max_stake_per_order: 50.00 GBP
      max_open_exposure: 200.00 GBP
      max_exposure_per_market: 40.00 GBP
  euros:
    venue: betfair
    currency: EUR
policy:
  live_needs_approval: no
"""


def test_a_site_file_as_values() -> None:
    site = check_site(FILE).site
    assert site is not None
    main, euros = site.accounts.values()
    assert (main.name, main.venue, main.mode, main.currency) == ("main", "betfair", AccountMode.LIVE, "GBP")
    assert main.limits.max_open_exposure == Money(amount=Decimal(200), currency="GBP")
    assert (euros.mode, euros.currency, euros.limits.max_open_exposure) == (AccountMode.SANDBOX, "EUR", None)
    assert site.live_needs_approval is False


def test_live_runs_need_approval_unless_the_file_says_no() -> None:
    site = check_site("planrunner_site: 1\naccounts:\n  a:\n    venue: betfair\n").site
    assert site is not None
    assert site.live_needs_approval


def test_without_a_file_every_venue_is_an_account_on_its_sandbox() -> None:
    assert {name: (one.venue, one.mode, one.currency) for name, one in SITE.accounts.items()} == {
        "betfair": ("betfair", AccountMode.SANDBOX, "GBP"),
        "corner": ("corner", AccountMode.SANDBOX, "GBP"),
    }


def test_a_plan_names_accounts_not_venues() -> None:
    site = check_site(FILE).site
    assert site is not None
    assert [one.code for one in check(PLAN, site).problems] == ["PR401"]
    assert check(changed(("venue: betfair", "venue: main")), site).plan is not None


def test_a_plan_stays_within_the_sites_limits() -> None:
    site = check_site(FILE.replace("40.00", "24.99")).site
    assert site is not None
    assert [one.code for one in check(changed(("venue: betfair", "venue: main")), site).problems] == ["PR503"]


def test_the_first_key_says_what_the_file_is() -> None:
    assert [one.code for one in check_site(PLAN).problems] == ["PR215"]
    assert [one.code for one in check(FILE).problems] == ["PR215"]
