"""Everybody else's money. Nobody's single bets are kept: what the public stakes on a line follows from the line's chance, the
size of the pool and the seed, and grows until the off, half of it in the last six minutes.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from math import prod

from planrunner.matching.finishes import Kind, Line, Rule
from planrunner.sandbox.scenario import MINUTE
from planrunner.sandbox.tote.card import Product
from planrunner.sandbox.tote.races import Race

# Of a win pool at the off, in minor units.
LEAST, MOST = 800_000, 2_000_000
HALF_IN = 6  # minutes
# In the last minutes a runner comes to be fancied more or less than its chance, never so fast that money would leave the pool.
MINDS_CHANGE_FOR = 30


@dataclass(slots=True, kw_only=True)
class Public:
    seed: int
    _full: dict[str, int] = field(default_factory=dict)

    def total(self, product: Product, at: int) -> int:
        """What it has staked by then, on all lines together."""
        if len(product.legs) == 1 and product.type.rule.size == 1:
            return sum(self.on(product, (horse.number,), at) for horse in product.legs[0].race.running(at))
        return self._grown(product, at)

    def on(self, product: Product, line: Line, at: int, rule: Rule | None = None) -> int:
        """What it has staked by then on one line of a race."""
        race = product.legs[0].race
        chance = _chance(rule or product.type.rule, line, race, at)
        dice = self._dice(f"{product.id} {line}")
        late, early = dice.uniform(0.8, 1.25), dice.uniform(0.8, 1.25)
        fancied = late + (early - late) * min(_minutes(race.off - at), MINDS_CHANGE_FOR) / MINDS_CHANGE_FOR
        return int(self._grown(product, at) * min(chance * fancied, 0.95))

    def through(self, product: Product, through: Sequence[Collection[int]], at: int) -> int:
        """What it has staked by then on lines over several races that got through all of them."""
        shares = (
            sum(share for number, share in _shares(race, at, 0.8).items() if number in ones)
            for race, ones in zip(product.races, through, strict=True)
        )
        return int(self._grown(product, at) * prod(shares))

    def _grown(self, product: Product, at: int) -> int:
        if product.id not in self._full:
            size = self._dice(f"size {product.id}").randint(LEAST, MOST)
            self._full[product.id] = int(size * product.type.size)
        return self._full[product.id] * HALF_IN // (HALF_IN + _minutes(product.legs[0].race.off - at))

    def _dice(self, of: str) -> random.Random:
        return random.Random(f"{self.seed} public {of}")  # noqa: S311 - dice of a rehearsal, not a secret


def _minutes(left: int) -> int:
    """Begun ones, of milliseconds."""
    return -(-max(left, 0) // MINUTE)


def _shares(race: Race, at: int, flatness: float) -> dict[int, float]:
    """How a stake spreads over the runners: evenly with a flatness of 0, by their chances with 1."""
    weights = {horse.number: horse.chance**flatness for horse in race.running(at)}
    return {number: weight / sum(weights.values()) for number, weight in weights.items()}


def _chance(rule: Rule, line: Line, race: Race, at: int) -> float:
    """The share of the public's money that is on a line. All lines of a pool together have about 1."""
    shares = _shares(race, at, 0.7 if rule.kind is Kind.PLACE else 1)
    if any(number not in shares for number in line):
        return 0
    match rule.kind:
        case Kind.UNORDERED:
            return sum(_in_order(order, shares) for order in permutations(line))
        case Kind.SWINGER:
            others = [number for number in shares if number not in line]
            return sum(_in_order(order, shares) for third in others for order in permutations((*line, third))) / 3
        case _:
            return _in_order(line, shares)


def _in_order(line: Line, shares: dict[int, float]) -> float:
    """That they come in like this, each by its share of those that are left."""
    chance, left = 1.0, 1.0
    for number in line:
        chance *= shares[number] / max(left, 1e-9)
        left -= shares[number]
    return chance
