"""What build servers and pre-commit run is run here as they would: their own files are read, by their own schemas, and the
commands in them carried out in a repository with the variables they set. No secret is among those."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.app.reviewed import Plans, plans_of

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github/actions/review/action.yml"
GITLAB = ROOT / ".gitlab/planrunner.gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


@pytest.fixture
def repo(tmp_path: Path) -> Plans:
    """A change on a branch: one plan that bets more, one whose table has a mistake, and a name that would be a command."""
    made = plans_of(tmp_path / "repository")
    made.git("switch", "-q", "-c", "change")
    made.change("plans/one.yaml", "stake: 10.00", "stake: 20.00")
    made.change("plans/tables/picks.csv", "6.00 GBP", "6.00 EUR")
    made.write("plans/::error::x.yaml", "planrunner: 1\nplan: $(touch evil)\n")
    made.commit()
    return made


def run(script: str, repo: Plans, **variables: str) -> subprocess.CompletedProcess[str]:
    """As GitHub runs a step with `shell: bash`, and GitLab a line of a script."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=repo.root,
        env={"PATH": path, "HOME": str(repo.root.parent), "LANG": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def schema(name: str) -> Draft7Validator:
    """What the build servers publish of their own files."""
    found = files("check_jsonschema.builtin_schemas.vendor") / f"{name}.json"
    return Draft7Validator(json.loads(found.read_text("utf-8")))


def steps(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [step for step in found["steps"] if "run" in step]


def filled(values: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """`${{ inputs.base || github.event... }}`: the first that has a value."""

    def value(expression: str) -> str:
        return next((known[word] for word in map(str.strip, expression.split("||")) if known[word]), "")

    return {name: _EXPRESSION.sub(lambda found: value(found[1]), text) for name, text in values.items()}


def reviewed_on_github(step: Mapping[str, Any], repo: Plans, known: Mapping[str, str]) -> tuple[Any, Path]:
    temp = repo.root.parent / "temp"
    temp.mkdir()
    files_of_job = {name: str(temp / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    given = filled(step.get("env", {}), known)
    return run(step["run"], repo, RUNNER_TEMP=str(temp), GITHUB_ACTIONS="true", CI="true", **files_of_job, **given), temp


def test_the_action_tells_the_pull_request_the_job_and_code_scanning(repo: Plans) -> None:
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    schema("github-actions").validate(action)
    step = steps(action["runs"])[-1]
    known = {"inputs.base": "", "inputs.paths": "", "inputs.site": "", "github.event.pull_request.base.sha": "main"}
    done, temp = reviewed_on_github(step, repo, known)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        "::error file=plans/%3A%3Aerror%3A%3Ax.yaml",
        "::error file=plans/%3A%3Aerror%3A%3Ax.yaml",
        "::error file=plans/tables/picks.csv",
    ]
    outputs = dict(line.split("=", 1) for line in (temp / "GITHUB_OUTPUT").read_text().splitlines())
    assert Path(outputs["page"]).read_text("utf-8").startswith("<!doctype html>")
    assert len(json.loads(Path(outputs["sarif"]).read_text("utf-8"))["runs"][0]["results"]) == 3
    summary = (temp / "GITHUB_STEP_SUMMARY").read_text("utf-8")
    assert "3 plans to review (1 new, 1 changed, 1 touched through what they read): 3 problems" in summary
    assert "| 10.00 GBP | **20.00 GBP** |" in summary
    assert not (repo.root / "evil").exists()


def test_the_action_takes_paths_with_spaces_and_reviews_nothing_without_failing(repo: Plans) -> None:
    step = steps(yaml.safe_load(ACTION.read_text("utf-8"))["runs"])[-1]
    repo.write("more plans/a.yaml", (repo.root / "plans/two.yaml").read_text())
    known = {"inputs.base": "main", "inputs.paths": "more plans\n\n$(touch evil)\n", "inputs.site": "plans/planrunner.yaml"}
    done, temp = reviewed_on_github(step, repo, known)
    assert done.returncode == 0, done.stdout
    assert "1 plan to review (1 new): no problems" in (temp / "GITHUB_STEP_SUMMARY").read_text("utf-8")
    assert not (repo.root / "evil").exists()


def test_the_action_puts_no_word_of_others_into_its_scripts_and_asks_for_no_secret() -> None:
    for path in (ACTION, GITLAB, HOOKS):
        assert "secret" not in path.read_text("utf-8").replace("no secret", "")
    for step in steps(yaml.safe_load(ACTION.read_text("utf-8"))["runs"]):
        assert "${{" not in step["run"]


def test_the_template_tells_the_merge_request(repo: Plans) -> None:
    found = yaml.safe_load(GITLAB.read_text("utf-8"))
    schema("gitlab-ci").validate(found)
    job = found["planrunner-review"]
    base = repo.git("rev-parse", "main")
    (line,) = job["script"]
    done = run(line, repo, CI_MERGE_REQUEST_DIFF_BASE_SHA=base, **job["variables"])
    assert done.returncode == 1
    reports = job["artifacts"]["reports"]
    issues = json.loads((repo.root / reports["codequality"]).read_text("utf-8"))
    assert {one["location"]["path"] for one in issues} == {"plans/::error::x.yaml", "plans/tables/picks.csv"}
    cases = ElementTree.parse(repo.root / reports["junit"]).findall(".//testcase")
    assert len(cases) == 3
    assert all((repo.root / path).is_file() for path in job["artifacts"]["paths"])


def test_the_hooks_stop_a_commit_with_problems_and_pass_over_other_files(repo: Plans) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text("utf-8"))}
    check, review = (shlex.join(shlex.split(hooks[name]["entry"])) for name in ("planrunner-check", "planrunner-review"))
    repo.write("other.yaml", "services: {}\n")
    assert run(f"{check} plans/one.yaml other.yaml plans/planrunner.yaml", repo).returncode == 0
    assert run(f"{check} other.yaml", repo).returncode == 0
    assert run(f"{check} plans/one.yaml plans/tabled.yaml", repo).returncode == 1
    assert run(review, repo).returncode == 0
    repo.change("plans/tables/picks.csv", "5.00 GBP", "5.00")  # the plan that reads it is not committed by this
    repo.git("add", "-A")
    hook = run(review, repo, GIT_INDEX_FILE=".git/index", GIT_PREFIX="")
    assert hook.returncode == 1
    assert "plans/tabled.yaml: touched, through plans/tables/picks.csv, has problems" in hook.stdout


def test_the_workflow_of_the_readme(repo: Plans) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (block,) = [found for found in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "pull_request" in found]
    workflow = yaml.safe_load(block)
    schema("github-workflows").validate({("on" if name is True else name): value for name, value in workflow.items()})
    assert workflow["permissions"] == {"contents": "read"}
    job = workflow["jobs"]["review"]
    assert any(step.get("with", {}).get("fetch-depth") == 0 for step in job["steps"])
    step = steps(job)[-1]
    done, temp = reviewed_on_github(step, repo, {"github.event.pull_request.base.sha": "main"})
    assert done.returncode == 1
    assert done.stdout.count("::error file=") == 3
    assert (temp / "GITHUB_STEP_SUMMARY").exists()
    (upload,) = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert (repo.root / upload["with"]["path"]).is_file()
