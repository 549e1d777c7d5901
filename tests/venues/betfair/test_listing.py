"""The markets of the catalogue that fit a query: in memory, in the practice world and in one too large for a single list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from planrunner.model.errors import NotInCatalogue, VenueRefused
from planrunner.model.market import AccountName, Market
from planrunner.model.plan import MarketQuery, Target
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.building import build
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.practice import practice_scenario
from planrunner.sandbox.scenario import HOUR, FixtureScript, MarketScript, Runner, Scenario, Start
from planrunner.venues.betfair.listing import window
from planrunner.venues.betfair.venue import BetfairVenue
from tests.venues.betfair.under_test import PracticeSecrets

BETFAIR = AccountName("betfair")
DAY = date(2026, 12, 5)
BEGIN = datetime(2026, 12, 5, 9, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def asking(card: Callable[[BetfairVenue, VirtualClock], Awaitable[None]], world: Scenario | None = None) -> VenueLog:
    log = VenueLog()

    async def main(clock: VirtualClock) -> None:
        app = betfair_app(build(world or practice_scenario(), begin=BEGIN, seed=1, log=log), clock)
        door = Door(MemoryWire(app), clock)
        venue = BetfairVenue(account=BETFAIR, currency="GBP", door=door, clock=clock, secrets=PracticeSecrets())
        await venue.open()
        await card(venue, clock)
        await door.close()

    run_virtual(main, start=BEGIN)
    return log


def found(**words: Any) -> tuple[Market, ...]:
    markets: list[Market] = []

    async def card(venue: BetfairVenue, _: VirtualClock) -> None:
        query = MarketQuery(account=BETFAIR, **{"sport": "Horse Racing", "market": "Win", **words})
        markets.extend(await venue.markets(query, on=DAY, zone=LONDON))

    asking(card)
    return tuple(markets)


def card_of(markets: tuple[Market, ...]) -> list[str]:
    return [f"{one.meeting} {one.start:%H:%M}" for one in markets]


def test_races_by_meeting_and_time_in_the_order_of_their_starts() -> None:
    races = found(country="GB", meetings=("bath", "Ascot"), starts_after=time(13, 20), starts_before=time(14, 30))
    assert card_of(races) == ["Bath 13:20", "Ascot 13:40", "Bath 13:55", "Ascot 14:15"]
    assert {(one.sport, one.country, one.name, one.kind) for one in races} == {("Horse Racing", "GB", "Win", "WIN")}
    assert races[0].selections[0].name == "Abbey Gate"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ({"market": "WIN"}, 11),
        ({"market": "place", "meetings": ("Kempton",)}, 2),
        ({"sport": "Football", "market": "Match Odds"}, 7),
        ({"sport": "soccer", "market": "Over/Under 2.5 Goals"}, 7),  # by its name: the code is OVER_UNDER_25
        ({"sport": "Soccer", "market": "OVER_UNDER_25"}, 7),
        ({"starts_after": time(20)}, 0),
        ({"starts_after": time(15), "starts_before": time(14)}, 0),
    ],
)
def test_a_kind_of_market_by_its_name_or_its_code(words: dict[str, Any], count: int) -> None:
    assert len(found(**words)) == count


@pytest.mark.parametrize(
    ("words", "key", "word", "among"),
    [
        ({"sport": "Hores Racing"}, "sport", "Hores Racing", "Horse Racing"),
        ({"country": "UK"}, "country", "UK", "GB"),
        ({"meetings": ("Ascot", "Baht")}, "meetings", "Baht", "Bath"),
        ({"market": "Wine"}, "market", "Wine", "Win"),
        ({"sport": "Soccer", "market": "Match Ods"}, "market", "Match Ods", "Match Odds"),
    ],
)
def test_a_word_the_venue_does_not_know_is_told_with_those_it_knows(
    words: dict[str, Any], key: str, word: str, among: str
) -> None:
    with pytest.raises(NotInCatalogue) as told:
        found(**words)
    assert (told.value.key, told.value.word) == (key, word)
    assert among in told.value.among


def test_a_race_has_no_number_once_its_card_has_begun() -> None:
    async def card(venue: BetfairVenue, clock: VirtualClock) -> None:
        second = Target(event="Bath", race="2", market="Win", selection="Pulteney")
        assert (await venue.find(second, on=DAY)).markets
        await clock.sleep_until(datetime(2026, 12, 5, 13, 30, tzinfo=UTC))  # the race of 13:20 is over
        with pytest.raises(VenueRefused, match="write the race's time"):
            await venue.find(second, on=DAY)
        assert (await venue.find(replace(second, race="13:55"), on=DAY)).markets

    asking(card)


def crowded(count: int) -> Scenario:
    """So many races, two a minute, and a few markets of another name among them."""
    two = (Runner(name="A"), Runner(name="B"))
    races = [
        FixtureScript(
            name=f"Race {number}", sport="Greyhound Racing", start=Start(after=HOUR + number * 30_000), lasts=60_000,
            markets=(MarketScript(name="Forecast" if number % 400 == 0 else "Win", type=f"KIND_{number % 2}", runners=two),),
        )
        for number in range(count)
    ]  # fmt: skip
    return Scenario(name="crowded", fixtures=tuple(races))


def test_a_list_that_would_be_cut_off_is_asked_for_in_parts() -> None:
    async def card(venue: BetfairVenue, _: VirtualClock) -> None:
        query = MarketQuery(account=BETFAIR, sport="Greyhound Racing", market="Forecast")
        markets = await venue.markets(query, on=DAY, zone=LONDON)
        assert [one.fixture for one in markets] == ["Race 0", "Race 400", "Race 800", "Race 1200"]
        with pytest.raises(VenueRefused, match="1197 markets fit; say which with"):
            await venue.markets(MarketQuery(account=BETFAIR, sport="Greyhound Racing", market="Win"), on=DAY, zone=LONDON)

    log = asking(card, crowded(1_201))
    lists = [line for line in log.lines("request") if line["call"] == "listMarketCatalogue"]
    assert max(line["params"]["maxResults"] for line in lists) == 1000


def test_the_day_is_one_of_the_plans_zone_also_when_clocks_change() -> None:
    query = MarketQuery(account=BETFAIR, sport="Horse Racing", market="Win")
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert [(end - begin).total_seconds() / 3600 for begin, end in (window(query, day, LONDON) for day in (spring, autumn))] == [
        23, 25
    ]  # fmt: skip
    assert window(query, DAY, ZoneInfo("Australia/Sydney"))[0] == datetime(2026, 12, 4, 13, tzinfo=UTC)
