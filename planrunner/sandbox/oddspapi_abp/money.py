"""Currencies: a rate is how many units are one US dollar. Only two currencies meet in a bet: the order's and the account's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

CENT = Decimal("0.01")


class Rates:
    """They may change, and a currency may be missing for a while."""

    def __init__(self, rates: Mapping[str, Decimal]) -> None:
        self.values = dict(rates)

    def between(self, of: str, to: str) -> Fraction | None:
        """So many units of `to` are one unit of `of`; None where a rate is missing."""
        if of not in self.values or to not in self.values:
            return None
        return Fraction(self.values[to]) / Fraction(self.values[of])

    def in_usd(self, amount: Decimal, currency: str) -> Decimal | None:
        rate = self.between(currency, "USD")
        return None if rate is None else down(Fraction(amount) * rate)


def down(amount: Fraction) -> Decimal:
    """Rounded down to a cent."""
    return _decimal(amount).quantize(CENT, ROUND_DOWN)


def near(amount: Fraction) -> Decimal:
    """Rounded to the nearest cent."""
    return _decimal(amount).quantize(CENT, ROUND_HALF_EVEN)


def up(amount: Fraction) -> Decimal:
    """Rounded up to a cent."""
    return -down(-amount) if down(amount) == amount else down(amount) + CENT


def _decimal(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)
