"""`hedge: green_up`, told fact by fact: what matched is bet the other way, for the same profit whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from planrunner.engine.state import OrderEnd, OrderState, Phase
from planrunner.model.commands import (
    Alert,
    CancelOrder,
    Command,
    Ended,
    FinishRun,
    NewPlacement,
    PlaceOrders,
    QueryBook,
    SetTimers,
)
from planrunner.model.events import (
    BookChanged,
    CancelAccepted,
    CancelUnknown,
    OrderAccepted,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunResumed,
    StopRequested,
)
from planrunner.model.market import BetId, MarketId, MarketStatus, OrderRef, SelectionId
from planrunner.model.odds import Side, decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import (
    AfterPlacing,
    BeforeStart,
    Cancel,
    Condition,
    FallbackStep,
    Hedge,
    If,
    LimitOrder,
    OrderType,
    Routing,
    TellOwner,
    Trigger,
)
from tests.engine.programs import back, fallback, gbp, program
from tests.engine.test_fallback import Story

D = Decimal
AT_30S = AfterPlacing(delay=timedelta(seconds=30))


def hedge(trigger: Trigger = AT_30S, worst: str = "3.5", minutes: int = 2) -> FallbackStep:
    action = Hedge(no_worse_than=decimal_odds(worst), for_at_most=timedelta(minutes=minutes))
    return fallback(trigger, action)


class Hedged(Story):
    """A story whose first order has a hedge."""

    def __init__(self, *orders: LimitOrder, **more: object) -> None:
        super().__init__(*(orders or (back(fallback=(hedge(),)),)), **more)  # type: ignore[arg-type]

    @property
    def hedge(self) -> OrderState:
        return self.state.orders[f"{self.order.path}/hedge"]

    @property
    def hedge_ref(self) -> OrderRef:
        assert self.hedge.ref
        return self.hedge.ref

    def offers(self, back: str | None = None, lay: str | None = None) -> list[Command]:
        def best(odds: str | None) -> tuple[Decimal, Decimal] | None:
            return (D(odds), D(100)) if odds else None

        where = self.hedge.spec
        book = BookChanged(
            at=self.at, market=where.market, selection=SelectionId("1"), handicap=D(0), back=best(back), lay=best(lay)
        )
        return self.hear(book)

    def hedge_sizes(self, **parts: str) -> Sizes:
        asked = self.state.placements[self.hedge_ref].asked.size
        return Sizes(stake=asked, **{key: D(value) for key, value in parts.items()})

    def hedge_accepted(self, average: str | None = None, **parts: str) -> list[Command]:
        sizes, odds = self.hedge_sizes(**parts), D(average) if average else None
        bet = BetId(f"bet of {self.hedge_ref}")
        return self.hear(OrderAccepted(at=self.at, ref=self.hedge_ref, bet=bet, sizes=sizes, average_odds=odds))

    def hedge_reported(self, average: str | None = None, **parts: str) -> list[Command]:
        sizes, odds = self.hedge_sizes(**parts), D(average) if average else None
        bet = BetId(f"bet of {self.hedge_ref}")
        return self.hear(OrderReported(at=self.at, ref=self.hedge_ref, bet=bet, sizes=sizes, average_odds=odds))

    def asked(self) -> NewPlacement:
        request = self.only(PlaceOrders)
        assert isinstance(request, PlaceOrders)
        (one,) = request.placements
        return one

    def alerts(self, heard: list[Command] | None = None) -> list[str]:
        return [one.text for one in heard or self.commands if isinstance(one, Alert)]

    def at_work(self, matched: str = "10", lay: str = "3.0") -> Hedged:
        """Matched, fired after 30 s, and the hedge is at the venue."""
        self.accept(matched=matched)
        self.wait(30)
        if D(matched) < self.state.placements[self.ref].asked.size:
            self.cancelled(matched=matched, cancelled=str(self.state.placements[self.ref].asked.size - D(matched)))
        self.offers(lay=lay)
        self.hedge_accepted()
        return self


def test_the_remainder_is_taken_back_and_what_matched_by_then_is_hedged() -> None:
    story = Hedged()
    story.accept(matched="4")
    story.wait(30)
    assert story.kinds() == ["CancelOrder"]
    story.cancelled(matched="6", cancelled="4")  # 2 more matched while the cancel was on its way
    assert story.order.end is OrderEnd.CANCELLED
    assert isinstance(story.only(QueryBook), QueryBook)
    story.offers(back="2.9", lay="3.0")
    asked = story.asked()
    assert (asked.side, asked.odds, asked.size) == (Side.LAY, D("3.0"), D("6.20"))  # 6 x 3.1 / 3.0
    assert asked.is_hedge
    assert story.state.risk_held == 6  # the hedge adds nothing to what can be lost
    story.hedge_accepted(matched="6.20")
    assert (story.hedge.end, story.only(FinishRun)) == (OrderEnd.MATCHED, FinishRun(ended=Ended.AS_PLANNED))


def test_a_lay_is_hedged_by_a_back_at_the_average_it_was_matched_at() -> None:
    lay = back(side=Side.LAY, odds=decimal_odds("3.0"), liability_at_most=gbp("30"), fallback=(hedge(worst="2.5"),))
    story = Hedged(lay)
    sizes = story.sizes(matched="10")
    story.hear(OrderAccepted(at=story.at, ref=story.ref, bet=BetId("1"), sizes=sizes, average_odds=D("2.9")))
    story.wait(30)
    story.offers(back="2.7", lay="2.8")
    assert (story.asked().side, story.asked().odds, story.asked().size) == (Side.BACK, D("2.7"), D("10.74"))  # 29 / 2.7


@pytest.mark.parametrize(("lay", "odds"), [("3.8", "3.5"), (None, "3.5"), ("3.5", "3.5")])
def test_past_its_limit_it_waits_at_the_limit(lay: str | None, odds: str) -> None:
    story = Hedged()
    story.accept(matched="10")
    story.wait(30)
    story.offers(lay=lay)
    assert story.asked().odds == D(odds)


def test_it_follows_the_odds_with_a_size_worked_out_anew() -> None:
    story = Hedged().at_work()
    assert story.wait(5) != []
    assert story.kinds() == ["QueryBook"]
    story.hedge_reported(matched="4")
    story.offers(lay="3.3")
    assert story.kinds() == ["CancelOrder"]
    cancelled = story.hedge_sizes(matched="5", cancelled="5.33")
    story.hear(CancelAccepted(at=story.at, ref=story.hedge_ref, bet=BetId(f"bet of {story.hedge_ref}"), size=D("5.33")))
    story.hear(OrderReported(at=story.at, ref=story.hedge_ref, bet=BetId(f"bet of {story.hedge_ref}"), sizes=cancelled))
    assert (story.asked().odds, story.asked().size) == (D("3.3"), D("4.84"))  # (31 - 5 x 3.0) / 3.3


def test_odds_that_got_better_match_where_it_stands() -> None:
    story = Hedged().at_work(lay="3.3")
    story.wait(5)
    story.offers(lay="3.0")
    assert "CancelOrder" not in story.kinds()


def test_matched_at_better_odds_it_goes_on_with_what_is_left() -> None:
    story = Hedged(back(stake=gbp("100"), fallback=(hedge(),))).at_work(matched="100", lay="3.1")
    story.hedge_reported(average="2.9", matched="100.00")
    assert story.kinds() == ["QueryBook"]
    story.offers(lay="3.0")
    assert story.asked().size == D("6.66")  # (310 - 290) / 3.0
    story.hedge_accepted(matched="6.66")
    assert story.hedge.end is OrderEnd.MATCHED


def test_when_its_time_is_over_the_rest_is_taken_back_and_the_owner_hears_what_is_open() -> None:
    story = Hedged().at_work()
    story.wait(5)
    story.hedge_reported(matched="6.20")
    heard = story.wait(115)
    assert [type(one).__name__ for one in heard if isinstance(one, CancelOrder)] == ["CancelOrder"]
    story.hedge_reported(matched="6.20", cancelled="4.13")
    assert story.hedge.end is OrderEnd.UNHEDGED
    assert story.alerts() == ["4.00 of 10.00 GBP matched on Arsenal is not hedged: its time was over"]
    assert story.only(FinishRun) == FinishRun(ended=Ended.NOT_AS_PLANNED)


def test_time_over_while_it_moves_it_is_not_placed_again() -> None:
    story = Hedged().at_work()
    story.wait(115)
    story.offers(lay="3.3")
    assert story.kinds() == ["CancelOrder"]
    story.wait(5)  # its time is over, and the cancel's answer is lost
    story.hear(CancelUnknown(at=story.at, ref=story.hedge_ref, bet=BetId(f"bet of {story.hedge_ref}"), text="no answer"))
    assert [type(one).__name__ for one in story.wait(3) if not isinstance(one, SetTimers)] == ["QueryOrder"]
    heard = story.hedge_reported(matched="3.10", cancelled="7.23")
    assert not [one for one in heard if isinstance(one, PlaceOrders)]
    assert story.hedge.end is OrderEnd.UNHEDGED
    assert story.alerts() == ["7.00 of 10.00 GBP matched on Arsenal is not hedged: its time was over"]


def test_time_over_while_its_next_placement_is_on_its_way_that_one_is_taken_back_as_soon_as_it_stands() -> None:
    story = Hedged().at_work()
    story.wait(115)
    story.offers(lay="3.3")
    story.hedge_reported(cancelled="10.33")
    assert story.asked().odds == D("3.3")
    assert "CancelOrder" not in [type(one).__name__ for one in story.wait(5)]
    story.hedge_accepted(matched="1.00")
    assert "CancelOrder" in story.kinds()
    story.hedge_reported(matched="2.00", cancelled="7.39")
    assert story.hedge.end is OrderEnd.UNHEDGED
    assert len(story.hedge.refs) == 2


def test_a_hedge_through_a_router_goes_to_the_same_bookmakers_on_the_same_terms() -> None:
    """Of a fill or kill at an exchange only its own odds hold for the average: its hedge is a limit order."""
    routing = Routing(bookmakers=("pinnacle",), partial=False)
    spec = Hedged(replace(back(fallback=(hedge(),)), routing=routing, odds_hold_for_average=True)).hedge.spec
    assert isinstance(spec.order, LimitOrder)
    assert (spec.order.routing, spec.order.odds_hold_for_average) == (routing, True)
    killed = replace(back(fallback=(hedge(),)), type=OrderType.FILL_OR_KILL, odds_hold_for_average=True)
    spec = Hedged(killed).hedge.spec
    assert isinstance(spec.order, LimitOrder)
    assert not spec.order.odds_hold_for_average


def test_nothing_matched_needs_no_hedge() -> None:
    story = Hedged()
    story.accept()
    story.wait(30)
    story.cancelled(cancelled="10")
    assert story.order.steps[0].note == "nothing was matched, so there was nothing to hedge"
    assert story.hedge.phase is Phase.DORMANT
    assert story.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)
    expired = Hedged(back(ending=AfterPlacing(delay=timedelta(seconds=10)), fallback=(hedge(),)))
    expired.accept()
    expired.wait(10)
    expired.cancelled(cancelled="10")
    assert expired.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)  # nobody waits for a step that has nothing to do


def test_below_the_minimum_the_owner_is_told() -> None:
    story = Hedged(back(stake=gbp("10"), fallback=(hedge(),)))
    story.accept(matched="0.60")
    story.wait(30)
    story.cancelled(matched="0.60", cancelled="9.40")
    story.offers(lay="3.0")
    assert story.alerts() == [
        "0.60 of 0.60 GBP matched on Arsenal is not hedged: a hedge of 0.62 at 3.0 is below the venue's minimum"
    ]
    assert story.hedge.end is OrderEnd.UNHEDGED


def test_what_is_too_little_for_any_bet_is_told_and_not_called_matched() -> None:
    story = Hedged()
    story.accept(matched="0.01")
    story.wait(30)
    story.cancelled(matched="0.01", cancelled="9.99")
    story.offers()
    assert story.alerts() == [
        "0.01 of 0.01 GBP matched on Arsenal is not hedged: a hedge of 0.00 at 3.5 is below the venue's minimum"
    ]
    assert (story.hedge.end, story.hedge.refs) == (OrderEnd.UNHEDGED, ())
    assert story.only(FinishRun) == FinishRun(ended=Ended.NOT_AS_PLANNED)


def test_after_the_expiry_or_in_full_the_hedge_still_comes_at_its_time() -> None:
    step = hedge(BeforeStart(delay=timedelta(minutes=5)))
    for matched, end in (("10", OrderEnd.MATCHED), ("4", OrderEnd.EXPIRED)):
        story = Hedged(back(fallback=(step,)))
        story.accept(matched=matched)
        story.wait(120)
        if matched != "10":
            story.cancelled(matched="4", cancelled="6")
        assert story.order.end is end
        assert "FinishRun" not in story.kinds()
        story.market(MarketStatus.OPEN, later=60)  # the start moves, and its time with it
        assert story.wait(180) == []
        story.wait(60)
        assert "QueryBook" in story.kinds()


def test_in_play_is_waited_for_by_what_matched_in_full_until_the_market_closes() -> None:
    step = hedge(If(condition=Condition.IN_PLAY))
    story = Hedged(back(fallback=(step,)))
    story.accept(matched="10")
    assert "FinishRun" not in story.kinds()
    story.market(MarketStatus.OPEN, in_play=True)
    assert "QueryBook" in story.kinds()
    closed = Hedged(back(fallback=(step,)))
    closed.accept(matched="10")
    closed.market(MarketStatus.CLOSED)
    assert closed.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)
    assert closed.order.steps[0].note == "the market was closed before its time came"


def test_if_expired_hedges_what_matched_by_then() -> None:
    story = Hedged(back(fallback=(hedge(If(condition=Condition.EXPIRED)),)))
    story.accept(matched="4")
    story.wait(120)
    story.cancelled(matched="4", cancelled="6")
    assert "QueryBook" in story.kinds()


def test_only_the_first_of_several_hedge_steps_acts() -> None:
    steps = (hedge(), hedge(AfterPlacing(delay=timedelta(seconds=60))))
    story = Hedged(back(fallback=steps)).at_work()
    story.wait(30)
    assert story.order.steps[1].fired == 0
    assert "FinishRun" not in story.kinds()


def test_later_alerts_come_after_a_cancel_but_plain_ones_not_after_a_full_match() -> None:
    late = AfterPlacing(delay=timedelta(seconds=90))
    steps = (fallback(AT_30S, Cancel()), fallback(late, TellOwner(text="look")))
    story = Story(back(fallback=steps))
    story.accept(matched="4")
    story.wait(30)
    story.cancelled(matched="4", cancelled="6")
    assert "FinishRun" not in story.kinds()
    story.wait(60)
    assert [one.text for one in story.commands if isinstance(one, Alert)] == ["look"]
    assert story.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)
    full = Story(back(fallback=steps))
    full.accept(matched="10")
    assert full.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)


def test_a_lost_answer_is_looked_up_and_no_second_hedge_is_sent_meanwhile() -> None:
    story = Hedged(program_=program(back(fallback=(hedge(),)), window=None))
    story.accept(matched="10")
    story.wait(30)
    story.offers(lay="3.0")
    story.hear(OrderUnknown(at=story.at, ref=story.hedge_ref, text="no answer"))
    heard: list[Command] = []
    for _ in range(40):
        heard += story.wait(5)
        heard += story.hear(OrderNotFound(at=story.at, ref=story.hedge_ref))
        heard += story.offers(lay="3.2")
    assert not [one for one in heard if isinstance(one, PlaceOrders)]
    assert story.hedge.end is OrderEnd.UNRESOLVED
    assert [one.ended for one in heard if isinstance(one, FinishRun)] == [Ended.UNRESOLVED]
    (told,) = story.alerts(heard)
    assert "10.00 of 10.00 GBP matched on Arsenal may not be hedged: look up" in told


def test_an_order_that_may_hold_more_is_not_hedged_by_guess() -> None:
    story = Hedged(
        program_=program(back(ending=AfterPlacing(delay=timedelta(hours=1)), fallback=(hedge(),)), back("b"), window=None)
    )
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    for _ in range(40):
        story.wait(5)
        if story.order.end is None:
            story.hear(OrderNotFound(at=story.at, ref=story.ref))
    assert story.order.end is OrderEnd.UNRESOLVED
    assert story.hedge.phase is Phase.DORMANT
    story.report(matched="3")  # it shows up: taken back, and what matched is hedged
    story.cancelled(matched="3", cancelled="7")
    assert story.hedge.phase is Phase.WAITING


def test_a_refused_hedge_is_tried_again_at_the_next_look_and_given_up_after_the_third() -> None:
    story = Hedged()
    story.accept(matched="10")
    story.wait(30)
    refs = set()
    for _ in range(3):
        story.offers(lay="3.0")
        refs.add(story.asked().ref)
        story.hear(OrderRejected(at=story.at, ref=story.hedge_ref, reason="MARKET_SUSPENDED", text="suspended"))
        assert "PlaceOrders" not in story.kinds()
        if story.hedge.end is None:
            story.wait(5)
    assert len(refs) == 3
    assert story.hedge.end is OrderEnd.REJECTED
    assert story.alerts() == ["10.00 of 10.00 GBP matched on Arsenal is not hedged: MARKET_SUSPENDED: suspended"]


def test_a_hedge_that_a_limit_refuses_is_told() -> None:
    story = Hedged()
    story.accept(matched="10")
    story.wait(30)
    for _ in range(3):
        story.offers(lay="3.0")
        story.hear(OrderDenied(at=story.at, ref=story.hedge_ref, limit="max_stake_per_order", figure="10.33", held_by="it"))
        story.wait(5)
    assert story.hedge.end is OrderEnd.DENIED


def test_what_lapsed_when_the_market_turned_in_play_is_hedged_again() -> None:
    story = Hedged().at_work()
    story.hedge_reported(matched="4", lapsed="6.33")
    assert story.hedge.end is None
    story.wait(5)
    story.offers(lay="3.1")
    assert (story.asked().odds, story.asked().size) == (D("3.1"), D("6.12"))  # (31 - 12) / 3.1


def test_a_suspended_market_is_waited_for_and_a_closed_one_told() -> None:
    story = Hedged()
    story.accept(matched="10")
    story.market(MarketStatus.SUSPENDED)
    story.wait(40)
    assert "QueryBook" not in story.kinds()
    story.market(MarketStatus.OPEN)
    story.wait(5)
    assert story.kinds() == ["QueryBook"]
    story.market(MarketStatus.CLOSED)
    story.wait(5)
    assert story.alerts() == ["10.00 of 10.00 GBP matched on Arsenal is not hedged: the market is closed"]


def test_a_stop_takes_the_hedge_back_and_tells_what_is_open() -> None:
    story = Hedged().at_work()
    story.hedge_reported(matched="3.10")
    story.hear(StopRequested(at=story.at, text="by hand"))
    assert "CancelOrder" in story.kinds()
    story.hedge_reported(matched="3.10", cancelled="7.23")
    assert story.hedge.end is OrderEnd.STOPPED
    assert story.alerts() == ["7.00 of 10.00 GBP matched on Arsenal is not hedged: by hand"]
    assert story.only(FinishRun) == FinishRun(ended=Ended.STOPPED)


@pytest.mark.parametrize("moment", ["before its time", "while the rest is taken back", "before the odds are known"])
def test_a_stop_before_the_hedge_was_sent_sends_none(moment: str) -> None:
    story = Hedged()
    story.accept(matched="4")
    heard: list[Command] = []
    if moment != "before its time":
        story.wait(30)
    if moment == "before the odds are known":
        story.cancelled(matched="4", cancelled="6")
    heard += story.hear(StopRequested(at=story.at, text="by hand"))
    if story.order.end is None:
        story.report(matched="4", cancelled="6")
        heard += story.commands
    heard += story.offers(lay="3.0")
    heard += story.wait(600)
    assert not [one for one in heard if isinstance(one, PlaceOrders)]
    assert [one.ended for one in heard if isinstance(one, FinishRun)] == [Ended.STOPPED]
    assert bool(story.alerts(heard)) is (moment != "before its time")


def test_a_run_taken_up_again_goes_on_hedging_and_asks_first() -> None:
    story = Hedged()
    story.accept(matched="10")
    story.wait(30)
    story.hear(RunResumed(at=story.at, epoch=2))  # the odds on offer never arrived
    assert "QueryBook" in [type(one).__name__ for one in story.wait(10)]
    story.offers(lay="3.0")
    story.hear(RunResumed(at=story.at, epoch=3))  # the hedge may be out
    heard = story.wait(5)
    assert not [one for one in heard if isinstance(one, PlaceOrders)]
    story.hedge_reported(matched="2")
    story.hear(RunResumed(at=story.at, epoch=4))
    assert "QueryOrder" in story.kinds()
    story.hedge_reported(matched="10.33")
    assert story.hedge.end is OrderEnd.MATCHED


def test_a_bet_that_was_voided_later_shrinks_the_hedge() -> None:
    story = Hedged().at_work()
    bet = BetId(f"bet of {story.ref}")
    story.hear(OrderReported(at=story.at, ref=story.ref, bet=bet, sizes=story.sizes(matched="5", voided="5")))
    story.wait(5)
    story.offers(lay="3.0")
    assert story.kinds() == ["CancelOrder"]
    story.hedge_reported(cancelled="10.33")
    assert story.asked().size == D("5.16")


def test_odds_reduced_for_a_withdrawn_runner_shrink_the_hedge() -> None:
    """The venue lowers the odds of what had matched; an older report that comes late does not raise them again."""
    story = Hedged()
    story.accept(matched="10")
    bet, sizes = BetId(f"bet of {story.ref}"), story.sizes(matched="10")
    story.wait(30)
    for odds in ("3.1", "2.4", "3.1"):
        story.hear(OrderReported(at=story.at, ref=story.ref, bet=bet, sizes=sizes, average_odds=D(odds)))
    story.offers(lay="2.5")
    assert story.asked().size == D("9.60")  # 10 x 2.4 / 2.5
    story.hedge_accepted()
    story.hear(OrderReported(at=story.at, ref=story.ref, bet=bet, sizes=sizes, average_odds=D("2.0")))
    story.wait(5)
    story.offers(lay="2.5")
    assert story.kinds() == ["CancelOrder"]
    story.hedge_reported(cancelled="9.60")
    assert story.asked().size == D("8.00")


def test_bets_voided_before_they_could_be_hedged_need_no_hedge() -> None:
    story = Hedged()
    story.accept(matched="10")
    story.wait(30)
    story.report(voided="10")
    story.offers(lay="3.0")
    assert (story.hedge.end, story.hedge.reason, story.alerts()) == (OrderEnd.NEEDLESS, None, [])
    assert story.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)


def test_bets_voided_once_they_were_hedged_leave_a_hedge_of_nothing_and_the_owner_hears_it() -> None:
    waiting = back("b", ending=AfterPlacing(delay=timedelta(hours=1)))
    text = "5.00 of 10.00 GBP laid on Arsenal as a hedge hedges nothing: what it hedged was voided or its odds were reduced"
    at_work, done = Hedged().at_work(lay="3.1"), Hedged(back(fallback=(hedge(),)), waiting).at_work(lay="3.1")
    at_work.report(matched="5", voided="5")
    at_work.hedge_reported(matched="10.00")
    assert at_work.hedge.end is OrderEnd.OVERHEDGED
    assert at_work.alerts() == [text]
    done.hedge_reported(matched="10.00")
    done.report(matched="5", voided="5")
    assert done.hedge.end is OrderEnd.MATCHED
    assert done.alerts() == [text]
    assert done.report(matched="5", voided="5") == []  # told once


def test_a_hedge_that_was_voided_leaves_what_it_hedged_open_and_the_owner_hears_it() -> None:
    story = Hedged(back(fallback=(hedge(),)), back("b", ending=AfterPlacing(delay=timedelta(hours=1)))).at_work(lay="3.1")
    story.hedge_reported(matched="10.00")
    story.hedge_reported(matched="4.00", voided="6.00")
    assert story.alerts() == ["6.00 of 10.00 GBP matched on Arsenal is not hedged: the venue voided some of the hedge"]


def test_repeated_facts_send_nothing_twice() -> None:
    story = Hedged()
    story.accept(matched="10")
    story.wait(30)
    book = BookChanged(
        at=story.at, market=MarketId("1.0"), selection=SelectionId("1"), handicap=D(0), back=None, lay=(D("3.0"), D(9))
    )
    story.hear(book)
    assert story.hear(book) == []
    story.hedge_accepted(lapsed="10.33")
    assert story.hedge_reported(lapsed="10.33") == []
    story.wait(5)
    assert story.kinds() == ["QueryBook"]
