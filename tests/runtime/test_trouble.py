"""The worst moments: killed between two lines, a full disk, a locked or damaged file. The journal stays whole and says so."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from planrunner.model.errors import JournalTrouble, WrongUse
from planrunner.runtime.journal import Journal
from planrunner.runtime.tables import SCHEMA, file_system, refuse_shared
from tests.laws import law

from .makers import AT, RUN, opened, place, placement, prepare, run_info, said

APPENDER = Path(__file__).with_name("appender.py")


def appender(file, run=RUN, count=10_000, **environment):
    return subprocess.Popen(
        [sys.executable, APPENDER, file, run, str(count)], stdout=subprocess.PIPE, text=True, env=os.environ | environment
    )


def texts(file, run=RUN):
    with Journal.open(file, durable=False) as journal:
        return [record.body.text.split()[0] for record in journal.read(run)]


def numbers(count):
    return [str(number) for number in range(count)]


def test_killed_in_the_middle_of_appends_everything_that_was_acknowledged_is_there(tmp_path):
    with appender(tmp_path / "j.db") as process:
        acknowledged = [process.stdout.readline().strip() for _ in range(50)]
        process.kill()
        acknowledged += process.stdout.read().split()
    found = texts(tmp_path / "j.db")
    assert found[: len(acknowledged)] == acknowledged
    assert found == numbers(len(found))
    assert len(found) <= len(acknowledged) + 1


@pytest.mark.parametrize(("hook", "written"), [("append.before:3", 2), ("append.after:3", 3)])
def test_a_crash_hook_kills_the_process_just_there(tmp_path, hook, written):
    process = appender(tmp_path / "j.db", PLANRUNNER_CRASH_AT=hook)
    said_so = process.communicate()[0].split()
    assert process.returncode == -signal.SIGKILL
    assert said_so == numbers(2)
    assert texts(tmp_path / "j.db") == numbers(written)


def test_crash_hooks_are_listed_with_how_often_they_were_reached(tmp_path):
    process = appender(tmp_path / "j.db", count=3, PLANRUNNER_CRASH_LIST=str(tmp_path / "hooks"))
    process.communicate()
    assert (tmp_path / "hooks").read_text() == "append.before 3\nappend.after 3\n"


def test_two_processes_begin_one_journal_at_once(tmp_path):
    processes = [appender(tmp_path / "state" / "j.db", run, count=50) for run in ("one", "two")]
    for process in processes:
        assert process.communicate()[0].split() == numbers(50)
    for run in ("one", "two"):
        assert texts(tmp_path / "state" / "j.db", run) == numbers(50)


def test_a_disk_that_takes_no_more_is_said_and_what_was_written_stays(tmp_path):
    process = appender(tmp_path / "j.db", ROOM="120000")
    *acknowledged, trouble = process.communicate()[0].splitlines()
    assert process.returncode == 0
    assert str(tmp_path / "j.db") in trouble
    assert "--resume" in trouble
    assert len(acknowledged) > 5
    assert texts(tmp_path / "j.db") == acknowledged


@contextmanager
def connections_remembered():
    """All connections to any database, as they are made."""
    made = []

    def remember(connection, _):
        made.append(connection)

    event.listen(Engine, "connect", remember)
    try:
        yield made
    finally:
        event.remove(Engine, "connect", remember)


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 0)])
def test_only_a_rehearsal_goes_without_a_sync(tmp_path, durable, synchronous):
    with connections_remembered() as made, opened(tmp_path / "j.db", durable=durable):
        settings_of = [
            made[-1].execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode", "foreign_keys")
        ]
    assert settings_of == [synchronous, "wal", 1]


def test_after_a_full_disk_the_same_process_goes_on_and_no_fact_is_missing(tmp_path):
    with connections_remembered() as made, opened(tmp_path / "j.db") as (journal, epoch):
        writing = made[-1]

        async def main():
            await journal.append(RUN, epoch, [said("one")], AT)
            writing.execute("PRAGMA max_page_count=1")
            journal.append_later(RUN, epoch, [said("two")], AT)
            with pytest.raises(JournalTrouble, match="the disk is full; free some space"):
                await journal.append(RUN, epoch, [said("big" * 10_000)], AT)
            with pytest.raises(JournalTrouble, match="the disk is full"):
                await journal.intend(RUN, epoch, place(*(placement(str(n)) for n in range(500))), AT, prepare)
            assert "the disk is full" in journal.trouble
            writing.execute("PRAGMA max_page_count=100000")
            await journal.try_to_write()
            assert not journal.trouble
            await journal.intend(RUN, epoch, place(placement("a")), AT, prepare)

        asyncio.run(main())
        bodies = [record.body for record in journal.read(RUN)]
    assert bodies == [said("one"), said("two"), place(placement("a"))]


def test_a_locked_journal_is_waited_for_and_then_said(tmp_path):
    with opened(tmp_path / "j.db", patience=0.1) as (journal, epoch):
        browser = sqlite3.connect(tmp_path / "j.db", isolation_level=None)
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalTrouble, match="is locked by another process; end that one"):
            asyncio.run(journal.append(RUN, epoch, [said("one")], AT))
        browser.execute("ROLLBACK")
        browser.close()
        asyncio.run(journal.append(RUN, epoch, [said("two")], AT))
        assert [record.body for record in journal.read(RUN)] == [said("two")]


def test_what_nobody_waited_for_is_not_lost_in_silence(tmp_path):
    journal = Journal.open(tmp_path / "j.db", durable=False, patience=0.1)
    journal.create(run_info())
    journal.append_later(RUN, journal.take(RUN, "me"), [said("one")], AT)
    browser = sqlite3.connect(tmp_path / "j.db", isolation_level=None)
    browser.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalTrouble, match="locked"):
        journal.close()
    browser.close()


def test_a_closed_journal_takes_no_more(tmp_path):
    with opened(tmp_path / "j.db") as (journal, epoch):
        pass
    with pytest.raises(JournalTrouble, match="is closed"):
        asyncio.run(journal.append(RUN, epoch, [said("one")], AT))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A journal of some pages, its folder, and what it says."""
    file = tmp_path_factory.mktemp("whole") / "j.db"
    with opened(file) as (journal, epoch):

        async def main():
            await journal.append(RUN, epoch, [said(f"{number} {'y' * 150}") for number in range(40)], AT)
            await journal.intend(RUN, epoch, place(placement("a"), placement("b")), AT, prepare)

        asyncio.run(main())
        return file, (journal.info(RUN), journal.read(RUN), journal.intents(RUN))


def still_says(copy):
    """What the damaged file says, or None where it says that it is damaged."""
    try:
        with Journal.open(copy, durable=False) as journal:
            return journal.info(RUN), journal.read(RUN), journal.intents(RUN)
    except (JournalTrouble, WrongUse):  # WrongUse: the damage is in the name of the run, and no run of that name is found
        return None


@given(data=st.data())
@law(100, share=35)
def test_whichever_byte_of_the_file_is_damaged_it_never_tells_another_story(whole, tmp_path_factory, data):
    file, says = whole
    content = bytearray(file.read_bytes())
    place_of = data.draw(st.integers(min_value=0, max_value=len(content) - 1))
    content[place_of] ^= data.draw(st.integers(min_value=1, max_value=255))
    copy = tmp_path_factory.mktemp("copy") / "j.db"
    copy.write_bytes(content)
    found = still_says(copy)
    shutil.rmtree(copy.parent)
    assert found is None or found[:2] == says[:2]


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_torn_file_is_said(whole, tmp_path, part):
    content = whole[0].read_bytes()
    (tmp_path / "j.db").write_bytes(content[: int(len(content) * part)])
    assert still_says(tmp_path / "j.db") is None


def test_a_file_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("my notes, not a database " * 100)
    with pytest.raises(JournalTrouble, match="not a journal of planrunner"):
        Journal.open(tmp_path / "notes.txt", durable=False)
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("create table photos (name)")
    with pytest.raises(JournalTrouble, match="database of something else"):
        Journal.open(tmp_path / "other.db", durable=False)


def test_a_newer_journal_is_refused(tmp_path):
    with opened(tmp_path / "j.db"):
        pass
    with sqlite3.connect(tmp_path / "j.db") as connection:
        connection.execute("update schema set version = 99")
    with pytest.raises(JournalTrouble, match=rf"newer planrunner \(schema 99, this one knows {SCHEMA}\); update"):
        Journal.open(tmp_path / "j.db", durable=False)


def test_a_place_that_is_no_place_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalTrouble, match="folder of the journal"):
        Journal.open(tmp_path / "file" / "j.db", durable=False)
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(JournalTrouble, match=r"folder\.db can't be"):
        Journal.open(tmp_path / "folder.db", durable=False)


def test_a_network_file_system_is_refused(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x /mnt/with\\040space nfs4 rw 0 0\nserver:/y {tmp_path} cifs rw 0 0\n")
    assert file_system(Path("/mnt/with space/j.db"), mounts.read_text()) == "nfs4"
    assert file_system(Path("/home/me/j.db"), mounts.read_text()) == "ext4"
    with pytest.raises(JournalTrouble, match="network file system"):
        refuse_shared(tmp_path / "j.db", mounts)
    refuse_shared(Path("/home/me/j.db"), mounts)
