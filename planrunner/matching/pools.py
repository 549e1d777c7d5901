"""How the money of a pool is paid out: takeout, dividends rounded down, floors under them, and what is carried over.

    money in + topped up = paid + takeout + breakage + carried over

holds exactly for every pool: *breakage* is what rounding down leaves with the operator, *topped up* what a floor costs him.
Money is in minor units, whole where it comes in and exact fractions in between; a dividend is a decimal, paid per unit of stake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Generic, TypeVar

K = TypeVar("K")
MINOR_IN_UNIT = 100


@dataclass(frozen=True, slots=True)
class Floor:
    """A dividend that comes out at `at_most` or less pays `pays`."""

    at_most: Decimal
    pays: Decimal


# The floors of the win pool: a little above the stake when the favourite was backed by nearly everybody.
WIN_FLOORS = (Floor(Decimal("0.90"), Decimal("1.02")), Floor(Decimal("1.10"), Decimal("1.10")))
DEAD_HEAT_FLOORS = (Floor(Decimal("0.60"), Decimal("0.60")),)
MULTIPLE_FLOORS = (Floor(Decimal("1.10"), Decimal("1.10")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutTerms:
    """`takeout` is a fraction, `step` what dividends are rounded down to; floors are tried in their order."""

    takeout: Decimal
    step: Decimal = Decimal("0.10")
    floors: tuple[Floor, ...] = ()
    tied_floors: tuple[Floor, ...] = DEAD_HEAT_FLOORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """What was staked on a winning line, and its part of the pool; `tied` in a dead heat."""

    staked: int
    part: Fraction = Fraction(1)
    tied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout(Generic[K]):
    """Where the money of a pool went. `dividends` has those lines only that somebody holds."""

    dividends: Mapping[K, Decimal]
    paid: Fraction
    takeout: Fraction
    breakage: Fraction
    carried_over: Fraction
    topped_up: Fraction


def pay_out(money: int | Fraction, winners: Mapping[K, Winner], terms: PayoutTerms) -> Payout[K]:
    """Share the money of a pool among its winning lines, whose parts are 1 together, or nobody's.

    A part that nobody holds is carried over whole, takeout and all. Where less than a unit stands on a line, a whole unit's
    dividend is worked out, what was staked gets its share of it, and the rest is carried over.
    """
    if winners and sum(winner.part for winner in winners.values()) != 1:
        raise ValueError("the parts of a pool are no whole")
    dividends: dict[K, Decimal] = {}
    paid = takeout = breakage = topped_up = Fraction(0)
    carried_over = Fraction(0) if winners else Fraction(money)
    for line, winner in winners.items():
        gross = money * winner.part
        if winner.staked == 0:
            carried_over += gross
            continue
        taken = gross * Fraction(terms.takeout)
        counted = max(winner.staked, MINOR_IN_UNIT)
        dividend = _dividend((gross - taken) / counted, terms, tied=winner.tied)
        left = gross - taken - counted * Fraction(dividend)
        dividends[line] = dividend
        takeout += taken
        paid += winner.staked * Fraction(dividend)
        carried_over += (counted - winner.staked) * Fraction(dividend)
        breakage += max(left, Fraction(0))
        topped_up += max(-left, Fraction(0))
    return Payout(
        dividends=dividends, paid=paid, takeout=takeout, breakage=breakage, carried_over=carried_over, topped_up=topped_up
    )


def returned(stake: int, dividend: Decimal) -> int:
    """What a stake on a winning line gets back, in whole minor units; a fraction of one stays behind."""
    return int(stake * Fraction(dividend))


def probable(money: int, staked: int, part: Fraction, terms: PayoutTerms) -> Decimal:
    """What a line would pay if the pool closed now and it won: at least a unit is taken to stand on it."""
    line = Winner(staked=max(staked, MINOR_IN_UNIT), part=part)
    net = money * part * (1 - Fraction(terms.takeout))
    return _dividend(net / line.staked, terms, tied=False)


def _dividend(exact: Fraction, terms: PayoutTerms, *, tied: bool) -> Decimal:
    floors = terms.tied_floors if tied else terms.floors
    for floor in floors:
        if exact <= Fraction(floor.at_most):
            return floor.pays
    return int(exact / Fraction(terms.step)) * terms.step
