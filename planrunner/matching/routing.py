"""How a router turns one order into bets at several bookmakers: what it may send next, given what they offer now.

The rule the rest depends on: the order's price binds the stake-weighted mean of its bets, not each bet. The first bet clears the
price by itself; a later one may be worse as far as the earlier ones have paid for it. With `F` filled, `P` the sum of stake
x price and `T` the order's price, a price `b` worse than `T` takes at most `(P - T F) / (T - b)`.

Everything is exact. An order has one currency and each bookmaker's account its own: a stake is rounded down to a coin of the
account's on its way there, and what that is worth in the order's currency is reckoned back from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

COIN = Decimal("0.01")


class Mode(IntEnum):
    """What follows from how many bookmakers an order may go to, and whether part of it is welcome."""

    WHOLE = 1
    REPEAT = 2
    PARALLEL = 3
    SWEEP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order. `better`: whether it may be filled at better odds than `price`."""

    price: Decimal
    stake: Decimal
    mode: Mode
    back: bool = True
    better: bool = True

    def clears(self, price: Decimal) -> bool:
        """Whether a bet at these odds keeps the order's price by itself."""
        return price >= self.price if self.back else price <= self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one bookmaker takes now: one bet of `least` to `most` in the account's currency.

    `rate`: so much of that currency is one of the order's. `splits`: whether the account may hold several bets of one order.
    """

    book: str
    price: Decimal
    most: Decimal
    least: Decimal = COIN
    rate: Fraction = Fraction(1)
    splits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A bet to send: `placed` in the account's currency, `stake` in the order's."""

    book: str
    price: Decimal
    placed: Decimal
    stake: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What stands so far: `stake`, the sum of stake x price, and the bookmakers that were bet with."""

    stake: Fraction = Fraction(0)
    returns: Fraction = Fraction(0)
    books: frozenset[str] = frozenset()

    def add(self, part: Part) -> Filled:
        returns = self.returns + part.stake * Fraction(part.price)
        return Filled(stake=self.stake + part.stake, returns=returns, books=self.books | {part.book})

    @property
    def mean(self) -> Fraction | None:
        return self.returns / self.stake if self.stake else None


def mode_of(books: int, *, partial: bool) -> Mode:
    if books == 1:
        return Mode.REPEAT if partial else Mode.WHOLE
    return Mode.SWEEP if partial else Mode.PARALLEL


def most_at(wanted: Wanted, filled: Filled, price: Decimal) -> Fraction | None:
    """The largest stake at these odds that keeps the mean; None where the odds clear the price by themselves."""
    if wanted.clears(price):
        return None
    target = Fraction(wanted.price)
    return max((filled.returns - target * filled.stake) / (target - Fraction(price)), Fraction(0))


def next_parts(wanted: Wanted, filled: Filled, offers: Sequence[Offer]) -> tuple[Part, ...]:
    """The bets to send now, at once; none where it is better to wait. Between equal odds the offers' own order decides."""
    best_first = sorted(_usable(wanted, filled, offers), key=lambda offer: -offer.price if wanted.back else offer.price)
    left = Fraction(wanted.stake) - filled.stake
    match wanted.mode:
        case Mode.WHOLE:
            return () if filled.stake else tuple(_whole(wanted, left, best_first))[:1]
        case Mode.PARALLEL:
            return _parallel(wanted, left, best_first)
        case _:
            return tuple(_single(wanted, filled, left, best_first))[:1]


def coins(stake: Fraction, rate: Fraction) -> Decimal:
    """A stake in the account's currency, rounded down to a coin."""
    return Decimal(int(stake * rate * 100)).scaleb(-2)


def is_dust(left: Fraction, rate: Fraction) -> bool:
    """Less than a coin of the account's: nothing of it can be bet any more."""
    return coins(left, rate) < COIN


def _usable(wanted: Wanted, filled: Filled, offers: Iterable[Offer]) -> Iterator[Offer]:
    once = wanted.mode in (Mode.WHOLE, Mode.PARALLEL)
    for offer in offers:
        if offer.book in filled.books and (once or not offer.splits):
            continue
        if wanted.better or offer.price == wanted.price or not wanted.clears(offer.price):
            yield offer


def _part(offer: Offer, stake: Fraction) -> Part | None:
    """As much of a stake as the bookmaker takes in one bet; None where that is too little for it."""
    placed = min(coins(stake, offer.rate), offer.most)
    if placed < max(offer.least, COIN):
        return None
    return Part(book=offer.book, price=offer.price, placed=placed, stake=Fraction(placed) / offer.rate)


def _whole(wanted: Wanted, left: Fraction, offers: Iterable[Offer]) -> Iterator[Part]:
    for offer in offers:
        part = _part(offer, left) if wanted.clears(offer.price) else None
        if part is not None and is_dust(left - part.stake, offer.rate):
            yield part


def _single(wanted: Wanted, filled: Filled, left: Fraction, offers: Iterable[Offer]) -> Iterator[Part]:
    for offer in offers:
        most = most_at(wanted, filled, offer.price)
        part = _part(offer, left if most is None else min(left, most))
        if part is not None:
            yield part


def _parallel(wanted: Wanted, left: Fraction, offers: Iterable[Offer]) -> tuple[Part, ...]:
    """One bet for each bookmaker whose odds clear the price, best first; all of the stake or nothing."""
    parts: list[Part] = []
    for offer in offers:
        part = _part(offer, left) if wanted.clears(offer.price) else None
        if part is not None:
            parts.append(part)
            left -= part.stake
            if is_dust(left, offer.rate):
                return tuple(parts)
    return ()
