"""Bets in pools as either side tells them: which runners, how many lines they make, with which ticket they came.

Lines are counted here once more, from the runners and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import comb, prod
from typing import Any

from planrunner.audit import lines
from planrunner.audit.lines import Damaged, Json

# How many runners make one line of a race, where it is more than one and their order does not count.
TOGETHER = {"quinella": 2, "swinger": 2, "trio": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """`picks` and `reserves` are runners by number: a set per place where the order of finish counts, else per race. Empty where
    that is not told."""

    ticket: str
    lines: int
    picks: tuple[frozenset[int], ...] = ()
    reserves: tuple[tuple[int, ...], ...] = ()

    def differs(self, there: Picked) -> bool:
        """From what the venue holds. A bet that it refused at once was not read any further."""
        if self.ticket != there.ticket or (there.lines and there.lines != self.lines):
            return True
        is_told = bool(self.picks and there.picks)
        return is_told and (self.picks, self.reserves) != (there.picks, there.reserves)

    def __str__(self) -> str:
        """`6 lines on 4, 6 / 3 (reserves 2), ticket abc`."""
        names = " / ".join(", ".join(map(str, sorted(place))) for place in self.picks)
        instead = " / ".join(", ".join(map(str, leg)) for leg in self.reserves if leg)
        on = f" on {names}" if names else ""
        return f"{self.lines} lines{on}{f' (reserves {instead})' if instead else ''}, ticket {self.ticket}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTerms:
    """A bet of the plan: what is placed for it is this and nothing else."""

    account: str
    market: str
    unit: Decimal
    lines: int
    legs: tuple[Json, ...]


def terms_of(one: Json) -> PoolTerms:
    """Of a pool bet as the journal's first record has it."""
    order, legs = lines.inside(one, "order"), tuple(lines.each(one, "legs"))
    return PoolTerms(
        account=lines.text(one, "account"), market=lines.text(one, "market"), legs=legs,
        unit=lines.amount(lines.inside(order, "unit"), "amount"), lines=_count(lines.text(order, "pool"), legs),
    )  # fmt: skip


def of_journal(one: Json, ticket: str) -> Picked:
    """As it was written down that it would be placed."""
    legs = tuple(lines.each(one, "legs"))
    picks = _sets(legs, "number")
    reserves: tuple[tuple[Any, ...], ...] = tuple(
        tuple(pick.get("number") for pick in lines.each_if_any(leg, "reserves")) for leg in legs
    )
    told = [number for group in (*picks, *reserves) for number in group]
    is_known = all(isinstance(number, int) for number in told)
    return Picked(
        ticket=ticket, lines=lines.whole(one, "lines"), picks=picks if is_known else (), reserves=reserves if is_known else ()
    )


def of_venue(line: Json) -> Picked:
    return Picked(
        ticket=lines.text(line, "ticket"), lines=lines.whole(line, "lines"),
        picks=tuple(frozenset(group) for group in _numbers(line, "picks")),
        reserves=tuple(tuple(group) for group in _numbers(line, "reserves")),
    )  # fmt: skip


def _count(pool: str, legs: Sequence[Json]) -> int:
    groups = [len(group) for group in _sets(legs, "selection")]
    if len(legs) > 1:
        return prod(groups)
    if len(groups) == 1:
        return comb(groups[0], TOGETHER.get(pool, 1))
    return _orders(_sets(legs, "selection"))


def _orders(places: Sequence[frozenset[Any]]) -> int:
    """Orders of finish of two or three places, in which no runner comes in twice."""
    match places:
        case [a, b]:
            return len(a) * len(b) - len(a & b)
        case [a, b, c]:
            twice = len(a & b) * len(c) + len(a & c) * len(b) + len(b & c) * len(a)
            return len(a) * len(b) * len(c) - twice + 2 * len(a & b & c)
        case _:
            return 0


def _sets(legs: Sequence[Json], name: str) -> tuple[frozenset[Any], ...]:
    """The runners of each race, or of each place where a race has more than one."""
    groups = []
    for leg in legs:
        by_place: dict[int, set[Any]] = {}
        for pick in lines.each(leg, "picks"):
            value, place = pick.get(name), pick.get("place")
            if not isinstance(value, str | int | None) or not isinstance(place, int | None):
                raise Damaged("a runner is none")
            by_place.setdefault(place or 0, set()).add(value)
        groups += [frozenset(by_place[place]) for place in sorted(by_place)]
    return tuple(groups)


def _numbers(line: Json, name: str) -> list[list[int]]:
    groups = line.get(name)
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise Damaged(f"`{name}` is no list of lists")
    if not all(isinstance(number, int) for group in groups for number in group):
        raise Damaged(f"`{name}` holds something that is no number")
    return groups
