"""A desk at a sandbox, for the verbs that look after runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.verbs import Desk, slot_in
from tests.crash.kill import Slot


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slot]:
    with slot_in(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


@pytest.fixture
def desk(slot: Slot, tmp_path: Path) -> Iterator[Desk]:
    slot.reset()
    desk = Desk(slot, tmp_path)
    yield desk
    desk.close()
