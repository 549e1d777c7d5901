"""A year of a site of forty plans in virtual time: every occurrence is accounted for, none has two runs, and no plan loses more
than it may in total, whatever restarts, slow runs, holidays and clock changes there are.

Runs are stood in for by twins that last some time and win or lose; the journal, the calendar and the decisions are the real ones.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from planrunner.app.service.lane import Ready
from planrunner.app.service.roster import Roster
from planrunner.app.service.verdict import ON_TIME, terms_of
from planrunner.model.calendar import Recurring, occurrences
from planrunner.model.errors import VenueTrouble
from planrunner.model.journal import Due, Fate, Mode, Noted, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.model.plan import IfMissed, IfStillRunning, Repeating
from planrunner.runtime.clock import HandsClock, VirtualClock, run_on
from planrunner.runtime.journal import Journal
from planrunner.runtime.timetable import Timetable, ended

START = datetime(2026, 12, 1, tzinfo=UTC)
ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Santiago",
    "Pacific/Auckland",
    "UTC",
)
HOLIDAYS = frozenset({date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1), date(2027, 4, 5)})


def some_plans(chance: random.Random, count: int) -> dict[str, Repeating]:
    return {f"plan-{n:02}.yaml": some_schedule(chance) for n in range(count)}


def some_schedule(chance: random.Random) -> Repeating:
    late = chance.choice([None, timedelta(minutes=10), timedelta(hours=3)])
    # Times around those at which clocks are set come often.
    times = {time(chance.choice([1, 2, 2, 11, 17, 23]), chance.choice([0, 0, 15, 30, 45])) for _ in range(chance.randint(1, 2))}
    return Repeating(
        rule=Recurring(
            weekdays=frozenset(chance.choice([range(7), range(7), range(5), [2, 5]])),
            times=tuple(times),
            time_zone=chance.choice(ZONES),
            except_on=chance.choice([frozenset(), HOLIDAYS]),
            first=chance.choice([None, date(2027, 2, 1)]),
            last=chance.choice([None, date(2027, 9, 30)]),
        ),
        if_missed=IfMissed.SKIP if late is None else IfMissed.RUN_LATE,
        late_by_at_most=late,
        if_still_running=chance.choice(list(IfStillRunning)),
    )


@dataclass(slots=True, kw_only=True)
class Twins:
    """Runs that last some time, find no venue now and then, and win or lose what they may."""

    journal: Journal
    timetable: Timetable
    clock: HandsClock
    chance: random.Random
    totals: dict[str, Decimal]
    numbers: Iterator[int]
    begun: Counter[RunId] = field(default_factory=Counter)
    stopping: dict[RunId, asyncio.Event] = field(default_factory=dict)

    def ready(self, due: Due, info: RunInfo | None = None) -> Ready:
        total = self.totals.get(due.plan)
        made = RunInfo(
            run=RunId(f"run-{next(self.numbers):06}"), plan_file=due.plan, plan_name=due.plan, plan_digest="0", mode=Mode.SANDBOX,
            created=self.clock.now(),
        )  # fmt: skip
        may_lose = Money(amount=Decimal(10), currency="GBP")
        in_total = None if total is None else Money(amount=total, currency="GBP")
        ours = info or made
        return Ready(info=ours, may_lose=may_lose, in_total=in_total, run=lambda: self.run(ours))

    async def run(self, info: RunInfo) -> None:
        if self.chance.random() < 0.05:
            raise VenueTrouble("the venue does not answer")
        self.begun[info.run] += 1
        await self.go_on(info)

    async def go_on(self, info: RunInfo) -> None:
        stop = self.stopping.setdefault(info.run, asyncio.Event())
        with suppress(TimeoutError):
            async with asyncio.timeout(self.chance.choice([20, 600, 4 * 3600, 30 * 3600])):
                await stop.wait()
        epoch = self.journal.take(info.run, "twin")
        ended(self.journal, info.run, epoch, RunState.FINISHED, lost=self.chance.choice([Decimal(10), Decimal("-9.50")]))

    def has_begun(self, info: RunInfo) -> bool:
        return self.begun[info.run] > 0

    def stop(self, run: RunId, text: str) -> None:
        del text
        self.stopping[run].set()

    def refuse(self, run: RunId, text: str) -> bool:
        return self.timetable.refuse(run, "twin", text)


@dataclass(frozen=True, slots=True)
class Absence:
    """The service was not there."""

    since: datetime
    until: datetime


def live_through(
    journal_file: Path, plans: dict[str, Repeating], seed: int, until: datetime
) -> tuple[list[Noted], list[Absence]]:
    chance = random.Random(seed)
    totals = {plan: Decimal(chance.choice([50, 300])) for plan in plans if chance.random() < 0.2}
    begun: Counter[RunId] = Counter()
    numbers = iter(range(10**6))
    absences: list[Absence] = []
    clock = VirtualClock(START)

    async def service(clock: VirtualClock, ends: datetime) -> None:
        with Journal.open(journal_file, durable=False, clock=clock) as journal:
            timetable = Timetable(journal, clock)
            twins = Twins(
                journal=journal, timetable=timetable, clock=clock, chance=chance, totals=totals, numbers=numbers, begun=begun
            )
            troubles: list[str] = []
            roster = Roster(
                mode=Mode.SANDBOX, runs=twins, timetable=timetable, clock=clock, tell=lambda _: None,
                trouble=lambda plan, text: troubles.append(f"{plan}: {text}"), markets=no_markets,
            )  # fmt: skip
            for plan, when in plans.items():
                await roster.put(plan, when)
            for info in journal.unfinished():
                await roster.take_up(info)
            await roster.open()
            task = asyncio.ensure_future(roster.run())
            await clock.sleep_until(ends)
            for lane in roster.lanes.values():  # killed: nothing is finished, nothing more begins
                lane.queue.clear()
            for each in (
                task,
                *(task for lane in roster.lanes.values() for task in lane.going.values()),
                *roster.others.values(),
            ):
                each.cancel()
            await asyncio.sleep(0)
            assert not troubles, troubles

    while clock.now() < until:
        ends = min(clock.now() + timedelta(days=chance.choice([0.02, 2, 20]), minutes=chance.randrange(1440)), until)
        run_on(clock, lambda clock: service(clock, ends))  # noqa: B023 - runs at once
        gap = timedelta(seconds=chance.choice([20, 400, 7200, 90000]))
        absences.append(Absence(clock.now(), clock.now() + gap))
        clock.jump(gap.total_seconds())
    run_on(clock, lambda clock: service(clock, clock.now() + timedelta(minutes=2)))  # what was missed last is told by the next
    with Journal.open(journal_file, durable=False) as journal:
        noted = Timetable(journal, clock).noted()
        for plan, amount in totals.items():
            runs = [one for one in noted if one.due.plan == plan and one.run is not None]
            assert sum(one.may_lose.amount for one in runs) <= amount
    return [one for one in noted if one.due.at < until], absences


async def no_markets(plan: str) -> tuple[()]:
    raise AssertionError(plan)


def account_for(noted: list[Noted], plans: dict[str, Repeating], absences: list[Absence], until: datetime) -> Counter[Fate]:
    """Held against the calendar, occurrence by occurrence."""
    told = {(one.due.plan, one.due.occurrence): one for one in noted}
    assert len(told) == len(noted)
    runs = [one.run for one in noted if one.run is not None]
    assert len(runs) == len(set(runs))
    wanted = 0
    for plan, when in plans.items():
        terms = terms_of(when)
        for due in occurrences(when.rule, START):
            if due.at >= until:
                break
            wanted += 1
            one = told[plan, due.id]
            late = one.decided - due.at
            away = any(gap.since <= due.at <= gap.until for gap in absences)
            match one.fate:
                case Fate.RUN:
                    assert late <= ON_TIME
                case Fate.LATE:
                    waited = when.if_still_running is not IfStillRunning.SKIP
                    assert late <= terms.late_by or (waited and when.if_missed is IfMissed.SKIP), one
                    assert away or waited, one
                case Fate.MISSED:
                    assert late > terms.late_by, one
                    assert away or when.if_still_running is not IfStillRunning.SKIP, one
                case Fate.STILL_RUNNING:
                    assert when.if_still_running is IfStillRunning.SKIP
                case Fate.REPLACED:
                    assert when.if_still_running is IfStillRunning.REPLACE
                    assert late <= ON_TIME or away, "a run that is stopped makes room at once"
                case Fate.QUEUED:  # the service ended at this very moment
                    assert when.if_still_running is not IfStillRunning.SKIP
                    assert until - due.at < timedelta(days=2)
                case Fate.REFUSED:
                    assert one.text
            assert one.text or one.fate is Fate.RUN, "whatever is not as usual says why"
    assert wanted == len(noted), "nothing was decided that was not due"
    return Counter(one.fate for one in noted)


def look_at(folder: Path, seed: int, days: int) -> Counter[Fate]:
    plans = some_plans(random.Random(seed), 40)
    until = START + timedelta(days=days)
    noted, absences = live_through(folder / "j.db", plans, seed, until)
    return account_for(noted, plans, absences, until)


def test_a_month_of_forty_plans_with_reboots_is_accounted_for(tmp_path: Path) -> None:
    fates = look_at(tmp_path, 3, 30)
    assert {Fate.RUN, Fate.LATE, Fate.MISSED, Fate.STILL_RUNNING, Fate.REFUSED} <= set(fates)
    assert sum(fates.values()) > 700


@pytest.mark.storm
@pytest.mark.parametrize("seed", range(5))
def test_a_year_of_forty_plans_with_reboots_is_accounted_for(tmp_path: Path, seed: int) -> None:
    fates = look_at(tmp_path, seed, 365)
    assert {Fate.RUN, Fate.LATE, Fate.MISSED, Fate.STILL_RUNNING, Fate.REFUSED} <= set(fates)
    assert sum(fates.values()) > 9000
