"""Time and channels: a rehearsal's clock stands still while a message is under way, and a wait for one costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from planrunner.net.channel import ChannelClosed, NotConnected
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import Stalled, VirtualClock, run_virtual
from tests.net.support import START

URL = "wss://venue.invalid/ws"
HOUR = 3600


def rehearsed(app: Any, use: Callable[[Door, VirtualClock], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        door = Door(MemoryWire(app), clock)
        try:
            await use(door, clock)
        finally:
            await door.close()

    run_virtual(main, start=START)


def after(**passed: float) -> datetime:
    return START + timedelta(**passed)


def test_in_two_hours_of_waiting_every_push_comes_at_its_moment() -> None:
    async def push(socket: WebSocket) -> None:
        await socket.accept()
        for _ in range(2):
            await asyncio.sleep(HOUR)
            await socket.send_text("an hour later")
        await asyncio.sleep(1)
        await socket.close(4000)

    async def use(door: Door, clock: VirtualClock) -> None:
        channel = await door.connect(URL, within=1)
        heard = []
        for _ in range(2):
            heard.append((await channel.receive(), clock.now()))
            for _ in range(100):  # working on it takes a while, but no time
                await asyncio.sleep(0)
            assert heard[-1][1] == clock.now()
        assert heard == [("an hour later", after(hours=1)), ("an hour later", after(hours=2))]
        with pytest.raises(ChannelClosed):
            await channel.receive()
        assert clock.now() == after(hours=2, seconds=1)

    rehearsed(Starlette(routes=[WebSocketRoute("/ws", push)]), use)


def test_a_message_goes_to_and_fro_in_no_time() -> None:
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    async def use(door: Door, clock: VirtualClock) -> None:
        async def ticking() -> None:
            while True:
                await asyncio.sleep(0.001)

        ticks = asyncio.ensure_future(ticking())
        channel = await door.connect(URL, within=1)
        for count in range(100):
            await channel.send(str(count))
            assert await channel.receive() == str(count)
        assert clock.now() == START
        await channel.close()
        ticks.cancel()

    rehearsed(Starlette(routes=[WebSocketRoute("/ws", echo)]), use)


def test_what_a_request_sets_off_is_heard_at_the_same_moment() -> None:
    listening: list[WebSocket] = []

    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        listening.append(socket)
        await socket.receive()

    async def place(_: Request) -> Response:
        for socket in listening:
            await socket.send_text("placed")
        return Response("ok")

    async def use(door: Door, clock: VirtualClock) -> None:
        channel = await door.connect(URL, within=1)
        hearing = asyncio.ensure_future(channel.receive())
        await asyncio.sleep(HOUR)
        assert (await door.send("POST", "https://venue.invalid/place", (), b"", within=1)).status == 200
        assert await hearing == "placed"
        assert clock.now() == after(hours=1)
        await channel.close()

    routes = [WebSocketRoute("/ws", listen), Route("/place", place, methods=["POST"])]
    rehearsed(Starlette(routes=routes), use)


def test_an_answer_that_never_comes_costs_virtual_time_only() -> None:
    async def think(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(2 * HOUR)

    async def use(door: Door, clock: VirtualClock) -> None:
        with pytest.raises(NotConnected, match="nothing within 3600 s"):
            await door.connect(URL, within=HOUR)
        assert clock.now() == after(hours=1)

    rehearsed(think, use)


async def deaf(socket: WebSocket) -> None:
    await socket.accept()
    await asyncio.Event().wait()


def test_closing_the_door_waits_for_nobody() -> None:
    async def use(door: Door, clock: VirtualClock) -> None:
        channel = await door.connect(URL, within=1)
        await door.close()
        assert clock.now() == START
        with pytest.raises(ChannelClosed):
            await channel.receive()

    rehearsed(Starlette(routes=[WebSocketRoute("/ws", deaf)]), use)


def test_a_wait_for_what_can_never_come_is_seen() -> None:
    async def use(door: Door, _: VirtualClock) -> None:
        channel = await door.connect(URL, within=1)
        await channel.receive()

    with pytest.raises(Stalled):
        rehearsed(Starlette(routes=[WebSocketRoute("/ws", deaf)]), use)


def test_a_bug_of_the_application_is_loud_at_once_or_with_the_next_thing_asked() -> None:
    accepts = False

    async def break_(socket: WebSocket) -> None:
        if accepts:
            await socket.accept()
        raise ZeroDivisionError("a bug")

    async def use(door: Door, _: VirtualClock) -> None:
        nonlocal accepts
        with pytest.raises(ZeroDivisionError):
            await door.connect(URL, within=1)
        accepts = True
        channel = await door.connect(URL, within=1)
        with pytest.raises(ChannelClosed):
            await channel.receive()
        with pytest.raises(ZeroDivisionError):
            await door.connect(URL, within=1)

    rehearsed(Starlette(routes=[WebSocketRoute("/ws", break_)]), use)
