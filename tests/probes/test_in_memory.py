"""The orders that break limits elsewhere, at a venue in memory: all at once, in batches and calls, with answers lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planrunner.app.outcome import Exit
from planrunner.app.run import Ran
from planrunner.model.commands import PlaceOrders
from planrunner.model.errors import PlanProblems
from planrunner.model.events import OrderReported, OrderUnknown
from planrunner.sandbox.faults import Trouble
from tests.probes.practice import BEGIN, Practice, bodies, denied
from tests.probes.world import markets, one_market, plan, site, taken

TEN = site("max_open_exposure: 10.00 GBP")
ALWAYS = 1_000_000


@pytest.mark.parametrize(("on", "calls"), [(one_market, [5]), (markets, [1] * 5)], ids=["one batch", "separate calls"])
def test_twenty_orders_of_two_at_once_under_ten_place_five(
    tmp_path: Path, on: Callable[[range], list[tuple[str, str, str]]], calls: list[int]
) -> None:
    practice, text = Practice(tmp_path, TEN), plan("Twenty", on(range(20)))

    async def story() -> Ran:
        return await practice.begin_unchecked("twenty.yaml", text)

    run = practice.play(story)
    assert (practice.calls(), len(practice.bets())) == (calls, 5)
    refused = denied(run)
    assert {(one.limit, one.figure) for one in refused} == {("max_open_exposure", "12.00 GBP of at most 10.00 GBP")}
    assert len(refused) == 15
    assert all(f"2.00 GBP by run {run.info.run} in market 1." in one.held_by or len(calls) == 1 for one in refused)
    assert run.exit is Exit.NOT_AS_PLANNED


@pytest.mark.parametrize("on", [one_market, markets], ids=["batches", "separate calls"])
def test_plans_that_each_fit_place_five_of_their_twenty_together(
    tmp_path: Path, on: Callable[[range], list[tuple[str, str, str]]]
) -> None:
    practice = Practice(tmp_path, TEN)

    async def story() -> list[Ran]:
        parts = [range(3), range(3, 8), range(8, 12), range(12, 17), range(17, 20)]  # so that one has room for some only
        runs = [practice.begin(f"{part[0]}.yaml", plan(f"From {part[0]} on", on(part))) for part in parts]
        return await asyncio.gather(*runs)

    runs = practice.play(story)
    assert (len(practice.bets()), len(denied(*runs))) == (5, 15)
    assert {one.limit for one in denied(*runs)} == {"max_open_exposure"}


def test_a_plan_that_can_only_be_denied_is_refused_before_anything_is_placed(tmp_path: Path) -> None:
    practice = Practice(tmp_path, TEN)

    async def story() -> Ran:
        return await practice.begin("twenty.yaml", plan("Twenty", one_market(range(20))))

    with pytest.raises(PlanProblems, match=r"40\.00 GBP.*10\.00 GBP"):
        practice.play(story)
    assert practice.bets() == []


def test_with_all_answers_lost_the_next_order_is_refused_and_the_five_adopted_once_the_venue_shows_them(tmp_path: Path) -> None:
    practice = Practice(tmp_path, TEN)
    practice.fault("placeOrders", Trouble.REPLY_LOST_AFTER_LANDING, times=ALWAYS)
    practice.fault("listCurrentOrders", Trouble.EMPTY_REPORT, times=ALWAYS)

    async def story() -> tuple[Ran, list[Ran]]:
        five = practice.begin("five.yaml", plan("Five", markets(range(5)), expires="2m"))
        refused = []
        for seconds in (10, 25, 75):  # not asked about yet; sent again, and lost again; the venue's window for that is over
            await practice.clock.sleep_until(BEGIN + timedelta(seconds=seconds))
            refused.append(await practice.begin("next.yaml", plan("The next", markets([5]))))
        practice.venue.faults.clear()
        return await five, refused

    five, refused = practice.play(story)
    for run in refused:
        [one] = denied(run)
        assert (one.limit, one.figure) == ("max_open_exposure", "12.00 GBP of at most 10.00 GBP")
        assert one.held_by.count(f"2.00 GBP by run {five.info.run} in market 1.") == 3
        assert one.held_by.endswith("4.00 GBP by 2 more, 2.00 GBP by this order")
        assert run.exit is Exit.REFUSED
    unknown = {one.ref for one in bodies(five, OrderUnknown)}
    assert len(unknown) == 5
    assert unknown == {one.ref for one in bodies(five, OrderReported)} == set(practice.bets())
    assert len(practice.bets()) == 5
    assert five.exit is Exit.DONE


def test_with_one_answer_lost_the_order_is_adopted_by_its_reference(tmp_path: Path) -> None:
    practice = Practice(tmp_path, TEN)
    practice.fault("placeOrders", Trouble.REPLY_LOST_AFTER_LANDING, number=3)

    async def story() -> Ran:
        return await practice.begin("five.yaml", plan("Five", markets(range(5))))

    run = practice.play(story)
    [lost] = {one.ref for one in bodies(run, OrderUnknown)}
    asked = [one.ref for command in bodies(run, PlaceOrders) for one in command.placements]
    assert lost in {one.ref for one in bodies(run, OrderReported)}
    assert sorted(practice.bets()) == sorted(set(asked))
    assert len(practice.bets()) == 5
    assert run.exit is Exit.DONE


def test_a_market_limit_of_four_lets_two_of_ten_runners_through_in_one_batch(tmp_path: Path) -> None:
    practice = Practice(tmp_path, site("max_exposure_per_market: 4.00 GBP"))

    async def story() -> Ran:
        return await practice.begin_unchecked("ten.yaml", plan("Ten", one_market(range(10))))

    run = practice.play(story)
    assert (practice.calls(), len(practice.bets())) == ([2], 2)
    assert [(one.limit, one.figure) for one in denied(run)] == [
        ("max_exposure_per_market", "6.00 GBP of at most 4.00 GBP")
    ] * 8  # fmt: skip


def test_a_market_limit_of_four_lets_two_of_ten_runs_through(tmp_path: Path) -> None:
    practice = Practice(tmp_path, site("max_exposure_per_market: 4.00 GBP"))

    async def story() -> list[Ran]:
        runs = [practice.begin(f"{n}.yaml", plan(f"Runner {n}", one_market([n]))) for n in range(10)]
        return await asyncio.gather(*runs, practice.begin("other.yaml", plan("Elsewhere", markets([0]))))

    *runs, elsewhere = practice.play(story)
    assert (len(practice.bets()), len(denied(*runs)), denied(elsewhere)) == (3, 8, [])
    holders = {run.info.run for run in runs if not denied(run)}
    for one in denied(*runs):
        assert (one.limit, one.figure) == ("max_exposure_per_market", "6.00 GBP of at most 4.00 GBP")
        assert {run for run in holders if f"2.00 GBP by run {run} in market 1." in one.held_by} == holders


def test_orders_of_a_minute_are_counted_over_runs_and_one_more_is_let_through_when_it_is_over(tmp_path: Path) -> None:
    practice = Practice(tmp_path, site("max_orders_per_minute: 3"))

    async def story() -> list[Ran]:
        first = practice.begin("first.yaml", plan("First", markets(range(2)), expires="10s"))
        await practice.passes(40)
        second = practice.begin("second.yaml", plan("Second", markets(range(2, 5)), expires="1m"))
        await practice.passes(21)
        return [await first, await practice.begin("third.yaml", plan("Third", markets([5]))), await second]

    first, third, second = practice.play(story)
    assert (denied(first), denied(third), len(practice.bets())) == ([], [], 4)
    assert [(one.limit, one.figure) for one in denied(second)] == [("max_orders_per_minute", "4 of at most 3")] * 2
    assert {one.held_by for one in denied(second)} == {"3 placed on this account in the minute before, 1 by this order"}


@pytest.mark.parametrize(
    ("begin", "is_over"),
    [
        pytest.param(datetime(2026, 12, 5, 4, 58, tzinfo=UTC), True, id="midnight in New York"),
        pytest.param(datetime(2026, 12, 4, 23, 58, tzinfo=UTC), False, id="midnight in UTC"),
    ],
)
def test_the_loss_of_a_day_is_counted_over_runs_until_the_account_s_own_midnight(
    tmp_path: Path, begin: datetime, is_over: bool
) -> None:
    practice = Practice(tmp_path, site("max_loss_per_day: 4.00 GBP", zone="America/New_York"), begin=begin)

    async def story() -> list[Ran]:
        first = await practice.begin("first.yaml", plan("First", taken(2)))
        second = await practice.begin("second.yaml", plan("Second", markets([0]), expires="10s"))
        await practice.clock.sleep_until(begin.replace(minute=59, second=59))
        before = await practice.begin("before.yaml", plan("Just before", markets([1]), expires="10s"))
        await practice.passes(2)
        return [first, second, before, await practice.begin("after.yaml", plan("Just after", markets([2]), expires="10s"))]

    first, second, before, after = practice.play(story)
    assert first.exit is Exit.DONE
    for run in (second, before) if is_over else (second, before, after):
        [refused] = denied(run)
        assert (refused.limit, refused.figure) == ("max_loss_per_day", "6.00 GBP of at most 4.00 GBP")
        assert refused.held_by == "4.00 GBP at risk in bets taken today, 2.00 GBP by this order"
        assert run.exit is Exit.REFUSED
    assert after.exit is (Exit.DONE if is_over else Exit.REFUSED)
    assert len(practice.bets()) == (3 if is_over else 2)
