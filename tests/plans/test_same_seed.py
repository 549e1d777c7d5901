"""The same seed gives the same rehearsal, to the byte and in any process; another seed gives another one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.plans.rehearsing import ROOT, document, rehearse

PLAN = "several-in-one-market"


def begin(folder: Path, hash_seed: str) -> subprocess.Popen[str]:
    """`planrunner run` in a process whose sets and dictionaries of text are in an order of their own."""
    words = ["run", f"plans/{PLAN}.yaml", "--case", "half-matches", "--seed", "7", "--state", str(folder / "state"), "--json"]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "planrunner", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def told(folder: Path) -> tuple[str, str]:
    """report.json and report.html, their run's id and creation blotted out."""
    (run,) = (folder / "runs").iterdir()
    text, page = (run / "report.json").read_text(encoding="utf-8"), (run / "report.html").read_text(encoding="utf-8")
    created = json.loads(text)["run"]["created"]
    assert text.count(run.name) == 1
    assert text.count(created) == 1
    assert run.name in page
    blot = re.compile("|".join([re.escape(run.name), re.escape(created), r"(?<=run created )[0-9: -]+ UTC"]))
    return blot.sub("#", text), blot.sub("#", page)


def test_the_same_seed_in_another_process_gives_the_same_report(tmp_path: Path) -> None:
    processes = {name: begin(tmp_path / name, name) for name in ("1", "4711")}
    outputs = {name: process.communicate(timeout=60)[0] for name, process in processes.items()}
    assert [process.returncode for process in processes.values()] == [0, 0]
    one, other = (told(tmp_path / name) for name in processes)
    assert one == other
    assert json.loads(outputs["1"])["run"]["seed"] == 7


def test_another_seed_is_another_world(tmp_path: Path) -> None:
    def happened(report: dict[str, Any]) -> list[list[tuple[str, str]]]:
        return [[(placement["odds"], placement["closed_at"]) for placement in order["placements"]] for order in report["orders"]]

    first = json.loads((ROOT / "tests" / "golden" / "plans" / PLAN / "report.json").read_text(encoding="utf-8"))
    assert first["run"]["seed"] == 1
    assert happened(document(rehearse(PLAN, tmp_path, seed=2))) != happened(first)
