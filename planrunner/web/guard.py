"""Around every answer: what is not for us is turned away before anything is looked at, and each answer is told in the log."""

from __future__ import annotations

import traceback
from collections.abc import Collection
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from planrunner.web.identity import User, user_of
from planrunner.web.office import Office
from planrunner.web.problem import Problem, unauthorised
from planrunner.web.signals import Strangers, is_loopback

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# What proxies add: whoever asks through one is not on this machine, whatever the address of the proxy is.
_BY_PROXY = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_NOTHING_FROM_ELSEWHERE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"{_NOTHING_FROM_ELSEWHERE}; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """`hosts`: names under which this is served besides loopback's. A page from anywhere may send a browser to us under a name of
    its own; it is not ours, and so nothing is answered."""

    def __init__(
        self, app: ASGIApp, office: Office, *, hosts: Collection[str], open_paths: Collection[str], signals: str
    ) -> None:
        self._app = app
        self._office = office
        self._hosts = LOOPBACK_NAMES | {host.lower() for host in hosts}
        self._open_paths = open_paths
        self._signals = signals
        self._strangers = Strangers(office.clock, office.bounds.unproven_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        began = self._office.clock.age()
        scope["planrunner.user"], scope["planrunner.notes"] = None, {}
        try:
            refusal = self._refusal(scope)
            await (self._app if refusal is None else refusal)(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the boundary: it tells everything that comes here
            scope["planrunner.notes"]["bug"] = "".join(traceback.format_exception(error))[-400:]
            if not answer.status:
                await Problem(500, "this is a fault of planrunner's own; its log says more").response()(scope, receive, answer)
        finally:
            self._tell(scope, answer, self._office.clock.age() - began)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        host = _name_of(headers.getlist("host"))
        if host not in self._hosts:
            self._is_a_stranger(scope)
            return Problem(
                421, "this address is not served here; ask at localhost, or name it with `planrunner serve --host`"
            ).response()
        given = headers.getlist("authorization")
        user = user_of(self._office.tokens, given[0]) if len(given) == 1 else None
        scope["planrunner.user"] = user
        path: str = scope["path"]
        if path.startswith(self._signals):  # whoever sends one proves it otherwise, and anything else gets the same answer
            name = path.removeprefix(self._signals)
            is_one = scope["method"] == "POST" and name and "/" not in name
            return None if is_one else Response(status_code=404)
        is_open = path in self._open_paths and host in LOOPBACK_NAMES and self._is_from_here(scope, headers)
        if user is not None or is_open:
            return None
        self._is_a_stranger(scope)
        return unauthorised().response()

    def _is_a_stranger(self, scope: Scope) -> None:
        """A few lines of the log for each client and minute: nobody fills the disk with them."""
        client = scope.get("client")
        scope["planrunner.notes"]["is_quiet"] = not self._strangers.failed(client[0] if client else "")

    def _is_from_here(self, scope: Scope, headers: Headers) -> bool:
        client = scope.get("client")
        by_proxy = any(name in headers for name in _BY_PROXY)
        return self._office.open_to_loopback and client is not None and is_loopback(client[0]) and not by_proxy

    def _tell(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        notes: dict[str, Any] = dict(scope["planrunner.notes"])
        route: str = scope.get("planrunner.route", "")
        meters = self._office.meters
        meters.requests[route, scope["method"] if route else "", str(answer.status)] += 1
        meters.seconds += seconds
        if notes.pop("is_quiet", False):
            return
        user: User | None = scope["planrunner.user"]
        client = scope.get("client")
        self._office.log.tell(
            "request", method=scope["method"], path=scope["path"], status=answer.status, ms=round(seconds * 1000, 1),
            user=user.name if user else None, client=client[0] if client else None, **notes,
        )  # fmt: skip


def _name_of(hosts: list[str]) -> str:
    """Without its port; empty unless there is exactly one."""
    if len(hosts) != 1:
        return ""
    host = hosts[0].lower()
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]


class _Answer:
    """What is sent, with the headers that every answer has; `status` is 0 until there is one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message).update(_HEADERS)
        await self._send(message)
