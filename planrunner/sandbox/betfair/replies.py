"""Answers that are no ordinary answer: one that never comes, and the pages of a gateway in front."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from planrunner.sandbox.betfair.wire import Json, dumps


class NoReply(Response):
    """Says nothing until the client gives up: its own time limit ends the exchange, in memory and over HTTP alike."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the shape of ASGI
        while (await receive())["type"] != "http.disconnect":
            pass


def json_reply(body: Json, status: int = 200) -> Response:
    return Response(dumps(body), status_code=status, media_type="application/json")


def malformed(body: Json) -> Response:
    """The first half of an answer."""
    whole = dumps(body)
    return Response(whole[: len(whole) // 2], media_type="application/json")


def another_shape(body: Json) -> Response:
    """JSON, and none of what was asked for: a list of nothing."""
    return json_reply({"jsonrpc": "2.0", "id": 1, "result": [None]} if "jsonrpc" in body else [None])


def not_json() -> Response:
    """Another program's page, as a router shows one: with a status of 200."""
    return HTMLResponse("<html><body>Welcome</body></html>", status_code=200)


def gateway_page(status: int) -> Response:
    reason = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}[status]
    page = f"<html><head><title>{status} {reason}</title></head><body><center><h1>{status} {reason}</h1></center></body></html>"
    return HTMLResponse(page, status_code=status)
