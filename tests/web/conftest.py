"""A folder with plans and a rehearsal that was run there."""

from __future__ import annotations

import io
import shutil
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from planrunner.cli.main import run as main
from tests.web.service import PLAN, Desk, Service

PLANS = Path(__file__).parents[2] / "plans"


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("rehearsed")
    shutil.copy(PLANS / "chase.yaml", folder)
    (folder / "on-signal.yaml").write_text(PLAN)
    with chdir(folder), redirect_stdout(io.StringIO()) as told, redirect_stderr(io.StringIO()):
        assert main(["run", "chase.yaml"]) in (0, 4), told.getvalue()
    return folder


@pytest.fixture
def desk(rehearsed: Path, tmp_path: Path) -> Desk:
    folder = tmp_path / "folder"
    shutil.copytree(rehearsed, folder)
    return Desk(Service(folder))
