"""A small Tote on virtual time, mounted as it is served, and clients of it: GraphQL over HTTP and a socket in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.pools import MeetingScript, Pools, RaceScript
from planrunner.sandbox.practice import Rehearsal, rehearse
from planrunner.sandbox.scenario import MINUTE, AccountTerms, Scenario, Start
from planrunner.sandbox.tote.app import tote_app

T = TypeVar("T")
BEGIN = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
GATEWAY = "/tote/partner/gateway/graphql"
AUDIT = "/tote/partner/gateway/audit/graphql/"
CONNECTIONS = "/tote/partner/connections/graphql/"
LEGACY, MODERN = "graphql-ws", "graphql-transport-ws"

BET = """
  id toteId betType { code } placement { status rejectionReason stake { decimalAmount } legs { selections { position } } }
  resulting { status returns { totalAmount { decimalAmount } returnAmount { decimalAmount } refundAmount { decimalAmount } } }
  settlement { status }
"""
PLACE = f"""
mutation ($input: PlaceBetsAsyncInput!) {{
  r: placeBetsAsync(input: $input) {{ ticket {{ id toteId idempotent bets {{ nodes {{ {BET} }} }} }} }}
}}
"""
PLACE_AT_ONCE = PLACE.replace("Async", "")
PRODUCTS = """
query ($types: [BetTypeCode]) {
  products(betTypes: $types, first: 100) {
    nodes { id name type { ... on BettingProduct {
      betType { code } selling { status }
      legs { nodes { id event { name } selections { nodes { id name status competitor { details { ... on HorseDetails { clothNumber } } } } } } }
      result { status dividends { nodes { dividend { name status amount { decimalAmount } } dividendLegs { nodes { dividendSelections { nodes { id } } } } } } }
      pool { total { grossAmounts { decimalAmount } netAmounts { decimalAmount } } }
    } } }
  }
}
"""  # noqa: E501


def race(number: int, **terms: Any) -> RaceScript:
    """Eight runners, `A1` to `H1` in race 1, that finish in this order unless told otherwise."""
    runners = tuple(f"{letter}{number}" for letter in "ABCDEFGH")
    result = terms.pop("result", tuple((runner,) for runner in runners))
    start = Start(after=(10 + 30 * (number - 1)) * MINUTE)
    return RaceScript(start=start, name=f"Race {number}", runners=runners, result=result, **terms)


def meeting(*races: RaceScript, **terms: Any) -> Scenario:
    """Seven races from ten minutes on, half an hour apart; those given replace the first ones."""
    card = (*races, *(race(number) for number in range(len(races) + 1, 8)))
    account = terms.pop("account", AccountTerms())
    fixtures = terms.pop("fixtures", ())
    pools = Pools(meetings=(MeetingScript(name="Bath", races=card),), **terms)
    return Scenario(name="a meeting", fixtures=fixtures, pools=pools, account=account)


def stake(total: str | None = "2.00", line: str | None = None, currency: str = "GBP") -> dict[str, Any]:
    amounts = {name: float(amount) for name, amount in (("totalAmount", total), ("lineAmount", line)) if amount is not None}
    return {"currencyCode": currency, **amounts}


class Product:
    """One product as a client reads it."""

    def __init__(self, node: dict[str, Any]) -> None:
        self.id: str = node["id"]
        self.facts: dict[str, Any] = node["type"]
        self.legs: list[dict[str, Any]] = self.facts["legs"]["nodes"]

    def selection(self, number: int, leg: int = 0) -> str:
        return str(self.legs[leg]["selections"]["nodes"][number - 1]["id"])

    def bet(self, bet: str, *legs: Sequence[int], **terms: Any) -> dict[str, Any]:
        """Runners by number, a list per leg; or, with `positions`, a list per position."""
        reserves = terms.pop("reserves", {})
        if terms.pop("positions", False):
            picks = [[(number, position) for position, numbers in enumerate(legs, 1) for number in numbers]]
        else:
            picks = [[(number, None) for number in numbers] for numbers in legs]
        asked = [
            {
                "productLegId": self.legs[place]["id"],
                "selections": [
                    {"productLegSelectionID": self.selection(number, place)} | ({} if at is None else {"position": at})
                    for number, at in picked
                ],
            }
            | (
                {"alternativeSelections": [{"productLegSelectionID": self.selection(n, place)} for n in reserves[place]]}
                if place in reserves
                else {}
            )
            for place, picked in enumerate(picks)
        ]
        return {"betId": bet, "productId": self.id, "stake": terms.pop("stake", stake()), "legs": asked, **terms}


class Venue:
    """Everything a test needs of the Tote. `key` says whose requests they are."""

    def __init__(self, clock: VirtualClock, world: Rehearsal, *, flat: bool = False) -> None:
        self.clock, self.rehearsal, self.log = clock, world, world.world.log
        self.app = Starlette(routes=[Mount("/tote", tote_app(world.world, clock, faults=world.faults, flat_messages=flat))])
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://sandbox")

    async def post(self, query: str, key: str = "key", path: str = GATEWAY, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Api-Key {key}", **request.pop("headers", {})}
        body = {"query": query, "variables": request.pop("variables", {})}
        async with asyncio.timeout(request.pop("within", 30)):
            return await self.http.post(path, json=body, headers=headers, **request)

    async def ask(self, query: str, key: str = "key", path: str = GATEWAY, **variables: Any) -> Any:
        """The data of a query that works."""
        reply = await self.post(query, key, path, variables=variables)
        body = reply.json()
        assert reply.status_code == 200, body
        assert "errors" not in body, body
        return body["data"]

    async def product(self, code: str, place: int = 0, path: str = GATEWAY) -> Product:
        return Product((await self.ask(PRODUCTS, path=path, types=[code]))["products"]["nodes"][place])

    async def place(self, ticket: str, *bets: dict[str, Any], at_once: bool = False, **how: Any) -> Any:
        query = PLACE_AT_ONCE if at_once else PLACE
        return (await self.ask(query, input={"ticketId": ticket, "bets": list(bets)}, **how))["r"]["ticket"]

    async def bet(self, bet: str, **how: Any) -> Any:
        (node,) = (await self.ask(f"query ($id: ID) {{ bets(id: $id) {{ nodes {{ {BET} }} }} }}", id=bet, **how))["bets"]["nodes"]
        return node

    async def balance(self, **how: Any) -> Decimal:
        data = await self.ask("{ customer { wallet { balances { stringAmount currency { code } } } } }", **how)
        (one,) = data["customer"]["wallet"]["balances"]
        return Decimal(one["stringAmount"])

    async def wait(self, **time: float) -> None:
        await self.clock.sleep_until(self.clock.now() + timedelta(**time))

    def lines(self, *kinds: str) -> list[dict[str, Any]]:
        return list(self.log.lines(*kinds))

    @asynccontextmanager
    async def socket(self, dialect: str | None = MODERN, key: str | None = "key", **how: Any) -> AsyncIterator[Socket]:
        """Greeted, unless `key` is None."""
        socket = Socket(self.app, dialect, **how)
        try:
            await socket.open()
            if key is not None:
                await socket.send({"type": "connection_init", "payload": {"authorization": f"Api-Key {key}"}})
                assert (await socket.read())["type"] == "connection_ack"
            yield socket
        finally:
            await socket.close()


class Closed(Exception):
    """By the venue, with this code."""


class Socket:
    """The client's end of a WebSocket."""

    def __init__(self, app: Any, dialect: str | None, headers: dict[str, str] | None = None, path: str = CONNECTIONS) -> None:
        self.dialect = dialect
        sent = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        offered = [] if dialect is None else dialect.split(", ")
        scope = {
            "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": path,
            "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "headers": sent, "subprotocols": offered, "client": ("127.0.0.1", 1),
            "server": ("sandbox", 80), "extensions": {"websocket.http.response": {}},
        }  # fmt: skip
        self._in: asyncio.Queue[Any] = asyncio.Queue()
        self._out: asyncio.Queue[Any] = asyncio.Queue()
        self._in.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(app(scope, self._in.get, self._out.put))
        self.subprotocol: str | None = None

    async def open(self) -> None:
        first = await self._next(5)
        if first["type"] != "websocket.accept":
            raise Closed(first.get("status", first.get("code")))
        self.subprotocol = first.get("subprotocol")

    async def send(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self._in.put({"type": "websocket.receive", "text": text})

    async def read(self, within: float = 60) -> Any:
        """The next message that is no sign of life. Raises Closed and TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                message = await self._out.get()
                if message["type"] == "websocket.close":
                    raise Closed(message["code"])
                body = json.loads(message["text"])
                if body.get("type") not in ("ka", "ping"):
                    return body

    async def raw(self, within: float = 60) -> Any:
        return json.loads((await self._next(within))["text"])

    async def subscribe(self, root: str, name: str | None = None, fields: str = "betId customerBetId createdAt reason") -> None:
        kind = "subscribe" if self.subprotocol == MODERN else "start"
        await self.send({"type": kind, "id": name or root, "payload": {"query": f"subscription {{ {root} {{ {fields} }} }}"}})
        await asyncio.sleep(0.001)

    async def event(self, within: float = 60) -> tuple[str, Any]:
        """The root field and what is under it."""
        message = await self.read(within)
        assert message["type"] in ("next", "data"), message
        ((root, data),) = message["payload"]["data"].items()
        return root, data

    async def silent(self, seconds: float = 60) -> bool:
        try:
            await self.read(seconds)
        except TimeoutError:
            return True
        return False

    async def close(self) -> None:
        await self._in.put({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._task, 5)

    async def _next(self, within: float) -> Any:
        async with asyncio.timeout(within):
            return await self._out.get()


def play(
    story: Callable[[Venue], Awaitable[T]], world: Scenario | None = None, *faults: Fault, seed: int = 1, flat: bool = False
) -> T:
    """A story with a Tote in it, on virtual time."""
    rehearsal = rehearse(world or meeting(), day=date(2026, 12, 5), seed=seed, begin=BEGIN)
    rehearsal.faults.faults.extend(faults)

    async def main(clock: VirtualClock) -> T:
        return await story(Venue(clock, rehearsal, flat=flat))

    return run_virtual(main, start=BEGIN)
