"""What comes in and is not meant for us, is too large, too slow or too much; and what is told of each request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from planrunner.model.account import Role
from planrunner.model.errors import JournalTrouble, Refused, VenueTrouble
from planrunner.runtime.clock import run_on
from planrunner.web.body import LARGEST
from planrunner.web.office import Bounds
from tests.web.service import TOKENS, Desk, Service


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "192.0.2.7", "", "localhost@evil.example", "[::2]:80"]
)
def test_an_address_that_is_not_ours_is_answered_with_nothing(desk: Desk, host: str) -> None:
    """A page from anywhere may give its own name our address, and a browser would then send it here."""
    for path in ("/metrics", "/api/v1/plans", "/api/v1/signals/signed"):
        answer = asyncio.run(desk.get(path, Role.VIEWER, headers={"Host": host}))
        assert answer.status_code == 421, path


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "plans.example.org"])
def test_loopback_has_several_names_and_others_are_named(desk: Desk, host: str) -> None:
    named = Desk(Service(desk.service.folder), options={"hosts": ["plans.example.org"]})
    assert asyncio.run(named.get("/api/v1/plans", headers={"Host": host})).status_code == 200


def test_every_answer_tells_browsers_to_keep_out(desk: Desk) -> None:
    async def ask() -> None:
        for path, role in (
            ("/api/v1/plans", Role.VIEWER),
            ("/api/v1/plans", None),
            ("/nothing", Role.VIEWER),
            ("/api/v1/docs", None),
        ):
            headers = (await desk.get(path, role, headers={"Origin": "https://evil.example"})).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert not [name for name in headers if name.startswith("access-control")]

    asyncio.run(ask())


@pytest.mark.parametrize(
    "plan",
    ["../planrunner.yaml", "..%2Fplanrunner.yaml", "%2e%2e%2fchase.yaml", ".planrunner%2frehearsals.db", "chase.yaml%00",
     "%2e%2fchase.yaml", "CHASE.YAML", "planrunner.yaml", "planrunner.credentials", "%2fetc%2fpasswd", "..%5cchase.yaml"],
)  # fmt: skip
def test_no_path_leads_to_anything_but_a_plan_that_is_listed(desk: Desk, plan: str) -> None:
    (desk.service.folder / "planrunner.credentials").write_text("PLANRUNNER_BETFAIR_PASSWORD=hidden-in-a-file\n")
    answer = asyncio.run(desk.get(f"/api/v1/plans/{plan}"))
    assert answer.status_code == 404
    assert "hidden-in-a-file" not in answer.text


def test_a_plan_that_is_sent_reads_nothing_but_the_folder(desk: Desk) -> None:
    outside = desk.service.folder.parent / "outside.csv"
    outside.write_text("selection,stake\nhidden-in-a-table,1.00\n")
    for name in (str(outside), "../outside.csv", ".planrunner/rehearsals.db"):
        text = f"planrunner: 1\nplan: X\nlimits:\n  max_loss: 1.00 GBP\nfor_each: {name}\norders: []\n"
        answer = asyncio.run(desk.ask("POST", "/api/v1/check", Role.AUTHOR, content=text))
        assert answer.json()["valid"] is False
        assert "hidden-in-a-table" not in answer.text
        assert str(desk.service.folder) not in answer.text.replace(name, "")


class _Endless:
    """A body that says nothing of its length. `taken`: how much of it was read."""

    def __init__(self, piece: bytes, pause: float = 0) -> None:
        self.piece, self.pause, self.taken = piece, pause, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(1_000):
            await asyncio.sleep(self.pause)
            self.taken += len(self.piece)
            yield self.piece


def test_a_body_without_end_is_not_read_to_its_end(desk: Desk) -> None:
    sent = _Endless(b"x" * 65_536)
    assert asyncio.run(desk.ask("POST", "/api/v1/check", Role.AUTHOR, content=sent)).status_code == 413
    assert sent.taken <= LARGEST + 2 * 65_536
    said = {"Content-Length": str(LARGEST + 1)}
    assert asyncio.run(desk.ask("POST", "/api/v1/check", Role.AUTHOR, content=b"x", headers=said)).status_code == 413


def test_a_body_that_comes_a_byte_a_second_is_given_up(desk: Desk) -> None:
    async def ask(_: Any) -> int:
        return (await desk.ask("POST", "/api/v1/check", Role.AUTHOR, content=_Endless(b"x", pause=1))).status_code

    assert run_on(desk.clock, ask) == 408


def test_whoever_may_not_send_a_body_has_none_read(desk: Desk) -> None:
    sent = _Endless(b"x")
    assert asyncio.run(desk.ask("POST", "/api/v1/check", Role.VIEWER, content=sent)).status_code == 403
    assert sent.taken == 0


def test_when_too_much_is_asked_at_once_a_stop_is_let_in_all_the_same(desk: Desk) -> None:
    busy = Desk(Service(desk.service.folder), options={"bounds": Bounds(requests=2)})

    async def ask(_: Any) -> None:
        slow = [
            asyncio.ensure_future(busy.ask("POST", "/api/v1/check", Role.AUTHOR, content=_Endless(b"x", pause=1)))
            for _ in range(2)
        ]
        await asyncio.sleep(2)
        refused = await busy.get("/api/v1/plans")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await busy.get("/healthz", None)).status_code == 200
        stopped = await busy.ask("POST", "/api/v1/stops", Role.OPERATOR, json={"scope": "all", "because": "enough"})
        assert stopped.status_code == 201
        assert [one.status_code for one in await asyncio.gather(*slow)] == [408, 408]
        assert (await busy.get("/api/v1/plans")).status_code == 200

    run_on(busy.clock, ask)


def test_a_start_that_takes_long_goes_on_though_nobody_waits_for_it(desk: Desk) -> None:
    class Slow(Service):
        async def start(self, *asked: Any, **more: Any) -> Any:
            await asyncio.sleep(100)
            return await super().start(*asked, **more)

    slow = Desk(Slow(desk.service.folder))

    async def ask(_: Any) -> None:
        answer = await slow.ask("POST", "/api/v1/plans/chase.yaml/runs", Role.OPERATOR)
        assert answer.status_code == 504
        assert "/api/v1/runs" in answer.json()["detail"]
        assert not slow.service.began
        await asyncio.sleep(100)
        assert len(slow.service.began) == 1

    run_on(slow.clock, ask)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(Refused("the limit is reached"), 409), (VenueTrouble("no answer"), 502), (JournalTrouble("the disk is full"), 503)],
)
def test_what_keeps_a_run_from_beginning_is_told_in_words(desk: Desk, trouble: Any, status: int) -> None:
    desk.service.trouble = trouble
    answer = asyncio.run(desk.ask("POST", "/api/v1/plans/chase.yaml/runs", Role.OPERATOR))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"] == str(trouble)


def test_a_fault_of_our_own_is_an_answer_and_a_line_of_the_log(desk: Desk) -> None:
    class Broken(Service):
        def schedules(self) -> Any:
            raise ZeroDivisionError(TOKENS[Role.VIEWER])

    broken = Desk(Broken(desk.service.folder))

    async def ask() -> Any:
        async with broken.client(Role.VIEWER) as client:
            return await client.get("/api/v1/plans")

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert "ZeroDivisionError" in broken.log[-1]["bug"]


def test_the_log_has_a_line_for_each_request_and_no_body_query_or_token_in_it(desk: Desk) -> None:
    async def ask() -> None:
        await desk.ask(
            "POST", "/api/v1/plans/on-signal.yaml/runs?said=in-the-query", Role.OPERATOR, json={"inputs": {"stake": "4.44 GBP"}}
        )
        await desk.ask("POST", "/api/v1/stops", Role.OPERATOR, json={"scope": "all", "because": "fed\nup"})
        await desk.get("/api/v1/plans%0a{}", None)

    asyncio.run(ask())
    start, stop, stranger = desk.log
    assert (start["user"], start["status"], start["did"], start["run"]) == (
        "operator-of-ours", 201, "started on-signal.yaml", "20261205-1100-run0"
    )  # fmt: skip
    assert (stop["did"], stop["because"]) == ("stop everything", "fed\nup")
    assert (stranger["status"], stranger.get("user")) == (401, None)
    assert len(desk.lines) == 3
    assert not any("\n" in line for line in desk.lines)
    told = "".join(desk.lines)
    assert not any(word in told for word in ("4.44", "in-the-query", *TOKENS.values()))


def test_a_stranger_does_not_fill_the_log_and_is_counted_all_the_same(desk: Desk) -> None:
    async def ask() -> str:
        for _ in range(100):
            await desk.get("/api/v1/plans", None)
        assert len(desk.lines) == 20
        await desk.get("/api/v1/plans", Role.VIEWER)
        assert desk.log[-1]["user"] == "viewer-of-ours"
        return (await desk.get("/metrics", None)).text

    assert 'planrunner_http_requests_total{method="",route="",status="401"} 100.0' in asyncio.run(ask())
