"""One login of an account, shared by all runs of a process: each run has a seat, and hears what concerns it.

What a venue tells of a market goes to the seats that watch it, what it tells of a bet to the seat that sent its reference, and
that it is down to everybody. A fact costs as much as there are seats that it concerns, however many there are in all. Whoever
comes to a market that is watched already is told what was told of it last; else that run would know nothing until it changes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import assert_never

from planrunner.model.commands import CancelOrder, PlaceOrders, PlaceTicket, QueryBook, QueryOrder, QueryRunners
from planrunner.model.errors import VenueRefused
from planrunner.model.events import (
    AccountChanged,
    BookChanged,
    Event,
    MarketChanged,
    MarketSettled,
    RunnersSeen,
    RunResumed,
    RunStarted,
    StopRequested,
    TimerFired,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import AccountName, Market, MarketId, OrderRef
from planrunner.model.plan import MarketQuery, Target
from planrunner.model.profile import VenueProfile
from planrunner.ports import Answer, Asking, Card, Catalogue, Clock, Request, SendBy, Venue, VenueBet
from planrunner.runtime.turns import Turns

# A refused login is not tried again so soon: venues lock accounts for that. Then it is, since a password may be put right.
AFTER_REFUSAL = timedelta(minutes=1)
# References nobody here has sent: another process's, those of runs that are over, and of runs that are about to be taken up. What
# was told of so many is kept for the latter.
UNCLAIMED = 10_000


class Hub:
    """Of one account. `make` makes its adapter, which is opened for the first seat and closed after the last; it raises what
    making an adapter may raise. One that could not log in, or of which a fault of ours got in the way, is not used again."""

    def __init__(self, make: Callable[[], Venue], clock: Clock) -> None:
        self._make = make
        self._clock = clock
        self._line = _Line(make(), clock)
        self.profile = self._line.venue.profile
        self.turns = Turns.shared(self.profile, clock)
        self._refused: tuple[float, str] | None = None  # the age at which, and why

    def seat(self) -> Seat:
        """For one run. It is a `ports.Venue`: to be opened, and closed in the end."""
        return Seat(self)

    async def close(self) -> None:
        """Whoever still has a seat hears nothing more."""
        await self._line.close()

    async def join(self, seat: Seat) -> _Line:
        """The line that a seat speaks and hears over from now on, logged in. Raises VenueRefused, VenueTrouble."""
        if self._line.is_over:
            self._line = _Line(self._make(), self._clock)
        line = self._line
        line.seats[seat] = None
        try:
            self._refuse_so_soon(line)
            await line.open()
        except BaseException as error:
            if isinstance(error, VenueRefused) and not line.is_open:
                self._refused = self._refused or (self._clock.age(), str(error))
            await line.leave(seat)
            raise
        self._refused = None
        return line

    def _refuse_so_soon(self, line: _Line) -> None:
        if self._refused is None or line.is_open:
            return
        at, text = self._refused
        left = AFTER_REFUSAL.total_seconds() - (self._clock.age() - at)
        if left > 0:
            raise VenueRefused(f"{text}\nThis login is not tried again for {left:.0f} s: venues lock accounts for that.")
        self._refused = None


@dataclass(slots=True)
class _Watched:
    """A market, who watches it, and the last that was told of it."""

    seats: dict[Seat, None] = field(default_factory=dict)
    told: dict[Hashable, Event] = field(default_factory=dict)


class _Line:
    """One adapter from its opening to its end, and who hears it. Over once it could not be opened, failed, or nobody is left."""

    def __init__(self, venue: Venue, clock: Clock) -> None:
        self.venue = venue
        self.seats: dict[Seat, None] = {}
        self.is_over = False
        self._clock = clock
        self._opening: asyncio.Task[None] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._markets: dict[MarketId, _Watched] = {}
        self._of_ref: dict[OrderRef, Seat] = {}
        self._unclaimed: dict[OrderRef, dict[Hashable, Event]] = {}
        self._down: VenueDown | None = None

    @property
    def is_open(self) -> bool:
        return self._pump is not None

    async def open(self) -> None:
        """Once, however many ask for it; all of them are told how it ended."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
            self._opening.add_done_callback(_heed)
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        try:
            await self.venue.open()
        except BaseException:
            self.is_over = True
            raise
        self._pump = asyncio.ensure_future(self._hear())

    async def leave(self, seat: Seat) -> None:
        """With the last seat the adapter goes: nobody's account is looked at, and whatever is wrong with a login ends with it."""
        was_there = seat in self.seats
        self.seats.pop(seat, None)
        if was_there and not self.seats:
            await self.close()

    async def close(self) -> None:
        self.is_over = True
        for task in (self._opening, self._pump):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.venue.close()
        for seat in self.seats:
            seat.end(None)

    # -- what the venue tells

    async def _hear(self) -> None:
        try:
            async for event in self.venue.facts():
                self._tell(event)
        except Exception as error:  # noqa: BLE001 - a fault of ours; every run of the account gets it, and nothing is swallowed
            self.is_over = True
            for seat in self.seats:
                seat.end(error)

    def _tell(self, event: Event) -> None:
        match event:
            case BookChanged() | RunnersSeen() | MarketChanged() | MarketSettled():
                if (watched := self._markets.get(event.market)) is not None:
                    watched.told[_what(event)] = event
                    _to_all(watched.seats, event)
            case VenueDown() | VenueUp() | AccountChanged():
                if not isinstance(event, AccountChanged):
                    self._down = event if isinstance(event, VenueDown) else None
                _to_all(self.seats, event)
            case RunStarted() | RunResumed() | StopRequested() | TimerFired():
                raise AssertionError(f"no venue tells of {event}")
            case _:
                if (seat := self._of_ref.get(event.ref)) is not None:
                    seat.tell(event)
                elif self._markets:
                    self._keep(event.ref, event)

    def _keep(self, ref: OrderRef, event: Event) -> None:
        self._unclaimed.setdefault(ref, {})[type(event), getattr(event, "bet", None)] = event
        while len(self._unclaimed) > UNCLAIMED:
            del self._unclaimed[next(iter(self._unclaimed))]

    # -- who is concerned

    def greet(self, seat: Seat) -> None:
        if self._down is not None:
            seat.tell(replace(self._down, at=self._clock.now()))

    def claim(self, seat: Seat, refs: Iterable[OrderRef]) -> None:
        """These are the seat's bets: what was told of them before somebody said so is told now."""
        for ref in refs:
            self._of_ref[ref] = seat
            for event in self._unclaimed.pop(ref, {}).values():
                seat.tell(replace(event, at=self._clock.now()))

    def disclaim(self, seat: Seat, refs: Iterable[OrderRef]) -> None:
        for ref in refs:
            if self._of_ref.get(ref) is seat:  # else whoever took the run up has it
                del self._of_ref[ref]

    def watch(self, seat: Seat, market: MarketId) -> None:
        if (watched := self._markets.get(market)) is None:
            watched = self._markets[market] = _Watched()
            self.venue.watch(market)
        elif seat not in watched.seats:
            for event in watched.told.values():  # `at` is when this run learns of it
                seat.tell(replace(event, at=self._clock.now()))
        watched.seats[seat] = None

    def unwatch(self, seat: Seat, market: MarketId) -> None:
        """The last one lets go."""
        if (watched := self._markets.get(market)) is None:
            return
        watched.seats.pop(seat, None)
        if watched.seats:
            return
        del self._markets[market]
        self.venue.unwatch(market)
        if not self._markets:
            self._unclaimed.clear()


class Seat:
    """One run's place at a hub: see `ports.Venue`. Other runs' bets and markets are none of its business."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._line: _Line | None = None
        self._told: deque[Event] = deque()
        self._news = asyncio.Event()
        self._watched: set[MarketId] = set()
        self._refs: set[OrderRef] = set()
        self._is_over = False
        self._error: Exception | None = None

    @property
    def profile(self) -> VenueProfile:
        return self._hub.profile

    @property
    def turns(self) -> Turns:
        """Of all runs on the account."""
        return self._hub.turns

    async def open(self) -> None:
        self._line = await self._hub.join(self)
        self._line.greet(self)

    async def close(self) -> None:
        if (line := self._line) is None or self._is_over:
            return
        for market in tuple(self._watched):
            self.unwatch(market)
        line.disclaim(self, self._refs)
        self.end(None)
        await line.leave(self)

    async def find(self, target: Target, *, on: date | None) -> Catalogue:
        return await self._venue.find(target, on=on)

    async def markets(self, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:
        return await self._venue.markets(query, on=on, zone=zone)

    async def products(self, meeting: str, *, on: date | None) -> Card:
        return await self._venue.products(meeting, on=on)

    async def bets(self, since: datetime) -> tuple[VenueBet, ...]:
        return await self._venue.bets(since)

    async def commissions(self, markets: Collection[MarketId]) -> Mapping[MarketId, Decimal]:
        return await self._venue.commissions(markets)

    def prepare(self, command: Asking) -> Request:
        return self._venue.prepare(command)

    async def send(self, request: Request, send_by: SendBy | None) -> Answer:
        self.claim(_refs_of(request.command))
        return await self._venue.send(request, send_by)

    def claim(self, refs: Collection[OrderRef]) -> None:
        """The run's own bets. What it sends is claimed by that; a run that is taken up says what it had before."""
        self._refs.update(refs)
        self._at.claim(self, refs)

    def watch(self, market: MarketId) -> None:
        self._watched.add(market)
        self._at.watch(self, market)

    def unwatch(self, market: MarketId) -> None:
        self._watched.discard(market)
        self._at.unwatch(self, market)

    async def facts(self) -> AsyncIterator[Event]:
        while True:
            while self._told:
                yield self._told.popleft()
            if self._error is not None:
                raise self._error
            if self._is_over:
                return
            self._news.clear()
            await self._news.wait()

    # -- for the hub

    def tell(self, event: Event) -> None:
        self._told.append(event)
        self._news.set()

    def end(self, error: Exception | None) -> None:
        """Nothing more is told, because of this where it is an error."""
        if error is None:
            self._is_over = True
        self._error = self._error or error
        self._news.set()

    @property
    def _at(self) -> _Line:
        assert self._line is not None, "a seat is opened before it is used"
        return self._line

    @property
    def _venue(self) -> Venue:
        return self._at.venue


@asynccontextmanager
async def seats(hubs: Mapping[AccountName, Hub]) -> AsyncIterator[Mapping[AccountName, Venue]]:
    """One for each account of a run, logged in, for as long as it goes on. Raises VenueRefused, VenueTrouble."""
    taken = {name: hub.seat() for name, hub in hubs.items()}
    try:
        for seat in taken.values():
            await seat.open()
        yield taken
    finally:
        for seat in taken.values():
            await seat.close()


def claim(venues: Mapping[AccountName, Venue], refs: Collection[OrderRef]) -> None:
    """For a run that is taken up again, before it watches anything: the bets that it had."""
    for venue in venues.values():
        if isinstance(venue, Seat):
            venue.claim(refs)


def turns_at(venue: Venue, clock: Clock) -> Turns:
    """Of one run: its own, and where it shares the account, among those of all."""
    return Turns.among(venue.turns) if isinstance(venue, Seat) else Turns.of_run(venue.profile, clock)


def _refs_of(command: Asking) -> tuple[OrderRef, ...]:
    match command:
        case PlaceOrders() | PlaceTicket():
            return tuple(one.ref for one in command.placements)
        case CancelOrder() | QueryOrder():
            return (command.ref,)
        case QueryBook() | QueryRunners():
            return ()
        case _:
            assert_never(command)


def _what(event: BookChanged | RunnersSeen | MarketChanged | MarketSettled) -> Hashable:
    """Of two facts of the same the later stands for both."""
    if isinstance(event, BookChanged):
        return BookChanged, event.selection, event.handicap
    return (type(event),)


def _to_all(seats: Iterable[Seat], event: Event) -> None:
    for seat in seats:
        seat.tell(event)


def _heed(opening: asyncio.Task[None]) -> None:
    """Whoever waited for it may be gone; then nobody is left to be told."""
    if not opening.cancelled():
        opening.exception()
