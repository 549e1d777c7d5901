"""Connections to real hosts: for requests, kept alive in between, and for channels."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

import aiohappyeyeballs

from planrunner.net.channel import MESSAGE_LIMIT, Channel, Opening
from planrunner.net.connection import BODY_LIMIT, Connection
from planrunner.net.departure import Departure
from planrunner.net.message import Address, Outgoing, Reply, address
from planrunner.ports import Clock

if TYPE_CHECKING:
    from planrunner.net.socket_channel import SocketChannel

# A request that meets a server's own closing of the connection has left, and its fate is unknown. Servers close idle
# connections after 5 s (uvicorn) to 3 min (Betfair), so a placement takes a connection used within the last 4 s, or a new
# one; a read can be asked again and takes its chances longer.
IDLE_FOR_PLACEMENTS = 4.0
IDLE_FOR_READS = 60.0
KEPT_PER_HOST = 8
# The system takes this much in one write on an empty connection: larger than any request of ours (50 orders are 15 KiB).
SEND_BUFFER = 256 * 1024


class SocketWire:
    """HTTP/1.1 over TCP and TLS, one connection for each request under way and for each channel. Proxies are not used."""

    def __init__(
        self,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        body_limit: int = BODY_LIMIT,
        message_limit: int = MESSAGE_LIMIT,
    ) -> None:
        self._clock = clock
        self._body_limit = body_limit
        self._message_limit = message_limit
        self._tls = tls
        self._idle: dict[tuple[bool, str, int], list[Connection]] = {}
        self._channels: list[SocketChannel] = []

    async def exchange(self, request: Outgoing, departure: Departure) -> Reply:
        to = address(request.url)
        connection = self._take(to, departure) or await self._connect(to)
        reply = await connection.exchange(request, to, departure)
        self._keep(to, connection)
        return reply

    async def connect(self, asked: Opening) -> Channel:
        from planrunner.net.socket_channel import open_channel

        tls = self._context() if asked.to.tls else None
        channel = await open_channel(asked, await _reach(asked.to), tls=tls, limit=self._message_limit)
        self._channels = [*(one for one in self._channels if one.is_open), channel]
        return channel

    async def close(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()
        for channel in self._channels:
            await channel.abort()
        self._channels.clear()

    def _take(self, to: Address, departure: Departure) -> Connection | None:
        """The connection used last, if it is young and quiet enough. Nothing is awaited from here to the write."""
        limit = IDLE_FOR_PLACEMENTS if departure.is_dated else IDLE_FOR_READS
        idle = self._idle.get((to.tls, to.host, to.port), [])
        while idle:
            connection = idle.pop()
            if self._clock.age() - connection.idle_since <= limit and connection.is_quiet():
                return connection
            connection.abort()
        return None

    def _keep(self, to: Address, connection: Connection) -> None:
        idle = self._idle.setdefault((to.tls, to.host, to.port), [])
        if not connection.is_usable or len(idle) >= KEPT_PER_HOST:
            connection.abort()
            return
        connection.idle_since = self._clock.age()
        idle.append(connection)

    async def _connect(self, to: Address) -> Connection:
        loop = asyncio.get_running_loop()
        won = await _reach(to)
        transport, connection = await loop.create_connection(lambda: Connection(self._body_limit), sock=won)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if to.tls:
            # Upgraded by hand, so that the buffer below TLS stays visible: see Connection.
            secure = await loop.start_tls(transport, connection, self._context(), server_hostname=to.host)
            assert secure is not None
            connection.secured(secure)
        return connection

    def _context(self) -> ssl.SSLContext:
        """The system's trust, if not another was given; made by the first connection that needs it."""
        self._tls = self._tls or ssl.create_default_context()
        return self._tls


async def _reach(to: Address) -> socket.socket:
    """Connected over TCP."""
    hosts = await asyncio.get_running_loop().getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    # Not asyncio's own race for the first address that answers: cancelled at the wrong moment it forgets the socket that won.
    return await aiohappyeyeballs.start_connection(hosts, happy_eyeballs_delay=0.25)
