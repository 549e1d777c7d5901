"""A venue that quotes: a sandbox behind somebody who hears everything and says it again, in answers and through the socket."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from planrunner.app.sandboxes import sandbox_app
from planrunner.sandbox.clock import RealClock
from planrunner.sandbox.practice import rehearse
from planrunner.sandbox.scenario import Scenario
from tests.venues.contract import uvicorn_serving

# Given the request's name, how many there were, all that was ever heard, and the true answer: another answer, or None.
Taint = Callable[[str, int, str, Any], tuple[int, Any] | None]
SECRET_HEADERS = ("authorization", "x-api-key")


@dataclass(slots=True, kw_only=True)
class Quoting:
    """`socket`: what becomes of a connection. `denied`: a page; `refused`: the login; `frames`: what was heard is said in every
    frame there is. Then it is closed with a reason; with any other word it is so after a greeting. Empty: it works."""

    application: Any
    taint: Taint
    socket: str = ""
    heard: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        for name, value in scope["headers"]:
            if name.decode().lower() in SECRET_HEADERS:
                self._hear(value.decode())
        if scope["type"] == "websocket":
            await self._talk(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    @property
    def all(self) -> str:
        return " ".join(dict.fromkeys(self.heard))

    def _hear(self, line: str) -> None:
        self.heard.append(line.removeprefix("Api-Key ").removeprefix("Bearer "))

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        content = b""
        more = True
        while more:
            message = await receive()
            content, more = content + message.get("body", b""), message.get("more_body", False)
        if scope["path"].endswith("/token"):
            form = json.loads(content)
            self.heard += [form[name] for name in ("client_id", "username", "password")]
        answered: list[Any] = []
        first = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def again() -> Any:
            return next(first, None) or await receive()

        async def keep(message: Any) -> None:
            answered.append(message)

        await self.application(scope, again, keep)
        body = json.loads(b"".join(message.get("body", b"") for message in answered) or b"null")
        if isinstance(body, dict) and "access_token" in body:
            self._hear(body["access_token"])
        name = _name(scope, content)
        self.asked[name] += 1
        tainted = self.taint(name, self.asked[name], self.all, body)
        status, said = (answered[0]["status"], body) if tainted is None else tainted
        raw = json.dumps(said).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": raw})

    async def _talk(self, scope: Any, receive: Any, send: Any) -> None:
        if not self.socket:
            await self.application(scope, receive, send)
            return
        await receive()
        if self.socket == "denied":
            await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
            await send({"type": "websocket.http.response.body", "body": self.all.encode()})
            return
        await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
        self.heard.append(json.dumps(await receive()))
        quoted = self.all
        kinds = ("connection_error", "login_error", "error") if self.socket == "refused" else ("connection_ack", "login_ok")
        for kind in kinds:
            await self._say(send, {"type": kind, "payload": {"message": quoted}, "message": quoted, "error": quoted})
        if self.socket == "frames":
            names = ("betId", "customerBetId", "orderId", "requestUuid", "channel", "bookmaker", "status")
            row = {**dict.fromkeys(names, quoted), "MessageType": quoted, "reason": quoted}
            for kind in ("next", "data", quoted):
                await self._say(
                    send, {"type": kind, "id": "1", "channel": "emergency", "payload": {"data": {quoted: row}, **row}}
                )
        await send({"type": "websocket.close", "code": 4403, "reason": quoted[-60:]})

    async def _say(self, send: Any, frame: Any) -> None:
        await send({"type": "websocket.send", "text": json.dumps(frame)})
        await asyncio.sleep(0)


def _name(scope: Any, content: bytes) -> str:
    """The operation of a document, else the end of the path."""
    body = json.loads(content) if content[:1] == b"{" else {}
    return str(body.get("operationName") or scope["path"].rpartition("/")[2])


@contextmanager
def quoting(scenario: Scenario, taint: Taint, heard: list[str], socket: str = "") -> Iterator[str]:
    """Where it is served, in real time."""
    begin = datetime.now(UTC)
    practice = rehearse(scenario, day=begin.date(), begin=begin, seed=1)
    app = Quoting(application=sandbox_app(practice, RealClock()), taint=taint, socket=socket, heard=heard)
    with uvicorn_serving(app) as url:
        yield url
