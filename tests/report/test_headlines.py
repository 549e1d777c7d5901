"""A run in one line, and fallback steps in words: what people read first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from planrunner.model.events import MarketSettled, OrderReported, Outcome, StopRequested
from planrunner.model.placement import Sizes
from planrunner.model.plan import AfterPlacing, Cancel, Condition, If, TellOwner
from planrunner.report.project import tell
from planrunner.report.story import Story
from tests.report.scenes import SCENES
from tests.report.stage import BETFAIR, MARKET, Stage, fallback, info, order, program

LINES = {
    "chased-then-cancelled-at-expiry": "7.50 of 10.00 GBP matched at 3.13; the rest was cancelled at 14:31:00. "
    "Profit 15.17 GBP after 0.80 GBP commission",
    "follows-the-best-odds": "10.00 of 10.00 GBP matched at 3.12",
    "lay-kept-in-play": "9.00 of 20.00 GBP matched at 3.40; the rest lapsed at 16:07:20. Loss 21.60 GBP",
    "nothing-matched": "Nothing of 10.00 GBP matched; all of it was cancelled at 14:31:00",
    "several-orders": "11.10 of 25.00 GBP matched in 2 of 4 orders; 3.90 GBP was cancelled at 14:31:00 and "
    "10.00 GBP was not placed",
    "stopped": "3.00 of 10.00 GBP matched at 3.20; the rest was cancelled at 14:29:33",
    "underway": "Not over yet. 2.50 of 10.00 GBP matched at 3.20; the rest is still at the venue",
}


def told(stage: Stage) -> Story:
    return tell(info(), stage.records)


@pytest.mark.parametrize("scene", LINES)
def test_headline(scene):
    assert told(SCENES[scene]()).headline == LINES[scene]


def test_a_run_that_never_started_says_so():
    assert tell(info(), []).headline == "Nothing is written down of this run: it never started"


def test_times_are_told_in_the_zone_of_the_plan():
    stage = Stage(program(order(), zone="America/New_York")).start().accept().go_to(120).confirm_cancel()
    assert told(stage).headline.endswith("cancelled at 09:31:00")
    assert told(stage).run.zone == "America/New_York"


def test_profit_says_so_far_while_a_bet_is_open():
    stage = Stage(program(order(), order("chelsea", "Chelsea"))).start().accept().accept("chelsea")
    stage.go_to(10).match("10.00", "3.2").match("10.00", "3.2", "chelsea")
    stage.settle([(stage.ref(), Outcome.WON, "22.00")], "1.10")
    assert told(stage).headline.endswith("Profit 20.90 GBP after 1.10 GBP commission so far; 1 bet not settled")


def test_commission_told_twice_counts_once():
    stage = SCENES["chased-then-cancelled-at-expiry"]()
    (again,) = (record.body for record in stage.records if isinstance(record.body, MarketSettled))
    assert again.account == BETFAIR
    assert again.market == MARKET
    before = told(stage).settlement
    stage.say(again)
    assert told(stage).settlement == before


def test_a_void_bet_is_shown_as_void():
    stage = Stage(program(order())).start().accept().go_to(10).match("10.00", "3.2")
    stage.settle([(stage.ref(), Outcome.VOID, "0.00")], "0.00")
    assert told(stage).headline.endswith("Profit 0.00 GBP")
    assert [bet.outcome for bet in told(stage).settlement.bets] == [Outcome.VOID]


def test_an_interrupted_run_ends_with_the_exit_code_of_an_interruption():
    stage = Stage(program(order())).start().accept().go_to(20)
    stage.say(StopRequested(at=stage.now, text="stopped by SIGINT"))
    assert told(stage.confirm_cancel()).run.exit_code == 130


def test_every_fallback_step_says_what_it_did_or_why_not():
    (chased,) = told(SCENES["chased-then-cancelled-at-expiry"]()).orders
    chase, suspended, before_start, expired = chased.steps
    assert [one.text for one in chase.effects] == [
        "moved 7.50 GBP from 3.20 to 3.15",
        "moved 6.25 GBP from 3.15 to 3.10",
        "moved 4.50 GBP from 3.10 to 3.05",
    ]
    assert [one.text for one in suspended.effects] == ["told: The market is suspended"]
    assert before_start.why_not == "the order was over before its time came (expired at 14:31:00)"
    assert [one.text for one in expired.effects] == ["told: Not all of it was matched"]


def test_a_step_whose_moment_came_and_did_not_fit_says_what_it_found():
    partly = If(condition=Condition.UNMATCHED, moment=AfterPlacing(delay=timedelta(seconds=30)))
    never = If(condition=Condition.REJECTED)
    steps = (fallback("if: unmatched", partly, Cancel()), fallback("if: rejected", never, TellOwner(text="no")))
    stage = Stage(program(order(fallback=steps))).start().accept().go_to(10).match("2.00", "3.2").go_to(120).confirm_cancel()
    unmatched, rejected = told(stage).orders[0].steps
    assert (unmatched.fired, unmatched.why_not) == (0, "at that moment 2.00 of 10.00 was matched")
    assert (rejected.fired, rejected.why_not) == (0, "the venue rejected nothing")


def test_a_cancel_step_says_how_much_it_took_back():
    step = fallback("after: 20s: cancel", AfterPlacing(delay=timedelta(seconds=20)), Cancel())
    stage = Stage(program(order(fallback=(step,)))).start().accept().go_to(10).match("4.00", "3.2").go_to(20).confirm_cancel()
    ((cancel,),) = (one.steps for one in told(stage).orders)
    assert [one.text for one in cancel.effects] == ["took back 6.00 GBP"]


def test_a_fact_that_cannot_be_true_is_told_and_what_rests_is_listed_to_be_looked_up():
    stage = Stage(program(order())).start().accept()
    ref, bet = stage.ref(), stage.bet()
    stage.write(OrderReported(at=stage.now, ref=ref, bet=bet, sizes=Sizes(stake=Decimal(12), matched=Decimal(12))))
    story = told(stage)
    assert "a fact can't be true" in story.headline
    assert [one.ref for one in story.unresolved] == [ref]
    assert (story.run.exit_code, story.badge.text) == (5, "needs a person")
