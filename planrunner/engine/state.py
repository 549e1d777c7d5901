"""What is known of a run. Values in persistent maps: a step shares all it does not change, however many orders there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

from rpds import HashTrieMap, List

from planrunner.model.commands import Asked, NewPlacement, Placing
from planrunner.model.market import BetId, MarketId, MarketStatus, OrderRef, SelectionId
from planrunner.model.placement import FINAL, ZERO, PlacementStatus, Sizes
from planrunner.model.plan import LimitOrder
from planrunner.model.program import Program, ProgramOrder, ProgramPoolBet, step_path


@dataclass(frozen=True, slots=True, kw_only=True)
class BetState:
    """A bet as the venue last reported it."""

    bet: BetId
    sizes: Sizes
    average_odds: Decimal | None
    profit: Decimal | None = None  # once settled, before commission


class CancelState(StrEnum):
    """Where the cancel of a placement is. `ANSWERED` waits for sizes that confirm it."""

    NONE = "none"
    ASKED = "asked"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementState:
    """One placement. `maybe_out`: an attempt may have reached the venue, so that a later refusal proves nothing about it."""

    asked: Asked
    request_ref: str
    status: PlacementStatus
    attempt: int
    sent_at: datetime  # when its latest attempt was decided
    bets: tuple[BetState, ...] = ()
    maybe_out: bool = False
    cancel: CancelState = CancelState.NONE
    reason: str | None = None
    transient: bool = False  # refused for a trouble of the venue's own, that passes
    looks: int = 0  # how often it was looked for since its latest attempt

    @property
    def sizes(self) -> Sizes:
        """The sizes over all bets of the placement, against what was asked."""
        if len(self.bets) == 1 and self.bets[0].sizes.stake == self.asked.size:
            return self.bets[0].sizes
        return reduce(_join, (bet.sizes for bet in self.bets), Sizes(stake=self.asked.size))

    @property
    def risk_held(self) -> Decimal:
        """The loss to reckon with: matched and whatever may still match, at the odds asked for. A hedge adds none to what it
        hedges."""
        if self.status in (PlacementStatus.DENIED, PlacementStatus.REJECTED):
            return ZERO
        sizes = self.sizes
        return self.asked.loss(sizes.matched + sizes.remaining)

    @property
    def stake_held(self) -> Decimal:
        """Backer's stake matched or still able to match, but for hedges."""
        if self.asked.is_hedge or self.status in (PlacementStatus.DENIED, PlacementStatus.REJECTED):
            return ZERO
        sizes = self.sizes
        return sizes.matched + sizes.remaining

    @property
    def returns(self) -> Fraction:
        """What a backer of the matched size would get back, stake included; odds that are not told are those asked for."""
        odds = self.limit.odds
        return sum((Fraction(bet.sizes.matched) * Fraction(bet.average_odds or odds) for bet in self.bets), Fraction(0))

    @property
    def returns_as_asked(self) -> Fraction:
        """`returns`, but for what matched at odds that pay back more than those asked for."""
        return min(self.returns, Fraction(self.sizes.matched) * Fraction(self.limit.odds))

    @property
    def limit(self) -> NewPlacement:
        """What was asked for, of an order that has odds."""
        assert isinstance(self.asked, NewPlacement)
        return self.asked

    @property
    def unsettled(self) -> int:
        """Bets with a matched part whose result is still to come."""
        return sum(1 for bet in self.bets if bet.profit is None and bet.sizes.matched)

    @property
    def is_over(self) -> bool:
        return self.status in FINAL


def _join(a: Sizes, b: Sizes) -> Sizes:
    return replace(
        a,
        matched=a.matched + b.matched,
        cancelled=a.cancelled + b.cancelled,
        lapsed=a.lapsed + b.lapsed,
        voided=a.voided + b.voided,
    )


class Phase(StrEnum):
    """Of an order: a hedge nobody asked for yet, not placed yet, at the venue or on its way, over."""

    DORMANT = "dormant"
    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"


class OrderEnd(StrEnum):
    """How an order ended. The first seven are what a plan asks for."""

    MATCHED = "matched in full"
    EXPIRED = "expired"
    CANCELLED = "cancelled by the plan"
    KILLED = "what was not filled at once was killed"
    MOVED = "what was left was moved to another account"
    SKIPPED = "not placed, because a condition did not hold"
    NEEDLESS = "nothing was left to hedge"
    LAPSED = "lapsed at the venue"
    TAKEN_FOR_LESS = "taken for less than was asked"
    VOIDED = "voided by the venue"
    CANCELLED_ELSEWHERE = "cancelled, but not by this run"
    REJECTED = "rejected by the venue"
    DENIED = "refused by a limit"
    NOT_PLACED = "not placed"
    TOO_SMALL = "what was left is too small to place again"
    UNHEDGED = "not hedged in full"
    OVERHEDGED = "hedged more than was left to hedge"
    STOPPED = "stopped"
    UNRESOLVED = "unresolved: the venue may hold it"


AS_PLANNED = frozenset(
    {OrderEnd.MATCHED, OrderEnd.EXPIRED, OrderEnd.CANCELLED, OrderEnd.KILLED, OrderEnd.MOVED, OrderEnd.SKIPPED, OrderEnd.NEEDLESS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Winding:
    """The remainder is being taken back: to place it again at `reprice_to`, or else to end the order as `end`.

    `cancelled_before` was taken back earlier, by somebody else, and is not placed again.
    """

    because: str
    end: OrderEnd
    reprice_to: Decimal | None = None
    cancelled_before: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """A fallback step: how often it acted, when last, and in words what it found when it last looked and did not act."""

    fired: int = 0
    last: datetime | None = None
    note: str | None = None
    due: bool = False  # asked for while the order was in flight; done as soon as it can be


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """An order and its chain. `moved` is what was taken back to be placed again; `matched` is of the whole chain.

    `spec` is the program's, but for what is known only when placing: which runner is the favourite, a hedge's limits.
    """

    spec: ProgramOrder | ProgramPoolBet
    steps: tuple[StepState, ...]
    phase: Phase = Phase.WAITING
    refs: tuple[OrderRef, ...] = ()
    placed_at: datetime | None = None
    ready: bool = False  # its time to be placed has come
    winding: Winding | None = None
    awaits_book: int | None = None  # the fallback step that asked for the odds on offer; the book's answer ends it
    awaits_runners: bool = False  # asked how the market stands, to decide whether and on whom to bet
    found: str | None = None  # what was seen then, in words
    hedge_step: int | None = None  # the fallback step that asked for its hedge
    later: tuple[int, ...] = ()  # fallback steps that still come, though the order is over
    matched_before: Decimal = ZERO  # by the placements before the last
    risk_before: Decimal = ZERO
    moved: Decimal = ZERO
    end: OrderEnd | None = None
    reason: str | None = None

    @property
    def path(self) -> str:
        return self.spec.path

    @property
    def aim(self) -> ProgramOrder:
        """Where an order that has odds goes."""
        assert isinstance(self.spec, ProgramOrder)
        return self.spec

    @property
    def limit(self) -> LimitOrder:
        """An order that has odds, as planned."""
        return self.aim.order

    def step_path(self, index: int) -> str:
        """How commands name a fallback step."""
        return step_path(self.path, index)

    @property
    def ref(self) -> OrderRef | None:
        return self.refs[-1] if self.refs else None

    @property
    def is_hedge(self) -> bool:
        return self.spec.hedges is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketState:
    """A market as last reported; `status` None: not yet. `orders` are the paths of the orders on it."""

    start: datetime
    orders: tuple[str, ...]
    status: MarketStatus | None = None
    in_play: bool = False
    risk_held: Decimal = ZERO
    commission: Decimal | None = None  # once settled
    awaits_commission: bool = False  # bets are settled, the commission on them is not known yet


BookKey: TypeAlias = tuple[MarketId, SelectionId | None, Decimal]


class RunPhase(StrEnum):
    """Of the whole run. A finished one takes facts only."""

    NEW = "new"
    RUNNING = "running"
    FINISHED = "finished"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything known of a run. The totals are kept, never recomputed from all orders."""

    phase: RunPhase
    orders: HashTrieMap[str, OrderState]
    placements: HashTrieMap[OrderRef, PlacementState]
    requests: HashTrieMap[str, Placing]
    markets: HashTrieMap[MarketId, MarketState]
    timers: HashTrieMap[str, datetime]
    books: HashTrieMap[BookKey, List[str]]  # orders that wait for the odds on offer, the latest first
    runners: HashTrieMap[MarketId, List[str]]  # orders that wait to hear how their market stands, the latest first
    open_orders: int
    ends: HashTrieMap[OrderEnd, int]
    later: int = 0  # fallback steps of orders that are over
    risk_held: Decimal = ZERO
    stake_held: Decimal = ZERO
    unsettled: int = 0  # bets with a matched part that are not settled, and markets whose commission is to come
    placed: int = 0  # placements that reached the venue, as far as anybody knows
    stopping: str | None = None
    tickets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the paths of their bets


def initial(program: Program) -> State:
    """Before anything happened."""
    on_market: dict[MarketId, list[str]] = {market: [] for market in program.markets}
    orders = {}
    for spec in program.specs:
        on_market[spec.market].append(spec.path)
        phase = Phase.DORMANT if spec.waits_for is not None else Phase.WAITING
        orders[spec.path] = OrderState(spec=spec, steps=tuple(StepState() for _ in spec.order.fallback), phase=phase)
    markets = {at: MarketState(start=market.start, orders=tuple(on_market[at])) for at, market in program.markets.items()}
    return State(
        phase=RunPhase.NEW,
        orders=HashTrieMap(orders),
        placements=HashTrieMap(),
        requests=HashTrieMap(),
        markets=HashTrieMap(markets),
        timers=HashTrieMap(),
        books=HashTrieMap(),
        runners=HashTrieMap(),
        open_orders=sum(1 for spec in program.specs if spec.waits_for is None),
        ends=HashTrieMap(),
        tickets=_tickets(program),
    )


def _tickets(program: Program) -> dict[str, tuple[str, ...]]:
    tickets: dict[str, tuple[str, ...]] = {}
    for bet in program.pool_bets:
        tickets[bet.ticket] = (*tickets.get(bet.ticket, ()), bet.path)
    return tickets
