"""The API as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route as Served

from planrunner.app.service.live import Live
from planrunner.model.errors import PlanrunnerError
from planrunner.web import signals
from planrunner.web.guard import Guard
from planrunner.web.identity import Tokens
from planrunner.web.journalist import Journalist
from planrunner.web.metrics import Meters
from planrunner.web.office import Bounds, Clock, Office, user_of
from planrunner.web.openapi import document, page
from planrunner.web.problem import Problem, busy, problem_of
from planrunner.web.routes import ROOT, routes
from planrunner.web.table import Patience, Route


def make_app(
    live: Live,
    *,
    tokens: Tokens,
    clock: Clock,
    signal_secrets: Mapping[str, str] | None = None,
    hosts: Collection[str] = (),
    open_to_loopback: bool = True,
    log: Callable[[str], None] | None = None,
    bounds: Bounds | None = None,
) -> Starlette:
    """`tokens`: digest of a token (`identity.digest_of`) -> user and role. `signal_secrets`: name of a signal -> its secret; a
    signal of the site file without one is unknown. `hosts`: names under which it may be asked for besides loopback's.
    `open_to_loopback`: health, metrics and documents need no token from this machine; say no where a proxy on it lets others in.
    `log` gets a line of JSON for each request."""
    office = Office(
        live=live, tokens=tokens, clock=clock, log=Journalist(log, clock.now), meters=Meters(), bounds=bounds or Bounds(),
        open_to_loopback=open_to_loopback,
    )  # fmt: skip
    gate = signals.Gate(lambda: live.site().service.signals, {} if signal_secrets is None else signal_secrets, clock)
    desk = signals.Desk(gate, signals.Strangers(clock, office.bounds.unproven_per_minute))

    async def openapi(_: Office, __: Request) -> Response:
        return JSONResponse(document(table))

    async def docs(_: Office, __: Request) -> Response:
        return HTMLResponse(page(table))

    table = routes(desk.taken, openapi, docs)
    served = [Served(route.path, _endpoint(office, route), methods=[route.method]) for route in table]
    guard = Middleware(
        Guard, office=office, hosts=hosts, open_paths={route.path for route in table if route.role is None},
        signals=f"{ROOT}/signals/",
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        office.close()

    app = Starlette(
        routes=served, middleware=[guard], exception_handlers={HTTPException: _not_routed}, lifespan=lifespan
    )  # fmt: skip
    app.router.redirect_slashes = False
    app.state.office, app.state.table = office, table
    return app


def _endpoint(office: Office, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        request.scope["planrunner.route"] = route.path
        try:
            _admit(office, route, request)
            return await _in_turn(office, route, request)
        except Problem as problem:
            return problem.response()
        except PlanrunnerError as error:
            return problem_of(error).response()

    return answer


def _admit(office: Office, route: Route, request: Request) -> None:
    """Before it is looked for whether what is asked for exists. Raises Problem."""
    user = user_of(request)
    if route.role is not None and (user is None or not user.may(route.role)):
        raise Problem(403, f"this takes the role {route.role.value}")
    if office.busy >= office.bounds.requests and not route.is_always_let_in:
        raise busy()


async def _in_turn(office: Office, route: Route, request: Request) -> Response:
    bounds = office.bounds
    within = {Patience.USUAL: bounds.seconds, Patience.LONG: bounds.report_seconds, Patience.OWN: None}[route.patience]
    counted = not route.is_always_let_in
    office.busy += counted
    try:
        async with asyncio.timeout(within):
            return await route.handler(office, request)
    except TimeoutError:
        raise Problem(504, "it took too long, and was given up") from None
    finally:
        office.busy -= counted


async def _not_routed(_: Request, error: Exception) -> Response:
    """Paths and methods that are in no row of the table."""
    assert isinstance(error, HTTPException)
    detail = "/api/v1/docs lists what there is" if error.status_code == 404 else ""
    return Problem(error.status_code, detail, headers=error.headers).response()
