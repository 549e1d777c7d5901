"""The command itself, in as many processes as there are plans, all begun at one moment at a served sandbox with one journal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from planrunner.app.site import find_site
from planrunner.model.commands import PlaceOrders
from planrunner.model.events import OrderDenied
from planrunner.model.journal import RunInfo
from tests.app.verbs import Desk
from tests.audited import audited
from tests.crash.kill import Slot, served
from tests.probes.world import markets, one_market, plan, scenario, site

AT_ONCE = Path(__file__).parent / "at_once.py"


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slot]:
    file = tmp_path_factory.mktemp("world") / "scenario.yaml"
    file.write_text(scenario())
    with served(file) as slot:
        yield slot


@pytest.fixture
def desk(slot: Slot, tmp_path: Path) -> Iterator[Desk]:
    slot.reset()
    (tmp_path / "planrunner.yaml").write_text(site("max_open_exposure: 10.00 GBP"))
    desk = Desk(slot, tmp_path)
    yield desk
    for process in desk.begun:  # with whatever it forked
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    desk.close()


def all_at_once(desk: Desk, plans: list[str]) -> subprocess.Popen[str]:
    """On their way."""
    files = [desk.folder / f"{n}.yaml" for n, _ in enumerate(plans)]
    for file, text in zip(files, plans, strict=True):
        file.write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(AT_ONCE), desk.slot.url, *(file.name for file in files)],
        cwd=desk.folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    desk.begun.append(process)
    return process


def decided(desk: Desk) -> list[tuple[RunInfo, PlaceOrders | OrderDenied]]:
    """What was placed and what was denied, by run."""
    if not (desk.state / "planrunner.db").is_file():
        return []
    with desk.journal() as journal:
        told = [(info, record.body) for info in journal.runs() for record in journal.records(info.run)]
    return [(info, body) for info, body in told if isinstance(body, PlaceOrders | OrderDenied)]


def orders(of: Iterable[tuple[RunInfo, PlaceOrders | OrderDenied]]) -> int:
    return sum(len(body.placements) if isinstance(body, PlaceOrders) else 1 for _, body in of)


def twenty_runs() -> list[str]:
    return [plan(f"Order {n}", one_market([n]), expires="10m") for n in range(20)]


def in_batches_and_calls() -> list[str]:
    parts = [one_market(range(5)), one_market(range(5, 10)), markets(range(5)), markets(range(5, 10))]
    return [plan(f"Five of {n}", part, expires="10m") for n, part in enumerate(parts)]


@pytest.mark.parametrize("plans", [twenty_runs(), in_batches_and_calls()], ids=["twenty runs", "batches and calls"])
def test_twenty_orders_of_two_by_processes_at_one_moment_place_five_under_ten(desk: Desk, plans: list[str]) -> None:
    going = all_at_once(desk, plans)
    desk.until(lambda: len(desk.bets()) >= 5 or going.poll() is not None)
    desk.until(lambda: orders(decided(desk)) == 20 or going.poll() is not None)
    told = decided(desk)
    stopped = desk.verb("stop", "--because", "seen enough")
    out, err = going.communicate(timeout=60)
    assert stopped.code == 0, stopped
    assert len(desk.bets()) == 5, f"{out}\n{err}"
    assert orders(one for one in told if isinstance(one[1], PlaceOrders)) == 5
    holders = {info.run for info, body in told if isinstance(body, PlaceOrders)}
    for _, body in told:
        if isinstance(body, OrderDenied):
            assert (body.limit, body.figure) == ("max_open_exposure", "12.00 GBP of at most 10.00 GBP")
            assert any(f"GBP by run {run} in market 1." in body.held_by for run in holders)
    codes = [line.split()[1] for line in out.splitlines() if line != "gone"]
    assert sorted(codes) == ["3"] * (len(plans) - len(holders)) + ["4"] * len(holders)
    audited(desk.state / "planrunner.db", desk.slot.call("log"), find_site(desk.folder).site)
