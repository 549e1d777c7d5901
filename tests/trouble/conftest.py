"""One served world for all stories of a folder that need no venue of their own."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.crash.kill import Slot, served
from tests.trouble.support import world


@pytest.fixture(scope="package")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slot]:
    scenario = tmp_path_factory.mktemp("world") / "scenario.yaml"
    scenario.write_text(world())
    with served(scenario) as slot:
        yield slot


@pytest.fixture(scope="package", autouse=True)
def windows_that_close() -> Iterator[None]:
    """A run hears that its window was closed unless it was begun under `nohup`; these are not, even where the tests are."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
