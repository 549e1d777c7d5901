"""A run told again from its facts: the same facts give the same decisions, now and for ever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import get_args

from planrunner.engine.state import State, initial
from planrunner.engine.step import step
from planrunner.model.commands import Command
from planrunner.model.errors import JournalTrouble
from planrunner.model.events import Event, RunStarted
from planrunner.model.journal import Record
from planrunner.model.program import Program

_EVENTS: tuple[type, ...] = get_args(Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the facts of a run lead to: the state after them and every decision on the way."""

    program: Program
    state: State
    commands: tuple[Command, ...]


def replay(records: Iterable[Record]) -> Replay:
    """Tell a run again. Raises JournalTrouble where its first fact is missing, Divergence as the run itself would."""
    return replay_events(record.body for record in records if isinstance(record.body, _EVENTS))  # type: ignore[misc]


def replay_events(events: Iterable[Event]) -> Replay:
    """The same from the facts alone, one by one: a long run is never in memory as a whole."""
    facts = iter(events)
    first = next(facts, None)
    if not isinstance(first, RunStarted):
        raise JournalTrouble("this run has no beginning in the journal: its first fact is missing")
    program = first.program
    state = initial(program)
    commands: list[Command] = []
    for event in chain((first,), facts):
        decided = step(program, state, event)
        state = decided.state
        commands.extend(decided.commands)
    return Replay(program=program, state=state, commands=tuple(commands))
