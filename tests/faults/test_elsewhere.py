"""Every row of the fault tables of the Tote and of the router alone, at every call of a run that it can come from: whatever is
answered, each bet is there once, and the report, the journal and the venue's own log tell the same story.

All rows, at the first calls and later ones: `pytest -m storm tests/faults`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from planrunner.app.outcome import Exit, Ran
from planrunner.sandbox.faults import Fault, Trouble
from tests.faults.elsewhere import ROUTERS, TOTES, WORLDS, Elsewhere, rows, written
from tests.faults.rows import name_of

SHARE = 16
ALL = list(rows())
# Seconds from the beginning of a run to its first bet.
PLACED_AFTER = {"ticket": 1200.0, "routed": 0.0}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written(tmp_path_factory.mktemp("plans"))


def run(plan: str, files: dict[str, Path], folder: Path, *faults: Fault) -> tuple[Elsewhere, Ran]:
    course = Elsewhere(folder, files[plan], WORLDS[plan], faults=faults)
    ended = course.run()
    assert course.broken(ended) == []
    assert isinstance(ended, Ran)
    return course, ended


def hold(plan: str, fault: Fault, number: int, files: dict[str, Path], folder: Path) -> None:
    course = Elsewhere(folder, files[plan], WORLDS[plan], faults=[replace(fault, number=number)])
    assert course.broken(course.run()) == []


def name(row: object) -> str | None:
    return name_of(row) if isinstance(row, Fault) else None


@pytest.mark.parametrize("plan", WORLDS)
def test_without_any_fault_a_run_is_done(plan: str, files: dict[str, Path], tmp_path: Path) -> None:
    _, ended = run(plan, files, tmp_path)
    assert ended.exit is Exit.DONE


@pytest.mark.parametrize(("plan", "fault"), Random(4).sample(ALL, SHARE), ids=name)
def test_the_promises_hold_whatever_is_answered_once(plan: str, fault: Fault, files: dict[str, Path], tmp_path: Path) -> None:
    hold(plan, fault, 1, files, tmp_path)


@pytest.mark.storm
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(("plan", "fault"), ALL, ids=name)
def test_the_promises_hold_at_every_row_of_the_tables(
    plan: str, fault: Fault, number: int, files: dict[str, Path], tmp_path: Path
) -> None:
    hold(plan, fault, number, files, tmp_path)


def outlive(seed: int, files: dict[str, Path], folder: Path) -> str | None:
    """A run with a few faults, killed and taken up again; what is broken after it."""
    dice = Random(f"elsewhere {seed}")
    plan = dice.choice(list(WORLDS))
    mine = [fault for one, fault in ALL if one == plan]
    faults = [
        replace(dice.choice(mine), number=dice.randrange(1, 6), times=dice.choice((1, 1, 2))) for _ in range(dice.randrange(4))
    ]
    begins = PLACED_AFTER[plan]
    kills = [round(begins + dice.uniform(0.0, 4.0), 3), *(round(dice.uniform(0.0, 40.0), 3) for _ in range(dice.randrange(3)))]
    course = Elsewhere(folder / str(seed), files[plan], WORLDS[plan], faults=faults, seed=seed)
    course.folder.mkdir()
    broken = course.broken(course.run(*kills))
    return f"seed {seed} ({plan}, killed after {kills}): {broken}" if broken else None


def test_a_share_of_the_storms(files: dict[str, Path], tmp_path: Path) -> None:
    assert not [found for seed in range(4) if (found := outlive(seed, files, tmp_path))]


@pytest.mark.storm
def test_four_hundred_storms(files: dict[str, Path], tmp_path: Path) -> None:
    assert not [found for seed in range(400) if (found := outlive(seed, files, tmp_path))]


def test_no_trouble_of_theirs_is_left_out() -> None:
    met = {fault.trouble for _, fault in ALL}
    theirs = list(Trouble)[list(Trouble).index(Trouble.FRAME_LOST) :]
    assert set(theirs) <= met
    assert {fault.call for _, fault in ALL} == {*TOTES, *ROUTERS}
