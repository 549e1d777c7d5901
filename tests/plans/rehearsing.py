"""Rehearsing a plan in this process, the way `planrunner run` does it."""

from __future__ import annotations

import json
from contextlib import chdir
from datetime import timedelta
from pathlib import Path
from typing import Any

from planrunner.app.running import Asked, Told, run
from planrunner.plan.given import NOTHING_GIVEN, Given

ROOT = Path(__file__).parents[2]
SITE_FILE = "planrunner.yaml"
FOLDER = ROOT / "plans"
FOLDERS = (FOLDER, FOLDER / "two-venues", FOLDER / "by-itself")
FILES = [path for folder in FOLDERS for path in folder.glob("*.yaml") if path.name != SITE_FILE]
PLANS = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FILES)


def rehearse(plan: Path | str, folder: Path, *, case: str = "usual", seed: int = 1, given: Given = NOTHING_GIVEN) -> Told:
    """`plan` is a file, or the name of one that ships. Journal and reports are kept in `folder`."""
    file = Path("plans", f"{plan}.yaml") if isinstance(plan, str) else plan
    asked = Asked(
        plan=file, case=case, seed=seed, scenario=None, market_data=None, before_start=timedelta(minutes=10),
        sandbox_url=None, live=False, resume=None, state=folder.absolute() / ".planrunner", given=given,
    )  # fmt: skip
    with chdir(ROOT):  # a report names the plan as it was asked for
        return run(asked, lambda body, at: None)


def document(told: Told) -> dict[str, Any]:
    """The report without what differs from run to run of the same rehearsal."""
    read: dict[str, Any] = json.loads("".join(told.json))
    del read["run"]["id"], read["run"]["created"]
    return read


def in_words(told: Told) -> str:
    """The summary of the terminal, likewise."""
    lines = ["".join(text for text, _ in line) for line in told.summary]
    return "\n".join(lines).replace(told.ran.info.run, "RUN") + "\n"
