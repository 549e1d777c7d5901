"""Tickets, bets and wallets as the Tote keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from planrunner.matching.finishes import count
from planrunner.sandbox.tote.card import Product

Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """What a bet chose, by the runners' numbers. `chosen` has a list per position where the order counts, else one per leg;
    `reserves` are those of each leg, in their order."""

    chosen: tuple[tuple[int, ...], ...]
    reserves: tuple[tuple[int, ...], ...]


@dataclass(slots=True, kw_only=True, eq=False)
class PoolBet:
    """`asked` is what the client sent; money in minor units. Without `picks` it was refused before it came to them."""

    id: str
    tote_id: str
    ticket: str
    owner: str
    asked: Input
    placed_at: int
    product: Product | None = None
    picks: Picks | None = None
    currency: str = "GBP"
    stake: int = 0
    placement: str = "PLACED"
    reason: str | None = None
    resulting: str = "PENDING"
    settlement: str = "PENDING"
    returned: int = 0
    refunded: int = 0
    awaits: bool = False  # a decision, or for ever

    @property
    def lines(self) -> int:
        assert self.product is not None
        assert self.picks is not None
        return count(self.product.type.rule, self.picks.chosen)

    @property
    def line_stake(self) -> int:
        return self.stake // self.lines

    @property
    def is_live(self) -> bool:
        """In the pool and not settled."""
        return self.placement == "ACCEPTED" and self.settlement == "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """`first`: the bets as they were when it was answered for the first time. `error`: that was the answer, without bets."""

    id: str
    tote_id: str
    owner: str
    at: int
    bets: tuple[PoolBet, ...]
    first: tuple[PoolBet, ...]
    error: str | None = None

    def frozen(self) -> Ticket:
        return replace(self, bets=self.first)


@dataclass(slots=True, kw_only=True)
class Wallet:
    """What is reserved can't be bet with, though it is taken only when a bet is accepted. `ledger`: when, why, of which bet, and
    how much."""

    currency: str
    balance: int
    reserved: dict[str, int] = field(default_factory=dict)
    ledger: list[tuple[int, str, str, int]] = field(default_factory=list)

    @property
    def available(self) -> int:
        return self.balance - sum(self.reserved.values())

    def reserve(self, bet: PoolBet) -> bool:
        if bet.stake > self.available:
            return False
        self.reserved[bet.tote_id] = bet.stake
        return True

    def release(self, bet: PoolBet) -> None:
        self.reserved.pop(bet.tote_id, None)

    def debit(self, bet: PoolBet, at: int) -> None:
        """What was reserved is taken."""
        self.release(bet)
        self.book(at, "stake", bet, -bet.stake)

    def book(self, at: int, why: str, bet: PoolBet, amount: int) -> None:
        self.balance += amount
        if amount:
            self.ledger.append((at, why, bet.tote_id, amount))


def with_reserves(chosen: Sequence[int], reserves: Sequence[int], runs: Sequence[int]) -> tuple[int, ...]:
    """Each runner that does not run is replaced by the next reserve that does and was not chosen; without one it stays."""
    left = [reserve for reserve in reserves if reserve in runs and reserve not in chosen]
    return tuple(left.pop(0) if number not in runs and left else number for number in chosen)
