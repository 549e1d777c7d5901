"""Nothing that others wrote is a command to the build server in whose job it is shown: names of files, of plans, of orders,
values that are given, and lines of a file that are quoted."""

from __future__ import annotations

import io
import json
import re
import shutil
from contextlib import chdir, redirect_stderr, redirect_stdout

import pytest

from planrunner.cli.formats import NAMES
from planrunner.cli.main import run
from planrunner.model.shown import inert
from tests.app.reviewed import PLAN, Plans, plans_of

NAME = "::stop-commands::x ##[error]y ##vso[task.complete]z.yaml"
TITLE = f"'{'::warning::here ##[add-mask]there ' * 5}'"  # wherever a line is broken
HOSTILE = PLAN.replace("Back Arsenal", TITLE).replace("odds: 3.10", "odds: 3.15")
WRONG = HOSTILE.replace("plan: ", "::error::a: 1\nplan: ").replace("side: back", "side: '::error::back ##[group]'")
FORMATS = [one for one in NAMES if one != "github"]  # whose commands are ours, and are read back in `test_formats`
# By whatever somebody may print in a job; `{}` is the plan.
TOLD = (
    "check {}", "check nothing/{}", "check {} --set ::a::=b", "check {} --json",
    *(f"check {{}} --format {one}" for one in FORMATS), "explain {}", "explain {} --json", "preview {}", "preview . {}",
    "preview {} --json", "preview {} --format markdown", "preview {} --format html",
    "diff plan.yaml {}", "diff HEAD {}", "diff --base HEAD {}", "diff --base HEAD~1 {}",
    "diff --base HEAD {} --markdown", "diff HEAD:{} plan.yaml --json", "review --base HEAD", "review --base HEAD --json",
    *(f"review --base HEAD --format {one}" for one in FORMATS), "run {} --state ::error::x",
)  # fmt: skip


def commands(shown: str) -> list[str]:
    """As the runner of GitHub and the agent of Azure read a line."""
    lines = shown.splitlines()
    return [one for one in lines if one.strip().startswith("::") or re.search(r"##\w*\[", one)]


def shown(verb: str, plan: str) -> str:
    """Both streams: a log is of both."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        run([plan if one == "{}" else one.replace("{}", plan) for one in verb.split(" ")])
    return told.getvalue()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    repo = plans_of(tmp_path_factory.mktemp("jobs") / "repository")
    repo.write("plan.yaml", PLAN)
    repo.write(NAME, PLAN)
    repo.commit()
    return repo


@pytest.mark.parametrize("text", [HOSTILE, WRONG], ids=["right", "wrong"])
def test_no_line_of_a_log_is_a_command_of_others(kept: Plans, text: str) -> None:
    kept.write(NAME, text)
    with chdir(kept.root):
        for verb in TOLD:
            told = shown(verb, NAME)
            assert told.strip(), verb
            assert commands(told) == [], verb
        shutil.rmtree(kept.root / "::error::x", ignore_errors=True)
        shutil.rmtree(kept.root / "runs", ignore_errors=True)


def test_a_program_reads_what_is_there(kept: Plans) -> None:
    kept.write(NAME, HOSTILE)
    with chdir(kept.root):
        [file] = json.loads(shown("check {} --json", NAME))["files"]
    assert (file["file"], file["valid"]) == (NAME, True)


def test_what_is_no_command_is_shown_as_it_is() -> None:
    for text in ("a::b:: c", ": :", "# ##", "## [x]", "a ::error::b"):
        assert inert(text) == text
    assert commands("  ::a\n::b ##[c]d\n##VSO[e]") != []
    assert commands(inert("  ::a\n::b ##[c]d\n##VSO[e]\n####[f]\n:::g")) == []
