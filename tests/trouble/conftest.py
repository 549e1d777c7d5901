"""One served world for all stories of a folder that need no venue of their own."""

from __future__ import annotations

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
