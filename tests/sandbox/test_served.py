"""`planrunner sandbox serve`, as a process of its own over real HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from planrunner.sandbox.log import read_log
from tests.sandbox.client import order

SCENARIO = Path(__file__).parents[2] / "plans" / "scenarios" / "half-then-quiet.yaml"
COMMAND = [sys.executable, "-c", "from planrunner.cli.sandbox import sandbox; sandbox()", "serve"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    log = tmp_path / "venue.jsonl"
    command = [*COMMAND, "--scenario", str(SCENARIO), "--port", "0", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        url = re.search(r"http://\S+", process.stdout.readline())[0]
        yield process, url, log
        process.kill()


def logged_in(url: str) -> httpx.Client:
    headers = {"X-Application": "key"}
    answer = httpx.post(url + "/api/login", data={"username": "owner", "password": "word"}, headers=headers).json()
    return httpx.Client(base_url=url, headers={**headers, "X-Authentication": answer["token"]})


def test_a_client_that_comes_back_finds_the_same_bets(served: tuple[subprocess.Popen[str], str, Path]) -> None:
    process, url, log = served
    place, current = "/exchange/betting/rest/v1.0/placeOrders/", "/exchange/betting/rest/v1.0/listCurrentOrders/"
    markets = httpx.get(url + "/sandbox/fixtures").json()
    assert markets[0]["event"] == "Arsenal v Chelsea"
    lost = {"call": "placeOrders", "trouble": "reply lost after landing"}
    assert httpx.post(url + "/sandbox/faults", json=lost).json() == {"faults": 1}
    with logged_in(url) as first:
        catalogue = {"filter": {}, "maxResults": 1, "marketProjection": ["RUNNER_DESCRIPTION"]}
        (market,) = first.post("/exchange/betting/rest/v1.0/listMarketCatalogue/", json=catalogue).json()
        instruction = order(3.1, selection=market["runners"][0]["selectionId"], customerOrderRef="mine")
        with pytest.raises(httpx.ReadTimeout):
            first.post(place, json={"marketId": market["marketId"], "instructions": [instruction]}, timeout=0.2)
    with logged_in(url) as second:
        (row,) = second.post(current, json={"customerOrderRefs": ["mine"]}).json()["currentOrders"]
        assert (row["sizeMatched"], row["sizeRemaining"]) == (4.0, 6.0)
        assert httpx.post(url + "/sandbox/advance", json={"seconds": 4 * 3600}).status_code == 200
        assert second.post(current, json={}).json()["currentOrders"] == []
        assert "INVALID" not in second.post(current, json={}).text
    happening = {"market": market["marketId"], "do": "settle again", "result": [market["runners"][1]["runnerName"]]}
    assert httpx.post(url + "/sandbox/happenings", json=happening).json()["status"] == "closed"
    assert httpx.post(url + "/sandbox/happenings", json={**happening, "result": ["Nobody"]}).status_code == 400
    kinds = [line["kind"] for line in map(json.loads, httpx.get(url + "/sandbox/log?kind=bet&kind=settled").text.splitlines())]
    assert kinds == ["bet", "settled", "settled"]
    assert httpx.post(url + "/sandbox/reset").json()["status"] == "ok"
    assert httpx.get(url + "/sandbox/health").json()["scenario"].startswith("Four tenths")
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert [line["n"] for line in read_log(log.read_text())] == list(range(1, len(read_log(log.read_text())) + 1))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--help"], "half-matches"),
        (["--case", "halfmatches"], "usual, nothing-matches"),
        (["--scenario", "x", "--market-data", "y"], "don't go together"),
    ],
)
def test_help_and_wrong_use(arguments: list[str], says: str) -> None:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if arguments == ["--help"] else 2)
    assert says in done.stdout + done.stderr
