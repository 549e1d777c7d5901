"""Runs that nobody drives are taken up again, and no trouble with one of them stops a sweep."""

import asyncio
import sqlite3
from contextlib import closing, contextmanager

import pytest

from planrunner.model.journal import Mode, RunState
from planrunner.runtime.clock import SetClock, run_on
from planrunner.runtime.journal import Journal
from planrunner.runtime.reconciler import Reconciler

from .makers import AT, run_info


@contextmanager
def runs(folder, clock, *names, mode=Mode.SANDBOX):
    with Journal.open(folder / "j.db", durable=False, clock=clock) as journal:
        for name in names:
            journal.create(run_info(name, mode=mode))
        yield journal


def reconciler(journal, clock, take_up, told=None, **more):
    return Reconciler(journal=journal, clock=clock, take_up=take_up, tell=(told if told is not None else []).append, **more)


def test_silent_runs_are_taken_up_and_those_at_work_are_left_alone(tmp_path):
    async def main(clock):
        taken = []

        async def take_up(info):
            taken.append(info.run)
            journal.set_state(info.run, journal.take(info.run, "reconciler"), RunState.FINISHED)

        with runs(tmp_path, clock, "never taken", "left", "at work", "silent") as journal:
            journal.create(run_info("rehearsal", mode=Mode.REHEARSAL))
            journal.take("silent", "elsewhere:1")
            journal.leave("left", journal.take("left", "elsewhere:2"))
            await asyncio.sleep(16)
            journal.take("at work", "elsewhere:3")
            found = await reconciler(journal, clock, take_up).once()
            assert sorted(found) == sorted(taken) == ["left", "never taken", "silent"]
            assert [info.run for info in journal.unfinished()] == ["at work", "rehearsal"]

    run_on(SetClock(AT), main)


def test_who_had_our_name_before_us_is_not_waited_for_and_who_lives_is_heard(tmp_path):
    """Each life of a container is the same process of the same machine."""

    async def main(clock):
        with runs(tmp_path, clock, "of our former life", "at work") as journal:
            me = "elsewhere:1"
            epochs = {name: journal.take(name, me) for name in ("of our former life", "at work")}

            async def take_up(info):
                journal.take(info.run, me)

            async def live():
                while True:
                    await asyncio.sleep(2)
                    await journal.beat({"at work": epochs["at work"]})

            living = asyncio.create_task(live())
            assert await reconciler(journal, clock, take_up).once() == ()
            assert await reconciler(journal, clock, take_up).once(former=me) == ("of our former life",)
            assert clock.age() < 5
            living.cancel()

    run_on(SetClock(AT), main)


def test_only_those_that_are_wanted(tmp_path):
    async def main(clock):
        async def take_up(info):
            journal.take(info.run, "reconciler")

        with runs(tmp_path, clock, "a", "b") as journal:
            assert await reconciler(journal, clock, take_up, wanted=lambda info: info.run == "b").once() == ("b",)

    run_on(SetClock(AT), main)


def test_trouble_with_one_run_is_told_and_stops_neither_the_others_nor_the_next_sweep(tmp_path):
    async def main(clock):
        taken, told = [], []

        async def take_up(info):
            taken.append((clock.age(), info.run))
            if info.run == "bad" and clock.age() < 15:
                raise ValueError("something nobody thought of")
            if info.run == "slow":
                await asyncio.sleep(1000)
            journal.set_state(info.run, journal.take(info.run, "reconciler"), RunState.FINISHED)

        with runs(tmp_path, clock, "bad", "good", "slow") as journal:
            sweeps = asyncio.create_task(reconciler(journal, clock, take_up, told).run(every=10))
            await asyncio.sleep(35)
            sweeps.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sweeps
        assert told == ["the run bad could not be taken up; it is tried again: ValueError: something nobody thought of"] * 2
        assert taken == [(0, "bad"), (0, "good"), (0, "slow"), (10, "bad"), (20, "bad")]

    run_on(SetClock(AT), main)


def test_a_journal_that_cannot_be_read_just_now_is_tried_again(tmp_path):
    async def main(clock):
        told = []

        async def take_up(info):
            journal.set_state(info.run, journal.take(info.run, "reconciler"), RunState.FINISHED)

        with runs(tmp_path, clock, "a") as journal:
            with closing(sqlite3.connect(tmp_path / "j.db")) as connection:
                connection.execute("alter table run rename to away")
                sweeps = reconciler(journal, clock, take_up, told)
                assert await sweeps.once() == ()
                assert "it is tried again" in told[0]
                connection.execute("alter table away rename to run")
            assert await sweeps.once() == ("a",)

    run_on(SetClock(AT), main)


def test_of_two_at_once_one_takes_the_run_up_and_the_other_sees_it_alive(tmp_path):
    async def main(clock):
        told, through = [], []

        def take_up(name):
            async def act(info):
                epoch = journal.take(info.run, name)
                await asyncio.sleep(1)
                journal.set_state(info.run, epoch, RunState.FINISHED)
                through.append(name)

            return act

        with runs(tmp_path, clock, "a") as journal:
            journal.take("a", "elsewhere:1")
            await asyncio.sleep(16)
            both = [reconciler(journal, clock, take_up(name), told) for name in ("one", "two")]
            await asyncio.gather(*(each.once() for each in both))
        assert (len(through), told) == (1, [])

    run_on(SetClock(AT), main)
