"""The socket: a login frame within 30 seconds, then frames as they come, pings that want an answer; five at most for a key."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from planrunner.sandbox.bookmakers import Key
from planrunner.sandbox.faults import Trouble
from planrunner.sandbox.oddspapi_abp.desk import NAME
from planrunner.sandbox.oddspapi_abp.hub import GLOBAL, OWN, Subscription
from planrunner.sandbox.oddspapi_abp.venue import Abp
from planrunner.sandbox.oddspapi_abp.wire import Json, dumps, loads

LOGIN_WITHIN = 30
PING_EVERY, PONG_WITHIN, BEAT_EVERY = 30, 120, 60
ACK_WITHIN = 5
CONNECTIONS = 5
REFUSED, GONE = 1008, 1001  # closing codes: policy, going away. The sheet has none.


class Over(Exception):
    """This connection ends, with a closing code and perhaps a last word."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(slots=True, kw_only=True)
class Sockets:
    """All connections, counted by client."""

    abp: Abp
    _open: dict[str, int] = field(default_factory=dict)

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            await self._connection(socket)
        except Over as over:
            await _close(socket, over)
        except WebSocketDisconnect:
            pass

    async def _connection(self, socket: WebSocket) -> None:
        key, asked = await self._login(socket)
        if self._open.get(key.name, 0) >= CONNECTIONS:
            raise Over(REFUSED, f"Maximum of {CONNECTIONS} connections per API key reached")
        self._open[key.name] = self._open.get(key.name, 0) + 1
        wanted = [name for name in asked.get("channels") or () if name in (*OWN, *GLOBAL)] or [*OWN, *GLOBAL]
        subscription = self.abp.desk.hub.subscribe(key.name, wanted, reliable=asked.get("reliableDelivery") is True)
        try:
            await socket.send_text(dumps(_welcome(key, subscription, wanted)))
            await _together(
                self._listen(socket, subscription),
                self._tell(socket, subscription),
                self._keep(socket, subscription),
                self.abp.pace(),
            )
        finally:
            self._open[key.name] -= 1
            self.abp.desk.hub.leave(subscription)

    async def _login(self, socket: WebSocket) -> tuple[Key, dict[str, Json]]:
        """Raises Over."""
        try:
            async with asyncio.timeout(LOGIN_WITHIN):
                frame = _read(await _text(socket))
        except TimeoutError:
            raise Over(REFUSED, "Login timeout") from None
        struck = self.abp.desk.faults.strike("ws-login")
        at = self.abp.advance()
        self.abp.desk.world.log.write("request", at, venue=NAME, call="ws-login", params={"channels": frame.get("channels")})
        if struck:
            self.abp.desk.world.log.write("fault", at, venue=NAME, call="ws-login", trouble=struck.trouble.value)
        if struck and struck.trouble is Trouble.CONNECTION_LOST:
            raise Over(GONE)
        key = self.abp.doors.key(str(frame.get("apiKey") or ""))
        if (
            frame.get("type") != "login"
            or not frame.get("apiKey")
            or key is None
            or (struck and struck.trouble is Trouble.REFUSED)
        ):
            raise Over(REFUSED, "Invalid or inactive API key")
        return key, frame

    async def _listen(self, socket: WebSocket, subscription: Subscription) -> None:
        while True:
            frame = _read(await _text(socket))
            match frame.get("type"):
                case "pong":
                    subscription.answered = asyncio.get_running_loop().time()
                case "ping":
                    await socket.send_text(dumps({"type": "pong"}))
                case "ack" if isinstance(frame.get("seq"), int):
                    subscription.ack(frame["seq"])
                case _:
                    pass  # what it does not know it passes over

    async def _tell(self, socket: WebSocket, subscription: Subscription) -> None:
        while True:
            subscription.stirred.clear()
            if subscription.lost:
                raise Over(GONE)
            while subscription.waiting:
                await socket.send_text(dumps(subscription.waiting[0]))
                subscription.waiting.popleft()
            await subscription.stirred.wait()

    async def _keep(self, socket: WebSocket, subscription: Subscription) -> None:
        """Pings and who does not answer them; what was not acknowledged; in the old generation a heartbeat and no more."""
        loop = asyncio.get_running_loop()
        subscription.answered = loop.time()
        beats = {ACK_WITHIN} if subscription.reliable else set()
        beats |= {BEAT_EVERY} if self.abp.desk.legacy else {PING_EVERY}
        for second in range(min(beats), 1 << 40, min(beats)):
            await asyncio.sleep(min(beats))
            if not self.abp.desk.legacy and loop.time() - subscription.answered >= PONG_WITHIN:
                raise Over(GONE, "Pong timeout")
            if self.abp.desk.legacy and second % BEAT_EVERY == 0:
                await socket.send_text(dumps({"type": "heartbeat", "ts": self.abp.desk.world.now}))
            if not self.abp.desk.legacy and second % PING_EVERY == 0:
                await socket.send_text(dumps({"type": "ping"}))
            if subscription.reliable:
                subscription.again()


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends; the others end with it."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in tasks if task in done]
        await ended[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _welcome(key: Key, subscription: Subscription, channels: list[str]) -> Json:
    return {
        "type": "login_ok", "clientName": key.name, "channels": channels, "subscriptionId": subscription.id,
        "access": {"clientFiltered": list(OWN), "global": list(GLOBAL)}, "reliableDelivery": subscription.reliable,
        "features": {"messageOrdering": True, "acknowledgments": subscription.reliable, "batchAck": False},
    }  # fmt: skip


async def _text(socket: WebSocket) -> str:
    """The next message of text; one of bytes says nothing here."""
    try:
        return await socket.receive_text()
    except KeyError:
        return ""


def _read(text: str) -> dict[str, Json]:
    try:
        frame = loads(text)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}


async def _close(socket: WebSocket, over: Over) -> None:
    try:
        if over.text:
            await socket.send_text(dumps({"type": "error", "message": over.text}))
        await socket.close(over.code)
    except (WebSocketDisconnect, RuntimeError):
        pass  # it went away by itself
