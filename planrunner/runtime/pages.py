"""A journal read a page at a time: some of its runs, some records of a run, and counts. For whoever looks on from elsewhere and
may ask often: nothing here writes, and no run is read in full."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from planrunner.model.errors import JournalTrouble
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.codec import decode_info
from planrunner.runtime.tables import (
    data_version,
    event_table,
    is_made,
    lease_table,
    notice_table,
    occurrence_table,
    reading_engine,
    run_table,
    version_of,
)
from planrunner.runtime.trouble import KEEP_IT, explained

WITH_OCCURRENCES = 4  # the first schema that has them and notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which runs; None: whichever. `plan` is a plan's name or its file's. `before`: older than this one, for the next page."""

    plan: str | None = None
    state: RunState | None = None
    mode: Mode | None = None
    since: datetime | None = None
    before: tuple[datetime, RunId] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record as it is stored. `body` is JSON, plain ASCII on one line."""

    seq: int
    at: str
    kind: str
    body: str


class Pages:
    """Of one journal that is there. Raises JournalTrouble."""

    def __init__(self, path: Path, *, patience: float) -> None:
        self._path = path
        self._engine = reading_engine(path, patience=patience)
        self._is_made = False

    def runs(self, wanted: Wanted, *, most: int) -> list[RunInfo]:
        """The newest first."""
        query = select(run_table.c.info, run_table.c.state).where(*_those(wanted))
        query = query.order_by(run_table.c.created.desc(), run_table.c.run_id.desc()).limit(most)
        with self._reading() as connection:
            return [self._info(row.info, row.state) for row in connection.execute(query)]

    def run(self, run: RunId) -> RunInfo | None:
        query = select(run_table.c.info, run_table.c.state).where(run_table.c.run_id == run)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else self._info(row.info, row.state)

    def records(self, run: RunId, *, after: int, most: int) -> list[Row]:
        """Those that follow a record, in order. They are shown, not acted on, so their digests are left to whoever reads all."""
        query = select(event_table.c.seq, event_table.c.at, event_table.c.kind, event_table.c.body)
        query = query.where(event_table.c.run_id == run, event_table.c.seq > after).order_by(event_table.c.seq).limit(most)
        with self._reading() as connection:
            return [Row(seq=row.seq, at=row.at, kind=row.kind, body=row.body) for row in connection.execute(query)]

    def count_runs(self) -> Mapping[RunState, int]:
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(select(run_table.c.state, func.count()).group_by(run_table.c.state)).all()
        return {RunState(state): count for state, count in rows}

    def count_occurrences(self) -> Mapping[str, int]:
        """By what became of them."""
        query = select(occurrence_table.c.outcome, func.count()).group_by(occurrence_table.c.outcome)
        with self._reading() as connection:
            rows: Sequence[Any] = connection.execute(query).all() if version_of(connection) >= WITH_OCCURRENCES else ()
        return {str(outcome): count for outcome, count in rows}

    def count_notices(self) -> int:
        """Those that somebody is still to be told of."""
        query = select(func.count()).where(notice_table.c.due.is_not(None))
        with self._reading() as connection:
            return connection.execute(query).scalar_one() if version_of(connection) >= WITH_OCCURRENCES else 0

    def oldest_beat(self) -> datetime | None:
        """Of the runs at work, when the one that has been silent for longest last said that it is alive."""
        joined = run_table.join(lease_table, lease_table.c.run_id == run_table.c.run_id)
        query = select(func.min(lease_table.c.beat)).select_from(joined).where(run_table.c.state == RunState.RUNNING.value)
        with self._reading() as connection:
            beat = connection.execute(query).scalar_one_or_none()
        return None if beat is None else datetime.fromisoformat(beat)

    @contextmanager
    def watched(self) -> Iterator[Watched]:
        """For whoever looks again and again: says cheaply whether anything was written."""
        with explained(self._path), self._engine.connect() as connection:
            yield Watched(connection)

    def _info(self, text: str, state: str) -> RunInfo:
        try:
            return replace(decode_info(text), state=RunState(state))
        except (ValueError, JournalTrouble) as error:
            raise JournalTrouble(f"the journal {self._path} is damaged{KEEP_IT} ({error})") from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._path), self._engine.connect() as connection:
            self._is_made = self._is_made or is_made(connection, self._path)
            if not self._is_made:
                raise JournalTrouble(f"the journal {self._path} is empty; a run that is being written down now begins it")
            yield connection


class Watched:
    """Belongs to one thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen = -1

    def has_changed(self) -> bool:
        """Since it was asked last; the first time it always has."""
        before, self._seen = self._seen, data_version(self._connection)
        return before != self._seen


def _those(wanted: Wanted) -> Iterator[Any]:
    if wanted.plan is not None:
        file = run_table.c.plan_file
        is_file = or_(file == wanted.plan, file.endswith(f"/{wanted.plan}", autoescape=True))
        yield or_(_says("plan_name", wanted.plan), is_file)
    if wanted.state is not None:
        yield run_table.c.state == wanted.state.value
    if wanted.mode is not None:
        yield _says("mode", wanted.mode.value)
    if wanted.since is not None:
        yield run_table.c.created >= wanted.since.astimezone(UTC).isoformat()
    if wanted.before is not None:
        created, run = wanted.before[0].astimezone(UTC).isoformat(), wanted.before[1]
        yield or_(run_table.c.created < created, and_(run_table.c.created == created, run_table.c.run_id < run))


def _says(key: str, value: str) -> Any:
    """Of what a run is: one flat object whose texts are escaped, so this stands in it only where the key has this value."""
    return run_table.c.info.contains(f'"{key}":{json.dumps(value)}', autoescape=True)
