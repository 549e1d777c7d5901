"""Whether a run's owner lives: real processes that work, are killed, and are frozen."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import is_silent

from .makers import RUN, opened, run_info

OWNER = Path(__file__).with_name("owner.py")


@contextmanager
def owner(file):
    process = subprocess.Popen([sys.executable, OWNER, file, RUN], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def silent(file):
    """Whether it is, and how long it took to know."""
    clock = RealClock()
    begin = clock.age()
    with Journal.open(file, durable=True) as journal:
        answer = asyncio.run(is_silent(clock, lambda: journal.lease(RUN)))
    return answer, clock.age() - begin


def beat_set(file, by):
    with closing(sqlite3.connect(file, timeout=10)) as connection, connection:
        connection.execute("update lease set beat = ?", ((RealClock().now() + by).isoformat(),))


@pytest.fixture
def file(tmp_path):
    with Journal.open(tmp_path / "j.db", durable=True) as journal:
        journal.create(run_info())
    return tmp_path / "j.db"


def test_a_run_that_nobody_took_is_silent_and_one_just_taken_is_not(file):
    assert silent(file)[0]
    with owner(file):
        assert not silent(file)[0]


def test_a_killed_owner_is_known_to_be_gone_at_once_even_before_its_parent_took_notice(file):
    with owner(file) as process:
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        answer, took = silent(file)
    assert answer
    assert took < 1


@pytest.mark.parametrize("by", [timedelta(hours=-1), timedelta(hours=1)])
def test_who_lives_is_heard_however_its_last_sign_of_life_is_dated(file, by):
    with owner(file):
        beat_set(file, by)
        assert not silent(file)[0]


def test_a_frozen_owner_is_taken_over_and_stops_when_it_wakes_up(file):
    with owner(file) as process:
        process.send_signal(signal.SIGSTOP)
        beat_set(file, timedelta(seconds=-16))
        answer, took = silent(file)
        assert answer
        assert 2.5 < took < 6
        with Journal.open(file, durable=True) as journal:
            journal.take(RUN, "the next one")
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == "fenced\n"


def test_who_leaves_a_run_that_another_has_leaves_nothing(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        journal.take(RUN, "the next one")
        journal.leave(RUN, epoch)
        assert journal.lease(RUN).beat is not None
        journal.leave(RUN, epoch + 1)
        assert journal.lease(RUN).beat is None
