"""Runs that are unfinished and silent are taken up again. The journal is the truth about which those are; whatever else should
have taken them up (a person, a queue, a service that was restarted) is only quicker.

A sweep never fails: what goes wrong with one run is told, and neither another run nor the next sweep suffers for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from planrunner.model.journal import Mode, RunInfo
from planrunner.model.market import RunId
from planrunner.ports import Clock
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import is_silent

EVERY = 10.0  # seconds; a run counts as silent after 15


def every_run(_: RunInfo) -> bool:
    """No run is left out."""
    return True


class Reconciler:
    """`take_up` drives a run to its end and takes its lease itself, so of two reconcilers one is fenced off; `tell` is handed
    what went wrong, in words."""

    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        take_up: Callable[[RunInfo], Awaitable[object]],
        tell: Callable[[str], None],
        wanted: Callable[[RunInfo], bool] = every_run,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._take_up = take_up
        self._tell = tell
        self._wanted = wanted
        self._under_way: dict[RunId, asyncio.Task[bool]] = {}

    async def once(self, *, former: str | None = None) -> tuple[RunId, ...]:
        """One sweep. Returns when all that it took up are through; which ones those were, also where that ended badly. `former`:
        our own name, while we drive nothing yet; see `is_silent`."""
        found = self._sweep(former)
        taken = await asyncio.gather(*found.values())
        return tuple(run for run, is_taken in zip(found, taken, strict=True) if is_taken)

    async def run(self, every: float = EVERY) -> None:
        """Sweep for ever. One run that takes long holds up neither the others nor the next sweep."""
        try:
            while True:
                self._sweep()
                await asyncio.sleep(every)
        finally:
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _sweep(self, former: str | None = None) -> dict[RunId, asyncio.Task[bool]]:
        try:
            unfinished = self._journal.unfinished()
        except Exception as error:  # noqa: BLE001  a sweep that dies is a run that is lost
            self._tell(f"the runs to take up can't be listed; it is tried again: {error}")
            return {}
        found = {}
        for info in unfinished:
            if info.mode is not Mode.REHEARSAL and info.run not in self._under_way and self._wanted(info):
                found[info.run] = self._under_way[info.run] = asyncio.ensure_future(self._look_after(info, former))
        return found

    async def _look_after(self, info: RunInfo, former: str | None) -> bool:
        try:
            if not await is_silent(self._clock, lambda: self._journal.lease(info.run), former=former):
                return False
            await self._take_up(info)
        except Exception as error:  # noqa: BLE001  as above
            self._tell(f"the run {info.run} could not be taken up; it is tried again: {type(error).__name__}: {error}")
        finally:
            del self._under_way[info.run]
        return True
