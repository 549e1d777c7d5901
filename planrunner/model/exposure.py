"""Worst-loss arithmetic, in this one place.

Nothing is netted against anything: a back risks its stake, a lay its liability. Whatever is in flight or unknown counts as
if fully matched at its limit.
"""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from fractions import Fraction

from planrunner.model.odds import Side


def risk(side: Side, size: Decimal, odds: Decimal | Fraction) -> Decimal:
    """What a bet of `size` (backer's stake) can lose, in the currency of the size. Lays are rounded up to 1/1000000."""
    if side is Side.BACK:
        return size
    if isinstance(odds, Decimal):
        return size * (odds - 1)
    exact = Fraction(size) * (odds - 1)
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.000001"), rounding=ROUND_UP)


def worst_loss(side: Side, stake: Decimal, liability_at_most: Decimal | None) -> Decimal | None:
    """What an order as planned can lose on any of its rungs: a back its stake, a lay its cap (None: it has none)."""
    return risk(side, stake, Decimal(1)) if side is Side.BACK else liability_at_most
