"""What a machine does to a run: its disk is full, it loses power in the middle of a write, somebody sets its clock.

Each with every plan that ships, on virtual time. By default a seeded moment of each; `pytest -m storm` has many.
"""

from __future__ import annotations

import random
import struct
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from planrunner.app.outcome import Exit
from planrunner.model.commands import Alert
from planrunner.model.journal import RunState
from planrunner.runtime.journal import Journal
from tests.audited import audited
from tests.crash.quiet import KILLED, WORLDS, Ended, Quiet, Trouble, hurried
from tests.crash.test_plans import SEED, SHIPPED, Undisturbed, undisturbed, wrong

HOUR = timedelta(hours=1)
PAGE = 4096
WAL_HEADER, FRAME_HEADER = 32, 24
MANY = 12


def share(*stems: str) -> pytest.MarkDecorator:
    """Every plan, once and many times; in the default run the named ones, once."""
    chosen = [
        pytest.param(
            plan, times, marks=[] if times == 1 and plan.stem in stems else [pytest.mark.storm], id=f"{plan.stem}-{times}"
        )
        for plan in SHIPPED
        for times in (1, MANY)
    ]
    assert {*stems} <= {plan.stem for plan in SHIPPED}
    return pytest.mark.parametrize(("shipped", "times"), chosen)


def drawn(shipped: Path, folder: Path, what: str, times: int) -> tuple[random.Random, Path, str, Undisturbed]:
    dice = random.Random(f"{SEED} {what} {shipped.stem} {times}")
    plan, world = hurried(shipped, folder), dice.choice(list(WORLDS))
    return dice, plan, world, undisturbed(plan, world, folder / "undisturbed")


@share("back-and-cancel", "only-if", "betfair-then-bookmakers")
def test_a_disk_that_is_full_at_any_write_leaves_nothing_at_the_venue_that_is_not_known(
    shipped: Path, times: int, tmp_path: Path
) -> None:
    """What rests is taken back then, so the end is another; once there is room again the journal learns all of it."""
    dice, plan, world, _ = drawn(shipped, tmp_path, "full", times)
    grown = (tmp_path / "undisturbed" / ".planrunner" / "planrunner.db").stat().st_size
    for number in range(times):
        (folder := tmp_path / f"{number}").mkdir()
        room = dice.randrange(0, grown + 40 * PAGE, PAGE // 4)
        with closing(Quiet(plan, world, folder)) as quiet:
            full = quiet.begin(Trouble(room=room))
            assert full.code != KILLED
            before = quiet.bets()
            ended = quiet.go_on()
            if quiet.states() and ended.code != KILLED:
                assert ended.code in (Exit.DONE, Exit.NOT_AS_PLANNED), f"{room}: {full}, then {ended}"
            elif not before and full.code == Exit.REFUSED:
                assert "Nothing was placed" in full.text
            audited(quiet.journal, quiet.log())
            quiet.bets()
            assert RunState.RUNNING not in quiet.states().values()
            assert not quiet.open_bets(), f"{room}: {full}, then {ended}"


@share("chase", "placepot")
def test_power_that_fails_in_the_middle_of_a_write_changes_nothing(shipped: Path, times: int, tmp_path: Path) -> None:
    """The last transaction was on its way to the disk, so nothing of what it says had left yet."""
    dice, plan, world, expected = drawn(shipped, tmp_path, "torn", times)
    written = [hook for hook in expected.hooks if hook.startswith(("append.after", "intent.after"))]
    for number in range(times):
        (folder := tmp_path / f"{number}").mkdir()
        moment = dice.choice(written)
        with closing(Quiet(plan, world, folder)) as quiet:
            assert quiet.begin(Trouble(crash_at=moment)).code == KILLED
            tear(quiet.journal.with_name("planrunner.db-wal"), dice)
            ended = quiet.go_on()
            assert wrong(quiet, ended, expected) is None, f"killed at {moment} and torn: {wrong(quiet, ended, expected)}"


def tear(log: Path, dice: random.Random) -> None:
    """Of the last transaction in SQLite's write-ahead log a part is missing, or other bytes stand there."""
    content = log.read_bytes()
    assert struct.unpack(">I", content[8:12])[0] == PAGE
    salt, frame = content[16:24], FRAME_HEADER + PAGE
    commits = [0]
    for at in range(WAL_HEADER, len(content) - frame + 1, frame):
        if content[at + 8 : at + 16] != salt:
            break
        if struct.unpack(">I", content[at + 4 : at + 8])[0]:
            commits.append((at - WAL_HEADER) // frame + 1)
    first, last = WAL_HEADER + commits[-2] * frame, WAL_HEADER + commits[-1] * frame
    cut = dice.randrange(first, last)
    rest = dice.choice([b"", bytes(last - cut), dice.randbytes(last - cut)])
    log.write_bytes(content[:cut] + rest)


@share("from-a-blueprint", "several-in-one-market")
def test_a_clock_that_is_set_back_an_hour_changes_nothing(shipped: Path, times: int, tmp_path: Path) -> None:
    dice, plan, world, expected = drawn(shipped, tmp_path, "back", times)
    for number in range(times):
        ended, bets = clock_set(plan, world, tmp_path / f"{number}", dice.uniform(0, 300), -HOUR)
        assert (ended.code, bets) == (expected.code, expected.bets), ended


@share("lay-with-a-cap", "fill-or-kill")
def test_a_clock_that_is_set_forward_an_hour_brings_deadlines_early_and_nothing_twice(
    shipped: Path, times: int, tmp_path: Path
) -> None:
    dice, plan, world, _ = drawn(shipped, tmp_path, "forward", times)
    for number in range(times):
        ended, _ = clock_set(plan, world, tmp_path / f"{number}", dice.uniform(0, 60), HOUR)
        assert ended.code in (Exit.DONE, Exit.NOT_AS_PLANNED, Exit.REFUSED), ended


def clock_set(plan: Path, world: str, folder: Path, after: float, by: timedelta) -> tuple[Ended, list[tuple[object, ...]]]:
    """The run ends, and nothing of it stays open at the venue."""
    folder.mkdir()
    with closing(Quiet(plan, world, folder)) as quiet:
        ended = quiet.begin(Trouble(clock_set=(after, by)))
        audited(quiet.journal, quiet.log(), clocks=HOUR)
        assert RunState.RUNNING not in quiet.states().values(), ended
        assert not quiet.open_bets(), ended
        return ended, quiet.bets()


@share("back-and-cancel", "only-if", "betfair-then-bookmakers")
def test_a_clock_that_is_set_back_while_nobody_drives_the_run_holds_nothing_up(shipped: Path, times: int, tmp_path: Path) -> None:
    """Only what was in doubt may end unresolved, and is not sent again: nobody knows any more when it was sent."""
    dice, plan, world, expected = drawn(shipped, tmp_path, "back since", times)
    for number in range(times):
        moment = dice.choice(moments(expected))
        with closing(killed_and_set(plan, world, tmp_path / f"{number}", moment, -HOUR)) as quiet:
            is_over, begun = RunState.RUNNING not in quiet.states().values(), quiet.clock.now()
            ended = quiet.go_on()
            ended_well(quiet, ended)
            assert is_over or "was set back" in alerts(quiet)
            assert quiet.clock.now() - begun < HOUR / 2, f"{moment}: {ended}"
            if ended.code not in (Exit.UNKNOWN_EXPOSURE, KILLED):
                assert ended.code == expected.code or _ended_by_its_venue(expected), f"{moment}: {ended}"
                assert quiet.bets() == expected.bets, f"{moment}: {ended}"


@share("hedge", "one-bookmaker", "placepot")
def test_a_clock_that_is_set_forward_while_nobody_drives_the_run_brings_what_is_overdue_and_nothing_twice(
    shipped: Path, times: int, tmp_path: Path
) -> None:
    dice, plan, world, expected = drawn(shipped, tmp_path, "forward since", times)
    for number in range(times):
        moment = dice.choice(moments(expected))
        with closing(killed_and_set(plan, world, tmp_path / f"{number}", moment, HOUR)) as quiet:
            begun, ended = quiet.clock.now(), quiet.go_on()
            ended_well(quiet, ended)
            assert quiet.clock.now() - begun < HOUR / 2, f"{moment}: {ended}"


def _ended_by_its_venue(expected: Undisturbed) -> bool:
    """What a venue ends when an order's time is over is told as lapsed where our clock says that it is not over yet."""
    return any(part == "lapse" for *_, parts in expected.bets for part, _ in parts)  # type: ignore[attr-defined]


def moments(of: Undisturbed) -> list[str]:
    """Those at which the run has begun: before that there are no deadlines to lose."""
    return [hook for hook in of.hooks if hook.startswith(("send.", "reply.", "intent.after"))]


def killed_and_set(plan: Path, world: str, folder: Path, moment: str, by: timedelta) -> Quiet:
    """The next process finds another time on the wall."""
    folder.mkdir()
    quiet = Quiet(plan, world, folder)
    assert quiet.begin(Trouble(crash_at=moment)).code == KILLED
    quiet.set_by = by
    return quiet


def ended_well(quiet: Quiet, ended: Ended) -> None:
    """The books agree, nothing is there twice, and nothing is left without being told."""
    audited(quiet.journal, quiet.log(), clocks=HOUR)
    quiet.bets()
    assert RunState.RUNNING not in quiet.states().values(), ended
    assert not quiet.open_bets(), ended


def alerts(quiet: Quiet) -> str:
    with Journal.open(quiet.journal, durable=False) as journal:
        told = [record.body for info in journal.runs() for record in journal.records(info.run)]
    return "\n".join(one.text for one in told if isinstance(one, Alert))
