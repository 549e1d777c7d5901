"""Laws of virtual time, and what real time promises."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.runtime.clock import RealClock, SetClock, Stalled, VirtualClock, new_run_id, run_on, run_virtual, wall_now

START = datetime(2026, 12, 5, 14, 0, tzinfo=UTC)


@given(delays=st.lists(st.integers(min_value=0, max_value=10**13), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_sleepers_wake_in_the_order_of_their_deadlines_and_exactly_on_time(delays):
    woken = []

    async def main(clock):
        async def sleeper(delay):
            at = START + timedelta(microseconds=delay)
            await clock.sleep_until(at)
            woken.append((at, clock.now()))

        await asyncio.gather(*map(sleeper, delays))

    run_virtual(main, start=START)
    assert [at for at, _ in woken] == sorted(at for at, _ in woken)
    assert all(now == at for at, now in woken)


@given(seconds=st.floats(min_value=0, max_value=10**8))
@settings(max_examples=60, deadline=None)
def test_sleeping_and_timeouts_of_asyncio_run_on_virtual_time(seconds):
    async def main(clock):
        await asyncio.sleep(seconds)
        slept = clock.age()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await asyncio.Event().wait()
        return slept, clock.age() - slept

    slept, timed_out = run_virtual(main, start=START)
    assert slept == pytest.approx(seconds, abs=1e-6)
    assert timed_out == pytest.approx(0.25, abs=1e-6)


def test_a_week_takes_no_time():
    async def main(clock):
        await clock.sleep_until(START + timedelta(days=7))
        return clock.now()

    before = time.monotonic()
    assert run_virtual(main, start=START) == START + timedelta(days=7)
    assert time.monotonic() - before < 5


def test_time_stands_still_while_work_outside_the_loop_is_under_way():
    async def main(clock):
        loop = asyncio.get_running_loop()
        impatient = asyncio.create_task(clock.sleep_until(START + timedelta(seconds=1)))
        done = loop.create_future()
        with clock.outside():
            timer = threading.Timer(0.05, loop.call_soon_threadsafe, (done.set_result, None))
            timer.start()
            await done
        assert clock.now() == START
        assert not impatient.done()
        await impatient
        return clock.now()

    assert run_virtual(main, start=START) == START + timedelta(seconds=1)


def test_a_thread_of_the_executor_holds_time():
    async def main(clock):
        asyncio.create_task(clock.sleep_until(START + timedelta(hours=1)))  # noqa: RUF006
        await asyncio.to_thread(time.sleep, 0.02)
        return clock.now()

    assert run_virtual(main, start=START) == START


def test_what_threads_hand_in_comes_in_one_at_a_time_and_only_when_the_loop_is_idle():
    """However late a thread is, the story is the same: that makes rehearsals repeat exactly."""

    async def main(clock, delay):
        loop = asyncio.get_running_loop()
        story = []

        async def busy():
            for turn in range(5):
                story.append(f"busy {turn}")
                await asyncio.sleep(0)

        async def outside(name):
            done = loop.create_future()
            with clock.outside():
                threading.Timer(delay, loop.call_soon_threadsafe, (done.set_result, None)).start()
                await done
            story.append(f"{name} is back")
            await asyncio.sleep(0)
            story.append(f"{name} goes on")

        await asyncio.gather(busy(), outside("the thread"))
        return story

    stories = [run_virtual(lambda clock, d=delay: main(clock, d), start=START) for delay in (0, 0, 0.02)]
    assert stories[0] == stories[1] == stories[2]
    assert stories[0][-2:] == ["the thread is back", "the thread goes on"]


def test_a_thousand_sleepers_repeat_exactly():
    async def main(clock):
        story = []

        async def sleeper(number):
            for turn in range(3):
                await clock.sleep_until(clock.now() + timedelta(microseconds=(number * 7919 + turn) % 1000))
                story.append((number, clock.now()))

        await asyncio.gather(*map(sleeper, range(1000)))
        return story

    assert run_virtual(main, start=START) == run_virtual(main, start=START)


def test_waiting_for_nothing_is_loud_and_names_who_waits():
    async def waits_for_ever(clock):
        await asyncio.Event().wait()

    with pytest.raises(Stalled, match="waits_for_ever"):
        run_virtual(waits_for_ever, start=START)


def test_virtual_time_has_a_zone():
    with pytest.raises(ValueError, match="no zone"):
        VirtualClock(datetime(2026, 12, 5))


def test_real_sleep_ends_at_or_after_its_deadline_and_age_never_steps_back():
    clock = RealClock()

    async def main():
        at = clock.now() + timedelta(milliseconds=20)
        before = clock.age()
        await clock.sleep_until(at)
        assert clock.now() >= at
        assert clock.age() >= before + 0.015

    asyncio.run(main())


class Counted(SetClock):
    """How often somebody woke up."""

    wakes = 0

    def jump(self, seconds):
        self.wakes += 1
        super().jump(seconds)


def test_a_wall_clock_that_may_be_set_is_looked_at_once_a_second_however_many_wait_and_never_while_nobody_does():
    async def main(clock):
        woken = []

        async def sleeper(number):
            await asyncio.sleep(number * 0.0007)
            await clock.sleep_until(START + timedelta(hours=1))
            woken.append(clock.now())

        sleepers = [asyncio.create_task(sleeper(number)) for number in range(1000)]
        await asyncio.sleep(1)
        begun = clock.wakes
        await asyncio.gather(*sleepers)
        assert woken == [START + timedelta(hours=1)] * 1000
        assert clock.wakes - begun <= 3602
        begun = clock.wakes
        await asyncio.sleep(3600)
        assert clock.wakes == begun + 1

    run_on(Counted(START), main)


@pytest.mark.parametrize(("by", "wakes"), [(1800, 1800), (-1800, 5400), (7200, 2), (0.2, 3599.8), (-0.2, 3600.2)])
def test_who_waits_for_a_wall_clock_is_woken_when_that_says_so_however_it_was_set(by, wakes):
    async def main(clock):
        waits = asyncio.create_task(clock.sleep_until(START + timedelta(hours=1)))
        await asyncio.sleep(1.5)
        clock.set(timedelta(seconds=by))
        await waits
        return clock.now(), clock.age()

    now, age = run_on(SetClock(START), main)
    assert now >= START + timedelta(hours=1)
    assert age == pytest.approx(wakes, abs=0.001)


def test_a_run_id_sorts_by_the_minute_and_is_easy_to_read_out():
    before, name, after = f"{wall_now():%Y%m%d-%H%M}", new_run_id(), f"{wall_now():%Y%m%d-%H%M}"
    assert before <= name[:13] <= after
    assert len(name) == 18
    assert not set(name[14:]) & set("01ilo")


def test_runs_that_begin_in_the_same_second_have_names_of_their_own():
    names = [new_run_id() for _ in range(5000)]
    assert len(set(names)) == 5000
