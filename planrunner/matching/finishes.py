"""Which lines of a pool win, given how the race finished: places, orders and pairs, and what a dead heat makes of them.

A line names runners: one for win and place, several in order for an exacta or a trifecta, several in ascending order of their
numbers where the order does not count. A bet names many lines at once, a perm; one over several races has a line for each way to
take a runner per race, and those are counted and never listed.

A dead heat is worked out as what it is: a finish of which nobody knows the order. Every order is as likely as every other, and
a line's part of the pool is the share of them in which it wins. So two winners get half the pool each, and the one third place
that two runners share in a place pool of three is a sixth of it for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations, permutations, product
from math import comb, prod
from typing import TypeAlias

Line: TypeAlias = tuple[int, ...]
NONE = Fraction(0)
# Who came in together, the winners first.
Finish: TypeAlias = Sequence[Collection[int]]

# Of a swinger: with fewer runners left only the first two pay.
SWINGER_PAYS_THREE_FROM = 6


class Kind(StrEnum):
    """What a line has to do to win."""

    WIN = "win"
    PLACE = "place"  # one of the places
    ORDERED = "ordered"  # the first ones, in this order
    UNORDERED = "unordered"  # the first ones, in any order
    SWINGER = "swinger"  # two of the first three
    ALL_WIN = "all win"  # the winner of each race
    ALL_PLACED = "all placed"  # a placed runner of each race


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`size`: how many runners a line names; over several races as many as there are races."""

    kind: Kind
    size: int = 1

    @property
    def is_over_races(self) -> bool:
        return self.kind in (Kind.ALL_WIN, Kind.ALL_PLACED)

    @property
    def is_ordered(self) -> bool:
        return self.kind is Kind.ORDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Winning:
    """A line's part of the pool; all parts are 1 together. `tied`: it is smaller than it would be without a dead heat."""

    part: Fraction
    tied: bool


def places(runners: int, *, handicap: bool = False) -> int:
    """How many runners are placed when so many take part."""
    if runners < 5:
        return 1
    if runners < 8:
        return 2
    return 4 if handicap and runners >= 16 else 3


def lines(rule: Rule, picks: Sequence[Sequence[int]]) -> list[Line]:
    """Every line of a bet on one race. `picks`: by position for an ordered line, else one choice of runners.

    A runner can't finish twice, so lines that name one twice are no lines. None at all: the choice makes no bet.
    """
    if rule.is_over_races:
        raise ValueError("lines over several races are counted, not listed")
    if rule.is_ordered:
        return [line for line in product(*picks) if len(set(line)) == rule.size]
    (choice,) = picks
    return list(combinations(sorted(choice), rule.size))


def count(rule: Rule, picks: Sequence[Sequence[int]]) -> int:
    """How many lines a bet has: what its stake is multiplied by."""
    if rule.is_over_races:
        return prod(len(choice) for choice in picks)
    return len(lines(rule, picks)) if rule.is_ordered else comb(len(picks[0]), rule.size)


def winning(rule: Rule, finish: Finish, *, placed: int = 1) -> dict[Line, Winning]:
    """The winning lines of a pool on one race. `placed`: how many places count. Nobody, where too few finished."""
    parts: dict[Line, Fraction] = {}
    wins: Counter[Line] = Counter()
    orders = list(_orders(finish, _length(rule, finish, placed)))
    for order, likely in orders:
        won = _won(rule, order)
        for line in won:
            parts[line] = parts.get(line, NONE) + likely / len(won)
        wins.update(won)
    return {line: Winning(part=part, tied=wins[line] < len(orders)) for line, part in parts.items()}


def through(rule: Rule, finish: Finish, *, placed: int = 1) -> frozenset[int]:
    """The runners of one race that a line over several races survives with."""
    length = placed if rule.kind is Kind.ALL_PLACED else 1
    through: set[int] = set()
    for group in finish:
        if len(through) >= length:
            break
        through.update(group)
    return frozenset(through)


def surviving(picks: Sequence[Sequence[int]], through: Sequence[Collection[int]]) -> int:
    """How many lines of a bet over several races got through all of them. A runner chosen twice counts twice: a favourite
    that also stands in for a non-runner."""
    return prod(sum(runner in ones for runner in choice) for choice, ones in zip(picks, through, strict=True))


def _length(rule: Rule, finish: Finish, placed: int) -> int:
    """How far down the finish decides."""
    match rule.kind:
        case Kind.PLACE:
            return placed
        case Kind.SWINGER:
            return 3 if sum(map(len, finish)) >= SWINGER_PAYS_THREE_FROM else 2
        case _:
            return rule.size


def _won(rule: Rule, order: Line) -> list[Line]:
    """What wins if they came in like this."""
    match rule.kind:
        case Kind.PLACE:
            return [(runner,) for runner in order]
        case Kind.SWINGER:
            return list(combinations(sorted(order), 2))
        case Kind.UNORDERED:
            return [tuple(sorted(order))] if len(order) == rule.size else []
        case _:
            return [order] if len(order) == rule.size else []


def _orders(finish: Finish, length: int) -> Iterator[tuple[Line, Fraction]]:
    """The first ones in every order that a finish leaves open, and how likely each is."""
    if not finish or length == 0:
        yield (), Fraction(1)
        return
    first, *others = finish
    heads = list(permutations(sorted(first), min(len(first), length)))
    for head in heads:
        for tail, likely in _orders(others, length - len(head)):
            yield head + tail, likely / len(heads)
