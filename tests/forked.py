"""`planrunner` in processes of their own that begin within milliseconds.

One process reads the modules, and each command is a fork of it: most of what a short command costs otherwise. Where it matters
how Python itself is begun (its options, who its parent is), a command is begun anew (`subprocess`).
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([
    "pytest", "tests.crash.quiet", "planrunner.cli.run", "planrunner.app.running", "planrunner.app.report",
    "planrunner.report.html", "planrunner.net.socket_wire", "planrunner.venues.betfair.venue", "planrunner.cli.sandbox",
    "planrunner.app.sandbox", "tests.warm",
])  # fmt: skip
# Who begins a process looks after all others too, and of two who look at one that has ended the second is told nonsense.
ONE_AT_A_TIME = threading.Lock()


class _Process:
    """What both kinds of command have alike: the names are those of `subprocess.Popen`."""

    def __init__(
        self, said: tuple[Connection, Connection], arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None
    ) -> None:
        what = (*said, [*arguments], {**os.environ, **environment}, folder)
        self.args = [*arguments]
        self._process = PROCESSES.Process(target=_planrunner, args=what, daemon=True)
        with ONE_AT_A_TIME:
            self._process.start()
        for one in {*said}:
            one.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        with ONE_AT_A_TIME:
            return self._process.exitcode

    def wait(self, timeout: float = 20) -> int:
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            assert time.monotonic() < until, "it does not end"
            time.sleep(0.005)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        with ONE_AT_A_TIME:
            if self._process.exitcode is None:
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Forked(_Process):
    """A command under way. Both its outputs are one text."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._said, there = PROCESSES.Pipe(duplex=False)
        super().__init__((there, there), arguments, environment, None)
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


class Begun(_Process):
    """A command under way in a folder, with each of its outputs by itself, in the place of a `subprocess.Popen[str]`."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        (out, out_there), (err, err_there) = PROCESSES.Pipe(duplex=False), PROCESSES.Pipe(duplex=False)
        super().__init__((out_there, err_there), arguments, environment or {}, folder)
        self.stdout, self.stderr = _text_of(out), _text_of(err)

    def communicate(self, timeout: float = 60) -> tuple[str, str]:
        """Both outputs to their ends, once it has ended."""
        said: dict[io.TextIOWrapper, str] = {}
        readers = [
            threading.Thread(target=lambda one=one: said.update({one: one.read()}), daemon=True)  # type: ignore[misc]
            for one in (self.stdout, self.stderr)
            if not one.closed
        ]
        until = time.monotonic() + timeout
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(max(until - time.monotonic(), 0))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout)
        self.wait()
        for one in said:
            one.close()
        return said.get(self.stdout, ""), said.get(self.stderr, "")


def _text_of(said: Connection) -> io.TextIOWrapper:
    text = os.fdopen(os.dup(said.fileno()), encoding="utf-8")
    said.close()
    return text


def _planrunner(out: Connection, err: Connection, arguments: list[str], environment: dict[str, str], folder: Path | None) -> None:
    os.environ.clear()
    os.environ.update(environment)
    # As in a window of its own, even where the tests were begun under `nohup` or in the background.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    is_one = out.fileno() == err.fileno()
    out.close()
    err.close()
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stderr = sys.stdout if is_one else open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    if folder is not None:
        os.chdir(folder)
    from planrunner.cli.main import main

    main(arguments)
