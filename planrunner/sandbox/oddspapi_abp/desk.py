"""What every part of the router works on: the world, the bookmakers, the clients' accounts, orders and bets, and who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from planrunner.model.market import MarketStatus
from planrunner.sandbox.agenda import Agenda
from planrunner.sandbox.bookmakers import Book, Bookmaking, Settles
from planrunner.sandbox.faults import Fault, Faults
from planrunner.sandbox.oddspapi_abp.accounts import Account, Accounts
from planrunner.sandbox.oddspapi_abp.breaker import Breaker
from planrunner.sandbox.oddspapi_abp.emergencies import Emergencies
from planrunner.sandbox.oddspapi_abp.hub import Hub
from planrunner.sandbox.oddspapi_abp.ids import Catalogue, Outcome
from planrunner.sandbox.oddspapi_abp.money import Rates
from planrunner.sandbox.oddspapi_abp.orders import Bet, Order
from planrunner.sandbox.oddspapi_abp.quotes import Quotes
from planrunner.sandbox.world import World

FIRST_ORDER, FIRST_BET = 9_001, 5_551
NAME = "oddspapi_abp"


# Compared by identity: orders and bets change.
@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """An order looks for bookmakers."""

    order: Order


@dataclass(frozen=True, slots=True)
class Decide:
    """A bookmaker says what becomes of a bet."""

    bet: Bet


@dataclass(frozen=True, slots=True)
class Expire:
    order: Order


@dataclass(frozen=True, slots=True)
class SettleMarket:
    """A market that closed is settled; with `script`, as the scenario says."""

    market: str
    script: Settles | None = None


@dataclass(frozen=True, slots=True)
class Announce:
    """An emergency begins or ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """A request that was stuck on its way arrives."""

    do: Callable[[int], object]


Thing = Try | Decide | Expire | SettleMarket | Announce | Land


@dataclass(slots=True, kw_only=True)
class Desk:
    world: World
    script: Bookmaking
    faults: Faults
    quotes: Quotes
    rates: Rates
    accounts: Accounts
    catalogue: Catalogue
    emergencies: Emergencies
    hub: Hub
    books: dict[str, Book]
    legacy: bool
    sync_wait: int
    agenda: Agenda[Thing] = field(default_factory=Agenda)
    orders: dict[int, Order] = field(default_factory=dict)
    bets: dict[int, Bet] = field(default_factory=dict)
    by_uuid: dict[tuple[str, str], list[Order]] = field(default_factory=dict)
    on_board: dict[str, list[Order]] = field(default_factory=dict)
    reactions: dict[int, int] = field(default_factory=dict)
    taken_back: dict[str, int] = field(default_factory=dict)
    results: dict[str, object] = field(default_factory=dict)
    breakers: dict[str, Breaker] = field(default_factory=dict)
    order_ids: Iterator[int] = field(default_factory=lambda: count(FIRST_ORDER))
    bet_ids: Iterator[int] = field(default_factory=lambda: count(FIRST_BET))

    def breaker(self, slug: str) -> Breaker:
        return self.breakers.setdefault(slug, Breaker())

    def is_down(self, slug: str, at: int) -> bool:
        """Whether a bookmaker does not answer."""
        return any(self.emergencies.covers(span, at) for span in self.books[slug].down)

    def account(self, order: Order, slug: str) -> Account | None:
        return self.accounts.used(order.client, slug)

    def is_open(self, outcome: Outcome, at: int) -> bool:
        """Whether bets are taken on an outcome at a moment."""
        board = outcome.board
        board.advance(at)
        return board.status is MarketStatus.OPEN and outcome.runner.id not in board.market.removed

    def strike_bookmaker(self, slug: str) -> Fault | None:
        """Bookmakers are struck by name only: `bookmaker:pinnacle`."""
        call = f"bookmaker:{slug}"
        return self.faults.strike(call) if any(fault.call == call for fault in self.faults.faults) else None

    def write(self, kind: str, at: int, **facts: Any) -> None:
        self.world.log.write(kind, at, venue=NAME, **facts)
