"""The OpenAPI document, made from the same table as the routes, so that the two can't part; and a page that lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import Any

from planrunner import __version__
from planrunner.web import forms
from planrunner.web.problem import MEDIA_TYPE
from planrunner.web.table import Answer, Route

_IN_PATH = re.compile(r"\{(\w+)\}")
_OF_EVERY = (421, 500)
_WITH_ROLE = (401, 403, 503, 504)
_WITH_BODY = (400, 408, 413, 415)
_TELLS = {
    400: "What was asked can't be read, or done",
    401: "No token that is known",
    403: "The role of the token does not allow it",
    404: "There is no such thing",
    408: "The body came too slowly",
    409: "Refused; nothing was placed",
    413: "Too large",
    415: "Another media type is needed",
    421: "This address is not served here",
    422: "The plan, with these inputs, has problems; nothing was placed",
    500: "A fault of planrunner's own",
    502: "The venue refused, or can't be asked",
    503: "Not now; ask again later",
    504: "It took too long",
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "planrunner",
            "version": __version__,
            "description": "Plans that run by themselves: what is planned, what runs, what came of it, and how to stop it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": dict(forms.COMPONENTS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def page(routes: Sequence[Route]) -> str:
    """Plain HTML that asks nothing of anybody."""
    rows = "\n".join(
        f"<tr><td><code>{route.method}</code></td><td><code>{escape(route.path)}</code></td>"
        f"<td>{escape(route.role.value if route.role else 'anybody here')}</td><td>{escape(route.does)}</td></tr>"
        for route in routes
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>planrunner: HTTP API</title></head>\n<body>\n'
        "<h1>planrunner: HTTP API</h1>\n<p>Each role may what those before it may: viewer, author, operator. Send "
        "<code>Authorization: Bearer TOKEN</code>. The same for programs: <a href=\"openapi.json\">openapi.json</a>.</p>\n"
        f"<table>\n<tr><th>Method</th><th>Path</th><th>Role</th><th>What it does</th></tr>\n{rows}\n</table>\n</body>\n</html>\n"
    )  # fmt: skip


def _operation(route: Route) -> dict[str, Any]:
    told: dict[str, Any] = {"operationId": route.name, "summary": route.does}
    if route.details:
        told["description"] = route.details
    if route.role is not None:
        told |= {"security": [{"token": []}], "x-role": route.role.value}
    if parameters := [*_of_path(route), *_others(route)]:
        told["parameters"] = parameters
    if route.takes is not None:
        content = {route.takes.media_type: {"schema": route.takes.schema}}
        told["requestBody"] = {"required": route.takes.is_required, "content": content}
    told["responses"] = {str(status): _answer(one) for status, one in route.answers.items()} | {
        str(status): _problem(status) for status in _problems(route) if status not in route.answers
    }
    return told


def _of_path(route: Route) -> list[dict[str, Any]]:
    names = _IN_PATH.findall(route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _others(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "in": one.where, "required": one.is_required, "description": one.told, "schema": one.schema}
        for one in route.parameters
    ]


def _problems(route: Route) -> list[int]:
    found = {*_OF_EVERY, *route.problems, *(_WITH_ROLE if route.role else (401, 403))}
    found |= {*_WITH_BODY} if route.takes is not None and route.role is not None else set()
    found |= {404} if _IN_PATH.search(route.path) else set()
    return sorted(found)


def _answer(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.told}
    if answer.media_type is not None:
        told["content"] = {answer.media_type: {"schema": answer.schema} if answer.schema is not None else {}}
    if answer.headers:
        told["headers"] = {name: {"schema": {"type": "string"}} for name in answer.headers}
    return told


def _problem(status: int) -> Mapping[str, Any]:
    told = _TELLS.get(status, HTTPStatus(status).phrase)
    return {"description": told, "content": {MEDIA_TYPE: {"schema": forms.named("Problem")}}}
