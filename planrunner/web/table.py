"""One row of the table that both the routes and the OpenAPI document are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from planrunner.model.account import Role
from planrunner.web.office import Office

Schema: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Office, Request], Awaitable[Response]]

JSON = "application/json"


class Patience(Enum):
    """How long an answer may take."""

    USUAL = "usual"
    LONG = "long"  # a report of many thousand orders
    OWN = "own"  # what changes something, or never ends, keeps time itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Of the query, or a header."""

    name: str
    told: str
    schema: Schema
    where: str = "query"
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is sent in the body."""

    schema: Schema
    media_type: str = JSON
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`schema` None: the form is not described."""

    told: str
    schema: Schema | None = None
    media_type: str | None = JSON
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`role` None: anybody who asks from this machine, and from elsewhere whoever has a token.

    `problems`: statuses besides those that every route with a role has. `is_always_let_in`: however much else is being asked.
    """

    method: str
    path: str
    name: str
    role: Role | None
    does: str
    handler: Handler
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    takes: Taken | None = None
    problems: tuple[int, ...] = ()
    patience: Patience = Patience.USUAL
    is_always_let_in: bool = False
    details: str = field(default="")
