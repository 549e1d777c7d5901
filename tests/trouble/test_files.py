"""Files that are no use: each ends with its name, what is wrong with it and what to do, before anything is begun."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from planrunner.cli.main import run
from planrunner.model.journal import RunState
from planrunner.runtime.journal import Journal
from tests.plans.rehearsing import ROOT
from tests.trouble.support import INTERNAL

PLAN = (ROOT / "plans" / "back-and-cancel.yaml").read_text(encoding="utf-8")
REDS = ROOT / "tests" / "matching" / "data" / "reds.jsonl"  # a recording from its first line to the market's end


def plan(folder: Path) -> list[str]:
    file = folder / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    return ["run", str(file)]


def beside(name: str, make: Callable[[Path], object], *options: str) -> Callable[[Path], list[str]]:
    """A good plan, and something beside it; `{}` in the options stands for its path."""

    def arguments(folder: Path) -> list[str]:
        make(folder / name)
        return [*plan(folder), *(option.format(folder / name) for option in options)]

    return arguments


def alone(make: Callable[[Path], object]) -> Callable[[Path], list[str]]:
    def arguments(folder: Path) -> list[str]:
        make(folder / "plan.yaml")
        return ["run", str(folder / "plan.yaml")]

    return arguments


def writes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def database(path: Path) -> None:
    path.mkdir()
    with sqlite3.connect(path / "rehearsals.db") as connection:
        connection.execute("create table photos (name)")
    connection.close()


LINES = REDS.read_bytes().splitlines(keepends=True)
WHOLE = b"".join(LINES)
RECORDED = ("--market-data", "{}")
CASES: dict[str, tuple[Callable[[Path], list[str]], int, str]] = {
    "no plan": (lambda folder: ["run", str(folder / "plan.yaml")], 2, "plan.yaml: there is no such file"),
    "a folder for a plan": (alone(Path.mkdir), 2, "is a directory"),
    "a plan behind a file": (lambda folder: [*plan(folder)[:1], str(folder / "plan.yaml" / "x")], 2, "x can't be read"),
    "a plan that links to itself": (alone(lambda path: path.symlink_to(path)), 2, "plan.yaml can't be read"),
    "a plan in another encoding": (alone(writes("plan: café".encode("latin-1"))), 1, "plan.yaml:1:10: error PR101"),
    "an empty plan": (alone(writes(b"")), 1, "plan.yaml:1:1: error PR106"),
    "a site file in another encoding": (beside("planrunner.yaml", writes(b"\xff\xfe")), 1, "planrunner.yaml:1:1: error PR101"),
    "a folder for a site file": (beside("planrunner.yaml", Path.mkdir), 2, "planrunner.yaml is a folder, not a file"),
    "a site file that is gone": (
        beside("planrunner.yaml", lambda path: path.symlink_to("nowhere")), 2, "planrunner.yaml: there is no such file",
    ),
    "no scenario": (lambda folder: [*plan(folder), "--scenario", "nowhere.yaml"], 2, "nowhere.yaml: there is no such file"),
    "a scenario in another encoding": (beside("w.yaml", writes(b"\xe9"), "--scenario", "{}"), 2, "w.yaml:1:1: not UTF-8"),
    "a plan for a scenario": (beside("w.yaml", writes(PLAN.encode()), "--scenario", "{}"), 2, "w.yaml:3:1: `planrunner`"),
    "no recording": (lambda folder: [*plan(folder), "--market-data", "nowhere.gz"], 2, "nowhere.gz: there is no such file"),
    "an empty recording": (beside("m", writes(b""), *RECORDED), 2, "m: the recording is empty"),
    "something else for a recording": (beside("m", writes(PLAN.encode()), *RECORDED), 2, "m is no recording of a Betfair stream"),
    "a recording cut off in a line": (beside("m", writes(WHOLE[:-400]), *RECORDED), 2, "m: line 12 of the recording is not"),
    "a recording cut off between lines": (
        beside("m", writes(b"".join(LINES[:-2])), *RECORDED), 2, "m ends before its market is closed: it was cut off",
    ),
    "a packed recording cut off": (
        beside("m.gz", writes(gzip.compress(WHOLE)[:-400]), *RECORDED), 2, "can't be unpacked: the file is cut off or damaged",
    ),
    "a catalogue that is none": (
        lambda folder: [*beside("m", writes(WHOLE), *RECORDED)(folder), *beside("m.catalogue.json", writes(b"[]"))(folder)[2:]],
        2, "m.catalogue.json gives the runners of the recording beside it their names, and is no market catalogue",
    ),
    "a file for the journal's folder": (beside(".planrunner", writes(b"")), 3, "a file is in its place; move it"),
    "a folder for the journal": (
        beside(".planrunner", lambda path: (path / "rehearsals.db").mkdir(parents=True)), 3, "rehearsals.db can't be opened",
    ),
    "another program's database": (beside(".planrunner", database), 3, "is a database of something else"),
    "a whole recording, for comparison": (beside("m", writes(WHOLE), *RECORDED), 1, "error PR408: the venue knows no event"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_is_no_use_is_named_and_nothing_is_begun(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, code, words = CASES[name]
    assert run(arguments(tmp_path)) == code
    told = capsys.readouterr()
    assert words in told.err
    assert not INTERNAL.search(told.err), told.err
    assert told.out == ""
    assert not (tmp_path / "runs").exists()


def test_a_report_that_can_not_be_written_takes_nothing_from_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").write_text("in the way")
    assert run(plan(tmp_path)) == 0
    told = capsys.readouterr()
    assert "report.json can't be written: Not a directory; nothing is lost: the run is in the journal" in told.err
    assert "all of it was cancelled" in told.out
    with Journal.open(tmp_path / ".planrunner" / "rehearsals.db", durable=False) as journal:
        assert [info.state for info in journal.runs()] == [RunState.SETTLED]
    (tmp_path / "runs").unlink()
    assert run(["report", str(tmp_path / "plan.yaml")]) == 0
    assert "all of it was cancelled" in capsys.readouterr().out
