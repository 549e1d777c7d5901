"""Over a real socket, by the server that serves it: what ASGI alone does not show."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from planrunner.app.report import JOURNALS
from planrunner.model.account import Proof, Role, SignalTerms
from planrunner.model.errors import Refused
from planrunner.model.events import StopRequested
from planrunner.model.journal import Mode, RunState
from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.secrets import EnvironmentSecrets
from planrunner.web.serving import listen, speak
from tests.web.service import README, SECRET, TOKENS, Service
from tests.web.test_events import INFO, RUN, heard


@pytest.fixture
def service(rehearsed: Path, tmp_path: Path) -> Service:
    folder = tmp_path / "folder"
    shutil.copytree(rehearsed, folder)
    return Service(folder)


@asynccontextmanager
async def _served(service: Service, lines: list[str], *, without: str = "") -> AsyncIterator[httpx.AsyncClient]:
    def secret(name: str) -> str:
        if name == without:
            raise Refused("set it")
        return secrets.get(name, SECRET)

    secrets = {"viewer-of-ours_token": TOKENS[Role.VIEWER], "operator-of-ours_token": TOKENS[Role.OPERATOR]}
    with listen("127.0.0.1", 0) as listening:
        serving = asyncio.ensure_future(speak(service, listening, secret, RealClock(), hosts=(), log=lines.append))
        headers = {"Authorization": f"Bearer {TOKENS[Role.OPERATOR]}"}
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20, trust_env=False) as client:
                yield client
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def test_events_stream_while_they_are_written_and_a_listener_who_hangs_up_is_forgotten(service: Service) -> None:
    async def listen() -> None:
        lines: list[str] = []
        with Journal.open(service.state / JOURNALS[Mode.LIVE], durable=False) as journal:
            journal.create(INFO)
            epoch = journal.take(RUN, "test")
            async with _served(service, lines) as client:
                async with client.stream("GET", f"/api/v1/runs/{RUN}/events") as answer:
                    pieces = answer.aiter_text()
                    assert "retry" in await anext(pieces)
                    await journal.append(RUN, epoch, [StopRequested(at=INFO.created, text="now")], INFO.created)
                    assert heard(await anext(pieces)) == [1]
                figures = ""
                for _ in range(50):
                    if "planrunner_event_listeners 0.0" in (figures := (await client.get("/metrics")).text):
                        break
                    await asyncio.sleep(0.05)
                assert "planrunner_event_listeners 0.0" in figures
                journal.set_state(RUN, epoch, RunState.SETTLED)
                again = await client.get(f"/api/v1/runs/{RUN}/events")
                assert heard(again.text) == [1]
                assert (await client.post("/api/v1/stops", json={"scope": "all"})).status_code == 201
                large = await client.post("/api/v1/check", content=b"x" * (2 << 20))
                assert large.status_code == 413
        assert not any('"bug"' in line for line in lines)

    asyncio.run(listen())


def test_the_signing_example_of_the_readme_signs(service: Service) -> None:
    [code] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    found: dict[str, Any] = {}
    exec(code, found)

    async def ask() -> None:
        async with _served(service, []) as client:
            url = f"{client.base_url}/api/v1/signals/signed"
            inputs = {"stake": "5.00 GBP", "lowest": 3.10}
            assert await asyncio.to_thread(found["send"], url, SECRET, inputs) == ["20261205-1100-run0"]
            assert service.values == [{"stake": "5.00 GBP", "lowest": "3.1"}]

    asyncio.run(ask())


def test_a_signal_that_the_site_file_names_later_is_taken_and_one_without_a_secret_is_told_of(service: Service) -> None:
    async def ask() -> None:
        lines: list[str] = []
        async with _served(service, lines, without="signal_keyless_secret") as client:
            terms = service.accounts.service
            url, body = "/api/v1/signals/later", {"token": SECRET, "at": datetime.now(UTC).isoformat(), "stake": "3.10 GBP"}
            assert (await client.post(url, json=body)).status_code == 404
            [told] = [one for line in lines if (one := json.loads(line))["what"] == "no secret"]
            assert (told["signal"], told["why"]) == ("keyless", "set it")
            signals = {**terms.signals, "later": SignalTerms(name="later", proof=Proof.TOKEN)}
            service.accounts = replace(service.accounts, service=replace(terms, signals=signals))
            assert (await client.post(url, json=body)).status_code == 202

    asyncio.run(ask())


def test_when_it_ends_whoever_listens_is_let_go_and_nothing_is_complained_of(
    service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    async def listen() -> float:
        with Journal.open(service.state / JOURNALS[Mode.LIVE], durable=False) as journal:
            journal.create(INFO)
        async with _served(service, []) as client:
            response = client.stream("GET", f"/api/v1/runs/{RUN}/events")
            answer = await response.__aenter__()
            assert answer.status_code == 200
            began = asyncio.get_running_loop().time()
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(listen()) < 3
    assert capfd.readouterr().err == ""


def test_no_secret_of_this_process_is_answered_or_logged(service: Service) -> None:
    """Whatever quotes it: a plan, a reason, a fault of ours."""
    secret = EnvironmentSecrets({"PLANRUNNER_SERVICE_ANN_TOKEN": "tell-nobody-of-this"}).get("service", "ann_token")
    (service.folder / "quoting.yaml").write_text(f"planrunner: 1\nplan: {secret}\n")
    service.why_not = f"the venue says: {secret}"

    async def ask() -> None:
        lines: list[str] = []
        async with _served(service, lines) as client:
            answers = [
                await client.get("/api/v1/plans/quoting.yaml"),
                await client.post("/api/v1/plans/quoting.yaml/check"),
                await client.get("/readyz"),
                await client.post("/api/v1/stops", json={"scope": "all", "because": secret}),
                await client.get(f"/api/v1/runs/{secret}"),
                await client.get("/api/v1/runs", params={"state": secret}),
                await client.get("/metrics"),
            ]
        assert [one.status_code for one in answers] == [200, 200, 503, 201, 404, 400, 200]
        told = "".join([*lines, *(one.text for one in answers)])
        assert secret not in told
        assert told.count("<secret>") >= 6

    asyncio.run(ask())
