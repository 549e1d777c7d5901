"""The site file: accounts, limits, policy; and what stands in for it."""

from __future__ import annotations

import base64
from datetime import date, timedelta
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
      max_loss_per_day: 100.00 GBP
      max_orders_per_minute: 60
  euros:
    venue: betfair
    currency: EUR
    time_zone: Europe/Rome
time_zone: Europe/London
limits:
  max_open_exposure: 300.00 GBP
  max_stake_per_order: 45.00 EUR
policy:
  live_needs_approval: no
calendars:
  england-holidays: [2026-12-28, 2026-12-25]
"""


def test_a_site_file_as_values() -> None:
    site = check_site(FILE).site
    assert site is not None
    main, euros = site.accounts.values()
    assert (main.name, main.venue, main.mode, main.currency) == ("main", "betfair", AccountMode.LIVE, "GBP")
    assert main.limits.max_open_exposure == Money(amount=Decimal(200), currency="GBP")
    assert (euros.mode, euros.currency, euros.limits.max_open_exposure) == (AccountMode.SANDBOX, "EUR", None)
    assert site.live_needs_approval is False


def test_limits_of_the_site_the_day_and_the_minute_as_values() -> None:
    site = check_site(FILE).site
    assert site is not None
    main, euros = site.accounts.values()
    assert (main.limits.max_loss_per_day, main.limits.max_orders_per_minute) == (Money(amount=Decimal(100), currency="GBP"), 60)
    assert (main.time_zone, euros.time_zone) == ("Europe/London", "Europe/Rome")
    assert site.limits.max_open_exposure == Money(amount=Decimal(300), currency="GBP")
    assert site.limits.max_stake_per_order == Money(amount=Decimal(45), currency="EUR")
    assert site.place("accounts.main.limits.max_loss_per_day") == "planrunner.yaml:12"
    assert (site.place("limits.max_open_exposure"), site.place("limits.max_exposure_per_market")) == ("planrunner.yaml:20", "")


def test_a_calendar_is_kept_with_its_days_in_order() -> None:
    site = check_site(FILE).site
    assert site is not None
    [holidays] = site.calendars.values()
    assert (holidays.name, holidays.days) == ("england-holidays", (date(2026, 12, 25), date(2026, 12, 28)))
    assert date(2026, 12, 28) in holidays
    assert date(2026, 12, 27) not in holidays


def test_an_accounts_day_is_utc_unless_the_file_says_otherwise() -> None:
    site = check_site("planrunner_site: 1\naccounts:\n  a:\n    venue: betfair\n").site
    assert site is not None
    assert [account.time_zone for account in site.accounts.values()] == ["UTC"]


KEYS = ["ed25519:" + base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2)]
POLICY = f"""\
policy:
  approvers:
    ann:
      key: {KEYS[0]}
      email: ann@example.org
    bob:
      key: "{KEYS[1]}"
      email: bob@example.org
  approval_needs_two_people_above: 100.00 GBP
  approval_valid_for: 3d
"""


def test_who_may_approve_and_for_how_long_as_values() -> None:
    site = check_site("planrunner_site: 1\naccounts:\n  a:\n    venue: betfair\n" + POLICY).site
    assert site is not None
    ann, bob = site.approvers.values()
    assert (ann.name, ann.key, ann.email, bob.key, bob.email) == ("ann", KEYS[0], "ann@example.org", KEYS[1], "bob@example.org")
    assert (site.two_people_above, site.approval_valid_for) == (Money(amount=Decimal(100), currency="GBP"), timedelta(days=3))
    assert site.live_needs_approval


def test_live_runs_need_approval_unless_the_file_says_no() -> None:
    site = check_site("planrunner_site: 1\naccounts:\n  a:\n    venue: betfair\n").site
    assert site is not None
    assert site.live_needs_approval


def test_without_a_file_every_venue_is_an_account_on_its_sandbox() -> None:
    assert {name: (one.venue, one.mode, one.currency) for name, one in SITE.accounts.items()} == {
        "betfair": ("betfair", AccountMode.SANDBOX, "GBP"),
        "corner": ("corner", AccountMode.SANDBOX, "GBP"),
        "tote": ("tote", AccountMode.SANDBOX, "GBP"),
        "parlour": ("parlour", AccountMode.SANDBOX, "GBP"),
        "oddspapi_abp": ("oddspapi_abp", AccountMode.SANDBOX, "GBP"),
    }


def test_an_account_at_a_router_lays_only_where_the_file_says_so() -> None:
    router = "  one:\n    venue: oddspapi_abp\n"
    text = f"planrunner_site: 1\naccounts:\n{router}"
    sites = [check_site(text + line).site for line in ("", "    allow_lay: no\n", "    allow_lay: yes\n")]
    assert [[account.allow_lay for account in site.accounts.values()] for site in sites if site] == [[False], [False], [True]]


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
