"""Deadlines fire once, by whichever clock says so first, whatever is done to the wall clock meanwhile."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.commands import Timer
from planrunner.runtime.clock import SetClock, run_on
from planrunner.runtime.timers import Timers

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
