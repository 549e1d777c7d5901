"""A run as it goes on: every record of its journal as a server-sent event, whose id is the record's number.

Records are read when whoever listens has taken those before, a handful at a time; nothing waits for a slow reader but its own
socket, and one that takes nothing any more is hung up on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from planrunner.app.lookout import Row
from planrunner.model.errors import PlanrunnerError
from planrunner.model.journal import RunState
from planrunner.web.office import Office
from planrunner.web.problem import Problem

LOOK_EVERY = 0.5  # seconds: costs next to nothing while nobody has written
KEEP_ALIVE = 15.0  # proxies hang up on what is silent for half a minute
TAKES_WITHIN = 30.0
AT_ONCE = 50  # records; an exchange with a venue takes 20 KiB and more
AGAIN_AFTER = 2_000  # milliseconds, of a browser that lost us


async def told(office: Office, request: Request) -> Response:
    """204 where nothing more will come: a browser then does not ask again."""
    run, after = request.path_params["run"], _after(request)
    info = await office.read(office.lookout.run, run)
    if info.state is RunState.SETTLED and not await office.read(office.lookout.records, run, after=after, most=1):
        return Response(status_code=204)
    if office.meters.listeners >= office.bounds.listeners:
        raise Problem(503, "too many listen already; ask again later", headers={"Retry-After": "10"})
    return _Told(office, run, after)


def _after(request: Request) -> int:
    text = request.headers.get("last-event-id") or request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Problem(400, "Last-Event-ID is the number of a record")
    return int(text)


class _Told(Response):
    """Goes on until the run is settled or nobody listens any more."""

    media_type = "text/event-stream"

    def __init__(self, office: Office, run: str, after: int) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["X-Accel-Buffering"] = "no"  # nginx would keep events until it has enough of them
        self._office, self._run, self._after = office, run, after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        self._office.meters.listeners += 1
        talking = asyncio.ensure_future(self._talk(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._office.meters.listeners -= 1  # before anything is waited for: a server may cancel that as well
            for task in (talking, leaving):
                task.cancel()
            ends = await asyncio.gather(talking, leaving, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, OSError):
                raise end

    async def _talk(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with suppress(PlanrunnerError, TimeoutError):  # a browser asks again, from where it was
            async with aclosing(self._pieces()) as pieces:
                async for piece in pieces:
                    async with asyncio.timeout(TAKES_WITHIN):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        office, lookout = self._office, self._office.lookout
        yield f"retry: {AGAIN_AFTER}\n\n".encode()
        with lookout.watched(self._run) as watched:
            said_at = office.clock.age()
            while not office.is_ending:
                if watched.has_changed():
                    # Its state is read first: what was written before it was settled is then among the records.
                    info = await office.read(lookout.run, self._run)
                    while rows := await office.read(lookout.records, self._run, after=self._after, most=AT_ONCE):
                        yield "".join(map(_event, rows)).encode("ascii")
                        self._after, said_at = rows[-1].seq, office.clock.age()
                    if info.state is RunState.SETTLED:
                        yield b"event: end\ndata: {}\n\n"
                        return
                await asyncio.sleep(LOOK_EVERY)
                if office.clock.age() - said_at >= KEEP_ALIVE:
                    yield b": still here\n\n"
                    said_at = office.clock.age()


def _event(row: Row) -> str:
    """Bodies are JSON on one line, and were made harmless before they were written down."""
    data = f'{{"seq":{row.seq},"at":"{row.at}","kind":"{row.kind}","body":{row.body}}}'
    return f"id: {row.seq}\nevent: record\ndata: {data}\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
