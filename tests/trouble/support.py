"""Real runs in processes of their own at a served sandbox, with whatever can go wrong around them.

Each story has a contest of its own in the same world, so that many can be told side by side: a run mostly waits.
"""

from __future__ import annotations

import json
import re
import resource
import shlex
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planrunner.engine.replay import replay
from planrunner.model.journal import RunState
from planrunner.runtime.journal import Journal
from tests.audited import audited, of_markets
from tests.crash.kill import Slot, books
from tests.forked import Begun

CONTESTS = 12
PLAN = """\
planrunner: 1
plan: Two bets, of which one matches in part and one not at all

limits:
  max_loss: 30.00 GBP

orders:
  - name: reds
    venue: betfair
    event: Reds{n} v Blues{n}
    market: Match Odds
    selection: Reds{n}
    side: back
    odds: 3.05
    stake: 10.00 GBP
    expires_after: {expires}

  - name: blues
    venue: betfair
    event: Reds{n} v Blues{n}
    market: {blues}
    selection: Blues{n}
    side: back
    odds: 4.0
    stake: 8.00 GBP
    expires_after: {expires}
"""
MARKET = """\
      - market: {market}
        selections:
          - selection: Reds{n}
          - selection: Blues{n}
        result: Reds{n}
"""
REACTION = """\
  - when: rests
    selection: Reds{n}
    market: Match Odds
    fill: 40%
"""
# What must never be shown to somebody who does not program.
INTERNAL = re.compile(
    r"Traceback|\w(Error|Exception)\b|NoneType|errno|codec|0x[0-9a-f]|sqlalchemy|\bplanrunner\.[a-z_]+\.|object at|\w+\(.*=.*\)"
)


def world(*more: str) -> str:
    """A scenario in which 40 % of what rests on the Reds is taken and nothing on the Blues."""
    text = "scenario: Some of it is taken\nfixtures:\n"
    for n in range(CONTESTS):
        text += f"  - event: Reds{n} v Blues{n}\n    sport: Football\n    start: in 3h\n    markets:\n"
        text += "".join(MARKET.format(n=n, market=market) for market in ("Match Odds", "Half Time"))
    return text + "reactions:\n" + "".join(REACTION.format(n=n) for n in range(CONTESTS)) + "".join(more)


def side_by_side(*stories: Callable[[], None]) -> None:
    """Tells all of them at once and raises what the first of them found wrong."""
    with ThreadPoolExecutor(len(stories)) as pool:
        for told in [pool.submit(story) for story in stories]:
            told.result()


def until(condition: Callable[[], bool], within: float = 30, every: float = 0.02) -> None:
    for _ in range(int(within / every)):
        if condition():
            return
        time.sleep(every)
    raise AssertionError(f"not within {within} s")


@dataclass
class Going:
    """A run in its process. `err` grows while it goes on."""

    process: Begun
    err: str = ""
    out: str = ""
    _readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("stdout", "stderr"):
            reader = threading.Thread(target=self._read, args=(name,), daemon=True)
            reader.start()
            self._readers.append(reader)

    def _read(self, name: str) -> None:
        with getattr(self.process, name) as stream:
            for line in stream:
                if name == "stdout":
                    self.out += line
                else:
                    self.err += line

    def says(self, text: str) -> None:
        """Waits until it has said so."""
        until(lambda: text in self.err or self.process.poll() is not None)
        assert text in self.err, self.err

    def hears(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ends(self, code: int) -> str:
        """Everything it said for people."""
        try:
            found = self.process.wait(90)  # seven runs at once on a busy machine; how long it takes is nobody's promise
        finally:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join()
        told = f"{self.err}\n{self.out}"
        assert found == code, f"exit {found} instead of {code}\n{told}"
        assert not INTERNAL.search(self.err), self.err
        return told


@dataclass
class Story:
    """A plan of its own in a folder of its own, run at a sandbox."""

    slot: Slot
    folder: Path
    n: int
    expires: str = "1m"
    blues: str = "Match Odds"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "plan.yaml").write_text(PLAN.format(n=self.n, expires=self.expires, blues=self.blues))

    @property
    def journal(self) -> Path:
        return self.folder / ".planrunner" / "planrunner.db"

    def begin(self, *options: str, **environment: str) -> Going:
        return self.call(["run", "plan.yaml", "--sandbox", self.slot.url, *options], **environment)

    def call(self, arguments: list[str], **environment: str) -> Going:
        return Going(Begun(arguments, self.folder, environment))

    def go_on(self, told: str) -> Going:
        """Pastes the command that a message says goes on with the run."""
        found = re.search(r"planrunner (run --resume .*)", told)
        assert found, told
        return self.call(shlex.split(found[1]))

    def no_more_room(self, going: Going) -> None:
        """The journal can't grow any more, as on a full disk."""
        size = self.journal.with_name("planrunner.db-wal").stat().st_size
        resource.prlimit(going.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds the journal."""
        browser = sqlite3.connect(self.journal, isolation_level=None, check_same_thread=False)
        browser.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            browser.execute("ROLLBACK")
            browser.close()

    def state(self) -> RunState:
        """Of the one run, with every record's digest checked, its facts told again, and held against the venue's log."""
        if self.slot.process is not None and self.slot.process.poll() is None:
            log = self.slot.call("log").splitlines()
            audited(self.journal, of_markets(log, self.markets()))
        with Journal.open(self.journal, durable=False) as journal:
            [info] = journal.runs()
            if records := journal.read(info.run):
                replay(records)
            return info.state

    def holds(self) -> dict[str, dict[str, float]]:
        """What the venue holds of this story's contest, from its own log; no reference may be there twice."""
        markets = self.markets()
        log = [json.loads(line) for line in self.slot.call("log").splitlines()]
        ours = {line["bet"] for line in log if line["kind"] == "bet" and line["market"] in markets}
        held: dict[str, dict[str, float]] = {}
        for bets in books("\n".join(json.dumps(line) for line in log if line.get("bet") in ours)).values():
            [(_, _, odds, _, parts)] = bets
            name = {"3.05": "reds", "4.0": "blues"}[str(odds)]
            assert name not in held, f"{name} was placed again"
            held[name] = dict(parts)  # type: ignore[call-overload]
        return held

    def markets(self) -> set[str]:
        """Of this story's contest, by their ids."""
        contest = f"Reds{self.n} v Blues{self.n}"
        return {one["market_id"] for one in json.loads(self.slot.call("fixtures")) if one["event"] == contest}

    def until_held(self, *parts: str) -> None:
        """Waits until both bets are at the venue and each has had its part."""
        until(lambda: len(held := self.holds()) == 2 and all({*parts} <= {*of} for of in held.values()), every=0.3)

    def reported(self) -> dict[str, dict[str, float]]:
        """The same from the report that was written last."""
        [file] = (self.folder / "runs").glob("*/report.json")
        return sizes(json.loads(file.read_text(encoding="utf-8")))


def sizes(report: dict[str, Any]) -> dict[str, dict[str, float]]:
    """What a report says became of each order, in the words of the venue's log."""
    words = {"matched": "fill", "cancelled": "cancel", "lapsed": "lapse", "voided": "void", "remaining": "remaining"}
    return {
        order["name"]: {words[part]: size for part in words if (size := float(order[part].split()[0]))}
        for order in report["orders"]
    }
