"""Reports that must not change by accident: `tests/golden/reports/<case>/report.txt` and `report.json`.

After a change that is meant: `python -m tests.report.test_golden` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from planrunner.report.project import tell
from planrunner.report.text import as_text
from planrunner.report.to_json import as_json
from tests.report.scenes import SCENES
from tests.report.stage import info

FOLDER = Path(__file__).parents[1] / "golden" / "reports"


def reports(case: str) -> dict[str, str]:
    story = tell(info(), SCENES[case]().records)
    return {"report.txt": as_text(story), "report.json": as_json(story)}


@pytest.mark.parametrize("case", SCENES)
def test_the_report_is_the_one_that_was_read_and_approved(case):
    for name, text in reports(case).items():
        assert text == (FOLDER / case / name).read_text(encoding="utf-8")


def test_every_golden_report_has_its_scene():
    assert {folder.name for folder in FOLDER.iterdir()} == set(SCENES)


if __name__ == "__main__":
    for case in SCENES:
        for name, text in reports(case).items():
            (FOLDER / case).mkdir(parents=True, exist_ok=True)
            (FOLDER / case / name).write_text(text, encoding="utf-8")
