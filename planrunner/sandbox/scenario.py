"""A scenario: which fixtures there are, what others offer, what happens, and how others react to our orders.

Values only; `scenario_file` reads them from YAML, `practice` and recorded markets make them otherwise. Times are milliseconds,
money is minor units, odds are decimal odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from planrunner.model.odds import Side
from planrunner.sandbox.bookmakers import Bookmaking
from planrunner.sandbox.clock import to_ms
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.pools import Pools

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


class Base(StrEnum):
    """What a moment counts from. `ORDER` is the first order the market accepts from us."""

    BEGIN = "at"
    START = "start"
    ORDER = "after_first_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`delay` may be negative: before the start."""

    base: Base
    delay: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A time of day, a date and time, or so long after the world begins."""

    at: time | None = None
    on: date | None = None
    after: int | None = None

    def __str__(self) -> str:
        return f"in {self.after}" if self.after is not None else f"{self.on or ''} {self.at:%H:%M}".strip()

    def resolve(self, begin: datetime, day: date, zone: ZoneInfo) -> int:
        """A time of day that is over when the world begins is tomorrow's."""
        if self.after is not None:
            return to_ms(begin) + self.after
        assert self.at is not None
        start = datetime.combine(self.on or day, self.at, zone)
        if self.on is None and start <= begin:
            start = datetime.combine(day + timedelta(days=1), self.at, zone)
        return to_ms(start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """`fair` odds are where seeded punters begin."""

    name: str
    id: int | None = None
    fair: Decimal | None = None


Offer = tuple[Decimal, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOffers:
    """From now on others offer exactly this on a selection; `to_back` is what a backer can take."""

    selection: str
    to_back: tuple[Offer, ...] = ()
    to_lay: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend:
    """No bets for now; what rests stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """Bets are taken again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnInPlay:
    """The contest is on: remainders lapse unless they are to persist, new bets are held for the bet delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStart:
    """The scheduled start moves by so much; whatever hangs on it moves too."""

    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The result is known and every bet is settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """A selection does not take part. `factor` (per cent) reduces the odds matched on the others."""

    selection: str
    factor: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidMatched:
    """What was matched so far never counted, on one selection or (None) on all: a goal that was taken back."""

    selection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandon:
    """The contest does not take place: the market is closed and everything in it is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleAgain:
    """The result was wrong: bets that were paid are paid anew."""

    result: tuple[str, ...]


Happening = ShowOffers | Suspend | Reopen | TurnInPlay | MoveStart | Close | Remove | VoidMatched | Abandon | SettleAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    moment: Moment
    happening: Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketScript:
    """`result` None: the seed draws it; more names than `winners` share the last place (a dead heat). `commission` is a fraction.
    `start`: a race of a meeting; None: the fixture's."""

    name: str
    type: str
    runners: tuple[Runner, ...]
    id: str | None = None
    start: Start | None = None
    winners: int = 1
    turns_in_play: bool = True
    bet_delay: int = 5 * SECOND
    commission: Decimal = Decimal("0.05")
    ladder: str = "CLASSIC"
    happenings: tuple[Due, ...] = ()
    result: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureScript:
    name: str
    sport: str
    start: Start
    lasts: int
    markets: tuple[MarketScript, ...]
    id: str | None = None
    competition: str | None = None
    country: str = "GB"
    meeting: str | None = None


class When(StrEnum):
    """`ARRIVES`: somebody offers what an order asks for before it is matched. `RESTS`: part of it is unmatched after that."""

    RESTS = "rests"
    ARRIVES = "arrives"


class ShareOf(StrEnum):
    """`DEMAND`: of the most we ever asked for on that selection and side, less what was matched there."""

    ORDER = "order"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A counterparty for `share` of an order of ours that fits the filters, `after` milliseconds after it was placed."""

    when: When
    share: Decimal
    of: ShareOf = ShareOf.ORDER
    after: int = 0
    market: str | None = None
    selection: str | None = None
    side: Side | None = None
    odds_at_least: Decimal | None = None
    odds_at_most: Decimal | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTerms:
    """None: any non-empty value is taken. `balance` is in minor units."""

    balance: int = 100_000
    currency: str = "GBP"
    username: str | None = None
    password: str | None = None
    app_key: str | None = None
    session_life: int = 12 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`punters`: seeded others quote and drift. `others_take_ours`: they may meet our orders. `for_every_market`: happenings
    that every market has besides its own."""

    name: str
    fixtures: tuple[FixtureScript, ...]
    time_zone: str = "Europe/London"
    begins_on: date | None = None
    begins_at: time | None = None
    account: AccountTerms = AccountTerms()
    punters: bool = False
    others_take_ours: bool = True
    reactions: tuple[Reaction, ...] = ()
    for_every_market: tuple[Due, ...] = ()
    faults: tuple[Fault, ...] = ()
    pools: Pools | None = None
    bookmakers: Bookmaking | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
