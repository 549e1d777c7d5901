"""Storms: plans, faults and kills drawn by seed, with the venue's own books as the oracle. After each the promises hold.

The default run has a share of them; `pytest -m storm tests/faults` has all. What a seed finds can be looked at again alone.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from planrunner.app.outcome import Ran
from tests.faults.course import Course, ServedCourse
from tests.faults.plans import written
from tests.faults.storm import weather

# Side by side over HTTP; a run mostly waits.
AT_ONCE = 12


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written(tmp_path_factory.mktemp("plans"))


def outlive(seed: int, kind: type[Course], files: dict[str, Path], folder: Path) -> tuple[str, str | None]:
    """How it ended, and what is broken."""
    now = weather(seed)
    course = kind(folder / str(seed), files[now.plan], now.scenario, faults=now.faults, seed=seed)
    course.folder.mkdir()
    try:
        ended = course.run(*now.kills)
        broken = course.broken(ended)
    except Exception as error:  # noqa: BLE001 - the seed is told with it
        return "raised", f"seed {seed} ({now.plan}): {error!r}"
    if not broken:
        shutil.rmtree(course.folder)
    name = f"exit {ended.exit.value}" if isinstance(ended, Ran) else type(ended).__name__
    return name, f"seed {seed} ({now.plan}, killed after {now.kills}): {broken}" if broken else None


def weather_out(found: Iterable[tuple[str, str | None]]) -> None:
    ended = list(found)
    print(dict(Counter(name for name, _ in ended)))
    broken = [text for _, text in ended if text]
    assert not broken, "\n".join(broken)


def in_memory(seeds: range, files: dict[str, Path], folder: Path) -> None:
    weather_out(outlive(seed, Course, files, folder) for seed in seeds)


def over_http(seeds: range, files: dict[str, Path], folder: Path) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        weather_out(pool.map(lambda seed: outlive(seed, ServedCourse, files, folder), seeds))


def test_a_share_of_the_storms_in_memory(files: dict[str, Path], tmp_path: Path) -> None:
    in_memory(range(20), files, tmp_path)


def test_a_share_of_the_storms_over_http(files: dict[str, Path], tmp_path: Path) -> None:
    over_http(range(8), files, tmp_path)


@pytest.mark.storm
def test_two_thousand_storms_in_memory(files: dict[str, Path], tmp_path: Path) -> None:
    in_memory(range(2000), files, tmp_path)


@pytest.mark.storm
def test_five_hundred_storms_over_http(files: dict[str, Path], tmp_path: Path) -> None:
    over_http(range(500), files, tmp_path)
