"""A client of the router's sandbox, in memory and on virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import httpx

from planrunner.net.channel import Channel
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.sandbox.bookmakers import USUAL, Book, Bookmaking, HeldAccount, Shows
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.oddspapi_abp.app import abp_app
from planrunner.sandbox.practice import Rehearsal, rehearse
from planrunner.sandbox.scenario import Due
from tests.sandbox.client import BEGIN, scenario

T = TypeVar("T")
FIXTURE, HOME, DRAW, AWAY = "id1000000030000001", 101, 102, 103
Level = tuple[str, str]


def uuid(number: int) -> str:
    return f"0b6f2c1e-3a55-4f0e-9a41-{number:012d}"


def shows(*levels: Level, at: int = 0, selection: str = "Arsenal", lay: tuple[Level, ...] = ()) -> Shows:
    """So long after the world begins, in milliseconds."""
    offered = tuple((Decimal(odds), Decimal(stake)) for odds, stake in levels)
    to_lay = tuple((Decimal(odds), Decimal(stake)) for odds, stake in lay)
    return Shows(at=at, event="Arsenal v Chelsea", market="Match Odds", selection=selection, to_back=offered, to_lay=to_lay)


def book(slug: str, *offers: Shows, **terms: Any) -> Book:
    return Book(slug=slug, shows=offers, follows=False, **{"latency": 300, **terms})


def books(*of: Book, **terms: Any) -> Bookmaking:
    """Two bookmakers that offer 2.10 and 2.05, unless told otherwise."""
    usual = (
        book("pinnacle", shows(("2.10", "400"), ("1.95", "1000")), least=Decimal(5)),
        book("sharpbet", shows(("2.05", "300")), currency="EUR"),
    )
    return replace(USUAL, books=of or usual, **terms)


def account(bookmaker: str = "pinnacle", **terms: Any) -> HeldAccount:
    return HeldAccount(bookmaker=bookmaker, **terms)


def order(number: int = 1, price: float = 2.0, stake: float = 100, **terms: Any) -> dict[str, Any]:
    return {
        "requestUuid": uuid(number), "fixtureId": FIXTURE, "outcomeId": HOME, "playerId": 0, "orderPrice": price,
        "orderStake": stake, "userRef": "alpha", "testOrder": False, **terms,
    }  # fmt: skip


class Client:
    """Comes in with a key; `demo` unless told otherwise."""

    def __init__(self, rehearsal: Rehearsal, clock: VirtualClock, key: str = "demo") -> None:
        self.rehearsal, self.clock, self.key = rehearsal, clock, key
        self.app = abp_app(rehearsal.world, clock, faults=rehearsal.faults)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://sandbox")
        self.door = Door(MemoryWire(self.app), clock)

    def other(self, key: str) -> Client:
        return Client(self.rehearsal, self.clock, key)

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"x-api-key": self.key, **request.pop("headers", {})}
        within = request.pop("within", 60)
        return await asyncio.wait_for(self.http.request(method, path, headers=headers, **request), within)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, *orders: dict[str, Any], **request: Any) -> httpx.Response:
        return await self.ask("POST", "/place-orders", json={"orders": list(orders)}, **request)

    async def place(self, *orders: dict[str, Any]) -> Any:
        answer = await self.send(*orders)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def declined(self, **terms: Any) -> str:
        """Why an order is declined."""
        (said,) = (await self.place(order(**terms)))["declinedOrders"]
        return str(said["declineReason"])

    async def order(self, number: int = 1) -> Any:
        (row,) = (await self.get("/orders", requestUuids=uuid(number)))["orders"]
        return row

    async def cancel(self, **body: Any) -> Any:
        answer = await self.ask("POST", "/cancel-orders", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sleep(self, **time: float) -> None:
        await self.clock.sleep_until(self.clock.now() + timedelta(**time))

    @asynccontextmanager
    async def listening(self, *channels: str, **login: Any) -> AsyncIterator[Channel]:
        channel = await self.door.connect("ws://sandbox/ws", within=5)
        await channel.send(json.dumps({"type": "login", "apiKey": self.key, "channels": channels, **login}))
        try:
            yield channel
        finally:
            await channel.close()

    @property
    def log(self) -> list[dict[str, Any]]:
        return list(self.rehearsal.world.log.lines())


def play(
    main: Callable[[Client], Coroutine[Any, Any, T]],
    script: Bookmaking | None = None,
    *faults: Fault,
    happenings: tuple[Due, ...] = (),
) -> T:
    """What a client does in a world with these bookmakers."""
    small = replace(scenario(*happenings), bookmakers=script or books())
    rehearsal = rehearse(small, day=date(2026, 12, 5), seed=1, begin=BEGIN)
    rehearsal.faults.faults.extend(faults)

    async def play(clock: VirtualClock) -> T:
        client = Client(rehearsal, clock)
        try:
            return await main(client)
        finally:
            await client.http.aclose()
            await client.door.close()

    return run_virtual(play, start=BEGIN)


async def frames(channel: Channel, count: int) -> list[Any]:
    """The next data frames, others passed over."""
    found: list[Any] = []
    while len(found) < count:
        frame = json.loads(await channel.receive())
        if frame["type"] == "data":
            found.append(frame)
    return found
