"""How fast orders leave an account, over runs, processes and clocks that are set."""

import asyncio
import subprocess
import sys
from bisect import bisect_left
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from planrunner.model.journal import Mode, RunState
from planrunner.runtime.clock import SetClock, run_on
from planrunner.runtime.journal import Journal
from planrunner.runtime.limiter import Limiter
from tests.runtime.makers import AT, RUN, opened, place, placement, prepare, run_info, said

HURRIER = Path(__file__).with_name("hurrier.py")
RATE = 100


def at_most_in_a_second(times):
    times = sorted(times)
    return max(number + 1 - bisect_left(times, at - 1) for number, at in enumerate(times))


def story(folder, *, counts, act=None, mode=Mode.SANDBOX, runs=(RUN,), rate=RATE):
    """The ages at which the orders of some runs, all in a hurry, might leave."""
    ages = []

    async def main(clock):
        with Journal.open(folder / "j.db", durable=False, clock=clock) as journal:

            async def hurry(run):
                if run not in {info.run for info in journal.runs()}:
                    journal.create(run_info(run, mode=mode))
                epoch = journal.take(run, "me")
                limiter = Limiter(rate, clock)

                def take(length):
                    return journal.reserve(run, epoch, "betfair", length)

                for number, count in enumerate(counts):
                    if act is not None:
                        act(clock, number)
                    await limiter.wait(count, take)
                    ages.extend([clock.age()] * count)
                journal.set_state(run, epoch, RunState.FINISHED)

            await asyncio.gather(*map(hurry, runs))

    run_on(SetClock(AT), main)
    return ages


def test_all_runs_of_an_account_together_keep_to_its_rate(tmp_path):
    ages = story(tmp_path, counts=[1] * 100, runs=("a", "b", "c"))
    assert len(ages) == 300
    assert at_most_in_a_second(ages) <= RATE + 3 * RATE // 10
    assert max(ages) == pytest.approx(3, abs=0.2), "and waste nothing of it"


def test_a_batch_counts_with_all_its_orders(tmp_path):
    ages = story(tmp_path, counts=[50] * 6)
    assert at_most_in_a_second(ages) <= RATE + 50
    assert max(ages) == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize("by", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_clock_that_is_set_keeps_nobody_waiting(tmp_path, by):
    ages = story(tmp_path, counts=[1] * 100, act=lambda clock, number: clock.set(by) if number == 50 else None)
    assert max(ages) <= 1.2
    assert at_most_in_a_second(ages) <= RATE + 2 * RATE // 10


def test_a_row_keeps_its_length_when_the_clock_is_set_back(tmp_path):
    """It is no shorter for that, or the venue would get too many at once; and longer at most by what it was when last written."""
    ages = story(
        tmp_path,
        counts=[RATE] * 3,
        act=lambda clock, number: clock.set(timedelta(hours=-1)) if number == 1 else None,
        runs=("a", "b"),
    )
    assert 5 <= max(ages) + 0.1 <= 6.2
    assert at_most_in_a_second(ages) <= 2 * RATE


def test_the_next_process_waits_for_no_row_of_a_clock_that_was_set_back_since(tmp_path):
    story(tmp_path, counts=[1])
    ages = story(tmp_path, counts=[1], runs=("later",), act=lambda clock, _: clock.set(timedelta(hours=-1)))
    assert ages == [pytest.approx(0, abs=0.2)]


def test_who_waited_long_does_not_make_up_for_it_at_once(tmp_path):
    ages = []

    async def main(clock):
        with Journal.open(tmp_path / "j.db", durable=False, clock=clock) as journal:
            journal.create(run_info())
            epoch = journal.take(RUN, "me")
            limiter = Limiter(RATE, clock)

            def take(length):
                return journal.reserve(RUN, epoch, "betfair", length)

            await limiter.wait(1, take)
            await asyncio.sleep(3600)
            for _ in range(200):
                await limiter.wait(1, take)
                ages.append(clock.age())

    run_on(SetClock(AT), main)
    assert at_most_in_a_second(ages) <= RATE + RATE // 10


def test_rehearsals_wait_for_nobody_else(tmp_path):
    first = story(tmp_path, counts=[50] * 4, mode=Mode.REHEARSAL, runs=("one",))
    assert story(tmp_path, counts=[50] * 4, mode=Mode.REHEARSAL, runs=("two",)) == first


def test_three_processes_together_keep_to_the_rate(tmp_path):
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, HURRIER, tmp_path / "j.db", name, "60", str(RATE)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in ("a", "b", "c")
        ]
        for each in running:
            assert each.stdout.readline() == "ready\n"
        for each in running:
            each.stdin.write("go\n")
            each.stdin.flush()
        times = [float(time) for each in running for time in each.communicate(timeout=60)[0].split()]
    assert len(times) == 180
    assert at_most_in_a_second(times) <= RATE + 3 * RATE // 10


def test_a_place_and_a_sign_of_life_are_no_part_of_the_story_and_write_none_of_it(tmp_path):
    """A beginning and its first intent stand together, or a run that is killed between them had begun without orders."""
    with opened(tmp_path / "j.db") as (journal, epoch):

        async def main():
            journal.append_later(RUN, epoch, [said("begun")], AT)
            await journal.reserve(RUN, epoch, "betfair", timedelta(seconds=1))
            await journal.beat({RUN: epoch})
            assert journal.read(RUN) == []
            await journal.intend(RUN, epoch, place(placement("a")), AT, prepare)

        asyncio.run(main())
        assert len(journal.read(RUN)) == 2
