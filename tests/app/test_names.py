"""What a plan names and the venue does not know: told before anything is placed, where the plan says it, with the nearest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from planrunner.cli.main import run
from tests.plans.rehearsing import ROOT

PLAN = (ROOT / "plans" / "back-and-cancel.yaml").read_text(encoding="utf-8")


def changed(folder: Path, *changes: tuple[str, str]) -> str:
    """A plan that ships, with these words of the order instead."""
    text = PLAN
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    file = folder / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("old", "new", "head", "caret", "hint"),
    [
        (
            "event: Newcastle v Brighton", "event: Arsenl v Chelsea",
            ":12:12: error PR408: the venue knows no event `Arsenl v Chelsea`. There is `Arsenal v Chelsea`, ",
            "  12 |     event: Arsenl v Chelsea\n     |            ^^^^^^^^^^^^^^^^\n",
            "     = did you mean: Arsenal v Chelsea",
        ),
        (
            "market: Match Odds", "market: Match Ods",
            ":13:13: error PR408: Newcastle v Brighton has no market `Match Ods`. There is `Over/Under 2.5 Goals`, `Match Odds`.",
            "  13 |     market: Match Ods\n     |             ^^^^^^^^^\n",
            "     = did you mean: Match Odds",
        ),
        (
            "selection: Newcastle", "selection: Liverpool",
            ":14:16: error PR408: Match Odds of Newcastle v Brighton has no selection `Liverpool`. There is `Newcastle`, ",
            "  14 |     selection: Liverpool\n     |                ^^^^^^^^^\n",
            "",
        ),
        (
            "selection: Newcastle", "selection_id: 4711",
            ":14:19: error PR408: Match Odds of Newcastle v Brighton has no selection `4711`. There is `Newcastle`, ",
            "  14 |     selection_id: 4711\n     |                   ^^^^\n",
            "",
        ),
    ],
    ids=["event", "market", "selection", "selection by its id"],
)  # fmt: skip
def test_an_unknown_name_is_a_problem_of_the_plan(
    old: str, new: str, head: str, caret: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = changed(tmp_path, (old, new))
    assert run(["run", plan]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{plan}{head}" in told.err
    assert caret in told.err
    assert told.err.endswith(f"{hint}\n1 problem; `planrunner explain PR408` tells more\n")
    assert not (tmp_path / "runs").exists()


def test_a_fixture_nobody_could_mean_is_invented_for_the_rehearsal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = changed(
        tmp_path, ("event: Newcastle v Brighton", "event: Grimsby v Rochdale"), ("selection: Newcastle", "selection: Grimsby")
    )
    assert run(["run", plan, "--case", "nothing-matches"]) == 0
    told = capsys.readouterr().out
    assert "back Grimsby in Match Odds of Grimsby v Rochdale at betfair" in told
    assert "\nNote       Grimsby v Rochdale is not in the world of the rehearsal, and was invented for it\n" in told
    (report,) = (tmp_path / "runs").glob("*/report.json")
    assert "was invented for it" in json.loads(report.read_text(encoding="utf-8"))["run"]["notes"][0]
    assert "was invented for it" in report.with_suffix(".html").read_text(encoding="utf-8")


INVENTED = ("event: Newcastle v Brighton", "event: Grimsby v Rochdale")


@pytest.mark.parametrize(("slip", "meant"), [("Draw", "The Draw"), ("Rochdael", "Rochdale"), ("THE DRAW", None)])
def test_a_slip_in_a_selection_of_an_invented_fixture_is_no_other_selection(
    slip: str, meant: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = changed(tmp_path, INVENTED, ("selection: Newcastle", f"selection: {slip}"))
    code = run(["run", plan, "--case", "nothing-matches"])
    told = capsys.readouterr()
    if meant is None:
        assert (code, "The Draw in Match Odds of Grimsby v Rochdale" in told.out) == (0, True)
    else:
        assert (code, f"did you mean: {meant}\n" in told.err) == (1, True)


def test_an_order_on_a_line_can_not_be_rehearsed_on_an_invented_fixture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = ("market: Match Odds", "market: Asian Handicap")
    plan = changed(tmp_path, INVENTED, market, ("selection: Newcastle", "selection: Grimsby\n    line: +1.5"))
    assert run(["run", plan]) == 3
    told = capsys.readouterr().err
    assert "rehearsals have no markets with lines yet" in told
    assert told.endswith("Nothing was placed.\n")
