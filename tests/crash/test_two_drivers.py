"""Whoever drives a run and however long they were away: the bets are those of one undisturbed run, each of them once.

In real time, with processes that are frozen (SIGSTOP) as by a laptop that is closed. All stories are told side by side.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from planrunner.model.commands import PlaceOrders
from planrunner.model.events import OrderNotSent, TimerFired
from planrunner.model.journal import RunState
from planrunner.runtime.journal import Journal
from tests.crash.kill import Slot, served
from tests.trouble.support import Going, Story, side_by_side, until, world

BETS = {"reds": {"fill": 4.0, "cancel": 6.0}, "blues": {"cancel": 8.0}}
SEND_BY = 2  # seconds
AT_VENUE = "4.00 matched"


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slot]:
    scenario = tmp_path_factory.mktemp("world") / "scenario.yaml"
    scenario.write_text(world())
    with served(scenario) as slot:
        yield slot


def until_frozen(going: Going) -> None:
    state = Path(f"/proc/{going.process.pid}/stat")
    until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")


def take_over(story: Story) -> Going:
    return story.call(["run", "--resume", "--take-over", "--sandbox", story.slot.url])


def records(story: Story, *kinds: type) -> list[object]:
    with Journal.open(story.journal, durable=False) as journal:
        [info] = journal.runs()
        return [record.body for record in journal.read(info.run) if isinstance(record.body, kinds)]


def over(story: Story) -> None:
    assert story.state() is RunState.FINISHED  # audited, too
    assert story.holds() == BETS


def frozen_between_intent_and_wire(slot: Slot, moment: str, folder: Path, first: int) -> list[Callable[[], None]]:
    def nobody_else_comes() -> None:
        """What was about to leave is too old when it wakes up. It is placed anew, under the same reference."""
        story = Story(slot, folder / moment / "alone", first, expires="4s")
        going = story.begin(PLANRUNNER_FREEZE_AT=moment)
        until_frozen(going)
        time.sleep(SEND_BY + 0.5)
        assert story.holds() == {}
        going.hears(signal.SIGCONT)
        going.ends(0)
        over(story)
        assert records(story, OrderNotSent)
        assert {one.attempt for one in records(story, PlaceOrders)} == {1, 2}  # type: ignore[attr-defined]

    def another_takes_over() -> None:
        """It waits out what the frozen one could still have sent; that one does nothing more when it wakes up."""
        story = Story(slot, folder / moment / "taken", first + 1, expires="4s")
        frozen = story.begin(PLANRUNNER_FREEZE_AT=moment)
        until_frozen(frozen)
        other = take_over(story)
        other.says(AT_VENUE)
        frozen.hears(signal.SIGCONT)
        assert "taken over by another process" in frozen.ends(4)
        other.ends(0)
        over(story)

    return [nobody_else_comes, another_takes_over]


def test_whoever_drives_each_bet_is_placed_once_and_taken_back_once(slot: Slot, tmp_path: Path) -> None:
    def asleep_over_the_deadline() -> None:
        story = Story(slot, tmp_path / "asleep", 4, expires="8s")
        going = story.begin()
        going.says(AT_VENUE)
        going.hears(signal.SIGSTOP)
        time.sleep(9)
        assert "cancel" not in story.holds()["reds"]
        going.hears(signal.SIGCONT)
        woken = time.monotonic()
        until(lambda: "cancel" in story.holds()["reds"])
        assert time.monotonic() - woken < 10  # at once; the machine may be busy
        going.ends(0)
        over(story)
        fired = [one.name for one in records(story, TimerFired) if one.name.startswith("ending:")]  # type: ignore[attr-defined]
        assert sorted(fired) == ["ending:orders.blues", "ending:orders.reds"]

    def the_owner_is_at_work() -> None:
        story = Story(slot, tmp_path / "owned", 5, expires="12s")
        owner = story.begin()
        owner.says(AT_VENUE)
        other = take_over(story)
        assert "taken over by another process" in owner.ends(4)
        other.ends(0)
        over(story)

    def three_take_up_what_was_killed() -> None:
        story = Story(slot, tmp_path / "three", 6, expires="4s")
        story.begin(PLANRUNNER_CRASH_AT="send.before").process.wait()
        going = [take_over(story) for _ in range(3)]
        codes = [one.process.wait(60) for one in going]
        assert 0 in codes, [one.err for one in going]
        over(story)

    side_by_side(
        asleep_over_the_deadline,
        the_owner_is_at_work,
        three_take_up_what_was_killed,
        *frozen_between_intent_and_wire(slot, "intent.after", tmp_path, 0),
        *frozen_between_intent_and_wire(slot, "send.before", tmp_path, 2),
    )
