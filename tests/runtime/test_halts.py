"""Stops: what they cover is not placed by anybody until they are released, however they came into force."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime

import pytest

from planrunner.model.account import AccountLimits
from planrunner.model.errors import JournalTrouble, WrongUse
from planrunner.model.events import STOPPED
from planrunner.model.journal import HaltScope, Mode, RunState, Signal
from planrunner.runtime.halts import STOP_FILE
from planrunner.runtime.journal import Journal
from planrunner.runtime.tables import SCHEMA

from .makers import AT, RUN, gbp, opened, place, placement, prepare, run_info, said, site


def intend(journal, run, epoch, *refs, account="betfair", attempt=1):
    command = place(*map(placement, refs), account=account, attempt=attempt)
    return asyncio.run(journal.intend(run, epoch, command, AT, prepare))


def is_let_through(journal, run, epoch, ref, account="betfair"):
    return intend(journal, run, epoch, ref, account=account).command is not None


@pytest.mark.parametrize(
    ("scope", "name", "covers"),
    [
        (HaltScope.ALL, "", True),
        (HaltScope.ACCOUNT, "betfair", True),
        (HaltScope.ACCOUNT, "other", False),
        (HaltScope.PLAN, "back", True),
        (HaltScope.PLAN, "plans/back.yaml", True),
        (HaltScope.PLAN, "/somewhere/else/back.yaml", True),
        (HaltScope.PLAN, "lay.yaml", False),
        (HaltScope.RUN, RUN, True),
        (HaltScope.RUN, "another", False),
    ],
)
def test_what_a_stop_covers_is_denied_until_it_is_released(tmp_path, scope, name, covers):
    with opened(tmp_path / "j.db") as (journal, epoch), Journal.open(tmp_path / "j.db", durable=True) as other:
        assert is_let_through(journal, RUN, epoch, "before")
        other.halt(scope, name, "prices look wrong", "ann")
        assert is_let_through(journal, RUN, epoch, "under") is not covers
        assert other.release(scope, "no such name", "mistaken") == ()
        [released] = other.release(scope, name, "prices are right again")
        assert (released.released_because, released.scope, released.name) == ("prices are right again", scope, name)
        assert is_let_through(journal, RUN, epoch, "after")
        assert journal.halts() == ()
        assert journal.halts(also_released=True) == (released,)


def test_a_denial_says_what_is_stopped_why_since_when_and_by_whom_and_reserves_nothing(tmp_path):
    limits = site(AccountLimits(max_open_exposure=gbp("10.00")))
    with opened(tmp_path / "j.db", site=limits) as (journal, epoch):
        halt = journal.halt(HaltScope.ACCOUNT, "betfair", "prices look wrong", "ann")
        intended = intend(journal, RUN, epoch, "a", "b")
        assert (intended.command, intended.request) == (None, None)
        assert [(each.ref, each.limit, each.figure) for each in intended.denied] == [
            ("a", STOPPED, "account betfair"),
            ("b", STOPPED, "account betfair"),
        ]
        assert intended.denied[0].held_by == f"prices look wrong, since {halt.at:%Y-%m-%d %H:%M:%S} UTC, by ann"
        assert journal.read(RUN) == []
        journal.release(HaltScope.ACCOUNT, "betfair", "fine")
        assert is_let_through(journal, RUN, epoch, "c")


def test_what_may_be_out_already_is_not_sent_again_under_a_stop_and_stays_reserved(tmp_path):
    limits = site(AccountLimits(max_open_exposure=gbp("10.00")))
    with opened(tmp_path / "j.db", site=limits) as (journal, epoch):
        intend(journal, RUN, epoch, "a")
        journal.halt(HaltScope.ALL, "", "enough", "ann")
        assert intend(journal, RUN, epoch, "a", attempt=2).command is None
        journal.release(HaltScope.ALL, "", "fine")
        [denied] = intend(journal, RUN, epoch, "b").denied
        assert denied.limit == "max_open_exposure"


def test_two_stops_of_the_same_are_released_together_and_others_stay(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        for because in ("one", "two"):
            journal.halt(HaltScope.ALL, "", because, "ann")
        journal.halt(HaltScope.RUN, RUN, "three", "bob")
        assert [halt.because for halt in journal.release(HaltScope.ALL, "", "fine")] == ["one", "two"]
        assert [halt.because for halt in journal.halts()] == ["three"]
        assert not is_let_through(journal, RUN, epoch, "a")


def test_a_rehearsal_goes_on_under_every_stop(tmp_path):
    with opened(tmp_path / "j.db", info=run_info(mode=Mode.REHEARSAL)) as (journal, epoch):
        journal.halt(HaltScope.ALL, "", "enough", "ann")
        (tmp_path / STOP_FILE).touch()
        assert is_let_through(journal, RUN, epoch, "a")


def test_a_stop_outlives_every_process(tmp_path):
    stop = (
        "import sys; from pathlib import Path; from planrunner.runtime.journal import Journal\n"
        "from planrunner.model.journal import HaltScope\n"
        "with Journal.open(Path(sys.argv[1]), durable=True) as journal: journal.halt(HaltScope.ALL, '', 'enough', 'ann')"
    )
    with opened(tmp_path / "j.db") as (journal, epoch):
        assert is_let_through(journal, RUN, epoch, "a")
        subprocess.run([sys.executable, "-c", stop, tmp_path / "j.db"], check=True)
        assert not is_let_through(journal, RUN, epoch, "b")
    with Journal.open(tmp_path / "j.db", durable=False) as journal:
        assert not is_let_through(journal, RUN, journal.take(RUN, "later"), "c")


@pytest.mark.parametrize("act", ["halt", "release"])
def test_a_stop_and_its_end_are_dated_when_they_take_hold_and_not_when_they_were_asked_for(tmp_path, act):
    """While they wait for the journal others write intents, which come before them."""
    with Journal.open(tmp_path / "j.db", durable=False) as journal:
        journal.halt(HaltScope.PLAN, "back", "one", "ann")
        asked = {
            "halt": lambda: journal.halt(HaltScope.ALL, "", "two", "ann").at,
            "release": lambda: journal.release(HaltScope.PLAN, "back", "fine")[0].released,
        }
        with closing(sqlite3.connect(tmp_path / "j.db", isolation_level=None)) as held, ThreadPoolExecutor(1) as pool:
            held.execute("BEGIN IMMEDIATE")
            waits = pool.submit(asked[act])
            assert wait([waits], timeout=0.3).not_done, "the journal is somebody else's"
            free = datetime.now(UTC)
            held.execute("COMMIT")
            assert waits.result() >= free


# --- the stop file


@pytest.mark.parametrize(
    ("content", "because"),
    [
        ("", "no reason was given"),
        ("\n  prices look wrong \nmore", "prices look wrong"),
        ("\x1b[31mred\x07", "[31mred"),
        ("x" * 5000, "x" * 300),
    ],
)
def test_the_stop_file_stops_everything_by_being_there(tmp_path, content, because):
    with opened(tmp_path / "j.db") as (journal, epoch):
        assert is_let_through(journal, RUN, epoch, "a")
        (tmp_path / STOP_FILE).write_text(content)
        [denied] = intend(journal, RUN, epoch, "b").denied
        assert (denied.limit, denied.figure) == (STOPPED, "everything")
        assert denied.held_by.startswith(f"{because}, since ")
        (tmp_path / STOP_FILE).unlink()
        assert is_let_through(journal, RUN, epoch, "c")


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing", "unreadable"])
def test_whatever_stands_in_its_place_stops_and_holds_nobody_up(tmp_path, kind):
    file = tmp_path / STOP_FILE
    match kind:
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case "link to nothing":
            file.symlink_to(tmp_path / "nothing")
        case _:
            file.write_text("secret")
            file.chmod(0)
    with opened(tmp_path / "j.db") as (journal, epoch):
        assert not is_let_through(journal, RUN, epoch, "a")
        assert [halt.scope for halt in journal.halts()] == [HaltScope.ALL]


def test_releasing_everything_takes_the_stop_file_away_and_remembers_it(tmp_path):
    (tmp_path / STOP_FILE).write_text("prices look wrong")
    with opened(tmp_path / "j.db") as (journal, epoch):
        assert journal.release(HaltScope.RUN, RUN, "fine") == ()
        assert not is_let_through(journal, RUN, epoch, "a")
        [released] = journal.release(HaltScope.ALL, "", "they are right")
        assert (released.because, released.by) == ("prices look wrong", f"the file {tmp_path / STOP_FILE}")
        assert not (tmp_path / STOP_FILE).exists()
        assert is_let_through(journal, RUN, epoch, "b")
        assert journal.halts(also_released=True) == (released,)


# --- the inbox


def test_what_is_posted_waits_until_its_owner_writes_it_down(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch), Journal.open(tmp_path / "j.db", durable=True) as other:
        other.post(RUN, Signal.STOP, "fed up")
        other.post(RUN, Signal.STOP, "very")
        first, second = journal.posts(RUN)
        assert [(post.kind, post.body) for post in (first, second)] == [(Signal.STOP, "fed up"), (Signal.STOP, "very")]
        journal.append_later(RUN, epoch, [said("fed up")], AT, taken=[first.id])
        assert journal.posts(RUN) == (first, second), "taken is what is written down"
        asyncio.run(journal.append(RUN, epoch, [], AT))
        assert journal.posts(RUN) == (second,)
    with sqlite3.connect(tmp_path / "j.db") as connection:
        assert connection.execute("select taken_seq from inbox order by id").fetchall() == [(1,), (None,)]


def test_nothing_is_posted_to_who_will_never_take_it(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        with pytest.raises(WrongUse, match="no run nobody"):
            journal.post("nobody", Signal.STOP, "fed up")
        journal.set_state(RUN, epoch, RunState.FINISHED)
        with pytest.raises(WrongUse, match="is over"):
            journal.post(RUN, Signal.STOP, "fed up")


# --- older journals


def first_schema(path):
    """A journal as the first version left it."""
    with opened(path) as (journal, epoch):
        asyncio.run(journal.append(RUN, epoch, [said("one")], AT))
    with sqlite3.connect(path) as connection:
        for table in ("halt", "inbox", "limiter"):
            connection.execute(f"drop table {table}")
        connection.execute("update schema set version = 1")


def schema_of(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("select version from schema").fetchone()[0]


def test_an_older_journal_is_read_as_it_is_and_migrated_by_its_first_writer(tmp_path):
    first_schema(tmp_path / "j.db")
    with Journal.open(tmp_path / "j.db", durable=True) as journal:
        assert [record.body for record in journal.read(RUN)] == [said("one")]
        assert (journal.halts(), journal.posts(RUN)) == ((), ())
        assert schema_of(tmp_path / "j.db") == 1
        epoch = journal.take(RUN, "me")
        assert schema_of(tmp_path / "j.db") == SCHEMA
        journal.halt(HaltScope.ALL, "", "enough", "ann")
        assert not is_let_through(journal, RUN, epoch, "a")
        journal.verify(RUN)


def test_two_that_migrate_at_once_both_find_it_done(tmp_path):
    first_schema(tmp_path / "j.db")
    troubles = []

    def write(number):
        try:
            with Journal.open(tmp_path / "j.db", durable=True) as journal:
                journal.halt(HaltScope.RUN, str(number), "enough", "ann")
        except JournalTrouble as error:
            troubles.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    with Journal.open(tmp_path / "j.db", durable=True) as journal:
        assert sorted(halt.name for halt in journal.halts()) == [str(number) for number in range(8)]
