"""A plan as its author means it: every word decoded, every amount exact, nothing yet resolved at a venue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from planrunner.model.calendar import Recurring
from planrunner.model.market import AccountName
from planrunner.model.money import Money, zero
from planrunner.model.odds import Odds, Side
from planrunner.model.pools import Leg, Pool, lines


class OrderType(StrEnum):
    """How an order is offered. Only `LIMIT` and `POST_*` can rest and so need an ending of their own."""

    LIMIT = "limit"
    FILL_OR_KILL = "fill_or_kill"
    FILL_AND_KILL = "fill_and_kill"
    POST_ONLY = "post_only"
    POST_ARB = "post_arb"
    LIMIT_ON_CLOSE = "limit_on_close"
    MARKET_ON_CLOSE = "market_on_close"
    MARKET = "market"


# Moments. `AfterPlacing` counts from sending the order's first placement; `BeforeStart` and `AfterStart` follow the
# venue's scheduled start when it moves; `At` is UTC. `AtTime` is known as a moment once the run's day is (`engine.of_day`).
@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """At once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterPlacing:
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeStart:
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterStart:
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTime:
    """A time of the day of the run: only in a plan with `when`, and never in a program."""

    time: time
    time_zone: str


PlaceWhen: TypeAlias = Now | BeforeStart | At | AtTime
Ending: TypeAlias = AfterPlacing | BeforeStart | AfterStart | At | AtTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Again and again after placing, `delay` apart."""

    delay: timedelta


class Condition(StrEnum):
    """What an `if:` step looks at."""

    REJECTED = "rejected"
    SUSPENDED = "suspended"
    IN_PLAY = "in_play"
    UNMATCHED = "unmatched"
    PARTLY_MATCHED = "partly_matched"
    MATCHED = "matched"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class If:
    """`unmatched`, `partly_matched` and `matched` are looked at once, at `moment`; the other conditions when they come true."""

    condition: Condition
    moment: AfterPlacing | BeforeStart | None = None


Trigger: TypeAlias = AfterPlacing | Every | BeforeStart | AfterStart | If


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Take back what is unmatched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTicks:
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPercent:
    """`percent` of the decimal odds, onto the ladder; at least one tick, and never more than asked for."""

    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ToBest:
    """To the odds that would match now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToHead:
    """To the head of our own side's queue (`join_best`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprice:
    """Towards the market, never past `no_worse_than`, at most `at_most` times (None: as often as it is due)."""

    by: ByTicks | ByPercent | ToBest | ToHead
    no_worse_than: Odds
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepInPlay:
    """Leave the remainder after the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellOwner:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """Cancel the remainder, then bet the other way for the same profit whatever happens: at `no_worse_than` or better, and for
    at most `for_at_most`; what is not hedged by then stays open, and the owner is told."""

    no_worse_than: Odds
    for_at_most: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Place a refused pool bet once more under new references, where the venue says that the trouble was its own and passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an order is on, by names or by the venue's ids; the checker saw to it that one of each pair is there.

    `on` is a calendar day in the plan's words (`None`: any day; `today`: the day of the run). `favourite` stands instead of a
    selection: 2 is the second favourite at the moment of placing.
    """

    event: str | None = None
    event_id: str | None = None
    on: date | None = None
    today: bool = False
    race: str | None = None
    market: str | None = None
    market_id: str | None = None
    selection: str | None = None
    selection_id: str | None = None
    line: Decimal | None = None
    favourite: int | None = None
    player_id: str | None = None

    def __str__(self) -> str:
        """`Arsenal in Match Odds of Arsenal v Chelsea`."""
        selection = self.selection or (f"favourite {self.favourite}" if self.favourite else f"selection {self.selection_id}")
        selection += f" (line {self.line})" if self.line is not None else ""
        market = self.market or (f"market {self.market_id}" if self.market_id else "")
        event = self.event or (f"event {self.event_id}" if self.event_id else "")
        return selection + (f" in {market}" if market else "") + (f" of {event}" if event else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyIf:
    """Looked at once, when placing; all that are given must hold, or the order is not placed.

    Odds are those a taker of our side would get now (a back: the best on offer to backers). `price` is the same as a
    probability: at least 40 % are odds of 2.50 or lower. `available_at_least` is what such a taker would find at the order's
    odds or better. `runners` are those still taking part.
    """

    odds_at_least: Odds | None = None
    odds_at_most: Odds | None = None
    price_at_least: Odds | None = None
    price_at_most: Odds | None = None
    available_at_least: Money | None = None
    market_open: bool = False
    in_play: bool | None = None
    runners_at_least: int | None = None
    runners_at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """How a router spreads an order over bookmakers (`settings:`). `bookmakers`: only these; empty: all the account may use.
    `better_odds`: odds above the limit are taken too. `partial`: the stake may be split, and filled in part."""

    bookmakers: tuple[str, ...] = ()
    better_odds: bool = True
    partial: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Take the remainder back here and, once the sizes are confirmed, place exactly what is left on another account.

    `odds` as the author gave them for there, or those of the order; `ending` None: whatever is left of the order's own.
    """

    account: AccountName
    target: Target
    odds: Odds
    ending: Ending | None = None
    odds_hold_for_average: bool = False
    routing: Routing | None = None


Action: TypeAlias = Cancel | Reprice | KeepInPlay | TellOwner | Hedge | Retry | Move


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackStep:
    """One trigger and one action; `line` is where it stands in the plan, `text` tells it (`every 30s: reprice 1 tick`)."""

    trigger: Trigger
    action: Action
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOrder:
    """An order with limit odds, on an exchange or through a router. `line` is where it stands in the plan."""

    name: str
    account: AccountName
    target: Target
    side: Side
    odds: Odds
    stake: Money
    line: int
    liability_at_most: Money | None = None
    odds_hold_for_average: bool = False
    type: OrderType = OrderType.LIMIT
    min_fill: Money | None = None
    place: PlaceWhen = Now()
    only_if: OnlyIf | None = None
    ending: Ending | None = None
    fallback: tuple[FallbackStep, ...] = ()
    routing: Routing | None = None

    @property
    def move(self) -> Move | None:
        """Where its remainder may go; the checker lets it have one such step."""
        return next((step.action for step in self.fallback if isinstance(step.action, Move)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolBet:
    """One bet of a ticket: lines and a cost, never odds. `number` counts from 1; `line` is where it stands in the plan. When it
    is placed, and what becomes of a refusal, it shares with the other bets of its ticket."""

    ticket: str
    number: int
    account: AccountName
    pool: Pool
    legs: tuple[Leg, ...]
    unit: Money
    line: int
    place: PlaceWhen = Now()
    fallback: tuple[FallbackStep, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.ticket}/{self.number}"

    @property
    def lines(self) -> int:
        return lines(self.pool, self.legs)

    @property
    def stake(self) -> Money:
        """The whole cost, which is all it can lose."""
        return Money(amount=self.unit.amount * self.lines, currency=self.unit.currency)

    @property
    def ending(self) -> None:
        """A pool takes a bet or refuses it: there is no remainder that could rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Bets in pools, placed together in one request. `on` and `today` as in a `Target`. `total_cost` is the author's own figure;
    the checker found it to be right."""

    name: str
    account: AccountName
    meeting: str
    bets: tuple[PoolBet, ...]
    total_cost: Money
    line: int
    on: date | None = None
    today: bool = False

    @property
    def cost(self) -> Money:
        return sum((bet.stake for bet in self.bets), zero(self.total_cost.currency))


Order: TypeAlias = LimitOrder | PoolBet


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLimits:
    """For one run of the plan; `max_loss_in_total` for all runs of a plan with a schedule together."""

    max_loss: Money
    max_orders: int | None = None
    max_stake: Money | None = None
    max_exposure_per_market: Money | None = None
    max_loss_in_total: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketQuery:
    """`for_each_market`: which markets of the account's catalogue the orders are repeated over.

    Names as the venue writes them; an empty tuple of `meetings` is all of them. The times are of the plan's zone, on the day
    `on` (`None`: the day of the run).
    """

    account: AccountName
    sport: str
    market: str
    country: str | None = None
    meetings: tuple[str, ...] = ()
    on: date | None = None
    starts_after: time | None = None
    starts_before: time | None = None


class IfMissed(StrEnum):
    """What becomes of an occurrence for which nobody was there in time."""

    SKIP = "skip"
    RUN_LATE = "run_late"


class IfStillRunning(StrEnum):
    """What becomes of an occurrence while a run of the same plan goes on."""

    SKIP = "skip"
    QUEUE = "queue"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """`when` by the calendar. `late_by_at_most`: only with `run_late`."""

    rule: Recurring
    if_missed: IfMissed = IfMissed.SKIP
    late_by_at_most: timedelta | None = None
    if_still_running: IfStillRunning = IfStillRunning.SKIP


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeEachStart:
    """Once for each market of `for_each_market`, so long before its start, which is followed when it moves. The markets of
    several starts run beside each other."""

    before: timedelta
    if_missed: IfMissed = IfMissed.SKIP
    late_by_at_most: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSignal:
    """Whenever the signal of this name comes in; the site file says how it proves itself, and it brings the plan's inputs."""

    name: str
    if_still_running: IfStillRunning = IfStillRunning.SKIP


When: TypeAlias = Repeating | BeforeEachStart | OnSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOpen:
    """What a signal is yet to decide of a plan. Values stand for it until then, and those that come may be others.

    `inputs`: what it may bring. `keys`: those of orders and tickets that take any of these. `amounts`: the inputs that decide how
    much is bet, and so what can be lost.
    """

    inputs: tuple[str, ...]
    keys: tuple[str, ...]
    amounts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`digest` binds approvals and reports to the exact meaning of the plan, not to its spelling.

    With `per_market` the orders are those of each market that is found, and `digest` is of the plan before any was. With
    `left_open` it is the plan before its signal came in, which is not to be run like this.
    """

    name: str
    limits: PlanLimits
    orders: tuple[LimitOrder, ...]
    digest: str
    time_zone: str | None = None
    per_market: MarketQuery | None = None
    tickets: tuple[Ticket, ...] = ()
    when: When | None = None
    left_open: LeftOpen | None = None

    @property
    def accounts(self) -> tuple[AccountName, ...]:
        """Every account the plan uses, in its own order."""
        moves = [move.account for order in self.orders if (move := order.move) is not None]
        named = [*(one.account for one in self.orders), *moves, *(one.account for one in self.tickets)]
        return tuple(dict.fromkeys([*named, *([self.per_market.account] if self.per_market else [])]))

    @property
    def currency(self) -> str:
        return self.limits.max_loss.currency
