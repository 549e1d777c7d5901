"""SECURITY.md says what is held by a test, and the test is there."""

from __future__ import annotations

import ast
import os
import re
import stat
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from functools import cache
from pathlib import Path

import pytest

from planrunner.app.report import write_whole
from planrunner.cli.boundary import exit_code_of

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
# What no test can hold: trust, and what a machine lets those do who own it.
WITHOUT = ("| You, and", "| The site file", "| Plans, blue", "| The venue |", "| As you |")


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_named_test_is_there(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in names_in(file)


def test_every_line_of_its_tables_names_one() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    heads = [line for line, after in zip(TEXT.splitlines(), TEXT.splitlines()[1:], strict=False) if after.startswith("|---")]
    bare = [row for row in rows if row not in heads and "`tests/" not in row]
    assert [row for row in bare if not row.startswith(WITHOUT)] == []
    assert len(NAMED) > 30


def test_everything_here_is_told_there() -> None:
    """A test of security that no line names holds something that readers don't learn of; helpers of a rule are told with it."""
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert {Path(file).name for file, _ in NAMED} >= files


@contextmanager
def withholding(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(("mask", "rights"), [(0o022, 0o644), (0o077, 0o600), (0o027, 0o640)])
def test_files_have_the_rights_their_owner_gives(mask: int, rights: int, tmp_path: Path) -> None:
    with withholding(mask), chdir(tmp_path):
        write_whole(Path("report.json"), "{}")
        exit_code_of(ZeroDivisionError("a bug"), ["run"])
        exit_code_of(ZeroDivisionError("a bug"), ["run"])
    [bug] = (tmp_path / ".planrunner").glob("bug-*.txt")
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == rights
    assert stat.S_IMODE(bug.stat().st_mode) == 0o600


def test_a_diagnostic_file_follows_no_link_that_lies_in_its_place(tmp_path: Path) -> None:
    with chdir(tmp_path):
        exit_code_of(ZeroDivisionError("a bug"), ["run"])
        [bug] = Path(".planrunner").glob("bug-*.txt")
        bug.unlink()
        bug.symlink_to(tmp_path / "precious")
        exit_code_of(ZeroDivisionError("a bug"), ["run"])
    assert not (tmp_path / "precious").exists()
