"""Two services never bet the same plans with real money, wherever each keeps its journal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from planrunner.app.service.service import Asked, serving
from planrunner.model.errors import WrongUse
from planrunner.model.journal import Mode


def test_live_plans_have_one_service_whatever_its_journal(tmp_path: Path) -> None:
    def asked(state: str, mode: Mode = Mode.LIVE) -> Asked:
        return Asked(folder=tmp_path, state=tmp_path / state, mode=mode, url=None)

    async def begin() -> None:
        async with serving(asked("one"), print):
            with pytest.raises(WrongUse, match="each of the two would place every bet"):
                async with serving(asked("other"), print):
                    pass
            async with serving(asked("practice", Mode.SANDBOX), print):
                pass
        async with serving(asked("other"), print):
            pass

    asyncio.run(begin())
