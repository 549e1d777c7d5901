"""From a scenario to a world: numbers for everything, a drawn result where none is given, and each market's agenda."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from planrunner.matching.book import LimitBook
from planrunner.matching.market import Market
from planrunner.sandbox.board import Board, PuntersMove
from planrunner.sandbox.clock import to_ms
from planrunner.sandbox.ladders import LADDERS
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.others import Others
from planrunner.sandbox.punters import Punters
from planrunner.sandbox.reactions import Reactions
from planrunner.sandbox.scenario import (
    MINUTE,
    Base,
    Close,
    Due,
    FixtureScript,
    MarketScript,
    Moment,
    Scenario,
    Start,
    Suspend,
    TurnInPlay,
)
from planrunner.sandbox.terms import Fixture, Listed, Terms
from planrunner.sandbox.world import World

# Betfair's numbers of sports; `lasts` and bet delays are those of the facts sheet's recordings, rounded.
SPORTS = {"Football": "1", "Tennis": "2", "Cricket": "4", "Horse Racing": "7", "Greyhound Racing": "4339", "Basketball": "7522"}
SPORT_AT_VENUE = {"Football": "Soccer"}
MORNING = time(9, 0)
# From the end of play to the result.
RESULT_TAKES = MINUTE


def begin_of(scenario: Scenario, *, day: date) -> datetime:
    """Where the world's clock begins, unless somebody wants it elsewhere."""
    return datetime.combine(scenario.begins_on or day, scenario.begins_at or MORNING, scenario.zone)


def build(scenario: Scenario, *, begin: datetime, seed: int, log: VenueLog) -> World:
    """A world that begins at `begin`; times of day in the scenario are of that day.

    A scenario that says itself when it begins is moved to `begin` as a whole.
    """
    world = World(begin=begin, seed=seed, log=log, account=scenario.account, now=to_ms(begin), bookmakers=scenario.bookmakers)
    log.write("world", world.now, scenario=scenario.name, seed=seed)
    nominal = begin_of(scenario, day=begin.astimezone(scenario.zone).date()) if scenario.begins_at else begin
    builder = Builder(scenario=scenario, world=world, nominal=nominal)
    for script in scenario.fixtures:
        builder.add(script)
    if scenario.pools is not None:
        world.pools = scenario.pools.on_the_day(builder.moment, scenario.time_zone)
    return world


@dataclass(slots=True, kw_only=True)
class Builder:
    """Puts fixtures into a world, at its beginning or later (an unknown fixture of a rehearsal).

    `nominal`: when the scenario thinks that it begins.
    """

    scenario: Scenario
    world: World
    nominal: datetime

    def add(self, script: FixtureScript) -> None:
        """A fixture with its markets; markets of one that is there already join it."""
        fixture = self._fixture(script)
        results: dict[Start | None, dict[str, tuple[str, ...]]] = {}
        for market in script.markets:
            of_race = results.setdefault(market.start, {})
            of_race[market.name] = market.result or draw(market, of_race, self._dice(fixture.id, f"result {_named(market)}"))
            self._add_market(script, market, fixture, of_race[market.name])

    def _fixture(self, script: FixtureScript) -> Fixture:
        start = self.moment(script.start)
        known = self.world.fixtures.values()
        same = next((fixture for fixture in known if (fixture.name, fixture.start) == (script.name, start)), None)
        return same or Fixture(
            id=script.id or self._free(f"fixture {script.name} {start}", 30_000_000, self.world.fixtures),
            name=script.name,
            sport_id=SPORTS[script.sport],
            sport=SPORT_AT_VENUE.get(script.sport, script.sport),
            country=script.country,
            time_zone=self.scenario.time_zone,
            start=start,
            competition_id=str(number(f"competition {script.competition}", 10_000_000)) if script.competition else None,
            competition=script.competition,
            meeting=script.meeting,
        )

    def moment(self, start: Start) -> int:
        """When that is in this world."""
        zone, nominal = self.scenario.zone, self.nominal
        moved = to_ms(self.world.begin) - to_ms(nominal)
        return start.resolve(nominal, nominal.astimezone(zone).date(), zone) + moved

    def _add_market(self, script: FixtureScript, market: MarketScript, fixture: Fixture, result: Sequence[str]) -> None:
        runners = _listed(market)
        ids = {runner.name: runner.id for runner in runners}
        terms = Terms(
            id=market.id or "1." + self._free(f"market {fixture.id} {_named(market)}", 200_000_000, self._market_numbers()),
            name=market.name,
            type=market.type,
            fixture=fixture,
            runners=runners,
            winners=market.winners,
            ladder=LADDERS[market.ladder],
            commission=market.commission,
            turns_in_play=market.turns_in_play,
            bet_delay=market.bet_delay,
            lasts=script.lasts,
            result=tuple(ids[name] for name in result),
        )
        start = fixture.start if market.start is None else self.moment(market.start)
        board = self._board(terms, market, start, {ids[runner.name]: runner.fair for runner in market.runners})
        for due in (*usual_life(market, script.lasts), *market.happenings, *self.scenario.for_every_market):
            if due.moment.base is not Base.ORDER:
                board.plan(due)
        if board.others.punters:
            board.agenda.add(self.world.now, PuntersMove())
        self.world.add(board)

    def _board(self, terms: Terms, market: MarketScript, start: int, fair: dict[int, Decimal | None]) -> Board:
        every = (*market.happenings, *self.scenario.for_every_market)
        exchange = Market(ladder=terms.ladder, runners=[runner.id for runner in terms.runners], book=LimitBook())
        return Board(
            terms=terms,
            market=exchange,
            numbers=self.world.numbers,
            all_bets=self.world.bets,
            log=self.world.log,
            pay=self.world.pay,
            others=self._others(terms, exchange, fair),
            start=start,
            now=self.world.now,
            on_first_order=tuple(due for due in every if due.moment.base is Base.ORDER),
        )

    def _others(self, terms: Terms, exchange: Market, fair: dict[int, Decimal | None]) -> Others:
        known = {runner: odds for runner, odds in fair.items() if odds is not None}
        punters = Punters(fair=known, winners=terms.winners, ladder=terms.ladder, dice=self._dice(terms.id, "punters"))
        return Others(
            terms=terms,
            market=exchange,
            reactions=Reactions(rules=self.scenario.reactions, market_names=frozenset((terms.id, terms.name))),
            punters=punters if self.scenario.punters and known else None,
            take_ours=self.scenario.others_take_ours,
        )

    def _dice(self, of: str, what: str) -> random.Random:
        return random.Random(f"{self.world.seed} {what} {of}")  # noqa: S311 - dice of a rehearsal, not a secret

    def _market_numbers(self) -> set[str]:
        return {market.removeprefix("1.") for market in self.world.boards}

    def _free(self, name: str, base: int, taken: dict[str, Fixture] | set[str]) -> str:
        """A number derived from a name, so that a fixture keeps it whatever else is in the world."""
        candidate = number(name, base)
        while str(candidate) in taken:
            candidate += 1
        return str(candidate)


def _named(market: MarketScript) -> str:
    """Races of a meeting have markets of the same names."""
    return market.name if market.start is None else f"{market.name} {market.start}"


def _listed(market: MarketScript) -> tuple[Listed, ...]:
    """A runner keeps its number in every market, derived from its name; should two names meet, the second moves on."""
    taken = {runner.id for runner in market.runners if runner.id is not None}
    listed = []
    for runner in market.runners:
        own = runner.id
        if own is None:
            own = number(f"runner {runner.name}", 10_000_000)
            while own in taken:
                own += 1
            taken.add(own)
        listed.append(Listed(id=own, name=runner.name))
    return tuple(listed)


def number(name: str, base: int) -> int:
    """Between `base` and nine digits more, always the same for a name."""
    return base + zlib.crc32(name.encode()) % 9_000_000


def usual_life(market: MarketScript, lasts: int) -> tuple[Due, ...]:
    """In play at the start and closed after the end, save what the scenario itself makes happen."""
    own = {type(due.happening) for due in market.happenings if due.moment.base is not Base.ORDER}
    life = []
    if TurnInPlay not in own:
        life.append(Due(moment=Moment(base=Base.START, delay=0), happening=TurnInPlay()))
    if Close not in own:
        life.append(Due(moment=Moment(base=Base.START, delay=lasts), happening=Suspend()))
        life.append(Due(moment=Moment(base=Base.START, delay=lasts + RESULT_TAKES), happening=Close()))
    return tuple(life)


def draw(market: MarketScript, known: dict[str, tuple[str, ...]], dice: random.Random) -> tuple[str, ...]:
    """The winners by their chances; who won is placed too."""
    names = [runner.name for runner in market.runners]
    placed = [name for winners in known.values() if len(winners) < market.winners for name in winners if name in names]
    left = {runner.name: float(1 / (runner.fair or len(names))) for runner in market.runners if runner.name not in placed}
    while len(placed) < market.winners and left:
        name = dice.choices(list(left), weights=list(left.values()))[0]
        placed.append(name)
        del left[name]
    return tuple(placed)
