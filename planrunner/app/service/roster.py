"""The plans of a service, each with its lane and what wakes it; and what is there when a service begins: runs that were
interrupted, and occurrences that were queued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from planrunner.app.service.keepers import CalendarKeeper, Keeper, StartsKeeper
from planrunner.app.service.lane import Lane, Runs
from planrunner.app.service.verdict import ON_TIME, Terms, terms_of
from planrunner.model.journal import Fate, Mode, Noted, RunInfo
from planrunner.model.market import Market, RunId
from planrunner.model.plan import BeforeEachStart, IfStillRunning, OnSignal, Repeating, When
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.schedule import Alarm, alarm_on
from planrunner.runtime.timetable import Timetable

LOOK_AGAIN = 5.0  # seconds
# Of a plan without a schedule, which somebody starts.
BY_HAND = Terms(late_by=ON_TIME, if_still_running=IfStillRunning.SKIP, may_be_late=False)


class Going(Runs, Protocol):
    """Who carries runs out, and knows of each how far it came."""

    def has_begun(self, info: RunInfo) -> bool:
        """Whether anything of it is in the journal but its name."""
        ...

    async def go_on(self, info: RunInfo) -> None:
        """With a run that was interrupted, to its end; troubles are told, not raised."""
        ...


@dataclass(slots=True, kw_only=True)
class Roster:
    """`markets` reads those of a plan per start; `tell` hears what becomes of each occurrence, `trouble` what went wrong
    where."""

    mode: Mode
    runs: Going
    timetable: Timetable
    clock: HandsClock
    tell: Callable[[Noted], None]
    trouble: Callable[[str, str], None]
    markets: Callable[[str], Awaitable[Sequence[Market]]]
    lanes: dict[str, Lane] = field(default_factory=dict)
    others: dict[RunId, asyncio.Task[None]] = field(default_factory=dict)  # of plans that are no more
    _whens: dict[str, When | None] = field(default_factory=dict)
    _keepers: dict[str, Keeper] = field(default_factory=dict)
    _alarm: Alarm = field(init=False)
    _is_open: bool = False
    _looks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._alarm = alarm_on(self.clock, self.trouble)

    # -- plans

    async def put(self, plan: str, when: When | None) -> None:
        """A plan and its schedule, for the first time or as they are now. Once the roster is open, what has come due is decided.
        Raises JournalTrouble."""
        if plan in self._whens and self._whens[plan] == when:
            return
        self._whens[plan] = when
        lane = self._lane(plan, BY_HAND if when is None else terms_of(when))
        keeper = self._keeper(plan, when, lane)
        if keeper is None:
            self._forget(plan)
            return
        self._keepers[plan] = keeper
        if self._is_open:
            await self._begin(plan, keeper)

    async def open(self) -> None:
        """What came due while nobody was there is decided; after what goes on was taken up again. Raises JournalTrouble."""
        self._is_open = True
        await self._restore()
        for plan, keeper in list(self._keepers.items()):
            await self._begin(plan, keeper)

    async def _begin(self, plan: str, keeper: Keeper) -> None:
        await self._look(plan)
        self._alarm.put(plan, keeper.following, partial(self._look, plan))

    async def _look(self, plan: str) -> None:
        """Where that fails (the journal can't be written just now) it is looked again soon, not at the next occurrence."""
        if (keeper := self._keepers.get(plan)) is None:
            return
        try:
            await keeper.look()
        except Exception as error:  # noqa: BLE001 - told of; nothing was decided, so nothing is lost
            self.trouble(plan, f"{type(error).__name__}: {error}")
            asyncio.get_running_loop().call_later(LOOK_AGAIN, self._look_soon, plan)

    def _look_soon(self, plan: str) -> None:
        task = asyncio.ensure_future(self._look(plan))
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    def drop(self, plan: str) -> None:
        """A plan that is no more, or has problems: nothing of it becomes due; what goes on goes on."""
        self._whens.pop(plan, None)
        self._forget(plan)

    @property
    def names(self) -> Collection[str]:
        """The plans that are in it."""
        return self._whens.keys()

    def plans_for(self, signal: str) -> list[str]:
        """Those that wait for a signal."""
        return [plan for plan, when in self._whens.items() if isinstance(when, OnSignal) and when.name == signal]

    def next_of(self, plan: str) -> datetime | None:
        """When a plan is due next, where that is known."""
        keeper = self._keepers.get(plan)
        return None if keeper is None or isinstance(keeper, StartsKeeper) else keeper.following(self.clock.now())

    @property
    def going(self) -> Collection[RunId]:
        """The runs that this process drives."""
        return {*self.others, *(run for lane in self.lanes.values() for run in lane.going)}

    def lane_of(self, plan: str) -> Lane | None:
        return self.lanes.get(plan)

    # -- work

    async def run(self) -> None:
        """For ever: decides what becomes due."""
        await self._alarm.run()

    async def _restore(self) -> None:
        """What was queued when the service before this one ended."""
        for noted in reversed(self.timetable.noted(fates=(Fate.QUEUED,))):
            if noted.due.mode is not self.mode:
                continue
            lane = self.lanes.get(noted.due.plan)
            if lane is not None:
                await lane.wait_again(noted.due)
            else:
                await self.timetable.note(noted.due, Fate.REFUSED, "its plan is not there any more, or has problems")

    async def take_up(self, info: RunInfo) -> None:
        """A run that nobody drives: goes on with it, or ends one that never began and is too late by now."""
        noted = next(iter(self.timetable.noted(run=info.run)), None)
        lane = self.lanes.get(noted.due.plan) if noted is not None else None
        if noted is not None and not self.runs.has_begun(info):
            if lane is None:
                self.runs.refuse(info.run, "the service was interrupted before it began, and its plan is not there any more")
            else:
                await lane.take_up(info, noted.due)
            return
        task = asyncio.ensure_future(self.runs.go_on(info))
        if lane is not None:
            lane.adopt(info.run, task)
        else:
            self.others[info.run] = task
            task.add_done_callback(lambda _: self.others.pop(info.run, None))

    async def end(self, within: timedelta, *, is_at_work: Callable[[RunId], bool]) -> None:
        """Nothing more becomes due; what goes on is waited for, so long. A run that is not at work yet stays claimed in the
        journal, and what is queued stands there, too."""
        for plan in list(self._keepers):
            self._forget(plan)
        going = dict(self.others)
        for lane in self.lanes.values():
            lane.queue.clear()
            going |= lane.going
        for run, task in going.items():
            if not is_at_work(run):
                task.cancel()
        if going:
            await asyncio.wait(going.values(), timeout=within.total_seconds())

    def _forget(self, plan: str) -> None:
        if self._keepers.pop(plan, None) is not None:
            self._alarm.drop(plan)

    def _lane(self, plan: str, terms: Terms) -> Lane:
        lane = self.lanes.get(plan)
        if lane is None:
            lane = Lane(
                terms=terms, runs=self.runs, timetable=self.timetable, clock=self.clock, tell=self.tell,
                trouble=lambda text: self.trouble(plan, text),
            )  # fmt: skip
            self.lanes[plan] = lane
        lane.terms = terms
        return lane

    def _keeper(self, plan: str, when: When | None, lane: Lane) -> Keeper | None:
        of = {"plan": plan, "mode": self.mode, "lane": lane, "timetable": self.timetable, "clock": self.clock}
        match when:
            case Repeating():
                return CalendarKeeper(when=when, **of)  # type: ignore[arg-type]
            case BeforeEachStart():
                return StartsKeeper(
                    when=when,
                    markets=lambda: self.markets(plan),
                    trouble=lambda text: self.trouble(plan, text),
                    **of,  # type: ignore[arg-type]
                )
            case _:
                return None
