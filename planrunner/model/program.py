"""A plan made ready to run: names resolved to the venue's ids, terms of the venue attached, a reference for every placement.

The program is written into the journal's first event, so that a run can be told again without plan, site or venue.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from planrunner.model.account import Account, SiteLimits
from planrunner.model.market import AccountName, Market, MarketId, OrderRef, RunId, SelectionId
from planrunner.model.odds import Ladder
from planrunner.model.plan import LimitOrder, PlanLimits, PoolBet
from planrunner.model.pools import PickedLeg
from planrunner.model.profile import Minimum

# How it is known that a placement in doubt was waited for long enough. The first journals read it off the wall clock, which
# may be set; since then it is how often it was looked for.
BY_THE_CLOCK, BY_LOOKS = 1, 2
NO_SITE_LIMITS = SiteLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the engine must know of a venue to decide; see `VenueProfile` for the words."""

    venue: str
    batch: int
    reference_length: int
    idempotent_for: timedelta | None
    lookup_lag: timedelta
    minimum_stake: Decimal
    minimum_payout: Decimal | None
    ladders: Mapping[str, Ladder]
    uuid_references: bool = False
    expires_within: timedelta | None = None

    @property
    def minimum(self) -> Minimum:
        return Minimum(stake=self.minimum_stake, payout=self.minimum_payout)

    def reference(self, run: str, path: str, rung: int) -> OrderRef:
        """Of one placement, as this venue takes references."""
        return uuid_ref(run, path, rung) if self.uuid_references else order_ref(run, path, rung, self.reference_length)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOrder:
    """An order of the plan and where it goes. `path` is its step path (`orders.arsenal`), the root of all its references.

    `selection` is None for a favourite until it is placed. `hedges` is the path of the order that this one hedges, `takes_over`
    of the one whose remainder it takes over: it is placed when that order's plan asks for it, with a stake that is known then.
    """

    path: str
    order: LimitOrder
    account: AccountName
    market: MarketId
    selection: SelectionId | None
    selection_name: str
    handicap: Decimal = Decimal(0)
    hedges: str | None = None
    takes_over: str | None = None

    @property
    def waits_for(self) -> str | None:
        """The path of the order whose plan must ask for this one first."""
        return self.hedges or self.takes_over


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPoolBet:
    """A bet of a ticket and where it goes: `market` is the pool, `ticket` the path of the ticket it is placed with."""

    path: str
    ticket: str
    order: PoolBet
    account: AccountName
    market: MarketId
    legs: tuple[PickedLeg, ...]

    @property
    def hedges(self) -> None:
        """Nothing hedges a bet in a pool, and it hedges nothing."""

    @property
    def waits_for(self) -> None:
        """It is in the plan itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`seed_of_refs` names the run in references: the run's id, or in a rehearsal what makes it repeat exactly.

    `time_zone` is the plan's, for telling times to people; None: UTC. `rules`: those of the day on which the run began, so that
    an old journal is told as it went. `accounts` and `site_limits` are those of the site file it was checked against: to go on
    with a run nothing else is needed, but for credentials.
    """

    run: RunId
    seed_of_refs: str
    plan: str
    digest: str
    currency: str
    limits: PlanLimits
    terms: Mapping[AccountName, Terms]
    markets: Mapping[MarketId, Market]
    orders: tuple[ProgramOrder, ...]
    time_zone: str | None = None
    rules: int = BY_THE_CLOCK
    pool_bets: tuple[ProgramPoolBet, ...] = ()
    accounts: Mapping[AccountName, Account] = field(default_factory=dict)
    site_limits: SiteLimits = NO_SITE_LIMITS

    @property
    def specs(self) -> tuple[ProgramOrder | ProgramPoolBet, ...]:
        """Everything that is placed, in the order of the plan."""
        return (*self.orders, *self.pool_bets)


def order_ref(run: str, path: str, rung: int, length: int) -> OrderRef:
    """The reference of one placement, the same in every attempt to send it.

    Lower-case base32 of a SHA-256, cut to the venue's limit. Rung 0 is the order as planned, 1 its first reprice.
    """
    return OrderRef(short_hash(f"{run}/{path}/{rung}", length))


def uuid_ref(run: str, path: str, rung: int) -> OrderRef:
    """The same as a UUID, for venues that take no other references. Version 8: what its bits mean is ours to say (RFC 9562)."""
    digits = hashlib.sha256(f"{run}/{path}/{rung}".encode()).hexdigest()
    return OrderRef(f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}")


def step_path(path: str, index: int) -> str:
    """How commands name a fallback step of an order."""
    return f"{path}.fallback.{index}"


def hedge_path(path: str) -> str:
    """The path of the order that hedges another. No order of a plan has a slash in its name."""
    return f"{path}/hedge"


def move_path(path: str) -> str:
    """The path of the order that takes over what is left of another, on another account."""
    return f"{path}/moved"


def short_hash(text: str, length: int) -> str:
    """`length` letters and digits (at most 48) that stand for a text."""
    digest = hashlib.sha256(text.encode()).digest()[:30]
    return base64.b32encode(digest[: -(-length // 8) * 5]).decode("ascii").lower()[:length]
