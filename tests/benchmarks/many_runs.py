"""What many runs in one process cost: `python tests/benchmarks/many_runs.py [RUNS]` (1,000, of which 200 have the same moment).

The venue is a sandbox in a process of its own, asked over HTTP; its CPU and memory are not counted. The runs share a journal, a
login and a watchman, as in a service, and each has read a plan of its own. Printed are

- memory: what they take while they wait, above a process that has read all modules and made one run that is over;
- waiting: CPU and wakeups of half a minute in which nothing happens;
- one second: 200 runs are to place at the same moment; how long after it each order was at the venue, by the venue's own log;
- a limit that has room for some of them: how many were placed, and what the account has at stake at most.
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from planrunner.app.hands import Reins
from planrunner.app.plans import load
from planrunner.app.run import Job, Process, Ran, begin, new_run
from planrunner.app.stage import Stage
from planrunner.app.venues import make_venue
from planrunner.model.account import Site
from planrunner.model.commands import SetTimers
from planrunner.model.events import OrderAccepted, OrderDenied
from planrunner.model.journal import Mode
from planrunner.model.market import RunId
from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.runtime.clock import RealClock
from planrunner.runtime.discreet import DiscreetVenue
from planrunner.runtime.hooks import NoHooks
from planrunner.runtime.hub import Hub, seats
from planrunner.runtime.journal import Journal
from planrunner.runtime.secrets import PRACTICE
from planrunner.runtime.watch import Watchman

RUNS, AT_ONCE = 1_000, 200
MARKETS = 200
WAITING = 30.0  # seconds
AIM = 60  # MiB
STAKE = 2  # GBP
ROOM_FOR = 120  # orders, of those of one second

PLAN = """\
planrunner: 1
plan: Waits for its moment, number {number}
time_zone: UTC
limits:
  max_loss: 10.00 GBP
orders:
  - name: home
    venue: betfair
    event: Home {market} v Away {market}
    market: Match Odds
    selection: Home {market}
    side: back
    odds: 3.00
    stake: {stake}.00 GBP
    place_at: {at:%Y-%m-%d %H:%M}
    expires_before_start: 5m
    fallback:
      - after: 10m
        reprice: 1 tick
        no_worse_than: 2.90
"""
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    mode: sandbox
    limits:
      max_open_exposure: {exposure}.00 GBP
      max_exposure_per_market: {exposure}.00 GBP
"""
FIXTURE = """\
  - event: Home {market} v Away {market}
    sport: Football
    start: in 6h
    markets:
      - market: Match Odds
        selections: [{{selection: Home {market}}}, {{selection: Away {market}}}, {{selection: The Draw}}]
"""


# The venue


class Sandbox:
    def __init__(self, url: str) -> None:
        self.url = url

    def log(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/sandbox/log", timeout=60) as answer:
            return [json.loads(line) for line in answer.read().decode().splitlines()]

    def bets(self) -> list[dict[str, Any]]:
        return [line for line in self.log() if line["kind"] == "bet"]


@contextmanager
def served(folder: Path) -> Iterator[Sandbox]:
    scenario = folder / "scenario.yaml"
    scenario.write_text(
        "scenario: Quiet markets\nfixtures:\n" + "".join(FIXTURE.format(market=number) for number in range(MARKETS))
    )
    command = [sys.executable, "-m", "planrunner", "sandbox", "serve", "--scenario", str(scenario), "--port", "0", "--seed", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://[0-9.:]+", process.stdout.readline())
            assert found, "the sandbox did not say where it is"
            yield Sandbox(found[0])
        finally:
            process.terminate()


# The runs


class Host:
    """A process with runs, as a service has it."""

    def __init__(self, folder: Path, sandbox: Sandbox, *, exposure: int) -> None:
        folder.mkdir()
        self.folder, self.sandbox = folder, sandbox
        (folder / "planrunner.yaml").write_text(SITE.format(exposure=exposure))
        self.clock = RealClock()
        self.door = Door(SocketWire(self.clock), self.clock)
        self.tasks: dict[RunId, asyncio.Task[Ran]] = {}
        self.reins: dict[RunId, Reins] = {}
        self.placed: list[datetime] = []
        self.denied = 0
        self._waiting: set[RunId] = set()
        self._number = 0

    def open(self) -> None:
        """Where the site is known: by the first plan."""
        site = self._load(0, self.clock.now() + timedelta(hours=3)).site
        self.journal = Journal.open(self.folder / "planrunner.db", durable=True, clock=self.clock, site=site)
        watchman = Watchman(self.journal, self.clock)
        self.hub = Hub(lambda: self._adapter(site), self.clock)
        self.process = Process(
            journal=self.journal, clock=self.clock, hooks=NoHooks(), reins=self.reins.__setitem__, watchman=watchman
        )

    def _adapter(self, site: Site) -> DiscreetVenue:
        account = site.accounts["betfair"]  # type: ignore[index]
        return DiscreetVenue(make_venue(account, door=self.door, clock=self.clock, secrets=PRACTICE, at=self.sandbox.url))

    def _load(self, number: int, at: datetime) -> Any:
        file = self.folder / f"{number}.yaml"
        file.write_text(PLAN.format(number=number, market=number % MARKETS, stake=STAKE, at=at))
        return load(file)

    async def begin(self, count: int, at: datetime) -> None:
        """So many more, each waiting for its moment when this returns."""
        stage = Stage(
            mode=Mode.SANDBOX,
            today=lambda clock, zone: clock.now().astimezone(zone).date(),
            play=asyncio.run,  # type: ignore[arg-type]  # nobody asks for it here
            venues=lambda _: seats({"betfair": self.hub}),  # type: ignore[dict-item]
        )
        for _ in range(count):
            number = self._number = self._number + 1
            loaded = self._load(number, at)
            job = Job(plan_file=f"{number}.yaml", plan=loaded.plan, site=loaded.site, journal=self.journal.path)
            info = new_run(job, stage)
            waits = asyncio.Event()
            run = self.tasks[info.run] = asyncio.ensure_future(begin(job, info, stage, self._tell(waits), self.process))
            run.add_done_callback(lambda _, waits=waits: waits.set())  # type: ignore[misc]  # it could not begin
            await waits.wait()
            assert not run.done(), run

    def _tell(self, waits: asyncio.Event) -> Callable[[Any, datetime], None]:
        def tell(body: Any, at: datetime) -> None:
            match body:
                case SetTimers():
                    waits.set()
                case OrderAccepted():
                    self.placed.append(at)
                case OrderDenied():
                    self.denied += 1

        return tell

    async def answered(self, count: int, within: float) -> None:
        until = time.monotonic() + within
        while len(self.placed) + self.denied < count and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        for reins in self.reins.values():
            reins.go_away()
        await asyncio.gather(*self.tasks.values())
        await self.hub.close()
        await self.door.close()
        self.journal.close()


# The figures


def memory() -> float:
    """MiB that this process has in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def next_minute(at_least: float) -> datetime:
    """A whole minute, so many seconds from now or more: plans name no seconds."""
    return datetime.fromtimestamp(math.ceil((time.time() + at_least) / 60) * 60, UTC)


class Turns:
    """How often the loop has woken up."""

    def __init__(self) -> None:
        self.count = 0
        selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
        select = selector.select

        def counted(timeout: float | None = None) -> Any:
            self.count += timeout is None or timeout > 0
            return select(timeout)

        selector.select = counted


async def wait_and_fire(folder: Path, sandbox: Sandbox, runs: int, at_once: int) -> None:
    turns = Turns()
    host = Host(folder / "wait", sandbox, exposure=1_000_000)
    host.open()
    await host.begin(1, datetime.now(UTC) + timedelta(hours=3))
    [(run, task)] = host.tasks.items()
    host.reins.pop(run).stop("the first one only reads the modules")
    await task
    host.tasks.clear()
    empty = memory()
    began = time.monotonic()
    await host.begin(runs - at_once, datetime.now(UTC) + timedelta(hours=3))
    moment = next_minute(WAITING + 15 + at_once * (time.monotonic() - began) / max(runs - at_once, 1))
    await host.begin(at_once, moment)
    print(f"begun: {runs:,} runs, {(time.monotonic() - began) / runs * 1e3:.1f} ms each")
    await asyncio.sleep(5)
    taken = memory() - empty
    print(f"memory: {taken:.1f} MiB above {empty:.1f} MiB, {taken * 1024 / runs:.1f} KiB a run; the aim is below {AIM} MiB")
    cpu, woken = time.process_time(), turns.count
    await asyncio.sleep(WAITING)
    cpu, woken = time.process_time() - cpu, turns.count - woken
    print(f"waiting: {cpu:.2f} s of CPU in {WAITING:.0f} s, the loop woke up {woken / WAITING:.1f} times a second")
    assert datetime.now(UTC) < moment, "the machine was too slow for this"
    await host.clock.sleep_until(moment)
    await host.answered(at_once, within=60)
    report(f"one second: {at_once} of {runs:,} runs", host, moment)
    bets = sandbox.bets()
    assert len({bet["ref"] for bet in bets}) == len(bets) == len(host.placed) == at_once, (len(bets), len(host.placed))
    await host.close()


def report(what: str, host: Host, moment: datetime) -> None:
    late = sorted((at - moment).total_seconds() for at in host.placed)
    p50, p99 = late[len(late) // 2], late[min(int(len(late) * 0.99), len(late) - 1)]
    print(
        f"{what}: {len(late)} placed, {host.denied} denied; accepted after "
        f"p50 {p50:.2f} s, p99 {p99:.2f} s, last {late[-1]:.2f} s"
    )


async def only_some_fit(folder: Path, sandbox: Sandbox, at_once: int) -> None:
    before = len(sandbox.bets())
    exposure = ROOM_FOR * STAKE * at_once // AT_ONCE
    host = Host(folder / "some", sandbox, exposure=exposure)
    host.open()
    moment = next_minute(10 + at_once * 0.05)
    await host.begin(at_once, moment)
    assert datetime.now(UTC) < moment, "the machine was too slow for this"
    await host.clock.sleep_until(moment)
    await host.answered(at_once, within=60)
    report(f"a limit of {exposure} GBP and {at_once} orders of {STAKE} GBP", host, moment)
    staked = (len(sandbox.bets()) - before) * STAKE
    print(f"  at the venue: {staked} GBP")
    assert staked == exposure
    assert host.denied == at_once - exposure // STAKE
    await host.close()


def main(runs: int = RUNS) -> None:
    at_once = min(AT_ONCE, runs)
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as sandbox:
        asyncio.run(wait_and_fire(Path(name), sandbox, runs, at_once))
        asyncio.run(only_some_fit(Path(name), sandbox, at_once))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
