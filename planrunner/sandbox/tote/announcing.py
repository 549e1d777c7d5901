"""Lines with an amount for each: what they pay, or would pay if the pool closed now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from planrunner.matching.finishes import Kind, Line, Rule
from planrunner.matching.pools import probable
from planrunner.sandbox.tote.card import Product
from planrunner.sandbox.tote.results import Result, placed, played
from planrunner.sandbox.tote.terms import WIN_FUND

if TYPE_CHECKING:
    from planrunner.sandbox.tote.tote import Tote


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`picked`: the runners of each leg, with their position where the order counts."""

    product: Product
    name: str
    amount: Decimal
    picked: tuple[tuple[tuple[int, int | None], ...], ...]

    def legs(self, selections: str = "selections", selection: str = "id") -> list[dict[str, Any]]:
        """As messages have them."""
        return [
            {
                "legId": leg.id,
                selections: [
                    {selection: leg.selections[number - 1], "finishingPosition": None if at is None else str(at)}
                    for number, at in picked
                ],
            }
            for leg, picked in zip(self.product.legs, self.picked, strict=True)
        ]


def dividends(product: Product, result: Result) -> Iterator[Amount]:
    """A dividend for each winning line of each fund."""
    for one in result.paid:
        name = product.type.name if len(result.paid) == 1 else f"{product.type.name} {one.fund.type.lower()} fund"
        for line, amount in one.payout.dividends.items():
            won = [sorted(numbers) for numbers in one.through] or [list(line)]
            picked = tuple(_positions(product.type.rule, numbers) for numbers in won)
            yield Amount(product=product, name=name, amount=amount, picked=picked)


def probables(tote: Tote, product: Product, at: int) -> Iterator[Amount]:
    """Of every runner, in a pool whose lines are runners."""
    race = product.races[0]
    for horse in race.running(at):
        yield line_probable(tote, product, (horse.number,), at)


def line_probable(tote: Tote, product: Product, line: Line, at: int) -> Amount:
    """Of a line of a pool on one race."""
    rule, race = product.type.rule, product.races[0]
    parts = {Kind.PLACE: placed(race, at), Kind.SWINGER: 3}.get(rule.kind, 1)
    staked = tote.public.on(product, line, min(at, race.off)) + _ours(tote, product, line)
    pays = probable(tote.gross(product, at), staked, Fraction(1, parts), product.type.payout)
    return Amount(product=product, name=WIN_FUND.capitalize(), amount=pays, picked=(_positions(rule, line),))


def _ours(tote: Tote, product: Product, line: Line) -> int:
    pool = tote.pools.get(product.id)
    return sum(one.line_stake * one.lines.count(line) for one in map(played, pool.bets)) if pool else 0


def _positions(rule: Rule, line: Iterable[int]) -> tuple[tuple[int, int | None], ...]:
    return tuple((number, position if rule.is_ordered else None) for position, number in enumerate(line, 1))
