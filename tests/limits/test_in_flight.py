"""Limits of an account hold whatever is in flight: engine, ledger, adapter and the venue's books seen together.

`check` refuses a plan that could exceed them by itself; here the plan is checked without them, as if other runs had used the
room up since.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from planrunner.app import rehearsal
from planrunner.app.outcome import Exit
from planrunner.app.plans import load
from planrunner.app.run import Job, Ran, start
from planrunner.model.account import AccountLimits, Site, SiteLimits
from planrunner.model.commands import PlaceOrders
from planrunner.model.errors import PlanProblems
from planrunner.model.events import OrderDenied
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from tests.audited import audited

BETFAIR = AccountName("betfair")
NONE = SiteLimits()
HEAD = "planrunner: 1\nplan: Many at once\nlimits:\n  max_loss: 100.00 GBP\norders:\n"
ORDER = """\
  - name: order{number}
    venue: betfair
    event: {event}
    market: {market}
    selection: {selection}
    side: back
    odds: {odds}
    stake: 2.00 GBP
    expires_before_start: 5m
"""
RUNNERS = ["Tea at Four", "Fenland Ferry", "Captain Marmalade", "Slow Fuse", "Rooftop Garden", "Brass Monkey Bay"]
MANY = [
    ORDER.format(number=number, event="Arsenal v Chelsea", market="Match Odds", selection="Chelsea", odds="9.0")
    for number in range(20)
]


def gbp(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="GBP")


def ran(folder: Path, limits: AccountLimits, orders: list[str], case: str = "nothing-matches", whole: SiteLimits = NONE) -> Ran:
    plan = folder / "plan.yaml"
    plan.write_text(HEAD + "".join(orders))
    loaded = load(plan)
    accounts = {BETFAIR: replace(loaded.site.accounts[BETFAIR], limits=limits)}
    job = Job(
        plan_file=str(plan),
        plan=loaded.plan,
        site=Site(accounts=accounts, limits=whole),
        journal=folder / "j.db",
        seed=1,
        case=case,
    )
    world, day, _ = rehearsal.world_of(loaded.plan, seed=1, case=case)
    stage = rehearsal.staged(world, accounts, begin=world.world.begin, today=day)
    run = start(job, stage, lambda body, at: None)
    audited(job.journal, world.world.log.text(), job.site)
    return run


def placed(run: Ran) -> int:
    return sum(len(record.body.placements) for record in run.records if isinstance(record.body, PlaceOrders))


def denied(run: Ran) -> list[OrderDenied]:
    return [record.body for record in run.records if isinstance(record.body, OrderDenied)]


def test_twenty_orders_of_two_under_a_limit_of_ten_place_five(tmp_path: Path) -> None:
    run = ran(tmp_path, AccountLimits(max_open_exposure=gbp("10")), MANY)
    assert placed(run) == 5
    assert [one.limit for one in denied(run)] == ["max_open_exposure"] * 15
    assert run.exit is Exit.NOT_AS_PLANNED


def test_with_the_answer_lost_the_five_stay_reserved_and_are_adopted(tmp_path: Path) -> None:
    run = ran(tmp_path, AccountLimits(max_open_exposure=gbp("10")), MANY, case="reply-lost")
    assert (placed(run), len(denied(run))) == (5, 15)
    assert run.trouble is None


def test_a_market_limit_of_four_lets_two_of_six_runners_through(tmp_path: Path) -> None:
    orders = [
        ORDER.format(number=number, event="Ascot 14:15", market="Win", selection=runner, odds="40")
        for number, runner in enumerate(RUNNERS)
    ]
    run = ran(tmp_path, AccountLimits(max_exposure_per_market=gbp("4")), orders)
    assert (placed(run), len(denied(run))) == (2, 4)


def test_a_limit_of_the_site_holds_like_one_of_the_account_and_says_so(tmp_path: Path) -> None:
    run = ran(tmp_path, AccountLimits(max_open_exposure=gbp("20")), MANY, whole=SiteLimits(max_open_exposure=gbp("10")))
    assert (placed(run), len(denied(run))) == (5, 15)
    assert {one.limit for one in denied(run)} == {"max_open_exposure of the site"}


def test_what_is_over_the_orders_of_a_minute_is_refused_and_not_delayed(tmp_path: Path) -> None:
    run = ran(tmp_path, AccountLimits(max_orders_per_minute=5), MANY)
    assert placed(run) == 5
    assert [(one.limit, one.figure) for one in denied(run)] == [("max_orders_per_minute", "6 of at most 5")] * 15
    assert run.exit is Exit.NOT_AS_PLANNED


def test_check_refuses_what_can_only_be_denied(tmp_path: Path) -> None:
    (tmp_path / "planrunner.yaml").write_text(
        "planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n"
        "    limits:\n      max_stake_per_order: 1.00 GBP\n"
    )
    with pytest.raises(PlanProblems, match=r"1\.00 GBP"):
        ran(tmp_path, AccountLimits(), MANY[:1])
