"""The hands of one run: take the next fact, write it down, let the engine decide, write that down, do it.

Whatever comes back from a venue is a new fact. The driver never decides and never retries: only `step` says what is sent
again. Facts and decisions ride to the disk with the next append that is awaited, at most a second later. Awaited before a byte
leaves are intents, and with them every deadline; and the decision to cancel, or a run that is taken up again would hold its
own cancel for somebody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from planrunner.engine.state import PlacementState, RunPhase, State
from planrunner.engine.step import step
from planrunner.model.commands import (
    Alert,
    CancelOrder,
    Command,
    Ended,
    FinishRun,
    PlaceOrders,
    PlaceTicket,
    Placing,
    QueryBook,
    QueryOrder,
    QueryRunners,
    SetTimers,
    UnwatchMarket,
    WatchMarket,
)
from planrunner.model.errors import Divergence
from planrunner.model.events import (
    BetSettled,
    Event,
    OrderDenied,
    OrderNotFound,
    OrderNotSent,
    OrderReported,
    RunResumed,
    StopRequested,
    TimerFired,
)
from planrunner.model.journal import Body, Exchange
from planrunner.model.market import AccountName, OrderRef, RunId
from planrunner.model.placement import PlacementStatus
from planrunner.model.program import Program
from planrunner.ports import Answer, SendBy, Venue
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.hooks import Hooks
from planrunner.runtime.hub import claim, turns_at
from planrunner.runtime.journal import Intent, Journal
from planrunner.runtime.timers import SetBack, Timers

SEND_WITHIN = timedelta(seconds=2)  # an intent older than this does not leave any more: its owner may have been frozen
FLUSH_WITHIN = 1.0  # seconds
IN_DOUBT = (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)
ON_ITS_WAY = timedelta(seconds=8)  # how long a request that left may take until the venue looks at its reference

# Whoever had the run before may still be writing an intent's bytes; only after this is it looked for. By our own age: the wall
# clock may be set meanwhile.
WAIT_OUT = SEND_WITHIN.total_seconds() + 1

Listener = Callable[[Body, datetime], None]


class GoneAway(Exception):
    """Whoever runs this will not wait any longer. The run stays as it is, to be taken up again."""


@dataclass(frozen=True, slots=True)
class _Posted:
    """A fact from the run's inbox: taken there in the append that writes it down."""

    event: Event
    post: int


class Driver:
    """Drives one run under one epoch until `drive`'s condition holds. Raises Divergence, JournalTrouble, Fenced, GoneAway."""

    def __init__(
        self,
        *,
        run: RunId,
        epoch: int,
        program: Program,
        state: State,
        journal: Journal,
        venues: Mapping[AccountName, Venue],
        clock: HandsClock,
        hooks: Hooks,
        listener: Listener,
    ) -> None:
        self.state = state
        self.ended: Ended | None = None  # how the run ended, once this owner has seen it end
        self._run = run
        self._epoch = epoch
        self._program = program
        self._journal = journal
        self._venues = venues
        self._clock = clock
        self._hooks = hooks
        self._listener = listener
        self._inbox: asyncio.Queue[Event | _Posted | Exception] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers = Timers(clock, self.tell)
        self._flushing = False
        self._turns = {account: turns_at(venue, clock) for account, venue in venues.items()}
        # When the first intent of a reference was committed, on both clocks; of another process's as far as the wall clock tells.
        self._sent: dict[OrderRef, tuple[datetime, float]] = {}
        # What an earlier owner may still be sending, and the age from which it may be looked for.
        self._not_before: dict[OrderRef, float] = {}

    def tell(self, event: Event) -> None:
        """Hand in a fact from outside: a stop, a timer."""
        self._inbox.put_nowait(event)

    def go_away(self) -> None:
        """Leave the run where it is: `drive` raises GoneAway once it has taken what is known by now."""
        self._inbox.put_nowait(GoneAway())

    def fail(self, error: Exception) -> None:
        """The same, with a reason that `drive` raises."""
        self._inbox.put_nowait(error)

    def stop(self, text: str, *, post: int | None = None) -> None:
        """Place nothing more and take back what rests."""
        event = StopRequested(at=self._clock.now(), text=text)
        self._inbox.put_nowait(event if post is None else _Posted(event, post))

    def clock_set(self, by: timedelta) -> None:
        """The wall clock jumped: what it made due fires now, and nothing waits the longer for it."""
        self._timers.look_again()
        way = "forward" if by > timedelta(0) else "back"
        text = f"this machine's clock was set {way} by {abs(by).total_seconds():.0f} s; no deadline comes later for it"
        self._listener(Alert(path="run.clock", text=text, because="recovery"), self._clock.now())

    @property
    def sent(self) -> Collection[OrderRef]:
        """References of which a byte may have left, now or under an earlier owner."""
        return self._sent.keys()

    async def drive(self, first: Sequence[Event], *, settle_within: timedelta | None = None) -> State:
        """Begin with `first`, go on until the run is finished, and leave everything written down.

        With `settle_within`, go on listening that long for the settlement of what matched.
        """
        for event in first:
            self.tell(event)
        self._spawn(self._timers.run())
        for venue in self._venues.values():
            self._spawn(self._hear(venue))
        try:
            await self._take_until(RunPhase.FINISHED, RunPhase.SETTLED)
            if settle_within is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(settle_within.total_seconds()):
                        await self._take_until(RunPhase.SETTLED)
        except Divergence:
            await self._flush_now()
            raise
        finally:
            await self._end_tasks()
        await self._flush_now()
        return self.state

    async def _take_until(self, *phases: RunPhase) -> None:
        while self.state.phase not in phases:
            fact = await self._inbox.get()
            if isinstance(fact, Exception):
                raise fact
            if isinstance(fact, _Posted):
                self._take(fact.event, taken=(fact.post,))
            else:
                self._take(fact)

    # -- taking up a run

    def resume(self, intents: Sequence[Intent], back: SetBack, notes: Sequence[str] = ()) -> list[Event]:
        """The facts that a new owner begins with. `intents` are all that were written down, in order; `notes` what to tell of how
        the run is taken up.

        A placement that was decided but has no intent never left: the epoch was taken from whoever might still write one.
        """
        now, age = self._clock.now(), self._clock.age()
        claim(self._venues, self.state.placements)
        facts: list[Event] = []
        for intent in intents:  # a clock that was set back must not keep a window open
            at_least = abs(now - intent.at) + back.total
            self._sent.setdefault(intent.ref, (intent.at, age - at_least.total_seconds()))  # the earliest stays
        written = {(intent.ref, intent.attempt) for intent in intents}
        for spec in self._program.specs:
            for ref in self.state.orders[spec.path].refs:
                placement = self.state.placements[ref]
                if placement.status is PlacementStatus.PENDING and (ref, placement.attempt) not in written:
                    facts.append(self._not_written(placement, written, now))
        not_before = age + WAIT_OUT
        doubted = (ref for ref in self._sent if self.state.placements[ref].status in IN_DOUBT)
        self._not_before = dict.fromkeys(doubted, not_before)
        self._timers.restore(self.state.timers, back.since)
        if back.last:
            text = (
                f"this machine's clock was set back by {back.last.total_seconds():.0f} s or more while nobody looked after the "
                "run; what was left of its deadlines then is counted from now"
            )
            notes = (*notes, text)
        return [*facts, RunResumed(at=now, epoch=self._epoch, notes=tuple(notes))]

    def _not_written(self, placement: PlacementState, written: set[tuple[OrderRef, int]], now: datetime) -> Event:
        """A request is written down whole, but for what the ledger refused of it."""
        ref, attempt = placement.asked.ref, placement.attempt
        mates = self.state.requests[placement.request_ref].placements
        if any((mate.ref, attempt) in written for mate in mates):
            return OrderDenied(
                at=now,
                ref=ref,
                limit="a limit of the account",
                figure="refused",
                held_by="the run was interrupted before it said why",
            )
        return OrderNotSent(at=now, ref=ref, attempt=attempt, text="the run was interrupted before it was sent")

    # -- one fact

    def _take(self, event: Event, *, taken: tuple[int, ...] = ()) -> None:
        if isinstance(event, TimerFired):
            event = replace(event, at=self._clock.now())
        try:
            decided = step(self._program, self.state, event)
        except Divergence:
            self._write_down(event, taken=taken)  # so that the report can tell what stopped the run
            raise
        self.state = decided.state
        self._write_down(event, *(one for one in decided.commands if not isinstance(one, Placing)), taken=taken)
        for command in decided.commands:
            self._carry_out(command, event.at)

    def _write_down(self, *bodies: Body, taken: tuple[int, ...] = ()) -> None:
        now = self._clock.now()
        self._journal.append_later(self._run, self._epoch, bodies, now, taken=taken)
        if not self._flushing:
            self._flushing = True
            self._spawn(self._flush())
        for body in bodies:
            self._listener(body, now)

    async def _flush(self) -> None:
        await asyncio.sleep(FLUSH_WITHIN)
        self._flushing = False
        await self._flush_now()

    async def _flush_now(self) -> None:
        """Everything written down so far is on the disk."""
        await self._journal.append(self._run, self._epoch, [], self._clock.now())

    def _carry_out(self, command: Command, decided_at: datetime) -> None:
        match command:
            case SetTimers():
                self._timers.set(command.timers, decided_at=decided_at)
            case PlaceOrders() | PlaceTicket():
                self._spawn(self._place(command))
            case CancelOrder() | QueryOrder() | QueryBook() | QueryRunners():
                self._spawn(self._ask(command))
            case WatchMarket():
                self._venues[command.account].watch(command.market)
            case UnwatchMarket():
                self._venues[command.account].unwatch(command.market)
            case FinishRun():
                self.ended = command.ended
            case Alert():
                pass  # heard by the listener
            case _:
                assert_never(command)

    async def _place(self, command: Placing) -> None:
        def reserve(length: timedelta) -> Awaitable[timedelta]:
            return self._journal.reserve(self._run, self._epoch, command.account, length)

        async with self._turns[command.account].to_place(len(command.placements), reserve):
            await self._place_now(command, self._venues[command.account])

    async def _place_now(self, command: Placing, venue: Venue) -> None:
        if any(self._is_overtaken(asked.ref, command.attempt) for asked in command.placements):
            for asked in command.placements:
                text = "something else happened before its turn came"
                self.tell(OrderNotSent(at=self._clock.now(), ref=asked.ref, attempt=command.attempt, text=text))
            return
        intended = await self._journal.intend(self._run, self._epoch, command, self._clock.now(), venue.prepare)
        self._listener(command, intended.committed_at)
        for denied in intended.denied:
            self.tell(denied)
        if intended.request is None or intended.command is None:
            return
        for asked in intended.command.placements:
            self._sent.setdefault(asked.ref, (intended.committed_at, intended.committed_age))
        send_by = self._send_by(intended.command, intended.committed_at, intended.committed_age)
        self._hooks.reached("send.before")
        answer = await venue.send(intended.request, send_by)
        self._hooks.reached("reply.before")
        self._answered(answer)

    def _is_overtaken(self, ref: OrderRef, attempt: int) -> bool:
        """While it waited for its turn the bet was adopted, its order's ending came, or the run was stopped."""
        placement = self.state.placements[ref]
        order = self.state.orders[placement.asked.path]
        is_due = placement.status is PlacementStatus.PENDING and placement.attempt == attempt
        return not is_due or order.winding is not None or self.state.stopping is not None

    def _send_by(self, command: Placing, committed_at: datetime, age: float) -> SendBy:
        """Soon after its commit; and what may be at the venue already only while the venue still refuses it a second time."""
        wall, by_age = committed_at + SEND_WITHIN, age + SEND_WITHIN.total_seconds()
        window = self._program.terms[command.account].idempotent_for
        for asked in command.placements:
            if self.state.placements[asked.ref].maybe_out:
                first_at, first_age = self._sent[asked.ref]
                left = (window or timedelta(0)) - ON_ITS_WAY
                wall = min(wall, first_at + left)
                by_age = min(by_age, first_age + left.total_seconds())
        return SendBy(wall=wall, age=by_age)

    async def _ask(self, command: CancelOrder | QueryOrder | QueryBook | QueryRunners) -> None:
        venue = self._venues[command.account]
        if isinstance(command, CancelOrder):
            await self._flush_now()
        elif isinstance(command, QueryOrder):
            await self._wait_out(command.ref)
        async with self._turns[command.account].to_ask():
            self._hooks.reached("send.before")
            answer = await venue.send(venue.prepare(command), None)
            self._hooks.reached("reply.before")
        self._answered(answer)

    async def _wait_out(self, ref: OrderRef) -> None:
        if (left := self._not_before.pop(ref, 0.0) - self._clock.age()) > 0:
            await asyncio.sleep(left)

    def _answered(self, answer: Answer) -> None:
        exchanges: tuple[Exchange, ...] = answer.exchanges
        if exchanges:
            self._write_down(*exchanges)
        for event in answer.events:
            self.tell(self._with_age(event))
        self._hooks.reached("reply.after")

    def _with_age(self, event: Event) -> Event:
        if not isinstance(event, OrderNotFound) or event.ref not in self._sent:
            return event
        at, age = self._sent[event.ref]
        by_wall = abs(self._clock.now() - at)  # a clock that was set back must not keep a window open
        return replace(event, since_sent=max(by_wall, timedelta(seconds=self._clock.age() - age)))

    # -- tasks

    async def _hear(self, venue: Venue) -> None:
        """Facts about bets of other runs and people are none of this run's."""
        async for event in venue.facts():
            if not isinstance(event, OrderReported | BetSettled) or event.ref in self.state.placements:
                self.tell(event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Our own bug, or the journal's trouble: the loop of `drive` raises it, so nothing is swallowed.
            self._inbox.put_nowait(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
