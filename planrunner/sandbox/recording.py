"""A recorded market as a world: what others did is fixed, our bets are matched beside it, in pounds.

Names come from the recording or from a catalogue saved with it; runners without any are called `Runner 1 (4711)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from planrunner.matching.recorded import Catalogue, Definition, RecordedMarket, Survey, read_catalogue, survey
from planrunner.model.market import MarketStatus
from planrunner.sandbox.bets import Ask, OurBet
from planrunner.sandbox.board import SETTLING_TAKES, Board, Settle
from planrunner.sandbox.building import SPORTS
from planrunner.sandbox.cases import CASES
from planrunner.sandbox.clock import from_ms, iso, to_ms
from planrunner.sandbox.faults import Faults
from planrunner.sandbox.ladders import LADDERS
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.others import Others
from planrunner.sandbox.practice import Rehearsal
from planrunner.sandbox.reactions import Reactions
from planrunner.sandbox.scenario import SECOND, Scenario
from planrunner.sandbox.terms import Fixture, Listed, Terms
from planrunner.sandbox.world import World

BEFORE_START = timedelta(minutes=10)
SPORT_NAMES = {number: name for name, number in SPORTS.items()} | {"1": "Soccer"}
_PUBLISHED = re.compile(rb'"pt":\s*(\d+)')
_DATE = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')
# A recording is played in steps of this length while we have bets in it, so that the log tells things in order.
STEP = SECOND


@dataclass(slots=True, kw_only=True)
class RecordedBoard(Board):
    """A market whose life and whose others come from a recording."""

    recorded: RecordedMarket
    _status_seen: MarketStatus = MarketStatus.INACTIVE

    @property
    def total_matched(self) -> int:
        return self.recorded.total_matched

    def next_at(self) -> int:
        due = Board.next_at(self)
        return due if self.recorded.finished else min(due, self.now + STEP)

    def play_next(self) -> None:
        at = self.next_at()
        self._play_on(at)
        if Board.next_at(self) <= at:
            Board.play_next(self)

    def advance(self, to: int) -> None:
        while Board.next_at(self) <= to:
            self._play_on(Board.next_at(self))
            Board.play_next(self)
        self._play_on(max(self.now, to))

    def place(self, ask: Ask, at: int) -> OurBet:
        """Held bets land while the recording is played."""
        ours = self._enter(ask, at)
        self.market.accept(ours.bet, at)
        self._note(at)
        return ours

    def _play_on(self, to: int) -> None:
        self.recorded.advance(to)
        self.now = to
        definition = self.recorded.definition
        self.start = definition.start
        if self.status is not self._status_seen:
            self._status_changed(to)
        self.version = definition.version
        self._note(to)

    def _status_changed(self, at: int) -> None:
        turned = self.recorded.turned_in_play_at
        if turned is not None and turned > at - STEP:
            self.material = self.recorded.definition.version
        if self.status is MarketStatus.SUSPENDED:
            self.suspensions += 1
        if self.status is MarketStatus.CLOSED:
            self.agenda.add(at + SETTLING_TAKES, Settle())
        self._status_seen = self.status
        self._changed(self.status.value, at)


def world_from_recording(
    lines: Callable[[], Iterable[bytes]],
    *,
    catalogue: bytes | None = None,
    before_start: timedelta = BEFORE_START,
    begin: datetime | None = None,
    seed: int = 0,
    case: str = "usual",
    log: VenueLog | None = None,
) -> Rehearsal:
    """Played from so long before the start. `lines` opens the recording anew each time it is called. With `begin` the whole
    recording is moved to that time, for clients that live by the real clock.

    The whole recording is looked through first, so that a broken one is refused before anything is placed in it. Raises
    BadRecording and NotPlayed, and KeyError for a case that can't be had with a recording.
    """
    changed = {name: case for name, case in CASES.items() if case.on_recordings}[case].change(Scenario(name="", fixtures=()))
    names = read_catalogue(catalogue) if catalogue is not None else None
    known = survey(lines(), LADDERS, names)
    recorded_begin = max(from_ms(known.last.start) - before_start, from_ms(known.begins))
    if begin is not None:
        moved = to_ms(begin) - to_ms(recorded_begin)
        return world_from_recording(
            lambda: move(lines(), moved), catalogue=catalogue, before_start=before_start, seed=seed, case=case, log=log
        )
    scenario = replace(changed, name=f"recorded market {known.market}", time_zone=known.last.time_zone or "UTC")
    world = World(begin=recorded_begin, seed=seed, log=log or VenueLog(), account=scenario.account)
    world.advance(recorded_begin)
    world.log.write("world", world.now, scenario=scenario.name, seed=seed)
    world.add(_board(world, RecordedMarket(lines(), LADDERS, names), known, names))
    return Rehearsal(world=world, faults=Faults(faults=list(scenario.faults), seed=seed), scenario=scenario)


def move(lines: Iterable[bytes], by: int) -> Iterator[bytes]:
    """The same recording, `by` milliseconds later: publish times, and every date in the definitions."""

    def published(found: re.Match[bytes]) -> bytes:
        return b'"pt":%d' % (int(found[1]) + by)

    def dated(found: re.Match[bytes]) -> bytes:
        return b'"' + iso(to_ms(datetime.fromisoformat(found[1].decode())) + by).encode() + b'"'

    for line in lines:
        yield _DATE.sub(dated, _PUBLISHED.sub(published, line, count=1))


def _board(world: World, recorded: RecordedMarket, known: Survey, names: Catalogue | None) -> RecordedBoard:
    terms = _terms(known, names)
    recorded.advance(world.now)
    return RecordedBoard(
        terms=terms,
        market=recorded.market,
        numbers=world.numbers,
        all_bets=world.bets,
        log=world.log,
        pay=world.pay,
        others=Others(terms=terms, market=recorded.market, reactions=Reactions(rules=(), market_names=frozenset())),
        start=recorded.definition.start,
        now=world.now,
        recorded=recorded,
        version=recorded.definition.version,
        material=0,
        _status_seen=recorded.market.status,
    )


def _terms(known: Survey, names: Catalogue | None) -> Terms:
    last = known.last
    return Terms(
        id=known.market,
        name=last.name or (last.market_type or "Market").replace("_", " ").title(),
        type=last.market_type or "",
        fixture=_fixture(known),
        runners=_runners(last, names),
        winners=last.winners_wanted or 1,
        ladder=LADDERS[last.ladder],
        commission=last.base_rate,
        turns_in_play=last.turns_in_play,
        bet_delay=last.bet_delay_ms,
        lasts=max(known.ends - last.start, STEP),
        result=tuple(sorted(last.winners)),
    )


def _fixture(known: Survey) -> Fixture:
    last = known.last
    sport = last.event_type or "0"
    day = from_ms(last.start)
    return Fixture(
        id=last.event or "0",
        name=last.event_name or f"{last.venue or SPORT_NAMES.get(sport, 'Event')} {day:%d %b}",
        sport_id=sport,
        sport=SPORT_NAMES.get(sport, "Sport"),
        country=last.country or "GB",
        time_zone=last.time_zone or "UTC",
        start=last.start,
        meeting=last.venue,
    )


def _runners(definition: Definition, names: Catalogue | None) -> tuple[Listed, ...]:
    ordered = sorted(definition.runners, key=lambda runner: runner.sort_priority)
    known = names.runners if names else {}
    return tuple(
        Listed(id=runner.id, name=runner.name or known.get(runner.id) or f"Runner {place} ({runner.id})")
        for place, runner in enumerate(ordered, start=1)
    )
