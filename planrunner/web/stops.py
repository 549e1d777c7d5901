"""Stops: put in force, listed, released; as `planrunner stop` and `release` do it."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from planrunner.app.documents import halt_document, without_secrets
from planrunner.app.scope import Scope
from planrunner.app.stop import release
from planrunner.model.journal import Halt, HaltScope
from planrunner.web import body, forms
from planrunner.web.office import Office, note, user_of
from planrunner.web.problem import Problem

UNTOLD = "no reason was given"
LONGEST = 300  # characters of a name or a reason


async def listed(office: Office, request: Request) -> Response:
    every = request.query_params.get("all", "no") == "yes"
    return _stops(await office.read(office.lookout.halts, also_released=every))


async def put(office: Office, request: Request) -> Response:
    """Nothing that it covers is placed once this is answered; what rests is taken back by whoever drives the runs."""
    user = user_of(request)
    assert user is not None
    asked = await body.fields(request, forms.STOP)
    scope, name = _scope(asked["scope"], asked.get("name", ""))
    because = asked.get("because", "").strip() or UNTOLD
    note(request, did=f"stop {Scope(scope=scope, name=name).what}", because=because)
    await office.carried_through(office.live.stop(scope, name, because=because, by=user.name), "the stop")
    return _stops(await office.read(office.lookout.halts, also_released=False), 201)


async def ended(office: Office, request: Request) -> Response:
    query, user = request.query_params, user_of(request)
    assert user is not None
    scope, name = _scope(query.get("scope", ""), query.get("name", ""))
    because = query.get("because", "").strip()
    if not because or len(because) > LONGEST:
        raise Problem(400, f"say why the stop may end: because=TEXT, up to {LONGEST} characters; it is kept with the stop")
    what = Scope(scope=scope, name=name)
    note(request, did=f"release {what.what}", because=because)
    act = asyncio.to_thread(release, what, office.live.state, because=f"{because}, by {user.name}")
    came = await office.carried_through(act, "the release")
    if not came.released:
        raise Problem(404, "nothing was stopped with these words; /api/v1/stops lists what is")
    still = [halt_document(one) for one in came.still]
    told = {"released": [halt_document(one) for one in came.released], "still_in_force": still}
    return JSONResponse(without_secrets(told))


def _scope(scope: str, name: str) -> tuple[HaltScope, str]:
    if scope not in set(HaltScope):
        raise Problem(400, f"scope is one of {', '.join(HaltScope)}")
    name = name.strip()
    if (scope == HaltScope.ALL) != (not name) or len(name) > LONGEST:
        raise Problem(400, "account, plan and run need a name, and everything has none")
    return HaltScope(scope), name


def _stops(halts: tuple[Halt, ...], status: int = 200) -> Response:
    return JSONResponse(without_secrets({"stops": [halt_document(one) for one in halts]}), status)
