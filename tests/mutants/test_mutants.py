"""Would the suite notice? Mistakes that cost people money, each made in a copy of the package and each caught.

A mutant is a text that is replaced by another, exactly once; where the text is not found any more the test fails, so that it
can't go on proving nothing, and the tests that catch it say why; they pass in a copy that was left as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = (
    "pyproject.toml", "planrunner", "schemas", "plans",
    "tests/__init__.py", "tests/audited.py", "tests/laws.py", "tests/audit", "tests/engine", "tests/limits", "tests/runtime",
)  # fmt: skip
RESUMED = "tests/engine/test_fallback.py::test_a_resumed_run_asks_before_anything_else"
REPRICED = "tests/engine/test_fallback.py::test_a_reprice_cancels_confirms_the_sizes_and_places_exactly_what_was_taken_back"
TWENTY = "tests/limits/test_in_flight.py::test_twenty_orders_of_two_under_a_limit_of_ten_place_five"
CHASE = "tests/audit/test_cancels.py::test_a_reprice_waits_for_a_cancel_that_does_not_arrive"


ROOM = "tests/audit/test_cancels.py::test_room_that_a_lost_cancel_should_have_freed_is_given_to_nobody"


@dataclass(frozen=True)
class Mutant:
    """`caught_by` are the tests that fail with it; `words` stand in what they say."""

    file: str
    text: str
    instead: str
    caught_by: tuple[str, ...]
    words: tuple[str, ...]


MUTANTS = {
    "a run that is taken up again sends what is in doubt once more": Mutant(
        file="planrunner/engine/recovery.py",
        text='            lost(turn, placement, "the run was interrupted before the answer came")\n',
        instead="""\
            turn.set_timer(f"lookup:{ref}", None)
            placement = turn.learn(placement, Fact.NOT_SENT, reason="the run was interrupted")
            retry(turn, placement.request_ref)
""",
        caught_by=(RESUMED,),
        words=("PlaceOrders",),
    ),
    "the ledger forgets what is in flight": Mutant(
        file="planrunner/runtime/ledger.py",
        text="            else:\n                self._reserve(reservation)\n",
        instead="            else:\n                pass\n",
        caught_by=(TWENTY,),
        words=("limit: max_open_exposure of betfair was exceeded",),
    ),
    "the ledger gives up a reservation before the cancel is known to have come": Mutant(
        file="planrunner/runtime/ledger.py",
        text="            case BetSettled():\n                self._settled((run, body.ref), body)\n",
        instead="""\
            case _ if type(body).__name__ == "CancelOrder" and (run, body.ref) in self._held:
                self._release(self._held[run, body.ref])
            case BetSettled():
                self._settled((run, body.ref), body)
""",
        caught_by=(ROOM,),
        words=("limit: max_open_exposure of betfair was exceeded", "20.00 GBP to be lost at worst"),
    ),
    "a reprice is placed before what it replaces is known to be gone": Mutant(
        file="planrunner/engine/chain.py",
        text="        turn.change_placement(placement, cancel=CancelState.ASKED)\n",
        instead="""\
        turn.change_placement(placement, cancel=CancelState.ASKED)
        if order.winding.reprice_to is not None:
            because, odds, size = order.winding.because, order.winding.reprice_to, placement.sizes.remaining
            place(turn, order, odds=odds, size=size, because=because)
""",
        caught_by=(REPRICED, CHASE),
        words=("limit: the stake of the order was exceeded", "counting what was in flight in full"),
    ),
}


def copied(folder: Path) -> Path:
    """What the named tests need of the repository."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))  # with what is compiled: it stays valid
        else:
            shutil.copy2(source, target)
    return folder


def mutated(mutant: Mutant, folder: Path) -> Path:
    path = copied(folder) / mutant.file
    text = path.read_text(encoding="utf-8")
    assert text.count(mutant.text) == 1, f"{mutant.file} does not hold the text that this mutant replaces; write the mutant anew"
    path.write_text(text.replace(mutant.text, mutant.instead), encoding="utf-8")
    return folder


def ran_in(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """In the copy, by the copy: the first line says which package the tests import."""
    command = (
        "import sys, pytest, planrunner; print(planrunner.__file__); "
        "without = [word for name in ('cacheprovider', 'xdist', 'schemathesis') for word in ('-p', f'no:{name}')]; "
        "sys.exit(pytest.main(['-q', *without, '-o', 'addopts=', *sys.argv[1:]]))"
    )
    return subprocess.run(
        [sys.executable, "-c", command, *tests],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def wrong_with(name: str, folder: Path) -> str | None:
    """Why a mutant was not caught."""
    mutant = MUTANTS[name]
    ended = ran_in(mutated(mutant, folder), *mutant.caught_by)
    failed = set(re.findall(r"^FAILED (\S+)", ended.stdout, re.MULTILINE))
    if not ended.stdout.startswith(str(folder)):
        return f"{name}: the tests did not import the copy: {ended.stdout[:200]}"
    if ended.returncode != 1 or failed != {*mutant.caught_by}:
        return f"{name}: not caught\n{ended.stdout[-2000:]}{ended.stderr[-1000:]}"
    missing = [words for words in mutant.words if words not in ended.stdout]
    return f"{name}: caught for another reason, none of {missing}\n{ended.stdout[-4000:]}" if missing else None


def test_each_mutant_is_caught(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda each: wrong_with(each[1], tmp_path / str(each[0])), enumerate(MUTANTS)))
    assert not any(told), "\n\n".join(filter(None, told))


@pytest.mark.storm
def test_the_package_as_it_is_passes_the_same_tests_in_a_copy(tmp_path: Path) -> None:
    ended = ran_in(copied(tmp_path), *(test for mutant in MUTANTS.values() for test in mutant.caught_by))
    assert ended.returncode == 0, ended.stdout
