"""A run's records come as they are written down, each once, in order, and from where one left off."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import anyio
import pytest

from planrunner.app.report import JOURNALS
from planrunner.model.account import Role
from planrunner.model.events import StopRequested
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.clock import run_on
from planrunner.runtime.journal import Journal
from planrunner.web.office import Bounds
from tests.web.service import START, TOKENS, Desk, Service

RUN = RunId("20261205-1100-aaaa")
INFO = RunInfo(
    run=RUN, plan_file="chase.yaml", plan_name="Chase", plan_digest="0", mode=Mode.SANDBOX, created=START
)  # fmt: skip


def heard(text: str) -> list[int]:
    return [int(line.removeprefix("id: ")) for line in text.splitlines() if line.startswith("id: ")]


def _rehearsal(desk: Desk) -> tuple[str, int]:
    with Journal.open(desk.service.state / JOURNALS[Mode.REHEARSAL], durable=False) as journal:
        [info] = journal.runs()
        return info.run, len(journal.read(info.run))


def test_a_run_that_is_over_is_told_to_its_end(desk: Desk) -> None:
    run, count = _rehearsal(desk)
    answer = asyncio.run(desk.get(f"/api/v1/runs/{run}/events"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert heard(answer.text) == list(range(1, count + 1))
    records = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith('data: {"seq"')]
    with Journal.open(desk.service.state / JOURNALS[Mode.REHEARSAL], durable=False) as journal:
        rows = [(row.seq, row.kind, json.loads(row.body)) for row in journal.rows(RunId(run))]
    assert [(one["seq"], one["kind"], one["body"]) for one in records] == rows
    assert answer.text.endswith("event: end\ndata: {}\n\n")


def test_whoever_comes_back_hears_what_they_missed_and_nothing_twice(desk: Desk) -> None:
    run, count = _rehearsal(desk)

    async def ask() -> None:
        for last in (1, count // 2, count - 1):
            again = await desk.get(f"/api/v1/runs/{run}/events", headers={"Last-Event-ID": str(last)})
            assert heard(again.text) == list(range(last + 1, count + 1))
            by_query = await desk.get(f"/api/v1/runs/{run}/events?after={last}")
            assert by_query.text == again.text
        assert (await desk.get(f"/api/v1/runs/{run}/events", headers={"Last-Event-ID": str(count)})).status_code == 204
        for wrong in ("x", "-1", "1e3", "9" * 16):
            assert (await desk.get(f"/api/v1/runs/{run}/events", headers={"Last-Event-ID": wrong})).status_code == 400

    asyncio.run(ask())


def test_records_come_as_they_are_written_and_the_end_when_the_run_is_settled(desk: Desk) -> None:
    async def go_on(_: Any) -> None:
        with Journal.open(desk.service.state / JOURNALS[Mode.LIVE], durable=False, clock=desk.clock) as journal:
            journal.create(INFO)
            epoch = journal.take(RUN, "test")
            told: list[tuple[float, bytes]] = []
            listening = asyncio.ensure_future(_listen(desk, told))
            for at in (10.0, 20.0, 100.0):
                await asyncio.sleep(at - desk.clock.age())
                bodies = [StopRequested(at=desk.clock.now(), text=f"at {at}") for _ in range(2)]
                await journal.append(RUN, epoch, bodies, desk.clock.now())
            journal.set_state(RUN, epoch, RunState.FINISHED)
            await asyncio.sleep(50)
            assert not listening.done(), "a run that is finished may still be settled"
            journal.set_state(RUN, epoch, RunState.SETTLED)
            await listening
        text = b"".join(piece for _, piece in told).decode()
        assert heard(text) == [1, 2, 3, 4, 5, 6]
        for at, ids in ((10, "id: 1\n"), (20, "id: 3\n"), (100, "id: 5\n")):
            [when] = [age for age, piece in told if ids in piece.decode()]
            assert at <= when <= at + 1
        alive = [age for age, piece in told if piece.startswith(b":")]
        ages = [age for age, _ in told]
        assert max(later - before for before, later in pairwise(ages)) <= 16, "proxies hang up on what is silent"
        assert 5 <= len(alive) <= 10
        assert desk.app.state.office.meters.listeners == 0

    run_on(desk.clock, go_on)


async def _listen(desk: Desk, told: list[tuple[float, bytes]], *, until: asyncio.Event | None = None) -> None:
    """As a server would hand it on: piece by piece, with the time of each."""
    scope = _scope(f"/api/v1/runs/{RUN}/events")
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await (until or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            told.append((desk.clock.age(), message["body"]))
        else:
            assert message["status"] == 200, message

    await desk.app(scope, receive, send)


def _scope(path: str) -> dict[str, Any]:
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {TOKENS[Role.VIEWER]}".encode())]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path, "root_path": "",
        "raw_path": path.encode(), "scheme": "http", "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1),
    }  # fmt: skip


def test_so_many_listen_and_whoever_leaves_makes_room(desk: Desk) -> None:
    full = Desk(Service(desk.service.folder), options={"bounds": Bounds(listeners=2)})

    async def go_on(_: Any) -> None:
        with Journal.open(full.service.state / JOURNALS[Mode.LIVE], durable=False) as journal:
            journal.create(INFO)
        leave = asyncio.Event()
        listening = [asyncio.ensure_future(_listen(full, [], until=leave)) for _ in range(2)]
        await asyncio.sleep(1)
        refused = await full.get(f"/api/v1/runs/{RUN}/events")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        leave.set()
        await asyncio.gather(*listening)
        assert full.app.state.office.meters.listeners == 0

    run_on(full.clock, go_on)


def test_whoever_takes_nothing_any_more_is_hung_up_on(desk: Desk) -> None:
    run, _ = _rehearsal(desk)

    async def go_on(_: Any) -> None:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                await asyncio.Event().wait()

        async def receive() -> Any:
            await asyncio.Event().wait()

        await desk.app(_scope(f"/api/v1/runs/{run}/events"), receive, send)
        assert (desk.clock.now() - START).total_seconds() == pytest.approx(30, abs=2)
        assert desk.app.state.office.meters.listeners == 0

    run_on(desk.clock, go_on)


def test_a_server_that_gives_a_request_up_for_good_leaves_no_listener_behind(desk: Desk) -> None:
    """In a scope that is cancelled nothing can be waited for any more, not even the end of what one began."""

    async def go_on() -> None:
        with Journal.open(desk.service.state / JOURNALS[Mode.LIVE], durable=False) as journal:
            journal.create(INFO)
        told: list[tuple[float, bytes]] = []
        async with anyio.create_task_group() as group:
            group.start_soon(_listen, desk, told)
            while not told:
                await asyncio.sleep(0.01)
            assert desk.app.state.office.meters.listeners == 1
            group.cancel_scope.cancel()
        assert desk.app.state.office.meters.listeners == 0

    asyncio.run(go_on())
