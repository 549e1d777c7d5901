"""What became of every moment at which a plan was due. The row is the claim: an occurrence that has begun a run never begins
another, whatever restarts, clock changes or second processes do, and rows are never deleted.

A claim makes the run in the same transaction, and holds it against what the plan may lose in total: each run counts with its own
limit until it is over, and then with what it lost or may still lose; what runs won stands against what others lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from planrunner.model.journal import Due, Fate, Mode, Noted, RunInfo
from planrunner.model.market import MarketId, RunId
from planrunner.model.money import Money
from planrunner.runtime.approval_uses import Use, used_before
from planrunner.runtime.tables import occurrence_table, timetable_table, version_of

WITH_OCCURRENCES = 4  # the first schema that has the tables
# What has not begun and may still: a moment that was missed comes again where a clock was wrong and is set right.
MAY_STILL_BEGIN = frozenset({Fate.QUEUED, Fate.MISSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An occurrence whose time has come: `info` is the run to begin, `may_lose` its own limit, `in_total` the plan's for all
    its runs together, `uses` those of the approvals that let it begin."""

    due: Due
    fate: Fate
    text: str
    info: RunInfo
    may_lose: Money
    in_total: Money | None
    uses: tuple[Use, ...] = ()


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
    connection.execute(update(occurrence_table).where(occurrence_table.c.run_id == run).values(may_lose=str(amount)))


def find(connection: Connection, due: Due) -> Noted | None:
    row = connection.execute(select(occurrence_table).where(*_is(due))).one_or_none()
    return None if row is None else _noted(row)


def noted_of(connection: Connection, *wanted: Any, most: int | None = None) -> list[Noted]:
    """The latest due first."""
    if version_of(connection) < WITH_OCCURRENCES:
        return []
    query = select(occurrence_table).where(*wanted).order_by(occurrence_table.c.due.desc(), occurrence_table.c.plan).limit(most)
    return [_noted(row) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[Fate, int]:
    """How many there were of each."""
    if version_of(connection) < WITH_OCCURRENCES:
        return {}
    rows = connection.execute(select(occurrence_table.c.outcome, func.count()).group_by(occurrence_table.c.outcome))
    return {Fate(outcome): int(count) for outcome, count in rows}


def total(connection: Connection, plan: str, mode: Mode, currency: str) -> Decimal:
    """What all runs of a plan lost and may still lose, in that currency."""
    wanted = (occurrence_table.c.plan == plan, occurrence_table.c.mode == mode.value, occurrence_table.c.currency == currency)
    amounts = connection.execute(select(occurrence_table.c.may_lose).where(*wanted, occurrence_table.c.run_id.is_not(None)))
    return sum((Decimal(amount) for amount in amounts.scalars()), Decimal(0))


def looked(connection: Connection, plan: str, mode: Mode, schedule: str) -> datetime | None:
    """Up to when a plan's occurrences have been looked through; None for a plan or a schedule that is new."""
    wanted = (timetable_table.c.plan == plan, timetable_table.c.mode == mode.value, timetable_table.c.schedule == schedule)
    found = connection.execute(select(timetable_table.c.looked).where(*wanted)).scalar_one_or_none()
    return None if found is None else datetime.fromisoformat(found)


def look(connection: Connection, plan: str, mode: Mode, schedule: str, at: datetime) -> None:
    connection.execute(delete(timetable_table).where(timetable_table.c.plan == plan, timetable_table.c.mode == mode.value))
    row = {"plan": plan, "mode": mode.value, "schedule": schedule, "looked": at.isoformat()}
    connection.execute(insert(timetable_table), row)


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
    due = noted.due
    connection.execute(delete(occurrence_table).where(*_is(due)))
    connection.execute(
        insert(occurrence_table),
        {
            "plan": due.plan,
            "mode": due.mode.value,
            "occurrence": due.occurrence,
            "due": due.at.isoformat(),
            "outcome": noted.fate.value,
            "text": noted.text,
            "given": json.dumps({"inputs": dict(due.given), "market": due.market}),
            "run_id": noted.run,
            "may_lose": str(noted.may_lose.amount),
            "currency": noted.may_lose.currency,
            "decided": noted.decided.isoformat(),
        },
    )


def _is(due: Due) -> tuple[Any, ...]:
    row = occurrence_table.c
    return (row.plan == due.plan, row.mode == due.mode.value, row.occurrence == due.occurrence)


def _noted(row: Any) -> Noted:
    given = json.loads(row.given)
    market = None if given["market"] is None else MarketId(given["market"])
    at = datetime.fromisoformat(row.due)
    return Noted(
        due=Due(plan=row.plan, mode=Mode(row.mode), occurrence=row.occurrence, at=at, given=given["inputs"], market=market),
        fate=Fate(row.outcome),
        text=row.text,
        run=None if row.run_id is None else RunId(row.run_id),
        may_lose=Money(amount=Decimal(row.may_lose), currency=row.currency),
        decided=datetime.fromisoformat(row.decided),
    )
