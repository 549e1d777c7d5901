"""Folders with plans, and with journals of runs that took place there."""

from __future__ import annotations

import io
import shutil
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from planrunner.cli.main import run as main
from tests.app.verbs import Desk as Verbs
from tests.app.verbs import slot_in
from tests.web.service import PLAN, Desk, Service

PLANS = Path(__file__).parents[2] / "plans"
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    mode: sandbox
    limits:
      max_open_exposure: 6.00 GBP
"""


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("rehearsed")
    shutil.copy(PLANS / "chase.yaml", folder)
    (folder / "on-signal.yaml").write_text(PLAN)
    with chdir(folder), redirect_stdout(io.StringIO()) as told, redirect_stderr(io.StringIO()):
        assert main(["run", "chase.yaml"]) in (0, 4), told.getvalue()
    return folder


@pytest.fixture(scope="session")
def practised(tmp_path_factory: pytest.TempPathFactory, rehearsed: Path) -> Path:
    """The same beside a run at a served sandbox whose bet rests, a part of it matched, and whose process is gone."""
    folder = tmp_path_factory.mktemp("practised") / "folder"
    shutil.copytree(rehearsed, folder)
    (folder / "planrunner.yaml").write_text(SITE)
    with slot_in(tmp_path_factory.mktemp("sandbox")) as slot:
        run = Verbs(slot, folder)
        try:
            run.killed()
        finally:
            run.close()
    return folder


@pytest.fixture
def practice(practised: Path, tmp_path: Path) -> Desk:
    folder = tmp_path / "folder"
    shutil.copytree(practised, folder)
    return Desk(Service(folder))


@pytest.fixture
def desk(rehearsed: Path, tmp_path: Path) -> Desk:
    folder = tmp_path / "folder"
    shutil.copytree(rehearsed, folder)
    return Desk(Service(folder))
