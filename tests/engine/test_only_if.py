"""Looking before placing: conditions, and which runner is the favourite."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from planrunner.engine.state import OrderEnd
from planrunner.model.commands import Alert, Command, Ended, FinishRun, PlaceOrders, QueryRunners, SetTimers
from planrunner.model.events import OrderRejected, Runner, RunnersSeen, RunResumed, StopRequested
from planrunner.model.market import MarketId, MarketStatus, SelectionId
from planrunner.model.odds import Side, decimal_odds, probability_odds
from planrunner.model.plan import BeforeStart, Condition, If, OnlyIf, Target, TellOwner
from tests.engine.programs import back, chase, fallback, gbp
from tests.engine.test_fallback import Story

D = Decimal


def runner(number: int, *back: str, lay: tuple[str, ...] = (), size: str = "5") -> Runner:
    def offers(odds: tuple[str, ...]) -> tuple[tuple[Decimal, Decimal], ...]:
        return tuple((D(one), D(size)) for one in odds)

    return Runner(selection=SelectionId(str(number)), handicap=D(0), name=f"Runner {number}", back=offers(back), lay=offers(lay))


def seen(story: Story, *runners: Runner, status: MarketStatus = MarketStatus.OPEN, in_play: bool = False) -> list[Command]:
    return story.hear(
        RunnersSeen(at=story.at, market=MarketId("1.0"), status=status, in_play=in_play, runners=runners)
    )  # fmt: skip


def when(side: Side = Side.BACK, **conditions: object) -> Story:
    cap = gbp("100") if side is Side.LAY else None
    return Story(back(side=side, liability_at_most=cap, only_if=OnlyIf(**conditions)))  # type: ignore[arg-type]


FIELD = (runner(1, "3.2", "3.1", "3.0", lay=("3.3", "3.4")), runner(2, "2.5"), runner(3))


@pytest.mark.parametrize(
    ("condition", "failing", "told"),
    [
        ({"odds_at_least": decimal_odds("3.2")}, {"odds_at_least": decimal_odds("3.3")}, "odds on offer to backers were 3.2"),
        ({"odds_at_most": decimal_odds("3.2")}, {"odds_at_most": decimal_odds("3.1")}, "odds on offer to backers were 3.2"),
        ({"price_at_least": probability_odds("31.25%")}, {"price_at_least": probability_odds("32%")}, "was 31.25%"),
        ({"price_at_most": probability_odds("31.25%")}, {"price_at_most": probability_odds("31%")}, "was 31.25%"),
        ({"available_at_least": gbp("10")}, {"available_at_least": gbp("10.01")}, "10.00 GBP was on offer at 3.1 or better"),
        ({"in_play": False}, {"in_play": True}, "the market was not in-play"),
        ({"runners_at_least": 3}, {"runners_at_least": 4}, "3 runners took part"),
        ({"runners_at_most": 3}, {"runners_at_most": 2}, "3 runners took part"),
    ],
)  # fmt: skip
def test_a_condition_holds_or_the_order_is_not_placed_and_the_figures_are_told(condition: dict, failing: dict, told: str) -> None:
    story = when(**condition)
    assert story.only(QueryRunners) == QueryRunners(account=story.order.spec.account, market=MarketId("1.0"), because="plan")
    seen(story, *FIELD)
    assert story.placed() == (D("3.1"), D("10.00"))
    assert told in (story.order.found or "")

    skipped = when(**failing)
    seen(skipped, *FIELD)
    assert skipped.order.end is OrderEnd.SKIPPED
    assert told in (skipped.order.reason or "")
    assert skipped.kinds() == ["FinishRun"]
    assert skipped.only(FinishRun) == FinishRun(ended=Ended.AS_PLANNED)


def test_a_lay_looks_at_what_a_layer_could_take() -> None:
    story = when(Side.LAY, odds_at_most=decimal_odds("3.3"), available_at_least=gbp("5"))
    seen(story, *FIELD)
    assert story.order.end is OrderEnd.SKIPPED  # 3.3 and 3.4 are worse than the lay's own 3.1
    assert story.order.reason == "`available_at_least: 5.00 GBP` did not hold: 0.00 GBP was on offer at 3.1 or better"


def test_every_condition_that_failed_is_told() -> None:
    story = when(odds_at_least=decimal_odds("4"), runners_at_least=5, in_play=False)
    seen(story, *FIELD)
    assert (story.order.reason or "").count("did not hold") == 2


def test_a_runner_that_is_out_meets_no_condition_on_its_odds() -> None:
    story = when(odds_at_least=decimal_odds("1.5"))
    seen(story, FIELD[1])
    assert story.order.reason == "`odds_at_least: 1.5` did not hold: the runner no longer took part"


def test_market_open_skips_where_others_wait() -> None:
    asks = back(place=BeforeStart(delay=timedelta(minutes=5)), ending=BeforeStart(delay=timedelta(0)))
    must = Story(back(place=asks.place, ending=asks.ending, only_if=OnlyIf(market_open=True)))
    waits = Story(back(place=asks.place, ending=asks.ending, only_if=OnlyIf(runners_at_least=1)))
    for story in (must, waits):
        story.market(MarketStatus.SUSPENDED)
        story.wait(300)
        assert "QueryRunners" not in story.kinds()
    assert must.order.end is OrderEnd.SKIPPED
    assert must.order.reason == "`market: open` did not hold: the market was suspended"
    waits.market(MarketStatus.OPEN)
    assert waits.kinds() == ["QueryRunners"]
    seen(waits, *FIELD)
    assert "PlaceOrders" in waits.kinds()


def test_seen_suspended_it_is_asked_again_until_open() -> None:
    story, must = when(runners_at_least=1), when(market_open=True)
    for one in (story, must):
        seen(one, *FIELD, status=MarketStatus.SUSPENDED)
    assert must.order.end is OrderEnd.SKIPPED
    assert story.kinds() == []
    story.wait(10)
    assert story.kinds() == ["QueryRunners"]
    seen(story, *FIELD)
    assert "PlaceOrders" in story.kinds()


def test_an_answer_that_never_comes_is_asked_for_again_until_the_ending() -> None:
    story = Story(back(only_if=OnlyIf(runners_at_least=1), ending=BeforeStart(delay=timedelta(minutes=9))))
    asked = [one for one in story.wait(59) if isinstance(one, QueryRunners)]
    assert len(asked) == 5
    story.wait(1)
    assert story.order.end is OrderEnd.NOT_PLACED
    assert seen(story, *FIELD) == []


@pytest.mark.parametrize("times", [1, 3])
def test_taken_up_again_it_asks_once_more_and_decides_once(times: int) -> None:
    """The answer to the first question died with the process."""
    story = Story(back("a", only_if=OnlyIf(runners_at_least=1)), back("b", target=Target(favourite=2)))
    for epoch in range(times):
        assert "QueryRunners" not in [type(one).__name__ for one in story.hear(RunResumed(at=story.at, epoch=epoch + 2))]
    assert [type(one) for one in story.wait(10) if not isinstance(one, SetTimers)] == [QueryRunners]
    seen(story, *FIELD)
    request = story.only(PlaceOrders)
    assert isinstance(request, PlaceOrders)
    assert len(request.placements) == 2
    assert seen(story, *FIELD) == []  # the first answer, after all
    assert "QueryRunners" not in [type(one).__name__ for one in story.wait(60)]


def test_a_favourite_that_is_withdrawn_later_stays_the_one_that_was_chosen() -> None:
    """Rung after rung on the same runner, until the venue says that it is out."""
    steps = (chase("2.0", every=20), fallback(If(condition=Condition.REJECTED), TellOwner(text="out")))
    story = Story(back(target=Target(favourite=1), fallback=steps))
    seen(story, *FIELD)
    story.accept(matched="4")
    story.wait(20)
    story.hear(RunResumed(at=story.at, epoch=2))
    assert seen(story, FIELD[0]) == []  # nobody asked
    story.report(cancelled="6", voided="4")
    request = story.only(PlaceOrders)
    assert isinstance(request, PlaceOrders)
    assert [(one.selection, one.size) for one in request.placements] == [("2", D("6"))]
    heard = story.hear(OrderRejected(at=story.at, ref=story.ref, reason="RUNNER_REMOVED", text="the runner is out"))
    assert [one.text for one in heard if isinstance(one, Alert)] == ["out"]
    assert story.order.end is OrderEnd.REJECTED


def test_orders_that_look_in_one_moment_ask_once_and_leave_together() -> None:
    story = Story(back("a", only_if=OnlyIf(runners_at_least=1)), back("b", target=Target(favourite=1)), back("c"))
    assert story.kinds() == ["WatchMarket", "QueryRunners", "PlaceOrders"]
    seen(story, *FIELD)
    request = story.only(PlaceOrders)
    assert isinstance(request, PlaceOrders)
    assert [(one.path, one.selection) for one in request.placements] == [("orders.a", "1"), ("orders.b", "2")]
    assert seen(story, *FIELD) == []


@pytest.mark.parametrize(
    ("number", "field", "chosen"),
    [
        (1, (runner(1, "3.0"), runner(2, "2.5"), runner(3, "4.0")), "2"),
        (2, (runner(1, "3.0"), runner(2, "2.5"), runner(3, "4.0")), "1"),
        (1, (runner(4, "3.0"), runner(2, "3.0")), "4"),  # joint favourites stand in the venue's order
        (2, (runner(4, "3.0"), runner(5), runner(2, "8.0")), "2"),  # nobody's offer comes last
    ],
)
def test_the_favourite_is_who_has_the_lowest_odds_when_placing(number: int, field: tuple[Runner, ...], chosen: str) -> None:
    story = Story(back(target=Target(favourite=number)))
    seen(story, *field)
    request = story.only(PlaceOrders)
    assert isinstance(request, PlaceOrders)
    assert request.placements[0].selection == chosen
    assert story.order.spec.selection_name == f"Runner {chosen}"
    story.accept(matched="1")
    assert story.order.spec.selection == chosen


@pytest.mark.parametrize(("field", "why"), [((runner(1, "3.0"),), "1 took part"), ((runner(1, "3.0"), runner(2)), "more than 1")])
def test_without_such_a_favourite_nothing_is_placed(field: tuple[Runner, ...], why: str) -> None:
    story = Story(back(target=Target(favourite=2)))
    seen(story, *field)
    assert story.order.end is OrderEnd.NOT_PLACED
    assert why in (story.order.reason or "")
    assert story.only(FinishRun) == FinishRun(ended=Ended.NOTHING_PLACED)


def test_conditions_of_a_favourite_are_those_of_that_runner() -> None:
    story = Story(back(target=Target(favourite=1), only_if=OnlyIf(odds_at_most=decimal_odds("2.4"))))
    seen(story, *FIELD)
    assert story.order.reason == "`odds_at_most: 2.4` did not hold: the best odds on offer to backers were 2.5"
    assert story.order.found == "favourite 1 was Runner 2 at 2.5; the best odds on offer to backers were 2.5"


def test_a_stop_while_the_answer_is_awaited_places_nothing() -> None:
    story = when(runners_at_least=1)
    story.hear(StopRequested(at=story.at, text="stop"))
    assert story.order.end is OrderEnd.STOPPED
    seen(story, *FIELD)
    assert story.kinds() == []
