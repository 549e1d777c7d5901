"""Waking up when plans are due: for each name the next moment, as the calendar has it, and what to look at then.

The one user of APScheduler, which only wakes. What is due, whether it is too late and whether it has been before is decided by
whoever is woken, from the journal: an alarm that goes off twice, too late or for nothing does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from planrunner.runtime.clock import JUMPED, HandsClock

if TYPE_CHECKING:
    from apscheduler.job import Job

LOOK_EVERY = 1.0  # seconds: a wall clock that was set, and a machine that slept, are noticed by then

# The first moment after the given one (both UTC) at which a name is due; None: never again.
Following: TypeAlias = Callable[[datetime], datetime | None]
Look: TypeAlias = Callable[[], Awaitable[None]]
Trouble: TypeAlias = Callable[[str, str], None]


class Alarm(Protocol):
    """Looks are awaited one after the other, so they are quick. One that fails is told of, and the next comes all the same."""

    def put(self, name: str, following: Following, look: Look) -> None:
        """Again, it replaces what the name had."""
        ...

    def drop(self, name: str) -> None: ...

    async def run(self) -> None:
        """For ever."""
        ...


def alarm_on(clock: HandsClock, trouble: Trouble) -> Alarm:
    """On the machine's clock, or on virtual time. `trouble` is told the name and what went wrong."""
    return JumpingAlarm(clock, trouble) if clock.is_virtual else SchedulerAlarm(clock, trouble)


class _Calendar(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """The calendar decides; the library only asks it."""

    def __init__(self, following: Following) -> None:
        self._following = following

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        return self._following((previous_fire_time or now).astimezone(UTC))


class SchedulerAlarm:
    """On the machine's clock. Without the library's own ideas of lateness, which drop what is a second late in silence; and what
    it has to tell is told."""

    def __init__(self, clock: HandsClock, trouble: Trouble) -> None:
        self._clock = clock
        self._trouble = trouble
        self._looks: dict[str, tuple[Following, Look]] = {}
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler: Any = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def put(self, name: str, following: Following, look: Look) -> None:
        self._looks[name] = (following, look)
        self._add(name)

    def drop(self, name: str) -> None:
        if self._looks.pop(name, None) is not None and self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)

    async def run(self) -> None:
        self._scheduler.start()
        try:
            await self._watch()
        finally:
            self._scheduler.shutdown(wait=False)

    async def _watch(self) -> None:
        """A loop's own time stands still while the machine sleeps, and knows nothing of a wall clock that is set."""
        loop = asyncio.get_running_loop()
        wall, passed = self._clock.now(), loop.time()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now, later = self._clock.now(), loop.time()
            if abs((now - wall).total_seconds() - (later - passed)) > JUMPED.total_seconds():
                for name, (_, look) in list(self._looks.items()):
                    await _quietly(name, look, self._trouble)
                    if name in self._looks:
                        self._add(name)
            wall, passed = now, later

    def _add(self, name: str) -> Job | None:
        following, _ = self._looks[name]
        if following(self._clock.now()) is None:  # never again; the library would refuse it
            if self._scheduler.get_job(name) is not None:
                self._scheduler.remove_job(name)
            return None
        return self._scheduler.add_job(self._go_off, _Calendar(following), args=(name,), id=name, replace_existing=True)

    async def _go_off(self, name: str) -> None:
        if name in self._looks:
            await _quietly(name, self._looks[name][1], self._trouble)

    def _heard(self, event: JobEvent) -> None:
        self._trouble(str(getattr(event, "job_id", "")), f"the scheduler says: {getattr(event, 'exception', None) or event}")


class JumpingAlarm:
    """The same on virtual time, which the library can't be told."""

    def __init__(self, clock: HandsClock, trouble: Trouble) -> None:
        self._clock = clock
        self._trouble = trouble
        self._due: dict[str, tuple[datetime, Following, Look]] = {}
        self._changed = asyncio.Event()

    def put(self, name: str, following: Following, look: Look) -> None:
        self._set(name, following, look, self._clock.now())
        self._changed.set()

    def drop(self, name: str) -> None:
        self._due.pop(name, None)
        self._changed.set()

    async def run(self) -> None:
        while True:
            self._changed.clear()
            now = self._clock.now()
            due = sorted(name for name, (at, _, _) in self._due.items() if at <= now)
            for name in due:
                if name in self._due:
                    at, following, look = self._due[name]
                    self._set(name, following, look, at)
                    await _quietly(name, look, self._trouble)
            if not due:
                await self._wait(min((at for at, _, _ in self._due.values()), default=None))

    def _set(self, name: str, following: Following, look: Look, after: datetime) -> None:
        at = following(after)
        if at is None:
            self._due.pop(name, None)
        else:
            self._due[name] = (at, following, look)

    async def _wait(self, until: datetime | None) -> None:
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._changed.wait())]
        if until is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep_until(until)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


async def _quietly(name: str, look: Look, trouble: Trouble) -> None:
    """A service goes on whatever becomes of one look."""
    try:
        await look()
    except Exception as error:  # noqa: BLE001 - told of; the others have their looks all the same
        trouble(name, f"{type(error).__name__}: {error}")
