"""Several processes on one journal: what each may still place depends on all of them, and on those that are gone."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

PLACER = Path(__file__).parent / "placer.py"


def placed(folder: Path, accounts: list[str], *, prefix: str) -> tuple[list[int], set[str]]:
    """Ten orders of 2.00 GBP by each process, all at the same time: how many each placed, and what stopped them."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(PLACER), str(folder / "j.db"), f"{prefix}{number}", account, "10"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number, account in enumerate(accounts)
        ]
        for each in running:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in running:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        said = [str(each.communicate(timeout=60)[0]).strip().split("|") for each in running]
    return [int(admitted) for admitted, *_ in said], {limit for _, *limits in said for limit in limits}


@pytest.mark.parametrize(
    ("accounts", "most", "limit"),
    [
        (["one", "two"], 15, "max_open_exposure of the site"),
        (["slow", "slow"], 7, "max_orders_per_minute"),
        (["day", "day"], 7, "max_loss_per_day"),
    ],
)
def test_two_processes_together_place_what_the_limit_has_room_for(
    tmp_path: Path, accounts: list[str], most: int, limit: str
) -> None:
    admitted, limits = placed(tmp_path, accounts, prefix="at-once-")
    assert sum(admitted) == most
    assert limit in limits
    later, _ = placed(tmp_path, accounts[:1], prefix="later-")
    assert later == [0], "who comes later finds what the others left"
