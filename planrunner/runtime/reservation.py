"""One placement as it counts against limits: what it can still lose, when it was placed, what its bets brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from planrunner.model.exposure import risk
from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, RunId
from planrunner.model.odds import Side

ZERO = Decimal(0)
MINUTE = timedelta(minutes=1)
# The longest that the day of a moment may still last: a day of 25 hours when clocks go back, and an hour to be safe.
REST_OF_DAY = timedelta(hours=26)
# What a market's settlement left untold; the bets behind it may still be told one by one.
UNTOLD = BetId("")

Key: TypeAlias = tuple[RunId, OrderRef]
# Live and sandbox money are counted apart, and every rehearsal is on its own.
Pot: TypeAlias = tuple[str, AccountName]


@dataclass(slots=True, kw_only=True)
class Reservation:
    """`bets` says of each bet the venue reported its stake and how much of it is gone (cancelled, lapsed, voided, settled);
    `attempt` is the latest one; `maybe_out`: the answer to some attempt was lost, so what is said of a later one proves
    nothing about it.

    `at` is when it was placed (None: before that was written down), `results` what its settled bets brought and when that was
    learned. `is_over`: nothing of it can be lost any more; it is kept while a minute or a day still counts it. A hedge is
    counted with the bets it hedges, so it holds nothing itself.
    """

    run: RunId
    ref: OrderRef
    scope: str
    account: AccountName
    market: MarketId
    side: Side
    odds: Decimal
    size: Decimal
    attempt: int
    maybe_out: bool = False
    bets: dict[BetId, tuple[Decimal, Decimal]] = field(default_factory=dict)
    currency: str = ""
    venue: str = ""
    at: datetime | None = None
    is_hedge: bool = False
    is_over: bool = False
    results: dict[BetId, tuple[Decimal, datetime]] = field(default_factory=dict)
    amount: Decimal = field(init=False)  # the most this placement can still lose

    def __post_init__(self) -> None:
        self.weigh()

    @property
    def key(self) -> Key:
        return (self.run, self.ref)

    @property
    def pot(self) -> Pot:
        return (self.scope, self.account)

    @property
    def gone(self) -> Decimal:
        return sum((gone for _, gone in self.bets.values()), ZERO)

    @property
    def counts_until(self) -> datetime | None:
        """When neither the minute nor the day counts it any more. None: they don't now."""
        ends = [at + REST_OF_DAY for _, at in self.results.values()]
        if self.at is not None:
            ends.append(self.at + MINUTE)
        return max(ends, default=None)

    def weigh(self) -> None:
        holds = not self.is_over and not self.is_hedge
        self.amount = risk(self.side, max(self.size - self.gone, ZERO), self.odds) if holds else ZERO
