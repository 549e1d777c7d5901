"""A run at a practice venue on virtual time, in earnest: stops, leases and clocks are watched as in a run against a server.

The machine's wall clock can be set (`SetClock`); the venue keeps the true time. `script` runs beside the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from planrunner.app.outcome import Ran
from planrunner.app.plans import load
from planrunner.app.run import Job, resume, start
from planrunner.app.stage import Stage, opened
from planrunner.app.venues import make_venue
from planrunner.model.journal import Body, Mode
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import SetClock, VirtualClock, run_on
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.practice import practice_world

DAY, BEGIN = date(2026, 12, 5), datetime(2026, 12, 5, 10, 0, tzinfo=UTC)
PLAN = """\
planrunner: 1
plan: Waits
limits:
  max_loss: 100.00 GBP
orders:
  - name: waits
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Chelsea
    side: back
    odds: 9.0
    stake: 2.00 GBP
    expires_after: 6m
"""


class TrueTime:
    """The same clock as the venue sees it: nobody sets that one."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.true

    async def sleep_until(self, at: datetime) -> None:
        await VirtualClock.sleep_until(self._clock, at)


Script = Callable[[SetClock], Coroutine[Any, Any, None]]


async def nothing(clock: SetClock) -> None:
    """No script."""


@dataclass
class Place:
    """A folder with a plan, its journal, and the venue, which outlives every run."""

    folder: Path
    plan: str = PLAN
    case: str = "nothing-matches"
    told: list[tuple[float, Body]] = field(default_factory=list)  # by age

    def __post_init__(self) -> None:
        self.file = self.folder / "plan.yaml"
        self.file.write_text(self.plan)
        self.loaded = load(self.file)
        self.journal = self.folder / ".planrunner" / "planrunner.db"
        self.practice = practice_world(day=DAY, seed=1, case=self.case, begin=BEGIN)
        self.clock = SetClock(BEGIN)

    def start(self, script: Script = nothing) -> Ran:
        return start(self._job(), self._stage(script), self._tell)

    def resume(self, run: str, script: Script = nothing, *, take_over: bool = False) -> Ran:
        return resume(self._job(), run, self._stage(script), self._tell, take_over=take_over)

    def ages_of(self, kind: type) -> list[float]:
        return [age for age, body in self.told if isinstance(body, kind)]

    def bets(self) -> list[dict[str, Any]]:
        return list(self.practice.world.log.lines("bet"))

    def _tell(self, body: Body, at: datetime) -> None:
        self.told.append((self.clock.age(), body))

    def _job(self) -> Job:
        return Job(plan_file=str(self.file), plan=self.loaded.plan, site=self.loaded.site, journal=self.journal)

    async def _both(self, main: Coroutine[Any, Any, Any], script: Coroutine[Any, Any, None]) -> Any:
        self.main, beside = asyncio.ensure_future(main), asyncio.ensure_future(script)
        try:
            return await self.main
        finally:
            beside.cancel()
            await asyncio.wait([beside])
            if not beside.cancelled():
                beside.result()

    def _stage(self, script: Script) -> Stage:
        def play(main: Any) -> Any:
            return run_on(self.clock, lambda clock: self._both(main(clock), script(clock)))

        @asynccontextmanager
        async def venues(clock: Any) -> Any:
            door = Door(MemoryWire(betfair_app(self.practice.world, TrueTime(self.clock), faults=self.practice.faults)), clock)
            made = {
                name: make_venue(account, door=door, clock=clock, secrets=PRACTICE, at="http://sandbox.invalid")
                for name, account in self.loaded.site.accounts.items()
                if name == "betfair"
            }
            try:
                async with opened(made) as ready:
                    yield ready
            finally:
                await door.close()

        return Stage(mode=Mode.SANDBOX, today=lambda _, __: DAY, play=play, venues=venues)


def after(minutes: float) -> float:
    return timedelta(minutes=minutes).total_seconds()
