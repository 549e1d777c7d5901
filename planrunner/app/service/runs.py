"""How a service carries out the runs of its plans: with the accounts they share, in its own loop, each to its end and its report.

What goes wrong with one run is told, and no other suffers for it.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from planrunner.app import report as telling
from planrunner.app.begun import Begun, as_begun
from planrunner.app.hands import Reins
from planrunner.app.live import refuse_unless_live
from planrunner.app.outcome import Exit, Ran, exit_of
from planrunner.app.per_market import PerMarket
from planrunner.app.plans import Loaded, located
from planrunner.app.resolving import DoesNotFit
from planrunner.app.run import Job, Kept, Process, begin, go_on, new_run, refuse_under_halt
from planrunner.app.service.houses import Houses
from planrunner.app.service.lane import Ready
from planrunner.app.service.log import Log
from planrunner.app.service.plans import Plans
from planrunner.app.stage import Stage
from planrunner.app.standing import stand
from planrunner.app.taking_up import was_at
from planrunner.model.account import Happening
from planrunner.model.commands import Alert, FinishRun
from planrunner.model.errors import JournalTrouble, PlanrunnerError, Refused
from planrunner.model.journal import Body, Due, Fate, Mode, RunInfo, RunState, Signal, is_by_hand
from planrunner.model.market import RunId
from planrunner.plan.given import Given
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import is_silent, this_process
from planrunner.runtime.timetable import Timetable

if TYPE_CHECKING:
    from planrunner.review.approvals import Held

AGAIN_AFTER = 5.0  # seconds
TOLD_AFTER = 12  # of such times in a row, which is a minute, people are told of a run that waits
LOOK_BACK = timedelta(days=7)  # for runs whose end nobody was told of
TRIES = 3  # of a run that a fault of ours ended; then a person has to look

# happening, key, title, text, run, plan
Notify = Callable[[Happening, str, str, str, RunId, str], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class ServiceRuns:
    """`url`: the sandbox of a service that has no real money; `notify` tells people who asked for it."""

    process: Process
    plans: Plans
    mode: Mode
    url: str | None
    houses: Houses
    timetable: Timetable
    log: Log
    notify: Notify
    reins: dict[RunId, Reins] = field(default_factory=dict)
    failures: Counter[RunId] = field(default_factory=Counter)
    _stopped: dict[RunId, str] = field(default_factory=dict)  # before anybody had their reins, and why
    _beginning: set[RunId] = field(default_factory=set)
    _is_ending: bool = False
    _telling: set[asyncio.Future[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.process = replace(self.process, reins=self._hold)

    # -- what the roster asks

    def ready(self, due: Due, info: RunInfo | None = None) -> Ready:
        loaded = self.plans.load(due.plan, Given(values=due.given, of_signal=not is_by_hand(due)))
        plan, journal = loaded.plan, self.process.journal
        if info is not None and plan.digest != info.plan_digest:
            raise Refused("the plan is not what it was, or its inputs are not")
        known = self.plans.files.get(due.plan)
        if info is None and not is_by_hand(due) and known is not None and known.loaded and known.loaded.plan.when != plan.when:
            raise Refused("the plan's `when` was changed at this moment; what it says now holds from here on")
        accounts = {name: one for name, one in loaded.site.accounts.items() if name in plan.accounts}
        held = None
        if self.mode is Mode.LIVE:
            refuse_unless_live(accounts)
            held = self._approved(loaded, due, info)
        # The run's day is the one that it was due on, also where it is late.
        stage = replace(
            self.houses.stage(self.mode, accounts, self.url), today=lambda _, zone: due.at.astimezone(zone).date()
        )  # fmt: skip
        job = Job(
            plan_file=str(self.plans.folder / due.plan), plan=plan, site=loaded.site, journal=journal.path, options=self._options,
            per_market=PerMarket(loaded, due.market), held=held,
        )  # fmt: skip
        made = info or new_run(job, stage)
        refuse_under_halt(journal, job, made)
        limits = plan.limits
        return Ready(
            info=made, may_lose=limits.max_loss, in_total=limits.max_loss_in_total, run=lambda: self._run(job, made, stage),
            uses=job.uses,
        )  # fmt: skip

    def _approved(self, loaded: Loaded, due: Due, info: RunInfo | None) -> Held | None:
        """One that was made before needs no approval anew. Raises Refused."""
        if not loaded.site.live_needs_approval:
            return None
        from planrunner.app.approvals import required, used_by
        from planrunner.review.approvals import BY_HAND

        plan, given, now = self.plans.folder / due.plan, Given(values=due.given), self.process.clock.now()
        occurrence = BY_HAND if is_by_hand(due) else due.occurrence
        if info is not None:
            return used_by(info.run, loaded, plan, given, self.process.journal, now=now, occurrence=occurrence)
        return required(loaded, plan, given, self.process.journal, now=now, occurrence=occurrence)

    async def _run(self, job: Job, info: RunInfo, stage: Stage) -> None:
        self._beginning.add(info.run)
        try:
            ran = await self._guarded(info, begin(job, info, stage, self._hear(info), self.process, is_made=True))
        except DoesNotFit as error:
            assert job.per_market is not None
            raise located(job.per_market.loaded, error.findings) from error
        if ran is not None:
            await self._over(ran)
        if await self._is_to_go_on(info):
            await self.go_on(info)

    async def go_on(self, info: RunInfo) -> None:
        """Until it is over, however often that takes: while the venue, the journal or anything else keeps it from going on, and
        while somebody else drives it, no other run of its plan takes its place."""
        waits, told = 0, ""
        self.log("run goes on", run=info.run, plan=file_of(info))
        while True:
            try:
                ran = await self._guarded(info, self._go_on(info))
                if ran is not None:
                    await self._over(ran)
            except PlanrunnerError as error:
                if (text := str(error)) != told:
                    self.log("run waits", run=info.run, plan=file_of(info), why=text)
                waits, told = waits + 1, text
                if waits == TOLD_AFTER:
                    await self._tell_stuck(info, f"nobody looks after this run, because of this: {error}")
            if not await self._is_to_go_on(info):
                return

    async def _is_to_go_on(self, info: RunInfo) -> bool:
        """Once it is nobody's. False where it is over, or not to be tried again."""
        while not self._is_ending and not self.is_given_up(info):
            with suppress(JournalTrouble):
                if self.process.journal.info(info.run).state is not RunState.RUNNING:
                    return False
            await asyncio.sleep(AGAIN_AFTER)
            with suppress(JournalTrouble):
                if await is_silent(self.process.clock, lambda: self.process.journal.lease(info.run)):
                    return self.process.journal.info(info.run).state is RunState.RUNNING
        return False

    async def _tell_stuck(self, info: RunInfo, text: str) -> None:
        """Once, however often it is tried."""
        text += "\nIt is tried again and again; look at the venue for what is open"
        await self.notify(Happening.UNKNOWN_EXPOSURE, f"stuck {info.run}", info.plan_name, text, info.run, file_of(info))

    def has_begun(self, info: RunInfo) -> bool:
        return stand(self.process.journal, info).program is not None

    def stop(self, run: RunId, text: str) -> None:
        if (reins := self.reins.get(run)) is not None:
            reins.stop(text)
        elif run in self._beginning:
            self._stopped[run] = text  # it is on its way, and its venue takes its time
        else:
            with suppress(PlanrunnerError):  # it is over
                self.process.journal.post(run, Signal.STOP, text)

    def _hold(self, run: RunId, reins: Reins) -> None:
        if (text := self._stopped.pop(run, None)) is not None:
            raise Refused(f"{text}, before it began")
        self._beginning.discard(run)
        self.reins[run] = reins

    def refuse(self, run: RunId, text: str) -> bool:
        self._beginning.discard(run)
        return self.timetable.refuse(run, this_process(), text)

    # -- for whoever ends the service

    def leave_all(self) -> None:
        """Every run stays as it is, with its deadlines in the journal, to be taken up again."""
        self._is_ending = True
        for reins in self.reins.values():
            reins.go_away()

    def stop_all(self, text: str) -> None:
        self._is_ending = True
        for reins in self.reins.values():
            reins.stop(text)

    async def told(self) -> None:
        """Once the alerts of runs are written down for whoever wants to hear of them."""
        await asyncio.gather(*self._telling, return_exceptions=True)

    # -- one run

    async def _go_on(self, info: RunInfo) -> Ran:
        """From the journal alone. Where the site file is not what it was, the tighter of its limits hold for this run, and so it
        writes to the journal by itself."""
        journal, state = self.process.journal, self.process.journal.path.parent
        standing = stand(journal, info)
        begun = as_begun(state, standing)
        url = was_at(standing) or self.url if info.mode is Mode.SANDBOX else None
        stage = self.houses.stage(info.mode, begun.accounts, url)
        kept = Kept(site=begun.site, journal=journal.path, options=self._options, notes=begun.notes)
        if not begun.notes and self._is_as_it_was(begun):
            return await go_on(kept, info, stage, self._hear(info), self.process)
        with Journal.open(journal.path, durable=True, clock=self.process.clock, site=begun.site) as own:
            return await go_on(kept, info, stage, self._hear(info), replace(self.process, journal=own, watchman=None))

    def _is_as_it_was(self, begun: Begun) -> bool:
        """Whether the limits that all runs here are held against are those that hold for this one."""
        present = self.plans.site()
        same = all(present.accounts.get(name) == one for name, one in begun.accounts.items())
        return same and begun.site.limits == present.limits

    async def _guarded(self, info: RunInfo, work: Awaitable[Ran]) -> Ran | None:
        """A fault of ours ends this run for now and nothing else; it is taken up again, but not for ever."""
        try:
            return await work
        except PlanrunnerError:
            raise
        except Exception as error:  # noqa: BLE001 - told in full; the other runs go on
            self.failures[info.run] += 1
            self.log("bug", run=info.run, plan=file_of(info), error=type(error).__name__, where=traceback.format_exc())
            if self.failures[info.run] == TRIES:
                text = "planrunner has a bug, and this run met it again and again: look at the venue for what is open"
                await self.notify(Happening.UNKNOWN_EXPOSURE, f"bug {info.run}", info.plan_name, text, info.run, file_of(info))
            return None
        finally:
            self.reins.pop(info.run, None)

    def is_given_up(self, info: RunInfo) -> bool:
        return self.failures[info.run] >= TRIES

    def _hear(self, info: RunInfo) -> Callable[[Body, datetime], None]:
        """Alerts of a plan are for people; everything else is in the journal."""

        def hear(body: Body, at: datetime) -> None:
            if isinstance(body, Alert):
                self.log("alert", run=info.run, plan=file_of(info), text=body.text)
                key = f"{info.run} {body.path} {at.isoformat()}"
                self._later(self.notify(Happening.ALERT, key, info.plan_name, body.text, info.run, file_of(info)))

        return hear

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _over(self, ran: Ran) -> None:
        """The report comes after what people are told, so that a run without one has not been told of: see `untold`."""
        info, story = ran.info, None
        if ran.records is not None and ran.exit is not Exit.INTERRUPTED:
            with suppress(PlanrunnerError):
                story = await asyncio.to_thread(telling.story_of, info, ran.records)
        headline = "" if story is None else story.headline
        happening = happening_of(ran.exit)
        if happening is not None:
            text = "\n".join(filter(None, (headline, ran.trouble)))
            await self.notify(happening, str(info.run), info.plan_name, text, info.run, file_of(info))
        if story is not None:
            with suppress(telling.ReportNotWritten, PlanrunnerError):  # told again at any time with `planrunner report`
                await asyncio.to_thread(telling.write_report, story, self._report_of(info.run))
        self.log("run", run=info.run, plan=file_of(info), exit=int(ran.exit), headline=headline, trouble=ran.trouble)

    def _report_of(self, run: RunId) -> Path:
        return telling.directory_of(self.process.journal.path.parent, run)

    # -- what a service that was killed at that moment left untold

    def untold(self) -> list[RunInfo]:
        """Runs of the last days that a service began, and whose end it could not tell any more. Raises JournalTrouble."""
        since = self.process.clock.now() - LOOK_BACK
        over = [one for one in self.process.journal.runs() if one.state is not RunState.RUNNING and one.created > since]
        here = [one for one in over if one.mode is self.mode and not (self._report_of(one.run) / "report.html").exists()]
        return [one for one in here if self.timetable.noted(run=one.run, fates=(Fate.RUN, Fate.LATE))]

    async def tell_ends(self, untold: Sequence[RunInfo]) -> None:
        """To people once, whatever was told before."""
        for info in untold:
            if self._is_ending:
                return
            with suppress(PlanrunnerError):  # `planrunner report` says what is wrong with it
                records = await asyncio.to_thread(self.process.journal.told, info.run)
                if ends := [one.body.ended for one in records if isinstance(one.body, FinishRun)]:
                    await self._over(Ran(info=info, records=records, exit=exit_of(ends[-1])))

    @property
    def _options(self) -> str:
        if self.mode is Mode.LIVE:
            return " --live"
        return f" --sandbox {self.url}"


def file_of(info: RunInfo) -> str:
    """What a run's plan is called in the log and wherever else a service speaks of it: its file's name, as in the folder."""
    return Path(info.plan_file).name


def happening_of(code: Exit) -> Happening | None:
    """What a run's end is called among the things people are told of; None for one that goes on another time."""
    match code:
        case Exit.DONE:
            return Happening.FINISHED
        case Exit.NOT_AS_PLANNED | Exit.OUR_BUG:
            return Happening.NOT_AS_PLANNED
        case Exit.REFUSED | Exit.PROBLEMS | Exit.WRONG_USE:
            return Happening.REFUSED
        case Exit.UNKNOWN_EXPOSURE:
            return Happening.UNKNOWN_EXPOSURE
        case Exit.INTERRUPTED:
            return None
        case _:
            assert_never(code)
