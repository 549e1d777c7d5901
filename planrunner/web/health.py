"""Whether it is alive and well, and how everything stands."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from planrunner.app import pnl
from planrunner.app.documents import status_document, without_secrets
from planrunner.app.status import status
from planrunner.model.errors import WrongUse
from planrunner.model.journal import Mode
from planrunner.web import metrics
from planrunner.web.office import Office
from planrunner.web.problem import Problem
from planrunner.web.query import day, one_of, unreadable


async def alive(_: Office, __: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def ready(office: Office, _: Request) -> Response:
    if why := office.live.readiness():
        raise Problem(503, why, title="no plans run", headers={"Retry-After": "5"})
    return JSONResponse({"status": "ready"})


async def figures(office: Office, _: Request) -> Response:
    found = await office.read(office.lookout.figures, office.live.site())
    look = metrics.Look(
        at=office.clock.now(), counts=office.live.counts(), why_not=office.live.readiness(), figures=found
    )  # fmt: skip
    return Response(office.meters.text(look), media_type=metrics.MEDIA_TYPE)


async def brought(office: Office, request: Request) -> Response:
    query = request.query_params
    try:
        wanted = pnl.Wanted(
            by=one_of(pnl.By, query.get("by", pnl.By.PLAN)),
            since=day(query["since"]) if "since" in query else None,
            until=day(query["until"]) if "until" in query else None,
            plan=query.get("plan", "")[:200] or None,
            account=query.get("account", "")[:200] or None,
            mode=one_of(Mode, query["mode"]) if "mode" in query else None,
        )
    except ValueError as error:
        raise unreadable(error) from None
    return JSONResponse(without_secrets(pnl.as_json(await office.read(pnl.pnl, office.live.state, wanted))))


async def stands(office: Office, _: Request) -> Response:
    try:
        found = await office.read(status, office.live.state)
    except WrongUse as error:
        raise Problem(404, str(error), title="no run is written down yet") from None
    return JSONResponse(without_secrets(status_document(found)))
