"""`planrunner` in processes of their own that begin within milliseconds.

One process reads the modules, and each command is a fork of it: most of what a short command costs otherwise. A command that
is to be frozen, or asked whether it is, must be a child of ours and is begun anew (`subprocess`).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([
    "pytest", "tests.crash.quiet", "planrunner.cli.run", "planrunner.app.running", "planrunner.app.report",
    "planrunner.report.html", "planrunner.net.socket_wire", "planrunner.venues.betfair.venue", "planrunner.cli.sandbox",
    "planrunner.app.sandbox",
])  # fmt: skip
# Who begins a process looks after all others too, and of two who look at one that has ended the second is told nonsense.
ONE_AT_A_TIME = threading.Lock()


class Forked:
    """A command under way. Both its outputs are one text."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._said, there = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(
            target=_planrunner, args=(there, [*arguments], {**os.environ, **environment}), daemon=True
        )
        with ONE_AT_A_TIME:
            self._process.start()
        there.close()
        self._heard = b""

    def line(self, within: float = 20) -> str:
        """The first one."""
        until = time.monotonic() + within
        while b"\n" not in self._heard and self._hear(until):
            pass
        return self._heard.partition(b"\n")[0].decode()

    def ends(self, within: float = 90) -> tuple[int, str]:
        """Its exit code, negative the signal that ended it, and all that it said."""
        until = time.monotonic() + within
        while self._hear(until):
            pass
        code = self.wait()
        self._said.close()
        return code, self._heard.decode()

    def _hear(self, until: float) -> bool:
        """False at the end of what it says, which is its own end."""
        if not self._said.poll(max(until - time.monotonic(), 0)):
            self.kill()
            raise TimeoutError(self._heard.decode())
        more = os.read(self._said.fileno(), 1 << 16)
        self._heard += more
        return bool(more)

    def poll(self) -> int | None:
        with ONE_AT_A_TIME:
            return self._process.exitcode

    def wait(self, within: float = 20) -> int:
        until = time.monotonic() + within
        while (code := self.poll()) is None:
            assert time.monotonic() < until, "it does not end"
            time.sleep(0.005)
        return code

    def kill(self) -> None:
        with ONE_AT_A_TIME:
            self._process.kill()

    def terminate(self) -> None:
        with ONE_AT_A_TIME:
            self._process.terminate()


def _planrunner(said: Connection, arguments: list[str], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for output in (1, 2):
        os.dup2(said.fileno(), output)
    said.close()
    sys.stdout = sys.stderr = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    from planrunner.cli.main import main

    main(arguments)
