"""A clock to set by hand and tiny servers that misbehave on purpose, over real TCP."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.ports import SendBy

START = datetime(2026, 12, 5, 14, 0, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved; its two hands can be moved apart, as by setting the wall clock."""

    def __init__(self) -> None:
        self.wall = START
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.wall

    def age(self) -> float:
        return self.seconds

    async def sleep_until(self, at: datetime) -> None:
        raise AssertionError(f"nobody sleeps until {at} here")

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds

    def send_by(self, seconds: float = 2.0) -> SendBy:
        return SendBy(wall=self.wall + timedelta(seconds=seconds), age=self.seconds + seconds)


@dataclass
class Server:
    """What it received, one entry for each connection."""

    url: str = ""
    received: list[bytes] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(map(len, self.received))


class Peer:
    """The server's end of one connection. `request` reads a whole request."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self.number = len(server.received)
        self._reader = reader
        self.writer = writer
        server.received.append(b"")

    async def request(self) -> bool:
        head = await self._read(self._reader.readuntil(b"\r\n\r\n"))
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        return bool(head) and (length == 0 or bool(await self._read(self._reader.readexactly(length))))

    def text(self) -> str:
        """What it said so far."""
        return self._server.received[self.number].decode("latin-1")

    async def read(self, count: int) -> bytes:
        return await self._read(self._reader.readexactly(count))

    async def _read(self, reading: Awaitable[bytes]) -> bytes:
        try:
            data = await reading
        except asyncio.IncompleteReadError as error:
            data = error.partial
        self._server.received[self.number] += data
        return data

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()


Behaviour = Callable[[Peer], Awaitable[None]]


def reply(content: bytes = b"{}", head: str = "HTTP/1.1 200 OK", *headers: str) -> bytes:
    lines = "\r\n".join([head, f"Content-Length: {len(content)}", *headers])
    return lines.encode() + b"\r\n\r\n" + content


@contextlib.asynccontextmanager
async def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(Peer(server, reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/exchange"
    try:
        yield server
    finally:
        listening.close()


@contextlib.asynccontextmanager
async def opened(clock: HandClock, *, body_limit: int = 1_000_000, tls: ssl.SSLContext | None = None) -> AsyncIterator[Door]:
    door = Door(SocketWire(clock, body_limit=body_limit, tls=tls), clock)
    try:
        yield door
    finally:
        await door.close()
        await asyncio.sleep(0)


async def post(door: Door, url: str, send_by: SendBy | None = None, *, within: float = 2.0, content: bytes = b'{"a":1}') -> bytes:
    answer = await door.send("POST", url, (("X-Application", "key"),), content, within=within, send_by=send_by)
    return answer.content
