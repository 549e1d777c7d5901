"""The law of a channel, the same over real TCP and in memory on virtual time: what an application behind a server does to it
comes out as text, as ChannelClosed with code and reason, or as NotConnected; and the application sees what it should."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from planrunner.app.sandbox import server_of
from planrunner.model.errors import VenueTrouble
from planrunner.net.channel import Channel, ChannelClosed, HandshakeRefused, NotConnected
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.net.socket_wire import SocketWire
from planrunner.runtime.clock import VirtualClock, run_virtual
from tests.net.support import START, HandClock

Use = Callable[[Door, str], Awaitable[None]]
Endpoint = Callable[[WebSocket], Awaitable[None]]
LIMIT = 100_000


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """On loopback, in this very loop, as `sandbox serve` does it."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = server_of(app)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def over_tcp(app: Any, use: Use) -> None:
    async def main() -> None:
        async with served(app) as url:
            clock = HandClock()
            door = Door(SocketWire(clock, message_limit=LIMIT), clock)
            try:
                await use(door, url)
            finally:
                await door.close()

    asyncio.run(main())


def in_memory(app: Any, use: Use) -> None:
    async def main(clock: VirtualClock) -> None:
        door = Door(MemoryWire(app, message_limit=LIMIT), clock)
        try:
            await use(door, "ws://venue.invalid")
        finally:
            await door.close()

    run_virtual(main, start=START)


both = pytest.mark.parametrize("wire", [over_tcp, in_memory])
Wire = Callable[[Any, Use], None]


def at(endpoint: Endpoint) -> Starlette:
    """Mounted, as a sandbox beside another is."""
    return Starlette(routes=[Mount("/venue", routes=[WebSocketRoute("/ws", endpoint)])])


async def connected(door: Door, url: str, **given: Any) -> Channel:
    return await door.connect(url + "/venue/ws?key=hidden", **{"within": 5.0, **given})


async def closed(channel: Channel) -> tuple[int, str]:
    with pytest.raises(ChannelClosed) as caught:
        await channel.receive()
    return caught.value.code, caught.value.reason


async def until(heard: list[Any]) -> Any:
    async with asyncio.timeout(5):
        while not heard:
            await asyncio.sleep(0.01)
    return heard[0]


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


@both
def test_text_comes_back_as_it_was_sent_and_in_order(wire: Wire) -> None:
    texts = ["", '{"type":"ping"}', "£ 1.50 ✓ \x00", "long" * 20_000]

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        for text in texts:
            await channel.send(text)
        assert [await channel.receive() for _ in texts] == texts
        await channel.close()

    wire(at(echo), use)


@both
@pytest.mark.parametrize(("takes", "expected"), [("graphql-ws", "graphql-ws"), (None, None)])
def test_the_other_end_sees_what_is_offered_and_its_choice_is_known(wire: Wire, takes: str | None, expected: str | None) -> None:
    saw: list[Any] = []

    async def choose(socket: WebSocket) -> None:
        saw.append((socket.scope["subprotocols"], socket.headers["x-api-key"], socket.url.path, socket.query_params["key"]))
        await socket.accept(subprotocol=takes)
        await socket.receive()

    async def use(door: Door, url: str) -> None:
        offered = ("graphql-transport-ws", "graphql-ws")
        channel = await connected(door, url, subprotocols=offered, headers=(("X-Api-Key", "secret"),))
        assert channel.subprotocol == expected
        assert saw == [([*offered], "secret", "/venue/ws", "hidden")]
        await channel.close()

    wire(at(choose), use)


@both
def test_what_was_not_offered_is_not_taken(wire: Wire) -> None:
    async def choose(socket: WebSocket) -> None:
        await socket.accept(subprotocol="other")
        with contextlib.suppress(WebSocketDisconnect):
            await socket.receive_text()

    async def use(door: Door, url: str) -> None:
        with pytest.raises(NotConnected, match="not offered"):
            await connected(door, url, subprotocols=("graphql-ws",))

    wire(at(choose), use)


@both
@pytest.mark.parametrize("status", [401, 403, 302, 503])
def test_a_refusal_has_its_status_and_its_words_and_shows_neither_key_nor_query(wire: Wire, status: int) -> None:
    async def refuse(socket: WebSocket) -> None:
        headers = {"Retry-After": "7", "Location": "http://127.0.0.1:1/other"}
        await socket.send_denial_response(JSONResponse({"detail": "key?"}, status, headers))

    async def use(door: Door, url: str) -> None:
        with pytest.raises(HandshakeRefused) as caught:
            await connected(door, url, headers=(("X-Api-Key", "secret"),))
        assert isinstance(caught.value, VenueTrouble)
        assert caught.value.status == status
        assert caught.value.reply.content == b'{"detail":"key?"}'
        assert caught.value.reply.header("retry-after") == "7"
        assert str(caught.value) == f"no connection came about: the answer was {status}"

    wire(at(refuse), use)


@both
def test_closing_before_accepting_is_a_403_and_so_is_what_is_not_there(wire: Wire) -> None:
    async def refuse(socket: WebSocket) -> None:
        await socket.close(4401)

    async def use(door: Door, url: str) -> None:
        for path in ("/venue/ws", "/nowhere"):
            with pytest.raises(HandshakeRefused) as caught:
                await door.connect(url + path, within=5.0)
            assert caught.value.status == 403

    wire(at(refuse), use)


@both
def test_a_closing_has_its_code_and_reason_after_what_was_said_before_it(wire: Wire) -> None:
    async def part(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("one")
        await socket.send_text("two")
        await socket.close(4401, "Unauthorized: secret")

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        assert [await channel.receive(), await channel.receive()] == ["one", "two"]
        for _ in range(2):
            assert await closed(channel) == (4401, "Unauthorized: secret")
        with pytest.raises(ChannelClosed) as caught:
            await channel.send("anybody there?")
        assert caught.value.code == 4401
        assert str(caught.value) == "the connection was closed: code 4401"
        await channel.close()

    wire(at(part), use)


@both
def test_an_application_that_just_ends_broke_off(wire: Wire) -> None:
    async def leave(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("one")

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        assert await channel.receive() == "one"
        assert await closed(channel) == (1006, "")

    wire(at(leave), use)


@both
@pytest.mark.parametrize(("how", "code"), [("closes", 1000), ("closes with a code", 4000), ("closes its door", 1005)])
def test_the_application_sees_the_client_go(wire: Wire, how: str, code: int) -> None:
    saw: list[int] = []

    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await socket.receive_text()
        except WebSocketDisconnect as gone:
            saw.append(gone.code)

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        reading = asyncio.ensure_future(closed(channel))
        await asyncio.sleep(0)
        match how:
            case "closes":
                await channel.close()
            case "closes with a code":
                await channel.close(4000)
            case _:
                await door.close()
        assert await until(saw) == code
        assert await reading == (1006 if code == 1005 else code, "")

    wire(at(listen), use)


@both
def test_who_sends_to_a_client_that_is_gone_is_told_so(wire: Wire) -> None:
    saw: list[int] = []

    async def push(socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                await socket.send_text("again")
                await asyncio.sleep(0.01)
        except WebSocketDisconnect as gone:
            saw.append(gone.code)

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        assert await channel.receive() == "again"
        await channel.close()
        assert await until(saw) == 1006

    wire(at(push), use)


@both
def test_a_connection_is_waited_for_so_long_and_the_application_sees_the_client_go(wire: Wire) -> None:
    saw: list[Any] = []

    async def think(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            assert (await receive())["type"] == "websocket.connect"
            saw.append(await receive())

    async def use(door: Door, url: str) -> None:
        with pytest.raises(NotConnected, match=r"nothing within 0\.2 s"):
            await connected(door, url, within=0.2)
        assert (await until(saw))["type"] == "websocket.disconnect"

    wire(think, use)


@both
@pytest.mark.parametrize("coding", ["text", "bytes"])
def test_a_message_that_is_too_large_ends_the_channel(wire: Wire, coding: str) -> None:
    saw: list[int] = []

    async def flood(socket: WebSocket) -> None:
        await socket.accept()
        for size in (LIMIT, LIMIT + 1):  # compressed, both are a few hundred bytes
            await (socket.send_text("x" * size) if coding == "text" else socket.send_bytes(b"x" * size))
        try:
            await socket.receive_text()
        except WebSocketDisconnect as gone:
            saw.append(gone.code)

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        assert len(await channel.receive()) == LIMIT
        assert await closed(channel) == (1009, "")
        assert await until(saw) == 1009

    wire(at(flood), use)


@both
def test_bytes_are_text_or_end_the_channel(wire: Wire) -> None:
    async def say(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_bytes('{"£":1}'.encode())
        await socket.send_bytes(b"\xff\xfe")
        await socket.receive()

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        assert await channel.receive() == '{"£":1}'
        assert await closed(channel) == (1007, "")

    wire(at(say), use)


@both
def test_a_wait_that_is_given_up_loses_nothing(wire: Wire) -> None:
    async def late(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()
        await socket.send_text("at last")
        await socket.receive()

    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(channel.receive(), 0.01)
        await channel.send("now")
        assert await channel.receive() == "at last"
        await channel.close()

    wire(at(late), use)


@both
@pytest.mark.parametrize("header", [("X-Key", "secret\r\nHost: other"), ("X-Key\r\nHost", "secret"), ("X-Key", "secret€")])
def test_a_header_that_could_smuggle_a_line_reaches_nobody_and_is_not_quoted(wire: Wire, header: tuple[str, str]) -> None:
    saw: list[Any] = []

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        saw.append(scope)

    async def use(door: Door, url: str) -> None:
        with pytest.raises(NotConnected, match="header") as caught:
            await connected(door, url, headers=(header,))
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None

    wire(listen, use)
    assert saw == []


@both
def test_two_readers_and_a_code_nobody_closes_with_are_bugs_of_ours(wire: Wire) -> None:
    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url)
        reading = asyncio.ensure_future(channel.receive())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one reader"):
            await channel.receive()
        with pytest.raises(ValueError, match="1006"):
            await channel.close(1006)
        with pytest.raises(UnicodeEncodeError):
            await channel.send("\ud800")
        await channel.send("still there")
        assert await reading == "still there"
        await channel.close()

    wire(at(echo), use)


@both
def test_a_url_of_http_is_one_of_a_websocket_too_and_another_is_none(wire: Wire) -> None:
    async def use(door: Door, url: str) -> None:
        channel = await connected(door, url.replace("ws:", "http:"))
        await channel.send("hello")
        assert await channel.receive() == "hello"
        await channel.close()
        for wrong in ("ftp://venue/", "ws:///path", "/path"):
            with pytest.raises(ValueError, match="address") as caught:
                await door.connect(wrong + "?key=hidden", within=1.0)
            assert "hidden" not in str(caught.value)
        with pytest.raises(NotConnected, match="address"):
            await door.connect(url + "/ \r\nHost: other", within=1.0)

    wire(at(echo), use)
