"""What months bring to a service: restarts in the middle of something, clocks that are set, a journal that can't be written."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from planrunner.app.service.keepers import StartsKeeper
from planrunner.app.service.lane import Lane
from planrunner.model.errors import JournalTrouble, Refused
from planrunner.model.events import StopRequested
from planrunner.model.journal import Due, Fate, Mode, RunState
from planrunner.model.market import Market, MarketId
from planrunner.model.plan import BeforeEachStart, IfStillRunning, OnSignal
from planrunner.runtime.clock import SetClock, VirtualClock
from planrunner.runtime.lease import is_silent
from planrunner.runtime.occurrences import Claim, Claimed
from planrunner.runtime.timetable import Timetable
from tests.service.twins import Scene, played

NOON = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
PLAN = "plan.yaml"
SCHEDULE = """\
from datetime import date, time
from planrunner.app.service.keepers import schedule_of
from planrunner.model.calendar import Recurring
from planrunner.model.plan import Repeating
days = frozenset(date(2026, 12, day) for day in range(1, 28))
print(schedule_of(Repeating(rule=Recurring(weekdays=frozenset(range(5)), times=(time(11),), time_zone="UTC", except_on=days))))
"""


class Locked(Timetable):
    """The journal can't be written the first two times."""

    times = 2

    async def claim(self, asked: Claim) -> Claimed:
        if self.times:
            self.times -= 1
            raise JournalTrouble("the journal is locked by another process")
        return await super().claim(asked)


def signalled(key: str, at: datetime) -> Due:
    return Due(plan=PLAN, mode=Mode.SANDBOX, occurrence=f"signal go {key}", at=at)


def lane_of(scene: Scene) -> Lane:
    lane = scene.roster.lane_of(PLAN)
    assert lane is not None
    return lane


async def no_markets(plan: str) -> list[Market]:
    raise AssertionError(plan)


def in_a_queue(story: Callable[[Scene], Awaitable[None]]) -> Callable[[Scene], Awaitable[None]]:
    async def begun(scene: Scene) -> None:
        scene.runs.lasts = timedelta(minutes=30)
        await scene.roster.put(PLAN, OnSignal(name="go", if_still_running=IfStillRunning.QUEUE))
        await story(scene)

    return begun


def test_a_schedule_is_the_same_to_the_next_process() -> None:
    """Else what came due while nobody was there is forgotten without a word."""
    told = {
        subprocess.run(
            [sys.executable, "-c", SCHEDULE], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_what_was_queued_waits_on_where_the_run_before_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)

    async def before(scene: Scene) -> None:
        await scene.roster.open()
        for key in ("one", "two"):
            await lane_of(scene).decide(signalled(key, NOON))
        await scene.clock.sleep_until(NOON + timedelta(minutes=10))

    async def after(scene: Scene) -> None:
        [info] = scene.runs.journal.unfinished()

        async def goes_on() -> None:
            await scene.clock.sleep_until(NOON + timedelta(minutes=30))
            scene.runs.journal.set_state(info.run, scene.runs.journal.take(info.run, "twin"), RunState.FINISHED)

        lane_of(scene).adopt(info.run, asyncio.ensure_future(goes_on()))
        await scene.roster.open()
        await scene.clock.sleep_until(NOON + timedelta(minutes=40))

    played(tmp_path / "j.db", clock, in_a_queue(before), markets=no_markets)
    scene = played(tmp_path / "j.db", clock, in_a_queue(after), markets=no_markets)
    assert [(due.occurrence, at - NOON) for at, due in scene.runs.begun] == [("signal go two", timedelta(minutes=30))]


def test_what_is_queued_is_not_lost_where_the_journal_can_not_be_written_when_its_turn_comes(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.roster.open()
        for key in ("one", "two"):
            await lane_of(scene).decide(signalled(key, NOON))
        lane_of(scene).timetable = Locked(scene.runs.journal, scene.clock)
        await scene.clock.sleep_until(NOON + timedelta(hours=1))

    scene = played(tmp_path / "j.db", VirtualClock(NOON), in_a_queue(story), markets=no_markets)
    assert [due.occurrence for _, due in scene.runs.begun] == ["signal go one", "signal go two"]


def test_starts_are_followed_again_once_a_clock_that_was_a_day_ahead_is_set_right(tmp_path: Path) -> None:
    """The service began, and read the day's markets, while the clock was wrong."""
    clock = SetClock(NOON)

    async def markets(plan: str) -> list[Market]:
        del plan
        start = NOON + timedelta(hours=1)
        return [Market(id=MarketId("a"), name="Win", fixture="Bath", start=start, selections=(), ladder="CLASSIC")]

    async def story(scene: Scene) -> None:
        when = BeforeEachStart(before=timedelta(minutes=15))
        await scene.roster.put(PLAN, when)
        keeper = StartsKeeper(
            plan=PLAN, mode=Mode.SANDBOX, when=when, lane=lane_of(scene), timetable=Timetable(scene.runs.journal, clock),
            clock=clock, markets=lambda: markets(PLAN), trouble=scene.troubles.append,
        )  # fmt: skip
        clock.set(timedelta(days=1))
        await keeper.look()
        clock.set(timedelta(days=-1))
        await keeper.look()
        await clock.sleep_until(NOON + timedelta(minutes=45))
        await keeper.look()

    scene = played(tmp_path / "j.db", clock, story, markets=markets)
    assert [(one.due.market, one.fate) for one in scene.noted] == [("a", Fate.RUN)]


def test_a_run_that_somebody_began_elsewhere_is_neither_begun_again_nor_called_refused(tmp_path: Path) -> None:
    """The service has claimed it and waits for its venue; meanwhile a person goes on with it, and it may have bets."""

    async def story(scene: Scene) -> None:
        journal, due = scene.runs.journal, signalled("one", NOON)
        ready = scene.runs.ready(due)
        timetable, run = Timetable(journal, scene.clock), ready.info.run
        asked = Claim(due=due, fate=Fate.RUN, text="", info=ready.info, may_lose=ready.may_lose, in_total=None)
        assert (await timetable.claim(asked)).is_ours
        assert not await is_silent(scene.clock, lambda: journal.lease(run)), "who claimed it is about to begin it"
        epoch = journal.take(run, "a person's")
        await journal.append(run, epoch, [StopRequested(at=NOON, text="a record")], NOON)
        with pytest.raises(Refused, match="another process has begun the run"):
            journal.take(run, "the service's", unbegun=True)
        assert not timetable.refuse(run, "the service's", "the venue does not answer")
        await journal.append(run, epoch, [StopRequested(at=NOON, text="not fenced off")], NOON)
        [noted] = timetable.noted()
        assert (noted.fate, noted.may_lose.amount, journal.info(run).state) == (Fate.RUN, Decimal(1), RunState.RUNNING)

    played(tmp_path / "j.db", VirtualClock(NOON), story, markets=no_markets)


@pytest.mark.parametrize("policy", [IfStillRunning.SKIP, IfStillRunning.QUEUE])
def test_a_run_in_another_window_is_the_one_before_it_too(tmp_path: Path, policy: IfStillRunning) -> None:
    async def story(scene: Scene) -> None:
        await scene.roster.put(PLAN, OnSignal(name="go", if_still_running=policy))
        await scene.roster.open()
        by_hand = replace(scene.runs.ready(signalled("by hand", NOON)).info, plan_file=f"elsewhere/{PLAN}")
        scene.runs.journal.create(by_hand)
        await lane_of(scene).decide(signalled("one", NOON))
        await scene.clock.sleep_until(NOON + timedelta(minutes=10))
        scene.runs.journal.set_state(by_hand.run, scene.runs.journal.take(by_hand.run, "a person's"), RunState.FINISHED)
        await scene.clock.sleep_until(NOON + timedelta(minutes=11))

    scene = played(tmp_path / "j.db", VirtualClock(NOON), story, markets=no_markets)
    fates = [one.fate for one in scene.noted]
    if policy is IfStillRunning.SKIP:
        assert (fates, scene.runs.begun) == ([Fate.STILL_RUNNING], [])
    else:
        assert fates == [Fate.QUEUED, Fate.LATE]
        assert [at - NOON for at, _ in scene.runs.begun] == [timedelta(minutes=10)]


@pytest.mark.parametrize("policy", list(IfStillRunning))
def test_a_person_who_begins_the_plan_while_an_occurrence_is_being_decided_comes_first(
    tmp_path: Path, policy: IfStillRunning
) -> None:
    """Between the look at what goes on and the claim."""

    async def story(scene: Scene) -> None:
        await scene.roster.put(PLAN, OnSignal(name="go", if_still_running=policy))
        await scene.roster.open()
        by_hand = replace(scene.runs.ready(signalled("by hand", NOON)).info, plan_file=f"elsewhere/{PLAN}")
        scene.runs.before_ready.append(partial(scene.runs.journal.create, by_hand))
        await lane_of(scene).decide(signalled("one", NOON))
        assert not scene.runs.begun
        await scene.clock.sleep_until(NOON + timedelta(minutes=10))
        journal = scene.runs.journal
        if journal.info(by_hand.run).state is RunState.RUNNING:
            journal.set_state(by_hand.run, journal.take(by_hand.run, "a person's"), RunState.FINISHED)
        await scene.clock.sleep_until(NOON + timedelta(minutes=11))

    scene = played(tmp_path / "j.db", VirtualClock(NOON), story, markets=no_markets)
    fates = [one.fate for one in scene.noted]
    assert fates == ([Fate.STILL_RUNNING] if policy is IfStillRunning.SKIP else [Fate.QUEUED, Fate.LATE])
