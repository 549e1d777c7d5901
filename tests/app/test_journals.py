"""Journals of the first format (`tests/golden/journals/v1`): read, verified, told again, byte by byte, for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from planrunner.engine.replay import replay
from planrunner.engine.state import RunPhase
from planrunner.model.commands import Command, PlaceOrders
from planrunner.model.errors import JournalTrouble
from planrunner.model.events import OrderDenied, OrderNotSent
from planrunner.model.journal import Record, RunInfo, RunState
from planrunner.report.html import as_html
from planrunner.report.project import tell
from planrunner.runtime.codec import encode, plain_text, plain_value
from planrunner.runtime.jsonl import from_lines, to_lines
from tests.plans.rehearsing import ROOT

JOURNALS = sorted((ROOT / "tests" / "golden" / "journals" / "v1").glob("*.jsonl"))
COMMANDS: tuple[type, ...] = get_args(Command)


@dataclass(frozen=True)
class Row:
    """A line's row, its body encoded anew."""

    seq: int
    epoch: int
    at: str
    kind: str
    version: int
    body: str
    request: str | None


@cache
def read(file: Path) -> tuple[RunInfo, list[Record]]:
    """Decoded, each digest compared with the line before."""
    return from_lines(file.read_text(encoding="ascii").splitlines())


each_journal = pytest.mark.parametrize("file", JOURNALS, ids=lambda file: file.stem)


def test_the_journals_are_all_here() -> None:
    assert {file.stem for file in JOURNALS} >= {
        "chase-half-matches", "fill-or-kill", "killed-and-resumed", "killed-before-its-intent", "killed-before-sending",
        "partly-denied", "reply-lost", "several-in-one-market", "stay-in-play", "turned-in-play",
    }  # fmt: skip


@each_journal
def test_written_again_it_is_the_same_bytes(file: Path) -> None:
    text = file.read_text(encoding="ascii")
    info, records = read(file)
    rows = [written(line, record) for line, record in zip(text.splitlines()[1:], records, strict=True)]
    assert "".join(to_lines(info, rows)) == text


def written(line: str, record: Record) -> Row:
    stored = json.loads(line)
    kind, body = encode(record.body)
    request = stored["request"]
    if request is not None:  # kept as it left, decimals and all
        request = plain_text(plain_value(json.dumps(request)))
    return Row(record.seq, record.epoch, record.at.isoformat(), kind, stored["version"], body, request)


@each_journal
def test_told_again_the_facts_give_the_recorded_decisions(file: Path) -> None:
    info, records = read(file)
    told = replay(records)
    recorded = [record.body for record in records if isinstance(record.body, COMMANDS)]
    assert in_bytes(others(told.commands)) == in_bytes(others(recorded))
    # A placement is written down when it is about to leave, a moment after it was decided, and only what was admitted.
    decided = [kept for command in placing(told.commands) if (kept := without(command, not_sent(records))) is not None]
    assert sorted(in_bytes(decided)) == sorted(in_bytes(placing(recorded)))
    assert told.state.phase is (RunPhase.SETTLED if info.state is RunState.SETTLED else RunPhase.FINISHED)


def others(commands: Sequence[object]) -> list[object]:
    return [command for command in commands if not isinstance(command, PlaceOrders)]


def placing(commands: Sequence[object]) -> list[PlaceOrders]:
    return [command for command in commands if isinstance(command, PlaceOrders)]


def in_bytes(commands: Sequence[object]) -> list[tuple[str, str]]:
    return [encode(command) for command in commands]  # type: ignore[arg-type]


def not_sent(records: Sequence[Record]) -> set[tuple[str, int | None]]:
    """(reference, attempt) that a limit denied or an interruption kept from ever being written down as an intent."""
    intended = {
        (asked.ref, record.body.attempt)
        for record in records
        if isinstance(record.body, PlaceOrders)
        for asked in record.body.placements
    }
    facts = [record.body for record in records]
    denied = {(fact.ref, None) for fact in facts if isinstance(fact, OrderDenied)}
    interrupted = {(fact.ref, fact.attempt) for fact in facts if isinstance(fact, OrderNotSent)}
    return denied | (interrupted - intended)


def without(command: PlaceOrders, gone: set[tuple[str, int | None]]) -> PlaceOrders | None:
    left = tuple(
        asked for asked in command.placements if (asked.ref, None) not in gone and (asked.ref, command.attempt) not in gone
    )
    return replace(command, placements=left) if left else None


@each_journal
def test_every_beginning_of_it_can_be_told(file: Path) -> None:
    """A report of a run that is under way, or was killed there."""
    info, records = read(file)
    running = replace(info, state=RunState.RUNNING)
    for count in {len(records) // 2, len(records) - 1, len(records)}:
        assert as_html(tell(running, records[:count])).startswith("<!doctype html>")


def test_a_changed_figure_is_noticed() -> None:
    file = next(file for file in JOURNALS if file.stem == "chase-half-matches")
    text = file.read_text(encoding="ascii")
    for old, new in (('"matched":"10.00"', '"matched":"11.00"'), ('"seed":1', '"seed":2')):
        assert old in text
        with pytest.raises(JournalTrouble):
            from_lines(text.replace(old, new, 1).splitlines())
