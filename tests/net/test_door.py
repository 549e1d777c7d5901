"""The law of the door, over real TCP: every request ends as exactly one of a reply, NeverSent and ReplyUnknown, and
NeverSent means that the other end received not a single byte."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import threading
import time
import warnings

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.errors import NeverSent, ReplyUnknown
from planrunner.net.connection import Connection
from planrunner.net.departure import Departure
from planrunner.net.door import Door
from planrunner.net.message import Outgoing, address
from planrunner.net.transport import DoorTransport
from tests.net.support import Behaviour, HandClock, Peer, opened, post, reply, serving


async def answer(peer: Peer) -> None:
    while await peer.request():
        await peer.say(reply(b'{"ok":true}'))


async def accept_and_close(peer: Peer) -> None:
    peer.writer.close()


async def close_after_the_request(peer: Peer) -> None:
    await peer.request()


async def reset_after_the_request(peer: Peer) -> None:
    await peer.request()
    peer.writer.transport.abort()


async def half_a_head(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 200 OK\r\nContent-Le")


async def half_a_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(reply(b'{"ok":true}')[:-4])


async def say_nothing(peer: Peer) -> None:
    await peer.request()
    await asyncio.sleep(60)


async def drip(peer: Peer) -> None:
    await peer.request()
    for at in range(1000):
        await peer.say(reply(b"x" * 2000)[at : at + 1])
        await asyncio.sleep(0.01)


async def talk_garbage(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"\x00\xffSSH-2.0-hello\r\n\r\n")


async def wrong_gzip(peer: Peer) -> None:
    await peer.request()
    await peer.say(reply(b"not gzip", "HTTP/1.1 200 OK", "Content-Encoding: gzip"))


async def cut_gzip(peer: Peer) -> None:
    await peer.request()
    await peer.say(reply(gzip.compress(b'{"ok":true}' * 100)[:-12], "HTTP/1.1 200 OK", "Content-Encoding: gzip"))


LOST = (
    accept_and_close, close_after_the_request, reset_after_the_request, half_a_head, half_a_body, say_nothing, drip,
    talk_garbage, wrong_gzip, cut_gzip,
)  # fmt: skip


@pytest.mark.parametrize("behaviour", LOST, ids=lambda one: one.__name__)
def test_whatever_goes_wrong_after_a_byte_left_is_unknown(behaviour: Behaviour) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(behaviour) as server, opened(clock) as door:
            with pytest.raises(ReplyUnknown):
                await post(door, server.url, clock.send_by(), within=0.2)

    asyncio.run(main())


def test_a_refused_connection_and_an_unknown_name_are_proof() -> None:
    async def main() -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        async with opened(HandClock()) as door:
            with pytest.raises(NeverSent, match="refused"):
                await post(door, f"http://127.0.0.1:{port}/")
            with pytest.raises(NeverSent, match="name is not known"):
                await post(door, "http://no-such-host.invalid/")

    asyncio.run(main())


def test_a_request_given_up_at_any_moment_loses_no_socket() -> None:
    async def given_up_after(turns: int, door: Door, url: str) -> None:
        request = asyncio.ensure_future(post(door, url))
        for _ in range(turns):
            await asyncio.sleep(0)
        request.cancel()
        await asyncio.wait([request])

    async def main() -> None:
        async with serving(answer) as server:
            for turns in range(40):
                async with opened(HandClock()) as door:
                    await given_up_after(turns, door, server.url)

    with warnings.catch_warnings(record=True) as lost:
        warnings.simplefilter("always", ResourceWarning)
        asyncio.run(main())
        gc.collect()
    assert [str(warning.message) for warning in lost] == []


def test_a_server_that_is_no_tls_server_gets_no_request() -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(talk_garbage) as server, opened(clock) as door:
            with pytest.raises(NeverSent):
                await post(door, server.url.replace("http:", "https:"), clock.send_by(), within=0.5)
        assert b"X-Application" not in b"".join(server.received)

    asyncio.run(main())


@pytest.mark.parametrize("hand", ["wall", "age"])
@pytest.mark.parametrize("kept", [False, True])
def test_when_either_clock_is_late_nothing_leaves(hand: str, kept: bool) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(answer) as server, opened(clock) as door:
            if kept:
                await post(door, server.url)
            before, send_by = server.bytes, clock.send_by(2.0)
            if hand == "wall":
                clock.wall = send_by.wall.replace(microsecond=1)
            else:
                clock.seconds = send_by.age + 0.001
            with pytest.raises(NeverSent, match="moment"):
                await post(door, server.url, send_by)
            await asyncio.sleep(0.05)
            assert server.bytes == before

    asyncio.run(main())


def test_the_clock_is_read_when_the_bytes_leave_not_when_sending_began() -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(answer) as server, opened(clock) as door:
            asyncio.get_running_loop().call_soon(clock.advance, 3.0)  # frozen while connecting
            with pytest.raises(NeverSent, match="moment"):
                await post(door, server.url, clock.send_by(2.0))
            await asyncio.sleep(0.05)
            assert server.bytes == 0

    asyncio.run(main())


class Stuck(asyncio.Transport):
    """A transport whose system takes only so much at once."""

    def __init__(self, *, held: int, takes: int) -> None:
        super().__init__()
        self.held, self.takes = held, takes
        self.written: list[bytes] = []
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.held

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written.append(data)
        self.held += max(len(data) - self.takes, 0)

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


def through(transport: Stuck) -> Departure:
    """One dated request through a connection on this transport; the error tells the rest."""
    clock = HandClock()
    departure = Departure(clock, clock.send_by())

    async def main() -> None:
        connection = Connection()
        connection.connection_made(transport)
        request = Outgoing(method="POST", url="http://venue/", headers=(), content=b"x" * 100)
        await asyncio.wait_for(connection.exchange(request, address(request.url), departure), 0.1)

    with pytest.raises((NeverSent, ConnectionError)) as caught:
        asyncio.run(main())
    assert isinstance(caught.value, NeverSent) is not departure.left
    return departure


def test_a_full_buffer_is_refused() -> None:
    transport = Stuck(held=1, takes=1000)
    assert not through(transport).left
    assert transport.written == []


def test_what_the_system_does_not_take_at_once_never_leaves_later() -> None:
    transport = Stuck(held=0, takes=150)
    assert through(transport).left
    assert len(transport.written) == 1
    assert transport.aborted


def test_head_and_body_leave_in_one_write() -> None:
    transport = Stuck(held=0, takes=150)
    through(transport)
    assert transport.written[0].startswith(b"POST / HTTP/1.1\r\nHost: venue\r\n")
    assert transport.written[0].endswith(b"\r\n\r\n" + b"x" * 100)


def test_connections_are_kept() -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(answer) as server, opened(clock) as door:
            for _ in range(5):
                assert await post(door, server.url, clock.send_by()) == b'{"ok":true}'
            assert len(server.received) == 1

    asyncio.run(main())


def test_a_placement_takes_no_chances_with_a_connection_idle_for_long() -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(answer) as server, opened(clock) as door:
            await post(door, server.url)
            clock.advance(5.0)
            await post(door, server.url)
            assert len(server.received) == 1
            clock.advance(5.0)
            await post(door, server.url, clock.send_by())
            assert len(server.received) == 2

    asyncio.run(main())


def test_a_closing_that_the_loop_has_not_looked_at_yet_is_seen_before_a_request_is_given_to_it() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(2.0)
    received: list[bytes] = []

    def serve() -> None:
        for _ in range(2):
            peer, _ = listener.accept()
            received.append(peer.recv(65536))
            peer.sendall(reply(b'{"ok":true}'))
            peer.close()

    server = threading.Thread(target=serve, daemon=True)
    server.start()

    async def main() -> None:
        clock = HandClock()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        async with opened(clock) as door:
            await post(door, url, clock.send_by())
            time.sleep(0.1)  # the loop stands still while the server closes
            assert await post(door, url, clock.send_by()) == b'{"ok":true}'

    asyncio.run(main())
    server.join(2.0)
    listener.close()
    assert len(received) == 2


def test_a_late_reply_is_never_taken_for_the_answer_to_the_next_request() -> None:
    async def slow_once(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.2 if peer.number == 0 else 0)
        await peer.say(reply(b"late" if peer.number == 0 else b"mine"))

    async def main() -> None:
        clock = HandClock()
        async with serving(slow_once) as server, opened(clock) as door:
            with pytest.raises(ReplyUnknown):
                await post(door, server.url, within=0.05, content=b"first")
            assert await post(door, server.url, content=b"second") == b"mine"

    asyncio.run(main())


def test_what_is_said_unasked_after_a_reply_closes_the_connection() -> None:
    async def chatty(peer: Peer) -> None:
        while await peer.request():
            await peer.say(reply(b"one") + reply(b"two"))

    async def main() -> None:
        clock = HandClock()
        async with serving(chatty) as server, opened(clock) as door:
            assert [await post(door, server.url) for _ in range(3)] == [b"one"] * 3
            assert len(server.received) == 3

    asyncio.run(main())


def test_compressed_replies_are_read_and_endless_ones_are_not() -> None:
    async def zipped(peer: Peer) -> None:
        for size in (1_000, 10_000_000):
            await peer.request()
            await peer.say(reply(gzip.compress(b" " * size), "HTTP/1.1 200 OK", "Content-Encoding: gzip"))

    async def endless(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            await peer.say(b" " * 10_000)

    async def main() -> None:
        async with serving(zipped) as server, opened(HandClock(), body_limit=100_000) as door:
            assert await post(door, server.url) == b" " * 1_000
            with pytest.raises(ReplyUnknown, match="larger"):
                await post(door, server.url)
        async with serving(endless) as server, opened(HandClock(), body_limit=100_000) as door:
            with pytest.raises(ReplyUnknown, match="larger"):
                await post(door, server.url)

    asyncio.run(main())


def test_a_header_that_could_smuggle_a_line_is_not_sent_and_not_quoted() -> None:
    async def main() -> None:
        async with serving(answer) as server, opened(HandClock()) as door:
            with pytest.raises(NeverSent) as caught:
                await door.send("POST", server.url, (("X-Application", "secret\r\nHost: other"),), b"", within=1.0)
            assert "secret" not in str(caught.value)
            assert caught.value.__cause__ is None
            assert server.bytes == 0

    asyncio.run(main())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([reply(b"[]"), b"HTTP/1.1 ", b"\r\n", b"\r\n\r\n"]), max_size=4))
def test_any_bytes_at_all_come_back_as_a_reply_or_as_unknown(said: list[bytes]) -> None:
    async def say(peer: Peer) -> None:
        await peer.request()
        for data in said:
            await peer.say(data)

    async def main() -> None:
        async with serving(say) as server, opened(HandClock()) as door:
            try:
                await post(door, server.url)
            except ReplyUnknown:
                return

    asyncio.run(main())


def test_httpx_comes_through_the_same_door() -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(answer) as server, opened(clock) as door, httpx.AsyncClient(transport=DoorTransport(door)) as client:
            response = await client.post(server.url, json={"a": 1}, extensions={"send_by": clock.send_by()})
            assert response.json() == {"ok": True}
            before, late = server.bytes, clock.send_by(-1.0)
            with pytest.raises(NeverSent):
                await client.post(server.url, json={}, extensions={"send_by": late})
            assert server.bytes == before

    asyncio.run(main())
