"""How a plan is told: the sum of its worst loss, the limit that binds, steps in order of time, odds for a back and for a lay."""

from __future__ import annotations

import json
import re

import pytest

from planrunner.cli.main import run
from planrunner.model.odds import Side
from planrunner.plan.scalars import odds
from planrunner.review.text import as_text
from planrunner.review.words import limit_odds
from tests.plan.checking import changed
from tests.plan.test_tickets import ROUTED, TICKET
from tests.review.telling import TWO, in_words, tell

# The steps of the plan these tests change.
CHASE = """\
      - every: 30s
        reprice: 1 tick
        no_worse_than: 2.90
"""
ALERT = """\
      - if: suspended
        alert: The market is suspended
"""
MIXED = """\
      - if: expired
        alert: over
      - if: in_play
        keep: in_play
      - before_start: 2m
        alert: two minutes to go
      - after: 1m
        alert: a minute after placing
      - if: rejected
        alert: not taken
      - after_start: 1m
        alert: a minute played
"""
FOUR_MOVES = """\
      - after: 30s
        reprice: 2 ticks
        no_worse_than: 2.90
      - after: 1m
        reprice: 1%
        no_worse_than: 2.90
      - after: 2m
        reprice: best
        no_worse_than: 2.80
      - after: 3m
        reprice: 1 tick
        no_worse_than: 2.70
"""
HEDGE = """\
      - before_start: 2m
        hedge: green_up
        no_worse_than: 3.20
        for_at_most: 2m
"""

PICKS = """\
planrunner: 1
plan: Picks
limits:
  max_loss: 100.00 GBP
  max_orders: 50
for_each:
{rows}orders:
  - name: pick
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: ${{row.selection}}
    side: back
    odds: 3.10
    stake: 2.00 GBP
    expires_after: 5m
"""
EVERY_RACE = """\
planrunner: 1
plan: Every favourite
time_zone: Europe/London
limits:
  max_loss: 24.00 GBP
  max_orders: 7
for_each_market:
  venue: betfair
  sport: Horse Racing
  country: GB
  meetings: [Ascot, Bath]
  market: Win
  starts_after: 12:00
orders:
  - name: first
    venue: betfair
    favourite: 1
    side: lay
    odds: 3.00
    stake: 2.00 GBP
    liability_at_most: 4.00 GBP
    expires_before_start: 0s
    fallback:
      - before_start: 1m
        hedge: green_up
        no_worse_than: 2.00
        for_at_most: 1m
"""


def test_the_worst_loss_is_a_sum_that_can_be_followed():
    assert (
        "10.00 GBP (stake of arsenal) + 21.00 GBP (liability of draw: 10.00 x (3.10 - 1)) = 31.00 GBP, of at most 35.00 GBP."
        in in_words(TWO)
    )


def test_a_cap_above_the_need_is_counted_and_the_need_told():
    text = changed(("liability_at_most: 21.00 GBP", "liability_at_most: 25.00 GBP"), plan=TWO)
    assert "25.00 GBP (liability_at_most of draw, of which 10.00 x (3.10 - 1) = 21.00 GBP can be needed) = 35.00 GBP" in in_words(
        text
    )


def test_a_lay_is_weighed_at_the_worst_odds_it_may_be_moved_to():
    moved = "    fallback:\n      - after: 1m\n        reprice: best\n        no_worse_than: 3.50\n"
    text = changed(("liability_at_most: 21.00 GBP", "liability_at_most: 25.00 GBP"), plan=TWO) + moved
    assert "25.00 GBP (liability of draw: 10.00 x (3.50 - 1))" in in_words(text)
    assert "or loses 21.00 GBP at 3.10, or 25.00 GBP at 3.50" in in_words(text)


def test_the_limit_that_is_used_most_binds():
    told = tell(TWO)
    assert [one.name for one in told.limits if one.binds] == ["liability_at_most of draw"]
    higher = changed(("liability_at_most: 21.00 GBP", "liability_at_most: 23.00 GBP"), plan=TWO)
    assert tell(higher).binding == "`max_loss` of the plan binds first: 94 % used, 2.00 GBP left."


def test_a_count_that_is_used_up_is_told_beside_the_limit_that_binds():
    text = changed(("max_loss: 35.00 GBP", "max_loss: 35.00 GBP\n  max_orders: 2"), plan=TWO)
    assert tell(text).binding.endswith("no stake can be raised. `max_orders` of the plan is used in full: no order can be added.")
    assert "max_orders" not in tell(text.replace("max_orders: 2", "max_orders: 3")).binding
    assert "max_orders" not in tell(EVERY_RACE.replace("max_orders: 7", "max_orders: 6")).binding


ON_A_LINE = ("selection: Arsenal", "selection: Arsenal\n    line: +1.5")


def test_on_a_line_the_rungs_are_known_when_the_market_is():
    (order,) = tell(changed(ON_A_LINE)).orders
    assert order.bet.startswith("Back Arsenal (line 1.5) in Match Odds")
    (move,) = [point for point in order.points if "is moved" in point.what]
    assert move.rungs == ()
    assert move.what.endswith("depends on the ladder of the market, which is known when it is found")


@pytest.mark.parametrize(
    ("text", "side", "told"),
    [
        ("3.10", Side.BACK, "3.10 or higher"),
        ("3.10", Side.LAY, "3.10 or lower"),
        ("+120", Side.BACK, "+120 or higher (decimal 2.20)"),
        ("-110", Side.LAY, "-110 or lower (decimal 1.91)"),
        ("65%", Side.BACK, "65% or lower (decimal 1.54)"),
        ("65%", Side.LAY, "65% or higher (decimal 1.54)"),
        ("120.0", Side.BACK, "120.0 or higher"),
    ],
)
def test_a_limit_on_odds_is_told_for_its_side(text, side, told):
    assert limit_odds(odds(text), side) == told


def test_steps_are_told_in_order_of_time_and_the_ending_among_them():
    placed = ("expires_before_start: 1m", "place_before_start: 10m\n    expires_after_start: 5m")
    text = changed(placed, (CHASE + ALERT, MIXED))
    (order,) = tell(text).orders
    assert order.in_order
    assert [point.when for point in order.points] == [
        "if the venue rejects it", "1 minute after it is placed", "2 minutes before the start", "if the market turns in-play",
        "1 minute after the start", "5 minutes after the start", "once what was left is cancelled",
    ]  # fmt: skip
    assert order.points[-2].what == "it ends, and what is unmatched is cancelled"


def test_a_reprice_is_told_from_the_rung_where_the_one_before_leaves_the_order():
    text = changed((CHASE, FOUR_MOVES))
    ladders = [point.rungs for point in tell(text).orders[0].points if point.when.endswith("after it is placed")]
    assert ladders == [("3.10", "3.00"), ("3.00", "2.98"), (), ()]


def test_a_hedge_is_told_with_what_it_leaves_at_the_worst():
    text = changed((ALERT, HEDGE))
    assert "would at the worst be a lay of 24.21 GBP at 3.20, which leaves at least -0.79 GBP before commission" in in_words(text)


def test_a_hedge_at_the_ending_has_nothing_left_to_cancel():
    text = changed((ALERT, HEDGE.replace("before_start: 2m", "if: expired")))
    assert "once what was left is cancelled: what was matched is hedged" in in_words(text).lower()


def test_rows_of_a_table_are_told_shortly_and_with_all_in_full():
    rows = "".join(f"  - selection: Runner {number}\n" for number in range(1, 21))
    text = PICKS.format(rows=rows)
    short, full = in_words(text), in_words(text, everything=True)
    assert "pick#1 Back Runner 1 in Match Odds" in short
    assert "pick#2: back Runner 2 in Match Odds of Arsenal v Chelsea, 2.00 GBP at 3.10 or higher; ends 5 minutes after" in short
    assert "... and 16 more rows; --all tells every one of them in full." in short
    assert "+ 32.00 GBP (16 more orders) = 40.00 GBP" in short
    assert all(f"pick#{number} Back Runner {number} in" in full for number in range(1, 21))


def test_a_plan_for_every_market_is_told_in_words_and_counted_for_as_many_as_there_is_room():
    told = in_words(EVERY_RACE)
    assert "1 order and 1 hedge for each market, on the account betfair" in told
    assert "for every Win market of Horse Racing in GB, at Ascot or Bath, that starts on the day of the run" in told
    assert "after 12:00 (Europe/London)" in told
    assert "`max_orders: 7` has room for 3 markets, and if there are more, nothing is placed." in told
    assert "12.00 GBP (3 markets x 4.00 GBP, liability of first: 2.00 x (3.00 - 1)) = 12.00 GBP" in told


@pytest.mark.parametrize("width", [40, 72, 100])
def test_lines_are_no_wider_than_asked_for(width):
    for line in as_text(tell(TWO), width=width).splitlines():
        assert len(line) <= width or not re.search(r"\S \S", line.strip())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "good.yaml").write_text(TWO)
    (tmp_path / "bad.yaml").write_text(changed(("side: lay", "side: lya"), plan=TWO))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_plan_with_problems_prints_them_as_check_does(folder, capsys):
    assert run(["check", "bad.yaml"]) == 1
    told = capsys.readouterr().out
    assert run(["explain", "bad.yaml"]) == 1
    assert capsys.readouterr().out == told


@pytest.mark.parametrize("code", ["PR206", "pr206"])
def test_a_code_is_explained_with_its_examples(folder, code, capsys):
    assert run(["explain", code]) == 0
    told = capsys.readouterr().out
    assert told.startswith("PR206: odds in a form planrunner does not read\n")
    assert "    odds: 5/2\n" in told
    assert "    odds: 3.50\n" in told


@pytest.mark.parametrize("what", ["PR999", "PR2", "nowhere.yaml", "."])
def test_what_is_neither_a_plan_nor_a_code_is_wrong_use(folder, what, capsys):
    assert run(["explain", what]) == 2
    assert capsys.readouterr().out == ""


def test_json_has_the_same_sentences(folder, capsys):
    assert run(["explain", "good.yaml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["worst_loss"]["total"] == "31.00 GBP"
    assert document["orders"][1]["bet"] == tell(TWO).orders[1].bet


def test_a_ticket_is_told_bet_by_bet_with_its_lines_and_what_becomes_of_a_refusal() -> None:
    told = in_words(TICKET)
    for words in (
        "1 ticket of 3 bets, on the account tote (UK Tote, GBP, sandbox). At most 14.00 GBP can be lost.",
        "placed together in one request, 10 minutes before the first race, also when the venue moves that.",
        "bath/1: exacta in race 3 on 4, 6 and 10 in any order: 6 lines of 1.00 GBP, which is 6.00 GBP. The lines are 4 - 6,",
        "bath/3: place in the 13:40 race (Europe/London) on Miss Dolly Rocker: 1 line of 4.00 GBP.",
        "Reserves, should a runner not run: 2, then 5.",
        "If the pool refuses a bet: that bet is placed once more",
        "6.00 GBP (exacta of bath: 6 lines of 1.00 GBP) + 4.00 GBP (win of bath: 1 line of 4.00 GBP)",
    ):
        assert words in told


def test_lines_that_are_many_are_counted_only() -> None:
    text = TICKET.replace("[4, 6, 10]", "[1, 2, 3, 4, 5]").replace("14.00 GBP", "28.00 GBP")
    assert "20 lines of 1.00 GBP, which is 20.00 GBP. - bath/2" in in_words(text)


def test_a_router_is_told_with_its_bookmakers_and_what_its_odds_hold_for() -> None:
    told = in_words(ROUTED)
    assert (
        "OddsPapi ABP takes it to pinnacle and vertex only; better odds are not taken. Each of them gets one bet at most." in told
    )
    assert "OddsPapi ABP is told when it ends and ends it by itself" in told
    assert "The odds of 3.10 hold for the average of what is matched" in told
    alone = ROUTED.replace("[pinnacle, vertex]", "[pinnacle]").replace("    odds_hold_for: average\n", "")
    assert "One bet there takes all of 10.00 GBP or none is made, so its odds keep the limit." in in_words(alone)
