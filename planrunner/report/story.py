"""The story of a run: everything a report says, as values. How it looks is decided elsewhere.

Amounts are exact and in the run's currency; averages are exact fractions, rounded only when shown. Every `Parts` adds up:
`matched + remaining + unknown + cancelled + moved + lapsed + voided + not_placed` is the stake it stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from planrunner.model.events import Fill, Outcome
from planrunner.model.market import BetId, MarketStatus, OrderRef
from planrunner.model.odds import Side
from planrunner.model.pools import Dividend, Pick

ZERO = Decimal(0)
PENNY = Fraction(1, 100)  # a venue rounds what it pays


class Tone(StrEnum):
    """How a reader should feel about it; decides colours, never words."""

    GOOD = "good"
    PLAIN = "plain"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where a stake went. `unknown`: sent, and the venue's answer is not known. `moved`: cancelled to be placed again at other
    odds or on another account (always 0 for an order as a whole). `not_placed`: never stood at the venue (rejected, refused by a
    limit, never sent). A bet in a pool is `matched` once it is accepted, and `remaining` while the pool says neither yes nor no.
    """

    stake: Decimal = ZERO
    matched: Decimal = ZERO
    remaining: Decimal = ZERO
    unknown: Decimal = ZERO
    cancelled: Decimal = ZERO
    moved: Decimal = ZERO
    lapsed: Decimal = ZERO
    voided: Decimal = ZERO
    not_placed: Decimal = ZERO

    def named(self) -> tuple[tuple[str, Decimal], ...]:
        """The parts in the order in which people ask for them."""
        return (
            ("matched", self.matched),
            ("remaining", self.remaining),
            ("unknown", self.unknown),
            ("cancelled", self.cancelled),
            ("moved", self.moved),
            ("lapsed", self.lapsed),
            ("voided", self.voided),
            ("not placed", self.not_placed),
        )

    @property
    def total(self) -> Decimal:
        return sum((size for _, size in self.named()), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillStory:
    """A part that found a counterparty, as learned between two reports of the venue."""

    at: datetime
    size: Decimal
    odds: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One moment in words. `order` is the path of the order it is about."""

    at: datetime
    text: str
    order: str | None = None
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class BetStory:
    """A bet the venue holds, and its result once settled; `profit` is before commission."""

    bet: BetId
    matched: Decimal
    average_odds: Fraction | None
    outcome: Outcome | None = None
    profit: Decimal | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementStory:
    """One reference at the venue. `because` says who asked for it; rung 0 is the order as planned. `bookmakers` is what each of
    a router's bookmakers holds of it, as it was told last."""

    ref: OrderRef
    rung: int
    because: str
    odds: Decimal
    parts: Parts
    status: str
    tone: Tone
    asked_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    average_odds: Fraction | None
    attempts: int
    stays_in_play: bool
    bets: tuple[BetStory, ...]
    fills: tuple[FillStory, ...]
    reason: str | None
    bookmakers: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStory:
    """A fallback step: `effects` if it acted, otherwise `why_not`."""

    number: int
    text: str
    line: int
    fired: int
    effects: tuple[Happening, ...]
    why_not: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferStory:
    """The best offers that a rule looked at: (odds, size). `back` is what a backer could take."""

    at: datetime
    back: tuple[Decimal, Decimal] | None
    lay: tuple[Decimal, Decimal] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The latest of the offers at certain odds; `name` is `back` or `lay`, `count` how many there were."""

    at: datetime
    name: str
    size: Decimal
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeStory:
    """What an order's hedge came to, `path` its own order: the profit of both together, before commission. `how`: `Hedged`,
    `Hedged in part`, `Hedged too much`, `Not hedged`, `Hedging`."""

    path: str
    how: str
    text: str
    if_it_wins: Decimal
    if_it_does_not: Decimal
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStory:
    """What was left of an order and went to another account, `path` the order there. `here` is where the whole stake went before,
    with `size` as moved; `there` is where that went."""

    path: str
    account: str
    venue: str
    size: Decimal
    here: Parts
    average_here: Fraction | None
    there: Parts
    average_there: Fraction | None
    ended: str
    tone: Tone
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStory:
    """An order: what was asked, the chain of its placements, what came of it. `ladder` are the ticks to draw: number, odds.

    `offers` are what a rule looked at, but for `offers_left_out` in their middle; `offered` counts all of them by their odds.
    `found` is what was seen of the market before it was placed, where it looked. `hedges` names the order that this one hedges;
    its stake is then the sum of what was asked for, in no total. `takes_over` names the order whose remainder this one took over:
    it is in no total either, for with a `move` the parts, odds, losses and profit of an order are those of both together.
    `averaging` says, where the odds hold for the average, what that means for single fills.
    """

    name: str
    path: str
    line: int
    target: str
    selection: str
    market: str
    account: str
    venue: str
    side: Side
    odds: str
    odds_limit: Fraction
    floor: Fraction | None
    type: str
    asks: tuple[str, ...]
    parts: Parts
    moved: Decimal
    average_odds: Fraction | None
    placements: tuple[PlacementStory, ...]
    steps: tuple[StepStory, ...]
    offers: tuple[OfferStory, ...]
    offers_left_out: int
    offered: Mapping[Decimal, Offered]
    ladder: tuple[tuple[int, Decimal], ...]
    ended: str
    tone: Tone
    ended_at: datetime | None
    loss_before: Decimal
    loss_after: Decimal
    profit: Decimal | None
    found: str | None = None
    hedge: HedgeStory | None = None
    hedges: str | None = None
    move: MoveStory | None = None
    takes_over: str | None = None
    averaging: str | None = None

    @property
    def bookmakers(self) -> tuple[tuple[OrderRef, Fill], ...]:
        """What bookmakers hold of it, and under which reference."""
        return tuple((placement.ref, fill) for placement in self.placements for fill in placement.bookmakers)

    @property
    def is_planned(self) -> bool:
        """An order of the plan itself: it counts in the totals."""
        return self.hedges is None and self.takes_over is None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegStory:
    """A race of a bet in a pool: `race` as the plan calls it, `name` as the venue does."""

    race: str
    name: str
    picks: tuple[Pick, ...]
    reserves: tuple[Pick, ...]
    text: str

    @property
    def places(self) -> tuple[tuple[int | None, tuple[Pick, ...]], ...]:
        """The runners of each place; one group without a place where the order does not count or any will do."""
        groups = {place: tuple(one for one in self.picks if one.place == place) for place in (one.place for one in self.picks)}
        chosen = [{one.selection for one in group} for group in groups.values()]
        if len(chosen) > 1 and all(one == chosen[0] for one in chosen):
            return ((None, next(iter(groups.values()))),)
        return tuple(groups.items())

    @property
    def is_any_order(self) -> bool:
        """Places count, and each of the runners may take any."""
        return bool(self.picks) and self.picks[0].place is not None and self.places[0][0] is None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlacementStory:
    """A bet under one reference, within the ticket of the reference `ticket`. `bets` are the venue's own numbers."""

    ref: OrderRef
    ticket: str
    because: str
    parts: Parts
    status: str
    tone: Tone
    asked_at: datetime
    answered_at: datetime | None
    accepted_at: datetime | None
    closed_at: datetime | None
    attempts: int
    bets: tuple[BetId, ...]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolBetStory:
    """A bet in a pool: what was asked, what became of it, what it paid. `spelled` are its lines where they are few.

    `returned` is all that came back, `refunded` the part of it that is stake; both are known with the result.
    """

    name: str
    path: str
    number: int
    line: int
    pool: str
    market: str
    product: str
    start: datetime
    legs: tuple[LegStory, ...]
    lines: int
    spelled: tuple[str, ...]
    unit: Decimal
    parts: Parts
    placements: tuple[PoolPlacementStory, ...]
    steps: tuple[StepStory, ...]
    ended: str
    tone: Tone
    ended_at: datetime | None
    loss_after: Decimal
    outcome: Outcome | None
    returned: Decimal | None
    refunded: Decimal
    profit: Decimal | None
    settled_at: datetime | None
    dividends: tuple[Dividend, ...]

    @property
    def asked(self) -> str:
        """`exacta, race 3: 4 Miss Dolly Rocker, 6 Sea Fret in any order`."""
        return f"{self.pool}, {'; '.join(leg.text for leg in self.legs)}"

    @property
    def is_open(self) -> bool:
        """Accepted, and its result is not known."""
        return bool(self.parts.matched) and self.profit is None

    @property
    def result(self) -> str:
        return "not settled yet" if self.outcome is None else self.outcome.value


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketStory:
    """Bets in pools that were placed together. `headline` tells it in a line; `returned`, `refunded` and `profit` are of the
    bets whose results are known, `open` counts the others that were accepted."""

    name: str
    path: str
    account: str
    venue: str
    meeting: str
    asks: tuple[str, ...]
    bets: tuple[PoolBetStory, ...]
    references: tuple[str, ...]
    parts: Parts
    loss_after: Decimal
    returned: Decimal | None
    refunded: Decimal
    profit: Decimal | None
    open: int
    headline: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStory:
    """A limit of the plan and the closest the run came to it at any moment. Figures are amounts, or counts for orders."""

    name: str
    text: str
    used: Decimal
    allowed: Decimal
    is_money: bool = True

    @property
    def share(self) -> Decimal:
        """Of what is allowed, between 0 and 1 (more where a limit was broken)."""
        return self.used / self.allowed if self.allowed else Decimal(1 if self.used else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of a market's life as it was learned; `until` None: to the end of the story."""

    since: datetime
    until: datetime | None
    status: MarketStatus
    in_play: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStory:
    id: str
    name: str
    fixture: str
    start: datetime
    commission_rate: Decimal
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeStory:
    """A request to the venue and its answer, secrets already removed; `trouble` where no useful answer came."""

    seq: int
    title: str
    method: str
    url: str
    sent_at: datetime
    answered_at: datetime | None
    status: int | None
    request: Any
    answer: Any
    trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnresolvedStory:
    """A reference that the venue may or may not hold, and what a person has to do about it."""

    ref: OrderRef
    order: str
    what: str
    at_risk: Decimal
    to_do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledBet:
    order: str
    ref: OrderRef
    bet: BetId
    selection: str
    side: Side
    matched: Decimal
    average_odds: Fraction | None
    outcome: Outcome | None
    profit: Decimal | None

    @property
    def result(self) -> str:
        """In words. In a dead heat a winner is paid on its share of the place alone, less the rest of the stake."""
        if self.outcome is None or self.profit is None:
            return "not settled yet"
        return f"{self.outcome.value} in part, as in a dead heat" if self._is_shared(self.profit) else self.outcome.value

    def _is_shared(self, profit: Decimal) -> bool:
        runner_won = self.outcome is (Outcome.WON if self.side is Side.BACK else Outcome.LOST)
        if not runner_won or self.average_odds is None:
            return False
        whole = Fraction(self.matched) * (self.average_odds - 1)
        return whole - Fraction(profit if self.side is Side.BACK else -profit) > PENNY


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPoolBet:
    """Of a bet in a pool: `taken` is what the pool took of its stake."""

    order: str
    ref: OrderRef
    bet: BetId
    what: str
    taken: Decimal
    outcome: Outcome | None
    returned: Decimal | None
    refunded: Decimal
    profit: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    market: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementStory:
    """Results so far. `open` bets have a matched part whose result is not known yet. A pool takes no commission of its bets."""

    bets: tuple[SettledBet, ...]
    commissions: tuple[Commission, ...]
    profit: Decimal
    commission: Decimal
    net: Decimal
    open: int
    pool_bets: tuple[SettledPoolBet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Which run this was. Times are UTC; `zone` is the one in which they are told; `notes` are on the world it took place in."""

    run: str
    plan_file: str
    plan_name: str
    digest: str
    mode: str
    seed: int | None
    case: str | None
    market_data: str | None
    notes: tuple[str, ...]
    created: datetime
    zone: str
    started: datetime | None
    ended: datetime | None
    settled: datetime | None
    how: str
    exit_code: int | None
    exit_meaning: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything; `loss_before` is the worst loss of the plan, `loss_after` what can still be lost by what stands matched.

    Going through `exchanges` reads the journal, which may raise JournalTrouble.
    """

    headline: str
    badge: Badge
    run: RunFacts
    currency: str
    parts: Parts
    average_odds: Fraction | None
    loss_before: Decimal
    loss_after: Decimal
    orders: tuple[OrderStory, ...]
    limits: tuple[LimitStory, ...]
    markets: tuple[MarketStory, ...]
    alerts: tuple[Happening, ...]
    happenings: tuple[Happening, ...]
    unresolved: tuple[UnresolvedStory, ...]
    settlement: SettlementStory | None
    exchanges: Collection[ExchangeStory]
    tickets: tuple[TicketStory, ...] = ()

    @property
    def pool_bets(self) -> tuple[PoolBetStory, ...]:
        return tuple(bet for ticket in self.tickets for bet in ticket.bets)
