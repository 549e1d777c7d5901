"""The journal can't be written while bets are at the venue: they are taken back, told, and learned again."""

from __future__ import annotations

from pathlib import Path

from planrunner.model.journal import RunState
from planrunner.runtime.journal import Journal
from tests.crash.kill import Slot
from tests.trouble.support import Story, side_by_side

TAKEN_BACK = {"reds": {"fill": 4.0, "cancel": 6.0}, "blues": {"cancel": 8.0}}


def test_what_rests_is_taken_back_when_the_journal_can_not_be_written(slot: Slot, tmp_path: Path) -> None:
    def the_disk_is_full() -> None:
        story = Story(slot, tmp_path / "full", 0)
        going = story.begin()
        going.says("4.00 matched")
        story.no_more_room(going)
        told = going.ends(5)
        assert story.holds() == TAKEN_BACK
        assert f"{story.journal} can't" in told
        assert "Nothing more was placed" in told
        assert "reds: back 10.00 at 3.05: 4.00 matched, 6.00 taken back (bet " in told
        assert "blues: back 8.00 at 4.0: 8.00 taken back (bet " in told
        assert story.state() is RunState.RUNNING
        going_on = story.go_on(told)
        going_on.says("4.00 matched")
        going_on.ends(4)
        assert story.state() is RunState.FINISHED
        assert story.holds() == story.reported() == TAKEN_BACK

    def another_program_holds_it() -> None:
        story = Story(slot, tmp_path / "locked", 1)
        going = story.begin(PLANRUNNER_JOURNAL_PATIENCE="1")
        going.says("4.00 matched")
        with story.locked():
            going.says("the journal can't be written")
            story.until_held("cancel")
            refused = story.begin(PLANRUNNER_JOURNAL_PATIENCE="1")
            assert "goes on in another window" in refused.ends(3)  # reading is possible
        told = going.ends(5)
        assert "is locked by another process; end that one" in told
        assert "6.00 taken back" in told
        story.go_on(told).ends(4)
        assert story.state() is RunState.FINISHED
        assert story.holds() == story.reported() == TAKEN_BACK

    def before_anything_was_placed() -> None:
        story = Story(slot, tmp_path / "before", 2)
        Journal.open(story.journal, durable=False).close()
        with story.locked():
            told = story.begin(PLANRUNNER_JOURNAL_PATIENCE="1").ends(3)
        assert "is locked by another process" in told
        assert "Nothing was placed" in told
        assert story.holds() == {}

    side_by_side(the_disk_is_full, another_program_holds_it, before_anything_was_placed)
