"""Every plan that ships, in processes that die for real, on time that is virtual: an hour of waiting takes no time.

A run is a process of its own, as a user's; the venue lives in ours and outlives it. Each request carries the time of the run's
clock, so that both go on together, and stands still with it while nobody is there. The venue's books react to our orders only:
how a run ends does not hang on how long anything takes, and an interrupted one must end as an undisturbed one does.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import re
import resource
import shutil
import struct
from collections.abc import Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from planrunner.app.beginning import LEAD
from planrunner.app.per_market import PerMarket
from planrunner.app.plans import load
from planrunner.app.rehearsal import world_of
from planrunner.app.run import Job, resume, start
from planrunner.app.sandboxes import sandbox_app
from planrunner.app.stage import Stage, opened
from planrunner.app.venues import make_venue
from planrunner.engine.replay import replay
from planrunner.model.errors import PlanrunnerError
from planrunner.model.journal import Mode, RunState
from planrunner.model.plan import Plan
from planrunner.net.channel import Channel, Opening
from planrunner.net.departure import Departure
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.net.message import Outgoing, Reply
from planrunner.runtime.clock import SetClock, Stalled, VirtualClock, VirtualLoop, run_on
from planrunner.runtime.journal import Journal
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.bookmakers import USUAL, Bookmaking, Shows
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.ladders import LADDERS
from planrunner.sandbox.practice import practice_scenario
from planrunner.sandbox.scenario import (
    SECOND,
    Base,
    Due,
    FixtureScript,
    MarketScript,
    Moment,
    Reaction,
    Runner,
    Scenario,
    ShareOf,
    ShowOffers,
    Start,
    When,
)
from tests.crash.kill import books
from tests.forked import PROCESSES

KILLED = -9
HALF, DEEP = Decimal("0.5"), 50_000
# How others meet our orders, of every plan: all of each or half of it when it comes, or half of all when it has rested a while.
# Pools take all there is; bookmakers do as the others, but where all is met what they offer is enough for it, several together.
ALL = "all"
WORLDS: dict[str, Reaction] = {
    ALL: Reaction(when=When.ARRIVES, share=Decimal(1)),
    "at-once": Reaction(when=When.ARRIVES, share=HALF),
    "later": Reaction(when=When.RESTS, share=HALF, of=ShareOf.DEMAND, after=2 * SECOND),
}
# By bookmaker: of the fair odds, and how much it takes there in its own currency.
OFFERED = {
    "pinnacle": (Decimal(1), Decimal(400)),
    "sharpbet": (Decimal("0.99"), Decimal(300)),
    "vertex": (Decimal("0.98"), Decimal(500)),
}
DIAL = struct.Struct("q")  # microseconds since its process began
FASTER = 10
AFTERNOON = 13 * 60
LENGTH = re.compile(r"(?<=[ :])(\d+)([smh])\b")


def hurried(plan: Path, folder: Path, faster: int = FASTER) -> Path:
    """A copy of a plan and what belongs to it with every length of time divided: what is asked each second is asked less often
    then, and all the same things happen."""
    copy = folder / "plans"
    shutil.copytree(plan.parent, copy)
    for file in (copy / plan.name, *(copy / "blueprints").glob("*.yaml")):
        file.write_text(LENGTH.sub(lambda found: _shorter(found, faster), file.read_text(encoding="utf-8")), encoding="utf-8")
    return copy / plan.name


def _shorter(found: re.Match[str], faster: int) -> str:
    seconds = int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
    return f"{-(-seconds // faster)}s"


def _is_named(fixture: FixtureScript, plan: Plan) -> bool:
    """A race that a plan may name by its time keeps it, and so does a fixture whose number, which hangs on it, is named."""
    targets = [target for order in plan.orders for target in (order.target, order.move and order.move.target) if target]
    by_number = any(target.event_id is not None for target in targets)
    return plan.per_market is None and (fixture.meeting is not None or by_number)


def _nearer(fixture: FixtureScript) -> FixtureScript:
    """The contests of an afternoon, one soon after the other."""
    markets = tuple(replace(market, start=market.start and _moved(market.start)) for market in fixture.markets)
    return replace(fixture, start=_moved(fixture.start), markets=markets)


def _moved(start: Start) -> Start:
    if start.at is None:
        return start
    minutes = AFTERNOON + (start.at.hour * 60 + start.at.minute - AFTERNOON) // FASTER
    return replace(start, at=time(*divmod(minutes, 60)))


def quiet(world: str) -> Scenario:
    """The practice world, in which nothing moves but in answer to us."""
    practice = practice_scenario()
    fixtures = tuple(_still(fixture) for fixture in practice.fixtures)
    bookmakers = _bookmakers(fixtures) if world == ALL else None
    return replace(
        practice, fixtures=fixtures, punters=False, others_take_ours=False, reactions=(WORLDS[world],), bookmakers=bookmakers
    )


def _bookmakers(fixtures: Sequence[FixtureScript]) -> Bookmaking:
    """What each offers stays, but for what we take of it."""
    named = [(one.name, market.name, runner) for one in fixtures for market in one.markets for runner in market.runners]
    books = []
    for book in USUAL.books:
        share, room = OFFERED.get(book.slug, (Decimal(0), Decimal(0)))
        shows = tuple(
            Shows(at=0, event=event, market=market, selection=runner.name, to_back=((round(runner.fair * share, 2), room),))
            for event, market, runner in named
            if runner.fair and room
        )
        books.append(replace(book, follows=False, shows=shows))
    return replace(USUAL, books=tuple(books))


def _still(fixture: FixtureScript) -> FixtureScript:
    return replace(fixture, markets=tuple(_with_offers(market) for market in fixture.markets))


def _with_offers(market: MarketScript) -> MarketScript:
    """Where the seeded punters would begin, an offer on each side that stays."""
    begin = Moment(base=Base.BEGIN, delay=0)
    shown = tuple(Due(moment=begin, happening=_offers(runner, market.ladder)) for runner in market.runners if runner.fair)
    return replace(market, happenings=(*shown, *market.happenings))


def _offers(runner: Runner, ladder: str) -> ShowOffers:
    assert runner.fair is not None
    ticks = [LADDERS[ladder].odds(tick) for tick in range(LADDERS[ladder].ticks)]
    to_back = max(tick for tick in range(len(ticks) - 2) if Decimal(str(ticks[tick])) <= runner.fair)
    return ShowOffers(selection=runner.name, to_back=((ticks[to_back], DEEP),), to_lay=((ticks[to_back + 1], DEEP),))


@dataclass(frozen=True)
class Trouble:
    """What befalls a process: killed at a hook, or when the n-th request has arrived and before it is answered; a file that grows
    no further; a wall clock that is set after so many seconds."""

    crash_at: str | None = None
    gone_after: int | None = None
    list_to: Path | None = None
    room: int | None = None
    clock_set: tuple[float, timedelta] | None = None

    def environment(self) -> dict[str, str]:
        named = {"PLANRUNNER_CRASH_AT": self.crash_at, "PLANRUNNER_CRASH_LIST": self.list_to and str(self.list_to)}
        return {name: value for name, value in named.items() if value}


NO_TROUBLE = Trouble()


@dataclass(frozen=True)
class Ended:
    """`code`: the run's exit, or KILLED; `text`: what could not go on, or why nothing was begun."""

    code: int
    text: str = ""


@dataclass
class Quiet:
    """A plan, its journal in `folder`, and the venue."""

    plan: Path
    world: str
    folder: Path
    faults: Sequence[Fault] = ()
    set_by: timedelta = timedelta(0)  # how far the machine's wall clock is off when the next process begins
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        loaded = load(self.plan)
        scenario = quiet(self.world)
        near = [fixture if _is_named(fixture, loaded.plan) else _nearer(fixture) for fixture in scenario.fixtures]
        scenario = replace(scenario, fixtures=tuple(near))
        self.rehearsal, self.day, _ = world_of(loaded.plan, seed=1, case="usual", scenario=scenario)
        self.rehearsal.faults.faults.extend(self.faults)
        self.site = loaded.site
        self.clock = VirtualClock(self.rehearsal.world.begin + LEAD - LEAD / FASTER)
        self.loop = VirtualLoop(self.clock)
        self.wire = MemoryWire(sandbox_app(self.rehearsal, self.clock))
        self.journal = self.folder / ".planrunner" / "planrunner.db"

    def close(self) -> None:
        self.loop.run_until_complete(self.wire.close())
        self.loop.close()

    def begin(self, trouble: Trouble = NO_TROUBLE) -> Ended:
        return self._process(trouble, None)

    def go_on(self, trouble: Trouble = NO_TROUBLE) -> Ended:
        """Whatever a user would do next: take up what was interrupted, begin where nothing was, and else nothing."""
        states = self.states()
        if not states:
            return self._process(trouble, None)
        return self._process(trouble, list(states)[-1]) if RunState.RUNNING in states.values() else Ended(KILLED)

    def pass_by(self, time: timedelta) -> None:
        """While nobody drives the run."""
        self.clock.jump(time.total_seconds())

    def states(self) -> dict[str, RunState]:
        """By run. On the way every record's digest is checked, and every run that began is told again."""
        if not self.journal.exists():
            return {}
        with Journal.open(self.journal, durable=False) as journal:
            for info in journal.runs():
                if records := journal.read(info.run):
                    replay(records)
            return {info.run: info.state for info in journal.runs()}

    def log(self) -> str:
        self.rehearsal.world.advance(self.clock.now())
        return self.rehearsal.world.log.text()

    def bets(self) -> list[tuple[object, ...]]:
        """What the venue holds, whatever the references are; none of them may be there twice."""
        held = books(self.log())
        assert all(len(bets) == 1 for bets in held.values()), f"a reference is at the venue twice: {held}"
        return sorted((bets[0] for bets in held.values()), key=repr)

    def open_bets(self) -> list[str]:
        """References of bets of which something could still be matched."""
        return [ref for ref, bets in books(self.log()).items() if any(_left(bet) for bet in bets)]

    def _process(self, trouble: Trouble, run: str | None) -> Ended:
        here, there = PROCESSES.Pipe()
        (dial := self.folder / "dial").write_bytes(DIAL.pack(0))
        begin = self.clock.now()
        asked = (there, self.plan, self.journal, begin, dial, self.day, run, trouble, self.set_by)
        process = PROCESSES.Process(target=_run, args=asked)
        process.start()
        there.close()
        ended = self._serve(here, trouble.gone_after, process.kill)
        here.close()
        process.join(60)
        code = process.exitcode
        process.close()
        lived = timedelta(microseconds=DIAL.unpack(dial.read_bytes())[0])
        self.clock.jump((begin + lived - self.clock.now()).total_seconds())
        if ended is None:
            assert code == KILLED, f"the process ended with {code} and without a word"
            return Ended(KILLED)
        return ended

    def _serve(self, run: Connection, most: int | None, kill: Callable[[], None]) -> Ended | None:
        """Answers a process until it is gone, or is to be gone."""
        before = len(self.requests)
        while True:
            try:
                asked = run.recv()
                if isinstance(asked, Ended):
                    return asked
                answer = self._answer(*asked)
                if len(self.requests) - before == most:
                    kill()
                    return None
                run.send(answer)
            except (EOFError, ConnectionError):
                return None

    def _answer(self, at: datetime, request: Outgoing) -> tuple[datetime, Reply | None]:
        """None: there is none, however long one waits."""
        self.clock.jump((at - self.clock.now()).total_seconds())
        self.requests.append(f"{request.url} {request.content.decode()}")
        asked = self.loop.create_task(self.wire.exchange(request, Departure(self.clock, None)))
        try:
            reply = self.loop.run_until_complete(asked)
        except Stalled:
            asked.cancel()
            self.loop.run_until_complete(asyncio.gather(asked, return_exceptions=True))
            reply = None
        return self.clock.now(), reply


def _left(bet: Any) -> float:
    """Of a bet as `books` has it, what could still be matched; what was void had been matched before."""
    _, _, _, size, parts = bet
    return round(float(size) - sum(part for kind, part in parts if kind != "void"), 2)


@dataclass(frozen=True)
class _Wire:
    """To the venue in the other process. Nothing else happens in this one while it answers."""

    venue: Connection
    clock: SetClock

    async def exchange(self, request: Outgoing, departure: Departure) -> Reply:
        departure.go(lambda _: self.venue.send((self.clock.true, request)), request.content)
        at, reply = self.venue.recv()
        if reply is None:
            await asyncio.get_running_loop().create_future()  # the caller's patience ends
        await VirtualClock.sleep_until(self.clock, at)  # a bet delay
        assert isinstance(reply, Reply)
        return reply

    async def connect(self, asked: Opening) -> Channel:
        """Between processes there are requests and replies only: whoever listens elsewhere has to ask."""
        raise ConnectionRefusedError

    async def close(self) -> None:
        """It is the process's."""


class _Dial(SetClock):
    """A clock whose dial is still read when its process is gone: the next one must not begin before that."""

    def __init__(self, start: datetime, file: Path) -> None:
        super().__init__(start)
        with file.open("r+b") as opened:
            self._shown = mmap.mmap(opened.fileno(), DIAL.size)

    def jump(self, seconds: float) -> None:
        super().jump(seconds)
        DIAL.pack_into(self._shown, 0, self._passed)


def _run(
    venue: Connection, plan: Path, file: Path, begin: datetime, dial: Path, day: date, run: str | None, trouble: Trouble,
    off: timedelta,
) -> None:  # fmt: skip
    """A process: one run, from its beginning or from where it was interrupted."""
    os.environ.update(trouble.environment())
    if trouble.room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (trouble.room, resource.RLIM_INFINITY))
    loaded, clock = load(plan), _Dial(begin, dial)
    clock.set(off)
    job = Job(plan_file=str(plan), plan=loaded.plan, site=loaded.site, journal=file, per_market=PerMarket(loaded))
    stage = _stage(venue, clock, day, job, trouble.clock_set)
    try:
        ran = start(job, stage, _nobody_listens) if run is None else resume(job, run, stage, _nobody_listens)  # type: ignore[arg-type]
        venue.send(Ended(int(ran.exit), ran.trouble or ""))
    except PlanrunnerError as refused:
        venue.send(Ended(3, str(refused)))


def _nobody_listens(*_: object) -> None:
    """A run tells what it does."""


def _stage(venue: Connection, clock: SetClock, day: date, job: Job, clock_set: tuple[float, timedelta] | None) -> Stage:

    @asynccontextmanager
    async def venues(_: Any) -> Any:
        door = Door(_Wire(venue, clock), clock)
        accounts = {name: account for name, account in job.site.accounts.items() if name in job.plan.accounts}
        made = {
            name: make_venue(account, door=door, clock=clock, secrets=PRACTICE, at="http://sandbox.invalid")
            for name, account in accounts.items()
        }
        async with opened(made) as ready:
            yield ready

    async def beside(main: Coroutine[Any, Any, Any]) -> Any:
        setting = asyncio.ensure_future(_set(clock, *clock_set)) if clock_set else None
        try:
            return await main
        finally:
            if setting:
                setting.cancel()

    def play(main: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        return run_on(clock, lambda _: beside(main(clock)))

    return Stage(mode=Mode.SANDBOX, today=lambda _, __: day, play=play, venues=venues)


async def _set(clock: SetClock, after: float, by: timedelta) -> None:
    await asyncio.sleep(after)
    clock.set(by)


def hooks_of(listed: Path) -> Sequence[str]:
    """Every moment a process came to, `intent.before:2`, from the list that it kept."""
    counts = (line.split() for line in listed.read_text().splitlines())
    return [f"{name}:{n}" for name, count in counts for n in range(1, int(count) + 1)]
