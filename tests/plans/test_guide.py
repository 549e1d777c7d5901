"""The guide for authors, `plans/README.md`, followed from top to bottom: its files written, its commands typed, its outputs seen.

A file's block follows a sentence that ends in its name, and "write `this` for `that` in `file`" is done. `...` on a line of its
own stands for lines left out. A block of YAML without a name is a part of a plan: steps, keys of an order, or keys of a plan.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from planrunner import resources
from planrunner.cli.main import run
from planrunner.plan.catalogue import Entry, Laid
from tests.app.terminal import at_a_terminal
from tests.plan.test_catalogue import problems

GUIDE = (Path(__file__).parents[2] / "plans" / "README.md").read_text(encoding="utf-8")
_TO_DO = re.compile(
    r"(?:`(?P<file>[\w./-]+)`(?P<seen> now says)?:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$"
    r"|[Ww]rite\s`(?P<new>[^`]+)`\sfor\s`(?P<old>[^`]+)`\sin\s`(?P<changed>[^`]+)`",
    re.MULTILINE | re.DOTALL,
)
TO_DO = [found.groupdict() for found in _TO_DO.finditer(GUIDE)]
PARTS = [one["text"] for one in TO_DO if one["language"] == "yaml" and not one["file"]]


def test_the_guide_can_be_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with chdir(tmp_path):
        for one in TO_DO:
            if one["language"] == "console":
                for command, expected in commands(one["text"]):
                    seen = answer(command, expected, capsys)
                    assert not unlike(expected, seen), f"$ {command}\n{unlike(expected, seen)}"
            elif one["changed"]:
                change(Path(one["changed"]), one["old"], one["new"])
            elif one["seen"]:
                assert not unlike(one["text"], Path(one["file"]).read_text(encoding="utf-8"))
            elif one["file"]:
                Path(one["file"]).write_text(one["text"], encoding="utf-8")


def commands(text: str) -> Iterator[tuple[str, str]]:
    for one in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = one.partition("\n")
        yield command, expected


def answer(command: str, expected: str, capsys: pytest.CaptureFixture[str]) -> str:
    program, *arguments = shlex.split(command)
    assert program == "planrunner"
    if typed := re.findall(r"^> ?(.*)$", expected, re.MULTILINE):
        return at_a_terminal(arguments, typed)
    run(arguments)
    told = capsys.readouterr()
    return told.err + told.out


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old} in {file}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def unlike(expected: str, seen: str) -> str:
    """What differs, if anything does."""
    lines = ["(?:.*\n)*?" if line == "..." else re.escape(line.rstrip()) + " *\n" for line in expected.splitlines()]
    if re.fullmatch("".join(lines), seen.rstrip("\n") + "\n"):
        return ""
    return "\n".join(difflib.unified_diff(expected.splitlines(), seen.splitlines(), "the guide", "planrunner", lineterm=""))


def test_every_plan_of_the_guide_is_checked_in_it() -> None:
    """So that its problems, or that it has none, are among the outputs."""
    typed = re.findall(r"^\$ planrunner (?:check|explain|run) (.*)$", GUIDE, re.MULTILINE)
    plans = {one["file"] for one in TO_DO if one["language"] == "yaml" and one["file"]}
    assert plans <= {word for line in typed for word in shlex.split(line)}


@pytest.mark.parametrize("part", PARTS, ids=range(len(PARTS)))
def test_parts_of_plans_have_no_problems(part: str) -> None:
    assert [one.message for one in problems(Entry(why="", wrong="", right=part, laid=laid(part)), part)] == []


def laid(part: str) -> Laid:
    if part.startswith("- "):
        return Laid.STEPS
    return Laid.PLAN if part.partition(":")[0] in resources.schema("plan")["properties"] else Laid.ORDER
