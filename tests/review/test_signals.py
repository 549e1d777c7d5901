"""What a signal may bring, and what a reviewer is told before it comes: never less than it can make of the plan."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from planrunner.model import exposure
from planrunner.model.account import Site
from planrunner.plan.cascade import amount_of, cascade
from planrunner.plan.given import Given
from planrunner.review.diff import diff
from planrunner.review.explain import explain
from planrunner.review.text import as_text
from tests.plan.checking import PROFILES, check, check_site

SITE_FILE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    limits:
      max_stake_per_order: 15.00 GBP
      max_open_exposure: 30.00 GBP
      max_exposure_per_market: 22.00 GBP
service:
  signals:
    go:
      proof: token
"""
PLAN = """\
planrunner: 1
plan: As the signal says
limits:
  max_loss: {max_loss}
  max_loss_in_total: 100.00 GBP
when:
  on_signal: go
inputs:
  team:
    type: text
{more}orders:
  - name: first
    venue: betfair
    event: ${{team}}
    market: Match Odds
    selection: Arsenal
    side: {side}
    odds: {odds}
    stake: {stake}
{liability}    expires_after: 5m
  - name: second
    venue: betfair
    event: Leeds v Everton
    market: Match Odds
    selection: Leeds
    side: back
    odds: 3.00
    stake: {other}
    expires_after: 5m
"""
TO_COME = Given(signal_to_come=True)
MONEY = st.integers(100, 1400).map(lambda pence: f"{Decimal(pence) / 100:.2f} GBP")
ODDS = st.sampled_from(["1.50", "2.00", "2.50", "3.00", "4.00"])
TEAMS = st.sampled_from(["Arsenal v Chelsea", "Leeds v Everton", "1"])
STAKES = [
    "${stake}", "${ stake }", "${stake * 2}", "${stake | round_down}", '${"12.00 GBP" if odds > 2 else stake}', "4.00 GBP",
    '${"12.00 GBP" if team == "1" else "2.00 GBP"}', "${words}",
]  # fmt: skip


def site() -> Site:
    found = check_site(SITE_FILE)
    assert found.site is not None, found.told()
    return found.site


SITE = site()


def bounds(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    """Each as may be, or not at all."""
    lines = (f"    {key}: {draw(values)}\n" for key in ("at_most", "default", "at_least") if draw(st.booleans()))
    return "".join(lines)


@st.composite
def plans(draw: st.DrawFn) -> str:
    """Some of them are none: bounds that cross, a stake below its liability."""
    side = draw(st.sampled_from(["back", "lay", "${side}"]))
    choices = draw(st.sampled_from(["[back]", "[back, lay]"]))
    more = f"  stake:\n    type: money\n{bounds(draw, MONEY)}  odds:\n    type: odds\n{bounds(draw, ODDS)}"
    more += f"  side:\n    type: choice\n    choices: {choices}\n  words:\n    type: text\n    default: 3.00 GBP\n"
    liability = draw(st.sampled_from(["", "    liability_at_most: 14.00 GBP\n", "    liability_at_most: ${stake * 3}\n"]))
    return PLAN.format(
        more=more, side=side, odds=draw(st.sampled_from(["3.00", "${odds}"])), stake=draw(st.sampled_from(STAKES)),
        liability="" if side == "back" else liability, other=draw(st.sampled_from(["5.00 GBP", "${stake}"])),
        max_loss=draw(st.sampled_from(["8.00 GBP", "20.00 GBP", "200.00 GBP"])),
    )  # fmt: skip


VALUES = st.fixed_dictionaries(
    {"team": TEAMS, "stake": MONEY, "odds": ODDS, "side": st.sampled_from(["back", "lay"]), "words": MONEY}
)
SOME = st.sets(st.sampled_from(["stake", "odds", "words"]))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])  # many are no plans
@given(plans(), VALUES, SOME)
def test_no_signal_makes_a_run_lose_more_than_was_told_before_it_came(
    text: str, values: dict[str, str], left_out: set[str]
) -> None:
    before = check(text, SITE, given=TO_COME)
    assume(before.plan is not None)
    came = Given(values={name: value for name, value in values.items() if name not in left_out}, of_signal=True)
    run = check(text, SITE, given=came).plan
    assume(run is not None)
    assert before.plan is not None
    assert run is not None
    told = explain(before.plan, SITE, PROFILES, awaited=before.awaited)
    assert not told.loss.total < exposure.most(run)
    assert f"At most {told.loss.total} can be lost" in told.summary[0]
    assert sum((one.amount.amount for one in told.loss.parts), Decimal(0)) == told.loss.total.amount
    most = {(one.bound.name, one.bound.level, one.bound.of): one.bound for one in told.limits}
    for bound in cascade(run, SITE, PROFILES):
        known = most[bound.name, bound.level, bound.of]
        if bound.is_least:
            assert amount_of(known.used) <= amount_of(bound.used)
        else:
            assert amount_of(bound.used) <= amount_of(known.used), bound.name


SIMPLE = {"side": "back", "odds": "3.00", "stake": "${stake}", "liability": "", "other": "2.00 GBP", "max_loss": "20.00 GBP"}


def told(more: str, **changes: str) -> str:
    found = check(PLAN.format(**{**SIMPLE, "more": f"  stake:\n    type: money\n{more}", **changes}), SITE, given=TO_COME)
    assert found.plan is not None, found.told()
    return " ".join(as_text(explain(found.plan, SITE, PROFILES, awaited=found.awaited)).split())


def test_the_worst_is_told_by_its_bound_and_without_one_by_the_limit_that_caps_it() -> None:
    bounded = told("    at_most: 4.00 GBP\n")
    assert "At most 6.00 GBP can be lost in one run" in bounded
    assert "hangs on" not in bounded.partition("Limits")[0]
    for more, stake in (("", "${stake}"), ("    at_most: 9.00 GBP\n    default: 1.00 GBP\n", "${stake}")):
        capped = told(more, stake=stake)
        assert "At most 20.00 GBP can be lost in one run" in capped
        assert "How much is bet hangs on `stake` of the signal. `max_loss` caps it" in capped


def test_what_a_signal_does_not_decide_is_told_as_it_is() -> None:
    as_it_is = told("", stake="3.00 GBP")
    assert "At most 5.00 GBP can be lost in one run" in as_it_is
    assert "max_loss of the plan 5.00 of 20.00 GBP, 25 %" in as_it_is
    assert "up to 20.00 GBP of 22.00 GBP, as the signal makes it" in as_it_is  # both may be on one fixture


def test_a_change_of_what_stands_for_a_signals_values_is_no_change_of_what_can_be_lost() -> None:
    old, new = (
        check(PLAN.format(**{**SIMPLE, "more": f"  stake:\n    type: money\n    default: {one} GBP\n"}), SITE, given=TO_COME)
        for one in ("2.00", "3.00")
    )
    assert old.plan is not None
    assert new.plan is not None
    assert not any("worst loss" in one.text for one in diff(old.plan, new.plan, filled_in=(old.filled_in, new.filled_in)))


BLUEPRINT = """\
planrunner: 1
blueprint: As the signal says
about: For a desk.
limits:
  max_loss: ${cap}
  max_loss_in_total: 100.00 GBP
when:
  on_signal: go
inputs:
  cap:
    type: money
    default: 5.00 GBP
  stake:
    type: money
orders:
  - name: first
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Arsenal
    side: back
    odds: 3.00
    stake: ${stake}
    expires_after: 5m
"""
BLUEPRINT_WITH_STAKE = BLUEPRINT.replace("stake:\n    type: money\n", "stake:\n    type: money\n    default: 2.00 GBP\n")
USES = "planrunner: 1\nplan: Of a blueprint\nuse_blueprint: b.yaml\nwith:\n"


@pytest.mark.parametrize("given", [TO_COME, Given(values={"stake": "2.00 GBP"})])
def test_no_signal_decides_the_limits_by_which_its_plan_was_reviewed(given: Given) -> None:
    left = check(f"{USES}  stake: 2.00 GBP\n", SITE, files={"b.yaml": BLUEPRINT}, given=given)
    assert [(one.code, one.line, one.file) for one in left.problems] == [("PR220", 5, "b.yaml")]
    assert "a signal would decide `max_loss` with the input `cap`" in left.told()
    assert check(f"{USES}  cap: 9.00 GBP\n", SITE, files={"b.yaml": BLUEPRINT}, given=given).plan is not None
    assert check(BLUEPRINT, SITE, given=TO_COME).problems == ()


def test_a_signal_changes_nothing_that_its_plan_says() -> None:
    text = f"{USES}  cap: 9.00 GBP\n  stake: 2.00 GBP\n"
    raised = Given(values={"stake": "8.00 GBP"}, of_signal=True)
    assert [one.code for one in check(text, SITE, files={"b.yaml": BLUEPRINT}, given=raised).problems] == ["PR330"]
    by_hand = check(text, SITE, files={"b.yaml": BLUEPRINT}, given=Given(values={"stake": "8.00 GBP"})).plan
    assert by_hand is not None
    assert str(by_hand.orders[0].stake) == "8.00 GBP"


def test_what_is_no_longer_kept_from_signals_is_another_plan() -> None:
    """With the default that it was given: today it bets the same, and the next signal may have it bet more."""
    kept, open_ = (
        check(f"{USES}  cap: 9.00 GBP\n{more}", SITE, files={"b.yaml": BLUEPRINT_WITH_STAKE}, given=TO_COME)
        for more in ("  stake: 2.00 GBP\n", "")
    )
    assert kept.plan is not None
    assert open_.plan is not None
    assert kept.plan.digest != open_.plan.digest
    told = diff(kept.plan, open_.plan, filled_in=(kept.filled_in, open_.filled_in))
    assert "stake under `with`" in told[0].text
    assert "worst loss 2.00 -> 9.00 GBP" in [one.text for one in told]
