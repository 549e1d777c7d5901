"""One transaction's worth of rows, and the digest chain that ties each row of a run to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from planrunner.model.journal import Halt, RunInfo
from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, RunId
from planrunner.model.odds import Side
from planrunner.runtime.codec import VERSION, encode_info
from planrunner.runtime.ledger import Ledger
from planrunner.runtime.limiter import reserve
from planrunner.runtime.prepared import Prepared
from planrunner.runtime.reservation import Reservation
from planrunner.runtime.tables import event_table, inbox_table, intent_table, lease_table, reservation_table
from planrunner.runtime.trouble import Fenced

_ADD_EVENTS = Prepared(insert(event_table), "run_id", "seq", "epoch", "at", "kind", "version", "body", "request", "digest")
_ADD_INTENTS = Prepared(insert(intent_table), "run_id", "ref", "attempt", "seq")
_ADD_RESERVATIONS = Prepared(
    insert(reservation_table),
    "run_id", "ref", "scope", "account", "market", "side", "odds", "size", "amount", "detail",
)  # fmt: skip
_THIS_RESERVATION = and_(reservation_table.c.run_id == bindparam("of_run"), reservation_table.c.ref == bindparam("of_ref"))
_CHANGE_RESERVATION = Prepared(
    update(reservation_table).where(_THIS_RESERVATION).values(amount=bindparam("amount"), detail=bindparam("detail")),
    "amount", "detail", "of_run", "of_ref",
)  # fmt: skip
_RELEASE_RESERVATION = Prepared(delete(reservation_table).where(_THIS_RESERVATION), "of_run", "of_ref")
_HEADS = select(lease_table.c.run_id, lease_table.c.epoch, lease_table.c.seq, lease_table.c.digest)
_HEAD = Prepared(_HEADS.where(lease_table.c.run_id == bindparam("of_run")).with_for_update(), "of_run")
_SOME_HEADS = _HEADS.where(lease_table.c.run_id.in_(bindparam("runs", expanding=True))).with_for_update()
_MOVE_HEAD = Prepared(
    update(lease_table)
    .where(lease_table.c.run_id == bindparam("of_run"), lease_table.c.epoch == bindparam("of_epoch"))
    .values(seq=bindparam("seq"), digest=bindparam("digest"), beat=bindparam("beat")),
    "beat", "seq", "digest", "of_run", "of_epoch",
)  # fmt: skip
_TAKEN = Prepared(
    update(inbox_table).where(inbox_table.c.id == bindparam("of_id")).values(taken_seq=bindparam("taken_seq")),
    "taken_seq", "of_id",
)  # fmt: skip


class Row(Protocol):
    """What the chain covers of a row; a row of the table and a line of an export both have it."""

    @property
    def seq(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def at(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def body(self) -> str: ...
    @property
    def request(self) -> str | None: ...


def first_digest(info: RunInfo) -> str:
    """The chain begins with what the run is, so that this can't be exchanged either."""
    return hashlib.sha256(encode_info(info).encode("ascii")).hexdigest()


def next_digest(before: str, row: Row) -> str:
    return _digest(before, row.seq, row.epoch, row.at, row.kind, row.version, row.body, row.request)


def _digest(before: str, seq: int, epoch: int, at: str, kind: str, version: int, body: str, request: str | None) -> str:
    # No part holds a line break (the bodies are JSON on one line), so no two rows give the same text.
    text = f"{before}\n{seq}\n{epoch}\n{at}\n{kind}\n{version}\n{body}\n{'' if request is None else request}"
    return hashlib.sha256(text.encode("ascii", "backslashreplace")).hexdigest()


@dataclass(slots=True)
class _Head:
    epoch: int
    seq: int
    digest: str
    moved: bool = False


class Sheet:
    """Rows are put down in memory and written together at the end: a few statements, however many appends."""

    def __init__(
        self, connection: Connection, runs: Iterable[RunId], ledger: Ledger, halts: Callable[[], tuple[Halt, ...]]
    ) -> None:
        self.ledger = ledger
        self.halts = halts
        self.connection = connection  # for rows of other tables, which are no part of a run's story
        self._heads = _read_heads(connection, set(runs))
        self._events: list[tuple[Any, ...]] = []
        self._intents: list[tuple[Any, ...]] = []
        self._taken: list[tuple[int, int]] = []

    def check(self, run: RunId, epoch: int) -> None:
        """Raises Fenced unless this epoch is the run's present one. It can't change before the transaction ends."""
        head = self._heads.get(run)
        if head is None or head.epoch != epoch:
            raise Fenced(run, epoch)

    def put(self, run: RunId, at: datetime, kind: str, body: str, request: str | None = None) -> int:
        """The next row of a run that was checked. Returns its number."""
        head = self._heads[run]
        head.seq += 1
        time = at.isoformat()
        head.digest = _digest(head.digest, head.seq, head.epoch, time, kind, VERSION, body, request)
        head.moved = True
        self._events.append((run, head.seq, head.epoch, time, kind, VERSION, body, request, head.digest))
        return head.seq

    def intend(self, run: RunId, seq: int, refs: Iterable[OrderRef], attempt: int) -> None:
        self._intents.extend((run, ref, attempt, seq) for ref in refs)

    def take(self, posts: Iterable[int], seq: int) -> None:
        """What came in from outside stands in this record."""
        self._taken.extend((seq, post) for post in posts)

    def reserve(self, key: str, length: timedelta, now: datetime) -> timedelta:
        """A place in a limiter's row, taken at once. Answers how long it is until it begins."""
        return reserve(self.connection, key, length, now)

    def write(self, beat: datetime) -> None:
        time = beat.isoformat()
        heads = [(time, head.seq, head.digest, run, head.epoch) for run, head in self._heads.items() if head.moved]
        changes = self.ledger.changes()
        for statement, rows in (
            (_ADD_EVENTS, self._events),
            (_ADD_INTENTS, self._intents),
            (_MOVE_HEAD, heads),
            (_ADD_RESERVATIONS, [_reservation_row(each) for each in changes.new]),
            (_CHANGE_RESERVATION, [(str(each.amount), _detail(each), *each.key) for each in changes.changed]),
            (_RELEASE_RESERVATION, list(changes.released)),
            (_TAKEN, self._taken),
        ):
            if rows:
                statement.many(self.connection, rows)


def read_reservations(connection: Connection) -> list[Reservation]:
    """The reservations as the table has them."""
    return [_reservation(row) for row in connection.execute(select(reservation_table))]


def _read_heads(connection: Connection, runs: set[RunId]) -> dict[RunId, _Head]:
    many = len(runs) > 1
    rows = connection.execute(_SOME_HEADS, {"runs": sorted(runs)}) if many else _HEAD.one(connection, tuple(runs))
    return {row[0]: _Head(row[1], row[2], row[3]) for row in rows}


def _reservation_row(of: Reservation) -> tuple[str, ...]:
    odds, size, amount = str(of.odds), str(of.size), str(of.amount)
    return (of.run, of.ref, of.scope, of.account, of.market, of.side.value, odds, size, amount, _detail(of))


def _detail(of: Reservation) -> str:
    detail: dict[str, Any] = {
        "attempt": of.attempt,
        "maybe_out": of.maybe_out,
        "bets": {bet: [str(stake), str(gone)] for bet, (stake, gone) in of.bets.items()},
        "currency": of.currency,
        "venue": of.venue,
        "at": of.at.isoformat() if of.at is not None else None,
    }
    if of.is_hedge:
        detail["is_hedge"] = True
    if of.is_over:
        detail["is_over"] = True
    if of.results:
        detail["results"] = {bet: [str(profit), at.isoformat()] for bet, (profit, at) in of.results.items()}
    return json.dumps(detail)


def _reservation(row: Any) -> Reservation:
    detail = json.loads(row.detail)
    return Reservation(
        run=RunId(row.run_id),
        ref=OrderRef(row.ref),
        scope=row.scope,
        account=AccountName(row.account),
        market=MarketId(row.market),
        side=Side(row.side),
        odds=Decimal(row.odds),
        size=Decimal(row.size),
        attempt=detail["attempt"],
        maybe_out=detail["maybe_out"],
        bets={bet: (Decimal(stake), Decimal(gone)) for bet, (stake, gone) in detail["bets"].items()},
        # Journals of the first versions say none of these.
        is_hedge=detail.get("is_hedge", False),
        currency=detail.get("currency", ""),
        venue=detail.get("venue", ""),
        at=datetime.fromisoformat(detail["at"]) if detail.get("at") else None,
        is_over=detail.get("is_over", False),
        results={
            BetId(bet): (Decimal(profit), datetime.fromisoformat(at)) for bet, (profit, at) in detail.get("results", {}).items()
        },
    )
