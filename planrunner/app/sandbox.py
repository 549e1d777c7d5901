"""Serving a sandbox on loopback, in real time, for practice and for other people's clients."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from planrunner.app.sandboxes import sandbox_app
from planrunner.app.worlds import load_recording, load_scenario
from planrunner.model.errors import WrongUse
from planrunner.sandbox.clock import ShiftableClock
from planrunner.sandbox.control import Served
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.practice import Rehearsal, practice_scenario, rehearse

LOOPBACK = "127.0.0.1"
# Requests whose answer is never to come would hold a stopping server for ever, and so would whoever pushes and never listens.
STOP_WITHIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """What to serve. None: the practice world, and no log file."""

    port: int
    seed: int = 0
    case: str = "usual"
    scenario: Path | None = None
    market_data: Path | None = None
    log: Path | None = None


def serve(asked: Serve, tell: Callable[[str], None]) -> None:
    """Until SIGINT or SIGTERM. `tell` gets the url once connections are accepted. Raises WrongUse."""
    log = _log(asked.log)
    clock = ShiftableClock()
    make = _maker(asked, clock, log)
    served = Served(make, lambda rehearsal: sandbox_app(rehearsal, clock), clock)
    listening = _listen(asked.port)
    tell(f"http://{LOOPBACK}:{listening.getsockname()[1]}")
    try:
        server_of(served.app()).run(sockets=[listening])
    finally:
        log.close()


def server_of(app: ASGIApp) -> uvicorn.Server:
    """HTTP and WebSockets. Venues that push show in their own words that they are there, so no pings are sent."""
    return _Server(
        uvicorn.Config(
            app, log_level="warning", lifespan="off", access_log=False, timeout_graceful_shutdown=STOP_WITHIN,
            ws="websockets-sansio", ws_ping_interval=None,
        )
    )  # fmt: skip


def _maker(asked: Serve, clock: ShiftableClock, log: VenueLog) -> Callable[[], Rehearsal]:
    """Builds the world anew, beginning at the real time; files are read once."""
    if asked.market_data is not None:
        path = asked.market_data
        return lambda: load_recording(path, seed=asked.seed, case=asked.case, log=log, begin=clock.now())
    scenario = load_scenario(asked.scenario) if asked.scenario else practice_scenario()

    def make() -> Rehearsal:
        begin = clock.now()
        day = begin.astimezone(scenario.zone).date()
        return rehearse(scenario, day=day, seed=asked.seed, case=asked.case, begin=begin, log=log)

    return make


def _log(path: Path | None) -> VenueLog:
    try:
        return VenueLog(path)
    except OSError as error:
        raise WrongUse(f"the log {path} can't be written: {error.strerror}") from error


def _listen(port: int) -> socket.socket:
    """The socket is open before the url is told, so whoever reads it can connect."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        raise WrongUse(f"port {port} can't be used: {error.strerror}; choose another with --port, or 0 for a free one") from error
    listening.listen(128)
    return listening


class _Server(uvicorn.Server):
    """Stops at a signal and is done with it: uvicorn's own would raise the signal again and end the process by it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
