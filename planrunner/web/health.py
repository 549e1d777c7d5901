"""Whether it is alive and well, and how everything stands."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from planrunner.app.documents import status_document, without_secrets
from planrunner.app.status import status
from planrunner.model.errors import WrongUse
from planrunner.web import metrics
from planrunner.web.office import Office
from planrunner.web.problem import Problem


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


async def stands(office: Office, _: Request) -> Response:
    try:
        found = await office.read(status, office.live.state)
    except WrongUse as error:
        raise Problem(404, str(error), title="no run is written down yet") from None
    return JSONResponse(without_secrets(status_document(found)))
