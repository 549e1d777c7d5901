"""What the venue holds: an order and the bets that were made of it, as one bet of ours with its fills. Pure.

What is certain comes from the bets, never from the order's status: a confirmed bet is matched, one that is sent and not yet
answered still counts as remaining, and an order is complete only when it can't send another and none of its bets is open. Bets
are in the money of the bookmaker's account, sizes in the order's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from planrunner.model.events import BetSettled, Fill, OrderRejected, OrderReported, Outcome
from planrunner.model.market import BetId, MarketId, OrderRef, SelectionId
from planrunner.model.money import DECIMALS, Money, smallest_unit
from planrunner.model.odds import Side
from planrunner.model.placement import ZERO, Sizes
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import wire

# How exact the venue's own numbers are.
TOLERANCE = Decimal("0.005")
NOISE = Decimal("0.000001")  # of a float that was once an exact number
# Where a part was filled, the venue may go on until the order's time is over; its clock is not ours to the second.
OVER_FOR_SURE = timedelta(seconds=2)

WORKING = frozenset({"PENDING", "PROCESSING"})
PART_FILLED = "PARTIALLY_FILLED"
CANCELLED = "CANCELLED"
REFUSED = frozenset({"REJECTED", "FAILED"})
ENDED = frozenset({"FILLED", "EXPIRED", CANCELLED, *REFUSED})

OPEN_BETS = frozenset({"PENDING", "PLACED"})
CONFIRMED, VOID = "CONFIRMED", "VOID"
DEAD_BETS = frozenset({"REJECTED", "CANCELLED", "FAILED"})
UNSETTLED = "UNSETTLED"
OUTCOMES = {
    "WON": Outcome.WON,
    "LOST": Outcome.LOST,
    "VOID": Outcome.VOID,
    "PUSH": Outcome.VOID,
    "HALF_WON": Outcome.HALF_WON,
    "HALF_LOST": Outcome.HALF_LOST,
    "CASHOUT": Outcome.CASHED_OUT,
}
_REFUSALS = {
    "REJECTED": "the venue took the order and then refused it: its odds or its fixture were no longer right",
    "FAILED": "the venue took the order and then failed to carry it out",
}


class Rates:
    """How much of a currency is one US dollar, as far as the venue has told."""

    def __init__(self, known: Mapping[str, Decimal] | None = None) -> None:
        self._known: dict[str, Decimal] = dict(known or {})

    def learn(self, blocks: Any) -> None:
        self._known |= dict(wire.rates(blocks))

    def with_those_of(self, *blocks: Any) -> Rates:
        """Those that come with an order or a bet are the ones it was made at, so they come first."""
        own = Rates(self._known)
        for one in blocks:
            own.learn(one)
        return own

    def convert(self, amount: Decimal, of: str, to: str) -> Fraction:
        """Raises Unreadable where a rate is not known: nothing is guessed."""
        if of == to:
            return Fraction(amount)
        return Fraction(amount) / self._worth(of) * self._worth(to)

    def _worth(self, currency: str) -> Fraction:
        worth = Decimal(1) if currency == "USD" else self._known.get(currency)
        if worth is None:
            raise Unreadable(f"the venue does not say what {wire.said(currency)[:10]} is worth")
        return Fraction(worth)


class VenueTime:
    """What time it is at the venue, as far as that is certain: that of the latest change it told of, and as much later as we have
    lived since. Our own wall clock may have been set, so it alone never says that an order's time is over there."""

    def __init__(self) -> None:
        self._heard: tuple[datetime, float] | None = None  # and our age then

    def hear(self, row: Any, age: float) -> None:
        """An order tells when it was changed last."""
        told = wire.moment(row, "updatedAt") or wire.moment(row, "createdAt")
        if told is not None and told > self._least(told, age):
            self._heard = told, age

    def now(self, wall: datetime, age: float) -> datetime:
        """By our own clock where nothing contradicts it by more than two clocks may differ."""
        least = self._least(wall, age)
        return max(min(wall, least + OVER_FOR_SURE), least)

    def _least(self, otherwise: datetime, age: float) -> datetime:
        if self._heard is None:
            return otherwise - OVER_FOR_SURE
        moment, then = self._heard
        return moment + timedelta(seconds=age - then)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as the venue shows it. `filled` is its own sum, None where it is left out."""

    bet: BetId
    ref: OrderRef
    fixture: str
    market: MarketId | None
    selection: SelectionId
    side: Side
    odds: Decimal
    stake: Decimal
    filled: Decimal | None
    currency: str
    status: str
    is_test: bool
    created: datetime | None
    expires: datetime | None
    updated: datetime | None

    def is_over(self, at: datetime) -> bool:
        """It sends no further bet."""
        if self.status == PART_FILLED:
            return self.expires is not None and at >= self.expires + OVER_FOR_SURE
        return self.status in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A bet that was made of an order. `size` is in the order's currency, exact; `returned` in the bookmaker's account's."""

    id: str
    bookmaker: str
    odds: Decimal
    paid: Decimal
    currency: str
    size: Fraction
    status: str
    settlement: str
    returned: Decimal | None
    is_converted: bool
    is_lay: bool = False

    @property
    def at_risk(self) -> Fraction:
        """In its own currency. A layer's stake is the backer's; what can be lost is what the backer would win."""
        return Fraction(self.paid) * (Fraction(self.odds) - 1) if self.is_lay else Fraction(self.paid)

    @property
    def is_void(self) -> bool:
        return self.status == VOID or (self.status == CONFIRMED and self.settlement == VOID)

    @property
    def is_matched(self) -> bool:
        return self.status == CONFIRMED and not self.is_void

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_BETS

    def back(self) -> Fraction:
        """What came back for it in its own currency: gross, with what was at risk. Raises Unreadable where that is not told."""
        stake, told = self.at_risk, Fraction(self.returned) if self.returned else None
        won = Fraction(self.paid) * Fraction(self.odds)  # for both sides: the one's stake and the other's
        match self.settlement:
            case "WON":
                return told if told is not None else won
            case "HALF_WON":
                return told if told is not None else (won + stake) / 2
            case "HALF_LOST":
                return told if told is not None else stake / 2
            case "LOST":
                return Fraction(0)
            case "CASHOUT" if self.returned is not None:
                return Fraction(self.returned)
            case _:
                raise Unreadable("a bet was cashed out, and nothing says for how much")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An order of ours, with what is certain of it at one moment."""

    order: Order
    pieces: tuple[Piece, ...]
    sizes: Sizes
    average_odds: Decimal | None
    fills: tuple[Fill, ...]
    rates: Rates = field(compare=False)

    def reported(self, at: datetime) -> OrderReported:
        return OrderReported(
            at=at, ref=self.order.ref, bet=self.order.bet, sizes=self.sizes, average_odds=self.average_odds,
            at_venue=self.order.updated, fills=self.fills,
        )  # fmt: skip

    def settled(self, at: datetime) -> BetSettled | None:
        """None while a fill of it has no result, and where it never had one. Raises Unreadable."""
        live = [one for one in self.pieces if one.is_matched or one.is_void]
        if self.sizes.remaining or not live or any(not one.is_void and one.settlement == UNSETTLED for one in live):
            return None
        outcomes = list(dict.fromkeys(Outcome.VOID if one.is_void else OUTCOMES[one.settlement] for one in live))
        profit = sum((self._profit(one) for one in live), Fraction(0))
        return BetSettled(
            at=at, ref=self.order.ref, bet=self.order.bet, profit=rounded(profit, self.order.currency),
            outcome=outcomes[0] if len(outcomes) == 1 else Outcome.MIXED,
        )  # fmt: skip

    def _profit(self, piece: Piece) -> Fraction:
        if piece.is_void or piece.settlement == "PUSH":
            return Fraction(0)
        gain = piece.back() - piece.at_risk
        return gain * piece.size / Fraction(piece.paid) if piece.paid else Fraction(0)


def rounded(amount: Fraction, currency: str) -> Decimal:
    """To whole coins of the currency."""
    unit = smallest_unit(currency)
    return (Decimal(round(amount / Fraction(unit))) * unit).quantize(unit)


# One order


def gathered(row: Any, bets: Iterable[Any], rates: Rates, at: datetime, *, is_whole: bool = True) -> Held:
    """An order and its bets, those in its own row included; of two tellings of one bet the last counts.

    `is_whole`: the bets are all there are, and the venue's sum must agree with them. Raises Unreadable where it does not, where
    they are more than the order, and for words that are not in the documentation.
    """
    order = order_of(row)
    own = rates.with_those_of(row.get("currencyInfo"))
    within = row.get("bets")
    told = {wire.text(one, "betId"): one for one in [*(within if isinstance(within, list) else ()), *bets]}
    pieces = tuple(_piece(one, order, own.with_those_of(one.get("currencyInfo"))) for one in told.values())
    if is_whole:
        _check_sum(order, pieces)
    sizes, average = _sizes(order, pieces, at, is_whole=is_whole), _average(pieces)
    return Held(order=order, pieces=pieces, sizes=sizes, average_odds=average, fills=_fills(order, pieces), rates=own)


def order_of(row: Any) -> Order:
    """Raises Unreadable."""
    status = wire.text(row, "orderStatus").upper()
    if status not in WORKING | ENDED | {PART_FILLED}:
        raise Unreadable("the order's status is not one of the documented")
    currency = (wire.word(row, "orderCurrency") or "USD").upper()
    if currency not in DECIMALS:
        raise Unreadable("the order's currency is not one planrunner knows")
    fixture, player = wire.text(row, "fixtureId"), wire.maybe(row, "playerId") or ZERO
    outcome = wire.text(row, "outcomeId")
    info = fields.block(row, "outcomeInfo")
    market = wire.text(info, "marketId") if info.get("marketId") is not None else None
    stake = _coins(wire.number(row, "orderStake"), currency)
    if stake <= 0:
        raise Unreadable("the order has no stake")
    return Order(
        bet=BetId(wire.text(row, "orderId")),
        ref=OrderRef(wire.text(row, "requestUuid").lower()),
        fixture=fixture,
        market=MarketId(f"{fixture}:{market}") if market is not None else None,
        selection=SelectionId(outcome if not player else f"{outcome}/{int(player)}"),
        side=Side.BACK if wire.flag(row, "back", default=True) else Side.LAY,
        odds=wire.number(row, "orderPrice"),
        stake=stake,
        filled=wire.maybe(row, "filledStake"),
        currency=currency,
        status=status,
        is_test=wire.flag(row, "testOrder", default=False),
        created=wire.moment(row, "createdAt"),
        expires=wire.moment(row, "expiresAt"),
        updated=wire.moment(row, "updatedAt"),
    )


def _coins(amount: Decimal, currency: str) -> Decimal:
    """What was asked for was in whole coins, and so it comes back."""
    unit = smallest_unit(currency)
    exact = amount.quantize(unit, rounding=ROUND_HALF_EVEN)
    if abs(exact - amount) > NOISE:
        raise Unreadable("an amount is not in whole coins")
    return exact


def _piece(row: Any, order: Order, rates: Rates) -> Piece:
    status = wire.text(row, "betStatus").upper()
    if status not in OPEN_BETS | DEAD_BETS | {CONFIRMED, VOID}:
        raise Unreadable("the status of a bet is not one of the documented")
    settlement = (wire.word(row, "settlementStatus") or UNSETTLED).upper()
    if settlement != UNSETTLED and settlement not in OUTCOMES:
        raise Unreadable("a bet is settled in a way that is not documented")
    paid = wire.maybe(row, "placedStake")
    odds = wire.maybe(row, "placedPrice")
    if status in (CONFIRMED, VOID) and (paid is None or odds is None):
        raise Unreadable("a bet has no stake or no odds")
    paid, odds = paid or ZERO, odds or ZERO
    if paid < 0 or odds < 0:
        raise Unreadable("a bet has a stake or odds below nothing")
    currency = (wire.word(row, "placedCurrency") or order.currency).upper()
    is_live = status not in DEAD_BETS
    return Piece(
        id=wire.text(row, "betId"),
        bookmaker=wire.word(row, "bookmaker"),
        odds=odds,
        paid=paid,
        currency=currency,
        size=rates.convert(paid, currency, order.currency) if is_live else Fraction(0),
        status=status,
        settlement=settlement,
        returned=wire.maybe(row, "settlementAmount"),
        is_converted=currency != order.currency,
        is_lay=order.side is Side.LAY,
    )


def _check_sum(order: Order, pieces: tuple[Piece, ...]) -> None:
    """The venue's own sum lies between what is certain and what may become so. A converted bet may be off by a coin: stakes are
    rounded down on their way to a bookmaker."""
    certain = sum((one.size for one in pieces if one.is_matched), Fraction(0))
    possible = sum((one.size for one in pieces if one.is_open or one.is_void), certain)
    coins = sum(one.is_converted for one in pieces) * smallest_unit(order.currency)
    slack = Fraction(TOLERANCE + coins)
    if order.filled is not None and not certain - slack <= Fraction(order.filled) <= possible + slack:
        unit = order.currency
        raise Unreadable(
            f"the venue says that {rounded(Fraction(order.filled), unit)} of it is filled, and its bets come to "
            f"{rounded(certain, unit)}" + (f", or {rounded(possible, unit)} with those still open" if possible != certain else "")
        )
    if certain > Fraction(order.stake) + slack:
        raise Unreadable(f"its bets come to {rounded(certain, order.currency)}, more than the {order.stake} that was asked for")


def _sizes(order: Order, pieces: tuple[Piece, ...], at: datetime, *, is_whole: bool) -> Sizes:
    certain = sum((one.size for one in pieces if one.is_matched), Fraction(0))
    matched = min(rounded(certain, order.currency), order.stake)
    is_complete = is_whole and order.is_over(at) and not any(one.is_open for one in pieces)
    if not is_complete:  # what was voided may yet be bet again, so it is not counted off before the end
        return Sizes(stake=order.stake, matched=matched)
    void = sum((one.size for one in pieces if one.is_void), Fraction(0))
    voided = min(rounded(void, order.currency), order.stake - matched)
    rest = order.stake - matched - voided
    if order.status == CANCELLED:
        return Sizes(stake=order.stake, matched=matched, voided=voided, cancelled=rest)
    return Sizes(stake=order.stake, matched=matched, voided=voided, lapsed=rest)


def _average(pieces: Iterable[Piece]) -> Decimal | None:
    """Weighted by stake. One bet may be at lower odds than the order's: the venue keeps the limit for the mean."""
    matched = [one for one in pieces if one.is_matched]
    total = sum((one.size for one in matched), Fraction(0))
    if not total:
        return None
    mean = sum((one.size * Fraction(one.odds) for one in matched), Fraction(0)) / total
    exact = Decimal(mean.numerator) / Decimal(mean.denominator)
    return exact if Fraction(exact) == mean else exact.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN)


def _fills(order: Order, pieces: Iterable[Piece]) -> tuple[Fill, ...]:
    """Every bet that was made, those that came to nothing too: they tell which bookmaker said no. Money of a kind that has no
    known coins is told in the order's."""
    return tuple(
        Fill(
            id=one.id, bookmaker=one.bookmaker, odds=one.odds, size=rounded(one.size, order.currency), status=one.status,
            paid=Money(amount=one.paid, currency=one.currency) if one.currency in DECIMALS
            else Money(amount=rounded(one.size, order.currency), currency=order.currency),
        )
        for one in pieces
    )  # fmt: skip


def ended_without_a_bet(held: Held) -> bool:
    """Refused or failed after it had been taken, and no bet of it ever stood or may yet stand."""
    return held.order.status in REFUSED and not any(one.is_matched or one.is_void or one.is_open for one in held.pieces)


def fact_of(held: Held, at: datetime) -> OrderReported | OrderRejected:
    """What is to be told of an order whose bets were read."""
    if ended_without_a_bet(held):
        status = held.order.status
        refusals = [one for one in held.pieces if one.status in DEAD_BETS]
        said = f"; refused by {', '.join(dict.fromkeys(one.bookmaker for one in refusals))}" if refusals else ""
        text = f"{_REFUSALS[status]}, and no bet was made of it{said}"
        return OrderRejected(at=at, ref=held.order.ref, reason=status, text=text, conclusive=True)
    return held.reported(at)
