"""What `step` decides. A command is written down before it is carried out.

`because` names the rule that asked for it: a path in the plan (`orders.arsenal.fallback.1`, `orders.arsenal.ending`) or one of
`plan`, `recovery`, `stop`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType


class Persistence(StrEnum):
    """What becomes of the remainder when the market turns in-play."""

    LAPSE = "lapse"
    PERSIST = "persist"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlacement:
    """One bet to ask for. `odds` are on the market's ladder, `size` is the backer's stake in the account's currency.

    A hedge adds nothing to what can be lost with the bets it hedges, so it holds no room under limits of loss and exposure.
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
