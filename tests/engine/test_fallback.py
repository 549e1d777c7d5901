"""What the steps of a plan do, told fact by fact."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from planrunner.engine.state import OrderEnd, OrderState, State, initial
from planrunner.engine.step import step
from planrunner.model.commands import (
    Alert,
    CancelOrder,
    Command,
    Ended,
    FinishRun,
    Persistence,
    PlaceOrders,
    QueryBook,
    QueryOrder,
    SetTimers,
)
from planrunner.model.errors import Divergence
from planrunner.model.events import (
    BookChanged,
    CancelAccepted,
    Event,
    MarketChanged,
    OrderAccepted,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunResumed,
    RunStarted,
    StopRequested,
    TimerFired,
)
from planrunner.model.market import BetId, MarketId, MarketStatus, SelectionId
from planrunner.model.odds import Side, decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import (
    AfterPlacing,
    BeforeStart,
    ByPercent,
    Cancel,
    Condition,
    Every,
    If,
    KeepInPlay,
    LimitOrder,
    OrderType,
    Reprice,
    TellOwner,
    ToBest,
    ToHead,
)
from planrunner.model.program import Program
from tests.engine.programs import back, chase, fallback, gbp, program
from tests.engine.twin import T0

BET = BetId("77")
D = Decimal


class Story:
    """A run under the reader's hand: facts in, decisions out."""

    def __init__(self, *orders: LimitOrder, program_: Program | None = None) -> None:
        self.program = program_ or program(*orders)
        self.state: State = initial(self.program)
        self.at = T0
        self.commands: list[Command] = []
        self.hear(RunStarted(at=self.at, program=self.program))

    def hear(self, event: Event) -> list[Command]:
        decided = step(self.program, self.state, event)
        self.state = decided.state
        self.commands = list(decided.commands)
        return self.commands

    def wait(self, seconds: int) -> list[Command]:
        """Everything that comes due within these seconds."""
        end, heard = self.at + timedelta(seconds=seconds), []
        while due := min(((at, name) for name, at in self.state.timers.items() if at <= end), default=None):
            self.at = max(self.at, due[0])
            heard += self.hear(TimerFired(at=self.at, name=due[1], due=due[0]))
        self.at, self.commands = end, heard
        return heard

    @property
    def order(self) -> OrderState:
        return self.state.orders[self.program.orders[0].path]

    @property
    def ref(self) -> str:
        assert self.order.ref
        return self.order.ref

    def sizes(self, **parts: str) -> Sizes:
        return Sizes(stake=self.state.placements[self.ref].asked.size, **{key: D(value) for key, value in parts.items()})

    def accept(self, **parts: str) -> list[Command]:
        return self.hear(OrderAccepted(at=self.at, ref=self.ref, bet=BetId(f"bet of {self.ref}"), sizes=self.sizes(**parts)))

    def report(self, **parts: str) -> list[Command]:
        return self.hear(OrderReported(at=self.at, ref=self.ref, bet=BetId(f"bet of {self.ref}"), sizes=self.sizes(**parts)))

    def cancelled(self, **parts: str) -> list[Command]:
        """The venue confirms a cancel, then its sizes."""
        self.hear(CancelAccepted(at=self.at, ref=self.ref, bet=BetId(f"bet of {self.ref}"), size=D(parts["cancelled"])))
        assert [type(one) for one in self.commands if not isinstance(one, SetTimers)] == [QueryOrder]
        return self.report(**parts)

    def market(self, status: MarketStatus, *, in_play: bool = False, later: int = 0) -> list[Command]:
        start = T0 + timedelta(minutes=10, seconds=later)
        return self.hear(MarketChanged(at=self.at, market=MarketId("1.0"), status=status, in_play=in_play, start=start))

    def only(self, kind: type[Command]) -> Command:
        (found,) = [one for one in self.commands if isinstance(one, kind)]
        return found

    def placed(self) -> tuple[Decimal, Decimal]:
        """Odds and size of the one placement just asked for."""
        request = self.only(PlaceOrders)
        assert isinstance(request, PlaceOrders)
        (one,) = request.placements
        return one.odds, one.size

    def kinds(self) -> list[str]:
        return [type(one).__name__ for one in self.commands if not isinstance(one, SetTimers)]


def test_deadlines_are_decided_before_the_order_leaves() -> None:
    story = Story(back(fallback=(chase(),)))
    assert isinstance(story.commands[0], SetTimers)
    assert isinstance(story.commands[-1], PlaceOrders)
    assert {timer.name for timer in story.commands[0].timers} == {"ending:orders.arsenal", "step:0:orders.arsenal"}


def test_a_reprice_cancels_confirms_the_sizes_and_places_exactly_what_was_taken_back() -> None:
    story = Story(back(fallback=(chase(floor="2.9"),)))
    story.accept(matched="4")
    story.wait(20)
    assert isinstance(story.only(CancelOrder), CancelOrder)
    story.cancelled(matched="5.50", cancelled="4.50")  # 1.50 more matched while the cancel was on its way
    assert story.placed() == (D("3.0"), D("4.50"))
    assert story.order.moved == D("4.50")


def test_a_reprice_stops_at_its_floor_and_the_ending_takes_back_the_rest() -> None:
    story = Story(back(fallback=(chase(floor="2.9", ticks=2),)))
    story.accept()
    story.wait(20)
    story.cancelled(cancelled="10")
    assert story.placed() == (D("2.9"), D(10))
    story.accept()
    assert story.wait(40) == story.commands  # looked twice, did nothing
    assert "CancelOrder" not in story.kinds()
    assert story.order.steps[0].note == "2.9 was already as far as it may go"
    story.wait(60)
    assert "CancelOrder" in story.kinds()
    story.cancelled(matched="3", cancelled="7")
    assert story.order.end is OrderEnd.EXPIRED
    assert story.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)


def test_a_lay_is_repriced_upwards_and_never_past_its_liability() -> None:
    lay = back(
        side=Side.LAY, odds=decimal_odds("3"), stake=gbp("10"), liability_at_most=gbp("20.50"), fallback=(chase(floor="3.4"),)
    )
    story = Story(lay)
    assert story.placed() == (D("3.0"), D(10))
    story.accept()
    story.wait(20)
    story.cancelled(cancelled="10")
    assert story.order.end is OrderEnd.DENIED  # 10 at 3.1 would be a liability of 21.00
    assert "liability_at_most" in (story.order.reason or "")


@pytest.mark.parametrize(
    ("offer", "does"),
    [("2.9", (D("2.9"), D(10))), ("2.4", "worse than 2.5"), ("3.3", "would match at 3.1"), (None, "nobody offered")],
)
def test_reprice_to_best_takes_what_is_on_offer_within_the_floor(offer: str | None, does: object) -> None:
    by = Reprice(by=ToBest(), no_worse_than=decimal_odds("2.5"))
    story = Story(back(fallback=(fallback(AfterPlacing(delay=timedelta(seconds=30)), by),)))
    story.accept()
    story.wait(30)
    assert isinstance(story.only(QueryBook), QueryBook)
    best = (D(offer), D(50)) if offer else None
    story.hear(BookChanged(at=story.at, market=MarketId("1.0"), selection=SelectionId("1"), handicap=D(0), back=best, lay=None))
    if isinstance(does, str):
        assert does in (story.order.steps[0].note or "")
    else:
        story.cancelled(cancelled="10")
        assert story.placed() == does


@pytest.mark.parametrize(
    ("waiting", "does"),
    [
        ("3.0", (D("3.0"), D(10))),
        ("3.1", "already the head"),
        ("3.4", "already the head"),
        ("2.4", "worse than 2.5"),
        (None, "nobody"),
    ],
)
def test_reprice_to_the_head_joins_who_waits_on_its_own_side(waiting: str | None, does: object) -> None:
    by = Reprice(by=ToHead(), no_worse_than=decimal_odds("2.5"))
    story = Story(back(fallback=(fallback(AfterPlacing(delay=timedelta(seconds=30)), by),)))
    story.accept()
    story.wait(30)
    lay, back_ = ((D(waiting), D(50)) if waiting else None), (D("2.9"), D(50))
    story.hear(BookChanged(at=story.at, market=MarketId("1.0"), selection=SelectionId("1"), handicap=D(0), back=back_, lay=lay))
    if isinstance(does, str):
        assert does in (story.order.steps[0].note or "")
    else:
        story.cancelled(cancelled="10")
        assert story.placed() == does


@pytest.mark.parametrize(
    ("side", "percent", "floor", "to"),
    [
        (Side.BACK, "5", "2.5", "3.0"),  # 2.945 lies between 2.9 and 3.0
        (Side.BACK, "1", "2.5", "3.0"),  # one tick at least
        (Side.BACK, "40", "2.5", "2.5"),
        (Side.LAY, "8", "4.0", "3.3"),  # 3.348
        (Side.LAY, "1", "4.0", "3.2"),
        (Side.LAY, "90", "4.0", "4.0"),
    ],
)
def test_a_percentage_never_goes_further_than_asked_but_for_one_tick(side: Side, percent: str, floor: str, to: str) -> None:
    by = Reprice(by=ByPercent(percent=D(percent)), no_worse_than=decimal_odds(floor))
    cap = gbp("100") if side is Side.LAY else None
    story = Story(back(side=side, liability_at_most=cap, fallback=(fallback(Every(delay=timedelta(seconds=20)), by),)))
    story.accept()
    story.wait(20)
    story.cancelled(cancelled="10")
    assert story.placed() == (D(to), D(10))


def test_a_remainder_below_the_minimum_is_left_where_it_is() -> None:
    story = Story(back(fallback=(chase(),)))
    story.accept(matched="9.50")
    story.wait(20)
    assert "CancelOrder" not in story.kinds()
    assert "below the venue's minimum" in (story.order.steps[0].note or "")


def test_a_step_that_came_due_in_flight_acts_once_the_answer_is_there() -> None:
    story = Story(
        back(
            fallback=(
                fallback(
                    AfterPlacing(delay=timedelta(seconds=5)), Reprice(by=chase().action.by, no_worse_than=decimal_odds("2.5"))
                ),
            )
        )
    )  # type: ignore[union-attr]
    story.wait(5)
    assert "CancelOrder" not in story.kinds()
    story.accept()
    assert "CancelOrder" in story.kinds()


def test_if_unmatched_looks_once_at_its_moment() -> None:
    at = BeforeStart(delay=timedelta(minutes=9))
    steps = (
        fallback(If(condition=Condition.UNMATCHED, moment=at), Cancel()),
        fallback(If(condition=Condition.PARTLY_MATCHED, moment=at), TellOwner(text="some of it matched")),
    )
    story = Story(back(fallback=steps))
    story.accept(matched="2")
    story.wait(60)
    assert isinstance(story.only(Alert), Alert)
    assert "CancelOrder" not in story.kinds()
    assert story.order.steps[0].note == "at that moment 2 of 10.00 was matched"


def test_if_matched_is_told_at_its_moment_and_keeps_the_run_open_until_then() -> None:
    step = fallback(If(condition=Condition.MATCHED, moment=AfterPlacing(delay=timedelta(seconds=30))), TellOwner(text="done"))
    early = Story(back(fallback=(step,)))
    early.accept(matched="10")
    assert early.kinds() == []
    early.wait(30)
    assert [one.text for one in early.commands if isinstance(one, Alert)] == ["done"]
    assert early.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)
    late = Story(back(fallback=(step,)))
    late.accept(matched="9")
    late.wait(30)
    late.report(matched="10")
    assert [one for one in late.commands if isinstance(one, Alert)] == []
    assert late.order.steps[0].note == "at that moment 9 of 10.00 was matched"


def test_alerts_for_suspension_rejection_and_expiry() -> None:
    steps = tuple(
        fallback(If(condition=condition), TellOwner(text=condition.value))
        for condition in (Condition.SUSPENDED, Condition.IN_PLAY, Condition.REJECTED, Condition.EXPIRED)
    )
    story = Story(back(fallback=steps))
    story.accept()
    story.market(MarketStatus.SUSPENDED)
    assert [one.text for one in story.commands if isinstance(one, Alert)] == ["suspended"]
    story.market(MarketStatus.OPEN, in_play=True)
    assert [one.text for one in story.commands if isinstance(one, Alert)] == ["in_play"]
    story.wait(120)
    story.cancelled(cancelled="10")
    assert [one.text for one in story.commands if isinstance(one, Alert)] == ["expired"]

    other = Story(back(fallback=steps))
    other.hear(OrderRejected(at=other.at, ref=other.ref, reason="INSUFFICIENT_FUNDS", text="no funds"))
    assert [one.text for one in other.commands if isinstance(one, Alert)] == ["rejected"]
    assert other.only(FinishRun) == FinishRun(ended=Ended.NOT_AS_PLANNED)


def test_keep_in_play_is_asked_for_when_placing() -> None:
    story = Story(back(fallback=(fallback(BeforeStart(delay=timedelta(0)), KeepInPlay()),)))
    request = story.only(PlaceOrders)
    assert isinstance(request, PlaceOrders)
    assert request.placements[0].persistence is Persistence.PERSIST


def test_a_moved_start_moves_what_counts_from_it() -> None:
    story = Story(back(ending=BeforeStart(delay=timedelta(minutes=1))))
    story.accept()
    assert story.state.timers["ending:orders.arsenal"] == T0 + timedelta(minutes=9)
    story.market(MarketStatus.OPEN, later=300)
    assert story.state.timers["ending:orders.arsenal"] == T0 + timedelta(minutes=14)


def test_a_suspended_market_is_waited_for_until_the_ending() -> None:
    order = back(place=BeforeStart(delay=timedelta(minutes=5)), ending=BeforeStart(delay=timedelta(minutes=1)))
    story = Story(order)
    story.market(MarketStatus.SUSPENDED)
    story.wait(300)
    assert "PlaceOrders" not in story.kinds()
    reopened, shut = Story(order), story
    reopened.market(MarketStatus.SUSPENDED)
    reopened.wait(310)
    reopened.market(MarketStatus.OPEN)
    assert reopened.placed() == (D("3.1"), D("10.00"))
    shut.wait(240)
    assert shut.order.end is OrderEnd.NOT_PLACED
    assert shut.only(FinishRun) == FinishRun(ended=Ended.NOTHING_PLACED)


def test_a_lost_answer_is_asked_about_and_adopted() -> None:
    story = Story(back())
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    assert story.kinds() == []  # what is on its way is waited out first
    story.wait(3)
    assert story.kinds() == ["QueryOrder"]
    story.report(matched="4")
    assert story.state.placements[story.ref].sizes.matched == 4
    story.wait(120)
    assert "CancelOrder" in story.kinds()


def test_an_empty_look_up_is_no_proof_only_an_open_window_lets_the_same_request_go_again() -> None:
    story = Story(back())
    sent = story.only(PlaceOrders)
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    story.wait(3)
    story.hear(OrderNotFound(at=story.at, ref=story.ref, since_sent=timedelta(seconds=3)))
    again = story.only(PlaceOrders)
    assert isinstance(sent, PlaceOrders)
    assert isinstance(again, PlaceOrders)
    assert (again.placements, again.request_ref, again.attempt) == (sent.placements, sent.request_ref, 2)


def test_expires_after_counts_from_the_sending_that_may_have_arrived() -> None:
    story = Story(back(ending=AfterPlacing(delay=timedelta(seconds=2))))
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    story.wait(3)
    story.hear(OrderNotFound(at=story.at, ref=story.ref, since_sent=timedelta(seconds=3)))
    assert isinstance(story.only(PlaceOrders), PlaceOrders)
    assert story.state.timers["ending:orders.arsenal"] == story.at + timedelta(seconds=2)

    landed = Story(back(ending=AfterPlacing(delay=timedelta(seconds=2))))
    landed.hear(OrderUnknown(at=landed.at, ref=landed.ref, text="no answer"))
    landed.wait(3)
    landed.report()
    assert "CancelOrder" in landed.kinds()  # it was there all the time, so its time is over


def test_without_a_window_it_stays_reserved_and_ends_unresolved_with_the_reference() -> None:
    story = Story(program_=program(back(ending=AfterPlacing(delay=timedelta(hours=1))), window=None))
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    for _ in range(40):
        story.wait(5)
        if "QueryOrder" in story.kinds():
            assert story.state.risk_held == 10
            story.hear(OrderNotFound(at=story.at, ref=story.ref, since_sent=story.at - T0))
            assert "PlaceOrders" not in story.kinds()
    assert story.order.end is OrderEnd.UNRESOLVED
    assert story.ref in (story.order.reason or "")


def test_a_rejected_second_attempt_proves_nothing_about_the_first() -> None:
    story = Story(back())
    story.hear(OrderUnknown(at=story.at, ref=story.ref, text="no answer"))
    story.wait(3)
    story.hear(OrderNotFound(at=story.at, ref=story.ref, since_sent=timedelta(seconds=3)))
    story.hear(OrderRejected(at=story.at, ref=story.ref, reason="MARKET_SUSPENDED", text="suspended"))
    assert story.order.end is None
    assert story.state.risk_held == 10


def test_what_never_left_is_sent_again_under_the_same_reference() -> None:
    story = Story(back())
    story.hear(OrderNotSent(at=story.at, ref=story.ref, attempt=1, text="connection refused"))
    story.wait(1)
    request = story.only(PlaceOrders)
    assert isinstance(request, PlaceOrders)
    assert (request.placements[0].ref, request.attempt) == (story.ref, 2)
    story.hear(OrderNotSent(at=story.at, ref=story.ref, attempt=1, text="the first one, told late"))
    assert "PlaceOrders" not in story.kinds()


def test_a_resumed_run_asks_before_anything_else() -> None:
    story = Story(back("a"), back("b"), back("c"))
    refs = [story.state.orders[spec.path].refs[0] for spec in story.program.orders]
    for ref in refs[:2]:
        story.hear(OrderAccepted(at=story.at, ref=ref, bet=BetId(ref), sizes=Sizes(stake=D(10))))
    story.hear(RunResumed(at=story.at, epoch=2))
    assert story.kinds() == ["WatchMarket", "QueryOrder", "QueryOrder"]
    assert [one.ref for one in story.wait(3) if isinstance(one, QueryOrder)] == [refs[2]]  # the one in flight is waited out


def test_stop_places_nothing_new_and_takes_back_what_is_left() -> None:
    story = Story(back("now"), back("later", place=BeforeStart(delay=timedelta(minutes=1))))
    story.accept()
    story.hear(StopRequested(at=story.at, text="stopped by hand"))
    assert "CancelOrder" in story.kinds()
    story.cancelled(matched="1", cancelled="9")
    assert story.only(FinishRun) == FinishRun(ended=Ended.STOPPED)


def test_fill_or_kill_ends_by_itself_as_planned() -> None:
    story = Story(back(type=OrderType.FILL_OR_KILL, ending=None))
    story.accept(cancelled="10")
    assert story.order.end is OrderEnd.KILLED
    assert story.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)


def test_a_bet_larger_than_asked_stops_the_run() -> None:
    story = Story(back())
    with pytest.raises(Divergence, match=r"more than the 10\.00 asked"):
        story.hear(OrderReported(at=story.at, ref=story.ref, bet=BET, sizes=Sizes(stake=D(11))))


def test_every_does_not_drift_into_an_order_that_is_over() -> None:
    story = Story(back(fallback=(fallback(Every(delay=timedelta(seconds=20)), chase().action),)))
    story.accept(matched="10")
    assert story.order.end is OrderEnd.MATCHED
    assert story.wait(600) == []
