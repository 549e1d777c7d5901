"""Every route there is: who may use it, what it takes and what it answers. The server and its OpenAPI document are both made from
this table."""

from __future__ import annotations

from planrunner.app.pnl import By
from planrunner.model.account import Role
from planrunner.model.journal import HaltScope, Mode, RunState
from planrunner.web import events, forms, health, plans, runs, stops
from planrunner.web.forms import named
from planrunner.web.table import Answer, Handler, Parameter, Patience, Route, Taken

ROOT = "/api/v1"
_INPUTS = Taken(schema=forms.INPUTS, is_required=False)
_TURNED = {400: "late, early, no time, no nonce", 409: "seen before, refused", 422: "no flat JSON object, not for the plan",
           429: "too many", 503: "trouble", 504: "goes on"}  # fmt: skip


def routes(signal: Handler, openapi: Handler, docs: Handler) -> tuple[Route, ...]:
    """`signal` is where signals come in; the last two tell of the table itself."""
    return (*_HEALTH, *_PLANS, *_RUNS, *_STOPS, *_STANDS, _signal(signal), *_about(openapi, docs))


_HEALTH = (
    Route(
        method="GET", path="/healthz", name="alive", role=None, does="Whether it is alive", handler=health.alive,
        answers={200: Answer(told="It is", schema=named("Health"))}, is_always_let_in=True,
    ),
    Route(
        method="GET", path="/readyz", name="ready", role=None, does="Whether plans run, and if not, why", handler=health.ready,
        answers={200: Answer(told="They do", schema=named("Health"))}, problems=(503,), is_always_let_in=True,
    ),
    Route(
        method="GET", path="/metrics", name="metrics", role=None, does="Figures for Prometheus", handler=health.figures,
        answers={200: Answer(told="Its text format", schema=forms.TEXT, media_type="text/plain")}, problems=(503, 504),
    ),
)  # fmt: skip

_PLANS = (
    Route(
        method="GET", path=f"{ROOT}/plans", name="list_plans", role=Role.VIEWER, does="The plans, and when each is due next",
        handler=plans.listed, answers={200: Answer(told="All of them", schema=named("Plans"))},
    ),
    Route(
        method="GET", path=f"{ROOT}/plans/{{plan}}", name="show_plan", role=Role.VIEWER, does="A plan's text and schedule",
        handler=plans.shown, answers={200: Answer(told="The plan", schema=named("Plan"))}, problems=(400,),
    ),
    Route(
        method="POST", path=f"{ROOT}/plans/{{plan}}/check", name="check_plan", role=Role.AUTHOR, does="Whether a plan is right",
        handler=plans.checked, takes=_INPUTS, answers={200: Answer(told="What was found", schema=named("Checked"))},
    ),
    Route(
        method="POST", path=f"{ROOT}/check", name="check_text", role=Role.AUTHOR, does="Whether a plan that is sent is right",
        handler=plans.checked_text, takes=Taken(schema=forms.PLAN_TEXT, media_type="text/plain"),
        answers={200: Answer(told="What was found", schema=named("Checked"))},
    ),
    Route(
        method="POST", path=f"{ROOT}/plans/{{plan}}/preview", name="preview_plan", role=Role.AUTHOR,
        does="What a plan will do and when it runs next, as `planrunner preview --json` tells it", handler=plans.previewed,
        takes=_INPUTS, answers={200: Answer(told="The preview", schema=named("Preview"))}, problems=(422,),
    ),
)  # fmt: skip

_RUNS = (
    Route(
        method="POST", path=f"{ROOT}/plans/{{plan}}/runs", name="start_run", role=Role.OPERATOR, does="Start a plan now",
        handler=runs.started, takes=_INPUTS, patience=Patience.OWN,
        details="Answered once the run is in the journal. With an Idempotency-Key the same request, sent again, starts nothing "
                "and answers with the same run; keys are each user's own.",
        parameters=(
            Parameter(name="Idempotency-Key", told="Any text of your own, new for each start", where="header",
                      schema={"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"}),
        ),
        answers={201: Answer(told="It began", schema=named("Started"), headers=("Location",))}, problems=(409, 422, 502),
    ),
    Route(
        method="GET", path=f"{ROOT}/runs", name="list_runs", role=Role.VIEWER, does="The runs there were, the newest first",
        handler=runs.listed, problems=(400,),
        parameters=(
            Parameter(name="plan", told="A plan's name, or its file's", schema={"type": "string", "maxLength": 200}),
            Parameter(name="state", told="Only those", schema={"enum": [one.value for one in RunState]}),
            Parameter(name="mode", told="Only those", schema={"enum": [one.value for one in Mode]}),
            Parameter(name="since", told="Begun then or later, with a zone", schema=forms.MOMENT),
            Parameter(name="limit", told="So many in a page", schema={
                "type": "integer", "minimum": 1, "maximum": runs.MOST, "default": runs.USUALLY,
            }),
            Parameter(name="cursor", told="`next` of the page before", schema={"type": "string", "maxLength": 200}),
        ),
        answers={200: Answer(told="A page", schema=named("Runs"))},
    ),
    Route(
        method="GET", path=f"{ROOT}/runs/{{run}}", name="show_run", role=Role.VIEWER, does="A run: how it stands or ended",
        handler=runs.told, answers={200: Answer(told="The run", schema=named("Card"))},
    ),
    Route(
        method="GET", path=f"{ROOT}/runs/{{run}}/report", name="report", role=Role.VIEWER, patience=Patience.LONG,
        does="A run's report (its form: planrunner schema report)", handler=runs.report_json,
        answers={200: Answer(told="The report", schema=forms.ANYTHING)},
    ),
    Route(
        method="GET", path=f"{ROOT}/runs/{{run}}/report.html", name="report_page", role=Role.VIEWER, patience=Patience.LONG,
        does="The same as a page", handler=runs.report_html,
        answers={200: Answer(told="The page", schema=forms.TEXT, media_type="text/html")},
    ),
    Route(
        method="GET", path=f"{ROOT}/runs/{{run}}/events", name="follow_run", role=Role.VIEWER, patience=Patience.OWN,
        does="A run's records as they are written down, as server-sent events, until it is settled", handler=events.told,
        problems=(400,),
        parameters=(
            Parameter(name="Last-Event-ID", told="The last record that was heard", where="header",
                      schema={"type": "string", "pattern": "^[0-9]{1,15}$"}),
            Parameter(name="after", told="The same, for the first time", schema={"type": "integer", "minimum": 0}),
        ),
        answers={
            200: Answer(told="Events", schema=forms.EVENT, media_type="text/event-stream"),
            204: Answer(told="Nothing more will come", media_type=None),
        },
    ),
)  # fmt: skip

_STOPS = (
    Route(
        method="GET", path=f"{ROOT}/stops", name="list_stops", role=Role.VIEWER, does="The stops that hold", handler=stops.listed,
        parameters=(Parameter(name="all", told="Those that were released too", schema={"enum": ["yes", "no"]}),),
        answers={200: Answer(told="Stops", schema=named("Stops"))},
    ),
    Route(
        method="POST", path=f"{ROOT}/stops", name="stop", role=Role.OPERATOR, is_always_let_in=True, patience=Patience.OWN,
        does="Stop everything, or an account, a plan, a run: nothing new is placed, what rests is taken back",
        handler=stops.put, takes=Taken(schema=forms.STOP), problems=(409,),
        answers={201: Answer(told="In force; all stops that hold", schema=named("Stops"))},
    ),
    Route(
        method="DELETE", path=f"{ROOT}/stops", name="release", role=Role.OPERATOR, patience=Patience.OWN,
        does="End a stop, so that runs may begin again", handler=stops.ended, problems=(400, 404),
        parameters=(
            Parameter(name="scope", told="As it was stopped", is_required=True,
                      schema={"enum": [one.value for one in HaltScope]}),
            Parameter(name="name", told="Of the account, plan or run; everything has none",
                      schema={"type": "string", "maxLength": stops.LONGEST}),
            Parameter(name="because", told="Why it may end; kept with the stop", is_required=True,
                      schema={"type": "string", "minLength": 1, "maxLength": stops.LONGEST}),
        ),
        answers={200: Answer(told="Released", schema=named("Released"))},
    ),
)  # fmt: skip

_STANDS = (
    Route(
        method="GET", path=f"{ROOT}/status", name="status", role=Role.VIEWER,
        does="What goes on: runs, open orders, limits, stops", handler=health.stands,
        answers={200: Answer(told="Now", schema=named("Status"))}, problems=(404,),
    ),
    Route(
        method="GET", path=f"{ROOT}/pnl", name="profit_and_loss", role=Role.VIEWER, patience=Patience.LONG,
        does="What runs brought, summed up", handler=health.brought, problems=(400,),
        parameters=(
            Parameter(name="by", told="What is summed", schema={"enum": [one.value for one in By], "default": By.PLAN.value}),
            Parameter(name="since", told="Runs that began on this day or later", schema=forms.DAY),
            Parameter(name="until", told="Runs that began on this day or earlier", schema=forms.DAY),
            Parameter(name="plan", told="A plan's name, or its file's", schema={"type": "string", "maxLength": 200}),
            Parameter(name="account", told="Only this account", schema={"type": "string", "maxLength": 200}),
            Parameter(name="mode", told="Live where there is any, else sandbox", schema={"enum": ["live", "sandbox"]}),
        ),
        answers={200: Answer(told="The sums", schema=named("ProfitAndLoss"))},
    ),
)  # fmt: skip


def _signal(handler: Handler) -> Route:
    turned = {status: Answer(told=told, schema=named("Turned")) for status, told in _TURNED.items()}
    return Route(
        method="POST", path=f"{ROOT}/signals/{{name}}", name="signal", role=None, patience=Patience.OWN, handler=handler,
        does="A signal for the plans that wait for it; it proves itself, with no token of a user",
        takes=Taken(schema=forms.SIGNAL), is_always_let_in=True,
        answers={
            202: Answer(told="Taken", schema=named("Taken")),
            404: Answer(told="Whatever does not prove itself, known or not", media_type=None),
            **turned,
        },
    )  # fmt: skip


def _about(openapi: Handler, docs: Handler) -> tuple[Route, ...]:
    return (
        Route(
            method="GET", path=f"{ROOT}/openapi.json", name="openapi", role=None, does="This document", handler=openapi,
            answers={200: Answer(told="OpenAPI 3.1", schema=forms.ANYTHING)},
        ),
        Route(
            method="GET", path=f"{ROOT}/docs", name="docs", role=None, does="A page that lists all of this", handler=docs,
            answers={200: Answer(told="The page", schema=forms.TEXT, media_type="text/html")},
        ),
    )  # fmt: skip
