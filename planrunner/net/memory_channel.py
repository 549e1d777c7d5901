"""The in-memory twin of a WebSocket: a channel to an ASGI application, which sees what it would see behind a server.

What one end says is there for the other at once, as a task that is ready: virtual time stands still until it was heard. An end
that waits to hear something is no task that is ready, so time goes on.
"""

from __future__ import annotations

import asyncio

from planrunner.net.application import Message, reply, scope
from planrunner.net.channel import (
    NO_CODE,
    NORMAL,
    NOT_OFFERED,
    NOT_TEXT,
    TOO_LARGE,
    TWO_READERS,
    WITHOUT_A_WORD,
    ChannelClosed,
    HandshakeRefused,
    Opening,
    checked,
)
from planrunner.net.departure import Broken
from planrunner.net.message import Reply


class MemoryChannel:
    """The client's end. See `channel.Channel`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()  # None: nothing comes any more
        self._is_read = False
        self._closed: ChannelClosed | None = None
        self.told: asyncio.Queue[Message] = asyncio.Queue()  # what the application is to receive
        self.subprotocol: str | None = None

    @property
    def is_open(self) -> bool:
        return self._closed is None

    async def send(self, text: str) -> None:
        text.encode()  # raises what it would on a socket
        if self._closed is not None:
            raise ChannelClosed(self._closed.code, self._closed.reason)
        self.told.put_nowait({"type": "websocket.receive", "text": text})

    async def receive(self) -> str:
        if self._is_read:
            raise RuntimeError(TWO_READERS)
        self._is_read = True
        try:
            text = await self._heard.get()
        finally:
            self._is_read = False
        if text is not None:
            return text
        self._heard.put_nowait(None)
        assert self._closed is not None
        raise ChannelClosed(self._closed.code, self._closed.reason)

    async def close(self, code: int = NORMAL) -> None:
        self.end(checked(code))

    def end(self, code: int, reason: str = "", *, tell: int | None = None) -> None:
        """For good, and the first time counts. The application is told the same code, if not another."""
        if self._closed is None:
            self._closed = ChannelClosed(code, reason)
            self._heard.put_nowait(None)
            self.told.put_nowait({"type": "websocket.disconnect", "code": tell or code, "reason": reason})

    def hear(self, message: Message) -> None:
        """Text, or bytes that are text; what could not be taken over a socket ends the channel."""
        data: bytes = message["bytes"] if message.get("bytes") is not None else message["text"].encode()
        if len(data) > self._limit:
            self.end(TOO_LARGE)
            return
        try:
            self._heard.put_nowait(data.decode())
        except UnicodeDecodeError:
            self.end(NOT_TEXT)


class Serving:
    """The application's end: `scope`, `receive` and `send` are what it is called with."""

    def __init__(self, asked: Opening, limit: int) -> None:
        self._offered = asked.subprotocols
        offer = [("sec-websocket-protocol", ", ".join(asked.subprotocols))] if asked.subprotocols else []
        self.scope: Message = {
            **scope(asked.to, [*asked.headers, *offer], spec="2.4"),
            "type": "websocket",
            "scheme": "wss" if asked.to.tls else "ws",
            "subprotocols": list(asked.subprotocols),
            "extensions": {"websocket.http.response": {}},
        }
        self.opened: asyncio.Future[MemoryChannel] = asyncio.get_running_loop().create_future()
        self._channel = MemoryChannel(limit)
        self._channel.told.put_nowait({"type": "websocket.connect"})
        self._refusal: Message | None = None
        self._parts: list[bytes] = []
        self._said_all = False

    async def receive(self) -> Message:
        return await self._channel.told.get()

    async def send(self, message: Message) -> None:
        if self._said_all:
            raise RuntimeError(f"the application sends {message['type']} after it closed")
        if not self._channel.is_open:
            raise Gone("the client is gone")
        match self._state(), message["type"]:
            case "asked", "websocket.accept":
                self._accept(message.get("subprotocol"))
            case "asked", "websocket.close":
                self._refuse(Reply(status=403, headers=(), content=b""))  # as servers say it
            case "asked", "websocket.http.response.start":
                self._refusal = message
            case "refusing", "websocket.http.response.body":
                self._refuse_by(message)
            case "open", "websocket.send":
                self._channel.hear(message)
            case "open", "websocket.close":
                self._said_all = True
                self._channel.end(message.get("code") or NORMAL, message.get("reason") or "")
            case _, unexpected:
                raise RuntimeError(f"the application sends {unexpected} to a WebSocket that is {self._state()}")

    def gone(self) -> None:
        """The client went away and said nothing."""
        self._channel.end(WITHOUT_A_WORD, tell=NO_CODE if self.opened.done() and not self.opened.cancelled() else WITHOUT_A_WORD)

    def over(self, error: BaseException | None) -> BaseException | None:
        """The application ended, perhaps of an error, which is returned if nobody here is told of it."""
        self._channel.end(WITHOUT_A_WORD)
        if self.opened.done():
            return None if isinstance(error, Gone) else error
        self.opened.set_exception(error or Broken("the application ended without an answer"))
        return None

    def _state(self) -> str:
        if self.opened.done():
            return "open"
        return "asked" if self._refusal is None else "refusing"

    def _accept(self, subprotocol: str | None) -> None:
        if subprotocol and subprotocol not in self._offered:
            self._fail(Broken(NOT_OFFERED))
            return
        self._channel.subprotocol = subprotocol or None
        self.opened.set_result(self._channel)

    def _refuse_by(self, message: Message) -> None:
        assert self._refusal is not None
        self._parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            self._refuse(reply(self._refusal, b"".join(self._parts)))

    def _refuse(self, said: Reply) -> None:
        self._said_all = True
        self._fail(HandshakeRefused(said))

    def _fail(self, error: Exception) -> None:
        self.opened.set_exception(error)
        self._channel.end(WITHOUT_A_WORD)


class Gone(ConnectionError):
    """What a server raises in an application that sends to somebody who is not there any more."""
