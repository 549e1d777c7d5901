"""A bet as the exchange holds it: asked for once, then matched, cancelled, lapsed or voided piece by piece.

One law holds after every step: `matched + remaining + cancelled + lapsed + voided == size`. So `remaining` is never stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from planrunner.model.commands import Persistence
from planrunner.model.odds import Ladder, Side

__all__ = ["Bet", "Fill", "Lapse", "Persistence"]


class Lapse(StrEnum):
    """Why a remainder lapsed. `SUSPENDED`: the market was suspended while the bet was held for the bet delay."""

    TURNED_IN_PLAY = "turned_in_play"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    MARKET_EVENT = "market_event"  # unmatched when another runner was removed under suspension
    VOID = "void"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A part of a bet that found a counterparty, at `tick`, which may be better than the tick asked for.

    `taking`: the bet came in and took what was offered; otherwise it rested and was taken. `against` is the other bet's id,
    None where the counterparty belongs to a recording. `reduced`: the odds that count since a runner was removed; they are on no
    ladder.
    """

    tick: int
    size: int
    at: int
    taking: bool
    against: int | None = None
    reduced: Decimal | None = None

    def odds(self, ladder: Ladder) -> Decimal:
        """What it pays."""
        return ladder.odds(self.tick) if self.reduced is None else self.reduced


@dataclass(slots=True, kw_only=True, eq=False)
class Bet:
    """Owned and changed by one market. `size` is the backer's stake for both sides; `tick` is the limit.

    `min_fill` goes with `fill_or_kill` only. `changed_at` is the time of the latest change after placing.
    """

    id: int
    owner: str
    runner: int
    side: Side
    tick: int
    size: int
    placed_at: int
    persistence: Persistence = Persistence.LAPSE
    fill_or_kill: bool = False
    min_fill: int | None = None
    matched: int = 0
    cancelled: int = 0
    lapsed: int = 0
    voided: int = 0
    fills: list[Fill] = field(default_factory=list)
    changed_at: int | None = None
    lapse: Lapse | None = None

    @property
    def remaining(self) -> int:
        return self.size - self.matched - self.cancelled - self.lapsed - self.voided

    @property
    def matched_at(self) -> int | None:
        """The time of the latest fill."""
        return self.fills[-1].at if self.fills else None

    def average_odds(self, ladder: Ladder) -> Decimal | None:
        """The size-weighted average of the odds matched, as exact as the decimal context divides; None while unmatched."""
        if not self.fills:
            return None
        weighted = sum((fill.odds(ladder) * fill.size for fill in self.fills), Decimal(0))
        return weighted / sum(fill.size for fill in self.fills)

    def fill(self, fill: Fill) -> None:
        assert 0 < fill.size <= self.remaining, "a fill is larger than what remains"
        self.fills.append(fill)
        self.matched += fill.size
        self.changed_at = fill.at

    def take_back(self, size: int, at: int) -> int:
        """Cancel `size`, or what is left of it; answers what was cancelled."""
        size = min(size, self.remaining)
        if size:
            self.cancelled += size
            self.changed_at = at
        return size

    def let_lapse(self, why: Lapse, at: int) -> None:
        if self.remaining:
            self.lapsed += self.remaining
            self.lapse = why
            self.changed_at = at

    def reduce(self, lower: Callable[[Decimal], Decimal], ladder: Ladder, at: int) -> None:
        """What is matched pays lower odds from now on; what is unmatched keeps its limit."""
        if self.fills:
            self.fills = [replace(fill, reduced=lower(fill.odds(ladder))) for fill in self.fills]
            self.changed_at = at

    def void(self, at: int) -> None:
        """What was matched never counted. The fills go too: there is nothing left that they could pay."""
        if self.matched:
            self.voided += self.matched
            self.matched = 0
            self.fills.clear()
            self.changed_at = at
