"""What a venue can do, as data. `check` refuses what a profile does not list; the engine gets windows and minimums from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from planrunner.model.odds import Ladder, Side
from planrunner.model.plan import OrderType
from planrunner.model.pools import Pool

FOR_EVER = timedelta(days=3650)  # as `idempotent_for`: longer than any run


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """The smallest order in one currency: `stake`, or less where stake x odds reaches `payout` (None: no such exception)."""

    stake: Decimal
    payout: Decimal | None = None

    def allows(self, stake: Decimal, odds: Fraction) -> bool:
        return stake >= self.stake or (self.payout is not None and Fraction(stake) * odds >= self.payout)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """The terms of a venue.

    `batch`: orders per request. `idempotent_for`: how long the venue refuses a second request with the same reference (None:
    it never does). `lookup_lag`: how long a bet may exist before a look-up shows it. `answer_within`: the longest the venue may
    take to answer a placement, its own bet delay not counted. `orders_per_second`: as many may leave on one account, over all
    runs (None: the venue sets no such bound). `uuid_references`: its references are written as UUIDs. `expires_within`: it ends
    orders by itself at a time that it is told, at most so long after they are placed (None: it does not). `pools`: it takes
    tickets for these, and nothing else. `routes`: it spreads orders over bookmakers, so that an order has `settings`.
    `by_ids_only`: it knows nothing by name. `by_key`: whoever shows its key comes in, and no login ends.
    """

    venue: str
    title: str
    usual_currency: str
    sides: frozenset[Side]
    types: frozenset[OrderType]
    minimums: dict[str, Minimum]
    ladders: dict[str, Ladder]
    default_ladder: str
    batch: int
    reference_length: int
    idempotent_for: timedelta | None
    lookup_lag: timedelta
    answer_within: timedelta
    orders_per_second: int | None = None
    uuid_references: bool = False
    expires_within: timedelta | None = None
    pools: frozenset[Pool] = field(default_factory=frozenset)
    routes: bool = False
    by_ids_only: bool = False
    by_key: bool = False
    can_cancel: bool = True
    can_keep_in_play: bool = False
    kept_orders_types: frozenset[OrderType] = field(default_factory=frozenset)
    average_odds_types: frozenset[OrderType] = field(default_factory=frozenset)
    min_fill_types: frozenset[OrderType] = field(default_factory=frozenset)

    def ladder(self, name: str) -> Ladder:
        return self.ladders[name]
