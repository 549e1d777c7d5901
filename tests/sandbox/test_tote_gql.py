"""A GraphQL client that others wrote, over real HTTP and real WebSockets, against the Tote as it is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError, TransportServerError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from starlette.applications import Starlette
from starlette.routing import Mount

from planrunner.sandbox.clock import ShiftableClock
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.practice import rehearse
from planrunner.sandbox.scenario import AccountTerms
from planrunner.sandbox.tote.app import tote_app
from tests.sandbox.tote import AUDIT, CONNECTIONS, GATEWAY, LEGACY, MODERN, PLACE, PRODUCTS, Product, meeting

HEADERS = {"Authorization": "Api-Key key"}


class Served:
    """The Tote on a port of this machine."""

    def __init__(self, port: int, clock: ShiftableClock, log: VenueLog) -> None:
        self.at, self.clock, self.log = f"127.0.0.1:{port}", clock, log

    async def until_subscribed(self, times: int) -> None:
        while [line["call"] for line in self.log.lines("request")].count("subscribe") < times:
            await asyncio.sleep(0.01)

    def http(self, path: str = GATEWAY, **headers: str) -> Client:
        transport = HTTPXAsyncTransport(url=f"http://{self.at}{path}", headers={**HEADERS, **headers})
        return Client(transport=transport, fetch_schema_from_transport=True)

    def socket(self, dialect: str, key: str = "key") -> Client:
        return Client(
            transport=WebsocketsTransport(
                url=f"ws://{self.at}{CONNECTIONS}", subprotocols=[dialect], init_payload={"authorization": f"Api-Key {key}"}
            )
        )


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    clock = ShiftableClock()
    begin = datetime.now(UTC)
    world = rehearse(meeting(account=AccountTerms(app_key="key")), day=begin.date(), seed=3, begin=begin)
    app = Starlette(routes=[Mount("/tote", tote_app(world.world, clock, faults=world.faults))])
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="websockets-sansio", ws_ping_interval=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield Served(server.servers[0].sockets[0].getsockname()[1], clock, world.world.log)
    finally:
        server.should_exit = True
        await running


def run(story: Callable[[Served], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), served() as tote:
            await story(tote)

    asyncio.run(main())


def ask(query: str, **variables: Any) -> GraphQLRequest:
    return GraphQLRequest(gql(query), variable_values=variables)


async def win(client: Any) -> Product:
    return Product((await client.execute(ask(PRODUCTS, types=["WIN"])))["products"]["nodes"][0])


def test_queries_and_mutations_are_valid_by_the_schema_that_was_fetched() -> None:
    """The client fetches the schema by introspection and checks each request by it before it sends it."""

    async def story(tote: Served) -> None:
        async with tote.http() as client:
            assert (await client.execute(gql("{ echo { success } }")))["echo"] == {"success": True}
            product = await win(client)
            placed = await client.execute(ask(PLACE, input={"ticketId": "t1", "bets": [product.bet("b1", [1])]}))
            assert placed["r"]["ticket"]["bets"]["nodes"][0]["placement"]["status"] == "PLACED"
            tote.clock.put_forward(timedelta(seconds=5))
            document = """query ($since: DateTime, $ids: [ID]) {
              bets(since: $since, ids: $ids) { totalCount nodes { id placement { status } } }
              customer { wallet { balances { minorUnitsTotalAmount } } }
            }"""
            found = await client.execute(ask(document, since="2026-01-01T00:00:00Z", ids=["b1"]))
            assert found["bets"] == {"totalCount": 1, "nodes": [{"id": "b1", "placement": {"status": "ACCEPTED"}}]}
            assert found["customer"]["wallet"]["balances"] == [{"minorUnitsTotalAmount": 99_800}]
            tote.clock.put_forward(timedelta(minutes=15))
            settled = await client.execute(ask('{ bets(id: "b1") { nodes { settlement { status } } } }'))
            assert settled["bets"]["nodes"] == [{"settlement": {"status": "SETTLED"}}]

    run(story)


def test_the_audit_gateway_takes_a_bet_and_its_result() -> None:
    async def story(tote: Served) -> None:
        async with tote.http(AUDIT) as client:
            product = await win(client)
            query = PLACE.replace("Async", "")
            placed = await client.execute(ask(query, input={"ticketId": "t1", "bets": [product.bet("b1", [1])]}))
            (bet,) = placed["r"]["ticket"]["bets"]["nodes"]
            assert bet["placement"]["status"] == "ACCEPTED"
            mutation = """mutation ($results: [AuditBetInput!]!) {
              auditBetResult(betResults: $results) { results { toteBetId status failureReason } }
            }"""
            returned = {"amount": 7.5, "currencyCode": "GBP"}
            result = {"toteBetId": bet["toteId"], "resultingStatus": "RESULTED", "return": returned}
            unknown = {"toteBetId": "none", "resultingStatus": "RESULTED"}
            told = (await client.execute(ask(mutation, results=[result, unknown])))["auditBetResult"]["results"]
            assert [one["status"] for one in told] == ["SUCCESS", "FAILED"]
            balance = "{ customer { wallet { balances { stringAmount } } } }"
            assert (await client.execute(gql(balance)))["customer"]["wallet"]["balances"] == [{"stringAmount": "1005.50"}]
        async with tote.http() as live:
            assert (await live.execute(ask("query ($id: ID!) { product(id: $id) { id } }", id=product.id)))["product"] is None
            assert (await live.execute(gql("{ bets { totalCount } }")))["bets"] == {"totalCount": 0}
            refused = (await live.execute(ask(mutation, results=[result])))["auditBetResult"]["results"]
            assert refused[0]["status"] == "FAILED"

    run(story)


def test_what_is_wrong_is_told_in_the_clients_own_terms() -> None:
    async def story(tote: Served) -> None:
        bare = Client(transport=HTTPXAsyncTransport(url=f"http://{tote.at}{GATEWAY}", headers=HEADERS))
        async with bare as client:
            with pytest.raises(TransportQueryError, match="Cannot query field 'odds'"):
                await client.execute(gql("{ products { nodes { odds } } }"))
        with pytest.raises(TransportQueryError, match="not authorized"):
            async with tote.http(Authorization="Api-Key wrong"):
                raise AssertionError("it got a schema")

    run(story)


@pytest.mark.parametrize("dialect", [LEGACY, MODERN])
def test_subscriptions_in_both_dialects(dialect: str) -> None:
    async def story(tote: Served) -> None:
        heard: asyncio.Queue[Any] = asyncio.Queue()

        async def listen(session: Any, root: str) -> None:
            async for message in session.subscribe(gql(f"subscription {{ {root} {{ betId customerBetId createdAt reason }} }}")):
                await heard.put((root, message[root]["customerBetId"]))

        async with tote.http() as client, tote.socket(dialect) as session:
            listening = [
                asyncio.create_task(listen(session, root)) for root in ("onBetAccepted", "onBetRejected", "onBetSettled")
            ]
            product = await win(client)
            await tote.until_subscribed(3)
            bets = [product.bet("yes", [1]), product.bet("no", [1], stake={"currencyCode": "GBP", "totalAmount": 0.1})]
            await client.execute(ask(PLACE, input={"ticketId": "t1", "bets": bets}))
            assert {await heard.get(), await heard.get()} == {("onBetAccepted", "yes"), ("onBetRejected", "no")}
            tote.clock.put_forward(timedelta(minutes=20))  # nobody asks: the connection itself sees that it is time
            assert await heard.get() == ("onBetSettled", "yes")
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)

    run(story)


@pytest.mark.parametrize("dialect", [LEGACY, MODERN])
def test_a_wrong_key_has_no_subscriptions(dialect: str) -> None:
    async def story(tote: Served) -> None:
        with pytest.raises((TransportServerError, TransportConnectionFailed)):
            async with tote.socket(dialect, key="wrong"):
                raise AssertionError("it was let in")

    run(story)
