"""A rehearsal: the plan's venues in memory, on a clock that jumps, in a world where the plan finds what it names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from planrunner.app.stage import Accounts, Stage, Venues, opened
from planrunner.app.venues import make_venue
from planrunner.app.worlds import load_recording
from planrunner.model.journal import Mode
from planrunner.model.names import nearest, same_name
from planrunner.model.plan import At, BeforeStart, If, LimitOrder, Plan
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import HandsClock, run_virtual
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.clock import from_ms
from planrunner.sandbox.practice import Rehearsal, practice_scenario, rehearse
from planrunner.sandbox.scenario import Scenario

T = TypeVar("T")

# The day of a rehearsal whose plan names none: a Saturday with football and racing. Fixed, so that reports can be compared.
PRACTICE_DAY = date(2026, 12, 5)
LEAD = timedelta(minutes=10)  # before the start, or before the first moment the plan speaks of
SETTLE_WITHIN = timedelta(hours=6)


def in_memory(plan: Plan, accounts: Accounts, *, seed: int, case: str, scenario: Scenario | None = None) -> Stage:
    """The practice world, or a scenario of the user's, as a case changes it."""
    scenario = scenario or practice_scenario()
    day = min((order.target.on for order in plan.orders if order.target.on), default=scenario.begins_on or PRACTICE_DAY)
    begin = _begin(plan, scenario, day)
    rehearsal = rehearse(scenario, day=day, seed=seed, case=case, begin=begin)
    _invent(plan, rehearsal)
    return staged(rehearsal, accounts, begin=begin, today=day)


def on_recording(accounts: Accounts, file: Path, *, seed: int, case: str, before_start: timedelta) -> Stage:
    """A recorded Betfair market, played from so long before its start.

    Raises BadRecording and NotPlayed, before anything is placed.
    """
    rehearsal = load_recording(file, seed=seed, case=case, before_start=before_start)
    begin = rehearsal.world.begin
    return staged(rehearsal, accounts, begin=begin, today=begin.astimezone(rehearsal.scenario.zone).date())


def staged(rehearsal: Rehearsal, accounts: Accounts, *, begin: datetime, today: date) -> Stage:
    """A world with its adapters around it."""

    @asynccontextmanager
    async def venues(clock: HandsClock) -> AsyncIterator[Venues]:
        door = Door(MemoryWire(betfair_app(rehearsal.world, clock, faults=rehearsal.faults)), clock)
        made = {
            name: make_venue(account, door=door, clock=clock, secrets=PRACTICE, at="http://sandbox.invalid")
            for name, account in accounts.items()
        }
        try:
            async with opened(made) as ready:
                yield ready
        finally:
            await door.close()

    def play(main: Callable[[HandsClock], Coroutine[Any, Any, T]]) -> T:
        return run_virtual(main, start=begin)

    return Stage(mode=Mode.REHEARSAL, today=lambda _: today, play=play, venues=venues, settle_within=SETTLE_WITHIN)


def _begin(plan: Plan, scenario: Scenario, day: date) -> datetime:
    """Early enough for everything in the plan, and no earlier."""
    if scenario.begins_at is not None:
        return datetime.combine(scenario.begins_on or day, scenario.begins_at, scenario.zone)
    midnight = datetime.combine(day, time(), scenario.zone)
    starts = {fixture.name: from_ms(fixture.start.resolve(midnight, day, scenario.zone)) for fixture in scenario.fixtures}
    noon = datetime.combine(day, time(12), scenario.zone)
    moments = [moment for order in plan.orders for moment in _moments(order, _start_of(order, starts) or noon)]
    return max(min(moments), midnight).astimezone(UTC)


def _start_of(order: LimitOrder, starts: dict[str, datetime]) -> datetime | None:
    return next((at for name, at in starts.items() if order.target.event and same_name(name, order.target.event)), None)


def _moments(order: LimitOrder, start: datetime) -> Iterator[datetime]:
    yield start - LEAD
    for when in (order.place, order.ending, *(step.trigger for step in order.fallback)):
        moment = when.moment if isinstance(when, If) else when
        if isinstance(moment, BeforeStart):
            yield start - moment.delay - LEAD
        elif isinstance(moment, At):
            yield moment.at - LEAD


def _invent(plan: Plan, rehearsal: Rehearsal) -> None:
    """Fixtures the world lacks, unless a name in it is so near that the author most likely meant that one."""
    wanted: dict[tuple[str, str], list[LimitOrder]] = {}
    for order in plan.orders:
        if order.target.event is not None and order.target.market is not None and order.target.selection is not None:
            wanted.setdefault((order.target.event, order.target.market), []).append(order)
    known = rehearsal.names()
    for (event, market), orders in wanted.items():
        if any(same_name(event, name) for name in known) or nearest(event, known) is not None:
            continue
        rehearsal.invent(
            event, market, [name for order in orders if (name := order.target.selection)], start=_noon(orders, rehearsal)
        )


def _noon(orders: Sequence[LimitOrder], rehearsal: Rehearsal) -> datetime:
    """An invented fixture starts when the practice day's noon is, or on the day the plan names."""
    day = next((order.target.on for order in orders if order.target.on), None)
    begin = rehearsal.world.begin.astimezone(rehearsal.scenario.zone)
    return datetime.combine(day or begin.date(), time(12), rehearsal.scenario.zone)
