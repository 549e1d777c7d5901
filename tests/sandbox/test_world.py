"""What holds of every world: it repeats exactly, its sizes add up, its funds never go below zero, its books are well traded."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.market import MarketStatus
from planrunner.sandbox.cases import CASES
from planrunner.sandbox.clock import to_ms
from planrunner.sandbox.faults import Fault, Faults, Trouble
from planrunner.sandbox.practice import practice_world
from planrunner.sandbox.scenario import Base, Due, Moment, Reopen, Suspend
from planrunner.sandbox.world import World
from tests.laws import law
from tests.sandbox.client import BEGIN, Client, client, offers, order, scenario

DAY = date(2026, 12, 5)


# A client that does anything at all

ODDS = st.sampled_from([1.01, 2.0, 2.4, 2.46, 2.5, 2.6, 3.0, 3.51, 10, 1000])
SIZES = st.sampled_from([0.1, 1, 2.5, 9.99, 120, 400, 5000])
SIDES = st.sampled_from(["BACK", "LAY"])
TERMS = st.sampled_from([{}, {"persistenceType": "PERSIST"}, {"timeInForce": "FILL_OR_KILL"}])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), ODDS, SIZES, SIDES, st.integers(0, 2), TERMS),
        st.tuples(st.just("cancel"), st.integers(0, 5), st.sampled_from([None, 1, 7.5])),
        st.tuples(st.just("replace"), st.integers(0, 5), ODDS),
        st.tuples(st.just("forward"), st.sampled_from([1, 20, 400, 4000, 9000])),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


def act(venue: Client, market: str, runners: list[int], step: Any, placed: list[str]) -> None:
    match step:
        case "place", odds, size, side, runner, terms:
            report = venue.call("placeOrders", marketId=market, instructions=[order(odds, size, side, runners[runner], **terms)])
            placed += [leg["betId"] for leg in report.get("instructionReports", []) if "betId" in leg]
        case "cancel", which, size:
            wanted = {"betId": placed[which % len(placed)] if placed else "1", "sizeReduction": size}
            venue.call("cancelOrders", marketId=market, instructions=[wanted])
        case "replace", which, odds:
            wanted = {"betId": placed[which % len(placed)] if placed else "1", "newPrice": odds}
            venue.call("replaceOrders", marketId=market, instructions=[wanted])
        case "forward", seconds:
            venue.forward(seconds=seconds)


def play(seed: int, case: str, steps: list[Any]) -> tuple[str, list[list[dict[str, Any]]], list[float]]:
    """The venue's log, and after each step the current orders and the money available."""
    orders, money = [], []
    with client(practice_world(day=DAY, seed=seed, case=case, begin=BEGIN)) as venue:
        venue.rehearsal.faults.clear()  # a lost reply takes real time
        (market,) = venue.call(
            "listMarketCatalogue", filter={"textQuery": "Arsenal", "marketTypeCodes": ["MATCH_ODDS"]}, maxResults=1,
            marketProjection=["RUNNER_DESCRIPTION"],
        )  # fmt: skip
        runners = [runner["selectionId"] for runner in market["runners"]]
        placed: list[str] = []
        for step in steps:
            act(venue, market["marketId"], runners, step, placed)
            orders.append(venue.current())
            money.append(venue.funds()["availableToBetBalance"])
        return venue.rehearsal.world.log.text(), orders, money


@law(25, share=8)
@given(seed=st.integers(0, 3), case=st.sampled_from(list(CASES)), steps=STEPS)
def test_whatever_a_client_does_the_world_repeats_and_its_books_add_up(seed: int, case: str, steps: list[Any]) -> None:
    log, orders, money = play(seed, case, steps)
    assert play(seed, case, steps)[0] == log
    for row in (row for rows in orders for row in rows):
        parts = ("sizeMatched", "sizeRemaining", "sizeLapsed", "sizeCancelled", "sizeVoided")
        assert sum(Decimal(str(row[part])) for part in parts) == Decimal(str(row["priceSize"]["size"]))
        assert (row["status"] == "EXECUTABLE") is (row["sizeRemaining"] > 0)
    assert min(money) >= 0
    assert matched_in(log, {row["betId"] for row in orders[-1]}) == {
        row["betId"]: Decimal(str(row["sizeMatched"])) for row in orders[-1] if row["sizeMatched"]
    }


def matched_in(log: str, bets: set[str]) -> dict[str, Decimal]:
    """What the venue's log says was matched, by bet."""
    matched: dict[str, Decimal] = defaultdict(Decimal)
    for line in map(json.loads, log.splitlines()):
        if line["kind"] == "fill" and line["bet"] in bets:
            matched[line["bet"]] += Decimal(line["size"])
    return dict(matched)


def test_secrets_never_reach_the_log() -> None:
    with client() as venue:
        venue.bet()
        venue.post("/api/keepAlive")
        text = venue.rehearsal.world.log.text()
        for secret in ("secret-word", venue.headers["X-Authentication"], "X-Application"):
            assert secret not in text
        assert json.loads(text.splitlines()[-1])["n"] == len(text.splitlines())


# The practice world


def overrounds(world: World) -> dict[str, Decimal]:
    """Of every open market, in per cent per winner."""
    found = {}
    for market in list(world.boards):
        board = world.board(market)
        if board is not None and board.status is MarketStatus.OPEN:
            best = [board.market.offers(runner.id).back[0][0] for runner in board.terms.runners]
            found[market] = 100 * sum((1 / board.terms.ladder.odds(tick) for tick in best), Decimal(0)) / board.terms.winners
    return found


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.storm)])
def test_books_of_the_practice_world_are_well_traded_at_any_time(seed: int) -> None:
    world = practice_world(day=DAY, seed=seed, case="usual", begin=BEGIN).world
    assert len(world.fixtures) >= 12
    seen = 0
    for minutes in (0, 0.5, 7, 34, 63, 95):
        world.advance(world.begin + timedelta(minutes=minutes))
        now = overrounds(world)
        seen += len(now)
        assert all(100 <= one <= 106 for one in now.values()), now
    assert seen > 100


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2028, 2, 29)])
def test_the_practice_world_exists_on_any_day(day: date) -> None:
    world = practice_world(day=day, seed=0, case="usual").world
    starts = {fixture.name: fixture.start for fixture in world.fixtures.values()}
    assert starts["Arsenal v Chelsea"] > to_ms(world.begin)
    assert len(starts) == 15


def test_seeds_differ_in_odds_and_results() -> None:
    worlds = [practice_world(day=DAY, seed=seed, case="usual").world for seed in range(8)]
    assert (
        len({board.terms.result for world in worlds for board in world.boards.values() if "Arsenal" in board.terms.fixture.name})
        > 2
    )
    assert len({tuple(overrounds(world).values()) for world in worlds}) == 8


def test_who_wins_is_placed_too() -> None:
    for seed in range(5):
        world = practice_world(day=DAY, seed=seed, case="usual").world
        results = {(board.terms.fixture.name, board.terms.name): board.terms.result for board in world.boards.values()}
        for (event, market), winners in results.items():
            if market == "Win":
                assert set(winners) <= set(results[event, "Place"])


# Cases: one order, a while later


def after(case: str, minutes: float, **terms: Any) -> dict[str, Any]:
    """One bet on Arsenal, 10.00 at 2.60 unless told otherwise, and what became of it."""
    with client(practice_world(day=DAY, seed=3, case=case, begin=BEGIN)) as venue:
        lost = venue.rehearsal.faults.faults
        (market,) = venue.call(
            "listMarketCatalogue", filter={"textQuery": "Arsenal", "marketTypeCodes": ["MATCH_ODDS"]}, maxResults=1,
            marketProjection=["RUNNER_DESCRIPTION"],
        )  # fmt: skip
        body = {
            "marketId": market["marketId"],
            "instructions": [order(selection=market["runners"][0]["selectionId"], **{"odds": 2.6, **terms})],
        }
        if lost:
            with pytest.raises(TimeoutError):
                venue.post("/exchange/betting/rest/v1.0/placeOrders/", json=body, within=0.05)
        else:
            venue.call("placeOrders", **body)
        venue.forward(minutes=minutes)
        (row,) = venue.current()
        return row


def test_nothing_matches_even_where_odds_were_on_offer() -> None:
    for odds in (2.6, 2.0):
        row = after("nothing-matches", 55, odds=odds)
        assert (row["sizeMatched"], row["sizeRemaining"]) == (0.0, 10.0)


def test_half_matches_exactly_half_and_some_seconds_later() -> None:
    assert after("half-matches", 0.3)["sizeMatched"] == 0.0
    assert after("half-matches", 55)["sizeMatched"] == 5.0
    assert after("half-matches", 55, side="LAY", odds=2.2)["sizeMatched"] == 5.0


def test_a_repriced_remainder_does_not_get_its_half_twice() -> None:
    with client(practice_world(day=DAY, seed=3, case="half-matches", begin=BEGIN)) as venue:
        (market,) = venue.call(
            "listMarketCatalogue", filter={"marketTypeCodes": ["WIN"], "textQuery": "Ascot 14:15"}, maxResults=1
        )
        board = venue.rehearsal.world.boards[market["marketId"]]
        instruction = order(odds=6, selection=board.terms.runners[0].id)
        (leg,) = venue.call("placeOrders", marketId=board.terms.id, instructions=[instruction])["instructionReports"]
        for odds in (5.9, 5.8):
            venue.forward(seconds=25)
            wanted = {"betId": leg["betId"], "newPrice": odds}
            report = venue.call("replaceOrders", marketId=board.terms.id, instructions=[wanted])
            leg = report["instructionReports"][0]["placeInstructionReport"]
        venue.forward(seconds=60)
        assert sum(row["sizeMatched"] for row in venue.current()) == 5.0


def test_all_match_at_once_fill_or_kill_too() -> None:
    assert after("all-match", 0)["sizeMatched"] == 10.0
    assert after("all-match", 0, timeInForce="FILL_OR_KILL", size=300)["sizeMatched"] == 300.0


def test_turns_in_play_lapses_what_is_not_to_be_kept() -> None:
    assert after("turns-in-play", 1)["sizeLapsed"] == 10.0
    assert after("turns-in-play", 1, persistenceType="PERSIST")["sizeRemaining"] == 10.0


def test_suspended_opens_again_with_the_bet_still_there() -> None:
    assert after("suspended", 2, odds=5.0)["sizeRemaining"] == 10.0


def test_a_lost_reply_landed() -> None:
    assert after("reply-lost", 0, odds=5.0)["sizeRemaining"] == 10.0


def test_a_suspension_around_the_start_does_not_keep_the_market_from_turning_in_play() -> None:
    with client(practice_world(day=DAY, seed=3, case="suspended", begin=BEGIN)) as venue:
        board = next(one for one in venue.rehearsal.world.boards.values() if one.terms.fixture.name == "Arsenal v Chelsea")
        venue.forward(minutes=59, seconds=5)  # suspended 25 s before the start, to be opened again 5 s after it
        venue.call("placeOrders", marketId=board.terms.id, instructions=[order(selection=board.terms.runners[0].id)])
        venue.forward(minutes=2)
        (book,) = venue.call("listMarketBook", marketIds=[board.terms.id])
        assert (book["status"], book["inplay"]) == ("OPEN", True)


@pytest.mark.parametrize(("case", "matched"), [("all-match", 10.0), ("nothing-matches", 0.0)])
def test_cases_hold_in_play_and_for_several_orders_in_one_call(case: str, matched: float) -> None:
    with client(practice_world(day=DAY, seed=3, case=case, begin=BEGIN)) as venue:
        board = next(one for one in venue.rehearsal.world.boards.values() if one.terms.fixture.name == "Arsenal v Chelsea")
        venue.forward(minutes=61)
        orders = [order(odds=odds, selection=runner.id) for runner in board.terms.runners for odds in (1.5, 30)]
        venue.call("placeOrders", marketId=board.terms.id, instructions=orders)
        venue.forward(minutes=1)
        assert [row["sizeMatched"] for row in venue.current()] == [matched] * 6


def test_scripted_offers_stay_in_play_and_come_after_a_suspension() -> None:
    pause, later = (
        Due(moment=Moment(base=Base.BEGIN, delay=60_000), happening=Suspend()),
        offers("Arsenal", [("4.00", 700)], [], at=70_000),
    )
    reopen = Due(moment=Moment(base=Base.BEGIN, delay=80_000), happening=Reopen())
    with client(scenario(pause, later, reopen)) as venue:
        for seconds, odds in ((75, 3.0), (10, 4.0), (3600, 4.0)):
            venue.forward(seconds=seconds)
            (book,) = venue.call("listMarketBook", marketIds=["1.200000001"], priceProjection={"priceData": ["EX_BEST_OFFERS"]})
            assert book["runners"][0]["ex"]["availableToBack"][0]["price"] == odds
        assert book["inplay"]


# Faults


def test_a_reply_lost_before_landing_leaves_nothing_behind() -> None:
    lost = Fault(call="placeOrders", trouble=Trouble.REPLY_LOST_BEFORE_LANDING)
    with client(scenario(), lost) as venue:
        with pytest.raises(TimeoutError):
            venue.post("/exchange/betting/rest/v1.0/placeOrders/", json={}, within=0.05)
        assert venue.current() == []
        assert venue.place()["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("trouble", "status", "says"),
    [
        (Trouble.HTTP_500, 500, "500 Internal Server Error"),
        (Trouble.HTTP_502, 502, "502 Bad Gateway"),
        (Trouble.HTTP_503, 503, "503 Service Unavailable"),
        (Trouble.TOO_MANY_REQUESTS, 400, "TOO_MANY_REQUESTS"),
        (Trouble.SERVICE_BUSY, 400, "SERVICE_BUSY"),
        (Trouble.SESSION_KILLED, 400, "INVALID_SESSION_INFORMATION"),
    ],
)
def test_troubles_that_carry_nothing_out(trouble: Trouble, status: int, says: str) -> None:
    with client(scenario(), Fault(call="placeOrders", trouble=trouble)) as venue:
        answer = venue.post(
            "/exchange/betting/rest/v1.0/placeOrders/", json={"marketId": "1.200000001", "instructions": [order()]}
        )
        assert answer.status_code == status
        assert says in answer.text
        venue.log_in()
        assert venue.current() == []
        assert venue.place()["status"] == "SUCCESS"


@pytest.mark.parametrize("trouble", [Trouble.MALFORMED_BODY, Trouble.HTTP_500_AFTER_LANDING])
def test_troubles_after_the_order_landed(trouble: Trouble) -> None:
    with client(scenario(), Fault(call="placeOrders", trouble=trouble)) as venue:
        answer = venue.post(
            "/exchange/betting/rest/v1.0/placeOrders/", json={"marketId": "1.200000001", "instructions": [order()]}
        )
        with pytest.raises(ValueError):
            answer.json()
        assert len(venue.current()) == 1


@pytest.mark.parametrize(("trouble", "lands"), [(Trouble.TIMEOUT_LANDS_LATER, 1), (Trouble.TIMEOUT_NEVER_LANDS, 0)])
def test_a_timeout_says_nothing_about_the_order(trouble: Trouble, lands: int) -> None:
    with client(scenario(), Fault(call="placeOrders", trouble=trouble, seconds=8)) as venue:
        report = venue.place(customerRef="r")
        assert (report["status"], report["instructionReports"][0]["status"]) == ("TIMEOUT", "TIMEOUT")
        venue.forward(seconds=7)
        assert venue.current() == []
        venue.forward(seconds=2)
        assert len(venue.current()) == lands
        assert venue.place(customerRef="r")["errorCode"] == "DUPLICATE_TRANSACTION"


def test_a_reply_may_be_late_while_the_order_is_not() -> None:
    with client(scenario(), Fault(call="placeOrders", trouble=Trouble.REPLY_DELAYED, seconds=30)) as venue:
        before = venue.clock.at
        placed = venue.place()["instructionReports"][0]["placedDate"]
        assert (venue.clock.at - before, placed) == (timedelta(seconds=30), "2026-12-05T14:00:00.000Z")


def test_a_market_may_be_suspended_in_the_bet_delay() -> None:
    with client(scenario(), Fault(call="placeOrders", trouble=Trouble.SUSPENDED_IN_BET_DELAY)) as venue:
        venue.forward(minutes=61)
        assert venue.place()["instructionReports"][0]["errorCode"] == "BET_TAKEN_OR_LAPSED"


def test_chance_strikes_the_same_calls_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(faults=[Fault(call="*", trouble=Trouble.HTTP_502, chance=30)], seed=seed)
        return [faults.strike("listEvents") is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_reports_may_come_twice_or_be_old() -> None:
    faults = [Fault(call="listCurrentOrders", trouble=trouble, number=number) for trouble, number in
              ((Trouble.REPORTED_TWICE, 2), (Trouble.OLDER_REPORT, 3))]  # fmt: skip
    with client(scenario(), *faults) as venue:
        bet = venue.bet()
        assert len(venue.current()) == 1
        assert len(venue.current()) == 2
        venue.call("cancelOrders", marketId="1.200000001", instructions=[{"betId": bet}])
        assert [row["sizeRemaining"] for row in venue.current()] == [10.0]
        assert [row["sizeRemaining"] for row in venue.current()] == [0.0]


def test_an_invented_fixture_can_be_bet_on_like_any_other() -> None:
    rehearsal = practice_world(day=DAY, seed=1, case="usual", begin=BEGIN)
    start = BEGIN + timedelta(hours=2)
    ids = [
        rehearsal.invent("Ajax v Porto", market, selections, start=start)
        for market, selections in (
            ("Match Odds", ["Porto"]),
            ("Over/Under 3.5 Goals", ["Over 3.5 Goals"]),
            ("Top scorer", ["Someone"]),
        )
    ]
    with client(rehearsal) as venue:
        shown = ["RUNNER_DESCRIPTION", "MARKET_START_TIME", "EVENT"]
        found = venue.call("listMarketCatalogue", filter={"textQuery": "Ajax v Porto"}, maxResults=9, marketProjection=shown)
        runners = {one["marketId"]: {runner["runnerName"] for runner in one["runners"]} for one in found}
        assert [runners[one] for one in ids] == [
            {"Ajax", "Porto", "The Draw"}, {"Over 3.5 Goals", "Under 3.5 Goals"}, {"Someone", "Any other"}
        ]  # fmt: skip
        assert len({one["event"]["id"] for one in found}) == 1
        assert {one["marketStartTime"] for one in found} == {"2026-12-05T16:00:00.000Z"}
