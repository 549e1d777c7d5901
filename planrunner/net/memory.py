"""The in-memory twin of the socket wire: the same door, the same three outcomes, and an ASGI application instead of a host.

A rehearsal runs on it. A reply that never comes is a timeout on virtual time, and the application then sees
`http.disconnect`, as it would behind a server. Channels are in `memory_channel`.
"""

from __future__ import annotations

import asyncio

from planrunner.net.application import Application, Message, reply, scope
from planrunner.net.channel import MESSAGE_LIMIT, Channel, Opening
from planrunner.net.departure import Broken, Departure
from planrunner.net.memory_channel import Serving
from planrunner.net.message import Outgoing, Reply, address


class MemoryWire:
    """One application for every request and channel, whatever the host. Each runs as a task of its own, as behind a server."""

    def __init__(self, application: Application, *, message_limit: int = MESSAGE_LIMIT) -> None:
        self._application = application
        self._message_limit = message_limit
        self._running: dict[asyncio.Task[None], _Call | Serving] = {}  # in the order they began
        self._crash: BaseException | None = None

    async def exchange(self, request: Outgoing, departure: Departure) -> Reply:
        self._raise_crash()
        call = _Call(request)
        departure.go(lambda _: self._start(call), request.content)
        try:
            return await call.reply
        finally:
            call.gone()

    async def connect(self, asked: Opening) -> Channel:
        self._raise_crash()
        serving = Serving(asked, self._message_limit)
        self._start(serving)
        try:
            return await serving.opened
        except asyncio.CancelledError:
            serving.gone()
            raise

    async def close(self) -> None:
        for served in self._running.values():
            if isinstance(served, Serving):
                served.gone()
        await asyncio.sleep(0)  # those that were told of a caller's going may still act on it
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._raise_crash()

    def _start(self, served: _Call | Serving) -> None:
        task = asyncio.ensure_future(self._application(served.scope, served.receive, served.send))
        self._running[task] = served
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        untold = self._running.pop(task).over(error)
        # A bug of the application that nobody waits to hear of is told all the same: with the next request.
        self._crash = self._crash or untold

    def _raise_crash(self) -> None:
        crash, self._crash = self._crash, None
        if crash is not None:
            raise crash


class _Call:
    """One request as the application sees it."""

    def __init__(self, request: Outgoing) -> None:
        self.scope = _scope(request)
        self._gone = asyncio.Event()
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._content: bytes | None = request.content
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def receive(self) -> Message:
        if self._content is not None:
            content, self._content = self._content, None
            return {"type": "http.request", "body": content, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.reply.done():  # the caller has gone away: servers drop what is sent then
            return
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self.reply.set_result(reply(self._start, b"".join(self._parts)))
                self.gone()

    def gone(self) -> None:
        """Nobody waits any more."""
        self._gone.set()

    def over(self, error: BaseException | None) -> BaseException | None:
        """The application ended, perhaps of an error, which is returned if nobody here is told of it."""
        if self.reply.done():
            return error
        # A server would say 500 and go on; here both ends are ours, and a bug is loud.
        self.reply.set_exception(error or Broken("the application ended without a complete answer"))
        return None


def _scope(request: Outgoing) -> Message:
    to = address(request.url)
    return {
        **scope(to, [("content-length", str(len(request.content))), *request.headers], spec="2.3"),
        "type": "http",
        "method": request.method,
        "scheme": "https" if to.tls else "http",
    }
