"""Where the stake of a bet is, told by either side in the same words; and what bets can lose, added up in this one place."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from planrunner.audit.findings import shown

ZERO = Decimal(0)
COIN = Decimal("0.01")
Key = Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`matched` is what still counts: what was voided of it is in `voided`."""

    stake: Decimal
    matched: Decimal = ZERO
    cancelled: Decimal = ZERO
    lapsed: Decimal = ZERO
    voided: Decimal = ZERO

    @property
    def gone(self) -> Decimal:
        """Nothing of it can be won or lost any more."""
        return self.cancelled + self.lapsed + self.voided

    @property
    def remaining(self) -> Decimal:
        return self.stake - self.matched - self.gone

    @property
    def adds_up(self) -> bool:
        return min(self.stake, self.matched, self.cancelled, self.lapsed, self.voided, self.remaining) >= 0

    @property
    def progress(self) -> tuple[Decimal, Decimal]:
        """Of two reports about one bet the larger is the later."""
        return (self.matched + self.gone, self.voided)

    def __str__(self) -> str:
        """`10.00: 4.00 matched, 6.00 cancelled`."""
        named = {
            "matched": self.matched, "cancelled": self.cancelled, "lapsed": self.lapsed, "voided": self.voided,
            "open": self.remaining,
        }  # fmt: skip
        told = ", ".join(f"{size:f} {name}" for name, size in named.items() if size)
        return f"{self.stake:f}: {told or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What somebody took of a bet. At a router that is a bookmaker: `id` is the router's, `paid` in the money of the account
    there, and `is_taken` whether it said yes."""

    odds: Decimal
    size: Decimal
    id: str | None = None
    bookmaker: str | None = None
    paid: Decimal | None = None
    currency: str | None = None
    is_taken: bool = True

    def __str__(self) -> str:
        """`4.00 at 2.10, 4.60 EUR at sharpbet`."""
        paid = f", {self.paid:f} {shown(self.currency or '')}" if self.paid is not None else ""
        return f"{self.size:f} at {self.odds:f}{paid}{f' at {shown(self.bookmaker)}' if self.bookmaker else ''}"


def slack_of(fills: Iterable[Fill], currency: str | None) -> Decimal:
    """How far two sums of the same fills may be apart: each in another money is rounded to a coin."""
    return COIN * sum(fill.currency not in (None, currency) for fill in fills)


def loss(side: str, size: Decimal, odds: Decimal) -> Decimal:
    """What a bet of so much backer's stake can lose: a back the stake, a lay what it would pay out."""
    return size if side == "back" else size * (odds - 1)


@dataclass(frozen=True, slots=True)
class Held:
    """What one placement holds: the most it can lose, and the stake that is matched or can be."""

    loss: Decimal = ZERO
    stake: Decimal = ZERO


NOTHING = Held()


@dataclass(slots=True)
class Totals:
    """Of everything that is open or matched, under any keys, kept as it changes."""

    _held: dict[Key, Held] = field(default_factory=dict)
    _under: dict[Key, tuple[Key, ...]] = field(default_factory=dict)
    _totals: dict[Key, Held] = field(default_factory=dict)

    def put(self, one: Key, held: Held, under: Iterable[Key] | None = None) -> None:
        """What `one` holds from now on, counted under the keys it was first put under."""
        keys = self._under.setdefault(one, tuple(under or ()))
        before = self._held.get(one, NOTHING)
        self._held[one] = held
        for key in keys:
            total = self._totals.get(key, NOTHING)
            self._totals[key] = Held(total.loss + held.loss - before.loss, total.stake + held.stake - before.stake)

    def of(self, key: Key) -> Held:
        return self._totals.get(key, NOTHING)


def stake_of(bets: Mapping[str, Parts]) -> Decimal:
    return sum((parts.stake for parts in bets.values()), ZERO)


def gone_of(bets: Mapping[str, Parts]) -> Decimal:
    return sum((parts.gone for parts in bets.values()), ZERO)
