"""Inputs, blueprints and markets: how gaps are filled, and where problems are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from planrunner.model.market import Market, MarketId, Selection, SelectionId
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.pipeline import Checked
from tests.plan.checking import PLAN, changed, check

BLUEPRINT = """\
planrunner: 1
blueprint: Back a team, chase the market down
about: What ${stake} is for, in words.
inputs:
  team:
    type: text
  odds:
    type: odds
    at_least: 2.00
  stake:
    type: money
    default: 5.00 GBP
    at_most: 20.00 GBP
  patience:
    type: duration
    default: 30s
  times:
    type: whole_number
    default: 5
  side:
    type: choice
    choices: [back, lay]
    default: back
limits:
  max_loss: ${stake}
orders:
  - name: chase
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: ${team}
    side: ${side}
    odds: ${odds}
    stake: ${stake}
    expires_before_start: 1m
    fallback:
      - every: ${patience}
        reprice: 1 tick
        no_worse_than: ${(odds * 0.9) | round_to_tick}
        at_most: ${times} times
"""
USING = """\
planrunner: 1
plan: Back Arsenal
use_blueprint: blueprints/chase.yaml
with:
  team: Arsenal
  odds: 3.10
"""
FILES = {"blueprints/chase.yaml": BLUEPRINT}


def using(*changes: tuple[str, str], blueprint: str = BLUEPRINT, given: Given = NOTHING_GIVEN) -> Checked:
    return check(
        changed(*changes, plan=USING), files={"blueprints/chase.yaml": blueprint, "in.yaml": "stake: 6.00 GBP\n"}, given=given
    )


def places(checked: Checked) -> list[tuple[str, int, int, str]]:
    return [(one.file, one.line, one.column, one.code) for one in checked.problems]


# Blueprints


def test_a_blueprint_filled_in_is_the_plan_written_out() -> None:
    filled, plain = using().plan, check(changed(
        ("max_loss: 25.00", "max_loss: 5.00"), ("stake: 25.00", "stake: 5.00"),
        ("no_worse_than: 2.90", "no_worse_than: 2.78\n        at_most: 5 times"),
        ("name: arsenal", "name: chase"), ("      - if: suspended\n        alert: The market is suspended\n", ""),
        ("plan: Back Arsenal, chase down to 2.90", "plan: Back Arsenal"),
    )).plan  # fmt: skip
    assert filled is not None
    assert plain is not None
    assert filled.digest == plain.digest


def test_the_same_file_is_read_from_the_folder_of_the_plan() -> None:
    files = {f"plans/{name}": text for name, text in FILES.items()}
    assert check(USING, name="plans/plan.yaml", files=files).plan is not None


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../chase.yaml",
        "blueprints/../../chase.yaml",
        "..",
        "~/chase.yaml",
        "blueprints//chase.yaml",
        "./../x.yaml",
    ],
)
def test_a_plan_names_no_file_outside_its_folder(name: str) -> None:
    assert places(using(("blueprints/chase.yaml", name))) == [("", 3, 16, "PR217")]


def test_a_bad_value_is_told_where_it_is_given_and_a_bad_template_in_the_blueprint() -> None:
    both = using(("3.10", "3.11"), blueprint=BLUEPRINT.replace("${patience}", "${patince}"))
    assert places(both) == [("", 6, 9, "PR402"), ("blueprints/chase.yaml", 37, 18, "PR326")]


def test_what_is_wrong_in_the_blueprint_is_shown_with_its_line() -> None:
    told = using(blueprint=BLUEPRINT.replace("market: Match", "markt: Match")).told()
    assert told.startswith(
        "blueprints/chase.yaml:30:5: error PR201: `markt` is not a key of an order.\n  30 |     markt: Match Odds\n"
    )


def test_a_default_off_the_venues_ladder_is_told_at_the_default() -> None:
    text = BLUEPRINT.replace("    at_least: 2.00", "    default: 3.11").replace(
        "team:\n    type: text", "team:\n    type: text\n    default: A"
    )
    assert places(check(text)) == [("", 10, 14, "PR402")]


def test_a_blueprint_by_itself_names_the_inputs_it_needs_and_nothing_that_follows() -> None:
    assert places(check(BLUEPRINT)) == [("", 5, 3, "PR329"), ("", 7, 3, "PR329")]
    assert check(BLUEPRINT, given=Given(values={"team": "Arsenal", "odds": "3.10"})).plan is not None


# Values


def stake_of(checked: Checked) -> str:
    assert checked.plan is not None
    return str(checked.plan.orders[0].stake)


def test_set_comes_before_the_file_before_with_before_the_default() -> None:
    said = ("odds: 3.10", "odds: 3.10\n  stake: 7.00 GBP")
    assert stake_of(using()) == "5.00 GBP"
    assert stake_of(using(said)) == "7.00 GBP"
    assert stake_of(using(said, given=Given(file="in.yaml"))) == "6.00 GBP"
    assert stake_of(using(said, given=Given(values={"stake": "8.00 GBP"}, file="in.yaml"))) == "8.00 GBP"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("stake", "20.01 GBP", "PR330"), ("stake", "5 quid", "PR207"), ("stake", "5.00 EUR", "PR327"),
        ("stake", "5.005 GBP", "PR207"),
        ("odds", "1.99", "PR330"), ("odds", "-110", "PR330"), ("odds", "5/2", "PR206"), ("patience", "90", "PR208"),
        ("times", "2.5", "PR330"),
        ("patience", "999d", "PR208"), ("times", "x", "PR330"), ("side", "bcak", "PR205"), ("team", "", "PR330"),
        ("team", "${odds}", "PR220"),
        ("team", "a\u202eb", "PR103"), ("tem", "Arsenal", "PR330"), ("times", "0", "PR211"),
    ],
)  # fmt: skip
def test_a_value_is_judged_by_its_input_and_told_where_it_was_given(name: str, value: str, code: str) -> None:
    found = using(given=Given(values={name: value})).problems
    assert [one.code for one in found] == [code]
    assert found[0].file == ("--set" if name != "times" or value != "0" else "blueprints/chase.yaml")


def test_a_plan_may_have_inputs_of_its_own_but_its_limits_are_written() -> None:
    inputs = "inputs:\n  stake:\n    type: money\n    default: 10.00 GBP\nlimits:"
    text = changed(("limits:", inputs), ("stake: 25.00 GBP", "stake: ${stake}"))
    assert stake_of(check(text)) == "10.00 GBP"
    assert stake_of(check(text, given=Given(values={"stake": "25.00 GBP"}))) == "25.00 GBP"
    assert [one.code for one in check(text, given=Given(values={"stake": "25.01 GBP"})).problems] == ["PR303"]
    assert [one.code for one in check(text.replace("max_loss: 25.00 GBP", "max_loss: ${stake}")).problems] == ["PR220"]


# Markets

FOR_EACH_MARKET = """\
for_each_market:
  venue: betfair
  sport: Horse Racing
  market: Win
orders:"""
RACES = changed(
    ("orders:", FOR_EACH_MARKET), ("max_loss: 25.00 GBP", "max_loss: 75.00 GBP\n  max_orders: 3"),
    ("    event: Arsenal v Chelsea\n    market: Match Odds\n    selection: Arsenal\n", "    favourite: 1\n"),
    ("alert: The market is suspended", 'alert: "${market.meeting} ${market.start}: suspended"'),
)  # fmt: skip
NOON = datetime(2026, 7, 4, 12, tzinfo=UTC)


def races(count: int, *, runners: int = 2) -> Sequence[Market]:
    """Listed in no order of time."""
    some = tuple(Selection(id=SelectionId(str(n)), name=f"Runner {n}") for n in range(runners))
    return [
        Market(id=MarketId(f"1.{n}"),
               name="Win", fixture=f"Race {n}", meeting="Bath", sport="Horse Racing", country="GB", ladder="CLASSIC",
               start=NOON + timedelta(minutes=30 * (n * 7 % count)), selections=some)
        for n in range(count)
    ]  # fmt: skip


def test_before_the_markets_are_known_the_orders_are_those_of_one_and_bounded_by_max_orders() -> None:
    plan = check(RACES).plan
    assert plan is not None
    assert plan.per_market is not None
    assert [one.name for one in plan.orders] == ["arsenal"]
    assert [one.code for one in check(RACES.replace("75.00 GBP", "74.99 GBP")).problems] == ["PR303"]
    assert [one.code for one in check(RACES.replace("\n  max_orders: 3", "")).problems] == ["PR332"]


def test_the_orders_of_known_markets_are_numbered_by_start() -> None:
    plan = check(RACES.replace("limits:", "time_zone: Europe/London\nlimits:"), markets=races(3)).plan
    assert plan is not None
    told = [(one.name, one.target.market_id, one.fallback[-1].text) for one in plan.orders]
    assert told == [
        ("arsenal#1", "1.0", "if suspended: alert Bath 13:00: suspended"),
        ("arsenal#2", "1.1", "if suspended: alert Bath 13:30: suspended"),
        ("arsenal#3", "1.2", "if suspended: alert Bath 14:00: suspended"),
    ]
    assert [one.code for one in check(RACES.replace("75.00", "100.00"), markets=races(4)).problems] == ["PR306"]


def test_what_only_a_market_makes_wrong_is_told_at_the_template_with_the_market() -> None:
    text = RACES.replace("favourite: 1", "favourite: ${market.runners}")
    assert check(text).plan is not None
    (told,) = check(text, markets=races(2, runners=0)).problems
    assert (told.line, told.code, told.note) == (
        15,
        "PR211",
        "`${market.runners}` is `0` in Race 0, Win, and so it is 1 time more",
    )


def test_a_plan_without_gaps_is_what_it_was() -> None:
    checked = check(PLAN)
    assert checked.plan is not None
    assert list(checked.texts) == [""]
    assert checked.span("arsenal", "selection").line == 12


def test_a_misspelt_input_is_not_missing_too() -> None:
    checked = using(("  odds: 3.10", "  ods: 3.10"))
    assert places(checked) == [("", 6, 3, "PR330")]
    assert checked.problems[0].did_you_mean == "odds"
