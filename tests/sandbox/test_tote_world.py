"""The Tote's card and the world: one result for all venues, nothing moved for anybody else, and everything told by the seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner import resources
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.located import ScenarioWrong
from planrunner.sandbox.practice import practice_scenario, rehearse
from planrunner.sandbox.scenario import (
    MINUTE,
    Abandon,
    Base,
    Due,
    FixtureScript,
    Happening,
    MarketScript,
    Moment,
    MoveStart,
    Remove,
    Runner,
    Scenario,
    SettleAgain,
    Start,
)
from planrunner.sandbox.scenario_file import read_scenario
from planrunner.sandbox.tote.card import Card
from planrunner.sandbox.tote.public import Public
from tests.laws import law
from tests.sandbox.tote import Product, Venue, play

DAY = date(2026, 12, 5)
NOON = datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
NAMES = ("Alder", "Beech", "Cedar", "Damson", "Elm", "Fig", "Gorse")


def card(seed: int = 0) -> Card:
    return Card(world=rehearse(practice_scenario(), day=DAY, seed=seed, begin=NOON).world)


def test_the_practice_world_has_a_meeting_with_every_kind_of_pool() -> None:
    bath = [race for race in card().races.values() if race.meeting == "Bath"]
    assert [race.number for race in bath] == list(range(1, 8))
    assert all(8 <= len(race.horses) <= 12 for race in bath)
    kinds = {one.type.code for one in card().products.values() if one.races[0].meeting == "Bath"}
    assert kinds == {
        "WIN", "PLACE", "EXACTA", "TRIFECTA", "QUINELLA", "SWINGER", "TRIO", "DOUBLE", "TREBLE", "QUADPOT", "PLACEPOT",
        "PLACEPOT7", "JACKPOT", "SCOOP6",
    }  # fmt: skip


def test_the_pools_of_the_practice_world_are_nobody_elses_markets() -> None:
    with_pools, without = (
        rehearse(scenario, day=DAY, seed=5, begin=NOON).world
        for scenario in (practice_scenario(), replace(practice_scenario(), pools=None))
    )
    assert list(with_pools.boards) == list(without.boards)
    assert with_pools.log.text() == without.log.text()
    assert {market: board.terms for market, board in with_pools.boards.items()} == {
        market: board.terms for market, board in without.boards.items()
    }


@law(30, share=10)
@given(seed=st.integers(0, 10_000))
def test_a_race_ends_at_the_tote_as_it_ends_in_the_world(seed: int) -> None:
    known = card(seed)
    for race in known.races.values():
        if race.board is None:
            continue
        win = known.world.boards[race.board].terms
        place = next(
            board.terms
            for board in known.world.boards.values()
            if board.terms.fixture.id == win.fixture.id and board.terms.type == "PLACE" and board.start == race.start
        )
        names = [race.horse(number).name for group in race.finish for number in group]
        by_id = {runner.id: runner.name for runner in win.runners}
        assert names[0] == by_id[win.result[0]]
        assert set(names[: place.winners]) == {by_id[runner] for runner in place.result}
        assert sorted(names) == sorted(by_id.values())


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), place=st.integers(0, 400), minutes=st.integers(0, 90))
def test_money_never_leaves_a_pool_before_the_off(seed: int, place: int, minutes: int) -> None:
    known, public = card(seed), Public(seed=seed)
    one = list(known.products.values())[place % len(known.products)]
    at = one.races[0].off - minutes * MINUTE
    assert public.total(one, at + MINUTE) >= public.total(one, at) > 0
    if len(one.legs) == 1:
        line = tuple(range(1, one.type.rule.size + 1))
        assert public.on(one, line, at + MINUTE) >= public.on(one, line, at) >= 0


def world(*happenings: Due, **market: Any) -> Scenario:
    """A race of the world's at 13:00, with a Win market."""
    runners = tuple(Runner(name=name) for name in NAMES)
    win = MarketScript(name="Win", type="WIN", runners=runners, happenings=happenings, **{"result": ("Cedar",), **market})
    fixture = FixtureScript(
        name="Ascot 13:00",
        sport="Horse Racing",
        meeting="Ascot",
        start=Start(after=60 * MINUTE),
        lasts=2 * MINUTE,
        markets=(win,),
    )
    return Scenario(name="one race", fixtures=(fixture,))


def due(minutes: float, happening: Happening) -> Due:
    """So long after the start, or before it."""
    return Due(moment=Moment(base=Base.START, delay=round(minutes * MINUTE)), happening=happening)


async def selling(venue: Venue) -> str:
    return str((await venue.product("WIN")).facts["selling"]["status"])


def test_the_winner_of_the_world_is_paid() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        assert [one["name"] for one in win.legs[0]["selections"]["nodes"]] == list(NAMES)
        await venue.place("t1", win.bet("wins", [3]), win.bet("loses", [1]))
        await venue.wait(minutes=65)
        paid = [(await venue.bet(bet))["resulting"]["returns"]["totalAmount"]["decimalAmount"] for bet in ("wins", "loses")]
        assert paid[0] > 2
        assert paid[1] == 0

    play(story, world())


def test_a_start_that_moves_moves_the_end_of_selling() -> None:
    async def story(venue: Venue) -> None:
        await venue.wait(minutes=61)
        assert await selling(venue) == "OPEN"
        event = "{ events { nodes { status scheduledStartDateTime { iso8601 } } } }"
        assert (await venue.ask(event))["events"]["nodes"] == [
            {"status": "SCHEDULED", "scheduledStartDateTime": {"iso8601": "2026-12-05T13:10:00.000Z"}}
        ]
        await venue.wait(minutes=9.1)
        assert await selling(venue) == "CLOSED"

    play(story, world(due(-20, MoveStart(by=10 * MINUTE))))


def test_a_runner_that_is_removed_is_refunded() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1, 4], stake={"currencyCode": "GBP", "totalAmount": 6}))
        await venue.wait(minutes=65)
        assert (await venue.bet("b1"))["resulting"]["returns"]["refundAmount"]["decimalAmount"] == 3
        assert await venue.balance() == Decimal("997.00")

    play(story, world(due(-10, Remove(selection="Damson"))))


def test_a_race_that_is_abandoned_is_refunded() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        async with venue.socket() as socket:
            await socket.subscribe("onBetCancelled")
            await venue.place("t1", win.bet("b1", [3]))
            assert (await socket.event(3700))[1]["createdAt"] == "2026-12-05T12:50:00.000Z"
        assert await venue.balance() == Decimal("1000.00")
        assert await selling(venue) == "CLOSED"

    play(story, world(due(-10, Abandon())))


def test_a_result_that_is_put_right_at_once_is_what_counts() -> None:
    """The provisional result had another winner."""

    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("first", [3]), win.bet("after all", [1]))
        async with venue.socket() as socket:
            await socket.subscribe("onBetResulted")
            heard = [(await socket.event(4000))[1]["customerBetId"] for _ in range(4)]
        assert sorted(heard[:2]) == sorted(heard[2:]) == ["after all", "first"]
        await venue.wait(minutes=5)
        paid = [(await venue.bet(bet))["resulting"]["returns"]["totalAmount"]["decimalAmount"] for bet in ("first", "after all")]
        assert paid[0] == 0
        assert paid[1] > 2

    play(story, world(due(3.5, SettleAgain(result=("Alder",)))))


def test_a_dead_heat_in_the_world_is_one_at_the_tote() -> None:
    async def story(venue: Venue) -> None:
        await venue.wait(minutes=65)
        nodes = (await venue.product("WIN")).facts["result"]["dividends"]["nodes"]
        assert len(nodes) == 2

    play(story, world(result=("Cedar", "Fig")))


@pytest.mark.parametrize("every", [37, 600])
def test_how_often_somebody_looks_changes_nothing(every: int) -> None:
    def story(pause: int) -> Any:
        async def looking(venue: Venue) -> Any:
            win: Product = await venue.product("WIN")
            await venue.place("t1", win.bet("b1", [1, 3], stake={"currencyCode": "GBP", "totalAmount": 6}))
            for _ in range(4000 // pause):
                await venue.wait(seconds=pause)
                await selling(venue)
            await venue.wait(minutes=10)
            facts = (await venue.product("WIN")).facts
            return (
                facts["result"],
                facts["pool"],
                [{**line, "n": 0} for line in venue.lines("bet", "fill", "void", "settled", "market")],
            )

        return play(looking, world(due(-10, Remove(selection="Damson"))), seed=9)

    assert story(every) == story(4000)


def test_looking_at_the_tote_changes_nothing_at_the_exchange() -> None:
    """The same requests to Betfair leave the same log, whether somebody looks at the pools of the same races or not."""

    def played(looks: bool) -> list[dict[str, Any]]:
        async def story(venue: Venue) -> list[dict[str, Any]]:
            app = betfair_app(venue.rehearsal.world, venue.clock, faults=venue.rehearsal.faults)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
                headers = {"X-Application": "key"}
                answer = await http.post("/api/login", data={"username": "owner", "password": "word"}, headers=headers)
                headers["X-Authentication"] = answer.json()["token"]
                board = next(one for one in venue.rehearsal.world.boards.values() if one.terms.fixture.name == "Ascot 13:05")
                limit = {"size": 20, "price": 4.0, "persistenceType": "LAPSE"}
                order = {"orderType": "LIMIT", "selectionId": board.terms.runners[0].id, "side": "BACK", "limitOrder": limit}
                body = {"marketId": board.terms.id, "instructions": [order]}
                await http.post("/exchange/betting/rest/v1.0/placeOrders/", json=body, headers=headers)
                for _ in range(30):
                    await venue.wait(minutes=3)
                    if looks:
                        await venue.product("WIN", 3)
                    await http.post("/exchange/betting/rest/v1.0/listCurrentOrders/", json={}, headers=headers)
            return [{**line, "n": 0} for line in venue.lines() if line.get("venue") != "tote"]

        return play(story, practice_scenario(), seed=4)

    assert played(looks=True) == played(looks=False)


SECTION = """
scenario: Pools of its own
fixtures:
  - event: Arsenal v Chelsea
    start: "15:00"
    markets:
      - market: Match Odds
        selections:
          - selection: Arsenal
          - selection: Chelsea
faults:
  - call: placeBetsAsync
    trouble: bet rejected
    code: Product was not open
  - call: onBetAccepted
    trouble: message delayed
    delay: 90s
pools:
  messages: flat
  duplicate_bets: errors
  stakes: rounded down
  terms:
    - pool: placepot
      takeout: 25.5%
      carry_in: 5000.00 GBP
  meetings:
    - meeting: Wetherby
      races:
        - start: "14:00"
          handicap: yes
          runners:
            - Alder
            - Beech
            - Cedar
          result:
            - - Beech
              - Alder
          non_runners:
            - runner: Cedar
              before_start: 20m
"""


def test_a_scenario_file_describes_pools() -> None:
    scenario = read_scenario("pools.yaml", SECTION.encode(), resources.schema("scenario"))
    known = Card(world=rehearse(scenario, day=DAY, seed=0, begin=NOON).world)
    assert known.pools.flat_messages
    assert known.pools.duplicates_as_errors
    assert known.pools.rounds_stakes
    assert known.pools.terms[0].takeout == Decimal("0.255")
    (race,) = known.races.values()
    assert (race.name, race.country, race.handicap) == ("Wetherby 14:00", "GB", True)
    assert race.start == int(datetime(2026, 12, 5, 14, 0, tzinfo=UTC).timestamp() * 1000)
    assert race.finish == ((2, 1),)
    assert race.withdrawn == {3: race.start - 20 * MINUTE}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("runner: Cedar", "runner: Ceder", "there is no runner `Ceder`"),
        ("- - Beech", "- - Birch", "there is no runner `Birch`"),
        ("            - Beech\n", "            - Alder\n", "`Alder` runs twice"),
        ("pool: placepot", "pool: each way", "each way"),
        ("stakes: rounded down", "stakes: rounded", "rounded"),
    ],
)
def test_what_is_wrong_with_pools_is_told_with_its_place(old: str, new: str, says: str) -> None:
    with pytest.raises(ScenarioWrong) as told:
        read_scenario("pools.yaml", SECTION.replace(old, new).encode(), resources.schema("scenario"))
    assert says in str(told.value)
