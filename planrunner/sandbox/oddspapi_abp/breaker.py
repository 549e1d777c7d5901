"""A circuit breaker for each bookmaker: after failures in a row nothing is sent there for a while, then one bet to try.

How many failures and how long are not published; these are short enough to be met in a rehearsal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FAILURES = 3
OPEN_FOR = 30_000


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(slots=True)
class Breaker:
    """`trying`: the one bet that a half-open breaker lets through is on its way."""

    failures: int = 0
    opened: int | None = None
    trying: bool = False

    def state(self, at: int) -> State:
        if self.opened is None:
            return State.CLOSED
        return State.OPEN if at < self.opened + OPEN_FOR else State.HALF_OPEN

    def lets(self, at: int) -> bool:
        state = self.state(at)
        return state is State.CLOSED or (state is State.HALF_OPEN and not self.trying)

    def sent(self, at: int) -> None:
        self.trying = self.state(at) is State.HALF_OPEN

    def failed(self, at: int) -> None:
        self.failures += 1
        if self.trying or self.failures >= FAILURES:
            self.opened = at
        self.trying = False

    def worked(self) -> None:
        self.failures, self.opened, self.trying = 0, None, False

    def open(self, at: int) -> None:
        self.opened, self.trying = at, False

    def changes_at(self) -> int | None:
        """When an open one lets somebody try."""
        return None if self.opened is None else self.opened + OPEN_FOR
