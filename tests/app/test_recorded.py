"""Plans on the recorded markets, end to end. A script that shares no code with planrunner judges the fills over the raw lines.

Skipped where the recordings are absent.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from planrunner.app import rehearsal
from planrunner.app.plans import load
from planrunner.app.run import Job, start
from planrunner.cli.main import run
from planrunner.matching.recording import read_lines
from planrunner.sandbox.recording import world_from_recording
from tests.plans.rehearsing import ROOT

MARKETS = ROOT.parent / "shared" / "data" / "markets"
CHECK = ROOT / "tests" / "matching" / "raw_lines_check.py"
pytestmark = pytest.mark.skipif(not MARKETS.exists(), reason="the recorded markets are not here")

GREYHOUNDS = """\
planrunner: 1
plan: Back the second favourite of a greyhound race, tick by tick towards the market

limits:
  max_loss: 60.00 GBP

orders:
  - name: chased
    venue: betfair
    market_id: 1.197931750
    selection_id: 36276560
    side: back
    odds: 8.2
    stake: 60.00 GBP
    expires_before_start: 5s
    fallback:
      - every: 15s
        reprice: 1 tick
        no_worse_than: 7.4
"""
CRICKET = """\
planrunner: 1
plan: Back one side before a cricket match, and lay the other one into its first minutes

limits:
  max_loss: 460.00 GBP

orders:
  - name: before
    venue: betfair
    market_id: 1.200806927
    selection_id: 228749
    side: back
    odds: 1.25
    stake: 60.00 GBP
    expires_before_start: 1m
    fallback:
      - every: 2m
        reprice: 1 tick
        no_worse_than: 1.23

  - name: in-play
    venue: betfair
    market_id: 1.200806927
    selection_id: 2857977
    side: lay
    odds: 4.7
    stake: 80.00 GBP
    liability_at_most: 400.00 GBP
    expires_after_start: 6m
    fallback:
      - before_start: 0s
        keep: in_play
      - after_start: 2m
        reprice: 1 tick
        no_worse_than: 6.0
      - after_start: 4m
        reprice: best
        no_worse_than: 6.0
"""
BETS = [("1.197931750.gz", GREYHOUNDS, 2), ("1.200806927.gz", CRICKET, 10)]


@pytest.mark.parametrize(("recording", "text", "minutes"), BETS, ids=["greyhounds", "cricket"])
def test_what_matches_beside_a_recording_could_have_happened(
    recording: str, text: str, minutes: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, file = tmp_path / "plan.yaml", MARKETS / recording
    plan.write_text(text, encoding="utf-8")
    assert run(["run", str(plan), "--market-data", str(file), "--at", str(minutes), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["status"]["text"] == "as planned, settled"
    assert report["settlement"] is not None

    log = tmp_path / "venue.jsonl"
    log.write_text(venue_log(plan, file, minutes), encoding="utf-8")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert by_reference(lines) == {
        placement["reference"]: placement["matched"].removesuffix(" GBP")
        for order in report["orders"]
        for placement in order["placements"]
    }
    taken, rested = ways(lines)
    assert taken
    assert rested
    judged = subprocess.run([sys.executable, str(CHECK), str(file), str(log)], capture_output=True, text=True, timeout=60)
    assert judged.returncode == 0, judged.stdout


def venue_log(plan: Path, file: Path, minutes: int) -> str:
    """The same rehearsal until the plan is over, for what the venue itself wrote down."""

    def lines() -> Any:
        with file.open("rb") as opened:
            yield from read_lines(opened)

    loaded = load(plan)
    played = world_from_recording(lines, catalogue=None, before_start=timedelta(minutes=minutes), seed=1, case="usual")
    begin = played.world.begin
    stage = rehearsal.staged(played, loaded.site.accounts, begin=begin, today=begin.date())
    job = Job(
        plan_file=str(plan), plan=loaded.plan, site=loaded.site, journal=plan.parent / "again" / "rehearsals.db",
        seed=1, case="usual", market_data=str(file),
    )  # fmt: skip
    start(job, replace(stage, settle_within=None), lambda body, at: None)
    return played.world.log.text("bet", "fill")


def by_reference(lines: list[dict[str, Any]]) -> dict[str, str]:
    """What the venue's log says was matched of each reference."""
    bets = {line["bet"]: line["ref"] for line in lines if line["kind"] == "bet"}
    pence: dict[str, int] = defaultdict(int)
    for line in lines:
        if line["kind"] == "fill":
            pence[bets[line["bet"]]] += round(float(line["size"]) * 100)
    return {ref: f"{pence[ref] / 100:.2f}" for ref in bets.values()}


def ways(lines: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Partly matched bets with a part matched in the moment they came, and with a part matched while they rested."""
    whole = {line["bet"]: line for line in lines if line["kind"] == "bet"}
    delays = {0, 5}  # seconds: none, and the bet delay of the cricket match in play
    taken, rested = [], []
    for line in lines:
        if line["kind"] == "fill" and float(line["size"]) < float(whole[line["bet"]]["size"]):
            since = moment(line) - moment(whole[line["bet"]])
            (taken if since in delays else rested).append(line["bet"])
    return taken, rested


def moment(line: dict[str, Any]) -> float:
    hours, minutes, seconds = line["at"][11:-1].split(":")
    return round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 3)


def test_what_a_recording_can_not_give_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan, words = tmp_path / "plan.yaml", ["--market-data", str(MARKETS / "1.197931750.gz")]
    plan.write_text(GREYHOUNDS, encoding="utf-8")
    assert run(["run", str(plan), *words, "--case", "half-matches"]) == 2
    assert "reply-lost" in capsys.readouterr().err
    plan.write_text(GREYHOUNDS.replace("1.197931750", "1.200806927"), encoding="utf-8")
    assert run(["run", str(plan), *words]) == 1
    assert "the venue knows no market `1.200806927`" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_recording_that_begins_later_than_asked_for_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan, words = tmp_path / "plan.yaml", ["--market-data", str(MARKETS / "1.197931750.gz")]
    plan.write_text(GREYHOUNDS, encoding="utf-8")
    assert run(["run", str(plan), *words, "--at", "100000"]) == 0
    told = capsys.readouterr().out
    assert "\nNote       the recording begins " in told
    assert "before the start, and the rehearsal with it; asked for were 100000 minutes\n" in told
    assert run(["run", str(plan), *words, "--at", "1"]) == 0
    assert "\nNote " not in capsys.readouterr().out


def test_a_moment_of_a_recording_needs_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(GREYHOUNDS, encoding="utf-8")
    assert run(["run", str(plan), "--at", "10"]) == 2
    assert "it goes with --market-data" in capsys.readouterr().err


def test_a_recording_cut_off_in_the_middle_is_refused_before_anything_is_placed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, cut = tmp_path / "plan.yaml", tmp_path / "cut.gz"
    plan.write_text(CRICKET, encoding="utf-8")
    cut.write_bytes((MARKETS / "1.200806927.gz").read_bytes()[:200_000])
    assert run(["run", str(plan), "--market-data", str(cut)]) == 2
    assert "cut off" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
