"""Orders and the bets they became. The two have states of their own: a bet may be confirmed after its order has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from planrunner.matching.routing import Filled, Mode, Part, Wanted, mode_of
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.oddspapi_abp.ids import Outcome
from planrunner.sandbox.oddspapi_abp.money import down
from planrunner.sandbox.oddspapi_abp.wire import Json

ZERO = Decimal(0)


class OrderStatus(StrEnum):
    """`PENDING`: queued, also between two tries; `PROCESSING`: a first bet is on its way; `PARTIALLY_FILLED` may still go on."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    FILLED = "FILLED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class BetStatus(StrEnum):
    """`PLACED`: sent, awaiting the bookmaker."""

    PENDING = "PENDING"
    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    VOID = "VOID"


class Settlement(StrEnum):
    UNSETTLED = "UNSETTLED"
    WON = "WON"
    LOST = "LOST"
    VOID = "VOID"
    HALF_WON = "HALF_WON"
    HALF_LOST = "HALF_LOST"
    PUSH = "PUSH"
    CASHOUT = "CASHOUT"


ON_THE_WAY = frozenset((BetStatus.PENDING, BetStatus.PLACED))
STANDS = frozenset((BetStatus.CONFIRMED, BetStatus.VOID))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """An order as a client sent it, checked for its shape. `expires` is capped; `bookmakers` None: all the key may use."""

    uuid: str
    fixture: str
    outcome: int
    player: int
    price: Decimal
    stake: Decimal
    user_ref: str | None
    test: bool
    expires: int
    bookmakers: tuple[str, ...] | None = None
    currency: str = "USD"
    back: bool = True
    better: bool = True
    partial: bool = True
    future: bool = False
    meta: Json = None


@dataclass(slots=True, kw_only=True)
class Promise:
    """So much of an order, in its currency, finds a bookmaker at its own odds from then on."""

    since: int
    left: Decimal


@dataclass(slots=True, kw_only=True)
class Bet:
    """`part` says what was bet in both currencies, `rate` how they stood; `number` is the bookmaker's own id.
    `taken_back`: it never counted, whatever the result.
    """

    id: int
    order: Order
    username: str
    currency: str
    rate: Fraction
    part: Part
    number: str
    placed_at: int
    updated: int
    stamp: str
    fails: BetStatus | None = None
    status: BetStatus = BetStatus.PENDING
    settlement: Settlement = Settlement.UNSETTLED
    amount: Decimal | None = None
    taken_back: bool = False

    @property
    def stake(self) -> Decimal:
        """In the order's currency, in whole cents."""
        return down(self.part.stake)


@dataclass(slots=True, kw_only=True)
class Order:
    """`books` are the bookmakers it may go to; `shunned` those that rejected a bet of it, until they offer something new.
    `tried`: it has looked for a bookmaker in vain.
    """

    id: int
    client: str
    spec: Spec
    outcome: Outcome
    books: tuple[str, ...]
    created: int
    updated: int
    struck: Fault | None = None
    status: OrderStatus = OrderStatus.PENDING
    ended: bool = False
    bets: list[Bet] = field(default_factory=list)
    shunned: dict[str, str] = field(default_factory=dict)
    given_up: Decimal = ZERO
    tries_at: int | None = None
    tried: bool = False
    promise: Promise | None = None

    @property
    def wanted(self) -> Wanted:
        spec = self.spec
        return Wanted(price=spec.price, stake=spec.stake, mode=self.mode, back=spec.back, better=spec.better)

    @property
    def mode(self) -> Mode:
        return mode_of(len(self.books), partial=self.spec.partial)

    @property
    def routed(self) -> Filled:
        """What stands, exactly; what is still on its way is not counted."""
        filled = Filled()
        for bet in self.bets:
            if bet.status in STANDS:
                filled = filled.add(bet.part)
        return filled

    @property
    def filled(self) -> Decimal:
        return sum((bet.stake for bet in self.bets if bet.status in STANDS), ZERO)

    @property
    def remaining(self) -> Decimal:
        return self.spec.stake - self.filled

    @property
    def on_the_way(self) -> list[Bet]:
        return [bet for bet in self.bets if bet.status in ON_THE_WAY]

    @property
    def is_cancellable(self) -> bool:
        return not self.ended and self.status in (OrderStatus.PENDING, OrderStatus.PARTIALLY_FILLED)
