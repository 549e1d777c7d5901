"""One watchman looks after all runs of a process: each is told what is meant for it, and that one alone."""

import asyncio
from contextlib import ExitStack
from datetime import timedelta

from planrunner.model.journal import HaltScope, Signal
from planrunner.runtime.clock import SetClock, run_on
from planrunner.runtime.journal import Journal
from planrunner.runtime.trouble import Fenced
from planrunner.runtime.watch import Watchman

from .makers import AT, run_info

RUNS = [f"run-{number:04}" for number in range(300)]


class Heard:
    """A driver that keeps what it is told."""

    def __init__(self):
        self.stops, self.posts, self.jumps, self.errors = [], [], [], []

    def stop(self, text, *, post=None):
        self.stops.append(text)
        self.posts.append(post)

    def clock_set(self, by):
        self.jumps.append(by.total_seconds())

    def fail(self, error):
        self.errors.append(error)


class Counted(SetClock):
    wakes = 0

    def jump(self, seconds):
        self.wakes += 1
        super().jump(seconds)


def watched(folder, script, runs=RUNS):
    """What the runs of one process hear, each of the first half on an account of its own."""
    heard = {run: Heard() for run in runs}

    async def main(clock):
        with Journal.open(folder / "j.db", durable=False, clock=clock) as journal, ExitStack() as stack:
            watchman = Watchman(journal, clock)
            for number, run in enumerate(runs):
                journal.create(run_info(run))
                accounts = [f"account-{number}"] if number < len(runs) // 2 else ["common"]
                stack.enter_context(watchman.watching(run_info(run), journal.take(run, "me"), accounts, heard[run]))
            await script(clock, journal)

    run_on(Counted(AT), main)
    return heard


def test_each_is_stopped_by_what_covers_it_and_once(tmp_path):
    async def script(clock, journal):
        await asyncio.sleep(3)
        with Journal.open(journal.path, durable=False) as other:
            other.halt(HaltScope.ACCOUNT, "account-7", "prices look wrong", "ann")
            other.post(RUNS[-1], Signal.STOP, "enough of this one")
        await asyncio.sleep(20)
        with Journal.open(journal.path, durable=False) as other:
            other.halt(HaltScope.ACCOUNT, "common", "closed", "ann")
        await asyncio.sleep(2)

    heard = watched(tmp_path, script)
    assert [len(heard[run].stops) for run in RUNS[:150]] == [0] * 7 + [1] + [0] * 142
    assert [len(heard[run].stops) for run in RUNS[150:]] == [1] * 149 + [2]
    assert "prices look wrong" in heard[RUNS[7]].stops[0]
    assert heard[RUNS[-1]].stops[0] == "enough of this one"
    assert heard[RUNS[-1]].posts[0] is not None


def test_who_was_fenced_off_is_told_alone_and_the_others_live_on(tmp_path):
    async def script(clock, journal):
        await asyncio.sleep(1)
        with Journal.open(journal.path, durable=False, clock=clock) as other:
            other.take(RUNS[5], "somebody else")
        await asyncio.sleep(9.5)
        beats = {run: journal.lease(run).beat for run in RUNS}
        assert beats.pop(RUNS[5]) == AT + timedelta(seconds=1)
        assert set(beats.values()) == {AT + timedelta(seconds=10)}

    heard = watched(tmp_path, script)
    assert {run for run, one in heard.items() if one.errors} == {RUNS[5]}
    assert all(isinstance(error, Fenced) for error in heard[RUNS[5]].errors)


def test_all_are_told_that_the_clock_was_set(tmp_path):
    async def script(clock, journal):
        await asyncio.sleep(3.5)
        clock.set(timedelta(hours=-1))
        await asyncio.sleep(5)

    heard = watched(tmp_path, script)
    assert [one.jumps for one in heard.values()] == [[-3600.0]] * len(RUNS)


def test_many_runs_are_looked_after_as_often_as_one_and_nobody_is_while_there_are_none(tmp_path):
    async def script(clock, journal):
        await asyncio.sleep(0.5)
        begun = clock.wakes
        await asyncio.sleep(60)
        assert clock.wakes - begun <= 60 + 30 + 1, "a look each second, and a sign of life every other"

    watched(tmp_path, script)

    async def afterwards(clock):
        with Journal.open(tmp_path / "other.db", durable=False, clock=clock) as journal:
            watchman = Watchman(journal, clock)
            for _ in range(2):
                with watchman.watching(run_info(), 1, ["common"], Heard()):
                    await asyncio.sleep(1)
                begun = clock.wakes
                await asyncio.sleep(1000)
                assert clock.wakes == begun + 1

    run_on(Counted(AT), afterwards)
