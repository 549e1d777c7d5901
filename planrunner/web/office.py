"""What every answer is made with: the service, the journals, the clock, and how much is done at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from starlette.requests import Request

from planrunner.app.folder import PlanFolder
from planrunner.app.lookout import Lookout
from planrunner.app.service.live import Live
from planrunner.web.identity import Tokens, User
from planrunner.web.journalist import Journalist
from planrunner.web.metrics import Meters
from planrunner.web.problem import Problem

P = ParamSpec("P")
T = TypeVar("T")


class Clock(Protocol):
    """What is asked of one here."""

    def now(self) -> datetime: ...

    def age(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much at once, and for how long. A stop is let in however much else goes on.

    `listeners` are those that wait for a run's records; `signals` those whose bodies are being read, `per_client` of one address.
    """

    requests: int = 32
    listeners: int = 32
    signals: int = 16
    per_client: int = 4
    unproven_per_minute: int = 20
    seconds: float = 30.0
    report_seconds: float = 120.0


@dataclass(slots=True, kw_only=True)
class Office:
    """One service's. Reading the journal and checking plans block, so both go to threads of their own: a few, because a check
    takes a processor that runs need too."""

    live: Live
    tokens: Tokens
    clock: Clock
    log: Journalist
    meters: Meters
    bounds: Bounds
    open_to_loopback: bool
    lookout: Lookout = field(init=False)
    plans: PlanFolder = field(init=False)
    busy: int = 0
    is_ending: bool = False  # whoever listens for long is let go
    going: set[asyncio.Task[Any]] = field(default_factory=set)
    keys: OrderedDict[str, object] = field(default_factory=OrderedDict)
    _readers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "web-reader"))
    _checkers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "web-checker"))

    def __post_init__(self) -> None:
        self.lookout = Lookout(self.live.state)
        self.plans = PlanFolder(self.live.folder)

    async def read(self, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Something of the journal."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: act(*args, **named))

    async def check(self, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Something of a plan's text, which anybody may have written."""
        return await asyncio.get_running_loop().run_in_executor(self._checkers, lambda: act(*args, **named))

    async def carried_through(self, act: Coroutine[Any, Any, T], what: str) -> T:
        """What changes something goes on to its end, whoever stops waiting for it. Raises what it does, and Problem where it
        takes longer than anybody waits."""
        task = asyncio.ensure_future(act)
        self.going.add(task)
        task.add_done_callback(self.going.discard)
        try:
            await asyncio.wait({task}, timeout=self.bounds.seconds)
        finally:
            if not task.done():
                task.add_done_callback(lambda _: self._told_to_nobody(task, what))
        if not task.done():
            raise Problem(504, f"{what} goes on, and it is not known yet what comes of it; look at /api/v1/runs")
        return task.result()

    def plan(self, request: Request) -> str:
        """The plan of the path: one that the service lists, and nothing else that may lie there. Raises Problem."""
        name = str(request.path_params["plan"])
        if all(one.plan != name for one in self.live.schedules()):
            raise Problem(404, "there is no such plan; /api/v1/plans lists them")
        return name

    def close(self) -> None:
        """Nothing more is read; what is being read may end."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._checkers.shutdown(wait=False, cancel_futures=True)

    def _told_to_nobody(self, task: asyncio.Task[Any], what: str) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.tell("trouble", what_for=what, why=str(error) or type(error).__name__)


def user_of(request: Request) -> User | None:
    found: User | None = request.scope["planrunner.user"]
    return found


def note(request: Request, **told: object) -> None:
    """Into the line of the log that tells of this request."""
    notes: dict[str, object] = request.scope["planrunner.notes"]
    notes.update(told)


def inputs_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Each as it was written."""
    return {str(name): str(value) for name, value in body.get("inputs", {}).items()}
