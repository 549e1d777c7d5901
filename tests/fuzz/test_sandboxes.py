"""The sandboxes of the Tote and of ABP, and whatever may be asked of them: a 4xx or an answer, or a socket that is closed.

An error that is none of those ends the test: in a rehearsal it would be taken for a bug of the adapter's. Whatever was asked,
the day goes on to its end, and who asks properly is answered.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount

from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.sandbox.oddspapi_abp.app import abp_app
from planrunner.sandbox.practice import Rehearsal
from planrunner.sandbox.tote.app import tote_app
from tests.fuzz.laws import RAW, STEPS, Law, changed, mutated, written
from tests.fuzz.talks import Asked, abp_talk, abp_world, tote_talk, tote_world
from tests.sandbox import abp, client, tote

GATEWAY, CONNECTIONS = tote.GATEWAY, tote.CONNECTIONS
DAY = 6 * 3600.0
# What is asked beside what the adapters ask.
MORE_OF_TOTE = [
    Asked(name="token", method="POST", target="/tote/oauth/token", content=written({
        "grant_type": "password", "client_id": "c", "username": "u", "password": "p", "audience": "https://partner.tote.co.uk",
    })),
    Asked(name="products", method="POST", target=GATEWAY, content=written(
        {"query": tote.PRODUCTS, "variables": {"types": ["WIN"]}}
    )),
    Asked(name="sdl", method="GET", target=f"{GATEWAY}?sdl", content=b""),
]  # fmt: skip
BODY = {"bookmaker": "pinnacle", "username": "u", "password": "p", "balance": 10, "maxStake": 5.5, "meta": {}}
MORE_OF_ABP = [
    Asked(name="place-orders", method="POST", target="/abp/place-orders", content=written(
        {"orders": [abp.order(n) for n in (7, 8)]}
    )),
    Asked(name="place-orders", method="POST", target="/abp/place-orders", content=written({"orders": [abp.order(
        9, bookmakers=["pinnacle"], expiresAt="2026-12-05T14:30:00Z", orderCurrency="EUR", back=False, acceptPartialStake=False,
    )]})),
    Asked(name="accounts", method="POST", target="/abp/accounts", content=written(BODY)),
    Asked(name="accounts", method="PATCH", target="/abp/accounts/pinnacle/main", content=written({"balance": 3, "active": True})),
    Asked(name="accounts", method="DELETE", target="/abp/accounts/pinnacle/u", content=b""),
    *(Asked(name="get", method="GET", target=f"/abp{path}", content=b"") for path in (
        "/orders?requestUuids=x&limit=5&afterOrderId=9002", "/bets?betIds=5551,5552", "/bets/5551", "/positions?groupBy=account",
        "/pnl?userRef=alpha", "/markets?fixtureId=1", "/bookmakers", "/status", "/metrics", "/accounts/pinnacle/main",
    )),
]  # fmt: skip
WORDS = [
    b"{", b"}", b"(", b")", b"...", b"[", b"]", b"$a", b"!", b":", b"=", b'"', b'"""', b"null", b"query", b"mutation",
    b"subscription", b"fragment f on Query", b"...f", b"@skip(if: true)", b"@include(if: $x)", b"__schema { types { name } }",
    b"__typename", b"on Bet", b"input:", b"first: -1", b"first: 99999999999", b"after: \"x\"", b"id: 7", b"ids: [null]", b"#",
    b"products", b"bets", b"\x00", b"\xc3\xa9", b"1e999999999", b"9" * 40, b"{" * 300, b"date: \"0001-01-01\"",
    b"since: \"9999-12-31T23:59:59-14:00\"",
]  # fmt: skip
TELLS = ("application/json", "text/plain", "application/graphql-response+json")


def asked_of_tote() -> list[Asked]:
    return [*tote_talk()[0].asked, *MORE_OF_TOTE]


def asked_of_abp() -> list[Asked]:
    return [*abp_talk().asked, *MORE_OF_ABP]


# One request, changed

Change = tuple[int, list[Any], bytes | None, list[tuple[int, str]], bytes | None]


def request_of(among: list[Asked], change: Change) -> tuple[str, str, bytes]:
    """`steps` change the body's values, `raw` replaces it, `words` replace a document, `params` values of the address."""
    which, steps, raw, params, words = change
    one = among[which % len(among)]
    split = urlsplit(one.target)
    pairs = parse_qsl(split.query, keep_blank_values=True)
    for place, text in params:
        if pairs:
            pairs[place % len(pairs)] = (pairs[place % len(pairs)][0], text)
    target = split.path + (f"?{urlencode(pairs, errors='replace')}" if pairs else "")
    if not one.content:
        return one.method, target, b""
    body = json.loads(one.content)
    if words is not None and "query" in body:
        body["query"] = words.decode("utf-8", "replace")
    return one.method, target, raw if raw is not None else written(changed(body, steps))


DOCUMENTS = st.deferred(
    lambda: mutated([json.loads(one.content)["query"].encode() for one in asked_of_tote() if b'"query"' in one.content], WORDS)
)
PARAMS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["", "0", "-1", "x", "²", "9" * 5_000, ",,", "\x00"]) | st.text(max_size=6)),
    max_size=2,
)
CHANGE = st.tuples(st.integers(0, 60), STEPS, st.none() | st.none() | RAW, PARAMS, st.none() | st.none() | DOCUMENTS)
CHANGES = st.lists(CHANGE, min_size=1, max_size=4)


async def answered(http: httpx.AsyncClient, method: str, target: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    reply = await asyncio.wait_for(http.request(method, target, content=content, headers=headers), 120)
    assert reply.status_code < 500 or reply.status_code == 501, (reply.status_code, reply.content)
    if reply.content:
        kind = reply.headers["content-type"].partition(";")[0]
        assert kind in TELLS, kind
        if "json" in kind:
            json.loads(reply.content)
    return reply


def _asked(app: Any, begin: Any, among: list[Asked], changes: list[Change], headers: dict[str, str], proper: Any) -> None:
    async def main(clock: VirtualClock) -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app(clock)), base_url="http://sandbox") as http:
            for change in changes:
                await answered(http, *request_of(among, change), headers)
            await asyncio.sleep(DAY)
            await proper(http)

    run_virtual(main, start=begin)


KEY = {"Authorization": "Api-Key practice"}


def any_request_to_the_tote_is_answered(changes: list[Change]) -> None:
    world = tote_world()

    async def proper(http: httpx.AsyncClient) -> None:
        query = "{ echo { success } bets(first: 100) { nodes { id placement { stake { decimalAmount } status } } } }"
        reply = await answered(http, "POST", GATEWAY, written({"query": query}), KEY)
        assert reply.json()["data"]["echo"] == {"success": True}, reply.content

    _asked(lambda clock: tote_in(world, clock), tote.BEGIN, asked_of_tote(), changes, KEY, proper)


def any_request_to_abp_is_answered(changes: list[Change]) -> None:
    world = abp_world()

    async def proper(http: httpx.AsyncClient) -> None:
        for path in ("/abp/orders?userRef=planrunner", "/abp/positions", "/abp/pnl", "/abp/accounts"):
            assert (await answered(http, "GET", path, b"", {"x-api-key": "practice"})).status_code == 200

    _asked(lambda clock: abp_in(world, clock), client.BEGIN, asked_of_abp(), changes, {"x-api-key": "practice"}, proper)


def tote_in(world: Rehearsal, clock: VirtualClock, *, flat: bool = False) -> Any:
    return Starlette(routes=[Mount("/tote", tote_app(world.world, clock, faults=world.faults, flat_messages=flat))])


def abp_in(world: Rehearsal, clock: VirtualClock) -> Any:
    return Starlette(routes=[Mount("/abp", abp_app(world.world, clock, faults=world.faults))])


# Sockets

Said = tuple[float, int, list[Any], bytes | None, bool]
SAID: st.SearchStrategy[Said] = st.tuples(
    st.sampled_from([0.0, 0.0, 0.5, 40.0, 1800.0]), st.integers(0, 60), STEPS, st.none() | st.none() | RAW, st.booleans()
)
TALKS = st.tuples(st.sampled_from([0, 1, 2, 3]), st.booleans(), st.booleans(), st.lists(SAID, max_size=6))


async def said(app: Any, path: str, offered: list[str], headers: dict[str, str], frames: list[tuple[float, Any]]) -> None:
    """A connection of a client that says all that; the venue's end of it closes it, or ends when the client goes."""
    heard: asyncio.Queue[Any] = asyncio.Queue()
    heard.put_nowait({"type": "websocket.connect"})
    closed = asyncio.Event()

    async def send(message: Any) -> None:
        assert not closed.is_set(), f"{message} after it was closed"
        if message["type"] == "websocket.send":
            json.loads(message["text"])
            message["text"].encode()
        if message["type"] == "websocket.close":
            assert len(message.get("reason", "").encode()) <= 123, "more than a closing frame holds"
            closed.set()

    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "subprotocols": offered, "client": ("127.0.0.1", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()], "server": ("sandbox", 80),
        "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    serving = asyncio.ensure_future(app(scope, heard.get, send))
    for pause, frame in frames:
        await asyncio.sleep(pause)
        if not closed.is_set():
            heard.put_nowait({"type": "websocket.receive", **frame})
    await asyncio.sleep(1)
    heard.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await asyncio.wait_for(serving, 3600)


def frames_of(among: list[Any], frames: list[Said]) -> list[tuple[float, Any]]:
    """A frame of text; or of bytes, which no dialect has."""
    found: list[tuple[float, Any]] = []
    for pause, which, steps, raw, is_text in frames:
        data = raw if raw is not None else written(changed(among[which % len(among)], steps))
        text = data.decode("utf-8", "replace")
        found.append((pause, {"text": text} if is_text or which % 3 else {"bytes": data}))
    return found


def any_frames_to_the_tote_are_taken_or_end_it(example: tuple[int, bool, bool, list[Said]]) -> None:
    dialect, flat, greets, frames = example
    world = tote_world()
    hello = {"type": "connection_init", "payload": {"authorization": "Api-Key practice"}}
    ours: list[Any] = [hello, *tote_talk()[0].said, {"type": "ping"}, {"type": "connection_terminate"}]
    ours += [{**one, "type": kind} for one in ours if one.get("type") == "subscribe" for kind in ("start", "stop", "complete")]
    offered = [[], [tote.LEGACY], [tote.MODERN], ["x", tote.MODERN, tote.LEGACY]][dialect]

    async def main(clock: VirtualClock) -> None:
        app = tote_in(world, clock, flat=flat)
        told = [(0.0, {"text": json.dumps(hello)})] if greets else []
        await said(app, CONNECTIONS, offered, KEY if flat else {}, [*told, *frames_of(ours, frames)])

    run_virtual(main, start=tote.BEGIN)


def any_frames_to_abp_are_taken_or_end_it(example: tuple[int, bool, bool, list[Said]]) -> None:
    _, reliable, greets, frames = example
    world = abp_world()
    hello = {"type": "login", "apiKey": "practice", "channels": ["orders", "bets"], "reliableDelivery": reliable}
    ours = [hello, *abp_talk().said, {"type": "ping"}, {"type": "pong"}, {"type": "ack", "seq": 1}]

    async def main(clock: VirtualClock) -> None:
        app = abp_in(world, clock)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
            told = [(0.0, {"text": json.dumps(hello)})] if greets else []
            going = asyncio.ensure_future(said(app, "/abp/ws", [], {}, [*told, *frames_of(ours, frames)]))
            await asyncio.sleep(0.1)
            await answered(http, "POST", "/abp/place-orders", written({"orders": [abp.order()]}), {"x-api-key": "practice"})
            await going

    run_virtual(main, start=client.BEGIN)


LAWS: dict[str, Law] = {
    "any request to the Tote is answered": Law(of=any_request_to_the_tote_is_answered, examples=CHANGES, share=40),
    "any request to ABP is answered": Law(of=any_request_to_abp_is_answered, examples=CHANGES, share=60),
    "any frames to the Tote are taken or end it": Law(of=any_frames_to_the_tote_are_taken_or_end_it, examples=TALKS, share=40),
    "any frames to ABP are taken or end it": Law(of=any_frames_to_abp_are_taken_or_end_it, examples=TALKS, share=60),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_share(name: str) -> None:
    LAWS[name].holds_for_a_share()


@pytest.mark.storm
@pytest.mark.parametrize("name", LAWS)
def test_ten_minutes(name: str) -> None:
    print(f"{name}: {LAWS[name].holds_in_a_storm()} examples")
