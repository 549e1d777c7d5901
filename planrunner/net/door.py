"""The door that adapters use: one request out, one complete reply back, or the reason why not; and channels.

It speaks to its wire directly and builds no httpx objects. Client CPU of one small POST on a kept connection, measured
together on one core: `http.client` 0.13 ms, this door 0.21, the door behind `httpx.Request` and `Response` 0.31, behind
`httpx.AsyncClient` 0.38, `httpx.AsyncClient` with its own transport 0.92. Whoever wants httpx finds it in `transport`.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from planrunner.net.channel import Channel, NotConnected, Opening, opening
from planrunner.net.departure import Departure, in_words
from planrunner.net.message import Headers, Outgoing, Reply
from planrunner.ports import Clock, SendBy


class Wire(Protocol):
    """Carries requests and channels: over sockets (`SocketWire`), or to an application in this process (`MemoryWire`)."""

    async def exchange(self, request: Outgoing, departure: Departure) -> Reply:
        """The complete reply. Raises NeverSent or an OSError, and `departure.left` tells what the latter means."""
        ...

    async def connect(self, asked: Opening) -> Channel:
        """Open for both. Raises HandshakeRefused or an OSError."""
        ...

    async def close(self) -> None: ...


class Door:
    """Every request ends as exactly one of three: a reply, NeverSent, ReplyUnknown."""

    def __init__(self, wire: Wire, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock

    async def send(
        self, method: str, url: str, headers: Headers, content: bytes, *, within: float, send_by: SendBy | None = None
    ) -> Reply:
        """One request `within` seconds, connecting included; with `send_by` nothing leaves after that moment.

        The timeout is a timer of the running loop. A rehearsal's loop keeps virtual time and jumps to it, so a lost reply
        costs no waiting there; on a real loop it is the system's monotonic clock.
        """
        departure = Departure(self._clock, send_by)
        request = Outgoing(method=method, url=url, headers=headers, content=content)
        try:
            async with asyncio.timeout(within):
                return await self._wire.exchange(request, departure)
        except OSError as error:  # timeouts, names, sockets, TLS: all of them are
            raise departure.outcome(error, within) from error

    async def connect(self, url: str, *, headers: Headers = (), subprotocols: tuple[str, ...] = (), within: float) -> Channel:
        """A WebSocket, open `within` seconds. `subprotocols` come in the order they are liked.

        Raises NotConnected: HandshakeRefused with the reply that came instead, or plainly with the cause.
        """
        asked = opening(url, headers, subprotocols)
        try:
            async with asyncio.timeout(within):
                return await self._wire.connect(asked)
        except OSError as error:
            raise NotConnected(f"no connection came about: {in_words(error, within)}") from error

    async def close(self) -> None:
        await self._wire.close()
