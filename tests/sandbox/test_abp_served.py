"""The router mounted beside Betfair, with the control API: over real HTTP and a real socket, and by scenario files."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp
from websockets.asyncio.client import connect

from planrunner import resources
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import RealClock
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.bookmakers import USUAL
from planrunner.sandbox.clock import ShiftableClock
from planrunner.sandbox.control import Served
from planrunner.sandbox.located import ScenarioWrong
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.oddspapi_abp.app import abp_app
from planrunner.sandbox.practice import Rehearsal, rehearse
from planrunner.sandbox.scenario import Scenario
from planrunner.sandbox.scenario_file import read_scenario
from tests.sandbox.abp import FIXTURE, HOME, order, uuid
from tests.sandbox.client import scenario

KEY = {"x-api-key": "demo"}
SCHEMA = resources.schema("scenario")

FILE = """\
scenario: A router
fixtures:
  - event: Arsenal v Chelsea
    id: 30000001
    start: in 10m
    markets:
      - market: Match Odds
        selections:
          - selection: Arsenal
          - selection: Chelsea
          - selection: The Draw
bookmakers:
  books:
    - bookmaker: pinnacle
      follows_odds: no
      latency: 1s
      offers:
        - event: Arsenal v Chelsea
          market: Match Odds
          selection: Arsenal
          to_back: [2.10 x 400, 1.95 x 1000]
        - before_start: 5m
          event: Arsenal v Chelsea
          market: Match Odds
          selection: Arsenal
          to_back: []
      down:
        - at: 5m
          for: 30s
    - bookmaker: sharpbet
      max_stake: 250
  accounts:
    - bookmaker: pinnacle
      username: mine
      max_stake: 200.50
      splits: no
  keys:
    - key: demo
      name: demo
      bookmakers: [pinnacle]
      requests_per_second: 5
  rates:
    - currency: USD
      per_usd: 1
    - currency: EUR
      per_usd: 0.9
  emergencies:
    - at: 1h
  settles:
    - event: Arsenal v Chelsea
      market: Match Odds
      selection: Arsenal
      as: half won
      after: 10m
  answers_within: 0s
  generation: old
faults:
  - call: place-orders
    trouble: bet rejected
  - call: bookmaker:pinnacle
    trouble: http 500
"""


def read(text: str) -> Scenario:
    return read_scenario("s.yaml", text.encode(), SCHEMA)


def composed(rehearsal: Rehearsal, clock: ShiftableClock) -> ASGIApp:
    router = abp_app(rehearsal.world, clock, faults=rehearsal.faults)
    exchange = betfair_app(rehearsal.world, clock, faults=rehearsal.faults)
    return Starlette(routes=[Mount("/abp", app=router), Mount("/", app=exchange)])


def served() -> ASGIApp:
    clock = ShiftableClock()

    def make() -> Rehearsal:
        return rehearse(scenario(), day=date(2026, 12, 5), seed=1, begin=clock.now(), log=VenueLog())

    return Served(make, lambda rehearsal: composed(rehearsal, clock), clock).app()


# By hand


@asynccontextmanager
async def practising() -> AsyncIterator[tuple[httpx.AsyncClient, Door]]:
    app = served()
    door = Door(MemoryWire(app), RealClock())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        yield http, door
    await door.close()


async def by_hand(http: httpx.AsyncClient, **what: Any) -> Any:
    answer = await http.post("/sandbox/abp", json=what)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def place(http: httpx.AsyncClient, number: int, **terms: Any) -> Any:
    answer = await http.post("/abp/place-orders", json={"orders": [order(number, **terms)]}, headers=KEY)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_market_is_played_by_hand_from_its_odds_to_a_second_settlement() -> None:
    async def main() -> None:
        async with practising() as (http, _):
            (market,) = (await http.get("/sandbox/fixtures")).json()
            assert market["oddspapi_abp"] == {
                "fixtureId": FIXTURE, "marketId": 101, "outcomeIds": {"Arsenal": 101, "Chelsea": 103, "The Draw": 102},
            }  # fmt: skip
            offered = ["9.00 x 400"]
            await by_hand(http, do="offer", bookmaker="pinnacle", fixtureId=FIXTURE, outcomeId=HOME, to_back=offered)
            (row,) = (await place(http, 1, bookmakers="pinnacle"))["acceptedOrders"]
            assert (row["orderStatus"], row["bets"][0]["placedPrice"]) == ("FILLED", 9)
            happening = {"market": market["market_id"], "do": "close"}
            assert (await http.post("/sandbox/happenings", json=happening)).status_code == 200
            await http.post("/sandbox/advance", json={"seconds": 6})

            async def bet() -> tuple[str, float]:
                found = (await http.get("/abp/bets/5551", headers=KEY)).json()
                return found["settlementStatus"], found["settlementAmount"]

            assert await bet() == ("WON", 900)
            await by_hand(http, do="settle", betId=5551, **{"as": "CASHOUT", "pays": "85%"})
            assert await bet() == ("CASHOUT", 85)
            lines = (await http.get("/sandbox/log?kind=settled")).text.splitlines()
            assert [json.loads(line)["profit"] for line in lines] == ["800.00", "-15.00"]

    asyncio.run(main())


def test_switches_of_the_router() -> None:
    async def main() -> None:
        async with practising() as (http, door):

            async def declined(number: int, **terms: Any) -> str:
                (said,) = (await place(http, number, **terms))["declinedOrders"]
                return str(said["declineReason"]).partition(":")[0]

            listener = await door.connect("ws://sandbox/abp/ws", within=5)
            await listener.send('{"type": "login", "apiKey": "demo", "channels": ["emergency", "currencies"]}')
            assert json.loads(await listener.receive())["type"] == "login_ok"
            await by_hand(http, do="emergency", on=True, bookmaker="pinnacle")
            told = json.loads(await listener.receive())["payload"]
            assert told == {"active": True, "global": False, "bookmakers": ["pinnacle"]}
            assert await declined(1, bookmakers="pinnacle") == "Bookmaker not available"
            await by_hand(http, do="emergency", on=False, bookmaker="pinnacle")
            await by_hand(http, do="rate", currency="USD", per_usd=None)
            assert [json.loads(await listener.receive())["channel"] for _ in range(2)] == ["emergency", "currencies"]
            await listener.close()
            assert await declined(2) == "Currency conversion failed"
            await by_hand(http, do="breaker", bookmaker="vertex", state="open")
            assert await declined(3, bookmakers="vertex") == "Bookmaker not available"
            await by_hand(http, do="forget")
            assert await declined(3, bookmakers="vertex") == "Bookmaker not available"
            await by_hand(http, do="answers within", seconds="0")
            await by_hand(http, do="generation", old=True)
            assert (await http.get("/abp/accounts", headers=KEY)).status_code == 403
            assert (await http.post("/sandbox/abp", json={"do": "dance"})).status_code == 400

    asyncio.run(main())


# Over the wire


@asynccontextmanager
async def at_a_port(app: ASGIApp) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="websockets-sansio", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server._serve(sockets=[listening]))
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


def test_an_order_over_a_real_port_and_a_real_socket() -> None:
    async def main() -> None:
        async with at_a_port(served()) as port, httpx.AsyncClient(base_url=f"http://{port}") as http:
            async with connect(f"ws://{port}/abp/ws") as listener:
                await listener.send(json.dumps({"type": "login", "apiKey": "demo", "channels": ["orders"]}))
                assert json.loads(await listener.recv())["type"] == "login_ok"
                answer = await http.post("/abp/place-orders", json={"orders": [order(price=1.5, stake=20)]}, headers=KEY)
                assert answer.json()["status"] == "accepted"
                statuses = []
                while not statuses or statuses[-1] != "FILLED":
                    statuses.append(json.loads(await asyncio.wait_for(listener.recv(), 5))["payload"]["orderStatus"])
            assert statuses == ["PENDING", "PROCESSING", "FILLED"]
            (row,) = (await http.get("/abp/orders", params={"requestUuids": uuid(1)}, headers=KEY)).json()["orders"]
            assert row["orderStatus"] == "FILLED"

    asyncio.run(main())


# Scenario files


def test_a_scenario_may_describe_the_bookmakers() -> None:
    script = read(FILE).bookmakers
    assert script is not None
    pinnacle, sharpbet = script.books
    assert ([show.at for show in pinnacle.shows], pinnacle.follows, pinnacle.latency) == ([0, -300_000], False, 1_000)
    assert (pinnacle.margin, sharpbet.currency, sharpbet.follows) == (USUAL.books[0].margin, "EUR", True)
    assert [(one.username, one.multi_limit, str(one.max_stake)) for one in script.accounts] == [("mine", False, "200.50")]
    assert (script.keys[0].rps, script.settles[0].how, script.legacy, script.sync_wait) == (5, "HALF_WON", True, 0)
    assert [fault.call for fault in read(FILE).faults] == ["place-orders", "bookmaker:pinnacle"]


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("Arsenal\n          to_back: []", "Arsnal\n          to_back: []", "there is no selection `Arsnal`"),
        ("pinnacle\n      username", "pinacle\n      username", "there is no bookmaker `pinacle`"),
        ("as: half won", "as: half one", "did you mean `half won`?"),
        ("2.10 x 400,", "2.10 400,", "it looks like `2.10 x 400.00`"),
        ("  generation: old", "  generations: old", "`generations` is not known here"),
    ],
)  # fmt: skip
def test_a_slip_in_the_section_is_told_with_its_place(right: str, wrong: str, says: str) -> None:
    assert right in FILE
    with pytest.raises(ScenarioWrong, match=r"s\.yaml:\d+:\d+: ") as caught:
        read(FILE.replace(right, wrong))
    assert says in str(caught.value)
