"""What is told is what the checker and the engine do: every figure is the very limit, every rung is one that is walked."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from planrunner.app.explain import explain_plan
from planrunner.model.account import AccountLimits, Site
from planrunner.model.exposure import most
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.plan import ByPercent, ByTicks, Reprice
from planrunner.plan.scalars import odds as read_odds
from planrunner.review.rungs import rungs
from planrunner.venues.betfair.profile import CLASSIC
from tests.plan.checking import SITE, changed, check, codes
from tests.plans.rehearsing import PLANS, ROOT, rehearse
from tests.review.telling import TWO, tell

LEAST = Money(amount=Decimal("0.01"), currency="GBP")


def used(name: str, text: str = TWO, site: Site = SITE) -> Money:
    """How much the plan uses of a limit, as it is told."""
    (bound,) = [one.bound for one in tell(text, site).limits if one.bound.name == name]
    assert isinstance(bound.used, Money)
    return bound.used


@pytest.mark.parametrize(
    ("name", "written", "code"),
    [
        ("max_loss", "max_loss: 35.00 GBP", "PR303"),
        ("max_stake", "max_stake: 50.00 GBP", "PR304"),
        ("max_exposure_per_market", "max_exposure_per_market: 40.00 GBP", "PR305"),
        ("liability_at_most", "liability_at_most: 21.00 GBP", "PR310"),
    ],
)
def test_the_figure_of_a_limit_is_where_the_checker_draws_the_line(name, written, code):
    figure = used(name)
    assert codes(changed((written, f"{name}: {figure}"), plan=TWO)) == []
    assert codes(changed((written, f"{name}: {figure - LEAST}"), plan=TWO)) == [code]


@pytest.mark.parametrize(
    ("name", "code"), [("max_stake_per_order", "PR501"), ("max_open_exposure", "PR502"), ("max_exposure_per_market", "PR503")]
)
def test_the_figure_of_an_account_is_where_the_checker_draws_the_line(name, code):
    text = changed(("  max_exposure_per_market: 40.00 GBP\n", ""), plan=TWO)

    def site(limit: Money) -> Site:
        limits = replace(AccountLimits(), **{name: limit})
        account = replace(SITE.accounts[AccountName("betfair")], limits=limits)
        return replace(SITE, accounts={**SITE.accounts, account.name: account})

    figure = used(name, text, site(Money(amount=Decimal(1000), currency="GBP")))
    assert check(text, site(figure)).problems == ()
    assert {one.code for one in check(text, site(figure - LEAST)).problems} == {code}


@pytest.mark.parametrize("plan", PLANS)
def test_the_sum_adds_up_to_what_check_says(plan):
    found = explain_plan(str(ROOT / "plans" / f"{plan}.yaml"), read_stdin=bytes)
    assert found.told is not None
    (checked,) = [one.plan for one in found.results.files if one.plan is not None]
    loss = found.told.loss
    assert sum(part.amount.amount for part in loss.parts) == loss.total.amount == most(checked).amount
    assert loss.total <= loss.at_most


@pytest.mark.parametrize("by", ["1 tick", "3 ticks", "2%"])
def test_the_rungs_told_are_those_a_run_walks(by, tmp_path):
    text = changed(("reprice: 1 tick", f"reprice: {by}"), plan=(ROOT / "plans" / "chase.yaml").read_text(encoding="utf-8"))
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    ran = rehearse(tmp_path / "plan.yaml", tmp_path, case="nothing-matches")
    walked = [one["odds"] for one in json.loads("".join(ran.json))["orders"][0]["placements"]]
    (ladder,) = [point.rungs for point in tell(text).orders[0].points if point.rungs]
    assert len(walked) > 2
    assert [Decimal(one) for one in walked] == [Decimal(one) for one in ladder[: len(walked)]]


@pytest.mark.parametrize(
    "by", [ByTicks(ticks=1), ByTicks(ticks=7), ByPercent(percent=Decimal("0.1")), ByPercent(percent=Decimal(30))]
)
@pytest.mark.parametrize(("side", "start", "floor"), [(Side.BACK, "34.0", "1.53"), (Side.LAY, "1.98", "130.0")])
def test_rungs_go_one_way_on_the_ladder_and_stop_at_the_floor(by, side, start, floor):
    action = Reprice(by=by, no_worse_than=read_odds(floor))
    found = rungs(side, Decimal(start), action, CLASSIC)
    assert all(CLASSIC.tick(one) is not None for one in found)
    assert list(found) == sorted(set(found), reverse=side is Side.BACK)
    assert found[-1] == Decimal(floor)
    assert len(rungs(side, Decimal(start), replace(action, at_most=3), CLASSIC)) <= 4
