"""The forms of what is sent and answered, as JSON Schema: for the OpenAPI document, and for judging what is sent."""

from __future__ import annotations

from typing import Any

from planrunner import resources
from planrunner.model.account import Role
from planrunner.model.journal import HaltScope, Mode, RunState
from planrunner.web.table import Schema

TEXT: Schema = {"type": "string"}
MAYBE: Schema = {"type": ["string", "null"]}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
MAYBE_MOMENT: Schema = {"type": ["string", "null"], "format": "date-time"}
FLAG: Schema = {"type": "boolean"}
ANYTHING: Schema = {"type": "object"}


def _object(told: str, /, **has: Schema) -> Schema:
    return {"type": "object", "description": told, "properties": has, "required": list(has)}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _shipped(schema: str, component: str) -> Schema:
    """A form that `planrunner schema` tells; what it refers to in itself is named from the whole document."""
    whole = {key: value for key, value in resources.schema(schema).items() if key != "$schema"}
    found: Schema = _from_whole(whole, f"#/components/schemas/{component}")
    return found


def _from_whole(part: Any, root: str) -> Any:
    match part:
        case {"$ref": str(reference), **others}:
            return {"$ref": reference.replace("#", root, 1)} | _from_whole(others, root)
        case dict():
            return {key: _from_whole(value, root) for key, value in part.items()}
        case list():
            return [_from_whole(one, root) for one in part]
        case _:
            return part


def named(name: str) -> Schema:
    """One of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


# --- what is sent

INPUTS: Schema = {
    "type": "object",
    "description": "The values of the plan's inputs, as `--set` has them. Numbers are read as they are written: 3.10 stays 3.10.",
    "properties": {
        "inputs": {"type": "object", "additionalProperties": {"type": ["string", "number"]}, "maxProperties": 100},
    },
    "additionalProperties": False,
}
STOP: Schema = {
    "type": "object",
    "description": "How much stops, and why. `name` is of the account, plan (its file) or run; everything has none.",
    "properties": {
        "scope": {"enum": [one.value for one in HaltScope]},
        "name": {"type": "string", "maxLength": 200},
        "because": {"type": "string", "maxLength": 300},
    },
    "required": ["scope"],
    "additionalProperties": False,
}
PLAN_TEXT: Schema = {"type": "string", "description": "A plan, as it would stand in a file"}
SIGNAL: Schema = {
    "type": "object",
    "description": (
        "The plan's inputs, texts or numbers. A signal with `proof: token` also has `token`, `at` (its time) and, if you like, "
        "`id`."
    ),
    "additionalProperties": {"type": ["string", "number"]},
}

# --- what is answered

EVENT: Schema = {
    "type": "object",
    "description": (
        "Each event: a `record`, whose id is its number and whose data is `{seq, at, kind, body}` as JSON; the last is `end`"
    ),
    "properties": {"id": TEXT, "event": {"enum": ["record", "end"]}, "data": TEXT},
}

_RUN: dict[str, Schema] = {
    "run": TEXT, "plan": TEXT, "plan_file": TEXT, "digest": TEXT, "mode": {"enum": [one.value for one in Mode]},
    "created": MOMENT, "state": {"enum": [one.value for one in RunState]},
}  # fmt: skip
_SCHEDULED: dict[str, Schema] = {"plan": TEXT, "title": TEXT, "when": TEXT, "next": MAYBE_MOMENT, "problem": TEXT}

COMPONENTS: dict[str, Schema] = {
    "Problem": {
        "type": "object",
        "description": "What went wrong, in words; `found` are the problems of a plan, as `planrunner check --json` has them",
        "properties": {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT, "found": ANYTHING},
        "required": ["type", "title", "status"],
    },
    "Scheduled": _object("A plan of the folder, and when it is due next", **_SCHEDULED),
    "Plans": _object("All of them", plans=_list(named("Scheduled"))),
    "Plan": _object("A plan with its text", **_SCHEDULED, text=TEXT, digest=MAYBE, valid=FLAG),
    "Checked": _object(
        "As `planrunner check --json`", valid=FLAG, files=_list(ANYTHING), skipped=_list(TEXT), unreadable=_list(TEXT)
    ),
    "Preview": _shipped("preview", "Preview"),
    "Started": _object("The run that was begun", run=TEXT),
    "Run": _object("A run by what it was begun with", **_RUN),
    "Runs": _object(
        "A page of them, the newest first; `next` is the cursor of the next page", runs=_list(named("Run")), next=MAYBE
    ),
    "Card": _object(
        "A run: how it ended, or how it stands", **_RUN, status=TEXT, headline=TEXT, exit_code={"type": ["integer", "null"]},
        result=MAYBE, at_work={"type": ["object", "null"]}, left=_list(ANYTHING),
    ),
    "Stop": _object(
        "A stop", scope={"enum": [one.value for one in HaltScope]}, name=TEXT, because=TEXT, by=TEXT, at=MOMENT,
        released=MAYBE_MOMENT, released_because=MAYBE,
    ),
    "Stops": _object("Stops, the oldest first", stops=_list(named("Stop"))),
    "Released": _object("What was released, and what still holds", released=_list(named("Stop")),
                        still_in_force=_list(named("Stop"))),
    "Status": _object(
        "As `planrunner status --json`", at=MOMENT, halts=_list(named("Stop")), runs=_list(ANYTHING),
        unresolved=_list(ANYTHING), limits=_list(ANYTHING), notes=_list(TEXT), exit_code={"type": "integer"},
    ),
    "ProfitAndLoss": _object(
        "As `planrunner pnl --json`", mode={"enum": [one.value for one in Mode]}, by=TEXT, rows=_list(ANYTHING),
        totals=_list(ANYTHING), notes=_list(TEXT),
    ),
    "Health": _object("It answers", status=TEXT),
    "Taken": _object("The runs that the signal began", runs=_list(TEXT)),
    "Turned": _object("Why a signal that proved itself began nothing", code=TEXT),
}  # fmt: skip

ROLES = [one.value for one in Role]
