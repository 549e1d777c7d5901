"""The card: the races of each meeting with their runners, and the products sold on them.

Races are the world's own, a Win market on Horse Racing each, and the meetings that a scenario gives to the Tote alone. A runner's
number is its place in the list. How a race ends agrees with the world: first whoever wins its Win market, then whoever else is
placed in its Place market, then the others as the seed has it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from planrunner.sandbox.board import Board
from planrunner.sandbox.building import RESULT_TAKES
from planrunner.sandbox.clock import from_ms, to_ms
from planrunner.sandbox.pools import MeetingScript, Pools, RaceScript
from planrunner.sandbox.scenario import Base, Moment
from planrunner.sandbox.tote.ids import dashed
from planrunner.sandbox.tote.races import Finish, Horse, Race
from planrunner.sandbox.tote.terms import BetType, bet_types
from planrunner.sandbox.world import World

# Nobody sells places with fewer runners.
PLACES_FROM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One race of a product. `selections`: their ids, by the runners' numbers."""

    id: str
    race: Race
    selections: tuple[str, ...]

    def number(self, selection: str) -> int | None:
        return self.selections.index(selection) + 1 if selection in self.selections else None


@dataclass(slots=True, kw_only=True)
class Product:
    """One pool."""

    id: str
    type: BetType
    legs: tuple[Leg, ...]

    @property
    def races(self) -> list[Race]:
        return [leg.race for leg in self.legs]

    @property
    def name(self) -> str:
        first = self.legs[0].race
        return f"{first.meeting} {self.type.name}" if self.type.legs else f"{first.name} {self.type.name}"


@dataclass(slots=True, kw_only=True)
class Card:
    """`salt` tells the ids of the audit gateway from the live ones."""

    world: World
    salt: str = ""
    pools: Pools = field(default_factory=Pools)
    races: dict[str, Race] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    selections: dict[str, tuple[Leg, int]] = field(default_factory=dict)
    _types: tuple[BetType, ...] = ()

    def __post_init__(self) -> None:
        self.pools = self.world.pools or self.pools
        self._types = bet_types(self.pools.terms)
        own = {meeting.name for meeting in self.pools.meetings}
        races = [race for meeting in self.pools.meetings for race in self._scripted(meeting)]
        races += [self._of_the_world(board) for board in self._win_boards() if _meeting(board) not in own]
        for meeting in _by_meeting(races):
            self._add(meeting)

    def look(self, races: Iterable[Race]) -> None:
        """Bring races of the world up to its time."""
        for race in races:
            board = self.world.board(race.board) if race.board else None
            if board is not None:
                race.look(board, self.world.now)

    def leg(self, wanted: str) -> Leg | None:
        return next((leg for product in self.products.values() for leg in product.legs if leg.id == wanted), None)

    def _win_boards(self) -> Iterator[Board]:
        for board in self.world.boards.values():
            if board.terms.type == "WIN" and board.terms.fixture.sport == "Horse Racing":
                yield board

    def _of_the_world(self, board: Board) -> Race:
        terms, fixture = board.terms, board.terms.fixture
        meeting = _meeting(board)
        day = _day(board.start, fixture.time_zone)
        key = f"{meeting} {board.start} {terms.id}"
        horses = self._horses(key, [runner.name for runner in terms.runners])
        numbers = {runner.id: number for number, runner in enumerate(terms.runners, 1)}
        placed = next((one.terms.result for one in self.world.boards.values() if _is_place_of(one, board)), ())
        first = tuple(numbers[runner] for runner in terms.result)
        then = [(numbers[runner],) for runner in placed if numbers.get(runner) and numbers[runner] not in first]
        return Race(
            id=dashed("event", key, day, self.salt), meeting=meeting, country=fixture.country, zone=fixture.time_zone,
            name=f"{meeting} {_clock(board.start, fixture.time_zone)}", horses=horses, start=board.start,
            drawn=self._finish(key, horses, (first, *then) if first else ()), board=terms.id,
        )  # fmt: skip

    def _scripted(self, meeting: MeetingScript) -> Iterator[Race]:
        for script in meeting.races:
            key = f"{meeting.name} {script.at}"
            horses = self._horses(key, script.runners)
            numbers = {horse.name: horse.number for horse in horses}
            zone = self.pools.time_zone
            abandoned = None if script.abandoned is None else self._moment(script, script.abandoned)
            yield Race(
                id=dashed("event", key, self.salt), meeting=meeting.name, country=meeting.country, zone=zone, start=script.at,
                name=script.name or f"{meeting.name} {_clock(script.at, zone)}", horses=horses, handicap=script.handicap,
                drawn=self._finish(key, horses, tuple(tuple(numbers[name] for name in group) for group in script.result)),
                off_at=script.at, result_at=None if abandoned else script.at + script.lasts + RESULT_TAKES,
                abandoned_at=abandoned,
                withdrawn={numbers[one.name]: self._moment(script, one.moment) for one in script.non_runners},
            )  # fmt: skip

    def _moment(self, script: RaceScript, moment: Moment) -> int:
        return moment.delay + (script.at if moment.base is Base.START else to_ms(self.world.begin))

    def _horses(self, key: str, names: Sequence[str]) -> tuple[Horse, ...]:
        dice = self._dice(f"chances {key}")
        weights = [dice.uniform(0.4, 1) ** 3 for _ in names]
        return tuple(
            Horse(number=number, name=name, id=dashed("competitor", key, name, self.salt), chance=weight / sum(weights))
            for number, (name, weight) in enumerate(zip(names, weights, strict=True), 1)
        )

    def _finish(self, key: str, horses: Sequence[Horse], known: Finish) -> Finish:
        """Whoever is not known to be in front comes in behind, by chance."""
        named = {number for group in known for number in group}
        left = {horse.number: horse.chance for horse in horses if horse.number not in named}
        dice, behind = self._dice(f"finish {key}"), []
        while left:
            number = dice.choices(list(left), weights=list(left.values()))[0]
            behind.append((number,))
            del left[number]
        return (*known, *behind)

    def _dice(self, of: str) -> random.Random:
        return random.Random(f"{self.world.seed} tote {of}")  # noqa: S311 - dice of a rehearsal, not a secret

    def _add(self, races: list[Race]) -> None:
        """A meeting of one day."""
        for number, race in enumerate(races, 1):
            race.number = number
            self.races[race.id] = race
        for kind in self._types:
            if not kind.legs:
                for race in races:
                    if len(race.horses) >= max(kind.rule.size, PLACES_FROM if kind.has_places else 2):
                        self._sell(kind, [race])
            elif max(map(abs, kind.legs)) <= len(races):
                self._sell(kind, [races[leg - 1 if leg > 0 else leg] for leg in kind.legs])

    def _sell(self, kind: BetType, races: list[Race]) -> None:
        product = dashed("product", kind.code, *(race.id for race in races))
        legs = tuple(
            Leg(
                id=dashed("leg", product, race.id),
                race=race,
                selections=tuple(dashed("selection", product, race.id, horse.number) for horse in race.horses),
            )
            for race in races
        )
        self.products[product] = Product(id=product, type=kind, legs=legs)
        for leg in legs:
            self.selections.update({selection: (leg, number) for number, selection in enumerate(leg.selections, 1)})


def _by_meeting(races: Iterable[Race]) -> list[list[Race]]:
    """The races of each meeting on each day, in order of time."""
    meetings: dict[tuple[str, date], list[Race]] = {}
    for race in sorted(races, key=lambda race: (race.start, race.id)):
        meetings.setdefault((race.meeting, _day(race.start, race.zone)), []).append(race)
    return list(meetings.values())


def _meeting(board: Board) -> str:
    return board.terms.fixture.meeting or board.terms.fixture.name


def _is_place_of(one: Board, win: Board) -> bool:
    return one.terms.type == "PLACE" and one.terms.fixture.id == win.terms.fixture.id and one.start == win.start


def _day(at: int, zone: str) -> date:
    return from_ms(at).astimezone(ZoneInfo(zone)).date()


def _clock(at: int, zone: str) -> str:
    return f"{from_ms(at).astimezone(ZoneInfo(zone)):%H:%M}"
