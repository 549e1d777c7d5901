"""What goes wrong with an answer on its way: pages of the edge, errors beside data, bodies that come slowly or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from planrunner.sandbox.clock import Clock, from_ms
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import SECOND
from planrunner.sandbox.tote.wire import Json, dumps

PAGES = {
    Trouble.HTTP_500: (500, "Internal Server Error"), Trouble.HTTP_502: (502, "Bad Gateway"),
    Trouble.HTTP_503: (503, "Service Unavailable"), Trouble.FORBIDDEN_PAGE: (403, "Forbidden"),
    Trouble.TOO_MANY_REQUESTS: (429, "Too Many Requests"), Trouble.SERVICE_BUSY: (503, "Service Unavailable"),
    Trouble.HTTP_500_AFTER_LANDING: (500, "Internal Server Error"),
}  # fmt: skip
# The request is not carried out.
NEVER_LANDS = frozenset((
    *(set(PAGES) - {Trouble.HTTP_500_AFTER_LANDING}), Trouble.REPLY_LOST_BEFORE_LANDING, Trouble.TIMEOUT_NEVER_LANDS,
    Trouble.TIMEOUT_LANDS_LATER, Trouble.REDIRECTED, Trouble.UNAUTHORIZED,
))  # fmt: skip
LOST = frozenset((
    Trouble.REPLY_LOST_AFTER_LANDING, Trouble.REPLY_LOST_BEFORE_LANDING, Trouble.TIMEOUT_NEVER_LANDS, Trouble.TIMEOUT_LANDS_LATER,
))  # fmt: skip
SOMETHING_NEW = "SOMETHING_NEW"


class NoReply(Response):
    """Says nothing until the client gives up: its own time limit ends the exchange, in memory and over HTTP alike."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the shape of ASGI
        while (await receive())["type"] != "http.disconnect":
            pass


def is_carried_out(fault: Fault | None) -> bool:
    """At once."""
    if fault is None or fault.trouble is not Trouble.ERRORS_IN_REPLY:
        return fault is None or fault.trouble not in NEVER_LANDS
    return fault.lands


def unauthorized() -> tuple[int, Json]:
    error = {
        "message": "The current user is not authorized to access this resource.",
        "extensions": {"code": "AUTH_NOT_AUTHENTICATED"},
    }
    return 401, {"errors": [error]}


def distorted(body: Json, fault: Fault | None) -> Json:
    """An answer that is not what it should be."""
    match fault.trouble if fault else None:
        case Trouble.ERRORS_IN_REPLY:
            text = (fault.code if fault else "") or "Unexpected Execution Error"
            return {"errors": [{"message": text, "extensions": {"code": "INTERNAL"}}], "data": None}
        case Trouble.PARTIAL_DATA:
            return _partly(body)
        case Trouble.UNKNOWN_VALUE:
            _rename(body.get("data"), (fault.code if fault else "") or SOMETHING_NEW)
            return body
        case Trouble.ANOTHER_SHAPE:
            return [None]
        case Trouble.EMPTY_REPORT:
            return {"data": {name: _emptied(value) for name, value in (body.get("data") or {}).items()}}
        case _:
            return body


def answer(request: Request, body: Json, status: int, fault: Fault | None, clock: Clock, now: int) -> Response:
    """What leaves the house."""
    trouble = fault.trouble if fault else None
    if trouble in LOST:
        return NoReply()
    if trouble in PAGES:
        return page(*PAGES[trouble])
    if fault and trouble is Trouble.REDIRECTED:
        path = request.url.path
        other = path[:-1] if path.endswith("/") else path + "/"
        return RedirectResponse(other, status_code=int(fault.code or 307))
    if trouble is Trouble.NOT_JSON:
        return HTMLResponse("<html><body>Welcome</body></html>")
    text = dumps(body)
    if trouble is Trouble.MALFORMED_BODY:
        text = text[: len(text) // 2]
    if fault and trouble is Trouble.SLOW_BODY:
        return StreamingResponse(_slowly(text, clock, now + fault.seconds * SECOND), status, media_type="application/json")
    return Response(text, status, media_type="application/json")


def page(status: int, reason: str) -> Response:
    """Of whatever stands in front of the Tote."""
    html = f"<html><head><title>{status} {reason}</title></head><body><center><h1>{status} {reason}</h1></center></body></html>"
    return HTMLResponse(html, status_code=status)


async def _slowly(text: str, clock: Clock, until: int) -> AsyncIterator[str]:
    half = len(text) // 2
    yield text[:half]
    await clock.sleep_until(from_ms(until))
    yield text[half:]


def _partly(body: Json) -> Json:
    """The first thing under the root field is missing, and an error says so."""
    for name, value in (body.get("data") or {}).items():
        inner = (
            next((key for key, one in value.items() if isinstance(one, dict | list)), None) if isinstance(value, dict) else None
        )
        if inner is not None:
            value[inner] = None
            return {**body, "errors": [{"message": "Unexpected Execution Error", "path": [name, inner]}]}
    return body


def _rename(value: Any, new: str) -> bool:
    """Give the first status there is a value that nobody knows."""
    if isinstance(value, list):
        return any(_rename(one, new) for one in value)
    if not isinstance(value, dict):
        return False
    for name, one in value.items():
        if name == "status" and isinstance(one, str):
            value[name] = new
            return True
        if _rename(one, new):
            return True
    return False


def _emptied(value: Any) -> Any:
    """A list of which nothing is there (yet)."""
    if isinstance(value, dict):
        return {name: [] if name in ("nodes", "edges") else one for name, one in value.items()}
    return value
