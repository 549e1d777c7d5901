"""Deadlines fire once, by whichever clock says so first, whatever is done to the wall clock meanwhile."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.commands import SetTimers, Timer
from planrunner.model.journal import Record
from planrunner.runtime.clock import SetClock, run_on
from planrunner.runtime.timers import Timers, set_back

from .makers import AT

moments = st.integers(min_value=0, max_value=300)


def story(deadlines, sets, *, until=400):
    """At which age each fired. `deadlines`: (set at, name, seconds from then); `sets`: (at, by)."""
    fired = []

    async def main(clock):
        timers = Timers(clock, lambda event: fired.append((event.name, clock.age())))
        beside = asyncio.create_task(timers.run())
        acts = [(at, 0, name, seconds) for at, name, seconds in deadlines] + [(at, 1, None, by) for at, by in sets]
        for at, _, name, value in sorted(acts, key=lambda act: act[:2]):
            await asyncio.sleep(at - clock.age())
            if name is None:
                clock.set(timedelta(seconds=value))
                timers.look_again()
            else:
                due = None if value is None else clock.now() + timedelta(seconds=value)
                timers.set([Timer(name=name, at=due)])
        await asyncio.sleep(until)
        beside.cancel()

    run_on(SetClock(AT), main)
    return fired


@given(
    deadlines=st.dictionaries(st.sampled_from("abcdef"), st.tuples(moments, moments), min_size=1),
    sets=st.lists(st.tuples(moments, st.integers(min_value=-7200, max_value=7200)), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_each_fires_once_and_never_later_than_by_its_own_age(deadlines, sets):
    fired = story([(at, name, seconds) for name, (at, seconds) in deadlines.items()], sets)
    assert sorted(name for name, _ in fired) == sorted(deadlines)
    for name, age in fired:
        at, seconds = deadlines[name]
        assert at <= age <= at + seconds + 0.001


@pytest.mark.parametrize(
    ("by", "ages"),
    [(0, [60, 120]), (-3600, [60, 120]), (3600, [30, 30]), (45, [30, 75])],
)
def test_back_holds_nothing_up_and_forward_fires_what_is_overdue(by, ages):
    assert [age for _, age in story([(0, "a", 60), (0, "b", 120)], [(30, by)])] == pytest.approx(ages, abs=0.001)


def test_what_is_set_again_or_taken_back_does_not_fire_by_the_other_clock_either():
    fired = story([(0, "a", 60), (10, "a", 100), (0, "b", 60), (20, "b", None)], [(30, -3600)])
    assert fired == [("a", pytest.approx(110))]


# --- a run that is taken up again


def written(at, *timers):
    """A record of so many seconds after the beginning, in which deadlines of so many seconds after it are set."""
    body = SetTimers(timers=tuple(Timer(name=name, at=AT + timedelta(seconds=due)) for name, due in timers))
    return Record(seq=1, epoch=1, at=AT + timedelta(seconds=at), body=body)


def taken_up(records, now, beat=None):
    """At which age each of their deadlines fires for whoever takes them up when the wall clock says so."""
    fired = []
    due = {timer.name: timer.at for record in records for timer in record.body.timers}

    async def main(clock):
        timers = Timers(clock, lambda event: fired.append((event.name, round(clock.age()))))
        timers.restore(due, set_back(records, beat and AT + timedelta(seconds=beat), clock.now()).since)
        beside = asyncio.create_task(timers.run())
        await asyncio.sleep(8000)
        beside.cancel()

    run_on(SetClock(AT + timedelta(seconds=now)), main)
    return fired


@pytest.mark.parametrize(
    ("records", "now", "fired"),
    [
        ([written(0, ("a", 60)), written(10, ("b", 30))], 20, [("b", 10), ("a", 40)]),
        ([written(0, ("a", 60)), written(10, ("b", 30))], 3600, [("b", 0), ("a", 0)]),
        ([written(0, ("a", 60)), written(10, ("b", 30))], 10 - 3600, [("b", 20), ("a", 50)]),  # set back while nobody had it
        ([written(0, ("a", 60)), written(10 - 3600), written(30 - 3600)], 35 - 3600, [("a", 35)]),  # while its owner had it
        ([written(0, ("a", 60)), written(10 - 3600, ("b", 30 - 3600))], 20 - 3600, [("b", 10), ("a", 50)]),
    ],
)
def test_a_clock_that_was_set_back_holds_no_deadline_up_that_was_set_before(records, now, fired):
    """Time that the journal does not show counts as none: what was ten seconds before the clock was set is not known after it."""
    assert taken_up(records, now) == fired


def test_records_that_differ_by_a_moment_show_no_clock_that_was_set():
    assert set_back([written(1), written(0), written(1)], None, AT).total == timedelta(0)


def test_a_sign_of_life_says_how_long_a_run_was_still_driven_after_its_last_record():
    assert taken_up([written(0, ("a", 60))], 40 - 3600, beat=40) == [("a", 20)]
    assert taken_up([written(0, ("a", 60))], 45 - 3600, beat=40 - 3600) == [("a", 55)]  # set while it was driven
