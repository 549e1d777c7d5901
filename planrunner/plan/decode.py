"""Nodes to values. What was complained about before, or can't be read now, is left out, so that nothing follows from it.

A draft holds what could be read, and where it stands; the checker looks at it, and a draft without problems is a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from planrunner.model.market import AccountName
from planrunner.model.money import DECIMALS, Money
from planrunner.model.odds import Odds, Side
from planrunner.model.plan import (
    Action,
    AfterPlacing,
    AfterStart,
    At,
    AtTime,
    BeforeStart,
    ByPercent,
    ByTicks,
    Cancel,
    Condition,
    Ending,
    Every,
    Hedge,
    If,
    KeepInPlay,
    MarketQuery,
    Move,
    Now,
    OnlyIf,
    OrderType,
    PlaceWhen,
    Reprice,
    Retry,
    Routing,
    Target,
    TellOwner,
    ToBest,
    ToHead,
    Trigger,
)
from planrunner.model.pools import Leg, Pool, lines
from planrunner.plan import scalars
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import shape as say_shape
from planrunner.plan.nodes import Block, Listing, Scalar
from planrunner.plan.schema import Shape, currency_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from planrunner.plan.when_draft import DraftWhen

T = TypeVar("T")

TRIGGERS = ("after", "every", "before_start", "after_start", "if")
ACTIONS = ("cancel", "reprice", "keep", "hedge", "move_remainder_to", "retry", "alert")
ENDINGS = ("expires_after", "expires_before_start", "expires_after_start", "expires_at")
_MONEY_OF_LIMITS = ("max_loss", "max_loss_in_total", "max_stake", "max_exposure_per_market")
_SIDES = {side.value: side for side in Side}
_TYPES = {kind.value: kind for kind in OrderType}
_CONDITIONS = {condition.value: condition for condition in Condition}


@dataclass(slots=True)
class DraftMove:
    """Where a step moves the remainder, as far as that can be read; `odds` are those of the order where it gives none."""

    account: str | None
    target: Target
    odds: Odds | None
    endings: dict[str, Ending | None]
    routing: Routing | None


@dataclass(slots=True)
class DraftStep:
    """`trigger` and `action` are None where they are missing, said twice, or wrong."""

    node: Block
    trigger: Trigger | None = None
    action: Action | None = None
    text: str = ""
    move: DraftMove | None = None


@dataclass(slots=True)
class DraftOrder:
    """Values of an order; None for what is absent or wrong. `node` tells which of the two, and where."""

    node: Block
    name: str | None = None
    account: str | None = None
    side: Side | None = None
    odds: Odds | None = None
    stake: Money | None = None
    liability: Money | None = None
    type: OrderType | None = OrderType.LIMIT
    min_fill: Money | None = None
    place: PlaceWhen | None = None
    only_if: OnlyIf | None = None
    endings: dict[str, Ending | None] = field(default_factory=dict)
    target: Target | None = None
    steps: list[DraftStep] = field(default_factory=list)
    routing: Routing | None = None


@dataclass(slots=True)
class DraftBet:
    """A bet of a ticket. `pools` is empty where it is wrong, and two for an each-way bet; `legs` are empty where one can't be
    read."""

    node: Block
    pools: tuple[Pool, ...]
    legs: tuple[Leg, ...]
    unit: Money | None

    @property
    def lines(self) -> int:
        """Of all its pools together; 0 where that is not known."""
        return sum(lines(pool, self.legs) for pool in self.pools) if self.legs else 0

    @property
    def cost(self) -> Money | None:
        if self.unit is None or not self.lines:
            return None
        return Money(amount=self.unit.amount * self.lines, currency=self.unit.currency)


@dataclass(slots=True)
class DraftTicket:
    """A ticket as far as it could be read; `is_whole`: all of its bets are blocks that could be."""

    node: Block
    name: str | None
    account: str | None
    meeting: str | None
    on: date | None
    today: bool
    place: PlaceWhen | None
    total_cost: Money | None
    bets: list[DraftBet]
    steps: list[DraftStep]
    is_whole: bool

    @property
    def placed(self) -> int:
        """How many bets it places: an each-way bet is two."""
        return sum(max(1, len(bet.pools)) for bet in self.bets)


@dataclass(slots=True)
class Draft:
    """A plan as far as it could be read.

    `markets` is the block `for_each_market`, `per_market` what it asks for (None: it can't be read). `is_expanded` says that
    the orders are those of the markets found; before, they are those of one market.
    """

    root: Block
    shape: Shape
    name: str | None
    zone: str | None
    limits: Block | None
    amounts: dict[str, Money]
    max_orders: int | None
    orders: list[DraftOrder]
    tickets: list[DraftTicket]
    is_whole: bool
    markets: Block | None = None
    per_market: MarketQuery | None = None
    is_expanded: bool = False
    when: DraftWhen | None = None

    @property
    def placed(self) -> list[DraftOrder | DraftTicket]:
        """Everything that is placed."""
        return [*self.orders, *self.tickets]

    @property
    def moves(self) -> list[tuple[DraftOrder, DraftStep, DraftMove]]:
        """Every step that moves a remainder, with its order."""
        return [(order, step, step.move) for order in self.orders for step in order.steps if step.move is not None]

    @property
    def repeats(self) -> bool:
        """Are these the orders of one market, to be repeated over more?"""
        return self.markets is not None and not self.is_expanded

    @property
    def is_run_by_market(self) -> bool:
        """Is each of its runs for one market alone?"""
        return self.when is not None and self.when.kind == "before_each_start"

    def limit(self, key: str) -> Scalar:
        """Where a limit that could be read stands."""
        assert self.limits is not None
        return self.limits.scalar(key)


class Reading:
    """One value after the other, with one complaint for each that can't be read."""

    def __init__(self, shape: Shape, root: Block) -> None:
        self.shape = shape
        self._root = root
        self._repeats = "when" in root.values

    @cached_property
    def _currency(self) -> str | None:
        return currency_of(self._root)

    def scalar(self, block: Block, key: str) -> Scalar | None:
        """The text of a key, unless it is absent or already complained about."""
        value = block.values.get(key)
        return value if isinstance(value, Scalar) and id(value) not in self.shape.bad else None

    def text(self, block: Block, key: str) -> str | None:
        value = self.scalar(block, key)
        return value.text if value is not None else None

    def money(self, block: Block, key: str) -> Money | None:
        value = self.scalar(block, key)
        if value is None:
            return None
        found = scalars.money(value.text)
        if found is None:
            self.shape.complain(value, say_shape.not_money(value, self._currency))
        elif found.currency not in DECIMALS:
            self.shape.complain(value, say.unknown_currency(value, found.currency))
        elif not scalars.is_exact(value.text, found.currency):
            self.shape.complain(value, say.too_many_decimals(value, found))
        else:
            return found
        return None

    # Complaints are looked up when they are made: what they stand in is read for plans with problems only.

    def odds(self, block: Block, key: str) -> Odds | None:
        return self._read(block, key, scalars.odds, lambda value: say_shape.not_odds(value))

    def price(self, block: Block, key: str) -> Odds | None:
        """A probability, as the odds it comes to."""
        return self._read(block, key, scalars.odds, lambda value: say_shape.not_percent(value))

    def duration(self, block: Block, key: str) -> timedelta | None:
        return self._read(block, key, scalars.duration, lambda value: say_shape.too_long(value))

    def day(self, block: Block, key: str) -> date | None:
        return self._read(block, key, scalars.day, lambda value: say_shape.no_such_day(value))

    def line(self, block: Block, key: str) -> Decimal | None:
        return self._read(block, key, scalars.line, lambda value: say_shape.not_line(value))

    def count(self, block: Block, key: str) -> int | None:
        text = self.text(block, key)
        return scalars.count(text) if text is not None else None

    def time(self, block: Block, key: str) -> time | None:
        text = self.text(block, key)
        return scalars.time_of_day(text) if text is not None else None

    def moment(self, block: Block, key: str, zone: ZoneInfo | None) -> At | AtTime | None:
        """UTC, or in a plan with `when` a time of the day of its run. None also where the plan has no zone: the checker says so
        once."""
        value = self.scalar(block, key)
        if value is not None and (at := scalars.time_of_day(value.text)) is not None:
            if not self._repeats:
                self.shape.complain(value, say_shape.not_moment(value))
            return AtTime(time=at, time_zone=zone.key) if self._repeats and zone is not None else None
        local = self._read(block, key, scalars.local_time, lambda value: say_shape.no_such_day(value))
        return At(at=scalars.in_utc(local, zone)) if local is not None and zone is not None else None

    def _read(self, block: Block, key: str, read: Callable[[str], T | None], complaint: Callable[[Scalar], object]) -> T | None:
        value = self.scalar(block, key)
        if value is None:
            return None
        found = read(value.text)
        if found is None:
            self.shape.complain(value, complaint(value))  # type: ignore[arg-type]
        return found


def draft(root: Block, shape: Shape, *, is_expanded: bool = False) -> Draft:
    """Everything of a plan that can be read."""
    reading = Reading(shape, root)
    when = _block(shape, root, "when")
    zone = _zone(reading, root) or (_zone(reading, when) if when is not None and "time_zone" not in root.values else None)
    limits = _block(shape, root, "limits")
    amounts = {key: money for key in _MONEY_OF_LIMITS if limits is not None and (money := reading.money(limits, key))}
    markets = _block(shape, root, "for_each_market")
    blocks, has_all_orders = _items(shape, root, "orders")
    tickets, has_all_tickets = _items(shape, root, "tickets")
    return Draft(
        root=root,
        shape=shape,
        name=reading.text(root, "plan"),
        zone=zone.key if zone is not None else None,
        limits=limits,
        amounts=amounts,
        max_orders=reading.count(limits, "max_orders") if limits is not None else None,
        orders=[_order(reading, block, zone) for block in blocks],
        tickets=_tickets(reading, tickets, zone) if tickets else [],
        is_whole=has_all_orders and has_all_tickets and bool({"orders", "tickets"} & root.values.keys()),
        markets=markets,
        per_market=_market_query(reading, markets) if markets is not None else None,
        is_expanded=is_expanded,
        when=_when(reading, when) if when is not None else None,
    )


def _when(reading: Reading, node: Block) -> DraftWhen:
    from planrunner.plan.when_draft import read_when  # most plans have none

    return read_when(reading, node)


def _items(shape: Shape, root: Block, key: str) -> tuple[list[Block], bool]:
    """The orders or tickets that can be read, and whether they are all that there are."""
    listing = root.values.get(key)
    is_usable = isinstance(listing, Listing) and id(listing) not in shape.bad
    items = listing.items if isinstance(listing, Listing) and is_usable else []
    blocks = [item for item in items if isinstance(item, Block) and id(item) not in shape.bad]
    is_there = is_usable or key not in root.values
    return blocks, is_there and len(blocks) == len(items) and not shape.is_silent(root, key)


def _tickets(reading: Reading, blocks: list[Block], zone: ZoneInfo | None) -> list[DraftTicket]:
    from planrunner.plan.ticket_draft import read_ticket  # most plans have none

    return [read_ticket(reading, block, zone) for block in blocks]


def _zone(reading: Reading, root: Block) -> ZoneInfo | None:
    value = reading.scalar(root, "time_zone")
    zone = scalars.zone(value.text) if value is not None else None
    if value is not None and zone is None:
        reading.shape.complain(value, say_shape.not_a_zone(value))
    return zone


def _block(shape: Shape, root: Block, key: str) -> Block | None:
    node = root.values.get(key)
    return node if isinstance(node, Block) and id(node) not in shape.bad else None


def _market_query(reading: Reading, node: Block) -> MarketQuery | None:
    text = reading.text
    account, sport, market = text(node, "venue"), text(node, "sport"), text(node, "market")
    if account is None or sport is None or market is None:
        return None
    meetings = node.values.get("meetings")
    return MarketQuery(
        account=AccountName(account),
        sport=sport,
        market=market,
        country=text(node, "country"),
        meetings=tuple(one.text for one in meetings.items if isinstance(one, Scalar)) if isinstance(meetings, Listing) else (),
        on=None if text(node, "date") == "today" else reading.day(node, "date"),
        starts_after=reading.time(node, "starts_after"),
        starts_before=reading.time(node, "starts_before"),
    )


def _order(reading: Reading, node: Block, zone: ZoneInfo | None) -> DraftOrder:
    text = reading.text
    order = DraftOrder(node=node)
    order.name = text(node, "name")
    order.account = text(node, "venue")
    order.side = _SIDES.get(text(node, "side") or "")
    order.odds = reading.odds(node, "odds")
    order.stake = reading.money(node, "stake")
    order.liability = reading.money(node, "liability_at_most")
    order.min_fill = reading.money(node, "min_fill")
    if "type" in node.values:
        order.type = _TYPES.get(text(node, "type") or "")
    order.place = placing(reading, node, zone)
    order.only_if = _only_if(reading, _block(reading.shape, node, "only_if"))
    order.endings = {key: _ending(reading, node, key, zone) for key in ENDINGS if key in node.values}
    order.target = _target(reading, node)
    order.routing = _routing(reading, _block(reading.shape, node, "settings"))
    order.steps = [read_step(reading, item) for item in steps_of(reading.shape, node)]
    for step in order.steps:
        if "move_remainder_to" in step.node.values and sum(key in step.node.values for key in ACTIONS) == 1:
            step.move = _move(reading, step.node, order.odds, zone)
            step.action = _finished(step.move, step.node)
    return order


def placing(reading: Reading, node: Block, zone: ZoneInfo | None) -> PlaceWhen | None:
    if "place_before_start" in node.values:
        delay = reading.duration(node, "place_before_start")
        return BeforeStart(delay=delay) if delay is not None else None
    return reading.moment(node, "place_at", zone) if "place_at" in node.values else Now()


def _only_if(reading: Reading, node: Block | None) -> OnlyIf | None:
    if node is None:
        return None
    in_play = reading.text(node, "in_play")
    return OnlyIf(
        odds_at_least=reading.odds(node, "odds_at_least"),
        odds_at_most=reading.odds(node, "odds_at_most"),
        price_at_least=reading.price(node, "price_at_least"),
        price_at_most=reading.price(node, "price_at_most"),
        available_at_least=reading.money(node, "available_at_least"),
        market_open=reading.text(node, "market") is not None,
        in_play=in_play == "yes" if in_play is not None else None,
        runners_at_least=reading.count(node, "runners_at_least"),
        runners_at_most=reading.count(node, "runners_at_most"),
    )


def _ending(reading: Reading, node: Block, key: str, zone: ZoneInfo | None) -> Ending | None:
    if key == "expires_at":
        return reading.moment(node, key, zone)
    delay = reading.duration(node, key)
    if delay is None:
        return None
    if key == "expires_after":
        return AfterPlacing(delay=delay)
    return BeforeStart(delay=delay) if key == "expires_before_start" else AfterStart(delay=delay)


def _routing(reading: Reading, node: Block | None) -> Routing | None:
    if node is None:
        return None
    listing = node.values.get("bookmakers")
    items = listing.items if isinstance(listing, Listing) else []
    return Routing(
        bookmakers=tuple(item.text for item in items if isinstance(item, Scalar)),
        better_odds=reading.text(node, "accept_better_odds") != "no",
        partial=reading.text(node, "accept_partial") != "no",
    )


def _target(reading: Reading, node: Block) -> Target:
    text = reading.text
    is_today = text(node, "date") == "today"
    return Target(
        event=text(node, "event"),
        event_id=text(node, "event_id"),
        on=None if is_today else reading.day(node, "date"),
        today=is_today,
        race=text(node, "race"),
        market=text(node, "market"),
        market_id=text(node, "market_id"),
        selection=text(node, "selection"),
        selection_id=text(node, "selection_id"),
        line=reading.line(node, "line"),
        favourite=reading.count(node, "favourite"),
        player_id=text(node, "player_id"),
    )


def steps_of(shape: Shape, node: Block) -> list[Block]:
    listing = node.values.get("fallback")
    if not isinstance(listing, Listing) or id(listing) in shape.bad:
        return []
    return [item for item in listing.items if isinstance(item, Block) and id(item) not in shape.bad]


def read_step(reading: Reading, node: Block) -> DraftStep:
    step = DraftStep(node=node)
    step.trigger = _trigger(reading, node)
    step.action = _action(reading, node)
    step.text = f"{_told(node, TRIGGERS)}: {_told(node, ACTIONS)}"
    for key in ("no_worse_than", "at_most", "for_at_most"):
        if key in node.values:
            step.text += f", {key.replace('_', ' ')} {node.text(key)}"
    return step


def _told(node: Block, keys: tuple[str, ...]) -> str:
    """`if unmatched after 30s`, in the plan's own words."""
    ordered = sorted((key for key in node.values if key in keys), key=lambda key: key != "if")
    return " ".join(f"{key.replace('_', ' ')} {node.text(key)}" for key in ordered)


def _trigger(reading: Reading, node: Block) -> Trigger | None:
    """None unless there is exactly one; what goes with `if` is looked at by the checker."""
    given = [key for key in TRIGGERS if key in node.values]
    if "if" in given:
        condition = _CONDITIONS.get(reading.text(node, "if") or "")
        return _if(reading, node, condition, [key for key in given if key != "if"]) if condition else None
    if len(given) != 1:
        return None
    delay = reading.duration(node, given[0])
    return _timed(given[0], delay) if delay is not None else None


def _timed(key: str, delay: timedelta) -> AfterPlacing | Every | BeforeStart | AfterStart:
    if key == "after":
        return AfterPlacing(delay=delay)
    if key == "every":
        return Every(delay=delay)
    return BeforeStart(delay=delay) if key == "before_start" else AfterStart(delay=delay)


def _if(reading: Reading, node: Block, condition: Condition, others: list[str]) -> If | None:
    if not others:
        return If(condition=condition)
    delay = reading.duration(node, others[0])
    moment = _timed(others[0], delay) if delay is not None else None
    return If(condition=condition, moment=moment) if isinstance(moment, AfterPlacing | BeforeStart) else None


def _action(reading: Reading, node: Block) -> Action | None:
    given = [key for key in ACTIONS if key in node.values]
    if len(given) != 1 or reading.scalar(node, given[0]) is None:
        return None
    match given[0]:
        case "cancel":
            return Cancel()
        case "keep":
            return KeepInPlay()
        case "alert":
            return TellOwner(text=(reading.text(node, "alert") or "").strip())
        case "hedge":
            return _hedge(reading, node)
        case "retry":
            return Retry()
        case "reprice":
            return _reprice(reading, node)
        case _:
            return None  # a move is of its order, see `_order`


def _move(reading: Reading, node: Block, odds: Odds | None, zone: ZoneInfo | None) -> DraftMove:
    return DraftMove(
        account=reading.text(node, "move_remainder_to"),
        target=_target(reading, node),
        odds=reading.odds(node, "odds") if "odds" in node.values else odds,
        endings={key: _ending(reading, node, key, zone) for key in ENDINGS if key in node.values},
        routing=_routing(reading, _block(reading.shape, node, "settings")),
    )


def _finished(move: DraftMove, node: Block) -> Move | None:
    if move.account is None or move.odds is None or None in move.endings.values():
        return None
    return Move(
        account=AccountName(move.account),
        target=move.target,
        odds=move.odds,
        ending=next(iter(move.endings.values()), None),
        odds_hold_for_average="odds_hold_for" in node.values,
        routing=move.routing if move.routing != Routing() else None,
    )


def _hedge(reading: Reading, node: Block) -> Hedge | None:
    worst, longest = reading.odds(node, "no_worse_than"), reading.duration(node, "for_at_most")
    return Hedge(no_worse_than=worst, for_at_most=longest) if worst is not None and longest is not None else None


def _reprice(reading: Reading, node: Block) -> Reprice | None:
    floor = reading.odds(node, "no_worse_than")
    by = _way(reading, node)
    often = reading.text(node, "at_most")
    if floor is None or by is None or ("at_most" in node.values and often is None):
        return None
    return Reprice(by=by, no_worse_than=floor, at_most=scalars.times(often) if often is not None else None)


def _way(reading: Reading, node: Block) -> ByTicks | ByPercent | ToBest | ToHead | None:
    value = reading.scalar(node, "reprice")
    if value is None:
        return None
    if (ticks := scalars.ticks(value.text)) is not None:
        return ByTicks(ticks=ticks)
    if value.text.endswith("%"):
        percent = scalars.percent(value.text)
        if percent is None:
            reading.shape.complain(value, say.reprice_by_nothing(value))
        return ByPercent(percent=percent) if percent is not None else None
    return ToHead() if value.text == "join_best" else ToBest()
