"""The worst loss that a reviewer reads is never exceeded, whatever a venue and a network do; and a rehearsal in which all is
matched comes to that very figure.

The default run has a share of the histories; `pytest -m storm tests/review` has thousands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings

from planrunner.app.preview import Asked, preview_plans
from planrunner.engine.state import State
from planrunner.model.odds import Side
from planrunner.model.plan import LimitOrder, Plan, PlanLimits
from planrunner.model.program import Program
from planrunner.review.explained import WorstLoss
from planrunner.review.loss import tell_loss
from planrunner.review.preview import Preview
from tests.engine.programs import any_program, gbp
from tests.engine.test_hedge_laws import HEDGED, ROUGH, books, profit
from tests.engine.test_laws import SEEDS, STORMS, at_risk_at_the_venue
from tests.engine.twin import Dice, Twin
from tests.faults.course import Course
from tests.faults.plans import written
from tests.faults.storm import weather
from tests.plans.rehearsing import PLANS, ROOT, rehearse

SINCE = datetime(2026, 11, 30, tzinfo=UTC)
# Orders may not be placed at all there, are matched one against the other, or only for as many markets as there are.
NOT_ALL = {"only-if", "every-race", "by-itself/before-each-race"}
CASES = ("usual", "all-match", "half-matches", "nothing-matches", "suspended", "turns-in-play", "reply-lost")


def previewed(file: Path, *, rehearse: bool = False, cases: tuple[str, ...] = (), seed: int = 1) -> Preview:
    asked = Asked(named=[str(file)], since=SINCE, rehearse=rehearse, cases=cases, seed=seed)
    (preview,) = preview_plans(asked, read_stdin=bytes).previews
    return preview


def told_of(program: Program) -> WorstLoss:
    """The worst loss as a preview of these orders has it."""
    orders = tuple(one.order for one in program.orders if one.hedges is None and isinstance(one.order, LimitOrder))
    return tell_loss(Plan(name="any", limits=PlanLimits(max_loss=gbp("100000.00")), orders=orders, digest=""))


def without_limits(program: Program) -> Program:
    """What holds the loss down is then the preview's own arithmetic, and no limit."""
    return replace(program, limits=PlanLimits(max_loss=gbp("100000.00")))


def holds(program: Program, dice: Dice, seed: int) -> None:
    """In the venue's own books, after every step: with all that still stands matched, and whatever wins."""
    told = told_of(program)
    parts = {f"orders.{one.order}": one.amount.amount for one in told.parts}

    def watch(twin: Twin, _: State) -> None:
        assert sum(at_risk_at_the_venue(twin).values()) <= told.total.amount
        for path, part in parts.items():
            mine, hedges = books(twin, path), [held for one in twin.program.orders if one.hedges == path
                                               for held in books(twin, one.path)]  # fmt: skip
            for wins in (True, False):
                for hedge_stands in (True, False):
                    result = sum((profit(one, wins=wins, live=True) for one in mine), Decimal(0))
                    result += sum((profit(one, wins=wins, live=hedge_stands) for one in hedges), Decimal(0))
                    assert -result <= part

    Twin(without_limits(program), Random(seed), dice, watch=watch).play()


@settings(max_examples=25, deadline=None)
@given(any_program(), STORMS, SEEDS)
def test_no_history_loses_more_than_its_preview_says(program, dice, seed):
    holds(program, dice, seed)


@settings(max_examples=15, deadline=None)
@given(HEDGED, ROUGH, SEEDS)
def test_no_history_with_hedges_loses_more_than_its_preview_says(program, dice, seed):
    holds(program, dice, seed)


@pytest.mark.storm
@settings(max_examples=3000, deadline=None)
@given(any_program(), STORMS, SEEDS)
def test_thousands_of_histories_lose_no_more_than_their_previews_say(program, dice, seed):
    holds(program, dice, seed)


@pytest.mark.storm
@settings(max_examples=1500, deadline=None)
@given(HEDGED, ROUGH, SEEDS)
def test_thousands_of_histories_with_hedges_lose_no_more_than_their_previews_say(program, dice, seed):
    holds(program, dice, seed)


def rehearsal_comes_to(plan: str, folder: Path) -> None:
    """A lay may be matched at better odds than those it was allowed, and then risks less."""
    preview = previewed(ROOT / "plans" / f"{plan}.yaml")
    story = rehearse(plan, folder, case="all-match").story
    assert story is not None
    told = preview.told.loss.total.amount
    at_worst = next(one.used for one in story.limits if one.name == "max_loss")
    assert at_worst <= told
    if plan not in NOT_ALL:
        assert story.loss_before == told
        assert at_worst == told or any(one.side is Side.LAY for one in story.orders if one.is_planned)


@pytest.mark.parametrize(
    "plan", ["several-in-one-market", "pools-at-bath", "two-venues/betfair-then-bookmakers", "lay-with-a-cap"]
)
def test_a_rehearsal_where_all_is_matched_risks_what_the_preview_says(plan, tmp_path):
    rehearsal_comes_to(plan, tmp_path)


@pytest.mark.storm
@pytest.mark.parametrize("plan", PLANS)
def test_every_sample_where_all_is_matched_risks_what_its_preview_says(plan, tmp_path):
    rehearsal_comes_to(plan, tmp_path)


def any_plan(seed: int) -> str:
    """Backs and lays on the contest of the practice world, that come towards the market, hedge or are given up."""
    dice = Random(f"plan {seed}")
    orders = [_any_order(dice, number) for number in range(dice.randint(1, 4))]
    return f"planrunner: 1\nplan: Any plan {seed}\nlimits:\n  max_loss: 5000.00 GBP\n  max_orders: 20\norders:\n{''.join(orders)}"


def _any_order(dice: Random, number: int) -> str:
    side, selection = dice.choice(("back", "lay")), dice.choice(("Arsenal", "Chelsea", "The Draw"))
    odds, stake = dice.choice(("2.00", "2.62", "3.10", "4.0", "6.0")), f"{dice.randint(500, 6000) / 100:.2f}"
    lines = [
        f"  - name: order {number}", "    venue: betfair", "    event: Arsenal v Chelsea", "    market: Match Odds",
        f"    selection: {selection}", f"    side: {side}", f"    odds: {odds}", f"    stake: {stake} GBP",
        f"    {dice.choice(('expires_before_start: 1m', 'expires_after: 90s', 'expires_after: 10m'))}",
    ]  # fmt: skip
    worst = {"back": "1.50", "lay": "8.0"}[side]
    if side == "lay":
        lines.append("    liability_at_most: 420.00 GBP")
    match dice.randrange(4):
        case 0:
            lines += ["    fallback:", "      - every: 10s", f"        reprice: {dice.randint(1, 4)} ticks",
                      f"        no_worse_than: {worst}"]  # fmt: skip
        case 1:
            lines += ["    fallback:", "      - after: 30s", "        reprice: best", f"        no_worse_than: {worst}"]
        case 2:
            hedge = {"back": "9.0", "lay": "1.30"}[side]
            lines += ["    fallback:", "      - after: 45s", "        hedge: green_up", f"        no_worse_than: {hedge}",
                      "        for_at_most: 30s"]  # fmt: skip
        case _:
            pass
    return "".join(f"{line}\n" for line in lines).replace("1 ticks", "1 tick")


def rehearsals_hold(seeds: range, folder: Path) -> None:
    for seed in seeds:
        file = folder / f"{seed}.yaml"
        file.write_text(any_plan(seed), encoding="utf-8")
        preview = previewed(file, rehearse=True, cases=(CASES[seed % len(CASES)],), seed=seed)
        for one in preview.rehearsed:
            assert not one.trouble, (seed, one.trouble)
            assert one.at_worst is not None
            assert one.at_worst <= preview.told.loss.total, seed
            assert one.result == "" or -Decimal(one.result.split()[0]) <= preview.told.loss.total.amount, seed


def test_no_rehearsal_of_any_plan_risks_more_than_its_preview_says(tmp_path):
    rehearsals_hold(range(3), tmp_path)


@pytest.mark.storm
def test_hundreds_of_rehearsals_risk_no_more_than_their_previews_say(tmp_path):
    rehearsals_hold(range(1000, 1400), tmp_path)


def storms_hold(seeds: range, folder: Path) -> None:
    """Faults of the line and the venue, and kills; the venue's own log tells what was at risk."""
    files = written(folder)
    for seed in seeds:
        now = weather(seed)
        course = Course(folder / str(seed), files[now.plan], now.scenario, faults=now.faults, seed=seed)
        course.folder.mkdir()
        course.run(*now.kills)
        assert course.most_at_risk() <= previewed(files[now.plan]).told.loss.total.amount, (seed, now.plan)


def test_no_storm_risks_more_than_the_preview_says(tmp_path):
    storms_hold(range(4), tmp_path)


@pytest.mark.storm
def test_hundreds_of_storms_risk_no_more_than_the_previews_say(tmp_path):
    storms_hold(range(5000, 5400), tmp_path)
