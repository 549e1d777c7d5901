"""`planrunner audit` at a served sandbox: clean, with a log that tells another story, without one, and asked wrongly."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path

import pytest

from planrunner.cli.main import run
from tests.crash.kill import served
from tests.trouble.support import INTERNAL

SCENARIO = """\
scenario: Half of it is taken
fixtures:
  - event: Reds v Blues
    sport: Football
    start: in 3h
    markets:
      - market: Match Odds
        selections: [{selection: Reds}, {selection: Blues}]
        result: Reds
reactions:
  - when: rests
    fill: 40%
"""
PLAN = """\
planrunner: 1
plan: One that is killed, one that is taken back
limits:
  max_loss: 20.00 GBP
orders:
  - name: reds
    venue: betfair
    event: Reds v Blues
    market: Match Odds
    selection: Reds
    side: back
    odds: 3.05
    stake: 10.00 GBP
    expires_after: 1s
"""
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    limits:
      max_open_exposure: 10.00 GBP
"""


def test_a_run_at_a_sandbox_is_audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with chdir(tmp_path):
        story(capsys)


def story(capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("scenario.yaml", SCENARIO), ("plan.yaml", PLAN), ("planrunner.yaml", SITE)):
        Path(name).write_text(text)

    def said(*arguments: str, code: int) -> str:
        found = run(["audit", *arguments])
        told = capsys.readouterr()
        assert found == code, told
        assert not INTERNAL.search(told.err), told.err
        return told.out + told.err

    assert "no run is written down" in said(code=2)
    with served(Path("scenario.yaml")) as slot:
        assert run(["run", "plan.yaml", "--sandbox", slot.url]) == 0
        capsys.readouterr()
        assert f"clean: 1 run with 1 placement, against 1 bet of {slot.url}" in said("--venue-log", slot.url, code=0)
        assert "by the journal alone: name the venue's log with --venue-log" in said("plan.yaml", code=0)
        log = slot.call("log")

    assert "no log came from" in said("--venue-log", slot.url, code=2)
    assert "can't be read" in said("--venue-log", "nowhere.jsonl", code=2)
    assert "there is no run 1999" in said("1999", code=2)

    told_otherwise(log)
    text = said("--venue-log", "venue.jsonl", code=5)
    assert "unfounded: the journal tells more of bet 300000000001 than has happened" in text
    assert "the journal says: 10.00: 4.00 matched, 6.00 cancelled" in text
    assert "the venue says:   10.00: 4.00 matched, 5.00 cancelled, 1.00 lapsed" in text

    Path("planrunner.yaml").write_text(SITE.replace("10.00 GBP", "9.99 GBP"))
    document = json.loads(said("--venue-log", "venue.jsonl", "--json", code=5))
    assert (document["exit_code"], document["runs"], document["bets"]) == (5, 1, 1)
    assert {one["code"] for one in document["findings"]} == {"unfounded", "limit"}
    assert "above max_open_exposure of betfair of 9.99 GBP" in json.dumps(document)

    Path("planrunner.yaml").write_text("nonsense")
    assert "has problems, so the limits are not known" in said(code=2)


def told_otherwise(log: str) -> None:
    """In a file: of what was taken back a part lapsed before. The last line is cut off, as a killed sandbox leaves it."""
    lines = [json.loads(line) for line in log.splitlines()]
    for place, line in enumerate(lines):
        if line["kind"] == "cancel":
            lines[place : place + 1] = [{**line, "kind": "lapse", "size": "1.00"}, {**line, "size": "5.00"}]
            break
    Path("venue.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"n": 99, "at"')
