"""The verbs `check`, `new` and `schema`, the boundary around all verbs, and what is not imported."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from jsonschema.validators import Draft202012Validator

from planrunner.cli import boundary
from planrunner.cli.main import VERBS, run
from planrunner.model import errors
from tests.plan.checking import PLAN, changed

BAD = changed(("odds: 3.10", "odds: 5/2"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "good.yaml").write_text(PLAN)
    (tmp_path / "bad.yaml").write_text(BAD)
    with chdir(tmp_path):
        yield tmp_path


def test_a_good_plan(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "good.yaml"]) == 0
    assert capsys.readouterr().out == "good.yaml: valid; 1 order, can lose at most 25.00 GBP\n"


def test_a_bad_plan(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "bad.yaml"]) == 1
    assert capsys.readouterr().out == (
        "bad.yaml:14:11: error PR206: `5/2` is not odds planrunner reads.\n"
        "  14 |     odds: 5/2\n"
        "     |           ^^^\n"
        "     = did you mean: 3.50\n"
        "1 problem; `planrunner explain PR206` tells more\n"
    )


def test_a_folder_and_a_file_in_it_is_checked_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compose.yml").write_text("services:\n  web: {}\n")
    (folder / "notes.txt").write_text("no plan")
    assert run(["check", str(folder), str(folder / "good.yaml")]) == 1
    out = capsys.readouterr().out
    assert out.count("valid") == 1
    assert "compose.yml: skipped" in out
    assert "notes.txt" not in out
    assert out.endswith("1 problem in 1 of 2 files; `planrunner explain PR206` tells more\n")


def test_formats_go_to_files_and_one_to_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--format", "sarif=out/plans.sarif", "--format", "junit=plans.xml", "--format", "github"]
    assert run(["check", "bad.yaml", "good.yaml", *asked]) == 1
    assert capsys.readouterr().out.startswith("::error file=bad.yaml,line=14,col=11,endColumn=14,title=PR206")
    assert json.loads(Path("out/plans.sarif").read_text())["version"] == "2.1.0"
    assert Path("plans.xml").read_text().count("<testcase") == 2
    assert run(["check", "bad.yaml"]) == 1
    usual = capsys.readouterr().out
    assert run(["check", "bad.yaml", "--format", "text", "--format", "json=out/found.json"]) == 1
    assert capsys.readouterr().out == usual
    assert json.loads(Path("out/found.json").read_text())
    for two in (["--format", "sarif", "--format", "github"], ["--format", "text", "--format", "github"]):
        assert run(["check", "bad.yaml", *two]) == 2
        assert "only one format goes to standard output" in capsys.readouterr().err
    assert run(["check", "bad.yaml", "--json", "--format", "text"]) == 2
    assert "choose one" in capsys.readouterr().err
    assert run(["check", "bad.yaml", "--format", "serif"]) == 2
    assert "did you mean `sarif`?" in capsys.readouterr().err
    assert run(["check", "bad.yaml", "--format", "junit=good.yaml/plans.xml"]) == 2
    assert "good.yaml/plans.xml can't be written" in capsys.readouterr().err


def test_what_a_format_tells_is_not_told_beside_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "::add-mask::x.yaml", "bad.yaml", "--format", "github"]) == 2
    told = capsys.readouterr()
    assert told.err == ""
    assert [line.split("::")[1][:20] for line in told.out.splitlines()] == ["error title=a file c", "error file=bad.yaml,"]


def test_others_are_passed_over_where_that_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compose.yml").write_text("services:\n  web: {}\n")
    assert run(["check", "compose.yml"]) == 1
    assert run(["check", "--skip-others", "compose.yml"]) == 0
    assert run(["check", "--skip-others", "compose.yml", "bad.yaml"]) == 1
    assert run(["check", "--skip-others", "gone.yaml"]) == 2


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "bad.yaml", "good.yaml", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    bad, good = told["files"]
    assert told["valid"] is False
    assert (good["valid"], good["can_lose_at_most"], len(good["digest"])) == (True, "25.00 GBP", 64)
    (problem,) = bad["problems"]
    assert problem == {
        "code": "PR206", "line": 14, "column": 11, "span": 3, "did_you_mean": "3.50",
        "message": "`5/2` is not odds planrunner reads.",
    }  # fmt: skip


def test_nothing_checked_is_not_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    assert run(["check", "empty"]) == 2
    assert "nothing was checked" in capsys.readouterr().err
    assert run(["check"]) == 2


@pytest.mark.parametrize("name", ["missing.yaml", "no/such/folder.yaml", "a\0b"])
def test_a_file_that_is_not_there(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "good.yaml", name]) == 2
    told = capsys.readouterr()
    assert "good.yaml: valid" in told.out
    assert "there is no such file" in told.err or "no file" in told.err or "holds a character" in told.err


def test_the_site_file_beside_a_plan_is_checked_with_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "planrunner.yaml").write_text("planrunner_site: 1\naccounts:\n  mine:\n    venue: betfair\n")
    assert run(["check", "good.yaml"]) == 1
    assert "PR401" in capsys.readouterr().out
    (folder / "planrunner.yaml").write_text("planrunner_site: 1\naccounts:\n  mine:\n    venue: betfiar\n")
    assert run(["check", "good.yaml", "bad.yaml"]) == 1
    assert capsys.readouterr().out.count(": error PR") == 1


def test_a_new_plan_is_good_and_nothing_is_ever_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new", "mine.yaml"]) == 0
    written = (folder / "mine.yaml").read_text()
    schema = json.loads((folder / ".planrunner" / "plan.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert written.startswith("# yaml-language-server: $schema=.planrunner/plan.schema.json\n")
    assert run(["check", "mine.yaml"]) == 0
    assert run(["new", "mine.yaml"]) == 2
    assert run(["new", "no/such/folder/mine.yaml"]) == 2
    assert (folder / "mine.yaml").read_text() == written
    assert "is there already" in capsys.readouterr().err


def test_a_new_plan_fits_the_site_it_is_written_for(folder: Path) -> None:
    site = "planrunner_site: 1\naccounts:\n  forint:\n    venue: betfair\n    currency: HUF\n"
    (folder / "planrunner.yaml").write_text(site)
    assert run(["new", "mine.yaml"]) == 0
    assert run(["check", "mine.yaml"]) == 0


def test_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "plan"
    assert run(["schema", "site", "--for", "editor"]) == 0
    assert "markdownDescription" in capsys.readouterr().out
    assert run(["schema", "plans"]) == 2


HELP_OF = {"sandbox": ["sandbox", "serve"]}


def test_every_verbs_help_ends_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    overview = capsys.readouterr().out
    for verb in VERBS:
        assert f"\n  {verb} " in overview
        assert run([*HELP_OF.get(verb, [verb]), "--help"]) == 0
        assert re.search(rf"Examples?:\n +planrunner {verb}", capsys.readouterr().out), verb


def test_an_unknown_verb_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chek"]) == 2
    assert "did you mean `check`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PlanProblems("x"), 1), (errors.WrongUse("x"), 2), (errors.Refused("x"), 3), (errors.VenueRefused("x"), 3),
        (errors.JournalTrouble("x"), 3), (errors.Divergence("x"), 5), (errors.ReplyUnknown("x"), 5), (KeyboardInterrupt(), 130),
    ],
)  # fmt: skip
def test_what_went_wrong_becomes_an_exit_code(error: Exception, code: int) -> None:
    assert boundary.exit_code_of(error, []) == code


def test_our_own_bug_writes_what_is_needed_to_mend_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // 0
    assert boundary.exit_code_of(caught.value, ["run", "plan.yaml"]) == 6
    (file,) = (folder / ".planrunner").glob("bug-*.txt")
    assert "ZeroDivisionError" in file.read_text()
    assert "command: planrunner run plan.yaml" in file.read_text()
    assert file.name in capsys.readouterr().err


def test_a_diagnosis_holds_no_secret() -> None:
    told = boundary.without_secrets("login of bob with hunter2 failed", {"PLANRUNNER_BETFAIR_PASSWORD": "hunter2", "USER": "bob"})
    assert told == "login of bob with <PLANRUNNER_BETFAIR_PASSWORD> failed"


HEAVY = ("httpx", "sqlalchemy", "jinja2", "asyncio", "jsonschema", "starlette", "apscheduler", "zoneinfo")


@pytest.mark.parametrize("arguments", [["--version"], ["check", "good.yaml"]])
def test_a_verb_pays_only_for_what_it_uses(folder: Path, arguments: list[str]) -> None:
    code = f"import sys; from planrunner.cli.main import run; run({arguments!r}); print(*sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not set(told.splitlines()[-1].split()) & set(HEAVY)
