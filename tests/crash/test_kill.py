"""A process may die at any moment. Taken up again, its run ends with the same bets, none of them twice.

The scenario's books react to our orders only, so the end does not hang on how long anything takes.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from planrunner.model.journal import RunState
from tests.audited import audited
from tests.crash.kill import HERE, Runner, Slot, served

PLAN, SCENARIO = HERE / "plan.yaml", HERE / "scenario.yaml"
# Side by side; a run mostly waits. All occurrences of every hook take minutes: PLANRUNNER_CRASH_ALL=1.
SLOTS = 8
ALL = bool(os.environ.get("PLANRUNNER_CRASH_ALL"))
SEED = 20261205
KILLED = -9


@dataclass(frozen=True)
class Undisturbed:
    """How the run ends when nobody interferes, the hooks it reaches and how often, and how long it takes."""

    bets: list[tuple[object, ...]]
    hooks: dict[str, int]


@pytest.fixture(scope="module")
def slots() -> Iterator[SimpleQueue[Slot]]:
    with ExitStack() as stack, ThreadPoolExecutor(SLOTS) as pool:
        free: SimpleQueue[Slot] = SimpleQueue()
        for slot in pool.map(lambda _: stack.enter_context(served(SCENARIO)), range(SLOTS)):
            free.put(slot)
        yield free


@pytest.fixture(scope="module")
def undisturbed(slots: SimpleQueue[Slot], tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    slot, folder = slots.get(), tmp_path_factory.mktemp("undisturbed")
    slot.reset()
    ended = Runner(slot, folder, PLAN).start(PLANRUNNER_CRASH_LIST=str(folder / "hooks"))
    assert ended.code == 0, ended.text
    bets = ends(slot)
    slots.put(slot)
    hooks = (line.split() for line in (folder / "hooks").read_text().splitlines())
    return Undisturbed(bets=bets, hooks={name: int(count) for name, count in hooks})


def ends(slot: Slot) -> list[tuple[object, ...]]:
    """What the venue holds, whatever the references are; none of them may be there twice."""
    held = slot.books()
    assert all(len(bets) == 1 for bets in held.values()), f"a reference is at the venue twice: {held}"
    return sorted((bets[0] for bets in held.values()), key=repr)


def occurrences(count: int) -> Iterable[int]:
    return range(1, count + 1) if ALL else sorted({1, count})


def test_killed_at_every_hook_and_at_random_moments_a_resumed_run_ends_as_if_nothing_had_happened(
    slots: SimpleQueue[Slot], undisturbed: Undisturbed, tmp_path: Path
) -> None:
    assert {name.partition(".")[0] for name in undisturbed.hooks} == {"append", "intent", "send", "reply"}
    moments: list[str | float] = [f"{name}:{n}" for name, count in undisturbed.hooks.items() for n in occurrences(count)]
    dice = random.Random(SEED)
    moments += [round(dice.uniform(0.3, 4.5), 2) for _ in range(4)]

    def one(moment: str | float) -> str | None:
        slot = slots.get()
        try:
            return kill_and_compare(slot, tmp_path / str(moment).replace(":", "-"), moment, undisturbed.bets)
        finally:
            slots.put(slot)

    with ThreadPoolExecutor(SLOTS) as pool:
        wrong = [trouble for trouble in pool.map(one, moments) if trouble]
    assert not wrong, "\n".join(wrong)


def kill_and_compare(slot: Slot, folder: Path, moment: str | float, expected: list[tuple[object, ...]]) -> str | None:
    """Kill, take up again, compare with the undisturbed end. Answers what is wrong; None when nothing is."""
    slot.reset()
    folder.mkdir()
    runner = Runner(slot, folder, PLAN)
    ended = runner.kill_after(moment) if isinstance(moment, float) else runner.start(PLANRUNNER_CRASH_AT=moment)
    if ended.code == KILLED:
        states = runner.states()
        if RunState.RUNNING in states:
            ended = runner.resume()
        elif not states:  # killed before there was a run
            ended = runner.start()
    if ended.code not in (0, KILLED):
        return f"{moment}: exit {ended.code}\n{ended.text}"
    if runner.states() != [RunState.FINISHED]:
        return f"{moment}: the journal holds {runner.states()}"
    audited(folder / "planrunner.db", slot.call("log"))
    found = ends(slot)
    return None if found == expected else f"{moment}: {found} instead of {expected}"
