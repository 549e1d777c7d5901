"""A connection for subscriptions, in the older dialect `graphql-ws` and the newer `graphql-transport-ws`.

It sleeps until something is due or it is woken: by a request that changed something, by a message, by its own reader. Nobody can
wake it when somebody sets a real clock or makes something happen by hand, so on a real clock it looks again each second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, OperationType
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from planrunner.sandbox.clock import RealClock, from_ms
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import SECOND
from planrunner.sandbox.tote import graph
from planrunner.sandbox.tote.auth import Doorkeeper
from planrunner.sandbox.tote.dialects import DIALECTS, MODERN, Dialect
from planrunner.sandbox.tote.messages import BET_ROOTS, UNASKED, Message
from planrunner.sandbox.tote.tote import Tote
from planrunner.sandbox.tote.wire import Json, dumps, loads

KEEP_ALIVE = 25 * SECOND
# A server that is restarted; the standard's own numbers for the others.
DROPPED, UNACCEPTABLE = 1012, 4406
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, SAME_ID, SECOND_HELLO = 4400, 4401, 4403, 4409, 4429


class Closing(Exception):
    """The connection ends, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    root: str
    document: DocumentNode
    variables: dict[str, Any]
    operation: str | None


@dataclass(slots=True, kw_only=True, eq=False)
class Socket:
    """`is_flat`: raw messages, pushed as soon as it is known who listens."""

    tote: Tote
    doorkeeper: Doorkeeper
    websocket: WebSocket
    is_flat: bool = False
    _dialect: Dialect = DIALECTS[0]
    _owner: str | None = None
    _is_greeted: bool = False
    _fault: Fault | None = None
    _subscriptions: dict[str, Subscription] = field(default_factory=dict)
    _outbox: deque[Json] = field(default_factory=deque)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: Closing | None = None
    _closes_at: int | None = None
    _alive_at: int | None = None

    async def serve(self) -> None:
        now = self.tote.advance()
        self._fault = self.tote.faults.strike("connection")
        self.tote.note("request", now, call="connection", subprotocols=self.websocket.scope.get("subprotocols", []))
        if self._fault is not None:
            self.tote.note("fault", now, call="connection", trouble=self._fault.trouble.value)
        self.is_flat = self.is_flat or self.tote.card.pools.flat_messages or self._is_struck(Trouble.FLAT_MESSAGES)
        if not await self._accept():
            return
        if self.is_flat:
            self._owner = self.doorkeeper.owner(self.websocket.headers.get("authorization"), now)
        self.tote.messages.listeners.append(self)
        try:
            async with asyncio.TaskGroup() as both:  # a bug in one of them ends the other, and is told
                writer = both.create_task(self._write())
                await self._read()
                writer.cancel()
        finally:
            self.tote.messages.listeners.remove(self)

    def hear(self, message: Message) -> None:
        """A message for whoever listens now."""
        if message.owner not in (None, self._owner) or self._owner is None:
            return
        if self.is_flat:
            if message.root in UNASKED or message.root not in graph.subscriptions():
                self._say(message.flat())
            return
        for name, one in self._subscriptions.items():
            if one.root == message.root:
                data = graph.run(
                    graph.connections(), one.document, root={one.root: message.data}, variables=one.variables,
                    operation=one.operation,
                )  # fmt: skip
                self._say(self._dialect.event(name, dict(data.formatted)))

    def wake(self) -> None:
        self._bell.set()

    def drop(self, owner: str) -> None:
        if owner == self._owner:
            self._end(Closing(DROPPED, "Service Restart"))

    async def _accept(self) -> bool:
        """With the first dialect that is offered and known; without an offer, the older one."""
        offered = self.websocket.scope.get("subprotocols", [])
        known = [one for name in offered for one in DIALECTS if one.name == name]
        pages = {Trouble.UNAUTHORIZED: 401, Trouble.TOO_MANY_REQUESTS: 429, Trouble.HTTP_503: 503, Trouble.FORBIDDEN_PAGE: 403}
        if self._fault and self._fault.trouble in pages and self._fault.trouble is not Trouble.UNAUTHORIZED:
            await self._deny(pages[self._fault.trouble])
            return False
        if offered and not known:
            await self.websocket.accept()
            await self.websocket.close(UNACCEPTABLE, "Subprotocol not acceptable")
            return False
        self._dialect = known[0] if known else DIALECTS[0]
        await self.websocket.accept(self._dialect.name if known else None)
        return True

    async def _deny(self, status: int) -> None:
        """With a page, where the server can; else as it refuses connections."""
        if "websocket.http.response" in self.websocket.scope.get("extensions", {}):
            await self.websocket.send_denial_response(Response(status_code=status))
        else:
            await self.websocket.close()

    async def _read(self) -> None:
        """Until the client goes, or the writer has closed."""
        while True:
            try:
                text = await self.websocket.receive_text()
            except (WebSocketDisconnect, RuntimeError, KeyError):  # RuntimeError: the writer has closed it meanwhile
                return
            self.tote.advance()
            try:
                self._take(text)
            except Closing as closing:
                self._end(closing)

    def _take(self, text: str) -> None:
        """One message of the client's."""
        try:
            message = loads(text)
        except ValueError as wrong:
            raise Closing(BAD_REQUEST, "Invalid message") from wrong
        kind = message.get("type") if isinstance(message, dict) else None
        match kind:
            case "connection_init":
                self._greet(message.get("payload"))
            case "ping" if self._dialect is MODERN:
                self._say({"type": "pong"})
            case "pong" if self._dialect is MODERN:
                pass
            case self._dialect.subscribe:
                self._subscribe(message)
            case self._dialect.unsubscribe:
                self._subscriptions.pop(str(message.get("id")), None)
            case "connection_terminate" if self._dialect is not MODERN:
                raise Closing(1000, "")
            case _:
                self._misunderstood(kind)

    def _greet(self, payload: Json) -> None:
        if self._is_greeted and self._dialect is MODERN:
            raise Closing(SECOND_HELLO, "Too many initialisation requests")
        given = payload.get("authorization") or payload.get("Authorization") if isinstance(payload, dict) else None
        now = self.tote.world.now
        owner = self.doorkeeper.owner(given if isinstance(given, str) else None, now)
        if self._is_struck(Trouble.UNAUTHORIZED):
            raise Closing(UNAUTHORIZED, "Unauthorized")
        if owner is None or self._is_struck(Trouble.CONNECTION_REFUSED):
            if self._dialect is MODERN:
                raise Closing(FORBIDDEN, "Forbidden")
            self._say({"type": "connection_error", "payload": {"message": "Unauthorized"}})
            raise Closing(FORBIDDEN, "Forbidden")
        self._owner, self._is_greeted = owner, True
        self._say({"type": "connection_ack"})
        if not self._is_struck(Trouble.NO_KEEP_ALIVE):
            self._alive_at = now if self._dialect is not MODERN else now + KEEP_ALIVE
        if self._fault and self._is_struck(Trouble.SOCKET_DROPPED):
            self._closes_at = now + self._fault.seconds * SECOND

    def _subscribe(self, message: Json) -> None:
        name, payload = message.get("id"), message.get("payload")
        if not self._is_greeted:
            raise Closing(UNAUTHORIZED, "Unauthorized")
        if not isinstance(name, str) or not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
            raise Closing(BAD_REQUEST, "Invalid message")
        if name in self._subscriptions:
            raise Closing(SAME_ID, f"Subscriber for {name} already exists")
        document = graph.connections_document(payload["query"])
        if isinstance(document, tuple):
            self._say(self._dialect.error(name, [error.formatted for error in document]))
            return
        self._begin(name, document, payload.get("variables") or {}, payload.get("operationName"))

    def _begin(self, name: str, document: DocumentNode, variables: dict[str, Any], operation: str | None) -> None:
        found = graph.operation_of(document, operation)
        if found is None:
            self._say(self._dialect.error(name, [{"message": "It is not said which operation is meant."}]))
            return
        if found.operation is not OperationType.SUBSCRIPTION:
            result = graph.run(graph.connections(), document, variables=variables, operation=operation)
            self._say(self._dialect.event(name, dict(result.formatted)))
            self._say({"type": "complete", "id": name})
            return
        root = graph.asked(found, variables)[0]
        one = Subscription(root=root, document=document, variables=variables, operation=operation)
        self.tote.note("request", self.tote.world.now, call="subscribe", field=root)
        if root not in BET_ROOTS:
            self.tote.watch.begin(root, self.tote.world.now)
        self._subscriptions[name] = one
        self.wake()

    def _misunderstood(self, kind: Any) -> None:
        if self._dialect is MODERN:
            raise Closing(BAD_REQUEST, "Invalid message")
        self._say({"type": "error", "payload": {"message": f"Invalid message type {kind!r}"}})

    def _is_struck(self, trouble: Trouble) -> bool:
        return self._fault is not None and self._fault.trouble is trouble

    def _say(self, message: Json) -> None:
        if self._closing is None:
            self._outbox.append(message)
            self.wake()

    def _end(self, closing: Closing) -> None:
        self._closing = self._closing or closing
        self.wake()

    async def _write(self) -> None:
        """Whatever there is to say; then sleep until there is more."""
        with suppress(WebSocketDisconnect, RuntimeError, OSError):  # the client is gone, which the reader hears too
            while True:
                now = self.tote.advance()
                self._keep_alive(now)
                while self._outbox:
                    await self.websocket.send_text(dumps(self._outbox.popleft()))
                if self._closing is not None:
                    await self.websocket.close(self._closing.code, str(self._closing))
                    return
                await self._sleep(now)

    def _keep_alive(self, now: int) -> None:
        if self._closes_at is not None and now >= self._closes_at:
            self._end(Closing(DROPPED, "Service Restart"))
        if self._alive_at is not None and now >= self._alive_at:
            self._alive_at = now + KEEP_ALIVE
            self._say(self._dialect.alive())

    async def _sleep(self, now: int) -> None:
        clock = self.tote.clock
        times = [self.tote.next_at(), *(at for at in (self._alive_at, self._closes_at) if at is not None)]
        if isinstance(clock, RealClock):
            times.append(now + SECOND)
        self._bell.clear()  # whatever it rang for is done or counted in
        timer = asyncio.create_task(self._ring(min(times)))
        try:
            await self._bell.wait()
        finally:
            timer.cancel()

    async def _ring(self, at: int) -> None:
        with suppress(OverflowError):  # never
            await self.tote.clock.sleep_until(from_ms(at))
            self._bell.set()
