"""`planrunner serve`: the plans of a folder run by themselves, in one process and one loop, for months.

It begins with what was open when it ended last: runs that nobody drives go on, and then whatever came due meanwhile is decided.
Every loop that looks after others catches what goes wrong, tells it and goes on.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from planrunner.app import report as telling
from planrunner.app.begun import closed
from planrunner.app.notices import Notices
from planrunner.app.per_market import near_markets
from planrunner.app.run import Process
from planrunner.app.scope import Scope, known
from planrunner.app.service.houses import Houses
from planrunner.app.service.live import Scheduled, secret_of_signal
from planrunner.app.service.log import Log, overheard
from planrunner.app.service.plans import Plans
from planrunner.app.service.roster import Roster
from planrunner.app.service.runs import ServiceRuns, file_of
from planrunner.app.settle import Rhythm, settle_due
from planrunner.model.account import Account, Happening, Site
from planrunner.model.errors import JournalTrouble, PlanProblems, PlanrunnerError, Refused, WrongUse
from planrunner.model.journal import Due, Fate, HaltScope, Mode, Noted, RunInfo, by_hand
from planrunner.model.market import AccountName, Market, RunId
from planrunner.model.plan import BeforeEachStart
from planrunner.plan.given import Given
from planrunner.review.schedule import schedule_in_words
from planrunner.runtime.alone import alone_in
from planrunner.runtime.clock import HandsClock, RealClock, new_run_id
from planrunner.runtime.hooks import hooks_from
from planrunner.runtime.journal import Journal, patience_from
from planrunner.runtime.lease import this_process
from planrunner.runtime.reconciler import Reconciler
from planrunner.runtime.secrets import secrets_of
from planrunner.runtime.timetable import Timetable
from planrunner.runtime.watch import Watchman

LOOK_AT_PLANS = 2.0  # seconds
LOOK_FOR_RESULTS = timedelta(seconds=60)
LAST_WORDS = timedelta(seconds=5)  # of runs that are being left
AGAIN_AFTER = 1.0  # of a loop that something went wrong in
LOCK = "service.lock"
# Journals that know nothing of each other would each place every bet.
_BOTH_WOULD_BET = (
    "another service bets real money with the plans of {folder}, with a journal of its own (--state): each of the two would place"
    " every bet. End that one, or this one"
)
SERVICE = AccountName("service")  # whose secrets the tokens, the signals' and the mail's are


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`url`: the sandbox, where it is not real money; `finish_within`: how long a service that is told to end waits for its runs;
    `stops_runs`: it takes back what rests then, instead of leaving runs as they are to be taken up again."""

    folder: Path
    state: Path
    mode: Mode
    url: str | None
    finish_within: timedelta = timedelta(seconds=20)
    stops_runs: bool = False


# Serves the web for as long as the service is there; raises WrongUse where it can't.
Web = Callable[["Service"], Coroutine[Any, Any, None]]


@dataclass(slots=True, kw_only=True)
class Service:
    """Fulfils `live.Live`. Made by `serving`, which opens and closes what it holds."""

    asked: Asked
    clock: HandsClock
    journal: Journal
    timetable: Timetable
    plans: Plans
    houses: Houses
    log: Log
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    counted: Counter[str] = field(default_factory=Counter)
    _site: Site = field(default_factory=lambda: Site(accounts={}))
    _held: Mapping[AccountName, Account] = field(default_factory=dict)
    _site_trouble: str = ""
    _is_behind: bool = False
    _runs: ServiceRuns = field(init=False)
    _roster: Roster = field(init=False)
    _notices: Notices = field(init=False)
    _told: dict[str, str] = field(default_factory=dict)  # problems of plans
    _rhythm: Rhythm = field(default_factory=Rhythm)
    _has_begun: bool = False
    _is_ready: bool = False
    _attempt: asyncio.Future[None] | None = None
    _untold: Sequence[RunInfo] = ()
    _opened: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Future[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        process = Process(
            journal=self.journal, clock=self.clock, hooks=hooks_from(os.environ), watchman=Watchman(self.journal, self.clock)
        )  # fmt: skip
        self._runs = ServiceRuns(
            process=process, plans=self.plans, mode=self.asked.mode, url=self.asked.url, houses=self.houses,
            timetable=self.timetable, log=self.log, notify=self._notify,
        )  # fmt: skip
        self._roster = Roster(
            mode=self.asked.mode, runs=self._runs, timetable=self.timetable, clock=self.clock, tell=self._noted,
            trouble=lambda plan, text: self.log("trouble", plan=plan, why=text), markets=self._markets,
        )  # fmt: skip
        self._notices = Notices(self.journal, self.site, self.clock, _OwnSecrets(self), self.houses.door)

    # -- its life

    async def work(self, web: Web | None = None) -> None:
        """Until it is told to end, and then until its runs are over or left. Raises WrongUse where it can't begin."""
        reconciler = Reconciler(
            journal=self.journal, clock=self.clock, take_up=self._roster.take_up,
            tell=lambda text: self.log("reconcile", why=text), wanted=self._is_ours_to_take_up,
        )  # fmt: skip
        await self._look_at_plans()
        if self._site_trouble and not self._has_runs_to_look_after():
            raise WrongUse(self._site_trouble)
        if web is not None:
            self._refuse_without_secrets()
        loops: list[Coroutine[Any, Any, None]] = [
            self._again_and_again("plans", self._look_at_plans, LOOK_AT_PLANS),
            self._again_and_again("results", self._settle, LOOK_FOR_RESULTS.total_seconds()),
            self._tell_people(),
        ]
        if web is not None:
            loops.append(web(self))
        self._untold = self._runs.untold()  # before any other ends
        taken = await reconciler.once(former=this_process())
        self.log("begins", folder=self.plans.folder, mode=self.asked.mode.value, plans=len(self.plans.files), taken_up=len(taken))
        self._has_begun = True
        await self._open()
        tasks = [asyncio.ensure_future(loop) for loop in (*loops, self._roster.run(), reconciler.run())]
        try:
            await self._until_told_to_end(tasks)
        finally:
            self._is_ready = self._has_begun = False
            await self._end(tasks)

    def _has_runs_to_look_after(self) -> bool:
        """They need no site file: what is at a venue has its endings whatever is wrong with that."""
        return any(info.mode is self.asked.mode for info in self.journal.unfinished())

    def _refuse_without_secrets(self) -> None:
        """Before anything begins, so that who sets it up finds out at once. Raises Refused."""
        for name in self._site.service.signals:
            self.secret(secret_of_signal(name))

    async def _open(self) -> None:
        """From now on plans run: once the site file says within which limits."""
        if self._has_begun and not self._is_ready and not self._site_trouble:
            await self._roster.open()
            self._is_ready = True
            self._opened.set()
            self._spawn(self._runs.tell_ends(self._untold))

    async def _tell_people(self) -> None:
        """Once it is known who they are: without a site file nobody would be, and what waits for them would be given up."""
        await self._opened.wait()
        await self._notices.work()

    def end(self, why: str) -> None:
        """It is to end; a second time, at once."""
        if self.ending.is_set():
            self._runs.leave_all()
        self.log("ends", why=why)
        self.ending.set()

    async def _until_told_to_end(self, tasks: Sequence[asyncio.Future[Any]]) -> None:
        told: asyncio.Future[Any] = asyncio.ensure_future(self.ending.wait())
        done, _ = await asyncio.wait([told, *tasks], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        for task in done - {told}:
            task.result()  # none of them ends by itself: this raises why it did

    async def _end(self, tasks: Sequence[asyncio.Future[Any]]) -> None:
        """First whatever could begin something, or take up again what is being left."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.asked.stops_runs:
            self._runs.stop_all("the service was told to end")
        else:
            self._runs.leave_all()
        await self._roster.end(self.asked.finish_within, is_at_work=self._runs.reins.__contains__)
        self._runs.leave_all()
        await self._roster.end(LAST_WORDS, is_at_work=self._runs.reins.__contains__)
        await self._runs.told()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.log("ended", left=len(self.journal.unfinished()))

    async def _again_and_again(self, name: str, act: Callable[[], Awaitable[None]], every: float) -> None:
        """A loop that looks after others ends for nothing."""
        while True:
            await asyncio.sleep(every)
            try:
                await act()
            except Exception as error:  # noqa: BLE001 - told, and tried again
                self.log("trouble", what_for=name, error=type(error).__name__, why=error)
                await asyncio.sleep(AGAIN_AFTER)

    def _is_ours_to_take_up(self, info: RunInfo) -> bool:
        if info.mode is not self.asked.mode or info.run in self._roster.going or self._runs.is_given_up(info):
            return False
        return not self._site_trouble or self._runs.has_begun(info)

    # -- plans

    async def _look_at_plans(self) -> None:
        """What could not be taken in, because the journal could not be written, is taken in at the next look."""
        if not await asyncio.to_thread(self.plans.look) and not self._is_behind:
            return
        self._is_behind = True
        self._take_site()
        for name, file in self.plans.files.items():
            if file.loaded is None:
                self._roster.drop(name)
                if self._told.get(name) != file.problem and not self._site_trouble:  # which each of them has then
                    self.log("plan has problems", plan=name, why=file.problem)
            else:
                await self._roster.put(name, file.loaded.plan.when)
        self._told = {} if self._site_trouble else {name: file.problem for name, file in self.plans.files.items()}
        for name in set(self._roster.names) - set(self.plans.files):
            self._roster.drop(name)
            self.log("plan is gone", plan=name)
        await self._open()
        self._is_behind = False

    def _take_site(self) -> None:
        """With problems in the site file nothing begins, and what goes on keeps to what it was."""
        try:
            site = self.plans.site()
        except WrongUse as error:
            self._site_trouble = str(error)
            self.log("site file has problems", why=error)
            return
        self._site_trouble = ""
        if site != self._site:
            # An account that is named no more may have runs that go on: nothing new is placed on it.
            gone = {name: closed(one) for name, one in self._held.items() if name not in site.accounts}
            held = {**gone, **site.accounts}
            self.journal.hold_against(replace(site, accounts=held))
            self._site, self._held = site, held
            self.log("site file is in force", accounts=len(site.accounts))

    async def _markets(self, plan: str) -> Sequence[Market]:
        """Of today, and of tomorrow where a start then is near enough."""
        file = self.plans.files.get(plan)
        if file is None or file.loaded is None or file.loaded.plan.per_market is None:
            return ()
        loaded, query = file.loaded, file.loaded.plan.per_market
        assert isinstance(loaded.plan.when, BeforeEachStart)
        accounts = {name: one for name, one in loaded.site.accounts.items() if name == query.account}
        async with self.houses.venues(self.asked.mode, self.asked.url, accounts) as venues:
            return await near_markets(loaded, venues, now=self.clock.now(), ahead=loaded.plan.when.before)

    # -- what happens

    def _noted(self, noted: Noted) -> None:
        due = noted.due
        self.counted[f"occurrences_{noted.fate.value.replace(' ', '_')}"] += 1
        self.counted["runs_started"] += noted.run is not None and noted.fate is not Fate.REFUSED
        self.log(
            "occurrence", plan=due.plan, occurrence=due.occurrence, due=due.at.isoformat(), became=noted.fate.value,
            run=noted.run, why=noted.text or None,
        )  # fmt: skip
        if noted.fate in (Fate.RUN, Fate.LATE):
            text = f"{due.occurrence} began{f', {noted.text}' if noted.text else ''}"
            self._spawn(self._notify(Happening.STARTED, f"{due.plan} {due.occurrence}", due.plan, text, noted.run, due.plan))
        elif noted.fate is not Fate.QUEUED:
            text = f"{due.occurrence} did not run: {noted.text}"
            self._spawn(self._notify(Happening.NOT_RUN, f"{due.plan} {due.occurrence}", due.plan, text, noted.run, due.plan))

    async def _notify(self, happening: Happening, key: str, title: str, text: str, run: RunId | None, plan: str) -> None:
        try:
            await self._notices.tell(happening, key, title, text, run=run, plan=plan)
        except PlanrunnerError as error:  # a notice is no reason to stop anything
            self.log("trouble", what_for="notices", why=error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self) -> None:
        if not self._is_ready:
            return
        for looked in await settle_due(self.journal, self.houses.venues, self.clock, site=self._site, rhythm=self._rhythm):
            if looked.trouble:
                self.log("results", account=looked.pot.account, why=looked.trouble)
            for one in looked.learned:
                net = f"{one.net:.2f} {one.currency}"
                self.log("settled" if one.is_settled else "result", run=one.run.run, plan=file_of(one.run), net=net)
                if one.is_settled:
                    title, key = one.run.plan_name, f"{one.run.run} {net}"
                    text = "\n".join((f"settled: {net} after commission", *one.facts))
                    await self._notify(Happening.SETTLED, key, title, text, one.run.run, file_of(one.run))

    # -- what may be asked of it

    @property
    def folder(self) -> Path:
        return self.plans.folder

    @property
    def state(self) -> Path:
        return self.asked.state

    def secret(self, name: str) -> str:
        """One of the service's own, from where the site file says they are. Raises Refused."""
        return _OwnSecrets(self).get(SERVICE, name)

    def site(self) -> Site:
        return self._site

    def schedules(self) -> Sequence[Scheduled]:
        return [
            Scheduled(
                plan=name,
                title=file.title,
                when=schedule_in_words(file.loaded.plan.when) if file.loaded is not None and file.loaded.plan.when else "",
                next=self._roster.next_of(name),
                problem=file.problem or self._site_trouble,
            )
            for name, file in self.plans.files.items()
        ]

    def readiness(self) -> str:
        if why := self._not_open():
            return why
        if trouble := self.journal.trouble:
            self._try_to_write()
        return trouble

    def _not_open(self) -> str:
        if self._site_trouble:
            return self._site_trouble
        return "" if self._is_ready else "the service is beginning, or ending"

    def _try_to_write(self) -> None:
        """Whoever asks whether plans run finds out; what was to be written is tried again by itself."""

        async def attempt() -> None:
            with suppress(JournalTrouble):  # it is the answer, and is in the log where something was to be written
                await self.journal.try_to_write()

        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.ensure_future(attempt())

    async def start(self, plan: str, values: Mapping[str, str], *, by: str, key: str | None = None) -> RunId:
        self._refuse_unless_ready()
        lane = self._roster.lane_of(plan)
        if lane is None or plan not in self.plans.files:
            raise WrongUse(f"there is no plan {plan} here, or it has problems")
        due = by_hand(plan, self.asked.mode, key or new_run_id(), self.clock.now(), values)
        self.log("start", plan=plan, by=by)
        noted = await lane.begin(due) or self.timetable.find(due)
        if noted is None or noted.run is None:
            raise Refused(noted.text if noted is not None else "it was not started")
        return noted.run

    async def signal(self, name: str, key: str, values: Mapping[str, str]) -> Sequence[RunId]:
        self._refuse_unless_ready()
        begun: list[RunId] = []
        why: list[PlanrunnerError] = []
        for plan in self._roster.plans_for(name):
            lane = self._roster.lane_of(plan)
            assert lane is not None
            due = Due(plan=plan, mode=self.asked.mode, occurrence=f"signal {name} {key}", at=self.clock.now(), given=values)
            noted = await lane.decide(due)
            if noted is not None and noted.run is not None:
                begun.append(noted.run)
            elif (noted := noted or self.timetable.find(due)) is not None and noted.fate is Fate.REFUSED:
                why.append(self._refusal(noted))  # one that comes again was refused then, and is now
        if why and not begun:
            raise next((one for one in why if isinstance(one, PlanProblems)), Refused("; ".join(map(str, why))))
        return begun

    def _refusal(self, noted: Noted) -> PlanrunnerError:
        """Whether it is the sender's fault: inputs that the plan does not take."""
        try:
            self.plans.load(noted.due.plan, Given(values=noted.due.given, of_signal=True))
        except PlanProblems as problems:
            return problems
        except PlanrunnerError:
            pass
        return Refused(noted.text)

    async def stop(self, scope: HaltScope, name: str, *, because: str, by: str) -> None:
        asked = known(Scope(scope=scope, name=name), self.state, self.journal)
        self.journal.halt(asked.scope, asked.name, because, by)
        self.log("stop", scope=scope.value, name=asked.name, by=by, why=because)

    def counts(self) -> Mapping[str, int]:
        return {**self.counted, "runs_going": len(self._roster.going), "plans": len(self.plans.files)}

    def _refuse_unless_ready(self) -> None:
        if why := self._not_open():
            raise Refused(why)


@dataclass(frozen=True, slots=True)
class _OwnSecrets:
    """Where the site file says they are by now."""

    service: Service

    def get(self, account: str, name: str) -> str:
        where = {SERVICE: self.service.site().service.credentials}
        found = secrets_of(where, site_folder=self.service.folder, environment=os.environ)
        return found.get(account, name)

    def learn(self, value: str) -> None:
        secrets_of({}, site_folder=None, environment={}).learn(value)


@asynccontextmanager
async def serving(asked: Asked, write: Callable[[str], None]) -> AsyncIterator[Service]:
    """Everything a service holds, opened and closed. Raises WrongUse (another service has these plans), JournalTrouble."""
    clock = RealClock()
    async with AsyncExitStack() as stack:
        path = asked.state / telling.JOURNALS[asked.mode]
        journal = stack.enter_context(
            Journal.open(path, durable=True, clock=clock, hooks=hooks_from(os.environ), patience=patience_from(os.environ))
        )
        lock = FileLock(path.with_name(LOCK))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise WrongUse(f"another service is at work with the journal {path}; two would be in each other's way") from None
        stack.callback(lock.release)
        if asked.mode is Mode.LIVE:
            stack.enter_context(alone_in(asked.folder, _BOTH_WOULD_BET.format(folder=asked.folder)))
        houses = Houses(clock=clock, folder=asked.folder)
        stack.push_async_callback(houses.close)
        yield Service(
            asked=asked, clock=clock, journal=journal, timetable=Timetable(journal, clock), plans=Plans(asked.folder),
            houses=houses, log=Log(write=write, clock=clock),
        )  # fmt: skip


def serve(asked: Asked, write: Callable[[str], None], web: Web | None) -> None:
    """Until SIGTERM or Ctrl-C. Raises WrongUse, JournalTrouble."""

    async def main() -> None:
        async with serving(asked, write) as service:
            loop = asyncio.get_running_loop()
            for name in ("SIGTERM", "SIGINT"):
                with suppress(NotImplementedError):
                    loop.add_signal_handler(getattr(signal, name), service.end, name)
            with overheard(service.log):
                await service.work(web)

    asyncio.run(main())
