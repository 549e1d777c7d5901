"""The journal's laws: what was appended is read back, only its owner may append, and no change goes unnoticed."""

import asyncio
import sqlite3
import threading
import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from planrunner.model.account import AccountLimits
from planrunner.model.commands import Ended, FinishRun
from planrunner.model.errors import JournalTrouble, WrongUse
from planrunner.model.events import OrderAccepted, OrderReported
from planrunner.model.journal import Exchange, Mode, RunState
from planrunner.model.placement import Sizes
from planrunner.runtime.clock import run_virtual, wall_now
from planrunner.runtime.journal import Journal
from planrunner.runtime.jsonl import from_lines
from planrunner.runtime.trouble import Fenced, GoesOn, Twice
from tests.laws import law

from .makers import AT, RUN, gbp, opened, place, placement, prepare, run_info, said, site
from .strategies import bodies


def bodies_of(records):
    return [record.body for record in records]


@given(batches=st.lists(st.tuples(st.lists(bodies, max_size=3), st.booleans()), max_size=4))
@law(40, share=12, unusual=[HealthCheck.too_slow])
def test_what_was_appended_is_read_back_in_order(tmp_path_factory, batches):
    with opened(tmp_path_factory.mktemp("journal") / "j.db") as (journal, epoch):

        async def main():
            for batch, awaited in batches:
                if awaited:
                    await journal.append(RUN, epoch, batch, AT)
                else:
                    journal.append_later(RUN, epoch, batch, AT)
            await journal.append(RUN, epoch, [said("end")], AT)

        asyncio.run(main())
        records = journal.read(RUN)
        lines = list(journal.export(RUN))
    assert bodies_of(records) == [body for batch, _ in batches for body in batch] + [said("end")]
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    assert {(record.epoch, record.at) for record in records} == {(epoch, AT)}
    assert from_lines(lines) == (run_info(), records)


def test_facts_that_need_not_be_durable_are_written_at_the_end_too(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        journal.append_later(RUN, epoch, [said("one")], AT)
        assert journal.read(RUN) == []
    with Journal.open(tmp_path / "j.db", durable=False) as journal:
        assert bodies_of(journal.read(RUN)) == [said("one")]


def test_many_runs_append_at_once_and_each_keeps_its_order(tmp_path):
    runs = [f"run-{number}" for number in range(20)]

    async def drive(journal, run, epoch):
        for number in range(10):
            await journal.append(run, epoch, [said(f"{run} {number}")], AT)

    async def main(journal):
        await asyncio.gather(*(drive(journal, run, journal.take(run, "me")) for run in runs))

    with Journal.open(tmp_path / "j.db", durable=True) as journal:
        for run in runs:
            journal.create(run_info(run))
        asyncio.run(main(journal))
        for run in runs:
            assert [body.text for body in bodies_of(journal.read(run))] == [f"{run} {number}" for number in range(10)]


def test_of_two_who_begin_a_plan_at_the_same_moment_one_does(tmp_path):
    """Each has looked, and found that nothing of it goes on."""
    with opened(tmp_path / "j.db") as (journal, epoch):
        beside = {"beside": lambda _, plan_file: plan_file == "plans/back.yaml"}
        with pytest.raises(GoesOn, match=f"the run {RUN} of this plan goes on"):
            journal.create(run_info("second"), **beside)
        assert [info.run for info in journal.runs()] == [RUN]
        journal.create(run_info("a rehearsal", mode=Mode.REHEARSAL), **beside)
        journal.set_state(RUN, epoch, RunState.FINISHED)
        journal.create(run_info("second"), **beside)


def test_a_run_is_listed_until_it_is_finished(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        journal.create(run_info("other", plan="plans/other.yaml"))
        assert [info.run for info in journal.runs()] == sorted([RUN, "other"])
        assert journal.unfinished(plan_file="plans/back.yaml") == [run_info()]
        journal.set_state(RUN, epoch, RunState.FINISHED)
        assert journal.unfinished(plan_file="plans/back.yaml") == []
        assert journal.info(RUN) == replace(run_info(), state=RunState.FINISHED)
        journal.verify(RUN)
        with pytest.raises(WrongUse, match="no run nobody"):
            journal.info("nobody")
        with pytest.raises(JournalTrouble, match="is a run"):
            journal.create(run_info())


def test_the_one_before_is_fenced_off(tmp_path):
    """Rule 1: whoever took the run over is the only one who may append, however late the other wakes up."""
    with opened(tmp_path / "j.db") as (mine, epoch), Journal.open(tmp_path / "j.db", durable=False) as theirs:

        async def main():
            await mine.append(RUN, epoch, [said("mine")], AT)
            later = theirs.take(RUN, "they")
            assert later == epoch + 1
            await theirs.append(RUN, later, [said("theirs")], AT)
            with pytest.raises(Fenced, match="taken over"):
                await mine.append(RUN, epoch, [said("too late")], AT)
            with pytest.raises(Fenced):
                await mine.intend(RUN, epoch, place(placement("a")), AT, prepare)
            with pytest.raises(Fenced):
                mine.set_state(RUN, epoch, RunState.FINISHED)

        asyncio.run(main())
        assert bodies_of(theirs.read(RUN)) == [said("mine"), said("theirs")]
        assert theirs.intents(RUN) == []


def test_who_is_fenced_off_fails_alone(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):

        async def main():
            appends = [journal.append(RUN, each, [said(str(each))], AT) for each in (epoch, epoch - 1, epoch)]
            return await asyncio.gather(*appends, return_exceptions=True)

        first, second, third = asyncio.run(main())
        assert (first, third) == (None, None)
        assert isinstance(second, Fenced)
        assert len(journal.read(RUN)) == 2


def test_an_intent_stands_with_its_exact_request_before_anything_is_sent(tmp_path):
    command = place(placement("a"), placement("b"))
    with opened(tmp_path / "j.db", durable=True) as (journal, epoch):
        before = wall_now()
        intended = asyncio.run(journal.intend(RUN, epoch, command, AT, prepare))
        assert (intended.command, intended.denied) == (command, ())
        assert intended.request == prepare(command)
        assert intended.committed_at >= before
        assert bodies_of(journal.read(RUN)) == [command]
        intents = journal.intents(RUN)
    assert [(each.ref, each.attempt, each.seq, each.at) for each in intents] == [("a", 1, 1, AT), ("b", 1, 1, AT)]
    assert intents[0].request == {"method": "POST", "url": "https://venue/place", "body": prepare(command).redacted}


def test_an_attempt_is_written_down_once_and_its_repetition_stops_nobody_else(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):

        async def main():
            await journal.intend(RUN, epoch, place(placement("a")), AT, prepare)
            return await asyncio.gather(
                journal.intend(RUN, epoch, place(placement("b")), AT, prepare),
                journal.intend(RUN, epoch, place(placement("a")), AT, prepare),
                journal.intend(RUN, epoch, place(placement("a"), attempt=2), AT, prepare),
                return_exceptions=True,
            )

        b, again, second = asyncio.run(main())
        assert isinstance(again, Twice)
        assert b.command is not None
        assert second.command is not None
        assert [(each.ref, each.attempt) for each in journal.intents(RUN)] == [("a", 1), ("b", 1), ("a", 2)]
        journal.verify(RUN)


def test_the_ledger_admits_in_order_and_only_what_is_admitted_is_written_down(tmp_path):
    limits = site(AccountLimits(max_open_exposure=gbp("25.00")))
    with opened(tmp_path / "j.db", site=limits) as (journal, epoch):

        async def main():
            first = await journal.intend(RUN, epoch, place(placement("a"), placement("b"), placement("c")), AT, prepare)
            full = await journal.intend(RUN, epoch, place(placement("d")), AT, prepare)
            done = Sizes(stake=gbp("10.00").amount, cancelled=gbp("10.00").amount)
            await journal.append(RUN, epoch, [OrderReported(at=AT, ref="a", bet="1", sizes=done)], AT)
            return first, full, await journal.intend(RUN, epoch, place(placement("d")), AT, prepare)

        first, full, again = asyncio.run(main())
        assert first.command == place(placement("a"), placement("b"))
        assert first.request == prepare(first.command)
        [denied] = first.denied
        assert (denied.ref, denied.limit, denied.figure) == ("c", "max_open_exposure", "30.00 GBP of at most 25.00 GBP")
        assert denied.held_by == f"20.00 GBP by run {RUN} in market 1.1, 10.00 GBP by this order"
        assert (full.command, full.request) == (None, None)
        assert again.denied == ()
        assert [each.ref for each in journal.intents(RUN)] == ["a", "b", "d"]


def test_what_is_reserved_outlives_the_process_and_counts_for_every_run_and_process(tmp_path):
    limits = site(AccountLimits(max_open_exposure=gbp("25.00")))

    async def intend(journal, run, epoch, ref):
        return (await journal.intend(run, epoch, place(placement(ref)), AT, prepare)).denied

    with opened(tmp_path / "j.db", site=limits) as (journal, epoch):
        assert not asyncio.run(intend(journal, RUN, epoch, "a"))
    with (
        Journal.open(tmp_path / "j.db", durable=False, site=limits) as one,
        Journal.open(tmp_path / "j.db", durable=False, site=limits) as two,
    ):
        one.create(run_info("second"))
        one.create(run_info("third"))
        one.create(run_info("rehearsal", mode=Mode.REHEARSAL))
        epoch = one.take("second", "me")
        assert not asyncio.run(intend(one, "second", epoch, "b"))
        [denied] = asyncio.run(intend(two, "third", two.take("third", "me"), "c"))
        assert "by run second in market 1.1" in denied.held_by
        assert f"by run {RUN} in market 1.1" in denied.held_by
        assert not asyncio.run(intend(two, "rehearsal", two.take("rehearsal", "me"), "c"))
        accepted = OrderAccepted(at=AT, ref="b", bet="1", sizes=Sizes(stake=gbp("10.00").amount, lapsed=gbp("10.00").amount))
        asyncio.run(one.append("second", epoch, [accepted], AT))
        assert not asyncio.run(intend(two, "third", 1, "c"))


@pytest.mark.parametrize(("mode", "left"), [(Mode.REHEARSAL, 0), (Mode.SANDBOX, 1)])
def test_only_a_rehearsal_leaves_nothing_reserved_when_it_is_over(tmp_path, mode, left):
    with opened(tmp_path / "j.db", info=run_info(mode=mode)) as (journal, epoch):

        async def main():
            await journal.intend(RUN, epoch, place(placement("a")), AT, prepare)
            journal.set_state(RUN, epoch, RunState.FINISHED)
            sizes = Sizes(stake=gbp("10.00").amount, lapsed=gbp("1.00").amount)
            await journal.append(RUN, epoch, [OrderReported(at=AT, ref="a", bet="1", sizes=sizes)], AT)

        asyncio.run(main())
    with sqlite3.connect(tmp_path / "j.db") as connection:
        assert connection.execute("select count(*) from reservation").fetchone() == (left,)


def test_a_request_that_cannot_be_prepared_leaves_nothing_behind(tmp_path):
    def fails(command):
        raise ValueError("no such market")

    limits = site(AccountLimits(max_open_exposure=gbp("10.00")))
    with opened(tmp_path / "j.db", site=limits) as (journal, epoch):

        async def main():
            with pytest.raises(ValueError, match="no such market"):
                await journal.intend(RUN, epoch, place(placement("a")), AT, fails)
            return await journal.intend(RUN, epoch, place(placement("a")), AT, prepare)

        assert asyncio.run(main()).denied == ()
        assert len(journal.read(RUN)) == 1


def test_a_value_that_cannot_be_written_fails_where_it_is_appended(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        wrong = Exchange(title="place", method="POST", url="http://x", request=object(), sent_at=AT)
        with pytest.raises(TypeError, match="not a JSON value"):
            journal.append_later(RUN, epoch, [wrong], AT)


@pytest.mark.parametrize(
    "change",
    [
        "update event set body = replace(body, 'two', 'tow') where seq = 2",
        "update event set at = replace(at, '14:30', '14:31') where seq = 1",
        "update event set epoch = 7 where seq = 2",
        "update event set kind = 'TimerFired' where seq = 3",
        "update event set request = replace(request, 'POST', 'GET') where request is not null",
        "update event set digest = replace(digest, 'a', 'b') where seq = 2",
        "delete from event where seq = 1",
        "delete from event where seq = 3",
        "delete from event where seq > 2",
        "update event set seq = 9 where seq = 3",
        "update run set info = replace(info, 'plans/back.yaml', 'plans/lay.yaml')",
        "update lease set seq = 2",
    ],
)
def test_no_change_goes_unnoticed(tmp_path, change):
    with opened(tmp_path / "j.db") as (journal, epoch):

        async def main():
            await journal.append(RUN, epoch, [said("one"), said("two")], AT)
            await journal.append(RUN, epoch, [said("three")], AT)
            await journal.intend(RUN, epoch, place(placement("a")), AT, prepare)

        asyncio.run(main())
        journal.verify(RUN)
    with sqlite3.connect(tmp_path / "j.db") as connection:
        assert connection.execute(change).rowcount > 0
    with Journal.open(tmp_path / "j.db", durable=False) as journal, pytest.raises(JournalTrouble, match="changed or is damaged"):
        journal.read(RUN)


def test_an_exported_journal_shows_every_change(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        asyncio.run(journal.append(RUN, epoch, [said("one"), FinishRun(ended=Ended.AS_PLANNED)], AT))
        journal.set_state(RUN, epoch, RunState.FINISHED)
        lines = list(journal.export(RUN))
    info, records = from_lines(lines)
    assert info.state is RunState.FINISHED
    assert bodies_of(records) == [said("one"), FinishRun(ended=Ended.AS_PLANNED)]
    for damaged in (
        [lines[0], lines[1].replace("one", "two"), lines[2]],
        [lines[0], lines[2]],
        [lines[0], lines[2], lines[1]],
        [lines[0].replace("usual", "other"), *lines[1:]],
        [lines[0], lines[1][:40]],
        lines[1:],
        [],
    ):
        with pytest.raises(JournalTrouble):
            from_lines(damaged)


def test_virtual_time_stands_still_while_the_journal_writes_and_a_run_repeats_exactly(tmp_path):
    def story(name):
        told = []

        async def drive(clock, journal, run, epoch):
            for number in range(5):
                await journal.append(run, epoch, [said(str(number))], clock.now())
                told.append((run, number, clock.now()))
                await clock.sleep_until(clock.now() + timedelta(seconds=1))

        async def main(clock):
            with Journal.open(tmp_path / name, durable=False, clock=clock) as journal:
                runs = ["a", "b", "c"]
                for run in runs:
                    journal.create(run_info(run))
                await asyncio.gather(*(drive(clock, journal, run, journal.take(run, "me")) for run in runs))

        run_virtual(main, start=AT)
        return told

    first = story("1.db")
    assert first == story("2.db")
    assert [at for _, _, at in first] == [AT + timedelta(seconds=number) for number in range(5) for _ in range(3)]


def test_a_cancelled_wait_loses_nothing(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):

        async def main():
            task = asyncio.create_task(journal.append(RUN, epoch, [said("one")], AT))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await journal.append(RUN, epoch, [said("two")], AT)

        asyncio.run(main())
        assert bodies_of(journal.read(RUN)) == [said("one"), said("two")]


def test_whoever_left_without_waiting_stops_nobody_else(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):

        async def leaves():
            for number in range(20):
                asyncio.ensure_future(journal.append(RUN, epoch, [said(str(number))], AT))  # noqa: RUF006
            await asyncio.sleep(0)

        asyncio.run(leaves())
        asyncio.run(journal.append(RUN, epoch, [said("end")], AT))
        assert bodies_of(journal.read(RUN)) == [*(said(str(number)) for number in range(20)), said("end")]


def test_reading_disturbs_nobody_and_sees_whole_transactions(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        done = threading.Event()
        lengths, troubles = [], []

        def look():
            while not done.is_set():
                try:
                    lengths.append(len(journal.read(RUN)))
                except JournalTrouble as trouble:
                    troubles.append(trouble)

        reader = threading.Thread(target=look)
        reader.start()

        async def main():
            for number in range(100):
                await journal.append(RUN, epoch, [said(f"{number} {half}") for half in range(2)], AT)

        asyncio.run(main())
        done.set()
        reader.join()
    assert troubles == []
    assert lengths == sorted(lengths)
    assert all(length % 2 == 0 for length in lengths)


# --- long runs


def test_a_long_run_is_told_the_same_whether_it_is_kept_or_read_again(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        asyncio.run(journal.append(RUN, epoch, [said(str(number)) for number in range(10)], AT))
        kept, again = journal.told(RUN), journal.told(RUN, keep=9)
        assert isinstance(kept, tuple)
        assert not isinstance(again, tuple)
        asyncio.run(journal.append(RUN, epoch, [said("later")], AT))
        assert tuple(again) == tuple(again) == kept
        assert len(again) == len(kept) == 10
        assert kept[3] in again
        with sqlite3.connect(tmp_path / "j.db") as connection:
            connection.execute("update event set body = replace(body, '5', '6') where seq = 6")
        with pytest.raises(JournalTrouble, match="changed or is damaged"):
            list(again)
        with pytest.raises(JournalTrouble, match="changed or is damaged"):
            journal.told(RUN, keep=9)


def test_reading_takes_no_more_memory_for_a_longer_run(tmp_path):
    def most(act):
        tracemalloc.start()
        act()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    with opened(tmp_path / "j.db") as (journal, epoch):
        for number in range(10):
            asyncio.run(journal.append(RUN, epoch, [said(f"{number} {each}") for each in range(1000)], AT))
        assert most(lambda: journal.verify(RUN)) < 1.5 * 2**20
        assert most(lambda: sum(1 for _ in journal.records(RUN))) < 1.5 * 2**20
        assert most(lambda: journal.read(RUN)) > 2.5 * 2**20, "the measure would show it"
