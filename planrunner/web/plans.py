"""Plans: listed, read, checked, previewed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from planrunner.app.documents import check_document, without_secrets
from planrunner.app.preview import document
from planrunner.app.service.live import Scheduled
from planrunner.web import body, forms
from planrunner.web.office import Office, inputs_of
from planrunner.web.problem import Problem


async def listed(office: Office, _: Request) -> Response:
    return JSONResponse({"plans": [scheduled(one) for one in office.live.schedules()]})


async def shown(office: Office, request: Request) -> Response:
    plan = office.plan(request)
    text = await office.read(office.plans.text, plan)
    results = await office.check(office.plans.check, plan)
    checked = next((one.plan for one in results.files if one.plan is not None), None)
    told = {"text": text, "digest": checked.digest if checked else None, "valid": not results.has_problems}
    return JSONResponse(without_secrets(_scheduled(office, plan) | told))


async def checked(office: Office, request: Request) -> Response:
    plan = office.plan(request)
    values = inputs_of(await body.fields(request, forms.INPUTS))
    return JSONResponse(without_secrets(check_document(await office.check(office.plans.check, plan, values))))


async def checked_text(office: Office, request: Request) -> Response:
    text = await body.text(request)
    return JSONResponse(without_secrets(check_document(await office.check(office.plans.check_text, text))))


async def previewed(office: Office, request: Request) -> Response:
    plan = office.plan(request)
    values = inputs_of(await body.fields(request, forms.INPUTS))
    found = await office.check(office.plans.preview, plan, values, since=office.clock.now())
    if not found.previews:
        raise Problem(422, title="the plan has problems", more=check_document(found.results))
    return JSONResponse(document(found.previews))


def scheduled(one: Scheduled) -> dict[str, object]:
    told = {"plan": one.plan, "title": one.title, "when": one.when, "problem": one.problem}
    found = without_secrets(told | {"next": one.next.isoformat() if one.next else None})
    assert isinstance(found, dict)
    return found


def _scheduled(office: Office, plan: str) -> dict[str, object]:
    return next((scheduled(one) for one in office.live.schedules() if one.plan == plan), {"plan": plan})
