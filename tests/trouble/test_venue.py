"""The venue is not there, is something else, goes away, or answers with a gateway's page; and the user stops the run."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from planrunner.cli.main import run
from planrunner.model.journal import RunState
from tests.answering import answering
from tests.crash.kill import Slot, served
from tests.trouble.support import INTERNAL, Story, side_by_side, until, world

PAGES = """\
faults:
  - call: cancelOrders
    trouble: http 502
  - call: listCurrentOrders
    number: 2
    times: 3
    trouble: http 503
"""
LOST = """\
faults:
  - call: placeOrders
    trouble: reply lost after landing
  - call: placeOrders
    number: 2
    trouble: reply lost before landing
"""
STOPPED = {"reds": {"fill": 4.0, "cancel": 6.0}, "blues": {"cancel": 8.0}}


def test_whatever_happens_to_a_run_what_rests_is_taken_back_or_told(slot: Slot, tmp_path: Path) -> None:
    def story_of(n: int, *signals: signal.Signals, words: str) -> None:
        story = Story(slot, tmp_path / str(n), n)
        going = story.begin("--json")
        story.until_held()
        for number in signals:
            going.hears(number)
        going.ends(130)
        assert story.holds() == story.reported() == STOPPED
        assert story.state() is RunState.FINISHED
        assert words in going.out
        assert json.loads(going.out)["run"]["exit_code"] == 130  # nothing but the report is on standard output

    side_by_side(
        lambda: story_of(3, signal.SIGTERM, words="stopped from outside (SIGTERM)"),
        lambda: story_of(4, signal.SIGINT, signal.SIGINT, words="stopped by Ctrl-C (SIGINT)"),  # passed on to a whole group
        lambda: story_of(5, signal.SIGHUP, signal.SIGHUP, words="its window was closed (SIGHUP)"),
        lambda: taken_over(Story(slot, tmp_path / "taken over", 6, expires="12s")),
        lambda: goes_away(tmp_path / "gone"),
        lambda: answers_with_pages(tmp_path / "pages"),
        lambda: does_not_answer(tmp_path / "lost"),
    )


def taken_over(story: Story) -> None:
    """By somebody who goes on with it in another window."""
    first = story.begin()
    first.says("4.00 matched")
    refused = story.call(["run", "--resume"]).ends(3)
    assert "at work in another process" in refused, "who is alive is left alone"
    second = story.call(["run", "--resume", "--take-over"])
    second.says("taken up again")
    assert "was taken over by another process; this one stops here" in first.ends(4)
    second.ends(0)
    assert story.state() is RunState.FINISHED
    assert story.holds() == story.reported() == STOPPED


def goes_away(folder: Path) -> None:
    """And does not come back. A second Ctrl-C, later, leaves at once and lists what is left."""
    folder.mkdir()
    (folder / "scenario.yaml").write_text(world())
    with served(folder / "scenario.yaml") as slot:
        story = Story(slot, folder / "story", 0)
        going = story.begin()
        going.says("4.00 matched")
        slot.process.kill()
        going.says("betfair can't be reached")
        going.hears(signal.SIGINT)
        going.says("takes back what is left")
        until(lambda: going.err.count("could not be looked up") == 2)  # some seconds later, once for each
        going.hears(signal.SIGINT)
        told = going.ends(130)
        assert told.count("could not be looked up") == 2
        assert "left at once, as you asked" in told
        assert "reds: back 10.00 at 3.05: 4.00 matched, 6.00 still there (bet " in told
        assert "blues: back 8.00 at 4.0: 8.00 still there (bet " in told
        assert story.state() is RunState.RUNNING
        again = story.go_on(told).ends(5)
        assert "start one in another window: planrunner sandbox serve" in again
        assert "The run stays as it is" in again


def answers_with_pages(folder: Path) -> None:
    folder.mkdir()
    (folder / "scenario.yaml").write_text(world(PAGES))
    with served(folder / "scenario.yaml") as slot:
        story = Story(slot, folder / "story", 0, expires="2s")
        told = story.begin().ends(0)
        assert "betfair can't be reached: the venue's answer is no use (HTTP status 503)" in told
        assert "betfair can be reached again" in told
        assert story.holds() == story.reported() == STOPPED


def does_not_answer(folder: Path) -> None:
    """And then the journal can't be written: what has no answer is looked for, and told with its reference if not found."""
    folder.mkdir()
    (folder / "scenario.yaml").write_text(world(LOST))
    with served(folder / "scenario.yaml") as slot:
        story = Story(slot, folder / "story", 0, expires="1s", blues="Half Time")
        going = story.begin()
        going.says("reds  places")
        going.says("blues  places")
        story.no_more_room(going)
        told = going.ends(5)
        held = story.holds()
        [landed] = held
        [lost] = {"reds", "blues"} - {landed}
        assert held[landed]["cancel"] == STOPPED[landed]["cancel"]
        assert f"{landed}: back" in told
        assert "taken back (bet " in told
        assert f"{lost}: back" in told
        assert "there is no certain answer; look at betfair for the reference " in told
        assert story.state() is RunState.RUNNING
        story.go_on(told).ends(0)  # the one that never landed was sent once more, under its reference
        assert story.state() is RunState.FINISHED
        assert story.holds() == story.reported()


def test_nothing_is_placed_where_no_sandbox_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda *_: (200, b"<html>Welcome to the router</html>")) as router:
        Story(Slot(router, None), tmp_path / "story", 0)  # type: ignore[arg-type]
        plan = str(tmp_path / "story" / "plan.yaml")
        for url, code, words in (
            ("http://127.0.0.1:9", 3, "start one in another window: planrunner sandbox serve"),
            (router, 3, f"what answers at {router} is no sandbox of planrunner's"),
            ("nonsense", 2, "`nonsense` is none; write it like http://127.0.0.1:8765"),
            ("http://127.0.0.1:99999", 2, "write it like"),
        ):
            assert run(["run", plan, "--sandbox", url]) == code
            told = capsys.readouterr()
            assert words in told.err
            assert (code == 2) or "Nothing was placed." in told.err
            assert not INTERNAL.search(told.err), told.err
            assert told.out == ""
    assert run(["run", "--sandbox", plan]) == 2
    assert f"the plan comes first: planrunner run {plan} --sandbox" in capsys.readouterr().err
