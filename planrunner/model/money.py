"""Money: an exact amount in one currency. Amounts of two currencies never meet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from fractions import Fraction

# Decimal places of every currency a supported venue keeps accounts in (ISO 4217).
DECIMALS: dict[str, int] = {
    "GBP": 2, "EUR": 2, "USD": 2, "AUD": 2, "CAD": 2, "NZD": 2, "SGD": 2, "HKD": 2, "DKK": 2, "NOK": 2,
    "SEK": 2, "BRL": 2, "MXN": 2, "PEN": 2, "RON": 2, "HUF": 2, "ARS": 2, "GEL": 2, "INR": 2, "ISK": 0,
}  # fmt: skip


def smallest_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: `Decimal("0.01")` for GBP."""
    return Decimal(1).scaleb(-DECIMALS[currency])


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount and its currency, printed as people write it: `10.00 GBP`."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount.quantize(smallest_unit(self.currency))} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return Money(amount=self.amount + self._same(other), currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(amount=self.amount - self._same(other), currency=self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self} and {other} are of two currencies; nothing is converted")
        return other.amount


def rounded_up(amount: Decimal, currency: str) -> Money:
    """To whole units of the currency, against us: so that a limit never looks kept where it isn't."""
    return Money(amount=amount.quantize(smallest_unit(currency), rounding=ROUND_UP), currency=currency)


def rounded_down(amount: Fraction, currency: str) -> Money:
    """To whole units of the currency: the size of a bet that must not be larger than what it is to cover."""
    unit = smallest_unit(currency)
    return Money(amount=int(amount / Fraction(unit)) * unit, currency=currency)


def zero(currency: str) -> Money:
    """No money, in a currency."""
    return Money(amount=Decimal(0), currency=currency)
