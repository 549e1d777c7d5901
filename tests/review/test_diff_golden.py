"""What changed is told as it was read and approved. A case is a folder of `tests/golden/diff`: `old.yaml` and `new.yaml`, or with
tables, blueprints and site files `old/plan.yaml` and `new/plan.yaml`; and `expected.txt`.

After a change that is meant: `python -m tests.review.test_diff_golden` writes them anew; read what differs before committing it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from planrunner.app.diff import compare
from planrunner.app.versions import Asked
from tests.plans.rehearsing import ROOT

GOLDEN = ROOT / "tests" / "golden" / "diff"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def sides(folder: Path) -> tuple[str, str]:
    inside = folder / "old" / "plan.yaml"
    files = (inside, folder / "new" / "plan.yaml") if inside.is_file() else (folder / "old.yaml", folder / "new.yaml")
    return str(files[0]), str(files[1])


def told(folder: Path) -> str:
    found = compare(*sides(folder), Asked(), read_stdin=bytes)
    assert found.problems == ()
    return "".join(f"{line}\n" for line in found.lines)


@pytest.mark.parametrize("case", CASES)
def test_what_changed_is_told_as_approved(case):
    assert told(GOLDEN / case) == (GOLDEN / case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_turned_round_it_is_told_too(case):
    old, new = sides(GOLDEN / case)
    found = compare(new, old, Asked(), read_stdin=bytes)
    assert found.is_same == ((GOLDEN / case / "expected.txt").read_text(encoding="utf-8") == "")
    assert found.is_same == (found.digests[0] == found.digests[1] and not found.site)


if __name__ == "__main__":
    for name in CASES:
        (GOLDEN / name / "expected.txt").write_text(told(GOLDEN / name), encoding="utf-8")
