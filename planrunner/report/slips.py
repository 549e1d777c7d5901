"""A bet in a pool in a bettor's words: its races, its runners by number and name, its lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations, product

from planrunner.model.plan import PoolBet
from planrunner.model.pools import SHAPES, Leg, Pick, PickedLeg
from planrunner.report.story import LegStory

SPELLED_UP_TO = 12  # lines
NTH = {1: "first", 2: "second", 3: "third"}


def tell_legs(bet: PoolBet, legs: Sequence[PickedLeg]) -> tuple[LegStory, ...]:
    return tuple(_leg(asked, found) for asked, found in zip(bet.legs, legs, strict=True))


def _leg(asked: Leg, found: PickedLeg) -> LegStory:
    told = LegStory(race=asked.race, name=found.name, picks=found.picks, reserves=found.reserves, text="")
    words = "; ".join(_at_place(place, picks) for place, picks in told.places)
    any_order = " in any order" if told.is_any_order else ""
    reserves = f", reserves {', '.join(called(one) for one in found.reserves)}" if found.reserves else ""
    text = f"{race_in_words(asked.race)}: {words}{any_order}{reserves}"
    return LegStory(race=asked.race, name=found.name, picks=found.picks, reserves=found.reserves, text=text)


def _at_place(place: int | None, picks: Sequence[Pick]) -> str:
    runners = ", ".join(called(one) for one in picks)
    return runners if place is None else f"{nth(place)} {runners}"


def race_in_words(race: str) -> str:
    """`race 3`; one that is called by its time is that."""
    return f"the {race}" if ":" in race else f"race {race}"


def called(pick: Pick) -> str:
    """`4 Miss Dolly Rocker`."""
    return pick.name if pick.number is None else f"{pick.number} {pick.name}"


def nth(place: int) -> str:
    """Where a runner is to finish."""
    return NTH.get(place, f"{place}th")


def spell(bet: PoolBet, legs: Sequence[PickedLeg]) -> tuple[str, ...]:
    """Every line, where they are few; none where they would not be those that were paid for."""
    if bet.lines > SPELLED_UP_TO:
        return ()
    lines = _across(legs) if SHAPES[bet.pool].races > 1 else _within(bet, legs[0])
    return tuple(lines) if len(lines) == bet.lines else ()


def _across(legs: Sequence[PickedLeg]) -> list[str]:
    """A runner for each race."""
    return [" / ".join(line) for line in product(*([_short(pick) for pick in leg.picks] for leg in legs))]


def _within(bet: PoolBet, leg: PickedLeg) -> list[str]:
    shape = SHAPES[bet.pool]
    if not shape.ordered:
        return [" - ".join(line) for line in combinations([_short(pick) for pick in leg.picks], shape.together)]
    places = [[_short(pick) for pick in leg.picks if pick.place == place] for place in range(1, shape.together + 1)]
    if any(not runners for runners in places):  # any order, told without places
        return [" - ".join(line) for line in permutations([_short(pick) for pick in leg.picks], shape.together)]
    return [" - ".join(line) for line in product(*places) if len(set(line)) == len(line)]


def _short(pick: Pick) -> str:
    return pick.name if pick.number is None else str(pick.number)
