"""A stop places nothing new and takes back what rests, whoever drives the runs or nobody; and it holds until it is released."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from planrunner.app.facts import write_facts
from planrunner.app.standing import stand
from planrunner.app.stop import wind_up
from planrunner.model.errors import JournalTrouble
from planrunner.model.events import StopRequested, TimerFired
from planrunner.model.journal import HaltScope, RunState
from planrunner.runtime.clock import RealClock
from tests.app.verbs import Desk, slot_in

TAKEN_BACK = {"fill": 2.0, "cancel": 3.0}


def test_a_run_at_work_takes_back_what_rests_and_nothing_begins_until_the_stop_is_released(desk: Desk) -> None:
    run = desk.begin()
    stopped = desk.process("stop", "--because", "prices look wrong")
    assert stopped.code == 0, stopped
    assert "2.00 of 5.00 GBP matched at 9.00; the rest was cancelled" in stopped.out
    assert "Nothing rests at a venue" in stopped.out
    assert desk.parts() == [TAKEN_BACK]
    ended = desk.end(run)
    assert ended.code == 4
    assert "prices look wrong" in ended.err
    refused = desk.verb("run", "plan.yaml", "--sandbox", desk.slot.url)
    assert refused.code == 3
    assert "prices look wrong" in refused.err
    assert 'planrunner release --because "..."' in refused.err
    released = desk.verb("release", "--because", "prices are right again", "--json")
    assert (released.code, released.json["still_in_force"]) == (0, [])
    assert [one["released_because"] for one in released.json["released"]] == ["prices are right again"]
    assert desk.begin(selection="Chelsea").poll() is None


def test_what_a_killed_run_left_is_taken_back_and_told(desk: Desk) -> None:
    run = desk.killed()
    stopped = desk.verb("stop", "--because", "enough", "--json")
    assert stopped.code == 0, stopped
    [told] = stopped.json["runs"]
    assert (told["run"], told["over"], told["left"]) == (run, True, [])
    assert desk.parts() == [TAKEN_BACK]
    page = Path(told["report"]).read_text()
    assert "everything is stopped: enough" in page
    with desk.journal() as journal:
        assert journal.info(run).state is RunState.FINISHED
        journal.verify(run)


def test_it_needs_neither_the_plan_nor_a_site_file_that_is_well_nor_word_of_a_frozen_owner(desk: Desk) -> None:
    """The lease is made older than it is, or to know that the owner is frozen would take a quarter of a minute."""
    run = desk.killed()
    (desk.folder / "plan.yaml").unlink()
    (desk.folder / "planrunner.yaml").write_text("this is no site file\n")
    with closing(sqlite3.connect(desk.state / "planrunner.db")) as connection, connection:
        connection.execute("update lease set owner = 'elsewhere:1', beat = '2026-01-01T00:00:00+00:00'")
    stopped = desk.verb("stop", "--run", run[:-1])
    assert stopped.code == 0, stopped
    assert desk.parts() == [TAKEN_BACK]
    with desk.journal() as journal:
        assert journal.halts() == (), "the run is over: there is nothing to hold"


def test_a_run_that_can_not_be_read_keeps_no_other_from_being_stopped(desk: Desk) -> None:
    desk.make_journal(RunState.RUNNING)
    with closing(sqlite3.connect(desk.state / "planrunner.db")) as connection, connection:
        connection.execute("update lease set digest = 'changed'")
    run = desk.killed("other.yaml")
    stopped = desk.verb("stop", "--account", "betfair", "--json")
    assert stopped.code == 5, "what the other has is not known"
    assert ["was changed or is damaged" in trouble for trouble in stopped.json["troubles"]] == [True]
    assert [(one["run"], one["over"]) for one in stopped.json["runs"]] == [(run, True)]
    assert desk.parts() == [TAKEN_BACK]


def test_what_can_not_be_reached_is_told_with_its_reference_and_what_was_never_sent_ends_all_the_same(tmp_path: Path) -> None:
    with slot_in(tmp_path) as slot:
        desk = Desk(slot, tmp_path)
        waits = desk.kill(desk.begin_waiting("waits.yaml"))
        run = desk.killed()
        [ref] = desk.bets()
    stopped = desk.verb("stop", "--because", "enough", "--json")
    assert stopped.code == 5
    told = {one["run"]: one for one in stopped.json["runs"]}
    assert (told[waits]["over"], told[waits]["left"]) == (True, [])
    [left] = told[run]["left"]
    assert (told[run]["over"], left["reference"], left["matched"], left["remaining"]) == (False, ref, "2.00", "3.00")
    assert "no sandbox answers" in told[run]["why"]
    assert told[run]["go_on"] == f"planrunner run --resume {run} --sandbox {slot.url}"
    with desk.journal() as journal:
        assert [halt.because for halt in journal.halts()] == ["enough"], "it holds all the same"
        assert journal.info(run).state is RunState.RUNNING, "it stays to be taken up"
    again = desk.verb("stop", "--wait", "1")
    assert f"reference {ref}" in again.out
    assert "3.00 still there" in again.out
    compared = desk.verb("reconcile", "--json")
    assert (compared.code, compared.json["accounts"][0]["asked"]) == (5, False)
    assert "no sandbox answers" in compared.json["accounts"][0]["trouble"]


async def end_unresolved(desk: Desk, run: str) -> None:
    """As if the venue had not answered for five minutes after a stop."""
    clock = RealClock()
    with desk.journal() as journal:
        standing = stand(journal, journal.info(run))
        epoch = journal.take(run, "test")
        begun = StopRequested(at=clock.now(), text="stopped")
        assert standing.program is not None
        await write_facts(journal, standing, epoch, [begun], clock=clock)
        standing = stand(journal, journal.info(run))
        over = TimerFired(at=clock.now(), name="stop:", due=standing.state.timers["stop:"])
        await write_facts(journal, standing, epoch, [over], clock=clock)
        journal.leave(run, epoch)
        assert journal.info(run).state is RunState.FINISHED


def test_what_an_earlier_run_left_in_doubt_is_taken_back_too(desk: Desk) -> None:
    run = desk.killed()
    asyncio.run(end_unresolved(desk, run))
    assert desk.parts() == [{"fill": 2.0}]
    stopped = desk.verb("stop", "--json")
    assert stopped.code == 0, stopped
    assert [(one["run"], one["left"]) for one in stopped.json["unresolved_before"]] == [(run, [])]
    assert desk.parts() == [TAKEN_BACK]
    with desk.journal() as journal:
        assert stand(journal, journal.info(run)).left == (), "it is known now"


def test_the_stop_file_stops_a_run_and_is_removed_by_a_release(desk: Desk) -> None:
    run = desk.begin()
    (desk.state / "STOP").write_text("the power goes\n")
    ended = desk.end(run)
    assert ended.code == 4
    assert "the power goes" in ended.err
    assert desk.parts() == [TAKEN_BACK]
    assert desk.verb("release", "--because", "it is back").code == 0
    assert not (desk.state / "STOP").exists()


def test_a_journal_that_somebody_holds_leaves_the_stop_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANRUNNER_JOURNAL_PATIENCE", "1")
    run = desk.killed()
    with closing(sqlite3.connect(desk.state / "planrunner.db", isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        some = desk.verb("stop", "--account", "betfair", "--wait", "1")
        assert some.code == 5
        assert "account betfair is NOT stopped" in some.out
        assert not (desk.state / "STOP").exists()
        every = desk.verb("stop", "--because", "prices look wrong", "--wait", "1")
        assert every.code == 5, "what rests could not be taken back"
        assert "The stop file" in every.out or "the stop file" in every.out
        assert next(iter(desk.bets())) in every.out
    assert "prices look wrong" in (desk.state / "STOP").read_text()
    assert desk.verb("stop").code == 0, "once it is free"
    assert desk.parts() == [TAKEN_BACK]
    assert run in desk.runs()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--account", "betfiar"], "did you mean `betfair`?"),
        (["--plan", "plna.yaml"], "did you mean `plan.yaml`?"),
        (["--run", "2020"], "there is no run 2020"),
        (["--run", "2026"], "is over"),
        (["--run", "2020", "--plan", "plan.yaml"], "don't go together"),
        (["--state", "elsewhere"], "name the folder"),
    ],
)
def test_a_stop_of_what_nobody_knows_is_refused_rather_than_thought_to_hold(desk: Desk, words: list[str], why: str) -> None:
    desk.make_journal()
    refused = desk.verb("stop", *words)
    assert refused.code == 2
    assert why in refused.err
    with desk.journal() as journal:
        assert journal.halts() == ()


def test_a_stop_of_one_plan_or_account_leaves_the_others_alone(desk: Desk) -> None:
    one, other = desk.begin("one.yaml"), desk.begin("other.yaml", selection="Chelsea")
    stopped = desk.verb("stop", "--plan", str(desk.folder / "one.yaml"))
    assert stopped.code == 0, stopped
    assert desk.end(one).code == 4
    assert other.poll() is None
    assert sorted(desk.parts(), key=repr) == [TAKEN_BACK, {}]
    with desk.journal() as journal:
        assert [(halt.scope, halt.name) for halt in journal.halts()] == [(HaltScope.PLAN, "one.yaml")]
    assert desk.verb("stop", "--account", "betfair").code == 0
    assert desk.end(other).code == 4
    assert {"cancel": 5.0} in desk.parts()


async def trouble() -> None:
    raise JournalTrouble("the journal is locked")


async def fault() -> None:
    raise TypeError("ours")


async def goes_on(ended: list[str]) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        ended.append("taken down")


async def wound_up(*beside: Coroutine[Any, Any, None]) -> tuple[list[str], list[str]]:
    ended: list[str] = []
    told: list[str] = []
    tasks = [asyncio.ensure_future(one) for one in (*beside, goes_on(ended))]
    await asyncio.sleep(0)
    try:
        await wind_up(tasks, told.append)
    except TypeError as error:
        ended.append(f"raised: {error}")
    return ended, told


def test_trouble_on_the_way_is_told_and_a_fault_of_ours_is_raised_once_everything_is_over() -> None:
    assert asyncio.run(wound_up()) == (["taken down"], [])
    assert asyncio.run(wound_up(trouble())) == (["taken down"], ["the journal is locked"])
    assert asyncio.run(wound_up(fault(), trouble())) == (["taken down", "raised: ours"], ["the journal is locked"])
