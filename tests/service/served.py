"""A service in a process of its own beside a served sandbox, and what it says, line by line."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.audited import since_reset
from tests.crash.kill import Slot
from tests.forked import Begun

TOKEN, SECRET = "a token of ann's", "a secret of the sender's"
ENVIRONMENT = {"PLANRUNNER_SERVICE_ANN_TOKEN": TOKEN, "PLANRUNNER_SERVICE_SIGNAL_GO_SECRET": SECRET}
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    limits:
      max_open_exposure: {exposure} GBP
service:
  users:
    ann: operator
  signals:
    go:
      at_most_per_minute: 60
"""
PLAN = """\
planrunner: 1
plan: Two bets on contest {n}
{when}
limits:
  max_loss: 30.00 GBP
  max_loss_in_total: {total} GBP

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
    market: Match Odds
    selection: Blues{n}
    side: back
    odds: 4.0
    stake: 8.00 GBP
    expires_after: {expires}
"""
ON_SIGNAL = "when:\n  on_signal: go\n  if_still_running: {policy}\n"
CONTEST = """\
  - event: Reds{n} v Blues{n}
    sport: Football
    start: in 3h
    markets:
      - market: Match Odds
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
STOPPED = {("back", 3.05): {"fill": 4.0, "cancel": 6.0}, ("back", 4.0): {"cancel": 8.0}}


def world(contests: int) -> str:
    """In which 40 % of what rests on the Reds is taken, and nothing on the Blues."""
    fixtures = "".join(CONTEST.format(n=n) for n in range(contests))
    return f"scenario: Some of it is taken\nfixtures:\n{fixtures}reactions:\n" + "".join(
        REACTION.format(n=n) for n in range(contests)
    )


def plan(n: int, *, expires: str = "20s", policy: str = "skip", total: str = "300.00") -> str:
    return PLAN.format(n=n, when=ON_SIGNAL.format(policy=policy), expires=expires, total=total)


@dataclass
class Served:
    """One at work. `said` grows while it goes on."""

    process: Begun
    said: list[dict[str, Any]] = field(default_factory=list)
    _url: str = ""

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def all(self, what: str) -> list[dict[str, Any]]:
        return [one for one in self.said if one.get("what") == what]

    def until(self, condition: Callable[[], object], within: float = 40) -> None:
        ends = time.monotonic() + within
        while not condition():
            assert self.process.poll() is None, (self.said, self.process.communicate())
            assert time.monotonic() < ends, self.said[-40:]
            time.sleep(0.05)

    @property
    def url(self) -> str:
        """Once it was ready for the first time."""
        if not self._url:
            self.until(lambda: self.all("listens"))
            address = self.all("listens")[0]["address"]
            self.until(lambda: self.ask("GET", "/readyz", at=address)[0] == 200)
            self._url = f"http://{address}"
        return self._url

    def ask(
        self, method: str, path: str, body: Any = None, *, at: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        base = f"http://{at}" if at else self.url
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        told = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(base + path, data=data, method=method, headers=told)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, _read_json(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read_json(error.read())
        except urllib.error.URLError:
            return 0, None

    def signalled(self, nonce: str, **values: str) -> tuple[int, Any]:
        body, at = json.dumps(values).encode(), datetime.now(UTC).isoformat()
        proof = hmac.new(SECRET.encode(), f"{at}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Planrunner-Time": at, "X-Planrunner-Nonce": nonce, "X-Planrunner-Signature": f"sha256={proof}"}
        return self.ask("POST", "/api/v1/signals/go", body, headers=headers)

    def runs_over(self) -> int:
        return len(self.all("run"))

    def ends(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        assert self.process.wait(40) == 0
        time.sleep(0.1)


@contextmanager
def service(folder: Path, slot: Slot, *options: str, **environment: str) -> Iterator[Served]:
    """Ended with the block, however it goes."""
    arguments = ["serve", str(folder), "--sandbox", slot.url, "--listen", "127.0.0.1:0", *options]
    served = Served(Begun(arguments, folder, ENVIRONMENT | environment))
    try:
        yield served
    finally:
        served.process.kill()
        served.process.communicate()


def holdings(slot: Slot) -> dict[str, dict[tuple[str, float], dict[str, float]]]:
    """What the venue holds, from its own books: contest -> (side, odds) -> parts. No reference may be there twice."""
    found: dict[str, dict[tuple[str, float], dict[str, float]]] = {}
    names = {
        one["market_id"]: one["event"] for one in json.loads(slot.call("fixtures"))
    }  # fmt: skip
    bets: dict[str, dict[str, Any]] = {}
    for line in map(json.loads, since_reset(slot.call("log").splitlines())):
        if line["kind"] == "bet":
            assert line["ref"] not in {one["ref"] for one in bets.values()}, f"{line['ref']} was placed again"
            bets[line["bet"]] = line
            side = (line["side"].lower(), float(line["odds"]))
            found.setdefault(names[line["market"]], {}).setdefault(side, {})
        elif line["kind"] in ("fill", "cancel", "lapse", "void"):
            bet = bets[line["bet"]]
            parts = found[names[bet["market"]]][bet["side"].lower(), float(bet["odds"])]
            parts[line["kind"]] = round(parts.get(line["kind"], 0.0) + float(line["size"]), 2)
    return found


def _read_json(raw: bytes) -> Any:
    return json.loads(raw) if re.match(rb"\s*[\[{]", raw) else raw.decode()
