"""What `step` decides. A command is written down before it is carried out.

`because` names the rule that asked for it: a path in the plan (`orders.arsenal.fallback.1`, `orders.arsenal.ending`) or one of
`plan`, `recovery`, `stop`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from planrunner.model.exposure import risk
from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.placement import ZERO
from planrunner.model.plan import OrderType, Routing
from planrunner.model.pools import PickedLeg


class Persistence(StrEnum):
    """What becomes of the remainder when the market turns in-play."""

    LAPSE = "lapse"
    PERSIST = "persist"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlacement:
    """One bet to ask for. `odds` are on the market's ladder, `size` is the backer's stake in the account's currency.

    A hedge adds nothing to what can be lost with the bets it hedges, so it holds no room under limits of loss and exposure.
    `good_until`: when a venue that knows expiry ends it by itself.
    """

    ref: OrderRef
    path: str
    rung: int
    selection: SelectionId
    handicap: Decimal
    side: Side
    odds: Decimal
    size: Decimal
    type: OrderType
    min_fill: Decimal | None = None
    persistence: Persistence = Persistence.LAPSE
    is_hedge: bool = False
    good_until: datetime | None = None
    routing: Routing | None = None

    @property
    def words(self) -> str:
        """`back 10.00 at 3.10`."""
        return f"{self.side.value} {self.size:.2f} at {self.odds}"

    def loss(self, size: Decimal) -> Decimal:
        """What so much of it can lose. Nothing for a hedge: it is counted with the bets it hedges."""
        return ZERO if self.is_hedge else risk(self.side, size, self.odds)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPoolBet:
    """One bet in a pool to ask for. `size` is the whole cost: `lines` of `unit` each, in the account's currency."""

    ref: OrderRef
    path: str
    rung: int
    market: MarketId
    legs: tuple[PickedLeg, ...]
    lines: int
    unit: Decimal
    size: Decimal

    @property
    def is_hedge(self) -> bool:
        return False

    @property
    def words(self) -> str:
        """`6 lines of 1.00 for 6.00`."""
        return f"{self.lines} line{'' if self.lines == 1 else 's'} of {self.unit:.2f} for {self.size:.2f}"

    def loss(self, size: Decimal) -> Decimal:
        """A pool bet can lose what it costs."""
        return size


Asked: TypeAlias = NewPlacement | NewPoolBet


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrders:
    """Exactly one request. Sent again only as the same command with the next `attempt`: same references, identical body."""

    account: AccountName
    market: MarketId
    request_ref: str
    attempt: int
    placements: tuple[NewPlacement, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTicket:
    """Exactly one request, for all bets of one ticket, as `PlaceOrders`; `request_ref` is the ticket's reference."""

    account: AccountName
    ticket: str
    request_ref: str
    attempt: int
    placements: tuple[NewPoolBet, ...]
    because: str


Placing: TypeAlias = PlaceOrders | PlaceTicket


def market_of(command: Placing, asked: Asked) -> MarketId:
    """Where one placement of a request goes: all of its orders into one market, each bet of a ticket into a pool of its own."""
    match command, asked:
        case PlaceOrders(), _:
            return command.market
        case PlaceTicket(), NewPoolBet():
            return asked.market
        case _:
            raise AssertionError(f"{command.ticket} is a ticket, and {asked.ref} is no bet in a pool")


def narrowed(command: Placing, to: Collection[OrderRef]) -> Placing:
    """The same request with these placements only."""
    if isinstance(command, PlaceOrders):
        return replace(command, placements=tuple(one for one in command.placements if one.ref in to))
    return replace(command, placements=tuple(one for one in command.placements if one.ref in to))


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Take back all that remains of one bet."""

    account: AccountName
    market: MarketId
    ref: OrderRef
    bet: BetId
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOrder:
    """Ask the venue what it holds under a reference."""

    account: AccountName
    market: MarketId
    ref: OrderRef
    stake: Decimal
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryBook:
    """Ask for the odds on offer now; answered by `BookChanged`, which is thereby written down."""

    account: AccountName
    market: MarketId
    selection: SelectionId
    handicap: Decimal
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRunners:
    """Ask for a whole market as it is now, all runners with their offers; answered by `RunnersSeen`, which is written down."""

    account: AccountName
    market: MarketId
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchMarket:
    account: AccountName
    market: MarketId


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwatchMarket:
    account: AccountName
    market: MarketId


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A deadline. Setting a name again replaces it; `at` None takes it back."""

    name: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimers:
    timers: tuple[Timer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Tell the owner."""

    path: str
    text: str
    because: str


class Ended(StrEnum):
    """How a run finished; the exit code follows from it."""

    AS_PLANNED = "as planned"
    NOT_AS_PLANNED = "not as planned"
    NOTHING_PLACED = "nothing placed"
    UNRESOLVED = "unresolved"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishRun:
    ended: Ended


Command: TypeAlias = (
    PlaceOrders
    | PlaceTicket
    | CancelOrder
    | QueryOrder
    | QueryBook
    | QueryRunners
    | WatchMarket
    | UnwatchMarket
    | SetTimers
    | Alert
    | FinishRun
)
