"""What the venue holds: books, current orders and cleared orders into facts. Pure.

The sizes of a bet are cumulative, so repeats and late ones do no harm. Sizes that do not add up make the bet unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from planrunner.model.commands import QueryBook, QueryOrder, QueryRunners
from planrunner.model.events import BetSettled, BookChanged, Event, OrderReported, OrderUnknown, Outcome, Runner, RunnersSeen
from planrunner.model.market import BetId, MarketId, MarketStatus, OrderRef, Selection, SelectionId
from planrunner.model.placement import Sizes
from planrunner.venues import fields
from planrunner.venues.betfair import wire
from planrunner.venues.exact_json import Unreadable

# The four lists of cleared orders. A bet of which a part matched and a part was cancelled stands in two of them.
CLEARED = ("SETTLED", "VOIDED", "LAPSED", "CANCELLED")
STATUS = {
    "INACTIVE": MarketStatus.INACTIVE,
    "OPEN": MarketStatus.OPEN,
    "SUSPENDED": MarketStatus.SUSPENDED,
    "CLOSED": MarketStatus.CLOSED,
}
# Documented as WIN and LOSE, recorded as WON and LOST.
OUTCOMES = {"WIN": Outcome.WON, "WON": Outcome.WON, "LOSE": Outcome.LOST, "LOST": Outcome.LOST}

# Levels of a side that are told; also what the venue shows unless asked for more.
LEVELS = 3
Level = tuple[Decimal, Decimal]  # odds and size

# Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A market as its book shows it. `version` rises with every change of the market or its runners."""

    status: MarketStatus
    in_play: bool
    delay: Decimal
    version: Decimal


def market_seen(row: Any) -> tuple[MarketId, Seen]:
    """Raises Unreadable."""
    status = STATUS.get(fields.text(row, "status"))
    if status is None:
        raise Unreadable("the market's status is not one of the documented")
    delay = fields.number(row, "betDelay") if "betDelay" in row else Decimal(0)
    version = fields.number(row, "version") if "version" in row else Decimal(0)
    seen = Seen(status=status, in_play=row.get("inplay") is True, delay=delay, version=version)
    return MarketId(fields.text(row, "marketId")), seen


def best_offers(command: QueryBook, books: Any, at: datetime) -> BookChanged:
    """Raises Unreadable. `availableToBack` is what a backer can take."""
    for runner in fields.rows(next(iter(listed(books)), {}), "runners"):
        same = str(fields.number(runner, "selectionId")) == command.selection
        if same and (fields.number(runner, "handicap") if "handicap" in runner else Decimal(0)) == command.handicap:
            offers = fields.block(runner, "ex")
            return BookChanged(
                at=at,
                market=command.market,
                selection=command.selection,
                handicap=command.handicap,
                back=_best(offers, "availableToBack"),
                lay=_best(offers, "availableToLay"),
            )
    raise Unreadable("the market's book does not show the selection")


def _best(offers: Any, name: str) -> tuple[Decimal, Decimal] | None:
    if fields.optional(offers, name) is None:
        return None
    first = next(iter(fields.rows(offers, name)), None)
    return None if first is None else (fields.number(first, "price"), fields.number(first, "size"))


def runners_seen(command: QueryRunners, books: Any, card: Sequence[Selection], at: datetime) -> RunnersSeen:
    """Raises Unreadable. `card` is the market's as the catalogue lists it: the book tells neither names nor the venue's order.

    Odds that are minutes old (a delayed application key) are no ground to choose a runner by.
    """
    row: Any = next(iter(listed(books)), {})
    market, seen = market_seen(row)
    if market != command.market:
        raise Unreadable("the venue's answer is about another market")
    if row.get("isMarketDataDelayed") is True:
        raise Unreadable("the odds may be minutes old: the application key is a delayed one")
    places = {(one.id, one.handicap): place for place, one in enumerate(card)}
    found = [_runner(one, card, places) for one in fields.rows(row, "runners") if fields.text(one, "status") == "ACTIVE"]
    ordered = sorted(found, key=lambda one: places.get((one.selection, one.handicap), len(places)))
    return RunnersSeen(at=at, market=market, status=seen.status, in_play=seen.in_play, runners=tuple(ordered))


def _runner(row: Any, card: Sequence[Selection], places: Mapping[tuple[SelectionId, Decimal], int]) -> Runner:
    selection = SelectionId(str(fields.number(row, "selectionId")))
    handicap = fields.number(row, "handicap").normalize() + 0 if "handicap" in row else Decimal(0)
    place = places.get((selection, handicap))
    offers = fields.block(row, "ex")
    return Runner(
        selection=selection,
        handicap=handicap,
        name=f"selection {selection}" if place is None else card[place].name,
        back=_levels(offers, "availableToBack", first=_highest),
        lay=_levels(offers, "availableToLay", first=_lowest),
    )


def _highest(level: Level) -> Decimal:
    return -level[0]


def _lowest(level: Level) -> Decimal:
    return level[0]


def _levels(offers: Any, name: str, *, first: Callable[[Level], Decimal]) -> tuple[Level, ...]:
    if fields.optional(offers, name) is None:
        return ()
    levels = [(fields.number(row, "price"), fields.number(row, "size")) for row in fields.rows(offers, name)]
    return tuple(sorted((level for level in levels if level[1]), key=first)[:LEVELS])


def listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Unreadable("there is no list")
    return value


# Current orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A bet of ours, at the venue."""

    bet: BetId
    ref: OrderRef
    market: MarketId
    sizes: Sizes
    average_odds: Decimal | None
    at_venue: datetime | None

    def reported(self, at: datetime) -> OrderReported:
        return OrderReported(
            at=at, ref=self.ref, bet=self.bet, sizes=self.sizes, average_odds=self.average_odds, at_venue=self.at_venue
        )


def is_ours(row: Any) -> bool:
    """Bets with a reference, at limit odds. Others were placed by hand or are of a kind planrunner never places."""
    return isinstance(row, dict) and bool(row.get("customerOrderRef")) and row.get("orderType", "LIMIT") == "LIMIT"


def look_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """What can change about a bet, as it stands in the answer: comparing this first keeps unchanged bets cheap."""
    return tuple(map(row.get, _CHANGING))


_CHANGING = ("sizeMatched", "sizeRemaining", "sizeCancelled", "sizeLapsed", "sizeVoided", "averagePriceMatched", "status")


def held(row: Any) -> Held:
    """Raises Unreadable, also where the sizes do not add up to the bet."""
    sizes = wire.sizes(
        stake=wire.size(fields.optional(row, "priceSize"), "size"),
        matched=wire.size(row, "sizeMatched"),
        cancelled=wire.size(row, "sizeCancelled"),
        lapsed=wire.size(row, "sizeLapsed"),
        voided=wire.size(row, "sizeVoided"),
    )
    if sizes.remaining != wire.size(row, "sizeRemaining"):
        raise Unreadable("the sizes do not add up")
    still = not (sizes.cancelled or sizes.lapsed or sizes.voided)
    latest = "matchedDate" if sizes.matched else "placedDate"  # when a bet was cancelled or lapsed is not told
    return Held(
        bet=BetId(fields.text(row, "betId")),
        ref=OrderRef(fields.text(row, "customerOrderRef")),
        market=MarketId(fields.text(row, "marketId")),
        sizes=sizes,
        average_odds=wire.average(row, "averagePriceMatched"),
        at_venue=wire.moment(row, latest) if still and latest in row else None,
    )


def found(command: QueryOrder, rows: Iterable[Any], at: datetime) -> tuple[Event, ...]:
    """The answer to a look-up from the current orders; empty where none has the reference. One fact for each bet."""
    mine = {str(row.get("betId")): row for row in rows if isinstance(row, dict) and row.get("customerOrderRef") == command.ref}
    try:
        return tuple(held(row).reported(at) for row in mine.values())
    except ValueError as error:
        return (OrderUnknown(at=at, ref=command.ref, text=f"what the venue holds can't be read: {error}"),)


# Cleared orders


@dataclass(slots=True, kw_only=True)
class Cleared:
    """One bet gathered from the four lists."""

    bet: BetId
    ref: OrderRef
    parts: dict[str, Decimal] = field(default_factory=dict)
    average_odds: Decimal | None = None
    profit: Decimal | None = None
    outcome: str | None = None

    @property
    def total(self) -> Decimal:
        return sum(self.parts.values(), Decimal(0))

    def sizes(self, stake: Decimal) -> Sizes:
        """Raises Unreadable where the parts exceed the stake."""
        matched, voided, lapsed, cancelled = (self.parts.get(kind, Decimal(0)) for kind in CLEARED)
        return wire.sizes(stake=stake, matched=matched, voided=voided, lapsed=lapsed, cancelled=cancelled)

    def settled(self, at: datetime) -> BetSettled | None:
        """None where nothing of the bet was ever matched. Raises Unreadable."""
        if self.profit is not None:
            outcome = OUTCOMES.get(self.outcome or "")
            if outcome is None:
                raise Unreadable("a bet is settled in a way that is not documented")
            return BetSettled(at=at, ref=self.ref, bet=self.bet, outcome=outcome, profit=self.profit)
        if "VOIDED" in self.parts:
            return BetSettled(at=at, ref=self.ref, bet=self.bet, outcome=Outcome.VOID, profit=Decimal("0.00"))
        return None


def gather(lists: Mapping[str, Sequence[Any]]) -> dict[BetId, Cleared]:
    """Rows of the four lists by bet, in their order. Raises Unreadable."""
    bets: dict[BetId, Cleared] = {}
    for kind in CLEARED:
        seen: set[str] = set()  # rows may move between pages and come twice
        for row in filter(is_ours, lists.get(kind, ())):
            bet = BetId(fields.text(row, "betId"))
            if bet not in seen:
                seen.add(bet)
                _add(bets.setdefault(bet, Cleared(bet=bet, ref=OrderRef(fields.text(row, "customerOrderRef")))), kind, row)
    return bets


def _add(cleared: Cleared, kind: str, row: dict[str, Any]) -> None:
    name = "sizeSettled" if kind == "SETTLED" or "sizeCancelled" not in row else "sizeCancelled"
    if name not in row:
        raise Unreadable("a cleared bet has no size")
    cleared.parts[kind] = wire.size(row, name)
    if kind == "SETTLED":
        cleared.average_odds = wire.average(row, "priceMatched")
        cleared.profit = wire.size(row, "profit")
        cleared.outcome = wire.code(row, "betOutcome")


def found_cleared(command: QueryOrder, lists: Mapping[str, Sequence[Any]], at: datetime) -> tuple[Event, ...]:
    """The answer to a look-up from the cleared orders; empty where none has the reference."""
    try:
        bets = [one for one in gather(lists).values() if one.ref == command.ref]
        total = sum((one.total for one in bets), Decimal(0))
        if bets and total != command.stake:
            # Settling is under way, and a part has left one list and not yet reached the next.
            text = f"of {command.stake} the venue accounts for {total} so far"
            return (OrderUnknown(at=at, ref=command.ref, text=text),)
        return tuple(
            OrderReported(at=at, ref=one.ref, bet=one.bet, sizes=one.sizes(one.total), average_odds=one.average_odds)
            for one in bets
        )
    except ValueError as error:
        return (OrderUnknown(at=at, ref=command.ref, text=f"what the venue holds can't be read: {error}"),)
