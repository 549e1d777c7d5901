"""Runs a plan in a process of its own, kills it at a chosen moment, resumes it, and reads what the venue has in its books.

A `Slot` is a served sandbox that is reset between runs; several slots work side by side, because a run mostly waits.
"""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from planrunner.engine.replay import replay
from planrunner.model.journal import RunState
from planrunner.runtime.journal import Journal
from tests.forked import Forked

HERE = Path(__file__).parent
PLANRUNNER = [sys.executable, "-m", "planrunner"]


@dataclass(frozen=True)
class Ended:
    """A process that ran to its end, or was killed (`code` is then -9)."""

    code: int
    text: str


@dataclass
class Slot:
    """A sandbox of our own on loopback."""

    url: str
    process: Forked

    def call(self, path: str, method: str = "GET") -> str:
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", method=method, data=b"" if method == "POST" else None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())

    def reset(self) -> None:
        self.call("reset", "POST")

    def books(self) -> dict[str, tuple[object, ...]]:
        """What the venue holds by reference: what was asked and what became of it. A reference seen twice is listed twice."""
        return books(self.call("log"))


@contextmanager
def served(scenario: Path) -> Iterator[Slot]:
    """A sandbox process, until the block is left."""
    process = Forked(["sandbox", "serve", "--scenario", str(scenario), "--port", "0", "--seed", "1"], {})
    try:
        found = re.search(r"http://[0-9.:]+", process.line())
        assert found, "the sandbox did not say where it is"
        yield Slot(found[0], process)
    finally:
        process.terminate()
        process.wait()


def books(log: str) -> dict[str, tuple[object, ...]]:
    """From the venues' own log alone: reference -> (selection, side, odds, size, {part: size}), one entry per bet.

    A pool's bet has no odds, and its selection is the pool and all that was picked; what each bookmaker of a router took is a
    part.
    """
    bets: dict[tuple[object, str], Holding] = {}
    for line in map(json.loads, log.splitlines()):
        venue = line.get("venue")
        match line["kind"]:
            case "bet":
                what = line.get("selection") or f"{line['pool']} {line['picks']}, reserves {line['reserves']}"
                asked = (what, line["side"], line.get("odds"), line["size"])
                bets[venue, line["bet"]] = Holding(ref=line["ref"], asked=asked)
            case "fill" | "cancel" | "lapse" | "void" as part:
                where = f" at {line['at_bookmaker']}" if "at_bookmaker" in line else ""
                bets[venue, line["bet"]].add(part + where, line["size"])
    held: dict[str, tuple[object, ...]] = {}
    for bet in bets.values():
        held[bet.ref] = (*held.get(bet.ref, ()), (*bet.asked, tuple(sorted(bet.parts.items()))))
    return held


@dataclass
class Holding:
    ref: str
    asked: tuple[object, ...]
    parts: dict[str, float] = field(default_factory=dict)

    def add(self, part: str, size: float) -> None:
        self.parts[part] = round(self.parts.get(part, 0) + float(size), 2)


@dataclass
class Runner:
    """The plan under test with its journal, against one slot."""

    slot: Slot
    folder: Path
    plan: Path

    def start(self, **environment: str) -> Ended:
        return Ended(*self._begin([str(self.plan)], environment).ends())

    def resume(self) -> Ended:
        return Ended(*self._begin(["--resume"], {}).ends())

    def kill_after(self, seconds: float) -> Ended:
        process = self._begin([str(self.plan)], {})
        time.sleep(seconds)
        process.kill()
        return Ended(*process.ends())

    def states(self) -> list[RunState]:
        """Of the runs in the journal. On the way every record's digest is checked, and every run that began is told again."""
        if not (self.folder / "planrunner.db").exists():
            return []
        with Journal.open(self.folder / "planrunner.db", durable=False) as journal:
            for info in journal.runs():
                if records := journal.read(info.run):
                    replay(records)
            return [info.state for info in journal.runs()]

    def _begin(self, arguments: list[str], environment: dict[str, str]) -> Forked:
        return Forked(["run", *arguments, "--sandbox", self.slot.url, "--state", str(self.folder)], environment)
