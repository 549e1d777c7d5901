"""What goes on beside a run's orders: stops from outside, clocks that are set, the sign of life, the take-over."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from planrunner.app.outcome import Exit
from planrunner.model.commands import CancelOrder, PlaceOrders
from planrunner.model.errors import Refused
from planrunner.model.events import OrderAccepted, OrderUnknown, RunResumed, StopRequested
from planrunner.model.journal import Exchange, HaltScope, RunState, Signal
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import is_silent, this_process
from planrunner.sandbox.faults import Fault, Trouble
from tests.app.clocked import Place, after

HOUR = timedelta(hours=1)


def of(ran, kind):
    return [record.body for record in ran.records if isinstance(record.body, kind)]


def open_journal(place):
    return Journal.open(place.journal, durable=True)


def run_of(place):
    with open_journal(place) as journal:
        return journal.runs()[-1].run


def records_of(place, run):
    with open_journal(place) as journal:
        return journal.read(run)


# --- clocks


@pytest.mark.parametrize(
    ("by", "cancelled"),
    [
        (-HOUR, after(6)),  # by age: an hour back must not hold the cancel up
        (HOUR, after(2)),  # by wall: what is overdue fires at once
        (timedelta(minutes=1), after(5)),
    ],
)
def test_a_clock_that_is_set_holds_no_cancel_up_and_none_comes_twice(tmp_path: Path, by: timedelta, cancelled: float) -> None:
    place = Place(tmp_path)

    async def script(clock):
        await asyncio.sleep(after(2))
        clock.set(by)

    ran = place.start(script)
    assert place.ages_of(CancelOrder) == [pytest.approx(cancelled, abs=3)]
    assert ran.exit is Exit.DONE
    assert any("clock was set" in getattr(body, "text", "") for _, body in place.told)


def test_a_clock_that_is_set_back_and_forth_fires_each_deadline_once(tmp_path: Path) -> None:
    place = Place(tmp_path)

    async def script(clock):
        for minutes in (1, -120, 60, 55, -30):
            await asyncio.sleep(50)
            clock.set(timedelta(minutes=minutes))

    place.start(script)
    assert len(place.ages_of(CancelOrder)) == 1
    assert place.ages_of(CancelOrder)[0] <= after(6) + 3


# --- stops


@pytest.mark.parametrize("way", ["halt", "file", "inbox"])
def test_a_stop_from_outside_takes_back_what_rests_within_two_seconds(tmp_path: Path, way: str) -> None:
    place = Place(tmp_path)

    async def script(clock):
        await asyncio.sleep(after(2))
        with open_journal(place) as other:
            match way:
                case "halt":
                    other.halt(HaltScope.ACCOUNT, "betfair", "prices look wrong", "ann")
                case "file":
                    (place.journal.parent / "STOP").write_text("prices look wrong")
                case _:
                    other.post(other.runs()[-1].run, Signal.STOP, "prices look wrong")

    ran = place.start(script)
    [stop] = of(ran, StopRequested)
    assert "prices look wrong" in stop.text
    assert place.ages_of(CancelOrder) == [pytest.approx(after(2), abs=2)]
    assert ran.exit is Exit.NOT_AS_PLANNED
    assert ran.info.state is not RunState.RUNNING
    with open_journal(place) as journal:
        assert journal.posts(ran.info.run) == ()


def test_what_was_taken_from_the_inbox_is_marked_with_the_record_it_stands_in(tmp_path: Path) -> None:
    place = Place(tmp_path)

    async def script(clock):
        await asyncio.sleep(5)
        with open_journal(place) as other:
            for text in ("one", "two"):
                other.post(other.runs()[-1].run, Signal.STOP, text)

    ran = place.start(script)
    stops = [(record.seq, record.body.text) for record in ran.records if isinstance(record.body, StopRequested)]
    with sqlite3.connect(place.journal) as connection:
        assert connection.execute("select taken_seq, body from inbox order by id").fetchall() == stops
    assert [text for _, text in stops] == ["one", "two"]


def test_a_stop_of_something_else_is_none_of_this_runs(tmp_path: Path) -> None:
    place = Place(tmp_path)

    async def script(clock):
        with open_journal(place) as other:
            other.halt(HaltScope.ACCOUNT, "tote", "closed", "ann")

    assert place.start(script).exit is Exit.DONE


@pytest.mark.parametrize(
    ("scope", "name", "release"),
    [
        (HaltScope.ALL, "", 'planrunner release --because "..."'),
        (HaltScope.ACCOUNT, "betfair", 'planrunner release --account betfair --because "..."'),
        (HaltScope.PLAN, "Waits", 'planrunner release --plan Waits --because "..."'),
    ],
)
def test_a_run_does_not_begin_under_a_stop(tmp_path: Path, scope: HaltScope, name: str, release: str) -> None:
    place = Place(tmp_path)
    with open_journal(place) as journal:
        journal.halt(scope, name, "prices look wrong", "ann")
    with pytest.raises(Refused, match="prices look wrong") as refused:
        place.start()
    assert release in str(refused.value)
    assert place.bets() == []
    with open_journal(place) as journal:
        assert journal.runs() == []
        journal.release(scope, name, "right again")
    assert place.start().exit is Exit.DONE


# --- owners


def test_an_owner_says_that_it_is_alive_while_it_waits_and_that_it_left(tmp_path: Path) -> None:
    place = Place(tmp_path)
    silences = []

    async def script(clock):
        for _ in range(30):
            await asyncio.sleep(7.3)
            with open_journal(place) as other:
                lease = other.lease(other.runs()[-1].run)
            silences.append((clock.now() - lease.beat).total_seconds())
            assert (lease.epoch, lease.owner) == (1, this_process())

    ran = place.start(script)
    assert len(silences) == 30
    assert max(silences) <= 5
    with open_journal(place) as journal:
        assert journal.lease(ran.info.run).beat is None
        journal.verify(ran.info.run)
    assert len(ran.records) < 40, "a sign of life is no record"


def lease(place, **values):
    """As if another owner had left it so."""
    with closing(sqlite3.connect(place.journal)) as connection, connection:
        for name, value in values.items():
            connection.execute(f"update lease set {name} = ?", (value,))


def abandoned(place, at):
    """A run that stops at an age, whatever is under way then; its request may have reached the venue."""

    async def script(clock):
        await asyncio.sleep(at)
        place.main.cancel()

    with pytest.raises(asyncio.CancelledError):
        place.start(script)
    return run_of(place)


@pytest.mark.parametrize(
    ("beat", "set_by", "is_taken"),
    [
        (timedelta(seconds=-3), None, False),
        (timedelta(seconds=-14), None, False),
        (timedelta(seconds=-16), None, True),
        (HOUR, None, True),  # our clock was set back since: only a sign of life would show that it lives
        (-HOUR, None, True),
    ],
)
def test_a_run_is_taken_up_when_its_owner_is_silent(tmp_path: Path, beat: timedelta, set_by: None, is_taken: bool) -> None:
    place = Place(tmp_path)
    run = abandoned(place, after(1))
    lease(place, owner="elsewhere:1", beat=(place.clock.now() + beat).isoformat())
    if is_taken:
        before = place.clock.age()
        assert place.resume(run).exit is Exit.DONE
        assert place.ages_of(RunResumed)[0] - before == pytest.approx(3, abs=0.5), "a look of three seconds"
        return
    with pytest.raises(Refused, match=f"at work in another process, elsewhere:1; .*--resume {run}.* --take-over"):
        place.resume(run)
    assert place.resume(run, take_over=True).exit is Exit.DONE


@pytest.mark.parametrize("by", [timedelta(minutes=3), -HOUR])
def test_an_owner_that_lives_is_heard_though_a_clock_was_set(tmp_path: Path, by: timedelta) -> None:
    place = Place(tmp_path)
    found = []

    async def script(clock):
        await asyncio.sleep(after(1))
        clock.set(by)
        await asyncio.sleep(0.1)
        with open_journal(place) as other:
            run = other.runs()[-1].run
            found.append(await is_silent(clock, lambda: other.lease(run)))

    place.start(script)
    assert found == [False]


def test_who_was_taken_over_stops_and_leaves_the_orders_to_the_other(tmp_path: Path) -> None:
    place = Place(tmp_path)

    async def script(clock):
        await asyncio.sleep(after(2))
        with open_journal(place) as other:
            other.take(other.runs()[-1].run, "elsewhere:1")

    ran = place.start(script)
    assert "taken over by another process" in ran.trouble
    assert place.ages_of(CancelOrder) == []
    assert place.clock.age() <= after(2) + 3, "noticed by its own sign of life"
    with open_journal(place) as journal:
        assert journal.lease(ran.info.run).beat is not None, "it gave up nothing that is another's"


@pytest.mark.parametrize("by", [timedelta(0), HOUR, -HOUR])
def test_what_is_in_doubt_is_looked_for_only_after_it_was_waited_out(tmp_path: Path, by: timedelta) -> None:
    """Rule: whoever had the run may still be writing, and only our own age says how long that can last."""
    place = Place(tmp_path)
    place.practice.faults.add(Fault(call="placeOrders", trouble=Trouble.REPLY_LOST_BEFORE_LANDING))
    run = abandoned(place, 0.5)
    assert not {type(record.body) for record in records_of(place, run)} & {OrderAccepted, OrderUnknown, Exchange}

    async def script(clock):
        await asyncio.sleep(0.5)
        clock.set(by)

    begin, place.told = place.clock.age(), []
    ran = place.resume(run, script)
    looks = [age for age, body in place.told if isinstance(body, Exchange) and body.title.startswith("Look up")]
    assert looks[0] - begin >= 3
    assert looks[0] - begin <= 4
    assert len(place.bets()) == (0 if by else 1), "who can't say how long ago it was sent sends nothing again"
    assert ran.exit is (Exit.UNKNOWN_EXPOSURE if by else Exit.DONE)


def test_a_run_taken_up_under_a_stop_takes_back_what_it_left(tmp_path: Path) -> None:
    place = Place(tmp_path)
    run = abandoned(place, after(1))
    with open_journal(place) as journal:
        journal.halt(HaltScope.ALL, "", "prices look wrong", "ann")
    before, place.told = place.clock.age(), []
    ran = place.resume(run)
    assert ran.exit is Exit.NOT_AS_PLANNED
    assert place.ages_of(CancelOrder)[0] - before < 3
    assert [one for one in of(ran, PlaceOrders) if one.attempt > 1] == []
    assert len(place.bets()) == 1
