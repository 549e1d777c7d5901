"""WebSockets to real hosts, spoken by the `websockets` library. This is the only module that knows it, and it is imported by the
first channel that is opened: a run without one does without the time it takes."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConcurrencyError, ConnectionClosed, InvalidStatus, NegotiationError, WebSocketException
from websockets.protocol import State
from websockets.typing import Subprotocol

from planrunner.net.channel import (
    NORMAL,
    NOT_OFFERED,
    TWO_READERS,
    WITHOUT_A_WORD,
    ChannelClosed,
    HandshakeRefused,
    Opening,
    checked,
)
from planrunner.net.departure import Broken
from planrunner.net.message import Reply

# How long the other end may take over its half of a closing. Nothing depends on it any more.
CLOSE_WITHIN = 1.0
NO_HANDSHAKE = "what came back is not the beginning of a WebSocket"

# The library writes every header and message to its log where somebody turned on debugging. To this one nobody listens.
_UNHEARD = logging.Logger("websockets", level=logging.CRITICAL + 1)


class SocketChannel:
    """See `channel.Channel`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @property
    def subprotocol(self) -> str | None:
        return self._connection.subprotocol

    async def send(self, text: str) -> None:
        data = text.encode()  # here: inside the library what can't be encoded would close the connection
        try:
            await self._connection.send(data, text=True)
        except ConnectionClosed as closed:
            raise _told(closed) from None

    async def receive(self) -> str:
        try:
            return await self._connection.recv(decode=True)
        except ConnectionClosed as closed:
            raise _told(closed) from None
        except ConcurrencyError:
            raise RuntimeError(TWO_READERS) from None

    async def close(self, code: int = NORMAL) -> None:
        await self._connection.close(checked(code))

    @property
    def is_open(self) -> bool:
        return self._connection.state is not State.CLOSED

    async def abort(self) -> None:
        """Without telling the other end."""
        self._connection.transport.abort()
        await self._connection.wait_closed()


async def open_channel(asked: Opening, over: socket.socket, *, tls: ssl.SSLContext | None, limit: int) -> SocketChannel:
    """The handshake on a connected socket, which is closed if nothing comes of it. Raises HandshakeRefused or an OSError."""
    to = asked.to
    secure: dict[str, Any] = {"ssl": tls, "server_hostname": to.host} if to.tls else {}
    try:
        connection = await _Connecting(
            f"{'wss' if to.tls else 'ws'}://{to.host_header}{to.target}",
            sock=over,
            additional_headers=list(asked.headers),
            subprotocols=[Subprotocol(name) for name in asked.subprotocols] or None,
            max_size=limit,
            user_agent_header=None,  # as with requests: an adapter says who it is, or nobody does
            proxy=None,
            open_timeout=None,  # the door has one for all of it
            close_timeout=CLOSE_WITHIN,
            ping_interval=None,  # every venue has its own way of showing that it is there
            logger=_UNHEARD,
            create_connection=_Connection,
            **secure,
        )
    except InvalidStatus as refused:
        answer = refused.response
        headers = tuple((name.lower(), value) for name, value in answer.headers.raw_items())
        raise HandshakeRefused(Reply(status=answer.status_code, headers=headers, content=bytes(answer.body))) from None
    except NegotiationError:
        raise Broken(NOT_OFFERED) from None
    except WebSocketException as error:
        gone = isinstance(error, ConnectionClosed) or isinstance(error.__cause__, EOFError)
        raise (ConnectionResetError() if gone else Broken(NO_HANDSHAKE)) from None
    return SocketChannel(connection)


class _Connecting(connect):
    """Follows no redirect: the library would take the headers along to wherever it leads, and an API key is one of them."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _Connection(ClientConnection):
    """Cut off when the other end does not do its half of a closing: the library's `recv` would wait for it for ever."""

    _cut: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._cut is None and self.protocol.close_expected():
            self._cut = self.loop.call_later(CLOSE_WITHIN, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._cut is not None:
            self._cut.cancel()


def _told(closed: ConnectionClosed) -> ChannelClosed:
    """By whoever closed it first; the other's frame only repeats the code."""
    if closed.rcvd is not None and (closed.sent is None or closed.rcvd_then_sent):
        return ChannelClosed(closed.rcvd.code, closed.rcvd.reason)
    return ChannelClosed(WITHOUT_A_WORD if closed.sent is None else closed.sent.code)
