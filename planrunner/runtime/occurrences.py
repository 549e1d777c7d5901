"""What became of every moment at which a plan was due. The row is the claim: an occurrence that has begun a run never begins
another, whatever restarts, clock changes or second processes do, and rows are never deleted.

A claim makes the run in the same transaction, and holds it against what the plan may lose in total: each run counts with its own
limit until it is over, and then with what it lost or may still lose; what runs won stands against what others lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from planrunner.model.journal import Due, Fate, Mode, Noted, RunInfo
from planrunner.model.market import MarketId, RunId
from planrunner.model.money import Money
from planrunner.runtime.approval_uses import Use, used_before
from planrunner.runtime.prepared import Prepared
from planrunner.runtime.runs import InItsWay
from planrunner.runtime.tables import occurrence_table, timetable_table, version_of

WITH_OCCURRENCES = 4  # the first schema that has the tables
# What has not begun and may still: a moment that was missed comes again where a clock was wrong and is set right.
MAY_STILL_BEGIN = frozenset({Fate.QUEUED, Fate.MISSED})

_ROW = occurrence_table.c
_IS = and_(_ROW.plan == bindparam("of_plan"), _ROW.mode == bindparam("of_mode"), _ROW.occurrence == bindparam("of_occurrence"))
_KEY = ("of_plan", "of_mode", "of_occurrence")
_FIELDS = tuple(column.name for column in occurrence_table.columns)
_FIND = Prepared(select(occurrence_table).where(_IS), *_KEY)
_DROP = Prepared(delete(occurrence_table).where(_IS), *_KEY)
_ADD = Prepared(insert(occurrence_table), *_FIELDS)
_LOST = Prepared(
    update(occurrence_table).where(_ROW.run_id == bindparam("of_run")).values(may_lose=bindparam("may_lose")),
    "may_lose",
    "of_run",
)
_AMOUNTS = Prepared(
    select(_ROW.may_lose).where(
        _ROW.plan == bindparam("of_plan"), _ROW.mode == bindparam("of_mode"), _ROW.currency == bindparam("of_currency"),
        _ROW.run_id.is_not(None),
    ),
    "of_plan", "of_mode", "of_currency",
)  # fmt: skip
_LOOKED_AT = timetable_table.c
_OF_PLAN = and_(_LOOKED_AT.plan == bindparam("of_plan"), _LOOKED_AT.mode == bindparam("of_mode"))
_LOOKED = Prepared(
    select(_LOOKED_AT.looked).where(_OF_PLAN, _LOOKED_AT.schedule == bindparam("of_schedule")),
    "of_plan",
    "of_mode",
    "of_schedule",
)
_FORGET_LOOK = Prepared(delete(timetable_table).where(_OF_PLAN), "of_plan", "of_mode")
_ADD_LOOK = Prepared(insert(timetable_table), "plan", "mode", "schedule", "looked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An occurrence whose time has come: `info` is the run to begin, `may_lose` its own limit, `in_total` the plan's for all
    its runs together, `uses` those of the approvals that let it begin, `beside` what it may not begin beside."""

    due: Due
    fate: Fate
    text: str
    info: RunInfo
    may_lose: Money
    in_total: Money | None
    uses: tuple[Use, ...] = ()
    beside: InItsWay | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """`is_ours`: this claim began the run, or was the one to be refused; else it was decided before."""

    noted: Noted
    is_ours: bool


def claim(connection: Connection, asked: Claim, now: datetime) -> Claimed:
    """Decides an occurrence; where the answer is ours and has a run, the run is to be made in this transaction."""
    before = find(connection, asked.due)
    if before is not None and (before.run is not None or before.fate not in MAY_STILL_BEGIN):
        return Claimed(noted=before, is_ours=False)
    refusal = _over_the_total(connection, asked) or used_before(connection, asked.uses)
    noted = Noted(
        due=asked.due,
        fate=asked.fate if refusal is None else Fate.REFUSED,
        text=asked.text if refusal is None else refusal,
        run=asked.info.run if refusal is None else None,
        may_lose=asked.may_lose if refusal is None else Money(amount=Decimal(0), currency=asked.may_lose.currency),
        decided=now,
    )
    _write(connection, noted)
    return Claimed(noted=noted, is_ours=True)


def note(connection: Connection, noted: Noted) -> bool:
    """An occurrence that begins no run, or only later. False where it was decided before; one that was queued may be so again,
    after a restart."""
    before = find(connection, noted.due)
    is_queued_again = before is not None and before.fate is noted.fate is Fate.QUEUED
    if before is not None and not is_queued_again and (before.fate not in MAY_STILL_BEGIN or before.fate is noted.fate):
        return False
    _write(connection, noted)
    return True


def refuse(connection: Connection, run: RunId, text: str, now: datetime) -> None:
    """The run that an occurrence began could not place anything; it lost nothing."""
    told = {"outcome": Fate.REFUSED.value, "text": text, "may_lose": "0", "decided": now.isoformat()}
    connection.execute(update(occurrence_table).where(occurrence_table.c.run_id == run).values(**told))


def lost(connection: Connection, run: RunId, amount: Decimal) -> None:
    """What a run that is over lost or may still lose; below zero what it won. Without effect for one that nothing scheduled."""
    _LOST.many(connection, [(str(amount), run)])


def find(connection: Connection, due: Due) -> Noted | None:
    rows = _FIND.one(connection, _key(due))
    return None if not rows else _noted(rows[0])


def noted_of(connection: Connection, *wanted: Any, most: int | None = None) -> list[Noted]:
    """The latest due first."""
    if version_of(connection) < WITH_OCCURRENCES:
        return []
    query = select(occurrence_table).where(*wanted).order_by(occurrence_table.c.due.desc(), occurrence_table.c.plan).limit(most)
    return [_noted(tuple(row)) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[Fate, int]:
    """How many there were of each."""
    if version_of(connection) < WITH_OCCURRENCES:
        return {}
    rows = connection.execute(select(occurrence_table.c.outcome, func.count()).group_by(occurrence_table.c.outcome))
    return {Fate(outcome): int(count) for outcome, count in rows}


def total(connection: Connection, plan: str, mode: Mode, currency: str) -> Decimal:
    """What all runs of a plan lost and may still lose, in that currency."""
    return sum((Decimal(amount) for (amount,) in _AMOUNTS.one(connection, (plan, mode.value, currency))), Decimal(0))


def looked(connection: Connection, plan: str, mode: Mode, schedule: str) -> datetime | None:
    """Up to when a plan's occurrences have been looked through; None for a plan or a schedule that is new."""
    rows = _LOOKED.one(connection, (plan, mode.value, schedule))
    return None if not rows else datetime.fromisoformat(rows[0][0])


def look(connection: Connection, plan: str, mode: Mode, schedule: str, at: datetime) -> None:
    _FORGET_LOOK.many(connection, [(plan, mode.value)])
    _ADD_LOOK.many(connection, [(plan, mode.value, schedule, at.isoformat())])


def _over_the_total(connection: Connection, asked: Claim) -> str | None:
    if asked.in_total is None:
        return None
    held = total(connection, asked.due.plan, asked.due.mode, asked.in_total.currency)
    if held + asked.may_lose.amount <= asked.in_total.amount:
        return None
    so_far = Money(amount=held, currency=asked.in_total.currency)
    return (
        f"`max_loss_in_total` is {asked.in_total}; the runs so far lost or may still lose {so_far}, so there is no room for one "
        f"more that may lose {asked.may_lose}"
    )


def _write(connection: Connection, noted: Noted) -> None:
    due, may_lose = noted.due, noted.may_lose
    given = json.dumps({"inputs": dict(due.given), "market": due.market})
    told = (due.at.isoformat(), noted.fate.value, noted.text, given, noted.run, str(may_lose.amount), may_lose.currency)
    _DROP.many(connection, [_key(due)])
    _ADD.many(connection, [(*_key(due), *told, noted.decided.isoformat())])


def _key(due: Due) -> tuple[str, str, str]:
    return (due.plan, due.mode.value, due.occurrence)


def _noted(row: Sequence[Any]) -> Noted:
    plan, mode, occurrence, due, outcome, text, given, run, may_lose, currency, decided = row
    told = json.loads(given)
    return Noted(
        due=Due(
            plan=plan,
            mode=Mode(mode),
            occurrence=occurrence,
            at=datetime.fromisoformat(due),
            given=told["inputs"],
            market=None if told["market"] is None else MarketId(told["market"]),
        ),
        fate=Fate(outcome),
        text=text,
        run=None if run is None else RunId(run),
        may_lose=Money(amount=Decimal(may_lose), currency=currency),
        decided=datetime.fromisoformat(decided),
    )
