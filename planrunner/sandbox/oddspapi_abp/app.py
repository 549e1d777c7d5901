"""The server: every route of the sheet and the socket, in one app that may be mounted anywhere.

A request goes through the same doors each time: the world is brought up to the clock's time, a fault may strike, the key is
looked at, then how often it came, then what it asks for. The venue's log has each request and whether its answer left, and never
a key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from planrunner.sandbox.clock import Clock
from planrunner.sandbox.faults import Fault, Faults
from planrunner.sandbox.oddspapi_abp import rest_accounts, rest_orders, rest_sums, troubles
from planrunner.sandbox.oddspapi_abp.desk import NAME
from planrunner.sandbox.oddspapi_abp.errors import Wrong
from planrunner.sandbox.oddspapi_abp.rest_orders import Asked
from planrunner.sandbox.oddspapi_abp.socket import Sockets
from planrunner.sandbox.oddspapi_abp.venue import Abp, abp_of
from planrunner.sandbox.oddspapi_abp.wire import Json, loads, reply
from planrunner.sandbox.world import World

Operation: TypeAlias = Callable[[Asked], Awaitable[Json]]
# What faults and the log call it; method and path; the answer's status.
ROUTES: tuple[tuple[str, str, str, Operation, int], ...] = (
    ("place-orders", "POST", "/place-orders", rest_orders.place, 200),
    ("orders", "GET", "/orders", rest_orders.orders, 200),
    ("cancel-orders", "POST", "/cancel-orders", rest_orders.cancel, 200),
    ("list-bets", "GET", "/bets", rest_orders.bets, 200),
    ("show-bet", "GET", "/bets/{bet_id}", rest_orders.bet, 200),
    ("betslip", "GET", "/betslip", rest_orders.betslip, 200),
    ("accounts", "GET", "/accounts", rest_accounts.accounts, 200),
    ("create-account", "POST", "/accounts", rest_accounts.create, 201),
    ("account", "GET", "/accounts/{bookmaker}/{username}", rest_accounts.account, 200),
    ("change-account", "PATCH", "/accounts/{bookmaker}/{username}", rest_accounts.change, 200),
    ("delete-account", "DELETE", "/accounts/{bookmaker}/{username}", rest_accounts.delete, 204),
    ("positions", "GET", "/positions", rest_sums.positions, 200),
    ("pnl", "GET", "/pnl", rest_sums.pnl, 200),
    ("markets", "GET", "/markets", rest_sums.markets, 200),
    ("bookmakers", "GET", "/bookmakers", rest_sums.bookmakers, 200),
)  # fmt: skip


def abp_app(world: World, clock: Clock, *, faults: Faults | None = None) -> Starlette:
    """The whole router as one ASGI app: REST at its root, the socket at `/ws`."""
    abp = abp_of(world, clock, faults or Faults(seed=world.seed))
    routes = [
        Route(path, Door(abp=abp, name=name, run=run, status=status).answer, methods=[method])
        for name, method, path, run, status in ROUTES
    ]
    for path, told in (("/health", rest_sums.health), ("/ready", rest_sums.ready), ("/status", rest_sums.status)):
        routes.append(Route(path, _open(abp, told)))
    routes.append(Route("/metrics", _metrics(abp)))
    return Starlette(
        routes=[*routes, WebSocketRoute("/ws", Sockets(abp=abp).serve)], exception_handlers={HTTPException: _no_route}
    )


async def _no_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return reply({"detail": error.detail}, error.status_code)


def _open(abp: Abp, told: Callable[[Abp, int], Json]) -> Callable[[Request], Awaitable[Response]]:
    """A route for which nobody needs a key."""

    async def answer(_: Request) -> Response:
        return reply(told(abp, abp.advance()))

    return answer


def _metrics(abp: Abp) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(rest_sums.metrics(abp))

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One operation."""

    abp: Abp
    name: str
    run: Operation
    status: int

    async def answer(self, request: Request) -> Response:
        content = await request.body()
        at, log = self.abp.advance(), self.abp.desk.world.log
        struck = self.abp.desk.faults.strike(self.name)
        log.write("request", at, venue=NAME, call=self.name, params=_shown(request, content))
        if struck:
            log.write("fault", at, venue=NAME, call=self.name, trouble=struck.trouble.value)
        lost = troubles.instead(struck)
        if lost is not None:
            return lost
        headers: dict[str, str] = {}
        told, status, body = "ok", self.status, None
        try:
            headers, body = await self._answer(request, content, at, struck)
            told = body["status"] if isinstance(body, dict) and isinstance(body.get("status"), str) else "ok"
        except Wrong as wrong:
            told, status, body = str(wrong.status), wrong.status, troubles.shape(wrong, legacy=self.abp.desk.legacy)
            headers |= wrong.headers
        await troubles.delay(self.abp, struck)
        log.write("reply", self.abp.desk.world.now, venue=NAME, call=self.name, answer=told, lost=troubles.is_lost(struck))
        return troubles.answer(struck, body, status, headers)

    async def _answer(self, request: Request, content: bytes, at: int, struck: Fault | None) -> tuple[dict[str, str], Json]:
        """Raises Wrong."""
        abp, legacy = self.abp, self.abp.desk.legacy
        troubles.refuse_first(abp, struck)
        key = abp.doors.client(request.headers, self.name, legacy=legacy)
        headers = abp.doors.count(key, at, legacy=legacy)
        troubles.refuse(struck, landed=False)
        query = dict(request.query_params.items())  # the last one of each name
        asked = Asked(abp=abp, key=key, at=at, query=query, path=request.path_params, content=content, struck=struck)
        try:
            body = await self.run(asked)
        except Wrong as wrong:
            wrong.headers = {**headers, **wrong.headers}
            raise
        finally:
            abp.stir()
        troubles.refuse(struck, landed=True)
        return headers, troubles.misreport(abp, self.name, key.name, query, body, struck)


def _shown(request: Request, content: bytes) -> Json:
    """What was asked, for the log; passwords of accounts are left out."""
    if not content:
        return {**request.path_params, **request.query_params}
    try:
        body = loads(content)
    except ValueError:
        return {"unreadable": len(content)}
    return {name: value for name, value in body.items() if name != "password"} if isinstance(body, dict) else body
