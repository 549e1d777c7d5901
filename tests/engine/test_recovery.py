"""The worst moments, told fact by fact. Each of these once went wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from planrunner.engine.state import OrderEnd, Phase
from planrunner.model.commands import Ended, FinishRun, PlaceOrders, QueryBook
from planrunner.model.events import (
    BookChanged,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunResumed,
    StopRequested,
    TimerFired,
)
from planrunner.model.market import BetId, MarketId, MarketStatus, SelectionId
from planrunner.model.odds import decimal_odds
from planrunner.model.placement import PlacementStatus, Sizes
from planrunner.model.plan import AfterPlacing, At, BeforeStart, Cancel, Condition, If, OrderType, Reprice, TellOwner, ToBest
from planrunner.model.program import BY_THE_CLOCK
from tests.engine.programs import back, chase, fallback, program
from tests.engine.test_fallback import Story
from tests.engine.twin import T0

D = Decimal
HOUR = timedelta(hours=1)


def unresolved(story: Story) -> None:
    """Its answer is lost, and it never shows up."""
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    for _ in range(40):
        story.wait(5)
        if story.order.end is OrderEnd.UNRESOLVED:
            return
        story.hear(OrderNotFound(at=story.at, ref=story.ref))
    raise AssertionError("it does not give up")


def test_after_downtime_an_ending_goes_before_a_placing() -> None:
    story = Story(back(place=BeforeStart(delay=timedelta(minutes=5)), ending=BeforeStart(delay=timedelta(minutes=1))))
    story.at = T0 + HOUR
    due = story.state.timers["place:orders.arsenal"]
    story.hear(TimerFired(at=story.at, name="place:orders.arsenal", due=due))
    assert story.order.end is OrderEnd.NOT_PLACED


def test_a_run_that_begins_too_late_does_not_place() -> None:
    early = Story(back(place=At(at=T0 - timedelta(seconds=30)), ending=AfterPlacing(delay=HOUR)))
    assert "PlaceOrders" in early.kinds()
    late = Story(back(place=At(at=T0 - HOUR), ending=AfterPlacing(delay=HOUR)))
    assert late.order.end is OrderEnd.NOT_PLACED


def test_a_report_of_an_earlier_rung_does_not_reopen_what_is_unresolved() -> None:
    order = back(ending=AfterPlacing(delay=10 * HOUR), fallback=(chase(floor="3.0"),))
    story = Story(program_=program(order, back("other", ending=AfterPlacing(delay=10 * HOUR)), window=None))
    story.accept(matched="4")
    story.wait(20)
    story.cancelled(matched="4", cancelled="6")
    first = story.order.refs[0]
    unresolved(story)
    story.hear(OrderReported(at=story.at, ref=first, bet=BetId(f"bet of {first}"), sizes=story.state.placements[first].sizes))
    assert (story.order.phase, story.order.end) == (Phase.DONE, OrderEnd.UNRESOLVED)


def test_what_shows_up_after_a_stop_is_taken_back() -> None:
    order = back(ending=AfterPlacing(delay=10 * HOUR))
    story = Story(program_=program(order, back("other", ending=AfterPlacing(delay=10 * HOUR)), window=None))
    other = story.state.orders["orders.other"].ref
    assert other is not None
    story.hear(OrderReported(at=story.at, ref=other, bet=BetId("o"), sizes=Sizes(stake=D(10))))
    unresolved(story)
    story.hear(StopRequested(at=story.at, text="stop"))
    story.report()
    assert "CancelOrder" in story.kinds()


def test_in_play_in_the_moment_of_opening_meets_an_order_that_is_just_leaving() -> None:
    steps = (fallback(If(condition=Condition.IN_PLAY), Cancel()),)
    story = Story(back(place=BeforeStart(delay=timedelta(minutes=5)), ending=BeforeStart(delay=timedelta(0)), fallback=steps))
    story.market(MarketStatus.SUSPENDED)
    story.wait(301)
    story.market(MarketStatus.OPEN, in_play=True)
    assert "PlaceOrders" in story.kinds()
    story.accept()
    assert "CancelOrder" in story.kinds()


def test_a_second_attempt_rejected_after_the_first_was_adopted_is_no_contradiction() -> None:
    story = Story(back())
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    story.wait(3)
    story.hear(OrderNotFound(at=story.at, ref=story.ref, since_sent=timedelta(seconds=3)))
    story.report(matched="1")
    story.hear(OrderRejected(at=story.at, ref=story.ref, reason="TOO_MANY_REQUESTS", text="later"))
    assert story.state.placements[story.ref].status is PlacementStatus.EXECUTABLE


def test_a_refused_bet_that_is_also_listed_as_lapsed_stays_refused() -> None:
    story = Story(back())
    story.hear(OrderRejected(at=story.at, ref=story.ref, reason="BET_TAKEN_OR_LAPSED", text="lapsed"))
    story.report(lapsed="10")
    assert story.order.end is OrderEnd.REJECTED


def test_what_somebody_else_took_back_is_not_placed_again() -> None:
    story = Story(back(ending=AfterPlacing(delay=HOUR), fallback=(chase(),)))
    story.accept()
    story.report(cancelled="5")
    story.wait(20)
    story.cancelled(cancelled="10")
    assert story.placed() == (D("3.0"), D(5))
    assert story.order.moved == 5


def test_what_never_left_holds_nothing_and_is_no_success() -> None:
    story = Story(back())
    heard = []
    for attempt in range(1, 9):
        heard += story.hear(OrderNotSent(at=story.at, ref=story.ref, attempt=attempt, text="connection refused"))
        heard += story.wait(30)
    assert (story.order.end, story.state.risk_held) == (OrderEnd.NOT_PLACED, 0)
    assert [one.ended for one in heard if isinstance(one, FinishRun)] == [Ended.NOTHING_PLACED]


def test_an_order_meant_for_now_is_not_sent_when_the_network_is_back_much_later() -> None:
    story = Story(back(type=OrderType.FILL_OR_KILL, ending=None))
    story.at += timedelta(minutes=2)
    story.hear(OrderNotSent(at=story.at, ref=story.ref, attempt=1, text="connection refused"))
    assert story.order.end is OrderEnd.NOT_PLACED


def test_the_odds_on_offer_are_asked_for_again_when_no_answer_comes_and_forgotten_when_nobody_wants_them() -> None:
    by = Reprice(by=ToBest(), no_worse_than=decimal_odds("2.5"))
    story = Story(back(fallback=(fallback(AfterPlacing(delay=timedelta(seconds=30)), by),)))
    story.accept()
    story.wait(30)
    assert isinstance(story.only(QueryBook), QueryBook)
    story.wait(10)
    assert isinstance(story.only(QueryBook), QueryBook)
    offer = (D("2.9"), D(9))
    book = BookChanged(at=story.at, market=MarketId("1.0"), selection=SelectionId("1"), handicap=D(0), back=offer, lay=None)
    story.hear(book)
    assert "CancelOrder" in story.kinds()
    story.report(matched="10")
    assert story.hear(book) == []


def test_a_stopped_run_names_what_a_silent_venue_did_not_confirm() -> None:
    story = Story(back(ending=AfterPlacing(delay=HOUR)))
    story.accept()
    story.hear(StopRequested(at=story.at, text="stop"))
    heard = story.wait(301)
    assert [one.ended for one in heard if isinstance(one, FinishRun)] == [Ended.UNRESOLVED]
    assert story.ref in (story.order.reason or "")


def test_a_step_that_acted_does_not_act_again_when_the_request_is_sent_again() -> None:
    tell = fallback(BeforeStart(delay=timedelta(minutes=9, seconds=59)), TellOwner(text="once"))
    story = Story(back(ending=AfterPlacing(delay=HOUR), fallback=(tell,)))
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    story.wait(3)
    assert story.order.steps[0].fired == 1
    story.hear(OrderNotFound(at=story.at, ref=story.ref, since_sent=timedelta(seconds=3)))
    assert isinstance(story.only(PlaceOrders), PlaceOrders)
    assert "step:0:orders.arsenal" not in story.state.timers


def test_a_request_is_sent_again_only_while_it_is_still_whole() -> None:
    story = Story(program_=program(back("a"), back("b")))
    a, b = (story.state.orders[f"orders.{name}"].ref for name in "ab")
    assert a is not None
    assert b is not None
    story.hear(OrderNotSent(at=story.at, ref=b, attempt=1, text="not written down"))
    story.hear(RunResumed(at=story.at, epoch=2))
    story.wait(1)  # b leaves alone, in a request of its own
    story.hear(OrderUnknown(at=story.at, ref=b, text="no answer"))
    story.wait(3)
    story.hear(OrderNotFound(at=story.at, ref=a, since_sent=timedelta(seconds=3)))
    assert "PlaceOrders" not in story.kinds()


def looks_until_given_up(story: Story, *, set_by: timedelta, at_look: int) -> int:
    """How often it is looked for in vain, where somebody sets the wall clock in between. A timer fires by age too, so the next
    look comes five seconds later whatever the wall clock says."""
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    for look in range(1, 100):
        due = story.state.timers[f"lookup:{story.ref}"]
        story.at = due + (set_by if look == at_look else timedelta(0))
        story.hear(TimerFired(at=story.at, name=f"lookup:{story.ref}", due=due))
        story.hear(OrderNotFound(at=story.at, ref=story.ref))
        if story.order.end is OrderEnd.UNRESOLVED:
            return look
    raise AssertionError("it does not give up")


@pytest.mark.parametrize("set_by", [timedelta(0), -HOUR, HOUR])
def test_a_clock_that_is_set_makes_the_patience_neither_longer_nor_shorter(set_by: timedelta) -> None:
    story = Story(program_=program(back(ending=AfterPlacing(delay=100 * HOUR)), window=None))
    assert looks_until_given_up(story, set_by=set_by, at_look=3) == 25, "two minutes, a look each five seconds"


def test_a_run_that_began_under_the_first_rules_keeps_them() -> None:
    """Its journal is told as it went: two minutes by the wall clock."""
    first = replace(program(back(ending=AfterPlacing(delay=100 * HOUR)), window=None), rules=BY_THE_CLOCK)
    assert looks_until_given_up(Story(program_=first), set_by=HOUR, at_look=3) == 3
    assert looks_until_given_up(Story(program_=first), set_by=timedelta(0), at_look=1) == 25


def test_a_look_that_is_answered_often_counts_once() -> None:
    story = Story(program_=program(back(ending=AfterPlacing(delay=100 * HOUR)), window=None))
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    for _ in range(30):
        story.hear(OrderNotFound(at=story.at, ref=story.ref))
    assert story.order.end is None


@pytest.mark.parametrize("set_by", [-HOUR, timedelta(minutes=2)])
def test_an_order_meant_for_now_is_not_sent_when_nobody_knows_how_long_ago_that_was(set_by: timedelta) -> None:
    story = Story(back(type=OrderType.FILL_OR_KILL, ending=None))
    story.at += set_by
    story.hear(OrderNotSent(at=story.at, ref=story.ref, attempt=1, text="the run was interrupted before it was sent"))
    assert story.order.end is OrderEnd.NOT_PLACED
