"""A stand-in for the service behind the API: it lists the plans that are there, writes stops into the journal that is there, and
takes starts and signals as the real one does, checked and at most once for a key, without running anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

import planrunner.web
from planrunner.app.plans import load
from planrunner.app.report import JOURNALS
from planrunner.app.service.live import Scheduled
from planrunner.model.account import Proof, Role, ServiceTerms, SignalTerms, Site
from planrunner.model.errors import PlanrunnerError
from planrunner.model.journal import HaltScope, Mode
from planrunner.model.market import RunId
from planrunner.plan.given import Given
from planrunner.runtime.clock import VirtualClock
from planrunner.runtime.journal import Journal
from planrunner.web.app import make_app
from planrunner.web.identity import digest_of

README = Path(planrunner.web.__file__).with_name("README.md")
START = datetime(2026, 12, 5, 11, tzinfo=UTC)
TOKENS = {role: f"the-{role.value}-token" for role in Role}
USERS = {digest_of(token): (f"{role.value}-of-ours", role) for role, token in TOKENS.items()}
ROLES = dict(USERS.values())
SECRET = "a long secret of the signal"
PLAN = """\
planrunner: 1
plan: Back Newcastle as the signal says
limits:
  max_loss: 10.00 GBP
inputs:
  stake:
    type: money
    at_most: 10.00 GBP
    default: 5.00 GBP
  lowest:
    type: odds
    default: 2.20
orders:
  - name: newcastle
    venue: betfair
    event: Newcastle v Brighton
    market: Match Odds
    selection: Newcastle
    side: back
    odds: ${lowest}
    stake: ${stake}
    expires_after: 5m
"""
SIGNALS = {
    "signed": SignalTerms(name="signed", within=timedelta(seconds=60), at_most_per_minute=3),
    "shared": SignalTerms(name="shared", proof=Proof.TOKEN, within=timedelta(seconds=60), at_most_per_minute=3),
    "keyless": SignalTerms(name="keyless"),
}


@dataclass
class Service:
    """`began` are the runs by what began them; `trouble` is raised by whatever is asked next."""

    folder: Path
    began: dict[tuple[str, ...], RunId] = field(default_factory=dict)
    values: list[Mapping[str, str]] = field(default_factory=list)
    trouble: PlanrunnerError | None = None
    why_not: str = ""
    accounts: Site = field(default_factory=lambda: Site(accounts={}, service=ServiceTerms(users=ROLES, signals=SIGNALS)))

    @property
    def state(self) -> Path:
        return self.folder / ".planrunner"

    def site(self) -> Site:
        return self.accounts

    def schedules(self) -> Sequence[Scheduled]:
        names = sorted(path.name for path in self.folder.glob("*.yaml") if path.name != "planrunner.yaml")
        return [Scheduled(plan=name, title=name, when="", next=None, problem="") for name in names]

    def readiness(self) -> str:
        return self.why_not

    async def start(self, plan: str, values: Mapping[str, str], *, by: str, key: str | None = None) -> RunId:
        return self._begin(plan, values, (plan, key or f"{by} {len(self.began)}"))

    async def signal(self, name: str, key: str, values: Mapping[str, str]) -> Sequence[RunId]:
        before = len(self.began)
        run = self._begin("on-signal.yaml", values, ("signal", name, key))
        return [run] if len(self.began) > before else []

    async def stop(self, scope: HaltScope, name: str, *, because: str, by: str) -> None:
        self._raise()
        with Journal.open(self.state / JOURNALS[Mode.LIVE], durable=False) as journal:
            journal.halt(scope, name, because, by)

    def counts(self) -> Mapping[str, int]:
        return {"runs_going": 0, "runs_started": len(self.began), "occurrences_run": 2}

    def _begin(self, plan: str, values: Mapping[str, str], key: tuple[str, ...]) -> RunId:
        self._raise()
        load(self.folder / plan, Given(values=values))
        if key not in self.began:
            self.began[key] = RunId(f"20261205-1100-run{len(self.began)}")
            self.values.append(values)
        return self.began[key]

    def _raise(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@dataclass
class Desk:
    """The API of a service, and its log."""

    service: Service
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    lines: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        keys = {"signed": SECRET, "shared": SECRET}
        self.app = make_app(
            self.service, tokens=USERS, clock=self.clock, signal_secrets=keys, log=self.lines.append, **self.options
        )

    @property
    def log(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]

    @asynccontextmanager
    async def client(self, role: Role | None = None, *, host: str = "127.0.0.1", **headers: str) -> Any:
        """Somebody at an address, with the token of a role. Faults of ours come out."""
        if role is not None:
            headers["Authorization"] = f"Bearer {TOKENS[role]}"
        transport = httpx.ASGITransport(self.app, client=(host, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            yield client

    async def get(self, path: str, role: Role | None = Role.VIEWER, **more: Any) -> httpx.Response:
        return await self.ask("GET", path, role, **more)

    async def ask(self, method: str, path: str, role: Role | None, **more: Any) -> httpx.Response:
        async with self.client(role) as client:
            response: httpx.Response = await client.request(method, path, **more)
        assert not any("bug" in line for line in self.log), self.lines[-1]
        return response
