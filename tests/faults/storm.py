"""Weather for the course: which plan is run, what goes wrong on which calls, what happens to the market, when the run is killed.

All of it is drawn from one number, so that whatever a storm finds can be looked at again alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import (
    SECOND,
    Base,
    Due,
    Happening,
    Moment,
    MoveStart,
    Remove,
    Reopen,
    Scenario,
    ShowOffers,
    Suspend,
    TurnInPlay,
    VoidMatched,
)
from tests.faults.plans import PLANS, WORLD
from tests.faults.rows import CALLS, rows

# A single coded answer, or a trouble of the line that comes and goes for as long as the storm lasts.
PASSING = (
    Trouble.REPLY_LOST_AFTER_LANDING, Trouble.REPLY_LOST_BEFORE_LANDING, Trouble.REPLY_DELAYED, Trouble.HTTP_500,
    Trouble.HTTP_503, Trouble.HTTP_500_AFTER_LANDING, Trouble.MALFORMED_BODY, Trouble.NOT_JSON, Trouble.ANOTHER_SHAPE,
    Trouble.TOO_MANY_REQUESTS, Trouble.SERVICE_BUSY, Trouble.SESSION_KILLED,
)  # fmt: skip
ROWS = [row for row in rows() if row.call not in ("login", "keepAlive")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """`kills`: seconds from each beginning of the run to its end by force."""

    plan: str
    scenario: Scenario
    faults: tuple[Fault, ...]
    kills: tuple[float, ...]


def weather(seed: int) -> Weather:
    dice = Random(f"weather {seed}")
    return Weather(
        plan=dice.choice(list(PLANS)),
        scenario=replace(WORLD, for_every_market=tuple(_happenings(dice))),
        faults=(*_squalls(dice), *_strikes(dice)),
        kills=tuple(round(dice.uniform(0.0, 25.0), 3) for _ in range(dice.choice((0, 0, 1, 1, 2, 3)))),
    )


def _strikes(dice: Random) -> Iterator[Fault]:
    """Some rows of the tables, each on a call of its own."""
    for _ in range(dice.randrange(5)):
        yield replace(dice.choice(ROWS), number=dice.randrange(1, 6), times=dice.choice((1, 1, 2)), seconds=dice.randrange(1, 30))


def _squalls(dice: Random) -> Iterator[Fault]:
    """Troubles that may come with every call of a kind, or of any."""
    for _ in range(dice.randrange(3)):
        call = dice.choice((*CALLS, "*"))
        yield Fault(call=call, trouble=dice.choice(PASSING), chance=dice.choice((3, 10, 30)), seconds=dice.randrange(1, 12))


def _happenings(dice: Random) -> Iterator[Due]:
    for _ in range(dice.choice((0, 0, 1, 2))):
        delay = dice.randrange(30) * SECOND
        for after, one in _happening(dice):
            yield Due(moment=Moment(base=Base.ORDER, delay=delay + after * SECOND), happening=one)


def _happening(dice: Random) -> list[tuple[int, Happening]]:
    odds = Decimal(dice.choice(("2.80", "2.90", "3.20")))
    return dice.choice(
        [
            [(0, Suspend()), (dice.randrange(1, 20), Reopen())],
            [(0, Suspend()), (dice.randrange(1, 20), Reopen())],
            [(0, TurnInPlay())],
            [(0, ShowOffers(selection="Arsenal", to_back=((odds, 2500),), to_lay=((odds + Decimal("0.2"), 2500),)))],
            [(0, Remove(selection=dice.choice(("Arsenal", "Chelsea", "The Draw")), factor=Decimal(10)))],
            [(0, VoidMatched())],
            [(0, MoveStart(by=600 * SECOND))],
        ]
    )
