"""The in-memory twin of the socket wire: the same door, the same three outcomes, and an ASGI application instead of a host.

A rehearsal runs on it. A reply that never comes is a timeout on virtual time, and the application then sees
`http.disconnect`, as it would behind a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from planrunner.net.departure import Broken, Departure
from planrunner.net.message import Outgoing, Reply, address

Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]  # fmt: skip


class MemoryWire:
    """Hands every request to one application, whatever the host. Each runs as a task of its own, as behind a server."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._running: set[asyncio.Task[None]] = set()
        self._crash: BaseException | None = None

    async def exchange(self, request: Outgoing, departure: Departure) -> Reply:
        self._raise_crash()
        call = _Call(request)
        departure.go(lambda _: self._start(call), request.content)
        try:
            return await call.reply
        finally:
            call.gone.set()

    async def close(self) -> None:
        await asyncio.sleep(0)  # those that were told of a caller's going may still act on it
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._raise_crash()

    def _start(self, call: _Call) -> None:
        task = asyncio.ensure_future(self._application(call.scope, call.receive, call.send))
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(done, call))

    def _ended(self, task: asyncio.Future[None], call: _Call) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if call.reply.done():
            # Nobody waits for this reply any more, but a bug of the application is told all the same: with the next request.
            self._crash = self._crash or error
        else:
            # A server would say 500 and go on; here both ends are ours, and a bug is loud.
            call.reply.set_exception(error or Broken("the application ended without a complete answer"))

    def _raise_crash(self) -> None:
        crash, self._crash = self._crash, None
        if crash is not None:
            raise crash


class _Call:
    """One request as the application sees it."""

    def __init__(self, request: Outgoing) -> None:
        self.scope = _scope(request)
        self.gone = asyncio.Event()
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._content: bytes | None = request.content
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def receive(self) -> Message:
        if self._content is not None:
            content, self._content = self._content, None
            return {"type": "http.request", "body": content, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.reply.done():  # the caller has gone away: servers drop what is sent then
            return
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self.reply.set_result(_reply(self._start, b"".join(self._parts)))
                self.gone.set()


def _reply(start: Message, content: bytes) -> Reply:
    headers = tuple((name.decode("ascii").lower(), value.decode("latin-1")) for name, value in start.get("headers", ()))
    return Reply(status=start["status"], headers=headers, content=content)


def _scope(request: Outgoing) -> Message:
    to = address(request.url)
    path, _, query = to.target.partition("?")
    headers = [(b"host", to.host_header.encode("ascii")), (b"content-length", b"%d" % len(request.content))]
    headers += [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in request.headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https" if to.tls else "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (to.host, to.port),
    }
