"""Who may do what: the matrix is made from the table of routes, so a new route is held to it by being there."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from planrunner.model.account import Role
from tests.web.service import TOKENS, Desk, Service

ROLES = [None, *Role]


async def _asked(desk: Desk, role: Role | None, *, named: str) -> dict[str, httpx.Response]:
    found = {}
    for route in desk.app.state.table:
        path = route.path.replace("{plan}", named).replace("{run}", named).replace("{name}", named)
        found[route.name] = await desk.ask(route.method, path, role)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_those_before_it_may_and_nothing_else(desk: Desk, role: Role | None) -> None:
    answers = asyncio.run(_asked(desk, role, named="nothing"))
    rank = ROLES.index(role)
    for route in desk.app.state.table:
        status = answers[route.name].status_code
        if route.role is None:
            assert status not in (401, 403), route.name
        elif role is None:
            assert status == 401, route.name
        else:
            assert (status == 403) == (rank < ROLES.index(route.role)), route.name
            assert status != 401, route.name
    assert {one.role for one in desk.app.state.table} == set(ROLES), "every role has something that it alone may"


def test_whoever_may_not_learns_nothing_of_what_exists(desk: Desk) -> None:
    async def both() -> None:
        for role in (None, Role.VIEWER):
            there, not_there = [await _asked(desk, role, named=named) for named in ("chase.yaml", "nothing.yaml")]
            refused = [name for name, answer in there.items() if answer.status_code in (401, 403)]
            assert {"start_run", "check_plan", "stop"} <= set(refused)
            for name in refused:
                one, other = there[name], not_there[name]
                assert (one.status_code, one.content, one.headers) == (other.status_code, other.content, other.headers), name
        unknown, known = await desk.get("/api/v1/nothing", None), await desk.get("/api/v1/plans", None)
        assert (unknown.status_code, unknown.content) == (known.status_code, known.content) == (401, known.content)

    asyncio.run(both())


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer nothing", f"Basic {TOKENS[Role.OPERATOR]}", TOKENS[Role.OPERATOR],
     f"Bearer {TOKENS[Role.OPERATOR][:-1]}", f"Bearer {TOKENS[Role.OPERATOR]}x", "Bearer \xff\xfe"],
)  # fmt: skip
def test_what_is_no_token_of_ours_is_none(desk: Desk, authorization: str) -> None:
    async def ask() -> int:
        headers = [(b"authorization", authorization.encode("latin-1"))]
        async with desk.client() as client:
            return (await client.get("/api/v1/plans", headers=headers)).status_code

    assert asyncio.run(ask()) == 401


def test_two_tokens_in_one_request_are_none(desk: Desk) -> None:
    async def ask() -> int:
        headers = [("authorization", f"Bearer {TOKENS[role]}") for role in (Role.VIEWER, Role.OPERATOR)]
        async with desk.client() as client:
            return (await client.get("/api/v1/plans", headers=headers)).status_code

    assert asyncio.run(ask()) == 401


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 401),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 401),
        ("127.0.0.1", {"Host": "plans.example.org"}, 401),
        ("192.0.2.7", {"Authorization": f"Bearer {TOKENS[Role.VIEWER]}"}, 200),
    ],
)
def test_health_metrics_and_documents_are_open_to_this_machine_alone(
    desk: Desk, host: str, headers: dict[str, str], status: int
) -> None:
    desk = Desk(desk.service, options={"hosts": ["plans.example.org"]})

    async def ask() -> None:
        async with desk.client(host=host) as client:
            for path in (route.path for route in desk.app.state.table if route.role is None and route.method == "GET"):
                assert (await client.get(path, headers=headers)).status_code == status, path

    asyncio.run(ask())


def test_where_a_proxy_of_this_machine_lets_others_in_nothing_is_open(desk: Desk) -> None:
    closed = Desk(Service(desk.service.folder), options={"open_to_loopback": False})
    assert asyncio.run(closed.get("/metrics", None)).status_code == 401
    assert asyncio.run(closed.get("/metrics", Role.VIEWER)).status_code == 200
