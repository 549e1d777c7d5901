"""The journal: one SQLite file that knows what every run has seen, decided and sent. Nothing leaves without it.

A run is created once and *taken* by whoever drives it; taking raises its epoch, and an append with an older epoch is refused
(`Fenced`). Facts, commands and exchanges are appended in order and never changed; each row carries a digest over itself and
the row before. An intent to place is written together with the exact request and the reservation against the limits, before
a byte leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select

from planrunner.model.account import Site
from planrunner.model.commands import Placing
from planrunner.model.errors import JournalTrouble, Refused, WrongUse
from planrunner.model.journal import (
    Body,
    Halt,
    HaltScope,
    Post,
    Record,
    RunInfo,
    RunState,
    Signal,
)
from planrunner.model.market import AccountName, OrderRef, RunId
from planrunner.ports import Request
from planrunner.runtime import approval_uses
from planrunner.runtime.approval_uses import Use, used_before
from planrunner.runtime.clock import HandsClock, RealClock
from planrunner.runtime.codec import decode, decode_info, encode, plain_value
from planrunner.runtime.halts import (
    all_halts,
    halt_of_file,
    in_force,
    put_halt,
    release_halts,
    remove_file,
    stop_file,
)
from planrunner.runtime.halts import to_lines as halt_lines
from planrunner.runtime.hooks import Hooks, NoHooks
from planrunner.runtime.inbox import put_post, waiting
from planrunner.runtime.jobs import Append, Beside, Intend, Intended, Reserve
from planrunner.runtime.jsonl import to_lines
from planrunner.runtime.lease import Lease, beat_all, give_up, read_lease
from planrunner.runtime.ledger import NO_SITE
from planrunner.runtime.limiter import reserve
from planrunner.runtime.look import Look
from planrunner.runtime.reservation import Reservation
from planrunner.runtime.runs import InItsWay, create_run, is_unbegun, refuse_beside, running, set_state, take
from planrunner.runtime.sheet import first_digest, next_digest, read_reservations
from planrunner.runtime.tables import (
    IS_RUNNING,
    event_table,
    intent_table,
    is_made,
    lease_table,
    make_folder,
    make_tables,
    migrate,
    reading_engine,
    refuse_shared,
    run_table,
    writing_engine,
)
from planrunner.runtime.trouble import KEEP_IT, explained
from planrunner.runtime.writer import Writer

T = TypeVar("T")

# A journal that others are writing to is waited for so many seconds; `PLANRUNNER_JOURNAL_PATIENCE` says otherwise.
PATIENCE = 30.0
READ_AT_ONCE = 500  # rows
# Records of a usual run; more of them are read again rather than kept: an exchange with the venue takes 20 KiB and more.
KEPT_IN_MEMORY = 2_000


def patience_from(environment: Mapping[str, str]) -> float:
    """How long a locked journal is waited for. Raises WrongUse."""
    text = environment.get("PLANRUNNER_JOURNAL_PATIENCE", "")
    if not text:
        return PATIENCE
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 600:
        raise WrongUse(f"PLANRUNNER_JOURNAL_PATIENCE is {text!r}; write whole seconds, 1 to 600")
    return float(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One placement as it was about to be sent; `request` is the redacted request it was part of."""

    ref: OrderRef
    attempt: int
    seq: int
    epoch: int
    at: datetime
    request: Any


class Journal:
    """One file. Appends are awaited and go through one writer thread; reading blocks and uses its own connections."""

    def __init__(self, path: Path, reading: Engine, start: Callable[[], Writer], clock: HandsClock) -> None:
        self.path = path
        self._reading = reading
        self._start = start
        self._clock = clock
        self._started: Writer | None = None
        self._look: Look | None = None
        self._kept: Connection | None = None
        self._taken: dict[RunId, RunInfo] = {}

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        durable: bool,
        clock: HandsClock | None = None,
        hooks: Hooks | None = None,
        site: Site = NO_SITE,
        patience: float = PATIENCE,
    ) -> Journal:
        """Opens or creates the file. `site` is whose limits every placement is held against; `durable` syncs every commit to the
        disk, rehearsals go without.

        Raises JournalTrouble where the file can't be used as it is.
        """
        path = path.absolute()
        make_folder(path)
        refuse_shared(path)
        reading = reading_engine(path, patience=patience)
        clock = clock or RealClock()

        def start() -> Writer:
            with explained(path):
                connection = writing_engine(path, durable=durable, patience=patience).connect()
                with connection.begin():
                    migrate(connection)
            return Writer(connection, path, clock=clock, hooks=hooks or NoHooks(), site=site)

        with explained(path):
            with reading.connect() as connection:
                made = is_made(connection, path)
            if not made:
                with writing_engine(path, durable=durable, patience=patience).begin() as connection:
                    make_tables(connection, path)
        return cls(path, reading, start, clock)

    def close(self) -> None:
        """Writes what still waits. Raises JournalTrouble where that fails."""
        if self._look is not None:
            self._look.close()
            self._look = None
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        if self._started is not None:
            self._started.close()

    @property
    def _writer(self) -> Writer:
        """Started by the first write: who only reads needs no thread and disturbs nobody."""
        if self._started is None:
            self._started = self._start()
        return self._started

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def trouble(self) -> str:
        """Why what was last to be written could not be; empty where it was, or nothing was to be written yet."""
        trouble = self._started.trouble if self._started is not None else None
        return "" if trouble is None else str(trouble)

    async def try_to_write(self) -> None:
        """A row that means nothing, to find out whether the journal can be written again. Raises JournalTrouble."""
        await self.beside(lambda connection: reserve(connection, "try to write", timedelta(0), self._clock.now()))

    def hold_against(self, site: Site) -> None:
        """From now on every placement is held against the limits of this site file."""
        self._writer.alone(lambda _: self._writer.hold_against(site))

    # --- runs

    def create(self, info: RunInfo, uses: Collection[Use] = (), *, beside: InItsWay | None = None) -> None:
        """A new run, with no owner yet. `uses`: of the approvals that let it begin; `beside`: what it may not begin beside.
        Raises Refused where an approval was used before, GoesOn where such a run goes on."""

        def act(connection: Connection) -> None:
            if (why := used_before(connection, uses)) is not None:
                raise Refused(f"{why}. Nothing was placed.")
            if beside is not None:
                refuse_beside(connection, info, beside)
            create_run(connection, info)
            approval_uses.write(connection, uses, info, self._clock.now())

        self._writer.alone(act)

    def used(self, approvals: Collection[str]) -> Mapping[Use, RunId]:
        """What these approvals were used for, and by which run."""
        with self.reading() as connection:
            return approval_uses.used(connection, approvals)

    def take(self, run: RunId, owner: str, *, unbegun: bool = False) -> int:
        """Makes the caller the one that may append; the epoch proves it. Whoever had the run before is fenced off.

        `unbegun`: to begin it. Raises Refused, and fences nobody off, where somebody has begun or ended it.
        """

        def act(connection: Connection) -> tuple[int, RunInfo]:
            if unbegun and not is_unbegun(connection, run):
                raise Refused(
                    f"another process has begun the run {run}, or ended it; `planrunner status {run}` tells how it stands"
                )
            return take(connection, run, owner, self._clock.now())

        epoch, info = self._writer.alone(act)
        self._taken[run] = info
        return int(epoch)

    async def beat(self, epochs: Mapping[RunId, int]) -> Collection[RunId]:
        """The owner of these runs is alive. Answers those that have another owner by now. Raises JournalTrouble."""
        return await self.beside(lambda connection: beat_all(connection, epochs, self._clock.now()))

    def leave(self, run: RunId, epoch: int) -> None:
        """The owner goes; whoever takes the run up need not wait for its silence."""
        self._writer.alone(lambda connection: give_up(connection, run, epoch))
        self._taken.pop(run, None)

    def lease(self, run: RunId) -> Lease:
        """Who has the run, and when they last were alive. Raises WrongUse."""
        with explained(self.path), self._reading.connect() as connection:
            return read_lease(connection, run)

    def set_state(self, run: RunId, epoch: int, state: RunState) -> None:
        """Finished, settled. Raises Fenced."""
        self._writer.alone(lambda connection: set_state(connection, run, epoch, state))

    def info(self, run: RunId) -> RunInfo:
        """Raises WrongUse for an unknown run."""
        for info in self._infos(run_table.c.run_id == run):
            return info
        raise WrongUse(f"there is no run {run} in {self.path}; `planrunner runs` lists them")

    def runs(self) -> list[RunInfo]:
        """All runs, the oldest first."""
        return self._infos()

    def unfinished(self, *, plan_file: str | None = None, plan_digest: str | None = None) -> list[RunInfo]:
        """Runs that are still to be driven, the oldest first: all of them, or those of one plan."""
        wanted = [IS_RUNNING]
        if plan_file is not None:
            wanted.append(run_table.c.plan_file == plan_file)
        if plan_digest is not None:
            wanted.append(run_table.c.plan_digest == plan_digest)
        return self._infos(*wanted)

    def running(self) -> Sequence[tuple[RunId, str]]:
        """The runs that go on and the files of their plans, for a loop that asks again and again: over a connection that is
        kept, and so from one thread only."""
        with explained(self.path):
            if self._kept is None:
                self._kept = self._reading.connect()
            return running(self._kept)

    # --- rows of other tables, which are no part of a run's story

    async def beside(self, act: Callable[[Connection], T]) -> T:
        """In a transaction with whatever else is being written. Raises what `act` does, for this caller alone; JournalTrouble."""
        result: T = await self._writer.written(Beside(act), aside=True)
        return result

    def alone(self, act: Callable[[Connection], T]) -> T:
        """In a transaction of its own; blocks."""
        result: T = self._writer.alone(act)
        return result

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """As the journal is now. Raises JournalTrouble."""
        with explained(self.path), self._reading.connect() as connection:
            yield connection

    # --- stops and what is asked from outside

    def halt(self, scope: HaltScope, name: str, because: str, by: str) -> Halt:
        """From now on nothing that this covers is placed, by any process, until it is released.

        Its time is read under the write lock: whatever was written down before it was begun before it.
        """

        def act(connection: Connection) -> Halt:
            halt = Halt(scope=scope, name=name, because=because, by=by, at=self._clock.now())
            put_halt(connection, halt)
            return halt

        put: Halt = self._writer.alone(act)
        return put

    def release(self, scope: HaltScope, name: str, because: str) -> tuple[Halt, ...]:
        """The stops of exactly this scope and name that were in force; the stop file is one of everything, and is removed.

        Raises JournalTrouble, also where the file can't be removed; the stops of the table are released then.
        """
        file = stop_file(self.path)
        by_file = halt_of_file(file) if scope is HaltScope.ALL else None

        def act(connection: Connection) -> tuple[Halt, ...]:
            if by_file is not None:  # so that it is known later that it was there
                put_halt(connection, by_file)
            return release_halts(connection, scope, name, because, self._clock.now())  # under the lock, as above

        released: tuple[Halt, ...] = self._writer.alone(act)
        if by_file is not None:
            remove_file(file)
        return released

    def halts(self, *, also_released: bool = False) -> tuple[Halt, ...]:
        """The stops in force, or all there ever were, the oldest first, and the stop file's."""
        with explained(self.path), self._reading.connect() as connection:
            rows = all_halts(connection) if also_released else in_force(connection)
        by_file = halt_of_file(stop_file(self.path))
        return rows if by_file is None else (*rows, by_file)

    def export_halts(self) -> Iterator[str]:
        """All stops of the table there ever were, as JSON lines. Raises JournalTrouble."""
        with explained(self.path), self._reading.connect() as connection:
            yield from halt_lines(connection)

    def post(self, run: RunId, kind: Signal, body: str) -> None:
        """Into the run's inbox, for its owner to take. Raises WrongUse for a run that is unknown or over."""
        self._writer.alone(lambda connection: put_post(connection, run, kind, body, self._clock.now()))

    def posts(self, run: RunId) -> tuple[Post, ...]:
        """What nobody has taken yet."""
        with explained(self.path), self._reading.connect() as connection:
            return waiting(connection, run)

    def look(self) -> tuple[tuple[Halt, ...], Mapping[RunId, tuple[Post, ...]]]:
        """The stops of the table in force, and what nobody has taken from the inboxes of runs. For the owner of runs, who looks
        every second: costs next to nothing while nobody has written."""
        with explained(self.path):
            if self._look is None:
                self._look = Look(self._reading)
            return self._look.now()

    # --- writing

    async def append(self, run: RunId, epoch: int, bodies: Sequence[Body], at: datetime) -> None:
        """Returns once they are on disk, all of them, in order. Raises Fenced, JournalTrouble (then none of them is)."""
        await self._writer.written(Append(run, epoch, at, tuple(bodies), [encode(body) for body in bodies]))

    def append_later(self, run: RunId, epoch: int, bodies: Sequence[Body], at: datetime, *, taken: Sequence[int] = ()) -> None:
        """The same for what need not be on disk before acting: goes with the next append that is awaited, in order.

        `taken`: the ids of the posts that the first of the bodies came from.
        """
        self._writer.later(Append(run, epoch, at, tuple(bodies), [encode(body) for body in bodies], tuple(taken)))

    async def intend(
        self, run: RunId, epoch: int, command: Placing, at: datetime, prepare: Callable[[Placing], Request]
    ) -> Intended:
        """In one transaction: admits the placements that no stop covers and the limits have room for, in order; prepares the
        exact request for those; writes the command, the request, one intent per reference and the reservations.

        What is denied is not written down here: it comes back as events, to be appended like any other.
        """
        result = await self._writer.written(Intend(run, epoch, command, at, prepare, self._taken[run]))
        assert isinstance(result, Intended)
        return result

    async def reserve(self, run: RunId, epoch: int, account: AccountName, length: timedelta) -> timedelta:
        """A place among all that leaves on the account, of any run and process. Answers how long it is until then."""
        result = await self._writer.written(Reserve(run, epoch, self._taken[run], account, length, self._clock), aside=True)
        assert isinstance(result, timedelta)
        return result

    # --- reading

    def records(self, run: RunId) -> Iterator[Record]:
        """The records of a run one by one, however many there are, the digest chain verified on the way. Raises JournalTrouble,
        at the latest at the end: what was read before is to be trusted only then."""
        for row in self.rows(run):
            at = datetime.fromisoformat(row.at)
            yield Record(seq=row.seq, epoch=row.epoch, at=at, body=decode(row.kind, row.body, row.version))

    def told(self, run: RunId, *, keep: int = KEPT_IN_MEMORY) -> Collection[Record]:
        """All records of a run, verified: kept in memory, or read again whenever they are gone through where they are more.

        Raises JournalTrouble.
        """
        if self._length(run) <= keep:
            return tuple(self.records(run))
        self.verify(run)
        return ManyRecords(self, run, self._length(run))

    def _length(self, run: RunId) -> int:
        with explained(self.path), self._reading.connect() as connection:
            return connection.execute(select(lease_table.c.seq).where(lease_table.c.run_id == run)).scalar_one_or_none() or 0

    def read(self, run: RunId) -> list[Record]:
        """All records of a run in order, verified. Raises JournalTrouble."""
        return list(self.records(run))

    def verify(self, run: RunId) -> None:
        """Raises JournalTrouble where a row was changed, exchanged, added or taken away."""
        for _ in self.rows(run):
            pass

    def intents(self, run: RunId) -> list[Intent]:
        """Every attempt to place, in the order of the journal; reading the records is what verifies them."""
        wanted = (intent_table.c.ref, intent_table.c.attempt, event_table.c.seq, event_table.c.epoch, event_table.c.at)
        of = (event_table.c.run_id == intent_table.c.run_id) & (event_table.c.seq == intent_table.c.seq)
        query = select(*wanted, event_table.c.request).select_from(intent_table.join(event_table, of))
        with explained(self.path), self._reading.connect() as connection:
            found = connection.execute(query.where(intent_table.c.run_id == run).order_by(event_table.c.seq, "attempt")).all()
        requests: dict[int, Any] = {}
        for row in found:
            if row.seq not in requests:
                requests[row.seq] = plain_value(row.request)
        return [
            Intent(
                ref=OrderRef(row.ref),
                attempt=row.attempt,
                seq=row.seq,
                epoch=row.epoch,
                at=datetime.fromisoformat(row.at),
                request=requests[row.seq],
            )
            for row in found
        ]

    def rows(self, run: RunId) -> Iterator[Any]:
        """The rows of a run as they are stored, verified on the way; a handful is in memory at a time."""
        digest, number = first_digest(replace(self.info(run), state=RunState.RUNNING)), 0
        query = select(event_table).where(event_table.c.run_id == run).order_by("seq")
        with explained(self.path), self._reading.connect() as connection:
            lease = connection.execute(select(lease_table).where(lease_table.c.run_id == run)).one_or_none()
            for number, row in enumerate(connection.execution_options(yield_per=READ_AT_ONCE).execute(query), start=1):
                digest = next_digest(digest, row)
                if row.seq != number or row.digest != digest:
                    raise self._changed(run, number)
                yield row
        if lease is None or (lease.seq, lease.digest) != (number, digest):
            raise self._changed(run, number)

    def reservations(self) -> list[Reservation]:
        """What is reserved, as the table has it."""
        with explained(self.path), self._reading.connect() as connection:
            return read_reservations(connection)

    def export(self, run: RunId) -> Iterator[str]:
        """The run as JSON lines: what it is, then its records with their digests."""
        return to_lines(self.info(run), self.rows(run))

    def _changed(self, run: RunId, seq: int) -> JournalTrouble:
        return JournalTrouble(
            f"the journal {self.path} was changed or is damaged: run {run}, record {seq} does not fit the one before; "
            "don't go on with this run, and compare what the venue holds by hand"
        )

    def _infos(self, *wanted: Any) -> list[RunInfo]:
        with explained(self.path), self._reading.connect() as connection:
            rows = connection.execute(
                select(run_table.c.info, run_table.c.state).where(*wanted).order_by(run_table.c.created, run_table.c.run_id)
            ).all()
        return [self._info(row.info, row.state) for row in rows]

    def _info(self, text: str, state: str) -> RunInfo:
        try:
            return replace(decode_info(text), state=RunState(state))
        except (ValueError, JournalTrouble) as error:
            raise JournalTrouble(f"the journal {self.path} is damaged{KEEP_IT} ({error})") from error


class ManyRecords(Collection[Record]):
    """The records of a long run as they were counted, read whenever they are gone through. Raises JournalTrouble there."""

    def __init__(self, journal: Journal, run: RunId, length: int) -> None:
        self._journal = journal
        self._run = run
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Record]:
        return islice(self._journal.records(self._run), self._length)

    def __contains__(self, record: object) -> bool:
        return any(each == record for each in self)
