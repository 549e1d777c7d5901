"""What is told of tickets and routers while a run goes on: its lines on the terminal, and `planrunner status`."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from planrunner.app.left import left_behind, words
from planrunner.app.status import status
from planrunner.cli.progress import Progress
from planrunner.model.journal import Mode
from planrunner.model.pools import Pool
from planrunner.runtime.journal import Journal
from tests.report.elsewhere import Window, bath, exacta, leg, routed_and_moved, ticket_mixed
from tests.report.stage import Stage, info


def lines(stage: Stage, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with Progress(quiet=False) as progress:
        for record in stage.records:
            progress.tell(record.body, record.at)
    return capsys.readouterr().err.splitlines()


def test_a_bet_in_a_pool_is_placed_with_its_ticket_and_accepted(capsys):
    told = lines(ticket_mixed(), capsys)
    assert "14:31:00  bath/4  places 4 lines of 0.50 for 2.00 in Placepot R1 of Bath, with the ticket bath" in told
    assert "14:31:00  bath/2  rejected: the pool had closed" in told
    assert "14:31:03  bath/3  accepted for 1.50" in told
    assert not [one for one in told if "matched" in one]


def test_bookmakers_are_named_as_they_come(capsys):
    told = lines(routed_and_moved(), capsys)
    assert "14:29:02  arsenal  6.00 matched (average odds 3.06), taken by bet365" in told
    assert "14:30:20  arsenal/moved  8.00 matched (average odds 2.98)" in told


def test_a_bet_that_a_pool_took_in_is_in_doubt_until_it_is_answered(tmp_path: Path):
    window = Window(bath((Pool.EXACTA, "1.00", [exacta(4, 6)]), (Pool.WIN, "2.00", [leg(1, 4)]))).start().at(2).taken_in(1, 2)
    state = tmp_path / ".planrunner"
    with Journal.open(state / "planrunner.db", durable=False) as journal:
        kept = info(mode=Mode.SANDBOX)
        journal.create(kept)
        epoch = journal.take(kept.run, "test")
        for record in window.records:
            asyncio.run(journal.append(kept.run, epoch, [record.body], record.at))
    [run] = status(state).runs
    first, _ = run.orders
    assert first.text == "exacta, race 3: 4 Miss Dolly Rocker, 6 Sea Fret in any order, 2 lines of 1.00 GBP"
    assert (first.matched, first.remaining, first.in_doubt) == (0, 0, Decimal("2.00"))
    assert first.references == (window.bet_ref(1),)


def test_a_bet_that_a_pool_took_in_and_nobody_drives_is_left_behind():
    window = Window(bath((Pool.WIN, "2.00", [leg(1, 4)]), (Pool.TRIO, "1.00", [leg(1, 2, 4, 6)]))).start().at(2)
    window.taken_in(1, 2).accepts(2)
    [left] = left_behind(window.program, window.state, {window.bet_ref(1), window.bet_ref(2)})
    assert left.placement.asked.ref == window.bet_ref(1)
    assert "2.00 taken in and not answered" in words(left)
