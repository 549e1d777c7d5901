"""What wakes a service, and what it decides then: starts that move, markets that can't be read, clocks that are set."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planrunner.app.service.lane import Lane
from planrunner.app.service.verdict import ON_TIME, judge, terms_of
from planrunner.model.errors import VenueTrouble
from planrunner.model.journal import Due, Fate, Mode
from planrunner.model.market import Market, MarketId
from planrunner.model.plan import BeforeEachStart, IfMissed, IfStillRunning, OnSignal
from planrunner.runtime.clock import RealClock, VirtualClock
from planrunner.runtime.schedule import alarm_on
from tests.service.twins import Scene, played

NOON = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
BEFORE = BeforeEachStart(before=timedelta(minutes=15))


def market(name: str, start: datetime) -> Market:
    return Market(id=MarketId(name), name="Win", fixture="Bath", start=start, selections=(), ladder="CLASSIC")


def test_each_start_is_followed_as_it_moves_and_run_once(tmp_path: Path) -> None:
    """The catalogue as the venue has it: a start is moved, a race joins, and for a while nobody answers."""
    lists = {
        NOON: [market("a", NOON + timedelta(hours=1)), market("b", NOON + timedelta(hours=2))],
        NOON + timedelta(minutes=20): [
            market("a", NOON + timedelta(hours=1, minutes=30)),
            market("b", NOON + timedelta(hours=2)),
        ],
        NOON + timedelta(minutes=80): None,
        NOON + timedelta(minutes=100): [
            market("a", NOON + timedelta(hours=3)),  # it has been run, wherever its start goes
            market("b", NOON + timedelta(hours=2)),
            market("c", NOON + timedelta(hours=2, minutes=30)),
        ],
    }
    clock = VirtualClock(NOON)

    async def markets(plan: str) -> list[Market]:
        del plan
        [*_, now] = [listed for at, listed in lists.items() if at <= clock.now()]
        if now is None:
            raise VenueTrouble("the venue does not answer")
        return now

    async def story(scene: Scene) -> None:
        await scene.roster.put("races.yaml", BEFORE)
        await scene.roster.open()
        await scene.clock.sleep_until(NOON + timedelta(hours=4))

    scene = played(tmp_path / "j.db", clock, story, markets=markets)
    told = [(due.market, at - NOON) for at, due in scene.runs.begun]
    assert told == [
        ("a", timedelta(minutes=75)),
        ("b", timedelta(minutes=105)),
        ("c", timedelta(minutes=135)),
    ]
    assert any("could not be read" in text for text in scene.troubles)
    assert {one.fate for one in scene.noted} == {Fate.RUN}


def test_what_starts_while_nobody_is_there_is_told_as_missed(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)

    async def markets(plan: str) -> list[Market]:
        del plan
        return [market("a", NOON + timedelta(hours=1)), market("b", NOON + timedelta(hours=5))]

    async def first(scene: Scene) -> None:
        await scene.roster.put("races.yaml", BEFORE)
        await scene.roster.open()

    played(tmp_path / "j.db", clock, first, markets=markets)
    clock.jump(3600)
    scene = played(tmp_path / "j.db", clock, first, markets=markets)
    assert [(one.due.market, one.fate) for one in scene.noted] == [("a", Fate.MISSED)]


@pytest.mark.parametrize("policy", list(IfStillRunning))
def test_two_signals_at_once_are_one_after_the_other_as_the_plan_says(tmp_path: Path, policy: IfStillRunning) -> None:
    async def story(scene: Scene) -> None:
        scene.runs.lasts = timedelta(minutes=5)
        await scene.roster.put("plan.yaml", OnSignal(name="go", if_still_running=policy))
        await scene.roster.open()
        lane = scene.roster.lane_of("plan.yaml")
        assert isinstance(lane, Lane)
        for key in ("one", "two", "one"):
            await lane.decide(Due(plan="plan.yaml", mode=Mode.SANDBOX, occurrence=key, at=scene.clock.now()))
        await scene.clock.sleep_until(NOON + timedelta(minutes=30))

    scene = played(tmp_path / "j.db", VirtualClock(NOON), story, markets=_none)
    begun = [(due.occurrence, at - NOON) for at, due in scene.runs.begun]
    one = ("one", timedelta(0))
    match policy:
        case IfStillRunning.SKIP:
            assert begun == [one]
        case IfStillRunning.QUEUE:
            assert begun == [one, ("two", timedelta(minutes=5))]
        case IfStillRunning.REPLACE:
            assert begun == [one, ("two", timedelta(0))]


def test_a_wall_clock_that_is_set_wakes_whoever_it_concerns_and_trouble_ends_nothing() -> None:
    class Set(RealClock):
        ahead = timedelta(0)

        def now(self) -> datetime:
            return super().now() + self.ahead

    async def main() -> None:
        clock, looks, troubles = Set(), asyncio.Event(), asyncio.Event()
        alarm = alarm_on(clock, lambda name, text: troubles.set() if (name, "in pieces" in text) == ("broken", True) else None)
        begun = clock.now()

        async def look() -> None:
            if clock.now() - begun > timedelta(minutes=30):
                looks.set()

        async def broken() -> None:
            raise ValueError("in pieces")

        alarm.put("hourly", lambda after: after + timedelta(hours=1), look)
        alarm.put("broken", lambda after: after + timedelta(milliseconds=300), broken)
        work = asyncio.ensure_future(alarm.run())
        async with asyncio.timeout(10):
            await troubles.wait()
            troubles.clear()
            await troubles.wait()  # and again
            clock.ahead = timedelta(hours=2)
            await looks.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(main())


def test_an_occurrence_is_on_time_within_its_minute_and_late_within_what_the_plan_allows() -> None:
    late = BeforeEachStart(before=timedelta(minutes=15), if_missed=IfMissed.RUN_LATE, late_by_at_most=timedelta(minutes=10))
    for when, seconds, fate in (
        (BEFORE, 0, Fate.RUN),
        (BEFORE, 60, Fate.RUN),
        (BEFORE, 61, Fate.MISSED),
        (late, 61, Fate.LATE),
        (late, 600, Fate.LATE),
        (late, 601, Fate.MISSED),
    ):
        assert judge(terms_of(when), NOON, NOON + timedelta(seconds=seconds), is_busy=False).fate is fate
    assert timedelta(minutes=1) == ON_TIME


async def _none(plan: str) -> list[Market]:
    raise AssertionError(plan)
