"""The bookmakers behind a router, as a scenario scripts them: what they offer over time, who may come in, what goes wrong.

Values only; `bookmakers_file` reads them from a scenario's section `bookmakers`. Times are milliseconds, money and odds exact.
Whatever is left out is as in `USUAL`: four bookmakers whose offers follow the world's fair odds by the seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

Level = tuple[Decimal, Decimal]

# Units of each currency for one US dollar.
RATES: Mapping[str, Decimal] = MappingProxyType(
    {code: Decimal(rate) for code, rate in (("USD", "1"), ("EUR", "0.92"), ("GBP", "0.79"), ("CAD", "1.37"), ("AUD", "1.53"))}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `at` after the world begins, for so long; None: to the end."""

    at: int
    lasts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """From this moment on a bookmaker offers exactly this, best first. `from_start`: `at` counts from the start."""

    at: int
    event: str
    market: str
    selection: str
    from_start: bool = False
    to_back: tuple[Level, ...] = ()
    to_lay: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """`limit` and `least` are those of its odds, `max_stake` and `min_stake` its own; `rejects` is per cent of bets.

    `follows`: it has offers on everything, from fair odds and the seed; if not, on what is scripted only.
    """

    slug: str
    currency: str = "USD"
    margin: Decimal = Decimal("0.03")
    limit: Decimal = Decimal(300)
    least: Decimal = Decimal(1)
    max_stake: Decimal | None = None
    min_stake: Decimal | None = None
    latency: int = 400
    rejects: int = 0
    lays: bool = False
    follows: bool = True
    shows: tuple[Shows, ...] = ()
    down: tuple[Span, ...] = ()
    emergencies: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAccount:
    """An account at a bookmaker that a client has from the beginning. None: every client, the bookmaker's currency."""

    bookmaker: str
    username: str = "practice"
    client: str | None = None
    currency: str | None = None
    balance: Decimal = Decimal(10_000)
    priority: int = 1
    active: bool = True
    max_stake: Decimal | None = None
    min_stake: Decimal | None = None
    multi_limit: bool = True
    verify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Who comes in with a key. `bookmakers` empty: all; `denied` are operations it may not use."""

    key: str
    name: str
    bookmakers: tuple[str, ...] = ()
    rps: int = 100
    active: bool = True
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settles:
    """How bets on a selection are settled whatever its result, so long after the market closed; more of them settle again.

    `pays`: of a cash-out, the share of the stake.
    """

    event: str
    market: str
    selection: str
    how: str
    after: int = 0
    pays: Decimal = Decimal("0.9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmaking:
    """The whole section. No `keys`: every key comes in. `sync_wait`: how long an answer to new orders waits for a result."""

    books: tuple[Book, ...]
    accounts: tuple[HeldAccount, ...] = ()
    keys: tuple[Key, ...] = ()
    rates: Mapping[str, Decimal] = field(default_factory=lambda: RATES)
    emergencies: tuple[Span, ...] = ()
    settles: tuple[Settles, ...] = ()
    sync_wait: int = 1_000
    retry: int = 500
    legacy: bool = False


USUAL = Bookmaking(
    books=(
        Book(slug="pinnacle", margin=Decimal("0.02"), limit=Decimal(500), least=Decimal(5), latency=300),
        Book(slug="sharpbet", currency="EUR", margin=Decimal("0.025"), limit=Decimal(300), latency=600),
        Book(slug="vertex", currency="CAD", margin=Decimal("0.04"), limit=Decimal(200), least=Decimal(5), latency=900),
        Book(
            slug="betfair-ex", currency="GBP", margin=Decimal("0.01"), limit=Decimal(150), least=Decimal(2), latency=1_200,
            lays=True,
        ),
    )
)  # fmt: skip
