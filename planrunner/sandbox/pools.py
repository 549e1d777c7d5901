"""The pools of a world, as a scenario scripts them: meetings that only the Tote lists, its terms, and how it behaves.

Values only; `pools_file` reads them from a scenario's section `pools`. Times are milliseconds, money is minor units. Without the
section the Tote has pools on the world's own races, and everything about them comes from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a scenario holds these values
    from planrunner.sandbox.scenario import Moment, Start

MINUTE = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NonRunner:
    """`moment` counts from the beginning of the world or from the start of the race."""

    name: str
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceScript:
    """Runners in the order of their numbers. `result`: who came in together, the winners first; whoever is not named comes in
    behind them, as the seed has it. `at` is the start, once the world knows its day."""

    start: Start
    runners: tuple[str, ...]
    name: str = ""
    handicap: bool = False
    lasts: int = 2 * MINUTE
    result: tuple[tuple[str, ...], ...] = ()
    non_runners: tuple[NonRunner, ...] = ()
    abandoned: Moment | None = None
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingScript:
    """It is the Tote's card of a meeting, in place of the races that the world has there."""

    name: str
    races: tuple[RaceScript, ...]
    country: str = "GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTerms:
    """What is different about one kind of pool (`placepot`). `carry_in` is money that an earlier pool left."""

    pool: str
    takeout: Decimal | None = None
    bet_least: int | None = None
    bet_most: int | None = None
    line_least: int | None = None
    line_most: int | None = None
    line_step: int | None = None
    carry_in: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """`flat_messages`: messages in their raw form, pushed without a subscription. `duplicates_as_errors`: a bet id that was used
    before makes the answer an error, not rejected bets. `rounds_stakes`: stakes that are no whole step are rounded down, not
    refused."""

    meetings: tuple[MeetingScript, ...] = ()
    terms: tuple[PoolTerms, ...] = ()
    flat_messages: bool = False
    duplicates_as_errors: bool = False
    rounds_stakes: bool = False
    time_zone: str = "Europe/London"

    def on_the_day(self, start_of: Callable[[Start], int], time_zone: str) -> Pools:
        """With the starts as they are in one world."""
        meetings = tuple(
            replace(meeting, races=tuple(replace(race, at=start_of(race.start)) for race in meeting.races))
            for meeting in self.meetings
        )
        return replace(self, meetings=meetings, time_zone=time_zone)
