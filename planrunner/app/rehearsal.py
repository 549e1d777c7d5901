"""A rehearsal: the plan's venues in memory, on a clock that jumps, in a world where the plan finds what it names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from planrunner.app.beginning import begin_for
from planrunner.app.sandboxes import sandbox_app
from planrunner.app.stage import Accounts, Stage, Venues, opened
from planrunner.app.venues import make_venue
from planrunner.app.worlds import load_recording
from planrunner.engine.of_day import on_day
from planrunner.model.errors import Refused
from planrunner.model.journal import Mode
from planrunner.model.names import nearest, same_name
from planrunner.model.plan import LimitOrder, Plan
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import HandsClock, run_virtual
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.clock import from_ms
from planrunner.sandbox.practice import Rehearsal, practice_scenario, rehearse
from planrunner.sandbox.scenario import Scenario

T = TypeVar("T")

# The day of a rehearsal whose plan names none: a Saturday with football and racing. Fixed, so that reports can be compared.
PRACTICE_DAY = date(2026, 12, 5)
SETTLE_WITHIN = timedelta(hours=6)


def in_memory(plan: Plan, accounts: Accounts, *, seed: int, case: str, scenario: Scenario | None = None) -> Stage:
    """The practice world, or a scenario of the user's, as a case changes it.

    Raises Refused for what can be neither found nor invented.
    """
    rehearsal, day, notes = world_of(plan, seed=seed, case=case, scenario=scenario)
    return staged(rehearsal, accounts, begin=rehearsal.world.begin, today=day, notes=notes)


def world_of(plan: Plan, *, seed: int, case: str, scenario: Scenario | None = None) -> tuple[Rehearsal, date, tuple[str, ...]]:
    """The world that a plan is rehearsed in, its day, and what a reader must know of it. Raises Refused."""
    scenario = scenario or practice_scenario()
    days = [order.target.on for order in _named(plan)] + [ticket.on for ticket in plan.tickets]
    days += [plan.per_market.on] if plan.per_market else []
    day = min((on for on in days if on), default=scenario.begins_on or PRACTICE_DAY)
    begin = begin_for(on_day(plan, day), scenario, day)
    rehearsal = rehearse(scenario, day=day, seed=seed, case=case, begin=begin)
    invented = _invent(plan, rehearsal)
    return rehearsal, day, tuple(f"{name} is not in the world of the rehearsal, and was invented for it" for name in invented)


def on_recording(accounts: Accounts, file: Path, *, seed: int, case: str, before_start: timedelta) -> Stage:
    """A recorded Betfair market, played from so long before its start.

    Raises BadRecording and NotPlayed, before anything is placed.
    """
    rehearsal = load_recording(file, seed=seed, case=case, before_start=before_start)
    begin, zone = rehearsal.world.begin, rehearsal.scenario.zone
    start = from_ms(next(iter(rehearsal.world.fixtures.values())).start)
    notes: tuple[str, ...] = ()
    if begin > start - before_start:
        asked, there = _minutes(before_start), _minutes(max(start - begin, timedelta(0)))
        notes = (f"the recording begins {there} before the start, and the rehearsal with it; asked for were {asked}",)
    return staged(rehearsal, accounts, begin=begin, today=begin.astimezone(zone).date(), notes=notes)


def _minutes(length: timedelta) -> str:
    """`4 minutes and 30 seconds`."""
    counts = zip(divmod(int(length.total_seconds()), 60), ("minute", "second"), strict=True)
    parts = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts if count]
    return " and ".join(parts) or "no time"


def staged(rehearsal: Rehearsal, accounts: Accounts, *, begin: datetime, today: date, notes: tuple[str, ...] = ()) -> Stage:
    """A world with its adapters around it."""

    @asynccontextmanager
    async def venues(clock: HandsClock) -> AsyncIterator[Venues]:
        door = Door(MemoryWire(sandbox_app(rehearsal, clock)), clock)
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

    return Stage(
        mode=Mode.REHEARSAL, today=lambda _, __: today, play=play, venues=venues, settle_within=SETTLE_WITHIN, notes=notes
    )  # fmt: skip


def _invent(plan: Plan, rehearsal: Rehearsal) -> list[str]:
    """Fixtures the world lacks, unless a name in it is so near that the author most likely meant that one; their names."""
    wanted: dict[tuple[str, str], list[LimitOrder]] = {}
    for order in _named(plan):
        if order.target.event is not None and order.target.market is not None and order.target.selection_id is None:
            wanted.setdefault((order.target.event, order.target.market), []).append(order)
    known = rehearsal.names()
    invented: dict[str, None] = {}
    for (event, market), orders in wanted.items():
        if any(same_name(event, name) for name in known) or nearest(event, known) is not None:
            continue
        if on_a_line := next((order for order in orders if order.target.line is not None), None):
            raise Refused(
                f"{on_a_line.name} is on a line of {market}, and rehearsals have no markets with lines yet: {event} is not in "
                "the world of this one, and can't be invented for it. Nothing was placed."
            )
        rehearsal.invent(event, market, _selections(orders), start=_noon(orders, rehearsal))
        invented[event] = None
    return list(invented)


def _named(plan: Plan) -> list[LimitOrder]:
    """The orders, and again as they are where their remainders may be moved."""
    moved = [replace(order, target=move.target) for order in plan.orders if (move := order.move) is not None]
    return [*plan.orders, *moved]


def _selections(orders: Sequence[LimitOrder]) -> list[str]:
    """Those that are named, and as many more as a favourite needs to be one of."""
    named = list(dict.fromkeys(name for order in orders if (name := order.target.selection) is not None))
    least = max((order.target.favourite or 0 for order in orders), default=0)
    return named + [f"Runner {number}" for number in range(len(named) + 1, least + 1)]


def _noon(orders: Sequence[LimitOrder], rehearsal: Rehearsal) -> datetime:
    """An invented fixture starts when the practice day's noon is, or on the day the plan names; a race at its time."""
    day = next((order.target.on for order in orders if order.target.on), None)
    race = next((order.target.race for order in orders if order.target.race and ":" in order.target.race), None)
    begin = rehearsal.world.begin.astimezone(rehearsal.scenario.zone)
    at = time.fromisoformat(race) if race else time(12)
    return datetime.combine(day or begin.date(), at, rehearsal.scenario.zone)
