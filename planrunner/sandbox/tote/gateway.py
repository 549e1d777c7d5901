"""The gateway over HTTP: who asks, what is asked, what goes wrong with it, and the answer.

Each request first brings the Tote up to the clock's time. What was asked goes to the venue's log without secrets, and so does
whether an answer was sent or lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from planrunner.sandbox.clock import from_ms
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import SECOND
from planrunner.sandbox.tote import graph
from planrunner.sandbox.tote.auth import Doorkeeper
from planrunner.sandbox.tote.ids import undashed
from planrunner.sandbox.tote.tote import Tote
from planrunner.sandbox.tote.troubles import LOST, answer, distorted, is_carried_out, unauthorized
from planrunner.sandbox.tote.views import Ask
from planrunner.sandbox.tote.wire import Json, loads

REQUEST_ID = "x-partner-request-id"
LONGEST_ID = 100
GRAPHQL_RESPONSE = "application/graphql-response+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that can be carried out. `call` is its first root field, `arguments` what it says."""

    document: Any
    variables: dict[str, Any]
    operation: str | None
    call: str
    arguments: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Gateway:
    tote: Tote
    doorkeeper: Doorkeeper
    _requests: int = 0

    async def post(self, request: Request) -> Response:
        content = await request.body()
        now = self.tote.advance()
        asked = _read(content)
        fault = self._noted(asked, len(content), now)
        status, body = self._carried_out(request, asked, fault, now)
        if isinstance(asked, Asked) and (status == 401 or is_carried_out(fault)):
            lost = fault is not None and fault.trouble in LOST
            self.tote.note("reply", now, call=asked.call, answer=_told(status, body), lost=lost)
        await self._wait(fault, now)
        reply = answer(request, distorted(body, fault), status, fault, self.tote.clock, self.tote.world.now)
        return self._named(request, reply)

    async def get(self, request: Request) -> Response:
        """The schema as text."""
        now = self.tote.advance()
        if self.doorkeeper.owner(request.headers.get("authorization"), now) is None:
            status, body = unauthorized()
            return self._named(request, answer(request, body, status, None, self.tote.clock, now))
        if "sdl" in request.query_params:
            return self._named(request, PlainTextResponse(graph.sdl("schema")))
        return self._named(request, PlainTextResponse("POST a GraphQL request here, or GET ?sdl", status_code=405))

    def _noted(self, asked: Asked | list[GraphQLError], length: int, now: int) -> Fault | None:
        """What was asked, in the log; and what goes wrong with it."""
        if not isinstance(asked, Asked):
            self.tote.note("request", now, call="unreadable", length=length)
            return None
        fault = self.tote.faults.strike(asked.call)
        if fault is None or fault.trouble is not Trouble.REDIRECTED:  # that one was turned away at the edge and never came in
            self.tote.note("request", now, call=asked.call, params=asked.arguments)
        if fault is not None:
            self.tote.note("fault", now, call=asked.call, trouble=fault.trouble.value)
        return fault

    def _carried_out(
        self, request: Request, asked: Asked | list[GraphQLError], fault: Fault | None, now: int
    ) -> tuple[int, Json]:
        owner = self.doorkeeper.owner(request.headers.get("authorization"), now)
        trouble = fault.trouble if fault else None
        if trouble is Trouble.SESSION_KILLED:
            self.doorkeeper.kill()
            owner = None
        if owner is None or trouble is Trouble.UNAUTHORIZED:
            return unauthorized()
        is_strict = GRAPHQL_RESPONSE in request.headers.get("accept", "")
        if not isinstance(asked, Asked):
            return 400 if is_strict else 200, {"errors": [error.formatted for error in asked]}
        if fault and trouble is Trouble.TIMEOUT_LANDS_LATER:
            self.tote.agenda.add(now + fault.seconds * SECOND, lambda at: self._landed(asked, owner, at))
            self.tote.messages.wake()
        if not is_carried_out(fault):
            return 200, {"data": None}
        result = self._run(asked, owner, fault, now)
        if trouble is Trouble.SOCKET_DROPPED:
            self.tote.messages.drop(owner)
        return 500 if is_strict and result.data is None else 200, _formatted(result)

    def _run(self, asked: Asked, owner: str, fault: Fault | None, now: int) -> ExecutionResult:
        context = Ask(tote=self.tote, owner=owner, now=now, fault=fault)
        result = graph.run(graph.gateway(), asked.document, context=context, variables=asked.variables, operation=asked.operation)
        if fault and fault.trouble is Trouble.EVENT_BEFORE_REPLY:
            self.tote.advance()
        return result

    def _landed(self, asked: Asked, owner: str, at: int) -> None:
        """A request that was stuck on its way arrives, and nobody waits for its answer any more."""
        result = self._run(asked, owner, None, at)
        self.tote.note("reply", at, call=asked.call, answer=_told(200, dict(result.formatted)), lost=True)

    async def _wait(self, fault: Fault | None, now: int) -> None:
        if fault and fault.trouble in (Trouble.REPLY_DELAYED, Trouble.EVENT_BEFORE_REPLY):
            await self.tote.clock.sleep_until(from_ms(now + fault.seconds * SECOND))

    def _named(self, request: Request, reply: Response) -> Response:
        """Every answer has an id that support may be asked about: the client's own where it is one."""
        own = request.headers.get(REQUEST_ID, "")
        self._requests += 1
        is_one = own.isascii() and own.isalnum() and len(own) <= LONGEST_ID
        reply.headers[REQUEST_ID] = (
            own if is_one else undashed("request", self.tote.world.seed, self.tote.is_audit, self._requests)
        )
        return reply


def _formatted(result: ExecutionResult) -> Json:
    """Without `data` where nothing was carried out: an argument was none of its kind, and no field is to blame."""
    body: dict[str, Any] = dict(result.formatted)
    if result.data is None and result.errors and all(error.path is None for error in result.errors):
        del body["data"]
    return body


def _read(content: bytes) -> Asked | list[GraphQLError]:
    """A request, or what is wrong with it."""
    try:
        body = loads(content)
    except ValueError:
        return [GraphQLError("The request body is no JSON.")]
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return [GraphQLError("The request has no query.")]
    variables, name = body.get("variables"), body.get("operationName")
    variables = {} if variables is None else variables
    if not isinstance(variables, dict):
        return [GraphQLError("Variables must be an object.")]
    document = graph.gateway_document(body["query"])
    if isinstance(document, tuple):
        return list(document)
    operation = graph.operation_of(document, name)
    if operation is None:
        return [GraphQLError("It is not said which operation is meant.")]
    call, arguments = graph.asked(operation, variables)
    return Asked(document=document, variables=variables, operation=name, call=call, arguments=arguments)


def _told(status: int, body: Json) -> str:
    if status == 401:
        return "UNAUTHORIZED"
    return "errors" if body.get("errors") else "ok"
