"""What the journal costs: `python tests/benchmarks/journal.py`.

CPU of one append, of an intent batch of 20 with its 20 outcomes (at 100, 1,000 and 10,000 orders already in the run: it must
not grow), and appends per second of 100 runs at once; without and with a sync per commit, beside bare sqlite3.
"""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from planrunner.model.account import Account, AccountLimits, Site
from planrunner.model.commands import NewPlacement, PlaceOrders
from planrunner.model.events import OrderAccepted, VenueUp
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.model.plan import OrderType
from planrunner.ports import Request
from planrunner.runtime.codec import decode, encode
from planrunner.runtime.journal import Journal

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
    print(f"  {what:52} {timed.cpu:8.1f} us CPU {timed.wall:8.1f} us wall {more}")


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
    main()
