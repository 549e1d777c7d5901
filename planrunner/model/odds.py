"""Odds, exact whatever way they were written, and the ladder of odds a market accepts.

Inside planrunner odds are decimal odds held as a fraction: `-110` is 21/11, which no decimal number can say.
On a ladder they are plain `Decimal`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from operator import itemgetter


class Side(StrEnum):
    """`BACK` bets on a selection, `LAY` bets against it."""

    BACK = "back"
    LAY = "lay"

    @property
    def other(self) -> Side:
        return Side.LAY if self is Side.BACK else Side.BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """A limit on odds: `ratio` is decimal odds (stake included) as an exact fraction above 1, `text` is how they were written."""

    ratio: Fraction
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text

    def as_decimal(self) -> Decimal | None:
        """Decimal odds, or None where no decimal number is exact (American -110)."""
        value = Decimal(self.ratio.numerator) / Decimal(self.ratio.denominator)
        return value if Fraction(value) == self.ratio else None


def decimal_odds(text: str) -> Odds:
    """Decimal odds as written, `3.10`."""
    return Odds(ratio=Fraction(text), text=text)


def american_odds(text: str) -> Odds:
    """American odds: `+120` wins 1.20 for each 1.00, `-110` stakes 1.10 to win 1.00."""
    number = Fraction(text)
    return Odds(ratio=1 + (number / 100 if number > 0 else 100 / -number), text=text)


def probability_odds(text: str) -> Odds:
    """A probability written as a percentage: `65%` is 100/65."""
    return Odds(ratio=100 / Fraction(text.removesuffix("%").strip()), text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of a ladder: from `low` (included) to `high` in equal steps."""

    low: Decimal
    high: Decimal
    step: Decimal


class Ladder:
    """The odds a market accepts, numbered from 0 upwards; a number is called a tick.

    Bands join: the `high` of one is the `low` of the next. The last `high` is the highest odds.
    """

    __slots__ = ("_bands", "_parts", "_unit", "name", "ticks")

    def __init__(self, name: str, bands: tuple[Band, ...]) -> None:
        self.name = name
        self._bands = bands
        # Whole numbers of the finest step there is, so that a look-up is integer arithmetic whatever wrote the odds.
        finest = min(int(value.as_tuple().exponent) for band in bands for value in (band.low, band.high, band.step))
        self._unit = 10 ** max(-finest, 0)
        self._parts: list[tuple[int, int, int, int]] = []  # first tick, low, high, step
        ticks = 0
        for band in bands:
            low, high, step = (int(value * self._unit) for value in (band.low, band.high, band.step))
            self._parts.append((ticks, low, high, step))
            ticks += (high - low) // step
        self.ticks = ticks + 1

    def __repr__(self) -> str:
        return f"Ladder({self.name}, {self.odds(0)} to {self.odds(self.ticks - 1)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ladder) and (self.name, self._bands) == (other.name, other._bands)

    def __hash__(self) -> int:
        return hash((self.name, self._bands))

    @property
    def bands(self) -> tuple[Band, ...]:
        return self._bands

    def odds(self, tick: int) -> Decimal:
        """The odds of a tick. Raises IndexError outside the ladder."""
        if not 0 <= tick < self.ticks:
            raise IndexError(f"{self.name} has ticks 0 to {self.ticks - 1}, not {tick}")
        at = bisect_right(self._parts, tick, key=itemgetter(0)) - 1
        return self._bands[at].low + self._bands[at].step * (tick - self._parts[at][0])

    def tick(self, odds: Decimal | Fraction) -> int | None:
        """The tick of these odds, or None where they are not on the ladder."""
        below, is_exact = self._at_or_below(odds)
        return below if is_exact else None

    def around(self, odds: Decimal | Fraction) -> tuple[Decimal | None, Decimal | None]:
        """The nearest ladder odds below and above; both are the odds themselves when they are on the ladder."""
        below, is_exact = self._at_or_below(odds)
        if below is None:
            return None, self.odds(0)
        if is_exact:
            return self.odds(below), self.odds(below)
        return self.odds(below), self.odds(below + 1) if below + 1 < self.ticks else None

    def move(self, odds: Decimal, ticks: int) -> Decimal:
        """Ladder odds moved by ticks, stopping at either end. Raises ValueError for odds off the ladder."""
        tick = self.tick(odds)
        if tick is None:
            raise ValueError(f"{odds} is not on the {self.name} ladder")
        return self.odds(min(max(tick + ticks, 0), self.ticks - 1))

    def _at_or_below(self, odds: Decimal | Fraction) -> tuple[int | None, bool]:
        """The highest tick that is not above these odds (None: all are), and whether it is these odds."""
        numerator, denominator = odds.as_integer_ratio()
        units, rest = divmod(numerator * self._unit, denominator)
        if units < self._parts[0][1]:
            return None, False
        for first, low, high, step in self._parts:
            if units < high:
                ticks, beside = divmod(units - low, step)
                return first + ticks, not beside and not rest
        return self.ticks - 1, units == self._parts[-1][2] and not rest
