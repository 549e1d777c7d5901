"""What a fault does to one request: before it is carried out, instead of it, or to its answer.

`refused` takes an HTTP status as its code (`401`, `403`, `403-HEADER`, `404`, `409`, `422`, `429`, `500`, `501`, `503`, `504`);
with `lands` the request is carried out first. `leg failed` takes a reason to decline (`STAKE_EXCEEDS_LIMIT`). Of requests only a
placement lands later.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from planrunner.sandbox.clock import from_ms
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.oddspapi_abp.doors import HEADER, too_many
from planrunner.sandbox.oddspapi_abp.errors import Wrong, detail, not_live, unprocessable
from planrunner.sandbox.oddspapi_abp.venue import Abp
from planrunner.sandbox.oddspapi_abp.wire import Json, dumps, reply
from planrunner.sandbox.scenario import SECOND

PAGES = {Trouble.HTTP_500: 500, Trouble.HTTP_502: 502, Trouble.HTTP_503: 503}
AFTER = {Trouble.HTTP_500_AFTER_LANDING: 500, Trouble.HTTP_504_AFTER_LANDING: 504}
NEVER_LANDS = (Trouble.REPLY_LOST_BEFORE_LANDING, Trouble.TIMEOUT_NEVER_LANDS)
LOST = frozenset((Trouble.REPLY_LOST_AFTER_LANDING, Trouble.TIMEOUT_LANDS_LATER, *NEVER_LANDS))
REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}


class NoReply(Response):
    """Says nothing until the client gives up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the shape of ASGI
        while (await receive())["type"] != "http.disconnect":
            pass


def instead(fault: Fault | None) -> Response | None:
    """An answer without the request being carried out at all."""
    match fault.trouble if fault else None:
        case Trouble.REPLY_LOST_BEFORE_LANDING | Trouble.TIMEOUT_NEVER_LANDS:
            return NoReply()
        case (Trouble.HTTP_500 | Trouble.HTTP_502 | Trouble.HTTP_503) as page:
            return _page(PAGES[page])
        case _:
            return None


def refuse_first(abp: Abp, fault: Fault | None) -> None:
    """What concerns the service, whoever asks. Raises Wrong."""
    match fault.trouble if fault else None:
        case Trouble.TOO_MANY_REQUESTS:
            raise too_many(100)
        case Trouble.SERVICE_BUSY:
            raise detail(503, "Service unavailable")
        case Trouble.REFERENCES_FORGOTTEN:
            abp.forget()
        case Trouble.EMERGENCY:
            assert fault is not None
            tier = fault.code.lower() or None
            abp.switch_emergency(tier, on=True, seconds=fault.seconds, at=abp.desk.world.now)
        case _:
            pass


def refuse(fault: Fault | None, *, landed: bool) -> None:
    """Raises Wrong."""
    if fault is not None and fault.trouble is Trouble.REFUSED and fault.lands is landed:
        raise refusal(fault.code)


def refusal(code: str) -> Wrong:
    """The sheet's body for a status."""
    known = {
        "401": Wrong(401, {"error": "Invalid or inactive API key"}),
        "403": Wrong(403, {"error": "Access denied to endpoint"}),
        "403-HEADER": Wrong(403, {"detail": f"Missing API key header: {HEADER}"}),
        "409": Wrong(409, {"detail": {"error": "All orders are duplicates", "duplicateUuids": [], "inProgressUuids": []}}),
        "422": unprocessable([{"loc": ["body", "orders", 0, "orderStake"], "msg": "Input should be greater than 0",
                               "type": "greater_than"}]),
        "429": too_many(100),
        "501": not_live(),
        "503": detail(503, "Database unavailable"),
    }  # fmt: skip
    status = code.partition("-")[0]
    return known.get(code) or detail(int(status) if status.isdecimal() else 500, "Internal server error")


async def delay(abp: Abp, fault: Fault | None) -> None:
    if fault is not None and fault.trouble is Trouble.REPLY_DELAYED:
        await abp.clock.sleep_until(from_ms(abp.desk.world.now + fault.seconds * SECOND))
        abp.advance()


def is_lost(fault: Fault | None) -> bool:
    return fault is not None and fault.trouble in LOST


def misreport(abp: Abp, name: str, client: str, query: Mapping[str, str], body: Json, fault: Fault | None) -> Json:
    """Lists of orders and bets may be empty, doubled, or as old as the last look with the same question."""
    if name not in ("orders", "list-bets"):
        return body
    name = "orders" if name == "orders" else "bets"
    before = abp.remember((client, name, str(sorted(query.items()))), body)
    match fault.trouble if fault else None:
        case Trouble.OLDER_REPORT:
            return before
        case Trouble.EMPTY_REPORT:
            return [] if isinstance(body, list) else {**body, name: [], "hasMore": False, "nextCursor": None}
        case Trouble.REPORTED_TWICE:
            twice = [row for row in (body if isinstance(body, list) else body[name]) for _ in range(2)]
            return twice if isinstance(body, list) else {**body, name: twice}
        case _:
            return body


def shape(wrong: Wrong, *, legacy: bool) -> Json:
    """The old generation had an envelope of its own for what it said in words."""
    text = wrong.body.get("detail", wrong.body.get("error"))
    if legacy and isinstance(text, str):
        return {"detail": {"message": text, "code": wrong.status}}
    return wrong.body


def answer(fault: Fault | None, body: Json, status: int, headers: Mapping[str, str]) -> Response:
    """As the line lets it through."""
    trouble = fault.trouble if fault else None
    if trouble in LOST:
        return NoReply()
    if trouble in AFTER:
        return _page(AFTER[trouble])
    if trouble is Trouble.MALFORMED_BODY:
        whole = dumps(body)
        return Response(whole[: len(whole) // 2], media_type="application/json")
    if trouble is Trouble.NOT_JSON:
        return HTMLResponse("<html><body>Welcome</body></html>")
    if trouble is Trouble.ANOTHER_SHAPE:
        return reply([None])
    return Response(status_code=204, headers=dict(headers)) if status == 204 else reply(body, status, headers)


def _page(status: int) -> Response:
    """A gateway's, in front of the service."""
    title = f"{status} {REASONS[status]}"
    return HTMLResponse(f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>", status_code=status)
