"""What a stop covers is not placed while it is in force: an intent that was written down all the same is found, and no other."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planrunner.app.audit import Asked
from planrunner.app.audit import run as audit_folder
from planrunner.audit.audit import Audited, audit
from planrunner.audit.findings import Code
from planrunner.model.events import OrderUnknown
from planrunner.model.journal import HaltScope
from planrunner.runtime.halts import STOP_FILE
from planrunner.runtime.journal import Journal
from tests.audit.runs import Json, Pair, golden
from tests.runtime.makers import RUN, opened, place, placement, prepare

SECOND = timedelta(seconds=1)
LONG = timedelta(hours=1)


def at_a_sandbox(name: str) -> Pair:
    """A kept run, as if it had been no rehearsal."""

    def edit(lines: list[Json]) -> list[Json]:
        return [{**lines[0], "run": {**lines[0]["run"], "mode": "sandbox"}}, *lines[1:]]

    return golden(name).journal_with(edit)


PAIR = at_a_sandbox("cancelled")
HEAD = json.loads(PAIR.journal[0])["run"]


def at_of(pair: Pair, kind: str) -> datetime:
    return next(datetime.fromisoformat(line["at"]) for line in map(json.loads, pair.journal) if line.get("kind") == kind)


INTENT, ANSWER = at_of(PAIR, "PlaceOrders"), at_of(PAIR, "OrderAccepted")


def stop(at: datetime, released: datetime | None = None, *, scope: str = "all", name: str = "") -> str:
    until = released.isoformat() if released else None
    return json.dumps(
        {"scope": scope, "name": name, "because": "prices look wrong", "by": "ann", "at": at.isoformat(), "released": until}
    )


def under(*stops: str, pair: Pair = PAIR) -> Audited:
    return audit([pair.journal], pair.venue, stops=stops)


def codes(audited: Audited) -> set[Code]:
    return {finding.code for finding in audited.findings}


@pytest.mark.parametrize(
    ("scope", "name", "covers"),
    [
        ("all", "", True),
        ("account", "betfair", True),
        ("account", "other", False),
        ("plan", HEAD["plan_name"], True),
        ("plan", "back-and-cancel.yaml", True),
        ("plan", "C:\\elsewhere\\back-and-cancel.yaml", True),
        ("plan", "chase.yaml", False),
        ("run", HEAD["run"], True),
        ("run", "another", False),
    ],
)
def test_an_intent_under_a_stop_that_covers_it_is_found(scope: str, name: str, covers: bool) -> None:
    assert codes(under(stop(INTENT - SECOND, scope=scope, name=name))) == ({Code.DESPITE_STOP} if covers else set())


def test_it_says_when_and_why_it_was_stopped_once_for_a_bet() -> None:
    stops = stop(INTENT - SECOND, ANSWER + LONG, scope="account", name="betfair"), stop(INTENT - SECOND)
    [finding] = under(*stops).findings
    assert (finding.run, finding.text) == (HEAD["run"], f"{finding.ref} was to be placed in spite of a stop")
    assert finding.journal == (
        f"to be placed, at {INTENT:%Y-%m-%d %H:%M:%S}.000 UTC; account betfair was stopped at "
        f"{INTENT - SECOND:%Y-%m-%d %H:%M:%S}.000 UTC until {ANSWER + LONG:%Y-%m-%d %H:%M:%S}.000 UTC: prices look wrong"
    )


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (INTENT, None),  # it waited for the intent before it
        (INTENT + SECOND, None),
        (INTENT - LONG, INTENT - SECOND),
        (INTENT - LONG, ANSWER),  # the intent may have waited for its end
    ],
)
def test_what_was_written_down_before_a_stop_or_after_its_end_is_no_breach(begins: datetime, ends: datetime | None) -> None:
    assert codes(under(stop(begins, ends))) == set()


def test_nothing_stops_a_rehearsal() -> None:
    assert codes(under(stop(INTENT - SECOND), pair=golden("cancelled"))) == set()


@pytest.mark.parametrize("line", ["", "[]", '{"scope": "all"}', stop(INTENT, scope="most"), stop(INTENT).replace("20", "x")])
def test_a_stop_that_can_not_be_read_is_a_finding(line: str) -> None:
    assert codes(under(line)) == {Code.UNREADABLE}


# --- journals


async def intend(journal: Journal, epoch: int, ref: str) -> bool:
    """Now, and the answer after it. Whether it was let through."""
    intended = await journal.intend(RUN, epoch, place(placement(ref)), datetime.now(UTC), prepare)  # type: ignore[arg-type, no-untyped-call]
    if intended.command is None:
        return False
    now = datetime.now(UTC)
    await journal.append(RUN, epoch, [OrderUnknown(at=now, ref=ref, text="lost")], now)  # type: ignore[arg-type]
    return True


def stopped_and_released(folder: Path) -> Path:
    """One bet before a stop, one that it denies, one after its end; then a stop that is in force."""
    path = folder / "planrunner.db"
    with opened(path) as (journal, epoch):
        assert asyncio.run(intend(journal, epoch, "before"))
        journal.halt(HaltScope.ACCOUNT, "betfair", "prices look wrong", "ann")
        assert not asyncio.run(intend(journal, epoch, "under"))
        journal.release(HaltScope.ACCOUNT, "betfair", "they are right")
        assert asyncio.run(intend(journal, epoch, "after"))
        journal.halt(HaltScope.RUN, RUN, "enough", "bob")
    return path


def despite_stops(folder: Path) -> list[str | None]:
    told = audit_folder(Asked(runs=(), state=folder))
    return [finding.ref for finding in told.audited.findings if finding.code is Code.DESPITE_STOP]


def test_a_journal_that_kept_to_its_stops_is_clean_and_one_that_did_not_is_not(tmp_path: Path) -> None:
    path = stopped_and_released(tmp_path)
    assert despite_stops(tmp_path) == []
    for change, found in (
        ("update halt set released = null, released_because = null where scope = 'account'", ["after"]),
        ("update halt set at = '2026-01-01T00:00:00+00:00' where scope = 'account'", ["before", "after"]),
        ("update halt set name = 'other' where scope = 'account'", []),
        ("update halt set at = '2026-01-01T00:00:00+00:00' where scope = 'run'", ["before", "after"]),
        ("update halt set at = 'once' where scope = 'run'", []),  # a finding of its own
    ):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(change)
        assert despite_stops(tmp_path) == found, change
    assert Code.UNREADABLE in codes(audit_folder(Asked(runs=(), state=tmp_path)).audited)


def test_a_stop_file_is_no_witness_because_nobody_wrote_down_since_when_it_lay_there(tmp_path: Path) -> None:
    path = stopped_and_released(tmp_path)
    (tmp_path / STOP_FILE).write_text("the power goes")
    with Journal.open(path, durable=False) as journal:
        journal.release(HaltScope.ALL, "", "it is back")
        assert len(journal.halts(also_released=True)) == 3
        assert [json.loads(line)["scope"] for line in journal.export_halts()] == ["account", "run"]


def test_a_journal_of_before_there_were_stops_has_none(tmp_path: Path) -> None:
    path = stopped_and_released(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("drop table halt")
        connection.execute("update schema set version = 1")
    with Journal.open(path, durable=False) as journal:
        assert list(journal.export_halts()) == []
