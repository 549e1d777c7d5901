"""The runs of one plan in a service: each occurrence is decided once, and a run goes on alone, after or beside another as the
plan says.

Decided means written down. What is queued stands in the journal as well, so that it is there after a restart.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from planrunner.app.service.verdict import ON_TIME, Terms, Verdict, judge
from planrunner.model.errors import JournalTrouble, PlanrunnerError, VenueRefused, VenueTrouble
from planrunner.model.journal import Due, Fate, Noted, RunInfo
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.model.plan import IfStillRunning
from planrunner.runtime.approval_uses import Use
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.occurrences import Claim
from planrunner.runtime.timetable import Timetable
from planrunner.runtime.trouble import GoesOn

AGAIN_AFTER = timedelta(seconds=5)  # a venue that could not be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A plan read for one run, without problems. `may_lose` is its own limit, `in_total` that of all runs of the plan, `uses`
    are those of its approvals. `run` goes to the run's end; it raises Refused and PlanProblems where nothing was placed and
    nothing will be, VenueRefused and VenueTrouble where it may be tried again."""

    info: RunInfo
    may_lose: Money
    in_total: Money | None
    run: Callable[[], Awaitable[None]]
    uses: tuple[Use, ...] = ()


class Runs(Protocol):
    """Whoever carries runs out."""

    def ready(self, due: Due, info: RunInfo | None = None) -> Ready:
        """Reads the plan as it is now. `info`: the run was made before, and the plan must be what it was then. Raises
        PlanProblems, WrongUse, Refused."""
        ...

    def stop(self, run: RunId, text: str) -> None:
        """Place nothing more and take back what rests. Without effect for a run that is over."""
        ...

    def refuse(self, run: RunId, text: str) -> bool:
        """A run that was made and will not begin is over. False, and without effect, where somebody began or ended it. Raises
        JournalTrouble."""
        ...


@dataclass(slots=True, kw_only=True)
class Lane:
    """Of one plan. `tell` hears what becomes of each occurrence, `trouble` what ended a run's task and should not have."""

    terms: Terms
    runs: Runs
    timetable: Timetable
    clock: HandsClock
    tell: Callable[[Noted], None]
    trouble: Callable[[str], None]
    going: dict[RunId, asyncio.Task[None]] = field(default_factory=dict)
    queue: deque[Due] = field(default_factory=deque)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def decide(self, due: Due) -> Noted | None:
        """What becomes of it. None: it was decided before. Raises JournalTrouble; then nothing is decided."""
        async with self._turn:
            if self._waits(due):
                return None
            is_busy = bool(self.queue or self.going or self._not_over(due))
            try:
                return await self._carry_out(due, judge(self.terms, due.at, self.clock.now(), is_busy=is_busy))
            except GoesOn:
                return await self._carry_out(due, judge(self.terms, due.at, self.clock.now(), is_busy=True))

    async def begin(self, due: Due) -> Noted | None:
        """At once, because somebody asked for it; None: it was begun before. Raises Refused while a run goes on, and as
        `Runs.ready` does."""
        async with self._turn:
            if self.timetable.find(due) is not None:
                return None
            ready = self.runs.ready(due)
            if goes_on := self._not_over(due):
                raise GoesOn(min(goes_on))
            return await self._claim(due, ready, Fate.RUN, "")

    async def wait_again(self, due: Due) -> None:
        """One that was queued when the service before this one ended: behind a run that was taken up it waits on, however long
        it has waited."""
        async with self._turn:
            if self._not_over(due) and self.terms.if_still_running is not IfStillRunning.REPLACE:
                if not self._waits(due):
                    self.queue.append(due)
                self._look_for_the_next()
                return
        await self.decide(due)

    def adopt(self, run: RunId, task: asyncio.Task[None]) -> None:
        """A run of this plan that was taken up again."""
        self.going[run] = task
        task.add_done_callback(lambda task: self._over(run, task))

    async def take_up(self, info: RunInfo, due: Due) -> None:
        """One that was claimed and had not begun when its service died."""
        async with self._turn:
            late = self.clock.now() - due.at
            if late > self.terms.late_by:
                self.runs.refuse(info.run, "the service was interrupted before it began, and by now it is too late for it")
                return
            try:
                ready = self.runs.ready(due, info)
            except JournalTrouble:
                raise
            except PlanrunnerError as error:
                self.runs.refuse(info.run, f"the service was interrupted before it began, and now: {error}")
                return
            self._start(due, ready)

    # -- one occurrence

    async def _carry_out(self, due: Due, verdict: Verdict) -> Noted | None:
        if verdict.fate in (Fate.RUN, Fate.LATE):
            try:
                ready = self.runs.ready(due)
            except JournalTrouble:
                raise
            except PlanrunnerError as error:
                return await self._note(due, Fate.REFUSED, str(error))
            return await self._claim(due, ready, verdict.fate, verdict.text)
        noted = await self._note(due, verdict.fate, verdict.text)
        if noted is not None and verdict.stops_other:
            await self._replace(due)
        if noted is not None and verdict.fate is Fate.QUEUED:
            self.queue.append(due)
            self._look_for_the_next()  # what it waits for may have ended meanwhile
        return noted

    def _waits(self, due: Due) -> bool:
        return any(one.occurrence == due.occurrence for one in self.queue)

    def _not_over(self, due: Due) -> set[RunId]:
        """Runs of the plan that another waits for: those here, and what a person began, or goes on with, in another window."""
        if self.terms.if_still_running is None:
            return set(self.going)
        return {*self.going, *self.timetable.unfinished(due.plan, due.mode, but=self.going)}

    def _is_in_its_way(self, plan: str, run: RunId, plan_file: str) -> bool:
        return run not in self.going and Path(plan_file).name == plan

    async def _replace(self, due: Due) -> None:
        """The latest comes next: the run that goes on is stopped, and what waited for that has been overtaken."""
        while self.queue:
            await self._note(self.queue[0], Fate.REPLACED, "a later one took its place before it began")
            self._through(self.queue[0])
        for run in self._not_over(due):
            self.runs.stop(run, "replaced by the next run of its plan")

    async def _note(self, due: Due, fate: Fate, text: str) -> Noted | None:
        noted = await self.timetable.note(due, fate, text)
        if noted is not None:
            self.tell(noted)
        return noted

    async def _claim(self, due: Due, ready: Ready, fate: Fate, text: str) -> Noted | None:
        """Raises GoesOn, and nothing is decided, where a person has begun a run of the plan at this very moment."""
        claim = Claim(
            due=due, fate=fate, text=text, info=ready.info, may_lose=ready.may_lose, in_total=ready.in_total, uses=ready.uses,
            beside=None if self.terms.if_still_running is None else partial(self._is_in_its_way, due.plan),
        )  # fmt: skip
        claimed = await self.timetable.claim(claim)
        if not claimed.is_ours:
            return None
        self.tell(claimed.noted)
        if claimed.noted.run is not None:
            self._start(due, ready)
        return claimed.noted

    # -- one run

    def _start(self, due: Due, ready: Ready) -> None:
        run = ready.info.run
        self.adopt(run, asyncio.ensure_future(self._run(due, ready)))

    async def _run(self, due: Due, ready: Ready) -> None:
        until = due.at + self.terms.late_by
        if (now := self.clock.now()) > until:  # it waited for its turn, and its venue may need a minute as anybody's
            until = now + ON_TIME
        while True:
            try:
                return await ready.run()
            except (VenueRefused, VenueTrouble, JournalTrouble) as error:
                if self.clock.now() + AGAIN_AFTER > until:
                    return self._never(ready, str(error))
            except PlanrunnerError as error:
                return self._never(ready, str(error))
            await asyncio.sleep(AGAIN_AFTER.total_seconds())

    def _never(self, ready: Ready, text: str) -> None:
        if not self.runs.refuse(ready.info.run, text):
            self.trouble(f"the run {ready.info.run} stays as it is: {text}")
            return
        for noted in self.timetable.noted(run=ready.info.run):
            self.tell(noted)

    def _over(self, run: RunId, task: asyncio.Task[None]) -> None:
        self.going.pop(run, None)
        self._heed(task)
        self._look_for_the_next()

    def _look_for_the_next(self) -> None:
        if self.queue and not self.going:
            task = asyncio.ensure_future(self._next())
            task.add_done_callback(self._next_is_over)

    def _next_is_over(self, task: asyncio.Task[None]) -> None:
        """Where the journal could not be written what waits goes on waiting, and is looked at again."""
        self._heed(task)
        if not task.cancelled() and task.exception() is not None:
            self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(AGAIN_AFTER.total_seconds(), self._look_for_the_next)

    def _through(self, due: Due) -> None:
        """It waits no longer."""
        if due in self.queue:
            self.queue.remove(due)

    def _heed(self, task: asyncio.Task[None]) -> None:
        """What stays unfinished for it is taken up again."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.trouble(f"{type(error).__name__}: {error}")

    async def _next(self) -> None:
        """What waited longest begins, where it is not too late for it by now."""
        async with self._turn:
            while self.queue and not self.going:
                due = self.queue[0]
                verdict = judge(self.terms, due.at, self.clock.now(), is_busy=False)
                if verdict.fate is Fate.MISSED:  # it was there in time, and waited for its turn
                    verdict = _WAITED_TOO_LONG if self.terms.may_be_late else _WAITED
                if self._not_over(due):
                    self._look_later()
                    return
                try:
                    await self._carry_out(due, verdict)
                except GoesOn:
                    self._look_later()
                    return
                self._through(due)


_WAITED_TOO_LONG = Verdict(fate=Fate.MISSED, text="the run before it went on for longer than the plan allows it to be late")
_WAITED = Verdict(fate=Fate.LATE, text="waited until the run before it was over")
