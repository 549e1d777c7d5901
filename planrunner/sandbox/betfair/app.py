"""The server: identity, betting and account services under the paths of section 2, in one app that tells hosts apart by path.

Each request first brings the world up to the clock's time. What was asked goes to the venue's log without secrets, and so does
whether an answer was sent or lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from planrunner.sandbox.betfair import identity, troubles
from planrunner.sandbox.betfair.errors import (
    Fault,
    Refused,
    Service,
    no_such_operation,
    nothing_asked,
    rest_error,
    rpc_error,
    unreadable,
    wrong_media_type,
)
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.operations import name_of
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.replies import NoReply, another_shape, gateway_page, json_reply, malformed, not_json
from planrunner.sandbox.betfair.sessions import Sessions
from planrunner.sandbox.betfair.wire import Json, loads
from planrunner.sandbox.clock import Clock
from planrunner.sandbox.faults import Fault as Struck
from planrunner.sandbox.faults import Faults, Trouble
from planrunner.sandbox.world import World

PREFIXES = {Service.BETTING: "sportsaping/v1", Service.ACCOUNT: "accountaping/v1"}


def betfair_app(world: World, clock: Clock, *, faults: Faults | None = None) -> Starlette:
    """The whole venue as one ASGI app. Base urls are `/api/` (identity) and `/exchange/`."""
    sessions = Sessions(terms=world.account, seed=world.seed)
    exchange = Exchange(world=world, clock=clock, sessions=sessions, faults=faults or Faults(seed=world.seed))
    services = {"betting": Service.BETTING, "account": Service.ACCOUNT}
    routes = [*identity.routes(exchange)]
    for path, service in services.items():
        door = Door(exchange=exchange, service=service)
        routes += [
            Route(f"/exchange/{path}/json-rpc/v1", door.rpc, methods=["POST"]),
            Route(f"/exchange/{path}/json-rpc/v1/", door.rpc, methods=["POST"]),
            Route(f"/exchange/{path}/rest/v1.0/{{operation}}/", door.rest, methods=["POST"]),
            Route(f"/exchange/{path}/rest/v1.0/{{operation}}", door.rest, methods=["POST"]),
        ]
    return Starlette(routes=routes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one operation came to: a result or a trouble, and the fault that struck it."""

    result: Json = None
    trouble: Refused | Fault | None = None
    struck: Struck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One service, by JSON-RPC and by REST."""

    exchange: Exchange
    service: Service

    async def rpc(self, request: Request) -> Response:
        try:
            body = await self._body(request)
        except Fault as trouble:
            error = rpc_error(trouble, self.service, "")
            return json_reply({"jsonrpc": "2.0", "error": error}, trouble.http)
        entries = body if isinstance(body, list) else [body]
        if not entries:
            return json_reply({"jsonrpc": "2.0", "error": rpc_error(nothing_asked(), self.service, "")})
        outcomes = [await self._entry(request, entry) for entry in entries]
        answers = [self._answer(entry, outcome) for entry, outcome in zip(entries, outcomes, strict=True)]
        return self._reply(answers if isinstance(body, list) else answers[0], [outcome.struck for outcome in outcomes])

    async def rest(self, request: Request) -> Response:
        outcome = await self._rest(request)
        if outcome.trouble is None:
            return self._reply(outcome.result, [outcome.struck])
        status = outcome.trouble.http if isinstance(outcome.trouble, Fault) else 400
        body = rest_error(outcome.trouble, self.service, self.exchange.next_request())
        return self._reply(body, [outcome.struck], status)

    async def _rest(self, request: Request) -> Outcome:
        try:
            params = await self._body(request)
        except Fault as trouble:
            return Outcome(trouble=trouble)
        return await self._run(request, request.path_params["operation"], params)

    async def _body(self, request: Request) -> Json:
        content = await request.body()
        self.exchange.world.advance(self.exchange.clock.now())
        if "json" not in request.headers.get("content-type", "application/json"):
            raise wrong_media_type()
        try:
            return loads(content)
        except ValueError as wrong:
            self.exchange.world.log.write("request", self.exchange.world.now, call="unreadable", length=len(content))
            raise unreadable() from wrong

    async def _entry(self, request: Request, entry: Json) -> Outcome:
        method = entry.get("method") if isinstance(entry, dict) else None
        if not isinstance(method, str):
            return Outcome(trouble=nothing_asked())
        service, _, operation = method.rpartition("/")
        if service.lower().partition(".")[0] != PREFIXES[self.service]:
            return Outcome(trouble=no_such_operation())
        return await self._run(request, operation, entry.get("params") or {})

    async def _run(self, request: Request, asked: str, params: Json) -> Outcome:
        """One operation of one caller, with whatever goes wrong on it."""
        exchange, world = self.exchange, self.exchange.world
        name = name_of(self.service, asked)
        if name is None:
            return Outcome(trouble=no_such_operation())
        struck = exchange.faults.strike(name)
        world.log.write("request", world.now, call=name, params=params)
        if struck:
            world.log.write("fault", world.now, call=name, trouble=struck.trouble.value)
        if struck and struck.trouble is Trouble.SESSION_KILLED:
            exchange.sessions.kill()
        if struck and struck.trouble in troubles.NEVER_LANDS:
            return Outcome(struck=struck)
        key, token = request.headers.get("x-application"), request.headers.get("x-authentication")
        try:
            owner = exchange.sessions.owner(key, token, world.now)
            result = await troubles.run(exchange, self.service, name, owner, Params(params), struck)
        except (Refused, Fault) as trouble:
            told = trouble.dsc if isinstance(trouble, Fault) else trouble.code
            outcome = Outcome(trouble=trouble, struck=struck)
        else:
            told = result.get("status", "ok") if isinstance(result, dict) else "ok"
            outcome = Outcome(result=result, struck=struck)
        lost = struck is not None and struck.trouble is Trouble.REPLY_LOST_AFTER_LANDING
        world.log.write("reply", world.now, call=name, answer=told, lost=lost)
        return outcome

    def _answer(self, entry: Json, outcome: Outcome) -> Json:
        body: dict[str, Json] = {"jsonrpc": "2.0"}
        if outcome.trouble is not None:
            body["error"] = rpc_error(outcome.trouble, self.service, self.exchange.next_request())
        else:
            body["result"] = outcome.result
        if isinstance(entry, dict) and "id" in entry:
            body["id"] = entry["id"]
        return body

    def _reply(self, body: Json, struck: list[Struck | None], status: int = 200) -> Response:
        """The answer as the line lets it through; the first fault of a batch decides for all of it."""
        fault = next((one for one in struck if one), None)
        match fault.trouble if fault else None:
            case Trouble.REPLY_LOST_AFTER_LANDING | Trouble.REPLY_LOST_BEFORE_LANDING:
                return NoReply()
            case (Trouble.HTTP_500 | Trouble.HTTP_502 | Trouble.HTTP_503) as page:
                return gateway_page(troubles.PAGES[page])
            case Trouble.HTTP_500_AFTER_LANDING:
                return gateway_page(500)
            case Trouble.MALFORMED_BODY:
                return malformed(body)
            case Trouble.NOT_JSON:
                return not_json()
            case Trouble.ANOTHER_SHAPE:
                return another_shape(body)
            case _:
                return json_reply(body, status)
