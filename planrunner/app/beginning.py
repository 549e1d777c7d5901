"""When a rehearsal begins: early enough for everything in the plan, and no earlier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from planrunner.app.resolving import zone_of
from planrunner.model.names import code_of, same_name
from planrunner.model.plan import At, BeforeStart, If, LimitOrder, MarketQuery, Plan, Target, Ticket
from planrunner.sandbox.building import SPORT_AT_VENUE, build
from planrunner.sandbox.clock import from_ms
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.oddspapi_abp.ids import fixture_id
from planrunner.sandbox.scenario import FixtureScript, MarketScript, Scenario

LEAD = timedelta(minutes=10)  # before the start, or before the first moment the plan speaks of


def begin_for(plan: Plan, scenario: Scenario, day: date) -> datetime:
    """On that day, unless the scenario says itself when."""
    if scenario.begins_at is not None:
        return datetime.combine(scenario.begins_on or day, scenario.begins_at, scenario.zone)
    midnight = datetime.combine(day, time(), scenario.zone)
    starts = _Starts(scenario, plan, midnight, day)
    noon = datetime.combine(day, time(12), scenario.zone)
    moments = [moment for order in plan.orders for start in starts.of_order(order) or [noon] for moment in _moments(order, start)]
    for ticket in plan.tickets:
        first = min(starts.of_ticket(ticket), default=noon)
        moments += [first - LEAD, *_moment(ticket.bets[0].place, first)]
    return max(min(moments), midnight).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contest:
    """A market of the scenario, and when it starts on the day of the rehearsal."""

    fixture: FixtureScript
    market: MarketScript
    start: datetime


class _Starts:
    """Of whatever the orders and tickets of a plan may be on, as a scenario has them on a day."""

    def __init__(self, scenario: Scenario, plan: Plan, midnight: datetime, day: date) -> None:
        self._scenario = scenario
        self._plan = plan
        self._midnight = midnight
        self._day = day
        self._contests = list(self._all())

    def of_order(self, order: LimitOrder) -> list[datetime]:
        """A race's number is told by a card of which nothing is over."""
        if self._plan.per_market is not None:
            query, zone = self._plan.per_market, zone_of(self._plan)
            return [one.start for one in self._contests if _fits(query, one, zone)]
        move = order.move
        return self._of_target(order.target) + (self._of_target(move.target) if move is not None else [])

    def of_ticket(self, ticket: Ticket) -> list[datetime]:
        """Of the races of its bets; of the whole meeting where one is told by its number, for then nothing of it may be over."""
        zone = zone_of(self._plan)
        card = sorted(self._card(ticket.meeting))
        races = {leg.race for bet in ticket.bets for leg in bet.legs}
        return (
            [start for start in card if f"{start.astimezone(zone):%H:%M}" in races] if all(":" in one for one in races) else card
        )

    def _of_target(self, target: Target) -> list[datetime]:
        zone = zone_of(self._plan)
        found = [one.start for one in self._contests if self._is_on(target, one)]
        if not found and target.event_id is not None:
            found = self._by_router_id(target.event_id)
        at_time = [start for start in found if f"{start.astimezone(zone):%H:%M}" == target.race]
        return at_time or found

    def _is_on(self, target: Target, one: _Contest) -> bool:
        return (
            (target.event_id is not None and target.event_id == one.fixture.id)
            or (target.market_id is not None and target.market_id == one.market.id)
            or (target.event is not None and _is_called(target.event, one.fixture.name, one.fixture.meeting))
        )

    def _by_router_id(self, event_id: str) -> list[datetime]:
        """A router has numbers of its own, which hang on the whole world."""
        world = build(self._scenario, begin=self._midnight, seed=0, log=VenueLog())
        return [from_ms(board.start) for board in world.boards.values() if fixture_id(board) == event_id]

    def _card(self, meeting: str) -> Iterator[datetime]:
        scripted = [one for one in self._scenario.pools.meetings if _is_called(meeting, one.name)] if self._scenario.pools else []
        for one in scripted:
            for race in one.races:
                yield from_ms(race.start.resolve(self._midnight, self._day, self._scenario.zone))
        if not scripted:
            yield from {one.start for one in self._contests if _is_called(meeting, one.fixture.meeting)}

    def _all(self) -> Iterator[_Contest]:
        for fixture in self._scenario.fixtures:
            for market in fixture.markets:
                start = from_ms((market.start or fixture.start).resolve(self._midnight, self._day, self._scenario.zone))
                yield _Contest(fixture=fixture, market=market, start=start)


def _fits(query: MarketQuery, contest: _Contest, zone: tzinfo) -> bool:
    """Roughly: what is found in the end is the venue's to say, and here only how early the world begins hangs on it."""
    fixture, market, at = contest.fixture, contest.market, contest.start.astimezone(zone).time()
    return (
        _is_called(query.sport, fixture.sport, SPORT_AT_VENUE.get(fixture.sport))
        and query.country in (None, fixture.country)
        and (not query.meetings or any(_is_called(one, fixture.meeting) for one in query.meetings))
        and (same_name(query.market, market.name) or code_of(query.market) == market.type)
        and (query.starts_after or at) <= at
        and (query.starts_before is None or at < query.starts_before)
    )


def _is_called(word: str, *names: str | None) -> bool:
    return any(same_name(word, name) for name in names if name is not None)


def _moments(order: LimitOrder, start: datetime) -> Iterator[datetime]:
    yield start - LEAD
    for when in (order.place, order.ending, *(step.trigger for step in order.fallback)):
        yield from _moment(when.moment if isinstance(when, If) else when, start)


def _moment(moment: object, start: datetime) -> Iterator[datetime]:
    if isinstance(moment, BeforeStart):
        yield start - moment.delay - LEAD
    elif isinstance(moment, At):
        yield moment.at - LEAD
