"""Facts, as they reach `step`. `at` is when planrunner learned of it (UTC); decisions know no other time.

Every amount is in the account's currency; `reason` is the venue's own code, `text` says it in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from planrunner.model.market import AccountName, BetId, MarketId, MarketStatus, OrderRef, SelectionId
from planrunner.model.money import Money
from planrunner.model.placement import ZERO, Sizes
from planrunner.model.pools import Dividend
from planrunner.model.program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    at: datetime
    program: Program


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """Another process took the run over; whatever was in flight is now in doubt. `notes` say, in whole sentences, what is not as
    it was when the run began or was interrupted."""

    at: datetime
    epoch: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """`due` is the deadline that was set; a timer that was replaced since is recognised by it."""

    at: datetime
    name: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChanged:
    """Best offers a taker can have now (odds, size); None: nobody offers. `back` is what a backer can take."""

    at: datetime
    market: MarketId
    selection: SelectionId
    handicap: Decimal
    back: tuple[Decimal, Decimal] | None
    lay: tuple[Decimal, Decimal] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A runner that still takes part, in the venue's own order. `back` is what a backer can take now, the best first, as
    (odds, size); `lay` what a layer can."""

    selection: SelectionId
    handicap: Decimal
    name: str
    back: tuple[tuple[Decimal, Decimal], ...]
    lay: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnersSeen:
    """A whole market at one moment."""

    at: datetime
    market: MarketId
    status: MarketStatus
    in_play: bool
    runners: tuple[Runner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketChanged:
    at: datetime
    market: MarketId
    status: MarketStatus
    in_play: bool
    start: datetime


STOPPED = "stopped"  # the `limit` of a placement that a stop covers: no figure was too high


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied:
    """Our own ledger refused the placement: `limit` would be exceeded; `held_by` says what holds it.

    Where a stop is in force the limit is `STOPPED`, `figure` is what is stopped and `held_by` why, since when and by whom.
    """

    at: datetime
    ref: OrderRef
    limit: str
    figure: str
    held_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNotSent:
    """Proof that this attempt made no bet and may be made again: our own door says that no byte left, or the venue says that it
    did not look at the request, because a login had ended or too many came at once."""

    at: datetime
    ref: OrderRef
    attempt: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What one bookmaker holds of a bet that a router spreads. `size` is in the account's currency, `paid` in the bookmaker's
    account's; `status` is the router's own word."""

    id: str
    bookmaker: str
    odds: Decimal
    size: Decimal
    paid: Money
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted:
    at: datetime
    ref: OrderRef
    bet: BetId
    sizes: Sizes
    average_odds: Decimal | None = None
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected:
    """The venue says that the bet does not exist, with its reason.

    `conclusive`: that is said of the reference itself, as the venue keeps it, and so of every attempt under it. `transient`: the
    venue says that the trouble is its own and passes; a new bet, under a new reference, may do better.
    """

    at: datetime
    ref: OrderRef
    reason: str
    text: str
    conclusive: bool = False
    transient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown:
    """The answer to a placement, or to a look-up, was lost or says nothing certain."""

    at: datetime
    ref: OrderRef
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNotFound:
    """A look-up came back empty. That proves nothing.

    `since_sent` is the time since the first intent on whichever clock says more (the driver fills it in); it tells whether the
    venue still refuses a second request with the same reference.
    """

    at: datetime
    ref: OrderRef
    since_sent: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReported:
    """What the venue holds: all sizes so far (never increments, so repeats and late ones do no harm).

    `at_venue` is the venue's own time of the latest change, where it tells.
    """

    at: datetime
    ref: OrderRef
    bet: BetId
    sizes: Sizes
    average_odds: Decimal | None = None
    at_venue: datetime | None = None
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAccepted:
    """The venue took `size` back. The sizes are confirmed by a look-up before anything is built on them."""

    at: datetime
    ref: OrderRef
    bet: BetId
    size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRefused:
    """Most often because nothing was left to cancel; a look-up tells."""

    at: datetime
    ref: OrderRef
    bet: BetId
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelUnknown:
    at: datetime
    ref: OrderRef
    bet: BetId
    text: str


class Outcome(StrEnum):
    """How a bet was settled."""

    WON = "won"
    LOST = "lost"
    VOID = "void"
    HALF_WON = "half won"
    HALF_LOST = "half lost"
    CASHED_OUT = "cashed out"
    MIXED = "settled in parts"  # its fills ended differently


@dataclass(frozen=True, slots=True, kw_only=True)
class BetSettled:
    """`profit` is before commission, negative for a loss. `refunded` is what came back of the stake of a pool bet for runners
    that did not run; `dividends` are what its pool pays."""

    at: datetime
    ref: OrderRef
    bet: BetId
    outcome: Outcome
    profit: Decimal
    refunded: Decimal = ZERO
    dividends: tuple[Dividend, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettled:
    """All bets of the account in the market are settled; `commission` is charged on the market's net winnings."""

    at: datetime
    account: AccountName
    market: MarketId
    commission: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    at: datetime
    account: AccountName
    available: Decimal
    exposure: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueDown:
    at: datetime
    account: AccountName
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueUp:
    at: datetime
    account: AccountName


Event: TypeAlias = (
    RunStarted | RunResumed | StopRequested | TimerFired | BookChanged | RunnersSeen | MarketChanged
    | OrderDenied | OrderNotSent | OrderAccepted | OrderRejected | OrderUnknown | OrderNotFound | OrderReported
    | CancelAccepted | CancelRefused | CancelUnknown
    | BetSettled | MarketSettled | AccountChanged | VenueDown | VenueUp
)  # fmt: skip
