"""The Tote as one ASGI app: the gateway, the audit gateway and the token endpoint over HTTP, subscriptions over a WebSocket."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from planrunner.sandbox.clock import Clock
from planrunner.sandbox.faults import Faults
from planrunner.sandbox.tote.auth import Doorkeeper, Refused
from planrunner.sandbox.tote.gateway import Gateway
from planrunner.sandbox.tote.socket import Socket
from planrunner.sandbox.tote.tote import Tote
from planrunner.sandbox.tote.troubles import answer
from planrunner.sandbox.tote.wire import Json, loads
from planrunner.sandbox.world import World

GATEWAY, AUDIT = "/partner/gateway/graphql", "/partner/gateway/audit/graphql"
CONNECTIONS = "/partner/connections/graphql"
TOKEN = "/oauth/token"  # noqa: S105 - a path


def tote_app(world: World, clock: Clock, *, faults: Faults | None = None, flat_messages: bool = False) -> Starlette:
    """The whole venue; its hosts are told apart by path. `flat_messages`: whatever the scenario says."""
    struck = faults or Faults(seed=world.seed)
    doorkeeper = Doorkeeper(terms=world.account, seed=world.seed)
    live = Tote(world=world, clock=clock, faults=struck)
    audit = Tote(world=world, clock=clock, faults=Faults(seed=world.seed), is_audit=True)
    routes: list[BaseRoute] = []
    for path, tote in ((GATEWAY, live), (AUDIT, audit)):
        gateway = Gateway(tote=tote, doorkeeper=doorkeeper)
        for address in (path, path + "/"):
            routes.append(Route(address, gateway.post, methods=["POST"]))
            routes.append(Route(address, gateway.get, methods=["GET"]))

    async def connect(websocket: WebSocket) -> None:
        await Socket(tote=live, doorkeeper=doorkeeper, websocket=websocket, is_flat=flat_messages).serve()

    async def token(request: Request) -> Response:
        return await _token(request, live, doorkeeper)

    routes += [WebSocketRoute(CONNECTIONS, connect), WebSocketRoute(CONNECTIONS + "/", connect)]
    routes += [Route(TOKEN, token, methods=["POST"])]
    return Starlette(routes=routes)


async def _token(request: Request, tote: Tote, doorkeeper: Doorkeeper) -> Response:
    content = await request.body()
    now = tote.advance()
    fault = tote.faults.strike("token")
    tote.note("request", now, call="token")
    status, body = _granted(content, doorkeeper, now)
    tote.note("reply", now, call="token", answer=body.get("error", "ok"), lost=False)
    return answer(request, body, status, fault, tote.clock, now)


def _granted(content: bytes, doorkeeper: Doorkeeper, now: int) -> tuple[int, Json]:
    try:
        return 200, doorkeeper.token(loads(content), now)
    except ValueError:
        return 400, {"error": "invalid_request", "error_description": "The body is no JSON."}
    except Refused as refused:
        return refused.status, {"error": refused.code, "error_description": str(refused)}
