"""A run on an obstacle course: a plan, its journal, and a practice venue at which things go wrong; killed and taken up again.

On virtual time the venue is in memory (`Course`); it can also be served over HTTP on a clock that hurries (`ServedCourse`). The
journal is a file: a kill leaves of it what was committed by then. The venue outlives every process of the run. Its own log is the
oracle: `broken` says in words which promise does not hold.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from planrunner.app import report as telling
from planrunner.app.outcome import Exit, Ran, exit_of
from planrunner.app.plans import Loaded, load
from planrunner.app.run import Job, resume, start
from planrunner.app.stage import Stage, opened
from planrunner.app.venues import make_venue
from planrunner.model.commands import FinishRun
from planrunner.model.errors import PlanrunnerError
from planrunner.model.journal import Body, Mode, RunInfo, RunState
from planrunner.net.channel import Channel, Opening
from planrunner.net.departure import Departure
from planrunner.net.door import Door, Wire
from planrunner.net.memory import MemoryWire
from planrunner.net.message import Outgoing, Reply
from planrunner.net.socket_wire import SocketWire
from planrunner.runtime.clock import HandsClock, VirtualClock, run_on
from planrunner.runtime.journal import Journal
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.building import build
from planrunner.sandbox.faults import Fault, Faults
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.scenario import Scenario
from tests.audited import audited
from tests.venues.contract import uvicorn_serving

DAY, BEGIN = date(2026, 12, 5), datetime(2026, 12, 5, 14, 0, tzinfo=UTC)
# Longer than any plan here and the patience with what never shows up; a run that is still going then hangs.
HANGS_AFTER = timedelta(hours=1).total_seconds()
RESTART_TAKES = timedelta(seconds=4)
# A plan of half a minute takes two seconds. A lost answer is given up after the half of one, so the machine may be slow.
HURRY = 15


class VenueTime:
    """The venue's clock goes on from one process of ours to the next."""

    def __init__(self) -> None:
        self.of: HandsClock | None = None
        self.begin = BEGIN

    def now(self) -> datetime:
        return self.begin if self.of is None else self.of.now()

    async def sleep_until(self, at: datetime) -> None:
        assert self.of is not None
        await self.of.sleep_until(at)


class Hangs(AssertionError):
    """The run does not come to an end."""


@dataclass
class Course:
    """`settles`: the run also waits for the settlement."""

    folder: Path
    plan: Path
    scenario: Scenario
    faults: Sequence[Fault] = ()
    seed: int = 1
    settles: bool = False
    kills: int = 0
    log: VenueLog = field(default_factory=VenueLog)
    told: list[Body] = field(default_factory=list)
    url: str = "http://sandbox.invalid"
    is_dead: bool = False
    loaded: Loaded = field(init=False)

    def __post_init__(self) -> None:
        self.world = build(self.scenario, begin=BEGIN, seed=self.seed, log=self.log)
        self.time = VenueTime()
        self.store = Faults(faults=list(self.faults), seed=self.seed)
        self.app = betfair_app(self.world, self.time, faults=self.store)
        self.loaded = _loaded(self.plan)
        self.journal = self.folder / ".planrunner" / "rehearsals.db"

    def run(self, *kill_after: float) -> Ran | PlanrunnerError:
        """To the end; killed so many seconds after each of its beginnings. An error is one that placed nothing."""
        for seconds in kill_after:
            ended = self._once(seconds)
            if ended is not None and not _is_left(ended):
                return ended
            self.kills += ended is None
            self._later()
        for _ in range(20):
            ended = self._once(HANGS_AFTER * (12 if self.settles else 1))
            if ended is None:
                raise Hangs(f"still going after {HANGS_AFTER / 60:.0f} minutes of the venue's time")
            if not _is_left(ended):
                return ended
            self._later()
        raise Hangs("the venue can never be reached")

    def report(self, ran: Ran) -> dict[str, Any]:
        assert ran.records is not None
        read: dict[str, Any] = json.loads("".join(telling.as_json(telling.story_of(ran.info, ran.records))))
        return read

    def _later(self) -> None:
        self.time.begin += RESTART_TAKES

    def _once(self, seconds: float) -> Ran | PlanrunnerError | None:
        """None: it was killed."""
        clock = VirtualClock(self.time.begin)
        self.time.of = clock
        try:
            return self._process(seconds, clock, lambda main: run_on(clock, lambda _: main))
        finally:
            self.time.begin, self.time.of = clock.now(), None

    def _process(self, seconds: float, clock: HandsClock, play: Any) -> Ran | PlanrunnerError | None:
        aside = self.journal.with_name("killed.db")

        async def until_killed(main: Any) -> Ran | None:
            self.is_dead = False
            task = asyncio.ensure_future(main)
            done, _ = await asyncio.wait([task], timeout=seconds)
            if done:
                return await task
            self.is_dead = True  # nothing more leaves
            if self.journal.exists():
                with closing(sqlite3.connect(self.journal)) as kept, closing(sqlite3.connect(aside)) as copy:
                    kept.backup(copy)  # what a kill leaves
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return None

        stage = self._stage(clock, lambda main: play(until_killed(main(clock))))
        try:
            ended: Ran | PlanrunnerError | None = self._start_or_resume(stage)
        except PlanrunnerError as error:
            ended = error
        if ended is None and aside.exists():
            for old in (self.journal, *self.journal.parent.glob(f"{self.journal.name}-*")):
                old.unlink()
            aside.rename(self.journal)
        return ended

    def _start_or_resume(self, stage: Stage) -> Ran:
        job = Job(plan_file=str(self.plan), plan=self.loaded.plan, site=self.loaded.site, journal=self.journal, seed=self.seed)
        known = self._runs()
        if not known:
            return start(job, stage, self._tell)
        if known[-1].state is RunState.RUNNING:
            return resume(job, known[-1].run, stage, self._tell, take_over=True)
        with Journal.open(self.journal, durable=False) as journal:  # it was over when it was killed
            records = tuple(journal.read(known[-1].run))
        ended = next(record.body.ended for record in reversed(records) if isinstance(record.body, FinishRun))
        return Ran(info=known[-1], records=records, exit=exit_of(ended))

    def _runs(self) -> list[RunInfo]:
        if not self.journal.exists():
            return []
        with Journal.open(self.journal, durable=False) as journal:
            return journal.runs()

    def _tell(self, body: Body, _: datetime) -> None:
        self.told.append(body)

    def _wire(self, clock: HandsClock) -> Wire:
        return MemoryWire(self.app)

    def _stage(self, clock: HandsClock, play: Any) -> Stage:
        @asynccontextmanager
        async def venues(_: Any) -> Any:
            door = Door(Mortal(self._wire(clock), self), clock)
            plan = self.loaded.plan
            accounts = {one.account for one in (*plan.orders, *plan.tickets)}
            made = {
                name: make_venue(account, door=door, clock=clock, secrets=PRACTICE, at=self.url)
                for name, account in self.loaded.site.accounts.items()
                if name in accounts
            }
            try:
                async with opened(made) as ready:
                    yield ready
            finally:
                await door.close()

        return Stage(
            mode=Mode.REHEARSAL, today=lambda _, __: DAY, play=play,
            venues=venues, settle_within=timedelta(hours=6) if self.settles else None,
        )  # fmt: skip

    # -- the oracle

    def bets(self) -> dict[str, list[dict[str, Any]]]:
        """What the venue holds by reference: each bet with what became of it, from its own log."""
        bets: dict[str, dict[str, Any]] = {}
        for line in self.log.lines():
            match line["kind"]:
                case "bet":
                    bets[line["bet"]] = {**line, **dict.fromkeys((*PARTS.values(), "untold"), Decimal(0))}
                case "fill" | "cancel" | "lapse" as kind:
                    bets[line["bet"]][PARTS[kind]] += Decimal(line["size"])
                case "void":
                    bet = bets[line["bet"]]
                    bet["voided"] += Decimal(line["size"])
                    bet["matched"] -= Decimal(line["size"])
                    bet["untold"] += Decimal(line["size"]) if line["at"] >= self._last_look() else 0
                case _:
                    pass
        held: dict[str, list[dict[str, Any]]] = {}
        for bet in bets.values():
            bet["remaining"] = Decimal(bet["size"]) - sum(bet[part] for part in PARTS.values())
            held.setdefault(bet["ref"], []).append(bet)
        return held

    def _last_look(self) -> str:
        """When the run last read what all of its bets had come to; what the venue takes back later may come after its end."""
        lines = list(self.log.lines("request", "fault", "reply"))
        whole = [
            line["at"]
            for line, then in pairwise(lines)
            if line["kind"] == "request" and line["call"] == "listCurrentOrders" and then["kind"] != "fault"
            if "marketIds" in line["params"] and "orderProjection" not in line["params"]
        ]
        return whole[-2] if len(whole) > 1 else ""  # the run may have ended, or been killed, while the last one was on its way

    def most_at_risk(self) -> Decimal:
        """The most that could ever be lost at the venue, whoever wins, with what is unmatched counted where it hurts.

        What the venue voids counts on: whatever it leaves a hedge without was no act of ours.
        """
        bets: dict[str, _Risk] = {}
        runners, most = {0}, Decimal(0)
        for line in self.log.lines("bet", "fill", "cancel", "lapse"):
            if line["kind"] == "bet":
                bets[line["bet"]] = _Risk(line["selection"], line["side"], Decimal(line["odds"]), open=Decimal(line["size"]))
                runners.add(line["selection"])
            else:
                bets[line["bet"]].learn(line["kind"], Decimal(line["size"]), Decimal(line.get("odds", 0)))
            most = max(most, *(sum((bet.loss(winner) for bet in bets.values()), Decimal(0)) for winner in runners))
        return most

    def intended(self) -> set[str]:
        with Journal.open(self.journal, durable=False) as journal:
            return {intent.ref for info in journal.runs() for intent in journal.intents(info.run)}

    def broken(self, ended: Ran | PlanrunnerError) -> list[str]:
        """Each promise that does not hold, in words."""
        return [*self._broken(ended), *self._audited()]

    def _audited(self) -> Iterator[str]:
        """What the auditor finds, who reads the journal and the venue's log and knows nothing else."""
        try:
            audited(self.journal, self.log.text(), self.loaded.site)
        except AssertionError as found:
            yield str(found)

    def _broken(self, ended: Ran | PlanrunnerError) -> Iterator[str]:
        held = self.bets()
        for ref, bets in held.items():
            if len(bets) > 1:
                yield f"{ref} is at the venue {len(bets)} times"
        yield from self._over_its_limit()
        if not isinstance(ended, Ran):
            if held:
                yield f"refused ({ended}), and yet there are bets: {sorted(held)}"
            return
        if held.keys() - (intended := self.intended()):
            yield f"bets without an intent: {sorted(held.keys() - intended)}"
        report = self.report(ended)
        named = {one["reference"] for one in report["unresolved"]}
        if (ended.exit is Exit.UNKNOWN_EXPOSURE) is not bool(named):
            yield f"exit {ended.exit.name} and {len(named)} unresolved references"
        if ended.exit not in (Exit.DONE, Exit.REFUSED, Exit.NOT_AS_PLANNED, Exit.UNKNOWN_EXPOSURE):
            yield f"exit {ended.exit.name}: {ended.trouble}"
        if ended.exit is Exit.REFUSED and held:
            yield "exit REFUSED, and yet there are bets"
        yield from self._mistold(report, held, named)

    def _over_its_limit(self) -> Iterator[str]:
        if (most := self.most_at_risk()) > (allowed := self.loaded.plan.limits.max_loss.amount):
            yield f"{most} was at risk, and {allowed} is allowed"

    def _mistold(self, report: dict[str, Any], held: dict[str, list[dict[str, Any]]], named: set[str]) -> Iterator[str]:
        """Where the report and the venue's bets differ, but for the references that it names as ones to look at."""
        yield from _compared(report, held, named)


@dataclass(frozen=True)
class Mortal:
    """A wire on which nothing leaves after the process was killed: the journal that is kept would not know of it."""

    wire: Wire
    course: Course

    async def exchange(self, request: Outgoing, departure: Departure) -> Reply:
        if self.course.is_dead:
            await asyncio.Event().wait()
        return await self.wire.exchange(request, departure)

    async def connect(self, asked: Opening) -> Channel:
        if self.course.is_dead:
            await asyncio.Event().wait()
        return await self.wire.connect(asked)

    async def close(self) -> None:
        await self.wire.close()


class ServedCourse(Course):
    """The same over HTTP. Server and client have threads of their own, and time passes `HURRY` times as fast for both."""

    def run(self, *kill_after: float) -> Ran | PlanrunnerError:
        self._clock = HastyClock()
        self.time.of = self._clock
        with uvicorn_serving(self.app) as self.url:
            return super().run(*kill_after)

    def _later(self) -> None:
        time.sleep(RESTART_TAKES.total_seconds() / HURRY)

    def _once(self, seconds: float) -> Ran | PlanrunnerError | None:
        def play(main: Any) -> Any:
            with asyncio.Runner(loop_factory=HastyLoop) as runner:
                return runner.run(main)

        return self._process(seconds, self._clock, play)

    def _wire(self, clock: HandsClock) -> Wire:
        return SocketWire(clock)


class HastyClock:
    """Real time, HURRY times as fast, from BEGIN on."""

    is_virtual = False

    def __init__(self) -> None:
        self._began = time.monotonic()

    def age(self) -> float:
        return (time.monotonic() - self._began) * HURRY

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.age())

    async def sleep_until(self, at: datetime) -> None:
        hurries = isinstance(asyncio.get_running_loop(), HastyLoop)
        while (left := (at - self.now()).total_seconds()) > 0:
            await asyncio.sleep(left if hurries else left / HURRY)

    def call_at(self, at: datetime, act: Callable[[], None]) -> asyncio.TimerHandle:
        loop, left = asyncio.get_running_loop(), (at - self.now()).total_seconds()
        return loop.call_later(left if isinstance(loop, HastyLoop) else left / HURRY, act)

    def outside(self) -> AbstractContextManager[None]:
        return nullcontext()


class _HastySelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout if timeout is None else timeout / HURRY)


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is that of a HastyClock: every timeout comes sooner."""

    def __init__(self) -> None:
        super().__init__(_HastySelector())

    def time(self) -> float:
        return time.monotonic() * HURRY


def _is_left(ended: Ran | PlanrunnerError) -> bool:
    """The venue could not be reached: the run stays as it is, and whoever runs it tries again."""
    return isinstance(ended, Ran) and ended.info.state is RunState.RUNNING


@cache
def _loaded(plan: Path) -> Loaded:
    return load(plan)


PARTS = {"fill": "matched", "cancel": "cancelled", "lapse": "lapsed", "void": "voided"}


def _compared(report: dict[str, Any], held: dict[str, list[dict[str, Any]]], named: set[str]) -> Iterator[str]:
    """What the report says of each placement beside what the venue holds."""
    told = {one["reference"]: one for order in report["orders"] for one in order["placements"]}
    for ref in held.keys() - told.keys():
        yield f"{ref} is at the venue and not in the report"
    for ref, one in told.items():
        bets = held.get(ref, [])
        if ref in named:
            continue
        if bets and any(bet["remaining"] for bet in bets):
            yield f"{ref} still waits at the venue, and nobody looks after it: its deadline did not fire"
        matched, voided, lapsed = (_sum(bets, part) for part in ("matched", "voided", "lapsed"))
        late = min(max(voided - _amount(one["voided"]), Decimal(0)), _sum(bets, "untold"))
        told_parts = [_amount(one[part]) for part in ("matched", "voided", "lapsed")]
        if told_parts != [matched + late, voided - late, lapsed]:
            held_parts = [matched, voided, lapsed]
            yield f"{ref}: matched, voided and lapsed are {told_parts} in the report, {held_parts} at the venue"
        taken_back = _amount(one["cancelled"]) + _amount(one.get("moved", "0"))
        if taken_back != _sum(bets, "cancelled"):
            yield f"{ref}: the report has {taken_back} taken back, the venue {_sum(bets, 'cancelled')}"
    for order in report["orders"]:
        whole = sum(_amount(order[part]) for part in STAKE if part in order)
        if whole != _amount(order["stake"]):
            yield f"{order['name']}: its parts come to {whole} of {order['stake']}"


STAKE = ("matched", "remaining", "unknown", "cancelled", "lapsed", "voided", "not_placed")


def _sum(bets: Sequence[dict[str, Any]], part: str) -> Decimal:
    return sum((bet[part] for bet in bets), Decimal(0))


def _amount(text: str) -> Decimal:
    return Decimal(text.split()[0])


@dataclass
class _Risk:
    """A bet, and what it can lose."""

    runner: int
    side: str
    odds: Decimal
    open: Decimal
    matched: Decimal = Decimal(0)
    returns: Decimal = Decimal(0)

    def learn(self, kind: str, size: Decimal, odds: Decimal) -> None:
        self.open -= size
        if kind == "fill":
            self.matched += size
            self.returns += size * odds

    def loss(self, winner: int) -> Decimal:
        """What is unmatched is counted only where it would lose."""
        won, profit = winner == self.runner, self.returns - self.matched
        if self.side == "back":
            return -profit if won else self.matched + self.open
        return profit + self.open * (self.odds - 1) if won else -self.matched
