"""Every plan that ships, told as it was read and approved: `tests/golden/explain/<plan>.txt`.

After a change that is meant: `python -m tests.review.test_golden` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from planrunner.app.explain import explain_plan
from planrunner.review.text import as_text
from tests.plans.rehearsing import PLANS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "explain"


def told(plan: str) -> str:
    with chdir(ROOT):
        found = explain_plan(f"plans/{plan}.yaml", read_stdin=bytes)
    assert found.told is not None, found.results
    return as_text(found.told)


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_that_ships_is_told_as_approved(plan):
    assert told(plan) == (GOLDEN / f"{plan}.txt").read_text(encoding="utf-8")


def test_every_plan_is_told_and_every_telling_has_its_plan():
    assert len(PLANS) >= 6
    assert sorted(str(path.relative_to(GOLDEN).with_suffix("")) for path in GOLDEN.rglob("*.txt")) == PLANS


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for stale in GOLDEN.rglob("*.txt"):
        stale.unlink()
    for name in PLANS:
        telling = GOLDEN / f"{name}.txt"
        telling.parent.mkdir(exist_ok=True)
        telling.write_text(told(name), encoding="utf-8")
