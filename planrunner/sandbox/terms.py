"""What does not change about a market: its fixture, its selections, its rules, and the result it will have."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from planrunner.model.odds import Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A selection as the catalogue lists it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """The sporting contest, with the venue's numbers."""

    id: str
    name: str
    sport_id: str
    sport: str
    country: str
    time_zone: str
    start: int
    competition_id: str | None = None
    competition: str | None = None
    meeting: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What does not change about a market. `commission` is a fraction, `bet_delay` milliseconds, `result` selection ids."""

    id: str
    name: str
    type: str
    fixture: Fixture
    runners: tuple[Listed, ...]
    winners: int
    ladder: Ladder
    commission: Decimal
    turns_in_play: bool
    bet_delay: int
    lasts: int
    result: tuple[int, ...]

    def runner(self, number: int) -> Listed | None:
        return next((runner for runner in self.runners if runner.id == number), None)
