"""What the odds matched on the others become when a runner is removed: its chance is shared out among them.

`factor` is the removed runner's, in per cent. In a market with one winner the whole odds are reduced, and small factors count for
nothing; in one with several the winnings are, by every factor.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

NO_FACTOR = Decimal(0)
# Below this a removal changes no odds of a market with one winner.
LEAST = Decimal("2.5")
LOWEST = Decimal("1.01")
CENT = Decimal("0.01")
WHOLE = Decimal(100)


def reduces(factor: Decimal, *, places: int) -> bool:
    """Whether a removal with this factor changes any odds."""
    return factor >= LEAST if places == 1 else factor > 0


def reduced(odds: Decimal, factor: Decimal, *, places: int) -> Decimal:
    """In hundredths, a half up, and never below 1.01."""
    left = 1 - factor / WHOLE
    exact = odds * left if places == 1 else 1 + (odds - 1) * left
    return max(exact.quantize(CENT, ROUND_HALF_UP), LOWEST)
