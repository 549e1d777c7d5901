"""The API's own document: it is one, it is of exactly these routes, and whatever it allows to be sent is answered as it says."""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from starlette.routing import Route

from planrunner.model.account import Role
from planrunner.web.openapi import document
from tests.web.service import TOKENS, Desk, Service


def test_the_document_is_one(desk: Desk) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # half a second, with what is below, of each process that collects

    OpenAPIV31SpecValidator(asyncio.run(desk.get("/api/v1/openapi.json", None)).json()).validate()


def test_it_is_of_the_routes_there_are_and_of_no_others(desk: Desk) -> None:
    told = asyncio.run(desk.get("/api/v1/openapi.json", None)).json()
    served = {(route.path, method) for route in desk.app.routes if isinstance(route, Route) for method in route.methods or ()}
    assert {(path, method.upper()) for path, methods in told["paths"].items() for method in methods} == {
        one for one in served if one[1] != "HEAD"
    }
    page = asyncio.run(desk.get("/api/v1/docs", None)).text
    assert all(path in page for path, _ in served)
    assert not any(word in page for word in ("http://", "https://", "<script", "<link", "src="))


def test_whatever_it_allows_is_answered_as_it_says(practice: Desk) -> None:
    _ask_everything(practice, examples=8, seed=1)


@pytest.mark.storm
@pytest.mark.parametrize("seed", range(2))
def test_whatever_it_allows_is_answered_as_it_says_for_minutes(practice: Desk, seed: int) -> None:
    _ask_everything(practice, examples=400, seed=seed)


def _ask_everything(desk: Desk, *, examples: int, seed: int) -> None:
    """Every operation by itself, of things that exist and of things that don't."""
    import schemathesis

    logging.getLogger("httpx").setLevel(logging.WARNING)
    desk = Desk(Service(desk.service.folder), options={"hosts": ["testserver"]})
    schema = schemathesis.openapi.from_dict(document(desk.app.state.table))
    schema.app = desk.app
    [run] = [path.stem for path in (desk.service.folder / "runs").iterdir()]  # it is settled, so its events end
    there = {"plan": ["on-signal.yaml", "chase.yaml"], "run": [run], "name": ["signed"]}
    for found in schema.get_all_operations():
        operation = found.ok()
        asked = settings(
            max_examples=examples, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(given(case=operation.as_strategy(), data=st.data())(lambda case, data: _ask(desk, case, data, there)))  # fmt: skip
        seeded(seed)(asked)()


@cache
def _checks() -> list[Any]:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    return [
        not_a_server_error, checks.status_code_conformance, checks.content_type_conformance, checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]  # fmt: skip


def _ask(desk: Desk, case: Any, data: st.DataObject, there: dict[str, list[str]]) -> None:
    for name in case.path_parameters or ():
        if data.draw(st.booleans(), label="of what exists"):
            case.path_parameters[name] = data.draw(st.sampled_from(there[name]))
    answer = case.call(headers={"Authorization": f"Bearer {TOKENS[Role.OPERATOR]}"})
    assert not any('"bug"' in line for line in desk.lines), desk.lines[-1]
    case.validate_response(answer, checks=_checks())
    desk.lines.clear()
