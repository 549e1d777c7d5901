"""`planrunner new`: from a blueprint and answers to a plan that checks and runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from planrunner.app.from_blueprint import shipped
from planrunner.cli.main import run
from planrunner.plan.fmt import formatted
from tests.app.terminal import at_a_terminal

ROOT = Path(__file__).parents[2]
# What the questions without a default are answered with.
ANSWERS = {
    "chase": {"event": "Arsenal v Chelsea", "selection": "Arsenal", "odds": "2.54", "floor": "2.40"},
    "lay-the-favourite": {"event": "Ascot 13:40"},
    "picks": {},
}

# And how the first of them, typed at a terminal, stand in the plan.
WITH = """\
with:
  event: Arsenal v Chelsea  # Which match, as the venue names it?
  market_name: Match Odds   # Which market?
  selection: Arsenal        # Who do you back?
  odds: 2.54                # Which odds do you ask for first?
  floor: 2.40               # And the lowest odds you would still take?
  stake: 5.00 GBP           # How much do you stake?
  every: 1m                 # How long to wait at each step?
  give_up: 1m               # How long before the start do you give up?
  account: betfair          # With which account?
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with chdir(tmp_path):
        yield tmp_path


def words(answers: dict[str, str]) -> list[str]:
    return [part for name, value in answers.items() for part in ("--set", f"{name}={value}")]


@pytest.mark.parametrize("name", shipped())
def test_every_blueprint_that_ships_becomes_a_plan_that_checks_and_runs(name: str, folder: Path) -> None:
    assert run(["new", "mine.yaml", "--from", name, *words(ANSWERS[name])]) == 0
    assert run(["check", "mine.yaml"]) == 0
    assert run(["run", "mine.yaml"]) == 0
    data = (folder / "mine.yaml").read_bytes()
    assert data.startswith(b"# yaml-language-server: $schema=.planrunner/plan.schema.json\n")
    assert formatted(data).data == data
    copy = folder / "blueprints" / f"{name}.yaml"
    assert (
        copy.parent / copy.read_text().partition("$schema=")[2].partition("\n")[0]
    ).resolve() == folder / ".planrunner" / "plan.schema.json"


def test_a_table_that_is_there_is_the_authors_own(folder: Path) -> None:
    assert run(["new", "one.yaml", "--from", "picks"]) == 0
    table = folder / "blueprints" / "picks.csv"
    table.write_text(table.read_text().replace("8.00 GBP", "9.00 GBP"))
    assert run(["new", "two.yaml", "--from", "picks"]) == 0
    assert "9.00 GBP" in table.read_text()


def test_a_blueprint_of_ones_own_is_used_where_it_is(folder: Path) -> None:
    (folder / "own").mkdir()
    text = (ROOT / "plans" / "blueprints" / "chase.yaml").read_text()
    (folder / "own" / "chase.yaml").write_text(text.replace("at_least: 10s", "at_least: 20s"))
    assert run(["new", "mine.yaml", "--from", "own/chase.yaml", *words(ANSWERS["chase"])]) == 0
    assert "use_blueprint: own/chase.yaml\n" in (folder / "mine.yaml").read_text()
    assert not (folder / "blueprints").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "chas"], "did you mean `chase`?"),
        (["--from", "nothing-like-it"], "there are chase, lay-the-favourite, picks"),
        (["--from", "starter.yaml"], "starter.yaml is no blueprint"),
        (["--from", "chase"], "--set selection=...   Who do you back? (text)"),
        (["--from", "chase", "--set", "stak=2"], "did you mean `stake`?"),
        (["--from", "chase", "--set", "stake=1,5"], "Did you mean: 1.50 GBP"),
        (["--from", "chase", "--set", "odds=2.545"], "the nearest are 2.54 and 2.56"),
        (["--from", "lay-the-favourite", "--set", "odds=50"], "it takes at most 20"),
        (["--set", "stake=1.00 GBP"], "say which with --from"),
    ],
)
def test_what_can_not_be_filled_in_is_told_and_nothing_is_written(
    arguments: list[str], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["new", "starter.yaml"]) == 0
    assert run(["new", "mine.yaml", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not (folder / "mine.yaml").exists()
    assert not (folder / "blueprints").exists()


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("there.yaml", "there.yaml is there already and is left as it is"),
        ("nowhere/mine.yaml", "the folder nowhere is not there; make it first"),
        ("mine", "planrunner new mine.yaml"),
    ],
)
def test_where_no_plan_can_be_put_nothing_is_asked(
    file: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "there.yaml").write_text("mine\n")
    for arguments in ([], ["--from", "chase"]):
        assert run(["new", file, *arguments]) == 2
        assert told in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["there.yaml"]
    assert (folder / "there.yaml").read_text() == "mine\n"


def test_on_a_terminal_questions_are_asked_until_the_checker_is_content(folder: Path) -> None:
    typed = [
        "Arsenal v Chelsea", "",  # the market's name is taken as offered
        "Arsenal", "5/2", "2.54",  # the first odds are none
        "2.60", "2.40",  # a floor above the odds is told while it is asked for
        "5.00", "5.00 GBP", "", "", "",
    ]  # fmt: skip
    shown = at_a_terminal(["new", "mine.yaml", "--from", "chase"], typed)
    assert "Who do you back? (text)" in shown
    assert "How much do you stake? (money) [10.00 GBP]" in shown
    assert "`5/2` is not odds planrunner reads. Did you mean: 3.50" in shown
    assert "`no_worse_than` is below its odds of 2.54" in shown
    assert "`5.00` has no currency. Did you mean: 5.00 GBP" in shown
    assert "written: mine.yaml" in shown
    assert (folder / "mine.yaml").read_text().endswith(WITH)
    assert run(["check", "mine.yaml"]) == 0
