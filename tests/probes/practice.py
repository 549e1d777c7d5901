"""Runs beside each other on one virtual clock, each with a journal connection of its own, at one venue in memory.

The same adapter, the same bytes as at a served sandbox; only that an answer that never comes costs no time here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from planrunner.app.plans import Loaded, load
from planrunner.app.run import Job, Ran, start
from planrunner.app.site import find_site
from planrunner.app.stage import Stage, Venues, opened
from planrunner.app.venues import make_venue
from planrunner.model.events import OrderDenied
from planrunner.model.journal import Mode
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import HandsClock, VirtualClock, run_on
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.practice import rehearse
from planrunner.sandbox.scenario_file import decode
from tests.audited import audited
from tests.probes.world import scenario

T = TypeVar("T")
BEGIN = datetime(2026, 12, 5, 10, 0, tzinfo=UTC)


class Practice:
    """A folder with a site file and its plans, and the venue that all of them are run at."""

    def __init__(self, folder: Path, site: str, *, begin: datetime = BEGIN) -> None:
        self.folder, self.clock = folder, VirtualClock(begin)
        self.journal = folder / ".planrunner" / "planrunner.db"
        (folder / "planrunner.yaml").write_text(site)
        found = find_site(folder).site
        assert found is not None
        self.site = found
        script = decode("world.yaml", scenario().encode())
        self.venue = rehearse(script, day=date(2026, 12, 5), seed=1, begin=begin)

    def play(self, script: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """All of a story, on the virtual clock; what came of it is audited."""
        result = run_on(self.clock, lambda _: script())
        audited(self.journal, self.venue.world.log.text(), self.site)
        return result

    def begin(self, name: str, text: str) -> asyncio.Task[Ran]:
        """A run of a plan that is checked with the site file."""
        return self._begin(load(self._write(self.folder, name, text)), name)

    def begin_unchecked(self, name: str, text: str) -> asyncio.Task[Ran]:
        """Of a plan that was checked when there was no limit yet: the ledger alone is asked."""
        return self._begin(load(self._write(self.folder / "before", name, text)), name)

    async def passes(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.now() + timedelta(seconds=seconds))

    def fault(self, call: str, trouble: Trouble, *, number: int = 1, times: int = 1) -> None:
        self.venue.faults.add(Fault(call=call, trouble=trouble, number=number, times=times))

    def bets(self) -> list[str]:
        """References, one for each bet that the venue has ever taken."""
        return [line["ref"] for line in self.venue.world.log.lines("bet")]

    def calls(self) -> list[int]:
        """Of orders: how many each had."""
        asked = self.venue.world.log.lines("request")
        return [len(line["params"]["instructions"]) for line in asked if line["call"] == "placeOrders"]

    def _begin(self, loaded: Loaded, name: str) -> asyncio.Task[Ran]:
        job = Job(plan_file=str(self.folder / name), plan=loaded.plan, site=self.site, journal=self.journal)
        stage = Stage(mode=Mode.SANDBOX, today=lambda _, __: date(2026, 12, 5), play=self._beside, venues=self._venues)
        begun: Any = start(job, stage, lambda body, at: None)  # its stage plays it beside the others, so this is a task
        assert isinstance(begun, asyncio.Task)
        return begun

    def _beside(self, main: Callable[[HandsClock], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.ensure_future(main(self.clock))

    @asynccontextmanager
    async def _venues(self, clock: HandsClock) -> AsyncIterator[Venues]:
        door = Door(MemoryWire(betfair_app(self.venue.world, clock, faults=self.venue.faults)), clock)
        made = {
            name: make_venue(account, door=door, clock=clock, secrets=PRACTICE, at="http://sandbox.invalid")
            for name, account in self.site.accounts.items()
        }
        try:
            async with opened(made) as ready:
                yield ready
        finally:
            await door.close()

    @staticmethod
    def _write(folder: Path, name: str, text: str) -> Path:
        folder.mkdir(exist_ok=True)
        file = folder / name
        file.write_text(text)
        return file


def bodies(run: Ran, kind: type[T]) -> list[T]:
    assert run.records is not None
    return [record.body for record in run.records if isinstance(record.body, kind)]


def denied(*runs: Ran) -> list[OrderDenied]:
    return [one for run in runs for one in bodies(run, OrderDenied)]
