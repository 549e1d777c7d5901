"""Which order of the old plan is which of the new one: by name, and by what it says where the name has changed."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned(Generic[T]):
    """`pairs` in the order of the new plan. `moved`: what stands elsewhere among the others now, and what it stands after."""

    pairs: tuple[tuple[T, T], ...]
    removed: tuple[T, ...]
    added: tuple[T, ...]
    moved: tuple[tuple[T, T | None], ...]


def align(old: Sequence[T], new: Sequence[T], *keys: Callable[[T], Hashable]) -> Aligned[T]:
    """`keys`, the surest first, say when two are the same; each of the old is at most one of the new. None is like no other."""
    partner: dict[int, int] = {}  # a place in the new plan -> that in the old one
    left, right = list(range(len(old))), list(range(len(new)))
    for key in keys:
        waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for at in left:
            if (name := key(old[at])) is not None:
                waiting[name].append(at)
        for at in right:
            if (name := key(new[at])) is not None and (found := waiting.get(name)):
                partner[at] = found.popleft()
        taken = set(partner.values())
        left, right = [at for at in left if at not in taken], [at for at in right if at not in partner]
    order = sorted(partner)
    stays = _longest_run([partner[at] for at in order])
    moved = [(new[at], new[at - 1] if at else None) for number, at in enumerate(order) if number not in stays]
    return Aligned(
        pairs=tuple((old[partner[at]], new[at]) for at in order),
        removed=tuple(old[at] for at in left),
        added=tuple(new[at] for at in right),
        moved=tuple(moved),
    )


def _longest_run(places: Sequence[int]) -> frozenset[int]:
    """Which of them can stay where they are: as many as possible, each after the one before."""
    ends: list[tuple[int, int]] = []  # of the best run of each length: the place it ends with, and which of `places` that is
    before: list[int] = []
    for number, place in enumerate(places):
        length = bisect_left(ends, (place,))
        before.append(ends[length - 1][1] if length else -1)
        ends[length : length + 1] = [(place, number)]
    found, at = set(), ends[-1][1] if ends else -1
    while at >= 0:
        found.add(at)
        at = before[at]
    return frozenset(found)
