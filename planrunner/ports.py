"""What the hands need from the world, as protocols. Twins (virtual clock, sandboxes) stand behind the same ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from planrunner.model.commands import CancelOrder, Placing, QueryBook, QueryOrder, QueryRunners
from planrunner.model.events import BetSettled, Event
from planrunner.model.journal import Exchange
from planrunner.model.market import BetId, Market, MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.model.plan import MarketQuery, Target
from planrunner.model.pools import Product
from planrunner.model.profile import VenueProfile

# What is asked of a venue: each is one request.
Asking: TypeAlias = Placing | CancelOrder | QueryOrder | QueryBook | QueryRunners


class Clock(Protocol):
    """Wall clock and waiting. The virtual one stands still while anything is pending and then jumps to the next deadline."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def age(self) -> float:
        """Seconds on a clock that never steps back and, where the system has one, goes on while the machine sleeps."""
        ...

    async def sleep_until(self, at: datetime) -> None:
        """Returns once `now() >= at`, also after the wall clock was set."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Made by `Venue.prepare`, carried out by `Venue.send`. `redacted` is exactly the body, secrets removed."""

    command: Asking
    method: str
    url: str
    content: bytes
    redacted: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a request: the facts in order, and the exchanges (a look-up may need several)."""

    events: tuple[Event, ...]
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBy:
    """No byte leaves once either clock says that the intent is too old: its owner may have been frozen meanwhile."""

    wall: datetime
    age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What the venue knows near a target: whole markets, and the names of other fixtures of that day for *did you mean*."""

    markets: tuple[Market, ...]
    nearby: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The pools of a meeting, and the names of other meetings of that day for *did you mean*."""

    products: tuple[Product, ...] = ()
    nearby: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueBet:
    """A bet of the account as the venue lists it, whoever placed it. `ref` is None for one without: placed by hand, or by a
    program that gives none. `settled`: its result, where the venue has told it. A bet in a pool has no side, no odds and more
    than one selection: `side` and `odds` are None, `selection` is empty."""

    bet: BetId
    ref: OrderRef | None
    market: MarketId
    selection: SelectionId
    side: Side | None
    odds: Decimal | None
    sizes: Sizes
    average_odds: Decimal | None
    settled: BetSettled | None = None


class Venue(Protocol):
    """One account at one venue. The engine can't tell a stream from polling, nor a sandbox from the real thing."""

    @property
    def profile(self) -> VenueProfile: ...

    async def open(self) -> None:
        """Log in. Raises VenueRefused (wrong credentials) or VenueTrouble."""
        ...

    async def close(self) -> None: ...

    async def find(self, target: Target, *, on: date | None) -> Catalogue:
        """Markets that may hold the target. Raises VenueTrouble."""
        ...

    async def markets(self, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:
        """All markets that fit, by start and then id. `on` is the query's day or today, a day of `zone`. Raises VenueTrouble,
        and NotInCatalogue for a word the venue does not know; raises VenueRefused where there are more than it lists at once,
        or one is of a kind planrunner does not bet on, rather than leave some out."""
        ...

    async def products(self, meeting: str, *, on: date | None) -> Card:
        """The pools of a meeting, whether they are open or not. Raises VenueTrouble, VenueRefused; a venue without pools has an
        empty card."""
        ...

    async def bets(self, since: datetime) -> tuple[VenueBet, ...]:
        """All bets of the account in markets that are not settled, and those with a reference that were cleared since. Raises
        VenueTrouble, also for one that can't be read, and VenueRefused."""
        ...

    async def commissions(self, markets: Collection[MarketId]) -> Mapping[MarketId, Decimal]:
        """What the venue charged the account in each of these markets, in which every bet of ours is settled and one was not
        void. One that is not told yet is left out. Raises VenueTrouble, VenueRefused."""
        ...

    def prepare(self, command: Asking) -> Request:
        """Pure: the exact bytes, before anything is sent, and their redacted twin for the journal."""
        ...

    async def send(self, request: Request, send_by: SendBy | None) -> Answer:
        """Carry out one request. Never raises for what a venue or network can do: that is an event in the answer."""
        ...

    def watch(self, market: MarketId) -> None: ...

    def unwatch(self, market: MarketId) -> None: ...

    def facts(self) -> AsyncIterator[Event]:
        """Market changes, reports of our bets and settlements, for the watched markets, until closed."""
        ...


class Secrets(Protocol):
    def get(self, account: str, name: str) -> str:
        """Raises Refused with what to set, and where."""
        ...

    def learn(self, value: str) -> None:
        """What a venue gave in return, a session's token, is a secret as well: kept out of whatever is written or shown."""
        ...
