"""`planrunner run` beside things that are not as one would wish."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planrunner.app.plans import load
from planrunner.app.venues import SANDBOX
from planrunner.cli.main import run
from planrunner.cli.sandbox import serve as serve_sandbox
from planrunner.cli.serve import serve
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.journal import Journal
from tests.plans.rehearsing import ROOT

PLAN = ROOT / "plans" / "back-and-cancel.yaml"
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing may be sent there anyway


def states(journal: Path) -> list[RunState]:
    with Journal.open(journal, durable=False) as opened:
        return [info.state for info in opened.runs()]


def test_beside_an_unfinished_run_of_the_plan_nothing_is_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = load(PLAN).plan
    unfinished = RunInfo(
        run=RunId("20261205-1430-abcd"), plan_file=str(PLAN), plan_name=plan.name, plan_digest=plan.digest, mode=Mode.SANDBOX,
        created=datetime(2026, 12, 5, 14, 30, tzinfo=UTC),
    )  # fmt: skip
    with Journal.open(tmp_path / "planrunner.db", durable=False) as journal:
        journal.create(unfinished)
    assert run(["run", str(PLAN), "--sandbox", NOBODY, "--state", str(tmp_path)]) == 3
    told = capsys.readouterr().err
    assert "20261205-1430-abcd" in told
    assert "planrunner run --resume 20261205-1430-abcd" in told
    assert states(tmp_path / "planrunner.db") == [RunState.RUNNING]


def test_a_run_whose_plan_was_named_from_another_folder_is_one_of_that_plan_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a journal that does not lie beside it."""
    (tmp_path / "elsewhere").mkdir()
    plan = tmp_path / "sub" / "plan.yaml"
    plan.parent.mkdir()
    plan.write_text(PLAN.read_text())
    state = tmp_path / "state"
    made = RunInfo(
        run=RunId("20261205-1430-abcd"), plan_file="sub/plan.yaml", plan_name="a", plan_digest="0", mode=Mode.SANDBOX,
        created=datetime(2026, 12, 5, 14, 30, tzinfo=UTC),
    )  # fmt: skip
    with Journal.open(state / "planrunner.db", durable=False) as journal:
        journal.create(made)
    for folder, named in (("elsewhere", "../sub/plan.yaml"), ("sub", "plan.yaml"), (".", "sub/plan.yaml")):
        monkeypatch.chdir(tmp_path / folder)
        assert run(["run", named, "--sandbox", NOBODY, "--state", str(state)]) == 3
        assert "the run 20261205-1430-abcd of this plan is not over" in capsys.readouterr().err
    plan.rename(plan.with_name("another.yaml"))
    assert run(["run", "sub/another.yaml", "--sandbox", NOBODY, "--state", str(state)]) == 3
    assert "can't be reached: nothing was sent" in capsys.readouterr().err


def test_a_venue_that_can_not_be_reached_ends_before_anything_is_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(PLAN), "--sandbox", NOBODY, "--state", str(tmp_path)]) == 3
    assert "can't be reached: nothing was sent" in capsys.readouterr().err
    assert states(tmp_path / "planrunner.db") == []


def test_a_run_goes_on_when_nobody_reads_its_progress_any_more(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "planrunner", "run", str(PLAN), "--state", str(tmp_path / "state")]
    ended = subprocess.run(command, stderr=writer, stdout=subprocess.PIPE, text=True, timeout=60)
    os.close(writer)
    assert ended.returncode == 0
    assert "all of it was cancelled at 17:25:00" in ended.stdout
    assert states(tmp_path / "state" / "rehearsals.db") == [RunState.SETTLED]


def test_what_serves_a_sandbox_and_all_that_bets_at_one_mean_the_same_address() -> None:
    port = next(one.default for one in serve_sandbox.params if one.name == "port")
    served = next(one.default for one in serve.params if one.name == "url")
    assert served == SANDBOX == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("option", ["--resume", "--sandbox"])
def test_a_plan_behind_an_option_that_swallows_it_is_told_where_it_goes(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", option, "my plan.yaml"]) == 2
    assert f"the plan comes first: planrunner run 'my plan.yaml' {option}\n" in capsys.readouterr().err


def test_problems_are_told_as_check_tells_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        PLAN.read_text(encoding="utf-8").replace("2.20 ", "6/5 ").replace("10.00 GBP ", "ten pounds"), encoding="utf-8"
    )
    assert run(["check", str(plan)]) == 1
    checked = capsys.readouterr().out
    assert run(["run", str(plan)]) == 1
    assert capsys.readouterr().err == checked
    assert checked.endswith("2 problems; `planrunner explain PR207` tells more\n")
