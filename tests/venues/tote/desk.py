"""Answers as the Tote's documentation describes them, and a small venue of our own that gives them: HTTP by a script, and a
socket whose other end a test holds in its hand. It shares nothing with the sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from planrunner.model.commands import NewPoolBet, PlaceTicket, QueryOrder
from planrunner.model.events import Event
from planrunner.model.market import AccountName, MarketId, OrderRef, SelectionId
from planrunner.model.pools import Pick, PickedLeg
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import Clock, SendBy
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.runtime.secrets import PracticeSecrets
from planrunner.venues import exact_json
from planrunner.venues.tote.client import Addresses
from planrunner.venues.tote.venue import ToteVenue

BEGIN = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
ACCOUNT, POOL = AccountName("tote"), MarketId("0d6ee10c-0000-0000-0000-000000000001")
A, B = OrderRef("a" * 32), OrderRef("b" * 32)
TICKET = "t" * 32
KEY = "key-of-the-test"


def bet(ref: str = A, size: str = "6.00", **terms: Any) -> NewPoolBet:
    """An exacta: 4 before 6."""
    picks = (_pick(4, 1), _pick(6, 2))
    usual: dict[str, Any] = {"legs": (PickedLeg(id="leg", name="3.40", picks=picks),), "lines": 1, "unit": Decimal(size)}
    return NewPoolBet(ref=OrderRef(ref), path="x", rung=0, market=POOL, size=Decimal(size), **{**usual, **terms})


def _pick(number: int, place: int | None) -> Pick:
    return Pick(selection=SelectionId(f"s{number}"), number=number, name=f"Horse {number}", place=place)


def ticket(*bets: NewPoolBet, attempt: int = 1) -> PlaceTicket:
    return PlaceTicket(
        account=ACCOUNT, ticket="tickets.bath", request_ref=TICKET, attempt=attempt, placements=bets or (bet(),), because="plan"
    )


def query(ref: str = A, stake: str = "6.00") -> QueryOrder:
    return QueryOrder(account=ACCOUNT, market=POOL, ref=OrderRef(ref), stake=Decimal(stake), because="recovery")


def money(amount: str) -> dict[str, Any]:
    return {"decimalAmount": Decimal(amount), "currency": {"code": "GBP"}}


def node(ref: str = A, status: str = "PLACED", *, stake: str | None = "6.00", reason: str | None = None, **more: Any) -> Any:
    """A bet as the venue lists it."""
    placement = {"status": status, "rejectionReason": reason, "productId": POOL, "stake": None if stake is None else money(stake)}
    picks = [{"productLegSelectionID": "s4", "position": 1}, {"productLegSelectionID": "s6", "position": 2}]
    row = {
        "id": ref,
        "toteId": f"tote-{ref}",
        "ticket": {"id": TICKET},
        "createDateTime": {"iso8601": "2026-12-05T12:00:00.123Z"},
        "placement": placement | {"legs": [{"productLegId": "leg", "selections": picks}]},
        "resulting": {"status": "PENDING", "returns": None},
        "settlement": {"status": "PENDING"},
    }
    return row | more


def paid(ref: str = A, total: str = "0.00", refund: str = "0.00", *, settlement: str = "SETTLED", **more: Any) -> Any:
    """One that was accepted, and has a result."""
    returns = {"totalAmount": money(total), "refundAmount": money(refund)}
    result = {"resulting": {"status": "RESULTED", "returns": returns}, "settlement": {"status": settlement}}
    return node(ref, "ACCEPTED") | result | more


def answer(*nodes: Any, idempotent: bool = False, **ticket_: Any) -> dict[str, Any]:
    """To placing."""
    whole = {"id": TICKET, "toteId": "11111111-aaaa", "idempotent": idempotent, "bets": {"nodes": list(nodes)}}
    return {"data": {"r": {"ticket": whole | ticket_}}}


def listed(*nodes: Any) -> dict[str, Any]:
    """To looking up."""
    return {"data": {"bets": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(nodes)}}}


def product(status: str = "OPEN", start: str = "2026-12-05T13:40:00Z") -> dict[str, Any]:
    """A pool as it is watched."""
    event = {"id": "race", "name": "3.40", "scheduledStartDateTime": {"iso8601": start}}
    return {"id": POOL, "type": {"selling": {"status": status}, "legs": {"nodes": [{"id": "leg", "event": event}]}}}


class Refusing(Exception):
    """No socket here."""


class Desk:
    """The venue. `bets` and `pool` answer looks; `replies` are given to placements, in their order: a status and a body, or a
    body. What was asked is in `asked`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.bets: dict[str, Any] = {}
        self.pool = product()
        self.replies: list[Any] = []
        self.always: Any = None  # to everything that is asked over HTTP
        self.asked: list[tuple[str, Any, dict[str, str]]] = []
        self.sockets: list[Line] = []
        self.subprotocol: str | None = "graphql-transport-ws"
        self.refuses: int | None = None  # the status that a handshake is answered with
        self.speaks = True
        self.mute: tuple[str, ...] = ()  # what it takes no subscription to

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        body = exact_json.decode((await receive())["body"])
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["path"], body, headers))
        status, given, more = 200, self._answer(scope["path"], body), ()
        if callable(given):
            given = await given()
        if isinstance(given, tuple):
            status, given, *more = given
        if status == 0:
            await asyncio.sleep(3600)  # no answer
        content = given if isinstance(given, bytes) else exact_json.encode(given)
        extra = [(name.encode(), value.encode()) for name, value in (more[0] if more else ())]
        await send({"type": "http.response.start", "status": status, "headers": extra})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, path: str, body: Any) -> Any:
        if path.endswith("/token"):
            return {"access_token": f"token-{self.count('token')}", "token_type": "Bearer", "expires_in": 600}
        if self.always is not None:
            return self.always
        text = body["query"]
        if text.startswith("mutation"):
            return self.replies.pop(0)
        if "echo" in text:
            return {"data": {"echo": {"success": True}}}
        if "product(" in text:
            return {"data": {"p0": self.pool}}
        return listed(*(row for ref, row in self.bets.items() if ref in text or POOL in text))

    def count(self, word: str) -> int:
        """How often it was asked so."""
        return sum(word in path or word in str(body) for path, body, _ in self.asked)

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if self.refuses is not None:
            await send({"type": "websocket.http.response.start", "status": self.refuses, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        await send({"type": "websocket.accept", "subprotocol": self.subprotocol})
        line = Line(self, send)
        self.sockets.append(line)
        while (message := await receive())["type"] == "websocket.receive":
            await line.hears(json.loads(message["text"]))


class Line:
    """The venue's end of one socket."""

    def __init__(self, desk: Desk, send: Any) -> None:
        self._desk = desk
        self._send = send
        self.heard: list[Any] = []
        self.ids: dict[str, str] = {}

    async def hears(self, frame: Any) -> None:
        self.heard.append(frame)
        desk = self._desk
        match frame["type"]:
            case "connection_init" if desk.speaks:
                await self.says({"type": "connection_ack"})
            case "subscribe" | "start":
                text = frame["payload"]["query"]
                if any(word in text for word in desk.mute):
                    await self.says({"type": "error", "id": frame["id"], "payload": [{"message": "no such field"}]})
                else:
                    self.ids[text.split("{")[1].strip()] = frame["id"]
            case "ping" if desk.speaks:
                await self.says({"type": "pong"})
            case _:
                pass

    async def says(self, frame: Any) -> None:
        await self._send({"type": "websocket.send", "text": json.dumps(frame)})

    async def tells(self, name: str, **fields: Any) -> None:
        kind = "next" if self._desk.subprotocol == "graphql-transport-ws" else "data"
        await self.says({"type": kind, "id": self.ids[name], "payload": {"data": {name: fields}}})

    async def hangs_up(self, code: int = 1011) -> None:
        await self._send({"type": "websocket.close", "code": code})


class Hands:
    """An adapter and the venue that it speaks to."""

    def __init__(self, desk: Desk, venue: ToteVenue) -> None:
        self.desk = desk
        self.clock = desk.clock
        self.venue = venue
        self.facts: list[Event] = []

    async def place(self, *bets: NewPoolBet, attempt: int = 1) -> tuple[Event, ...]:
        send_by = SendBy(wall=self.clock.now() + timedelta(seconds=2), age=self.clock.age() + 2)
        return (await self.venue.send(self.venue.prepare(ticket(*bets, attempt=attempt)), send_by)).events

    async def query(self, ref: str = A, stake: str = "6.00") -> Event:
        (event,) = (await self.venue.send(self.venue.prepare(query(ref, stake)), None)).events
        return event

    async def listen(self) -> None:
        async for event in self.venue.facts():
            self.facts.append(event)

    def told(self, *kinds: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kinds)]


def play(act: Callable[[Hands], Awaitable[None]], secrets: dict[str, str] | None = None, **desk: Any) -> Hands:
    """On virtual time, with the pool watched and facts heard."""

    @asynccontextmanager
    async def hands(clock: VirtualClock) -> AsyncIterator[Hands]:
        venue_ = Desk(clock)
        for name, value in desk.items():
            setattr(venue_, name, value)
        door = Door(MemoryWire(venue_), clock)
        adapter = ToteVenue(
            account=ACCOUNT,
            currency="GBP",
            door=door,
            clock=clock,
            secrets=PracticeSecrets(secrets or {"api_key": KEY}),
            addresses=Addresses.of_sandbox("http://tote.invalid"),
        )
        both = Hands(venue_, adapter)
        await adapter.open()
        adapter.watch(POOL)
        listening = asyncio.ensure_future(both.listen())
        try:
            yield both
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await adapter.close()
            await door.close()

    async def main(clock: VirtualClock) -> Hands:
        async with hands(clock) as both:
            await act(both)
            return both

    return run_virtual(main, start=BEGIN)
