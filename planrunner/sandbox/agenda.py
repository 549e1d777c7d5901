"""What is going to happen to a market, in order of time; what hangs on its start moves with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(order=True, slots=True)
class _Entry(Generic[T]):
    at: int
    number: int
    thing: T = field(compare=False)
    from_start: int | None = field(compare=False, default=None)


class Agenda(Generic[T]):
    """Things due at the same moment happen in the order they were put in."""

    def __init__(self) -> None:
        self._entries: list[_Entry[T]] = []
        self._count = 0

    def add(self, at: int, thing: T, *, from_start: int | None = None) -> None:
        self._count += 1
        heappush(self._entries, _Entry(at, self._count, thing, from_start))

    def next_at(self) -> int | None:
        return self._entries[0].at if self._entries else None

    def next_of(self, *kinds: type[T]) -> int | None:
        """When the next thing of these kinds is due."""
        return min((entry.at for entry in self._entries if isinstance(entry.thing, kinds)), default=None)

    def pop(self) -> tuple[int, T]:
        entry = heappop(self._entries)
        return entry.at, entry.thing

    def move_start(self, start: int, now: int) -> None:
        """Everything counted from the start moves; what would lie behind us happens now."""
        for entry in self._entries:
            if entry.from_start is not None:
                entry.at = max(start + entry.from_start, now)
        heapify(self._entries)
