"""What the journal costs: `python tests/benchmarks/journal.py`; long runs alone: `... journal.py EVENTS EXCHANGES`.

CPU of one append, of an intent batch of 20 with its 20 outcomes (at 100, 1,000 and 10,000 orders already in the run: it must
not grow), and appends per second of 100 runs at once; without and with a sync per commit, beside bare sqlite3.

Then long runs: of 10,000 and 40,000 exchanges with the venue, each with the answer of a whole market, and of a million events,
without and with exchanges. What each event costs to write, and what it costs to open the journal, to verify the run, to replay it
and to write its report in either form. Each is done by a process of its own; the memory is its peak beyond an empty one.
"""

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from planrunner.app.report import as_html, as_json, story_of, write_whole
from planrunner.engine.compile import compile_plan
from planrunner.engine.replay import replay
from planrunner.engine.resolve import Resolved
from planrunner.engine.state import initial
from planrunner.engine.step import step
from planrunner.model.account import Account, AccountLimits, Site
from planrunner.model.commands import NewPlacement, PlaceOrders
from planrunner.model.events import MarketChanged, OrderAccepted, OrderReported, RunStarted, VenueUp
from planrunner.model.journal import Exchange, Mode, RunInfo
from planrunner.model.market import Market, MarketStatus, Selection
from planrunner.model.money import Money
from planrunner.model.odds import Side, decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import AfterStart, LimitOrder, OrderType, Plan, PlanLimits, Target
from planrunner.ports import Request
from planrunner.runtime.codec import decode, encode
from planrunner.runtime.journal import Journal
from planrunner.venues.betfair.profile import PROFILE

AT = datetime(2026, 12, 5, 14, 30, tzinfo=UTC)
BATCH = 20
A_LOT = Money(amount=Decimal(10**9), currency="GBP")
SITE = Site(
    accounts={"betfair": Account(name="betfair", venue="betfair", currency="GBP", limits=AccountLimits(max_open_exposure=A_LOT))}
)


def batch(number):
    placements = tuple(
        NewPlacement(
            ref=f"{number:07}{each:03}",
            path="orders.arsenal",
            rung=0,
            selection="47972",
            handicap=Decimal(0),
            side=Side.BACK,
            odds=Decimal("3.10"),
            size=Decimal("2.00"),
            type=OrderType.LIMIT,
        )
        for each in range(BATCH)
    )
    return PlaceOrders(account="betfair", market="1.1", request_ref="r", attempt=1, placements=placements, because="plan")


def prepare(command):
    body = [{"selectionId": 47972, "size": each.size, "customerOrderRef": each.ref} for each in command.placements]
    return Request(command=command, method="POST", url="https://venue/place", content=b"", redacted=body)


def accepted(command):
    sizes = Sizes(stake=Decimal("2.00"))
    return [OrderAccepted(at=AT, ref=each.ref, bet=f"b{each.ref}", sizes=sizes) for each in command.placements]


class Timed:
    """Microseconds of CPU and of wall clock, each per piece."""

    def __init__(self, pieces):
        self.pieces = pieces

    def __enter__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.cpu = (time.process_time() - self.cpu) / self.pieces * 1e6
        self.wall = (time.perf_counter() - self.wall) / self.pieces * 1e6


def show(what, timed, more=""):
    print(f"  {what:52} {timed.cpu:8.1f} us CPU {timed.wall:8.1f} us wall {more}", flush=True)


async def measure(journal):
    for run in range(101):
        name = f"run-{run}"
        journal.create(RunInfo(run=name, plan_file="p", plan_name="p", plan_digest="d", mode=Mode.SANDBOX, created=AT))
        journal.take(name, "benchmark")
    up = [VenueUp(at=AT, account="betfair")]
    with Timed(1000) as timed:
        for _ in range(1000):
            await journal.append("run-0", 1, up, AT)
    show("one append, awaited alone", timed)
    done = 0
    for orders in (100, 1_000, 10_000):
        while done * BATCH < orders:
            command = batch(done)
            await journal.intend("run-0", 1, command, AT, prepare)
            await journal.append("run-0", 1, accepted(command), AT)
            done += 1
        commands = [batch(done + more) for more in range(50)]
        done += 50
        with Timed(50) as intent:
            for command in commands:
                await journal.intend("run-0", 1, command, AT, prepare)
        with Timed(50) as outcome:
            for command in commands:
                await journal.append("run-0", 1, accepted(command), AT)
        show(f"intent of {BATCH} after {orders:,} orders", intent)
        show(f"{BATCH} outcomes after {orders:,} orders", outcome)

    async def run(number):
        for _ in range(50):
            await journal.append(f"run-{number}", 1, up, AT)

    with Timed(5000) as timed:
        await asyncio.gather(*(run(number) for number in range(1, 101)))
    show("append, 100 runs at once", timed, f"{1e6 / timed.wall:,.0f} per second")
    with Timed(len(journal.read("run-0"))) as timed:
        journal.read("run-0")
    show("record read back and verified", timed)


def bare(folder, synchronous):
    """The floor: the same rows by sqlite3 alone, in the same kind of transaction."""
    rows = [("run-0", number, *encode(each)) for number, each in enumerate(accepted(batch(0)))]
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute(
            "create table event (n integer, run text, seq integer, kind text, body text, primary key (n, run, seq))"
        )
        with Timed(300) as timed:
            for number in range(300):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("insert into event values (?, ?, ?, ?, ?)", [(number, *row) for row in rows])
                connection.execute("COMMIT")
    show(f"bare sqlite3: {BATCH} rows in a transaction", timed)


# --- long runs

LONG = "long"
# events, and exchanges with the venue among them
LONG_RUNS = ((20_000, 10_000), (80_000, 40_000), (1_000_000, 0), (1_000_000, 40_000))
ORDERS = 10
CHUNK = 1000
START = AT + timedelta(days=60)


def long_program():
    """Backs on one market that rest until after everything."""
    order = {
        "account": "betfair", "target": Target(event="Arsenal v Chelsea"), "side": Side.BACK, "odds": decimal_odds("3.10"),
        "stake": Money(amount=Decimal("2.00"), currency="GBP"), "line": 1, "ending": AfterStart(delay=timedelta(days=1)),
    }  # fmt: skip
    orders = tuple(LimitOrder(name=f"o{number}", **order) for number in range(ORDERS))
    market = Market(
        id="1.1", name="Match Odds", fixture="Arsenal v Chelsea", start=START, ladder="CLASSIC",
        selections=(Selection(id="47972", name="Arsenal"),),
    )  # fmt: skip
    return compile_plan(
        Plan(name="long", digest="d", limits=PlanLimits(max_loss=A_LOT), orders=orders),
        {each.name: Resolved(market=market, selection=market.selections[0]) for each in orders},
        {},
        run=LONG,
        seed_of_refs=LONG,
        site=SITE,
        profiles={"betfair": PROFILE},
    )


async def write_long(journal, events, exchanges):
    """Orders that are placed and then reported on again and again, as a stream does over weeks; exchanges with the venue are
    between the facts."""
    journal.create(RunInfo(run=LONG, plan_file="p", plan_name="p", plan_digest="d", mode=Mode.SANDBOX, created=AT))
    epoch, program = journal.take(LONG, "benchmark"), long_program()
    started = RunStarted(at=AT, program=program)
    commands = step(program, initial(program), started).commands
    placing = [command for command in commands if isinstance(command, PlaceOrders)]
    await journal.append(LONG, epoch, [started, *(one for one in commands if one not in placing)], AT)
    sizes, refs = Sizes(stake=Decimal("2.00")), []
    for command in placing:
        await journal.intend(LONG, epoch, command, AT, prepare)
        refs += [asked.ref for asked in command.placements]
    await journal.append(LONG, epoch, [OrderAccepted(at=AT, ref=ref, bet=f"b{ref}", sizes=sizes) for ref in refs], AT)

    def fact(number, at):
        if number * exchanges % events < exchanges:
            asked = {"betIds": [str(number)], "orderProjection": "ALL"}
            answer = whole_market(number)
            return Exchange(title="Look up", method="POST", url="http://venue/x", request=asked, sent_at=at, answer=answer)
        if number % 2:
            status = MarketStatus.SUSPENDED if number // 1000 % 10 == 9 else MarketStatus.OPEN
            return MarketChanged(at=at, market="1.1", status=status, in_play=False, start=START)
        ref = refs[number // 2 % ORDERS]
        return OrderReported(at=at, ref=ref, bet=f"b{ref}", sizes=sizes)

    with Timed(events) as timed:
        for chunk in range(0, events, CHUNK):
            at = AT + timedelta(seconds=chunk // 10)
            await journal.append(LONG, epoch, [fact(number, at) for number in range(chunk, min(chunk + CHUNK, events))], at)
    show(f"event written, {CHUNK:,} at a time", timed)


def whole_market(number):
    """As long as a venue's answer is that names each runner with its offers: some 2 KiB, four times that as values."""
    offers = [{"price": 3.1, "size": number}, {"price": 3.05, "size": 40.5}, {"price": 3.0, "size": 12}]
    runners = [{"selectionId": 47972 + each, "status": "ACTIVE", "ex": {"availableToBack": offers}} for each in range(12)]
    return {"jsonrpc": "2.0", "result": [{"marketId": "1.1", "status": "OPEN", "runners": runners}], "id": number}


def memory(field):
    """MiB, by the system's own count (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def one_task(path, task):
    """In a process of its own: its time, and its peak of memory beyond an empty process that has imported what it needs."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = memory("VmRSS")
    with Journal.open(path, durable=False) as journal, Timed(length(path)) as timed:
        match task:
            case "open":
                journal.unfinished()
            case "verify":
                journal.verify(LONG)
            case "replay":
                replay(journal.records(LONG))
            case "report.json" | "report.html":
                story, form = story_of(journal.info(LONG), journal.told(LONG)), as_json if task.endswith("json") else as_html
                write_whole(path.with_name(task), form(story))
    size = f", {path.with_name(task).stat().st_size / 2**20:.1f} MiB long" if task.startswith("report") else ""
    show(f"{task}, per event", timed, f"{memory('VmHWM') - before:8.1f} MiB of memory{size}")


def length(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select seq from lease").fetchone()[0]


def a_long_run(events, exchanges):
    print(f"a run of {events:,} events, {exchanges:,} of them exchanges with the venue", flush=True)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "j.db"
        with Journal.open(path, durable=False, site=SITE) as journal:
            asyncio.run(write_long(journal, events, exchanges))
        print(f"  {'size of the file':52} {path.stat().st_size / 2**20:8.1f} MiB")
        for task in ("open", "verify", "replay", "report.json", "report.html"):
            subprocess.run([sys.executable, __file__, "task", path, task], check=True)


def main():
    command = batch(0)
    with Timed(2000) as timed:
        for _ in range(100):
            for each in accepted(command):
                encode(each)
    show("encode one outcome", timed)
    kind, text = encode(command)
    with Timed(500) as timed:
        for _ in range(500):
            decode(kind, text)
    show(f"decode a command of {BATCH}", timed)
    for synchronous in ("OFF", "FULL"):
        print(f"synchronous={synchronous}")
        with tempfile.TemporaryDirectory(dir=".") as name:
            bare(Path(name), synchronous)
            with Journal.open(Path(name) / "j.db", durable=synchronous == "FULL", site=SITE) as journal:
                asyncio.run(measure(journal))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["task", path, task]:
            one_task(Path(path), task)
        case [events, exchanges]:
            a_long_run(int(events), int(exchanges))
        case _:
            main()
            for events, exchanges in LONG_RUNS:
                a_long_run(events, exchanges)
