"""Pool bets: a stake goes into a pool, and what the pool pays is known after the race.

A bet buys lines; a line is one way in which the bet can win (a horse, an order of finish, a runner for each race). It never has
odds, is never matched in part and can't be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import comb, prod

from planrunner.model.market import MarketId, SelectionId


class Pool(StrEnum):
    """As plans and people call them."""

    WIN = "win"
    PLACE = "place"
    EXACTA = "exacta"
    TRIFECTA = "trifecta"
    QUINELLA = "quinella"
    SWINGER = "swinger"
    TRIO = "trio"
    DOUBLE = "double"
    TREBLE = "treble"
    QUADPOT = "quadpot"
    PLACEPOT = "placepot"
    JACKPOT = "jackpot"
    SCOOP6 = "scoop6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a bet in a pool names: over how many races, how many runners make one line of a race, and whether in which order."""

    races: int = 1
    together: int = 1
    ordered: bool = False


# Source: the tables of bet types of the Tote's sheet.
SHAPES: dict[Pool, Shape] = {
    Pool.WIN: Shape(),
    Pool.PLACE: Shape(),
    Pool.EXACTA: Shape(together=2, ordered=True),
    Pool.TRIFECTA: Shape(together=3, ordered=True),
    Pool.QUINELLA: Shape(together=2),
    Pool.SWINGER: Shape(together=2),
    Pool.TRIO: Shape(together=3),
    Pool.DOUBLE: Shape(races=2),
    Pool.TREBLE: Shape(races=3),
    Pool.QUADPOT: Shape(races=4),
    Pool.PLACEPOT: Shape(races=6),
    Pool.JACKPOT: Shape(races=6),
    Pool.SCOOP6: Shape(races=6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One race of a bet, in the author's words: its number or local time, and the runners by number or name.

    `finish` has the runners for first, second and third place, for pools in which the order counts; empty: in any order, or
    none counts. `reserves` take the place of runners that don't run, the first for the first.
    """

    race: str
    runners: tuple[str, ...]
    finish: tuple[tuple[str, ...], ...] = ()
    reserves: tuple[str, ...] = ()


def lines(pool: Pool, legs: Sequence[Leg]) -> int:
    """How many ways to win a bet buys; 0 where its runners make none."""
    shape = SHAPES[pool]
    if shape.races > 1:
        return prod(len(set(leg.runners)) for leg in legs)
    leg = legs[0]
    if leg.finish:
        return _in_order([set(places) for places in leg.finish])
    chosen = comb(len(set(leg.runners)), shape.together)
    return chosen * prod(range(1, shape.together + 1)) if shape.ordered else chosen


def _in_order(finish: Sequence[set[str]]) -> int:
    """How many orders of finish the runners of each place allow, when none of them comes in twice.

    Counted and not written out: a plan from anybody may name hundreds.
    """
    if not finish:
        return 1
    *before, last = finish
    # Whoever comes in last of them may have been meant for a place before, and is then taken out of it.
    together = sum(_in_order([*before[:at], places & last, *before[at + 1 :]]) for at, places in enumerate(before))
    return _in_order(before) * len(last) - together


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRunner:
    """A runner on a pool's card. `number` is the cloth or trap number, None where the venue gives none."""

    id: SelectionId
    name: str
    number: int | None
    runs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLeg:
    """A race of a product; `start` is its scheduled start (UTC)."""

    id: str
    name: str
    start: datetime
    runners: tuple[PoolRunner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StakeRules:
    """What one bet and each of its lines may cost, as the product says in one currency; None: it says nothing of it."""

    bet_least: Decimal | None = None
    bet_most: Decimal | None = None
    line_least: Decimal | None = None
    line_most: Decimal | None = None
    line_step: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One pool at a venue: a kind of bet on one or more races of a meeting. `is_open`: bets are taken now."""

    id: MarketId
    name: str
    pool: Pool
    meeting: str
    country: str
    legs: tuple[ProductLeg, ...]
    is_open: bool
    currencies: frozenset[str]
    rules: StakeRules

    @property
    def start(self) -> datetime:
        """The pool closes with its first race."""
        return min(leg.start for leg in self.legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A runner that was chosen; `place` is where it is to finish (1 is first), None where that does not count."""

    selection: SelectionId
    number: int | None
    name: str
    place: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedLeg:
    """A race of a bet, found at the venue. `reserves` as in `Leg`."""

    id: str
    name: str
    picks: tuple[Pick, ...]
    reserves: tuple[Pick, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dividend:
    """What a pool pays for a unit of 1 on one winning combination, in words (`4 - 6`). `is_final`: it will not change."""

    name: str
    on: str
    pays: Decimal
    is_final: bool = True
