"""What an author sees in an editor: the schema's squiggles, the runner's problems, and that they agree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jsonschema.validators import Draft202012Validator

from planrunner.app import schema as schemas
from planrunner.cli.main import run
from planrunner.plan.nodes import Node
from planrunner.plan.reader import read
from tests.each import of_each
from tests.editor.language_server import LanguageServer, language_server, why_not
from tests.editor.typed import lines_at_fault
from tests.plans.test_guide import TO_DO

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "messages"
FOLDERS = [ROOT / "plans" / name for name in ("", "blueprints", "by-itself", "two-venues")]
PLANS = sorted(file for folder in FOLDERS for file in folder.glob("*.yaml"))
VALIDATOR = Draft202012Validator(json.loads(schemas.text("plan", for_editor=True)))
# Of a file that YAML itself stumbles over, editors and the runner say the same in their own ways.
needs_server = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")


@cache
def cases() -> dict[str, Node]:
    """The golden cases that are plans, and that can be read."""
    found = {}
    for case in sorted(GOLDEN.iterdir()):
        file = case / "plan.yaml"
        source = read(file.read_bytes()) if file.exists() else None
        if source is not None and source.root is not None and not source.problems:
            found[case.name] = source.root
    return found


# Told once: of a file that is no plan, and of keys that stand together in the wrong place.
FOR_SEVERAL_LINES = {"PR215", "PR223"}


def told(case: str) -> list[tuple[int, str]]:
    """The line and code of each of the runner's messages about the plan."""
    text = (GOLDEN / case / "expected.txt").read_text(encoding="utf-8")
    return [(int(line), code) for line, code in re.findall(r"^plan\.yaml:(\d+):\d+: error (PR\d+)", text, re.MULTILINE)]


def near(lines: set[int], others: set[int]) -> set[int]:
    """Those that have none of the others within a line: a block may be told at its key or at its first line."""
    return {line for line in lines if not others & {line - 1, line, line + 1}}


def test_where_an_editor_sees_a_fault_the_runner_tells_it() -> None:
    def is_told(case: str) -> None:
        faults, messages = lines_at_fault(cases()[case], VALIDATOR), told(case)
        untold = near(faults, {line for line, _ in messages})
        if not FOR_SEVERAL_LINES & {code for _, code in messages}:
            assert untold == set()
        elif faults:
            assert messages

    of_each(cases(), is_told)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `planrunner schema --write` leaves a folder."""
    folder = tmp_path_factory.mktemp("plans")
    for name in ("plan", "site"):
        schemas.write(name, folder)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[LanguageServer]:
    by_pattern = {schemas.place("plan", folder).as_uri(): "*.yaml", schemas.place("site", folder).as_uri(): "planrunner.yaml"}
    settings = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}, "schemas": by_pattern}
    with language_server(settings) as server:
        yield server


@needs_server
def test_good_plans_have_no_squiggles(server: LanguageServer) -> None:
    assert {file.name: found for file, found in server.diagnostics(PLANS).items() if found} == {}


@needs_server
def test_of_the_guides_files_only_the_wrong_plan_has_squiggles(server: LanguageServer, folder: Path) -> None:
    seen = {}
    for number, block in enumerate(one for one in TO_DO if one["language"] == "yaml" and "planrunner" in one["text"]):
        file = folder / str(number) / block["file"]
        file.parent.mkdir()
        file.write_text(block["text"].replace("$schema=", "$schema=../"), encoding="utf-8")
        if found := server.diagnostics([file])[file]:
            seen[block["file"]] = {block["text"].splitlines()[one.line - 1].strip() for one in found}
    assert seen == {"newcastle.yaml": {"selecton: Newcastle", "odds: 6/5", "stake: 10 pounds"}}


@needs_server
def test_squiggles_are_where_the_schema_says(server: LanguageServer) -> None:
    found = server.diagnostics([GOLDEN / case / "plan.yaml" for case in cases()])
    for file, diagnostics in found.items():
        case = file.parent.name
        expected = lines_at_fault(cases()[case], VALIDATOR)
        seen = {one.line for one in diagnostics if not one.message.startswith("Missing property")}
        assert (case, near(seen, expected), near(expected, seen)) == (case, set(), set())


@needs_server
def test_squiggles_speak_of_plans_not_of_patterns(server: LanguageServer) -> None:
    file = GOLDEN / "shape-money" / "plan.yaml"
    told = [one.message for one in server.diagnostics([file])[file]]
    assert any("An amount and its currency" in text and "`10.00 GBP`" in text for text in told)
    assert not any("^" in text for text in told)


@needs_server
def test_a_new_plan_is_explained_and_completed_through_its_first_line(tmp_path: Path) -> None:
    """Without any setting in the editor."""
    file = tmp_path / "plan.yaml"
    assert run(["new", str(file)]) == 0
    lines = file.read_text().splitlines()
    line, column = next((number, text.index("side")) for number, text in enumerate(lines, 1) if "side: back" in text)
    with language_server({"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}) as server:
        assert server.diagnostics([file]) == {file: []}
        assert "`back` bets on the selection" in server.hover(file, line, column + 2)
        assert set(server.completions(file, line, column + len("side: ") + 1)) == {"back", "lay"}
        assert {"liability_at_most", "only_if", "expires_at"} <= set(server.completions(file, line, column + 1))
