"""`planrunner report`: a run told from a real journal, and files that are there in full or not at all."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from planrunner.app.report import ReportNotWritten, story_of, write_report
from planrunner.cli.report import report
from planrunner.model.errors import WrongUse
from planrunner.runtime.journal import Journal
from tests.report.scenes import SCENES
from tests.report.stage import info


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder whose journal has two runs; the later one is still under way."""
    folder = tmp_path / ".planrunner"
    with Journal.open(folder / "planrunner.db", durable=False) as journal:
        for run, scene in (("20261201-a", "chased-then-cancelled-at-expiry"), ("20261202-b", "underway")):
            kept = info(run=run)
            journal.create(kept)
            epoch = journal.take(kept.run, "test")
            for record in SCENES[scene]().records:
                asyncio.run(journal.append(kept.run, epoch, [record.body], record.at))
    return folder


def tell(*words: object) -> Result:
    return CliRunner().invoke(report, [str(word) for word in words], catch_exceptions=False)


def test_the_latest_run_is_told_in_words_and_written_to_files(state):
    result = tell("--state", state)
    assert result.exit_code == 0
    assert "Not over yet. 2.50 of 10.00 GBP matched at 3.20" in result.output
    folder = state.parent / "runs" / "20261202-b"
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
    assert "\x1b[" not in result.output, "plain text where there is no terminal"


def test_a_run_by_the_beginning_of_its_id_as_json(state):
    document = json.loads(tell("20261201", "--state", state, "--json").output)
    assert document["headline"].startswith("7.50 of 10.00 GBP matched at 3.13")
    assert document["run"]["id"] == "20261201-a"
    assert document["exchanges"][0]["answered_at"] == "2026-12-05T14:29:00.18Z"
    assert not (state.parent / "runs").exists()


def test_the_page_goes_where_it_is_asked_to(state, tmp_path):
    assert tell("--state", state, "--html", tmp_path / "page.html").exit_code == 0
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert tell("--state", state, "--html", "-").output == (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["2027"], "there is no run 2027"),
        (["2026120"], "2 runs begin with 2026120"),
        (["--state", "elsewhere"], "no run is written down"),
    ],
)
def test_a_run_that_is_not_there_is_refused_by_name(state, words, message):
    with pytest.raises(WrongUse, match=message):
        tell(*(words if "--state" in words else [*words, "--state", state]))


@contextmanager
def disk_full_after(size: int) -> Iterator[None]:
    """Writing beyond so many bytes fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_report_whole_and_says_so(tmp_path):
    old = write_report(story_of(info(), SCENES["underway"]().records), tmp_path)
    before = old.json.read_text()
    with disk_full_after(2000), pytest.raises(ReportNotWritten, match="the run is in the journal"):
        write_report(story_of(info(), SCENES["several-orders"]().records), tmp_path)
    assert old.json.read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]
