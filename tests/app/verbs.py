"""Verbs in processes of their own beside a run in one of its own, at a served sandbox: whatever they know of each other stands in
the journal."""

from __future__ import annotations

import io
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planrunner.cli.main import run as main
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.journal import Journal
from tests.crash.kill import Slot, books, served
from tests.forked import Begun

PLANRUNNER = [sys.executable, "-m", "planrunner"]
SCENARIO = """\
scenario: Two fifths of what rests on Arsenal are taken, nothing else is
fixtures:
  - event: Arsenal v Chelsea
    sport: Football
    start: in 3h
    markets:
      - market: Match Odds
        selections:
          - selection: Arsenal
          - selection: Chelsea
          - selection: The Draw
        result: Arsenal
reactions:
  - when: rests
    selection: Arsenal
    fill: 40%
"""
PLAN = """\
planrunner: 1
plan: Rests at long odds
limits:
  max_loss: 20.00 GBP
orders:
  - name: first
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: {selection}
    side: back
    odds: 9.0
    stake: 5.00 GBP
    {when}
    expires_before_start: 1m
    fallback:
      - after: 10m
        reprice: 1 tick
        no_worse_than: 8.0
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """A folder with a plan and its journal, at one sandbox. Whatever was begun is ended with it."""

    slot: Slot
    folder: Path
    begun: list[Begun] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / ".planrunner"

    def write(self, name: str = "plan.yaml", *, selection: str = "Arsenal", when: str = "") -> Path:
        path = self.folder / name
        text = PLAN.format(selection=selection, when=when).replace("    \n", "")
        path.write_text(text.replace("Rests at long odds", f"Rests at long odds, {name}"))
        return path

    def begin(self, name: str = "plan.yaml", **said: str) -> Begun:
        """A run whose bet rests at the venue, in a process of its own."""
        before = len(self.bets())
        process = self._process("run", str(self.write(name, **said)), "--sandbox", self.slot.url)
        self.until(lambda: len(self.bets()) > before or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        return process

    def begin_waiting(self, name: str = "plan.yaml") -> Begun:
        """A run that has placed nothing yet."""
        process = self._process("run", str(self.write(name, when="place_before_start: 1h")), "--sandbox", self.slot.url)
        self.until(lambda: bool(self.runs()) and bool(self.records()))
        return process

    def killed(self, name: str = "plan.yaml", **said: str) -> str:
        """The id of a run whose process is gone while its bet rests; what the venue said of that is written down."""
        process = self.begin(name, **said)
        self.until(lambda: b"OrderAccepted" in self.kinds())
        return self.kill(process)

    def kill(self, process: Begun) -> str:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return self.runs()[-1]

    def verb(self, *arguments: str) -> Ended:
        """In this process, which saves the second it takes to begin one."""
        out, err = io.StringIO(), io.StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = main(arguments)
        return Ended(code, out.getvalue(), err.getvalue())

    def process(self, *arguments: str) -> Ended:
        return self.end(self._process(*arguments))

    def end(self, process: Begun, within: float = 60) -> Ended:
        out, err = process.communicate(timeout=within)
        return Ended(process.returncode, out, err)

    def until(self, holds: Callable[[], bool], within: float = 45) -> None:
        until = time.monotonic() + within
        while not holds():
            assert time.monotonic() < until, "it took too long"
            time.sleep(0.1)

    # what is there

    def bets(self) -> dict[str, tuple[Any, ...]]:
        """By reference: (selection, side, odds, size, parts)."""
        lines = self.slot.call("log?kind=world&kind=bet&kind=fill&kind=cancel&kind=lapse&kind=void").splitlines()
        fresh = max(number for number, line in enumerate(lines) if '"kind": "world"' in line)  # since it was reset
        return {ref: held[0] for ref, held in books("\n".join(lines[fresh:])).items()}

    def parts(self) -> list[dict[str, float]]:
        return [dict(bet[-1]) for bet in self.bets().values()]

    def runs(self) -> list[str]:
        if not (self.state / "planrunner.db").is_file():
            return []
        with self.journal() as journal:
            return [info.run for info in journal.runs()]

    def records(self) -> list[Any]:
        with self.journal() as journal:
            return [record.body for record in journal.read(journal.runs()[-1].run)]

    def kinds(self) -> bytes:
        return b" ".join(type(body).__name__.encode() for body in self.records())

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        with Journal.open(self.state / "planrunner.db", durable=False) as journal:
            yield journal

    def make_journal(self, state: RunState = RunState.FINISHED) -> None:
        """With one run of this plan, that never began and is over."""
        self.state.mkdir()
        info = RunInfo(
            run=RunId("20261121-1200-aaaa"), plan_file=str(self.write()), plan_name="Rests", plan_digest="0", mode=Mode.SANDBOX,
            created=datetime(2026, 11, 21, 12, tzinfo=UTC),
        )  # fmt: skip
        with self.journal() as journal:
            journal.create(info)
            journal.set_state(info.run, journal.take(info.run, "test"), state)

    def close(self) -> None:
        for process in self.begun:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def _process(self, *arguments: str) -> Begun:
        process = Begun(arguments, self.folder)
        self.begun.append(process)
        return process


@contextmanager
def slot_in(folder: Path) -> Iterator[Slot]:
    """A sandbox of its own."""
    scenario = folder / "scenario.yaml"
    scenario.write_text(SCENARIO)
    with served(scenario) as slot:
        yield slot
