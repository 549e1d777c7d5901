"""Runs that only say that they were begun, on virtual time, over a real journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from planrunner.app.service.lane import Ready
from planrunner.app.service.roster import Roster
from planrunner.model.journal import Due, Mode, Noted, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.runtime.clock import VirtualClock, run_on
from planrunner.runtime.journal import Journal
from planrunner.runtime.timetable import Timetable


@dataclass(slots=True, kw_only=True)
class Told:
    """Runs that last as long as they are told to."""

    journal: Journal
    clock: VirtualClock
    lasts: timedelta = timedelta(seconds=1)
    begun: list[tuple[datetime, Due]] = field(default_factory=list)
    before_ready: list[Callable[[], None]] = field(default_factory=list)  # what others do at that very moment, once
    _stops: dict[RunId, asyncio.Event] = field(default_factory=dict)

    def ready(self, due: Due, info: RunInfo | None = None) -> Ready:
        while self.before_ready:
            self.before_ready.pop()()
        made = info or RunInfo(
            run=RunId(f"{due.plan} {due.occurrence}"), plan_file=due.plan, plan_name=due.plan, plan_digest="0", mode=Mode.SANDBOX,
            created=self.clock.now(),
        )  # fmt: skip
        may_lose = Money(amount=Decimal(1), currency="GBP")
        return Ready(info=made, may_lose=may_lose, in_total=None, run=lambda: self._run(made.run, due))

    async def _run(self, run: RunId, due: Due) -> None:
        self.begun.append((self.clock.now(), due))
        stop = self._stops[run] = asyncio.Event()
        waits = asyncio.ensure_future(stop.wait())
        await asyncio.wait([waits], timeout=self.lasts.total_seconds())
        waits.cancel()
        self.journal.set_state(run, self.journal.take(run, "twin"), RunState.FINISHED)

    async def go_on(self, info: RunInfo) -> None:
        raise AssertionError(info)

    def has_begun(self, info: RunInfo) -> bool:
        return any(due.occurrence in info.run for _, due in self.begun)

    def stop(self, run: RunId, text: str) -> None:
        del text
        if run in self._stops:  # those of others stop by themselves
            self._stops[run].set()

    def refuse(self, run: RunId, text: str) -> bool:
        return Timetable(self.journal, self.clock).refuse(run, "twin", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    roster: Roster
    runs: Told
    clock: VirtualClock
    noted: list[Noted]
    troubles: list[str]


def played(
    file: Path, clock: VirtualClock, story: Callable[[Scene], Awaitable[None]], *, markets: Callable[[str], Awaitable[object]]
) -> Scene:
    """A service's roster for as long as the story goes."""

    async def main(clock: VirtualClock) -> Scene:
        with Journal.open(file, durable=False, clock=clock) as journal:
            noted: list[Noted] = []
            troubles: list[str] = []
            runs = Told(journal=journal, clock=clock)
            roster = Roster(
                mode=Mode.SANDBOX, runs=runs, timetable=Timetable(journal, clock), clock=clock, tell=noted.append,
                trouble=lambda plan, text: troubles.append(f"{plan}: {text}"), markets=markets,  # type: ignore[arg-type]
            )  # fmt: skip
            scene = Scene(roster=roster, runs=runs, clock=clock, noted=noted, troubles=troubles)
            work = asyncio.ensure_future(roster.run())
            await story(scene)
            work.cancel()
            await roster.end(timedelta(0), is_at_work=lambda _: False)
            return scene

    return run_on(clock, main)
