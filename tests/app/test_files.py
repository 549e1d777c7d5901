"""Which files a plan may lead to, and the values given beside it on the command line."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planrunner.app.plans import load
from planrunner.app.site import FilesOf
from planrunner.cli.main import run
from planrunner.model.errors import PlanProblems, WrongUse
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.market import RunId
from planrunner.plan.given import Given
from planrunner.runtime.journal import Journal
from tests.plan.checking import changed
from tests.plan.test_expand import BLUEPRINT, RACES, USING, races
from tests.plan.test_table import HEAD, ROW
from tests.plan.test_table import PLAN as PICKS

ASKING = changed(
    ("limits:", "inputs:\n  stake:\n    type: money\nlimits:"), ("stake: 25.00 GBP", "stake: ${stake}")
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    plans = tmp_path / "plans"
    (plans / "blueprints").mkdir(parents=True)
    (plans / "chase.yaml").write_text(USING)
    (plans / "blueprints" / "chase.yaml").write_text(BLUEPRINT)
    (plans / "picks.yaml").write_text(PICKS)
    (plans / "picks.csv").write_text(HEAD + ROW)
    (plans / "asking.yaml").write_text(ASKING)
    (tmp_path / "secret.csv").write_text("Event,Selection,Odds,Stake\nhunter2,hunter2,hunter2,hunter2\n")
    with chdir(tmp_path):
        yield plans


def test_plans_with_blueprints_and_tables_are_found_from_anywhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "plans/chase.yaml", str(folder / "picks.yaml")]) == 0
    with chdir(folder):
        assert run(["check", "picks.yaml", "chase.yaml"]) == 0
    assert "can lose at most 5.00 GBP" in capsys.readouterr().out


def test_a_link_leads_nowhere_outside(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "picks.csv").unlink()
    (folder / "picks.csv").symlink_to("../secret.csv")
    assert run(["check", "plans/picks.yaml"]) == 1
    told = capsys.readouterr().out
    assert "PR217: plans/picks.csv leads out of the plan's folder" in told
    assert "hunter2" not in told


def test_a_folder_a_ring_of_links_and_a_pipe_are_told_and_not_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = folder / "picks.csv"
    for make in (table.mkdir, lambda: table.symlink_to("picks.csv"), lambda: os.mkfifo(table)):
        shutil.rmtree(table) if table.is_dir() else table.unlink()
        make()
        assert run(["check", "plans/picks.yaml"]) == 1
        assert "plans/picks.yaml:6:11: error PR217: plans/picks.csv" in capsys.readouterr().out


def test_every_file_is_read_once_so_that_what_was_checked_is_what_runs(folder: Path) -> None:
    files = FilesOf(folder / "picks.yaml")
    first = files(str(folder / "picks.csv"))
    (folder / "picks.csv").write_text("changed")
    assert files(str(folder / "picks.csv")) == first
    with pytest.raises(WrongUse):
        files(str(folder.parent / "secret.csv"))


def test_values_from_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "plans/asking.yaml"]) == 1
    assert '= write: --set stake="10.00 GBP"' in capsys.readouterr().out
    assert run(["check", "plans/asking.yaml", "--set", "stake=2.00 GBP", "--set", "stake = 4.00 GBP"]) == 0
    assert "can lose at most 25.00 GBP" not in capsys.readouterr().out
    assert run(["check", "plans/asking.yaml", "--set", "stake=4.00 quid", "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["files"][0]["problems"]
    assert (problem["file"], problem["line"], problem["column"], problem["did_you_mean"]) == ("--set", 1, 7, "4.00 GBP")


def test_values_from_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "mine.yaml").write_text("stake: 3.00 GBP\n")  # named by the user, so it may lie anywhere
    assert run(["check", "plans/asking.yaml", "--inputs", "mine.yaml"]) == 0
    (folder.parent / "mine.yaml").write_text("stake: 3 quid\n")
    assert run(["check", "plans/asking.yaml", "--inputs", "mine.yaml"]) == 1
    assert "mine.yaml:1:8: error PR207" in capsys.readouterr().out
    assert run(["check", "plans/asking.yaml", "--inputs", "nowhere.yaml"]) == 2
    assert "nowhere.yaml: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["stake", "=5", ""])
def test_a_value_needs_a_name(folder: Path, given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "plans/asking.yaml", "--set", given]) == 2
    assert "--set name=value" in capsys.readouterr().err


def test_a_plan_from_standard_input_finds_its_table_here(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from planrunner.app.check import check_files

    with chdir(folder):
        results = check_files(["-"], read_stdin=PICKS.encode)
    assert not results.has_problems


def test_a_run_with_given_values_and_how_it_is_gone_on_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "plans/asking.yaml", "--set", "stake=2.00 GBP", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["orders"][0]["stake"] == "2.00 GBP"
    given = Given(values={"stake": "2.00 GBP"}, file="my values.yaml")
    Path("my values.yaml").write_text("stake: 3.00 GBP\n")
    plan = load(Path("plans/asking.yaml"), given).plan
    unfinished = RunInfo(
        run=RunId("20261205-1430-abcd"), plan_file="plans/asking.yaml", plan_name=plan.name, plan_digest=plan.digest,
        mode=Mode.SANDBOX, created=datetime(2026, 12, 5, 14, 30, tzinfo=UTC),
    )  # fmt: skip
    with Journal.open(Path("state") / "planrunner.db", durable=False) as journal:
        journal.create(unfinished)
    command = [
        "run",
        "plans/asking.yaml",
        "--set",
        "stake=2.00 GBP",
        "--inputs",
        "my values.yaml",
        "--sandbox",
        "--state",
        "state",
    ]
    assert run(command) == 3
    going_on = "planrunner run --resume 20261205-1430-abcd --set 'stake=2.00 GBP' --inputs 'my values.yaml' --state"
    assert going_on in capsys.readouterr().err


def test_the_markets_of_a_plan_become_its_orders(folder: Path) -> None:
    (folder / "races.yaml").write_text(RACES)
    loaded = load(folder / "races.yaml")
    (folder / "races.yaml").write_text("changed meanwhile")
    known = loaded.with_markets(races(3))
    assert [one.target.market_id for one in known.plan.orders] == ["1.0", "1.1", "1.2"]
    assert (known.plan.digest, known.plan.per_market) == (loaded.plan.digest, None)
    assert known.checked.span("arsenal#2", "odds").line == loaded.checked.span("arsenal", "odds").line
    with pytest.raises(PlanProblems, match="PR306"):
        loaded.with_markets(races(4))
