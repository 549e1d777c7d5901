"""A run in one line, and fallback steps in words: what people read first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from planrunner.model.events import MarketSettled, OrderReported, Outcome, StopRequested
from planrunner.model.odds import decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import AfterPlacing, Cancel, Condition, Hedge, If, TellOwner
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

WON_OR_NOT = "+17.20 GBP if Arsenal wins, -8.00 GBP if not, before commission"
HEDGED = {
    "hedged": "Hedged: laid 8.05 GBP at 3.03; +0.57 GBP if Arsenal wins, +0.55 GBP if not, before commission. Profit 0.52 GBP "
    "after 0.03 GBP commission",
    "not-hedged-in-full": f"Hedged in part: laid 2.00 GBP at 3.40 (its time was over); {WON_OR_NOT}",
    "looked-first": "the rest was not placed, because a condition did not hold",
}


def told(stage: Stage) -> Story:
    return tell(info(), stage.records)


@pytest.mark.parametrize("scene", LINES)
def test_headline(scene):
    assert told(SCENES[scene]()).headline == LINES[scene]


@pytest.mark.parametrize("scene", HEDGED)
def test_it_ends_with_what_is_secured_and_with_what_kept_an_order_away(scene):
    assert told(SCENES[scene]()).headline.endswith(HEDGED[scene])


def hedge_after(seconds: int) -> Stage:
    """10.00 matched at 3.20, the hedge asked for after so many seconds."""
    action = Hedge(no_worse_than=decimal_odds("3.40"), for_at_most=timedelta(minutes=2))
    step = fallback("hedge green_up", AfterPlacing(delay=timedelta(seconds=seconds)), action, 24)
    return Stage(program(order(fallback=(step,)), order("chelsea", "Chelsea"))).start().accept().accept("chelsea")


def test_a_hedge_that_was_stopped_before_it_began_is_told():
    stage = hedge_after(30).match("4.00", "3.2").go_to(30)
    stage.say(StopRequested(at=stage.now, text="Ctrl-C"))
    stage.confirm_cancel().confirm_cancel("chelsea")
    assert told(stage).headline.endswith(
        "Not hedged: nothing was laid (the run was stopped (Ctrl-C)); "
        "+8.80 GBP if Arsenal wins, -4.00 GBP if not, before commission"
    )


def test_a_hedge_of_bets_that_were_voided_is_told_as_what_it_is():
    """Before it was placed there is nothing to hedge; afterwards it stands alone."""
    early, late = hedge_after(30).match("10.00", "3.2").go_to(30), hedge_after(30).match("10.00", "3.2").go_to(30)
    nothing = {"matched": Decimal(0), "voided": Decimal("10.00")}
    early.report(**nothing).book("3.0", "3.2")
    assert told(early).headline.endswith("Not hedged: nothing was left to hedge")
    late.book("3.0", "3.2").accept("arsenal/hedge").match("10.00", "3.2", "arsenal/hedge").report(**nothing)
    assert told(late).headline.endswith(
        "Hedged too much: laid 10.00 GBP at 3.20; -22.00 GBP if Arsenal wins, +10.00 GBP if not, before commission"
    )
    assert told(late).orders[0].loss_after == Decimal("22.00")
    assert told(late).alerts[-1].text.startswith("10.00 of 10.00 GBP laid on Arsenal as a hedge hedges nothing")


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


def test_a_corrected_result_takes_the_place_of_the_wrong_one_and_says_so():
    stage = Stage(program(order())).start().accept().go_to(10).match("10.00", "3.2")
    stage.settle([(stage.ref(), Outcome.WON, "22.00")], "1.10").go_to(60)
    stage.settle([(stage.ref(), Outcome.LOST, "-10.00"), (stage.ref(), Outcome.LOST, "-10.00")], "0.00")
    story = told(stage)
    assert story.headline.endswith("Loss 10.00 GBP")
    assert [(bet.outcome, bet.profit) for bet in story.settlement.bets] == [(Outcome.LOST, Decimal(-10))]
    (first, second) = [one.text for one in story.happenings if one.text.startswith("bet ")]
    assert first.endswith("won: +22.00 GBP")
    assert second.endswith("lost: -10.00 GBP; the result was corrected, and it had been won: +22.00 GBP")


def test_a_dead_heat_is_told_by_what_was_paid():
    stage = Stage(program(order())).start().accept().go_to(10).match("10.00", "3.2")
    stage.settle([(stage.ref(), Outcome.WON, "6.00")], "0.30")
    assert [bet.result for bet in told(stage).settlement.bets] == ["won in part, as in a dead heat"]


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
