"""What placing an order costs: `python tests/benchmarks/place_orders.py`.

Client CPU per order, all threads, at 100, 1,000 and 10,000 orders, one order a request and batches of 20:

- the floor: `http.client` with the same bodies, ready made;
- the adapter: command to body, door, HTTP, answer to facts;
- the whole live path: engine, limits, journal (`synchronous=OFF`), adapter, HTTP, answer, engine again, with polling.

The venue is a stub in a process of its own that answers every bet as matched at once; its CPU is not counted.
"""

import asyncio
import http.client
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from planrunner.engine.compile import compile_plan
from planrunner.engine.resolve import Resolved
from planrunner.engine.state import initial
from planrunner.model.account import Account, AccountLimits, Site
from planrunner.model.commands import NewPlacement, PlaceOrders
from planrunner.model.events import OrderAccepted, RunStarted
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.market import Market, Selection
from planrunner.model.money import Money
from planrunner.model.odds import Side, decimal_odds
from planrunner.model.plan import AfterPlacing, LimitOrder, OrderType, Plan, PlanLimits, Target
from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.ports import SendBy
from planrunner.runtime.clock import RealClock
from planrunner.runtime.driver import Driver
from planrunner.runtime.hooks import hooks_from
from planrunner.runtime.journal import Journal
from planrunner.venues.betfair.client import Addresses
from planrunner.venues.betfair.profile import PROFILE
from planrunner.venues.betfair.venue import BetfairVenue

ORDERS = (100, 1_000, 10_000)
BATCHES = (1, 20)
AIMS = {1: 0.6, 20: 0.1}  # milliseconds of the whole path
START = "2030-01-01T15:00:00.000Z"
A_LOT = Money(amount=Decimal(10**9), currency="GBP")
MARKET = Market(
    id="1.200000001",
    name="Match Odds",
    fixture="Arsenal v Chelsea",
    start=datetime.fromisoformat(START),
    selections=(Selection(id="47972", name="Arsenal"),),
    ladder="CLASSIC",
)

# The stub


def answer(call):
    """What the venue says to one JSON-RPC call."""
    params = call["params"]
    match call["method"].rpartition("/")[2]:
        case "placeOrders":
            legs = [leg(number, one) for number, one in enumerate(params["instructions"])]
            return {"customerRef": params["customerRef"], "status": "SUCCESS", "marketId": MARKET.id, "instructionReports": legs}
        case "getAccountDetails":
            return {"currencyCode": "GBP"}
        case "listMarketCatalogue":
            return [{"marketId": MARKET.id, "marketName": MARKET.name, "marketStartTime": START}]
        case "listMarketBook":
            return [{"marketId": MARKET.id, "status": "OPEN", "betDelay": 0, "inplay": False, "version": 1, "runners": []}]
        case "listCurrentOrders":
            return {"currentOrders": [], "moreAvailable": False}


def leg(number, instruction):
    return {
        "status": "SUCCESS",
        "instruction": instruction,
        "betId": f"{300000000000 + number}{instruction['customerOrderRef'][:4].encode().hex()}",
        "placedDate": "2026-12-05T14:00:00.000Z",
        "averagePriceMatched": 3.1,
        "sizeMatched": instruction["limitOrder"]["size"],
        "orderStatus": "EXECUTION_COMPLETE",
    }


class Stub(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(self.received) < end + 4 + length:
                return
            body, self.received = self.received[end + 4 : end + 4 + length], self.received[end + 4 + length :]
            self.say(head, body)

    def say(self, head, body):
        if b"/api/" in head.split(b"\r\n")[0]:
            said = {"token": "t", "product": "p", "status": "SUCCESS", "error": ""}
        else:
            said = {"jsonrpc": "2.0", "result": answer(json.loads(body)), "id": 1}
        content = json.dumps(said, separators=(",", ":")).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(content)
        self.transport.write(head + content)


async def stub():
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def stub_running():
    with subprocess.Popen([sys.executable, __file__, "stub"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


# The three loops. Each answers with milliseconds of CPU per order.


class Secrets:
    def get(self, account, name):
        return "practice"

    def learn(self, value):
        pass


@contextmanager
def cpu(orders, figures):
    began = time.process_time()
    yield
    figures.append((time.process_time() - began) / orders * 1e3)


def requests(orders, batch):
    for number in range(orders // batch):
        yield PlaceOrders(
            account="betfair",
            market=MARKET.id,
            request_ref=f"request-{number}",
            attempt=1,
            placements=tuple(
                NewPlacement(
                    ref=f"{number:08}{each:03}",
                    path="orders.a",
                    rung=0,
                    selection="47972",
                    handicap=Decimal(0),
                    side=Side.BACK,
                    odds=Decimal("3.10"),
                    size=Decimal("2.00"),
                    type=OrderType.LIMIT,
                )
                for each in range(batch)
            ),
            because="plan",
        )


async def adapter(port, orders, batch, figures):
    clock = RealClock()
    door = Door(SocketWire(clock), clock)
    url = f"http://127.0.0.1:{port}"
    venue = BetfairVenue(
        account="betfair", currency="GBP", door=door, clock=clock, secrets=Secrets(), addresses=Addresses(identity=url, api=url)
    )
    await venue.open()
    commands = list(requests(orders, batch))
    with cpu(orders, figures):
        for command in commands:
            send_by = SendBy(wall=clock.now() + timedelta(seconds=2), age=clock.age() + 2)
            said = await venue.send(venue.prepare(command), send_by)
            assert all(isinstance(event, OrderAccepted) for event in said.events)
    await door.close()


def floor(port, orders, batch, figures):
    venue = BetfairVenue(account="betfair", currency="GBP", door=None, clock=RealClock(), secrets=Secrets())
    bodies = [venue.prepare(command).content for command in requests(orders, batch)]
    json_ = "application/json"
    headers = {"X-Application": "practice", "X-Authentication": "t", "Content-Type": json_, "Accept": json_}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with cpu(orders, figures):
        for body in bodies:
            connection.request("POST", "/exchange/betting/json-rpc/v1", body, headers)
            connection.getresponse().read()
    connection.close()


def program(orders, batch):
    plan = Plan(
        name="p",
        digest="d",
        limits=PlanLimits(max_loss=A_LOT),
        orders=tuple(
            LimitOrder(
                name=f"o{number}",
                account="betfair",
                target=Target(event=MARKET.fixture),
                side=Side.BACK,
                odds=decimal_odds("3.10"),
                stake=Money(amount=Decimal("2.00"), currency="GBP"),
                line=1,
                ending=AfterPlacing(delay=timedelta(hours=1)),
            )
            for number in range(orders)
        ),
    )
    where = Resolved(market=MARKET, selection=MARKET.selections[0])
    return compile_plan(
        plan,
        {order.name: where for order in plan.orders},
        {},
        run="run",
        seed_of_refs="run",
        site=Site(accounts={"betfair": Account(name="betfair", venue="betfair", currency="GBP")}),
        profiles={"betfair": replace(PROFILE, batch=batch)},
    )


async def whole(port, orders, batch, folder, figures):
    clock = RealClock()
    door = Door(SocketWire(clock), clock)
    url = f"http://127.0.0.1:{port}"
    venue = BetfairVenue(
        account="betfair", currency="GBP", door=door, clock=clock, secrets=Secrets(), addresses=Addresses(identity=url, api=url)
    )
    await venue.open()
    limits = AccountLimits(max_open_exposure=A_LOT, max_exposure_per_market=A_LOT, max_stake_per_order=A_LOT)
    site = Site(accounts={"betfair": Account(name="betfair", venue="betfair", currency="GBP", limits=limits)})
    wanted = program(orders, batch)
    with Journal.open(folder / f"{orders}-{batch}.db", durable=False, clock=clock, site=site) as journal:
        journal.create(
            RunInfo(run="run", plan_file="p", plan_name="p", plan_digest="d", mode=Mode.SANDBOX, created=datetime.now(UTC))
        )
        driver = Driver(
            run="run",
            epoch=journal.take("run", "benchmark"),
            program=wanted,
            state=initial(wanted),
            journal=journal,
            venues={"betfair": venue},
            clock=clock,
            hooks=hooks_from({}),
            listener=lambda body, at: None,
        )
        with cpu(orders, figures):
            await driver.drive([RunStarted(at=clock.now(), program=wanted)])
        matched = [one for one in driver.state.placements.values() if one.sizes.matched == 2]
        assert len(matched) == orders
    await venue.close()
    await door.close()


def measure(port, batch):
    print(f"{'one order' if batch == 1 else f'{batch} orders'} a request: CPU ms per order (x the floor)")
    print(f"  {'orders':>8}{'http.client':>14}{'adapter':>18}{'whole path':>18}")
    for orders in ORDERS:
        figures = []
        floor(port, orders, batch, figures)
        asyncio.run(adapter(port, orders, batch, figures))
        with tempfile.TemporaryDirectory(dir=".") as folder:
            asyncio.run(whole(port, orders, batch, Path(folder), figures))
        bare, *ours = figures
        print(f"  {orders:>8,}{bare:>14.3f}" + "".join(f"{f'{one:.3f} ({one / bare:.1f}x)':>18}" for one in ours))
    print(f"  aim: {AIMS[batch]} ms for the whole path, the same at 100 and at 10,000 orders")


if __name__ == "__main__":
    if sys.argv[1:] == ["stub"]:
        asyncio.run(stub())
    else:
        with stub_running() as port:
            for batch in BATCHES:
                measure(port, batch)
