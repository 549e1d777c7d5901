"""A few of the venue's calls, answered by hand: orders and bets are what a test puts there, and the socket says what it is told.

It knows nothing of how orders become bets; the venue's sandbox does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from planrunner.model.commands import CancelOrder, PlaceOrders, QueryBook, QueryOrder
from planrunner.model.events import Event
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import Answer, SendBy
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.venues import exact_json
from planrunner.venues.oddspapi_abp.client import Terms
from planrunner.venues.oddspapi_abp.venue import AbpVenue
from tests.venues.oddspapi_abp.rows import ACCOUNT, AT, MARKET, bet, betslip, order

KEY = "a-key-of-nobody"
Reply = tuple[int, Any]
ECHOED = ("requestUuid", "orderStake", "orderPrice", "expiresAt", "orderCurrency")


class Secrets:
    def get(self, account: str, name: str) -> str:
        assert (account, name) == ("abp", "api_key")
        return KEY

    def learn(self, value: str) -> None:
        raise AssertionError("nothing is given in return")


@dataclass
class Desk:
    """What the venue has, and what it was asked. `answers`: replies to the next requests to a path, before its own."""

    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    bets: dict[int, dict[str, Any]] = field(default_factory=dict)
    slip: Any = field(default_factory=betslip)
    answers: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)
    lets_in: bool = True
    takes: float = 0.0  # how long a betslip takes
    page: int = 100

    def put(self, **changes: Any) -> None:
        row = {**self.orders.get(changes.get("orderId", 9001), order()), **changes}
        self.orders[row["orderId"]] = row

    def put_bet(self, number: int = 5551, **changes: Any) -> None:
        self.bets[number] = {**self.bets.get(number, bet(number)), **changes}

    def calls(self, path: str) -> list[Any]:
        return [body for where, body in self.asked if where == path]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await Socket(self, receive, send).serve()
            return
        path, query = scope["path"], {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        body = exact_json.decode((await receive())["body"]) if scope["method"] == "POST" else query
        assert (b"x-api-key", KEY.encode()) in scope["headers"]
        self.asked.append((path, body))
        waiting = self.answers.get(path)
        status, answer = waiting.pop(0) if waiting else await self._answer(path, body)
        content = answer if isinstance(answer, bytes) else exact_json.encode(answer)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, path: str, body: Any) -> Reply:
        match path:
            case "/orders":
                return 200, self._listed(list(self.orders.values()), body, "orders", "orderId", "afterOrderId")
            case "/bets":
                return 200, self._listed(list(self.bets.values()), body, "bets", "betId", "afterBetId")
            case "/betslip":
                await asyncio.sleep(self.takes)
                return 200, self.slip
            case "/place-orders":
                rows = [
                    order(**{name: one[name] for name in ECHOED}, orderId=9001 + len(self.orders) + number)
                    for number, one in enumerate(body["orders"])
                ]
                self.orders |= {row["orderId"]: row for row in rows}
                return 200, {"status": "accepted", "acceptedOrders": rows, "declinedOrders": []}
            case "/cancel-orders":
                return 200, {"status": "cancelled", "cancelledCount": 0, "cancelled": [], "notCancelled": {"orders": []}}
            case _:
                return 200, {}

    def _listed(self, rows: list[Any], body: dict[str, str], name: str, key: str, cursor: str) -> dict[str, Any]:
        """Filters add up; the newest come first."""
        refs, ids = body.get("requestUuids", "").split(","), body.get("orderIds", "").split(",")
        fits = [
            row for row in rows
            if row["requestUuid"] in refs or str(row["orderId"]) in ids or row["userRef"] == body.get("userRef")
        ]  # fmt: skip
        left = sorted((row for row in fits if row[key] < int(body.get(cursor, 10**9))), key=lambda row: -row[key])
        shown = left[: self.page]
        return {name: shown, "hasMore": len(left) > len(shown), "nextCursor": shown[-1][key] if shown else None}

    @property
    def socket(self) -> Socket:
        return self.sockets[-1]

    def say(self, channel: str, payload: Any, *, seq: int | None = None) -> None:
        self.socket.say(channel, payload, seq=seq)


class Socket:
    """One connection."""

    def __init__(self, desk: Desk, receive: Any, send: Any) -> None:
        self._desk, self._receive, self._send = desk, receive, send
        self.heard: list[dict[str, Any]] = []
        self.seq = 0
        self.is_open = False
        self._to_say: asyncio.Queue[Any] = asyncio.Queue()

    async def serve(self) -> None:
        assert (await self._receive())["type"] == "websocket.connect"
        await self._send({"type": "websocket.accept"})
        login = json.loads((await self._receive())["text"])
        assert (login["type"], login["apiKey"]) == ("login", KEY)
        assert set(login["channels"]) == {"orders", "bets", "settlements", "balance", "emergency"}
        if not self._desk.lets_in:
            await self._text({"type": "error", "message": "Invalid API key"})
            await self._send({"type": "websocket.close", "code": 1008})
            return
        await self._text({"type": "login_ok", "clientName": "demo", "channels": login["channels"], "subscriptionId": 4})
        self._desk.sockets.append(self)
        self.is_open = True
        saying = asyncio.ensure_future(self._speak())
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                self.heard.append(json.loads(message["text"]))
        finally:
            self.is_open = False
            saying.cancel()

    async def _speak(self) -> None:
        while True:
            one = await self._to_say.get()
            if one is None:
                await self._send({"type": "websocket.close", "code": 1012})
                return
            await self._text(one)

    async def _text(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else exact_json.encode(frame).decode()
        await self._send({"type": "websocket.send", "text": text})

    def say(self, channel: str, payload: Any, *, seq: int | None = None) -> None:
        self.seq = self.seq + 1 if seq is None else max(self.seq, seq)
        frame = {"type": "data", "channel": channel, "event": "UPDATE", "payload": payload, "ts": 1}
        self.raw({**frame, "seq": self.seq if seq is None else seq})

    def raw(self, frame: Any) -> None:
        self._to_say.put_nowait(frame)

    def hang_up(self) -> None:
        self._to_say.put_nowait(None)


@dataclass
class Rehearsal:
    """An adapter in front of the desk, on virtual time."""

    desk: Desk
    venue: AbpVenue
    clock: VirtualClock
    found: list[Event] = field(default_factory=list)

    async def send(self, command: PlaceOrders | CancelOrder | QueryOrder | QueryBook) -> Answer:
        dated = isinstance(command, PlaceOrders)
        send_by = SendBy(wall=self.clock.now() + timedelta(seconds=2), age=self.clock.age() + 2) if dated else None
        return await self.venue.send(self.venue.prepare(command), send_by)

    async def heard(self, seconds: float = 0.5) -> list[Event]:
        """What is told in this time."""
        before = len(self.found)
        await asyncio.sleep(seconds)
        return self.found[before:]


def rehearse(card: Callable[[Rehearsal], Awaitable[None]], desk: Desk | None = None, *, listens: bool = True) -> Desk:
    """The card, with an adapter that is open, watches the market, knows our reference, and listens."""
    served = desk or Desk()

    async def main(clock: VirtualClock) -> None:
        door = Door(MemoryWire(served), clock)
        terms = Terms(base="https://abp.invalid")
        venue = AbpVenue(account=ACCOUNT, currency="USD", door=door, clock=clock, secrets=Secrets(), terms=terms)
        await venue.open()
        at = Rehearsal(desk=served, venue=venue, clock=clock)

        async def listen() -> None:
            async for event in venue.facts():
                at.found.append(event)

        if listens:
            venue.watch(MARKET)
        listening = asyncio.ensure_future(listen() if listens else asyncio.sleep(0))
        await asyncio.sleep(0.1)
        at.found.clear()
        await card(at)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await venue.close()
        await door.close()

    run_virtual(main, start=AT)
    return served
