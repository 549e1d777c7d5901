"""When a plan is due, and what is to be decided since it was looked at last: by the calendar, or by the starts of its markets.

A look decides whatever has come due and is not decided yet, so it may come late, twice or for nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from planrunner.app.service.lane import Lane
from planrunner.model.calendar import next_occurrence, occurrences
from planrunner.model.errors import PlanrunnerError
from planrunner.model.journal import Due, Mode
from planrunner.model.market import Market, MarketId
from planrunner.model.plan import BeforeEachStart, Repeating, When
from planrunner.runtime.clock import JUMPED, HandsClock
from planrunner.runtime.timetable import Timetable

MINUTE = timedelta(minutes=1)
READ_AGAIN = timedelta(minutes=10)  # the markets of a day, as it goes on
JUST_READ = timedelta(seconds=20)
READ_WITHIN = 20.0  # seconds: a venue that says nothing makes no start late


class Keeper(Protocol):
    """Of one plan's schedule."""

    def following(self, after: datetime) -> datetime | None:
        """The first moment after that at which there is something to look at."""
        ...

    async def look(self) -> None:
        """Decides what has come due. Raises JournalTrouble."""
        ...


def schedule_of(when: When) -> str:
    """The same for schedules that are the same, in any process."""
    return hashlib.sha256(_in_order(when).encode()).hexdigest()[:16]


def _in_order(value: object) -> str:
    """As `repr`, but for sets, whose order is another in each process."""
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    if is_dataclass(value):
        return (
            f"{type(value).__name__}({', '.join(f'{one.name}={_in_order(getattr(value, one.name))}' for one in fields(value))})"
        )
    return repr(value)


@dataclass(slots=True, kw_only=True)
class CalendarKeeper:
    """Of `every` and `dates`."""

    plan: str
    mode: Mode
    when: Repeating
    lane: Lane
    timetable: Timetable
    clock: HandsClock
    _since: datetime | None = None

    def following(self, after: datetime) -> datetime | None:
        found = next_occurrence(self.when.rule, after)
        return None if found is None else found.at

    async def look(self) -> None:
        now, schedule = self.clock.now(), schedule_of(self.when)
        since = self._since or self.timetable.looked(self.plan, self.mode, schedule)
        if since is None or since > now + JUMPED:  # a new schedule begins now; a clock that was set back is believed
            await self._looked(schedule, now)
            return
        last = None
        for one in occurrences(self.when.rule, since):
            if one.at > now:
                break
            await self.lane.decide(Due(plan=self.plan, mode=self.mode, occurrence=one.id, at=one.at))
            last = one.at
        if last is not None:
            await self._looked(schedule, last)

    async def _looked(self, schedule: str, at: datetime) -> None:
        await self.timetable.look_until(self.plan, self.mode, schedule, at)
        self._since = at


@dataclass(slots=True, kw_only=True)
class StartsKeeper:
    """Of `before_each_start`: one occurrence for each market, by its id, so that one whose start moves is run once and at its
    new time. `markets` are those that fit, as the venue lists them now; `trouble` hears why they could not be read."""

    plan: str
    mode: Mode
    when: BeforeEachStart
    lane: Lane
    timetable: Timetable
    clock: HandsClock
    markets: Callable[[], Awaitable[Sequence[Market]]]
    trouble: Callable[[str], None]
    _known: tuple[Market, ...] = ()
    _read: datetime | None = None
    _began: datetime | None = None
    _decided: set[MarketId] = field(default_factory=set)

    def following(self, after: datetime) -> datetime | None:
        # Once a minute at least: a start may have moved nearer since the markets were read.
        minute = after.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
        return min([minute, *(at for one in self._open() if (at := self._due(one)) > after)])

    async def look(self) -> None:
        now, schedule = self.clock.now(), schedule_of(self.when)
        began = self._began or self.timetable.looked(self.plan, self.mode, schedule)
        if began is None or began > now + JUMPED:  # a new schedule begins now; a clock that was set back is believed
            await self.timetable.look_until(self.plan, self.mode, schedule, now)
            began = now
        self._began = began
        if self._is_old(now):
            await self._read_again(now)
        for market in self._now_due(now):
            at, name = self._due(market), f"start of {market.id}"
            await self.lane.decide(Due(plan=self.plan, mode=self.mode, occurrence=name, at=at, market=market.id))
            self._decided.add(market.id)

    def _open(self) -> list[Market]:
        return [one for one in self._known if one.id not in self._decided]

    def _due(self, market: Market) -> datetime:
        return market.start - self.when.before

    def _now_due(self, now: datetime) -> list[Market]:
        return [one for one in self._open() if (self._began or now) <= self._due(one) <= now]

    def _is_old(self, now: datetime) -> bool:
        """Whether the markets are to be read again; of what a clock that was ahead had read, too."""
        if self._read is None or self._read > now + JUMPED:
            return True
        return now - self._read >= READ_AGAIN or (bool(self._now_due(now)) and now - self._read > JUST_READ)

    async def _read_again(self, now: datetime) -> None:
        """Where the venue does not answer, what it said last holds."""
        try:
            async with asyncio.timeout(READ_WITHIN):
                self._known = tuple(await self.markets())
        except TimeoutError:
            self.trouble(
                f"the venue did not list its markets within {READ_WITHIN:.0f} s; those of {self._read or 'no earlier look'} hold"
            )
            return
        except PlanrunnerError as error:
            self.trouble(f"the markets of the day could not be read, so those of {self._read or 'no earlier look'} hold: {error}")
            return
        self._read = now
        self._decided &= {one.id for one in self._known}
