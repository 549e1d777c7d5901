"""What only a real host can do to a channel: lie, stall, break off in the middle, and not be there at all."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import logging
import socket
import struct
import time
import warnings
from collections.abc import Awaitable, Callable

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from planrunner.app.sandbox import STOP_WITHIN
from planrunner.net.channel import Channel, ChannelClosed, HandshakeRefused, NotConnected
from planrunner.net.door import Door
from tests.net.support import Behaviour, HandClock, Peer, opened, reply, serving
from tests.net.test_channel import at, closed, connected, served

Meet = Callable[[Peer], Awaitable[None]]


async def handshake(peer: Peer, *, accept: str | None = None) -> None:
    """A server's side of it, by hand."""
    await peer.request()
    lines = dict(line.split(": ", 1) for line in peer.text().split("\r\n")[1:] if line)
    key = lines["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = accept or base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    await peer.say(f"{head}{accept}\r\n\r\n".encode())


def frame(opcode: int, data: bytes, *, says: int | None = None) -> bytes:
    return bytes([0x80 | opcode]) + (b"\x7f" + struct.pack("!Q", says) if says else bytes([len(data)])) + data


def then(*said: bytes, stays: bool = False, resets: bool = False) -> Behaviour:
    """Shakes hands, says this, and goes, or stays without another word."""

    async def behave(peer: Peer) -> None:
        await handshake(peer)
        await peer.say(b"".join(said))
        if stays:
            await asyncio.sleep(60)
        if resets:
            peer.writer.transport.abort()

    return behave


def against(behaviour: Behaviour, use: Callable[[Door, str], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serving(behaviour) as server, opened(HandClock()) as door:
            await use(door, server.url)

    asyncio.run(main())


TEXT, CLOSE, PING = 1, 8, 9
GOODBYE = frame(CLOSE, struct.pack("!H", 4401) + b"key expired")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(then(frame(TEXT, b"half", says=500)), 1006, id="gone mid-frame"),
        pytest.param(then(frame(TEXT, b"half", says=500), resets=True), 1006, id="reset mid-frame"),
        pytest.param(then(), 1006, id="gone at once"),
        pytest.param(then(b"\x83\x00", stays=True), 1002, id="an opcode that is none"),
        pytest.param(then(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 80, stays=True), 1002, id="no frame at all"),
        pytest.param(then(frame(TEXT, b"\xff"), stays=True), 1007, id="no text"),
        pytest.param(then(frame(TEXT, b"", says=1 << 40), stays=True), 1009, id="says that a terabyte follows, and stays"),
        pytest.param(then(GOODBYE, stays=True), 4401, id="closes and leaves the connection open"),
    ],
)  # fmt: skip
def test_whatever_it_does_the_channel_ends_soon(behaviour: Behaviour, code: int) -> None:
    async def use(door: Door, url: str) -> None:
        channel = await door.connect(url, within=5.0)
        async with asyncio.timeout(5):
            assert await closed(channel) == (code, "key expired" if code == 4401 else "")

    against(behaviour, use)


def test_a_closing_that_is_not_answered_is_over_soon() -> None:
    async def use(door: Door, url: str) -> None:
        channel = await door.connect(url, within=5.0)
        reading = asyncio.ensure_future(closed(channel))
        began = time.monotonic()
        await channel.close()
        assert time.monotonic() - began < 3
        assert await reading == (1000, "")

    against(then(stays=True), use)


async def wrong_key(peer: Peer) -> None:
    await handshake(peer, accept="bm90IHRoZSBrZXk=")


async def half_a_handshake(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 101 Switching Pro")


async def no_handshake(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"SSH-2.0-hello\r\n\r\n")


async def hang_up(peer: Peer) -> None:
    peer.writer.close()


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (wrong_key, "not the beginning of a WebSocket"), (no_handshake, "not the beginning of a WebSocket"),
        (half_a_handshake, "connection was closed"), (hang_up, "connection was closed"),
    ],
)  # fmt: skip
def test_what_is_no_handshake_is_no_connection(behaviour: Behaviour, says: str) -> None:
    async def use(door: Door, url: str) -> None:
        with pytest.raises(NotConnected, match=says):
            await door.connect(url, within=5.0)

    against(behaviour, use)


def test_nobody_there_and_nobody_of_that_name() -> None:
    async def main() -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        async with opened(HandClock()) as door:
            with pytest.raises(NotConnected, match="refused"):
                await door.connect(f"ws://127.0.0.1:{port}/", within=5.0)
            with pytest.raises(NotConnected, match="name is not known"):
                await door.connect("wss://no-such-host.invalid/", within=5.0)

    asyncio.run(main())


def test_a_key_does_not_follow_a_redirect() -> None:
    async def elsewhere(peer: Peer) -> None:
        await peer.request()

    async def main() -> None:
        async with serving(elsewhere) as other, opened(HandClock()) as door:

            async def redirect(peer: Peer) -> None:
                await peer.request()
                await peer.say(reply(b"", "HTTP/1.1 307 Temporary Redirect", f"Location: {other.url}"))

            async with serving(redirect) as server:
                with pytest.raises(HandshakeRefused) as caught:
                    await door.connect(server.url, headers=(("X-Api-Key", "secret"),), within=5.0)
            assert caught.value.status == 307
            assert other.received == []

    asyncio.run(main())


def test_nothing_is_logged_whoever_listens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def use(door: Door, url: str) -> None:
        channel = await door.connect(url + "?key=secret", headers=(("X-Api-Key", "secret"),), within=5.0)
        await channel.send("secret")
        assert await channel.receive() == "secret"
        await channel.close()

    async def talk(peer: Peer) -> None:
        await handshake(peer)
        await peer.say(frame(TEXT, b"secret"))
        await peer.read(12)
        await peer.say(GOODBYE)

    against(talk, use)
    assert "secret" not in caplog.text


def test_a_ping_is_answered_and_none_is_sent() -> None:
    async def use(door: Door, url: str) -> None:
        channel = await door.connect(url, within=5.0)
        assert await channel.receive() == "pong"
        await channel.close()

    async def ask(peer: Peer) -> None:
        await handshake(peer)
        await peer.say(frame(PING, b"there?"))
        pong = await peer.read(12)
        assert pong[0] == 0x8A
        await peer.say(frame(TEXT, b"pong"))

    against(ask, use)


def test_a_connection_given_up_at_any_moment_loses_no_socket() -> None:
    async def given_up_after(turns: int, door: Door, url: str) -> None:
        connecting = asyncio.ensure_future(door.connect(url, within=5.0))
        for _ in range(turns):
            await asyncio.sleep(0)
        connecting.cancel()
        await asyncio.wait([connecting])

    async def main() -> None:
        async with serving(then(stays=True)) as server:
            for turns in range(40):
                async with opened(HandClock()) as door:
                    await given_up_after(turns, door, server.url)

    with warnings.catch_warnings(record=True) as lost:
        warnings.simplefilter("always", ResourceWarning)
        asyncio.run(main())
        gc.collect()
    assert [str(warning.message) for warning in lost] == []


def test_closing_the_door_ends_every_channel_at_once() -> None:
    async def main() -> None:
        async with serving(then(stays=True)) as server:
            async with opened(HandClock()) as door:
                channels: list[Channel] = [await door.connect(server.url, within=5.0) for _ in range(3)]
            for channel in channels:
                assert await closed(channel) == (1006, "")
                with pytest.raises(ChannelClosed):
                    await channel.send("anybody there?")

    asyncio.run(main())


@pytest.mark.parametrize("listens", [True, False])
def test_a_sandbox_that_stops_waits_for_no_open_channel(listens: bool) -> None:
    saw: list[int] = []

    async def stay(socket: WebSocket) -> None:
        await socket.accept()
        if not listens:
            await asyncio.Event().wait()
        with pytest.raises(WebSocketDisconnect) as gone:
            await socket.receive_text()
        saw.append(gone.value.code)

    async def main() -> None:
        async with opened(HandClock()) as door:
            async with served(at(stay)) as url:
                channel = await connected(door, url)
                began = time.monotonic()
            assert time.monotonic() - began < (1 if listens else 2 * STOP_WITHIN)
            assert await closed(channel) == (1012, "")

    asyncio.run(main())
    assert saw == ([1012] if listens else [])
