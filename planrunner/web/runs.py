"""Runs: started, listed, told."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import IO

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from planrunner.app.documents import (
    check_document,
    info_document,
    left_document,
    run_document,
    without_secrets,
)
from planrunner.app.lookout import Card, Wanted
from planrunner.model.errors import PlanProblems, PlanrunnerError, WrongUse
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.web import body, forms
from planrunner.web.office import Office, inputs_of, note, user_of
from planrunner.web.problem import Problem, problem_of
from planrunner.web.query import moment, one_of, unreadable

USUALLY = 50
MOST = 500
KEYS_KEPT = 1_000  # of starts, to tell one that is used again for something else
IN_MEMORY = 1 << 20  # bytes of a report; longer ones wait on the disk for whoever reads slowly
AT_ONCE = 1 << 16


async def started(office: Office, request: Request) -> Response:
    """With a key, the same request can be sent again after an answer was lost: it starts once."""
    plan, user = office.plan(request), user_of(request)
    assert user is not None
    values = inputs_of(await body.fields(request, forms.INPUTS))
    key = _key(request, user.name)
    if key is not None:
        _refuse_another(office, key, (plan, values))
    note(request, did=f"start {plan}")
    try:
        run = await office.carried_through(office.live.start(plan, values, by=user.name, key=key), f"the start of {plan}")
    except PlanrunnerError as error:
        office.keys.pop(key or "", None)  # nothing began with it, so it may come again with something else
        raise await _not_started(office, plan, values, error) from None
    note(request, did=f"started {plan}", run=run)
    return JSONResponse({"run": run}, 201, {"Location": f"/api/v1/runs/{run}"})


async def _not_started(office: Office, plan: str, values: dict[str, str], error: PlanrunnerError) -> Problem:
    """With the problems of the plan, where it has some that its text shows."""
    if isinstance(error, PlanProblems | WrongUse):
        results = await office.check(office.plans.check, plan, values)
        if results.has_problems:
            problem = problem_of(PlanProblems(str(error)))
            problem.more = check_document(results)
            return problem
    return problem_of(error)


def _key(request: Request, user: str) -> str | None:
    """Everybody has keys of their own."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= 100 or not key.isascii() or not key.isprintable() or " " in key:
        raise Problem(400, "Idempotency-Key takes 1 to 100 visible ASCII characters without a space; a UUID is a good one")
    return f"{user}/{key}"


def _refuse_another(office: Office, key: str, asked: object) -> None:
    """A key that comes again with something else is a mistake of the sender, and no answer to it would be right."""
    if office.keys.setdefault(key, asked) != asked:
        raise Problem(422, "this Idempotency-Key was used to start something else; use a new one for each start")
    office.keys.move_to_end(key)
    while len(office.keys) > KEYS_KEPT:
        office.keys.popitem(last=False)


async def listed(office: Office, request: Request) -> Response:
    query = request.query_params
    most = _limit(query.get("limit", str(USUALLY)))
    try:
        wanted = Wanted(
            plan=query.get("plan", "")[:200] or None,
            state=one_of(RunState, query["state"]) if "state" in query else None,
            mode=one_of(Mode, query["mode"]) if "mode" in query else None,
            since=moment(query["since"]) if "since" in query else None,
            before=_before(query["cursor"]) if "cursor" in query else None,
        )
    except ValueError as error:
        raise unreadable(error) from None
    found = await office.read(office.lookout.runs, wanted, most=most + 1)
    shown, more = found[:most], len(found) > most
    told = {"runs": [info_document(one) for one in shown], "next": _cursor(shown[-1]) if more else None}
    return JSONResponse(without_secrets(told))


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MOST:
        return int(text)
    raise Problem(400, f"limit takes a number from 1 to {MOST}")


def _cursor(info: RunInfo) -> str:
    """Of the last run of a page; opaque, so that nobody builds one."""
    return base64.urlsafe_b64encode(f"{info.created.isoformat()} {info.run}".encode()).decode()


def _before(cursor: str) -> tuple[datetime, RunId]:
    at, _, run = base64.b64decode(cursor[:200], altchars=b"-_", validate=True).decode().partition(" ")
    return moment(at), RunId(run)


async def told(office: Office, request: Request) -> Response:
    card = await office.read(office.lookout.card, request.path_params["run"], office.clock.now())
    return JSONResponse(without_secrets(_card(card, office.clock.now())))


def _card(card: Card, now: datetime) -> dict[str, object]:
    past = card.past
    return info_document(past.info) | {
        "status": past.badge,
        "headline": past.headline,
        "exit_code": past.exit_code,
        "result": f"{past.net} {past.currency}" if past.net is not None else None,
        "at_work": run_document(card.status, now) if card.status is not None else None,
        "left": [left_document(one) for one in card.left],
    }


async def report_json(office: Office, request: Request) -> Response:
    return await _report(office, office.lookout.report_json, request, "application/json")


async def report_html(office: Office, request: Request) -> Response:
    return await _report(office, office.lookout.report_html, request, "text/html")


async def _report(office: Office, tell: Callable[[str], Iterator[str]], request: Request, media_type: str) -> Response:
    file, size = await office.read(_whole, tell, request.path_params["run"])
    if size <= IN_MEMORY:
        with file:
            return Response(file.read(), media_type=media_type)
    return StreamingResponse(_pieces(office, file), headers={"Content-Length": str(size)}, media_type=media_type)


def _whole(tell: Callable[[str], Iterator[str]], run: str) -> tuple[IO[bytes], int]:
    """Told to its end before it is sent: whoever reads slowly keeps nothing of the journal open."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by whoever sends it
    try:
        for piece in tell(run):
            file.write(str(without_secrets(piece)).encode("utf-8", "replace"))
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, size


async def _pieces(office: Office, file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await office.read(file.read, AT_ONCE):
            yield piece
