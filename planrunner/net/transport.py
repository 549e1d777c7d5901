"""The door as an httpx transport, for code that wants an `httpx.AsyncClient` (forms, redirects, cookies).

`extensions={"send_by": SendBy(...)}` dates a request. NeverSent and ReplyUnknown come out as they are.
"""

from __future__ import annotations

import httpx

from planrunner.net.door import Door

USUAL_TIMEOUT = 10.0


class DoorTransport(httpx.AsyncBaseTransport):
    """A thin wrapper: the door decides. The timeout is one figure for the whole request, the largest of httpx's four."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # Host, length and compression are the wire's own business.
        own = {"host", "content-length", "transfer-encoding", "accept-encoding", "connection"}
        given = [seconds for seconds in request.extensions.get("timeout", {}).values() if seconds is not None]
        reply = await self._door.send(
            request.method,
            str(request.url),
            [(name, value) for name, value in request.headers.items() if name not in own],
            await request.aread(),
            within=max(given, default=USUAL_TIMEOUT),
            send_by=request.extensions.get("send_by"),
        )
        return httpx.Response(reply.status, headers=list(reply.headers), content=reply.content, request=request)

    async def aclose(self) -> None:
        await self._door.close()
