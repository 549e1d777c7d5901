"""Current orders, cleared orders, books and catalogue, read into facts. Bodies as documented."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.commands import QueryBook, QueryOrder, QueryRunners
from planrunner.model.errors import VenueRefused
from planrunner.model.events import BookChanged, OrderReported, OrderUnknown, Outcome
from planrunner.model.market import AccountName, MarketId, OrderRef, SelectionId
from planrunner.model.placement import Sizes
from planrunner.model.plan import Target
from planrunner.venues.betfair import catalogue, holdings
from planrunner.venues.exact_json import Unreadable

AT = datetime(2026, 12, 5, 14, 0, tzinfo=UTC)
ACCOUNT, MARKET = AccountName("betfair"), MarketId("1.200000001")
QUERY = QueryOrder(account=ACCOUNT, market=MARKET, ref=OrderRef("o-000001"), stake=Decimal("10.00"), because="plan")
# matched, remaining, cancelled, lapsed, voided of a bet of 10
STATES = {
    "resting": ("EXECUTABLE", 0, 10, 0, 0, 0),
    "part filled": ("EXECUTABLE", 4, 6, 0, 0, 0),
    "filled": ("EXECUTION_COMPLETE", 10, 0, 0, 0, 0),
    "part filled, reduced": ("EXECUTABLE", 4, 4, 2, 0, 0),
    "part filled, cancelled": ("EXECUTION_COMPLETE", 4, 0, 6, 0, 0),
    "lapsed": ("EXECUTION_COMPLETE", 0, 0, 0, 10, 0),
    "killed": ("EXECUTION_COMPLETE", 0, 0, 10, 0, 0),
    "runner removed": ("EXECUTION_COMPLETE", 0, 0, 0, 0, 10),
}


def current(status: str, *parts: Any, **changes: Any) -> dict[str, Any]:
    matched, remaining, cancelled, lapsed, voided = parts
    return {
        "betId": "300000000001", "marketId": "1.200000001", "selectionId": 4711, "handicap": Decimal("0.0"),
        "priceSize": {"price": Decimal("3.0"), "size": 10}, "bspLiability": Decimal("0.0"), "side": "BACK", "status": status,
        "persistenceType": "LAPSE", "orderType": "LIMIT", "placedDate": "2024-05-01T12:00:00.000Z",
        "sizeMatched": matched, "sizeRemaining": remaining, "sizeLapsed": lapsed, "sizeCancelled": cancelled,
        "sizeVoided": voided, "customerOrderRef": "o-000001", **changes,
    }  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_bet(state: str) -> None:
    (event,) = holdings.found(QUERY, [current(*STATES[state])], AT)
    assert isinstance(event, OrderReported)
    _, matched, remaining, cancelled, lapsed, voided = STATES[state]
    parts = {"matched": matched, "cancelled": cancelled, "lapsed": lapsed, "voided": voided}
    assert event.sizes == Sizes(stake=Decimal(10), **{name: Decimal(part) for name, part in parts.items()})
    assert event.sizes.remaining == remaining


@settings(max_examples=100)
@given(st.tuples(*[st.sampled_from([0, 3, 4, 6, 10, -1])] * 5))
def test_sizes_that_do_not_add_up_are_unknown(parts: tuple[int, ...]) -> None:
    (event,) = holdings.found(QUERY, [current("EXECUTABLE", *parts)], AT)
    adds_up = sum(parts) == 10 and min(parts) >= 0
    assert isinstance(event, OrderReported if adds_up else OrderUnknown)


def test_two_bets_under_one_reference_are_both_told_and_a_repeated_row_once() -> None:
    row, other = current(*STATES["resting"]), current(*STATES["filled"], betId="300000000002")
    events = holdings.found(QUERY, [row, other, row], AT)
    assert [event.bet for event in events if isinstance(event, OrderReported)] == ["300000000001", "300000000002"]


def test_bets_of_others_are_left_alone() -> None:
    assert not holdings.is_ours(current(*STATES["resting"], customerOrderRef=""))
    assert not holdings.is_ours(current(*STATES["resting"], orderType="MARKET_ON_CLOSE"))
    assert holdings.found(QUERY, [current(*STATES["resting"], customerOrderRef="another")], AT) == ()


def cleared(bet: str = "300000000001", **changes: Any) -> dict[str, Any]:
    return {"betId": bet, "marketId": "1.200000001", "orderType": "LIMIT", "customerOrderRef": "o-000001", **changes}


def test_a_cleared_bet_is_gathered_from_the_four_lists() -> None:
    won = cleared(sizeSettled=Decimal("4.0"), priceMatched=Decimal("3.05"), profit=Decimal("8.2"), betOutcome="WON")
    lists = {"SETTLED": [won, won], "CANCELLED": [cleared(sizeCancelled=6)]}
    (event,) = holdings.found_cleared(QUERY, lists, AT)
    assert isinstance(event, OrderReported)
    assert event.sizes == Sizes(stake=Decimal(10), matched=Decimal(4), cancelled=Decimal(6))
    assert event.average_odds == Decimal("3.05")
    (bet,) = holdings.gather(lists).values()
    settled = bet.settled(AT)
    assert settled is not None
    assert (settled.outcome, settled.profit) == (Outcome.WON, Decimal("8.2"))


def test_a_cleared_bet_of_which_a_part_is_missing_is_unknown() -> None:
    (event,) = holdings.found_cleared(QUERY, {"CANCELLED": [cleared(sizeCancelled=6)]}, AT)
    assert isinstance(event, OrderUnknown)
    assert "6" in event.text
    assert holdings.found_cleared(QUERY, {}, AT) == ()


def test_a_voided_bet_is_settled_without_profit_and_a_new_outcome_is_not_guessed() -> None:
    (void,) = holdings.gather({"VOIDED": [cleared(sizeSettled=10)]}).values()
    settled = void.settled(AT)
    assert settled is not None
    assert (settled.outcome, settled.profit) == (Outcome.VOID, 0)
    (odd,) = holdings.gather({"SETTLED": [cleared(sizeSettled=10, profit=5, betOutcome="DEAD_HEAT_OR_SO")]}).values()
    with pytest.raises(Unreadable):
        odd.settled(AT)


def test_the_book_of_a_selection() -> None:
    query = QueryBook(account=ACCOUNT, market=MARKET, selection=SelectionId("4711"), handicap=Decimal(0), because="plan")
    offers = {"availableToBack": [{"price": Decimal("3.0"), "size": 25}], "availableToLay": []}
    books = [{"runners": [{"selectionId": 1, "handicap": Decimal("0.0")}, {"selectionId": 4711, "handicap": 0, "ex": offers}]}]
    event = holdings.best_offers(query, books, AT)
    assert isinstance(event, BookChanged)
    assert (event.back, event.lay) == ((Decimal(3), Decimal(25)), None)
    for nothing in ([], [{"runners": []}], None, [{}]):
        with pytest.raises(Unreadable):
            holdings.best_offers(query, nothing, AT)


RUNNERS = QueryRunners(account=ACCOUNT, market=MARKET, because="plan")
CARD = catalogue.card({"runners": [
    {"selectionId": number, "runnerName": name, "handicap": Decimal("0.0"), "sortPriority": place}
    for place, (number, name) in enumerate([(4711, "Arsenal"), (4713, "The Draw"), (4712, "Chelsea")])
]})  # fmt: skip


def book(*runners: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    usual = {"marketId": MARKET, "isMarketDataDelayed": False, "status": "OPEN", "inplay": False, "version": 1}
    return [{**usual, "runners": list(runners), **changes}]


def levels(*odds: str) -> list[dict[str, Decimal]]:
    return [{"price": Decimal(one), "size": Decimal(10)} for one in odds]


def test_runners_stand_in_the_venues_order_with_three_levels_and_only_while_they_take_part() -> None:
    offers = {"availableToBack": levels("2.9", "3.0", "2.8", "2.7"), "availableToLay": levels("3.2", "3.1")}
    seen = holdings.runners_seen(
        RUNNERS,
        book(
            {"selectionId": 4712, "handicap": Decimal("0.0"), "status": "ACTIVE", "ex": offers},
            {"selectionId": 4713, "handicap": 0, "status": "REMOVED", "ex": offers},
            {"selectionId": 9, "handicap": 0, "status": "ACTIVE"},
            {"selectionId": 4711, "status": "ACTIVE", "ex": {"availableToLay": [{"price": 3, "size": 0}]}},
        ),
        CARD,
        AT,
    )
    assert [(one.selection, one.name) for one in seen.runners] == [
        ("4711", "Arsenal"), ("4712", "Chelsea"), ("9", "selection 9")
    ]  # fmt: skip
    arsenal, chelsea, _ = seen.runners
    assert (arsenal.back, arsenal.lay) == ((), ())
    assert [odds for odds, _ in chelsea.back] == [Decimal("3.0"), Decimal("2.9"), Decimal("2.8")]
    assert [odds for odds, _ in chelsea.lay] == [Decimal("3.1"), Decimal("3.2")]


@pytest.mark.parametrize(
    "books",
    [
        None,
        [],
        [{}],
        book(isMarketDataDelayed=True),
        book(marketId="1.299"),
        book(status="RESTING"),
        book({"selectionId": 4711}),
        book({"selectionId": 4711, "status": "ACTIVE", "ex": {"availableToBack": [{"price": "NaN", "size": 1}]}}),
    ],
    ids=["no list", "no book", "empty", "delayed", "another market", "no status known", "no runner's status", "no number"],
)
def test_a_book_that_says_too_little_decides_nothing(books: Any) -> None:
    with pytest.raises(Unreadable):
        holdings.runners_seen(RUNNERS, books, CARD, AT)


def market(**changes: Any) -> dict[str, Any]:
    description = {"bettingType": "ODDS", "marketType": "MATCH_ODDS", "marketBaseRate": Decimal("5.0"), "turnInPlayEnabled": True}
    return {
        "marketId": "1.200000001", "marketName": "Match Odds", "marketStartTime": "2026-12-05T15:00:00.000Z",
        "event": {"id": "1", "name": "Arsenal v Chelsea"},
        "description": {**description, "priceLadderDescription": {"type": "CLASSIC"}},
        "runners": [
            {"selectionId": 2, "runnerName": "The Draw", "handicap": Decimal("0.0"), "sortPriority": 2},
            {"selectionId": 1, "runnerName": "Arsenal", "handicap": Decimal("0.0"), "sortPriority": 1},
        ],
        **changes,
    }  # fmt: skip


TARGET = Target(event="Arsenal v Chelsea", market="Match Odds", selection="Arsenal")


def test_a_market_of_the_catalogue() -> None:
    (found,) = catalogue.markets([market()], TARGET)
    assert found.fixture == "Arsenal v Chelsea"
    assert [selection.name for selection in found.selections] == ["Arsenal", "The Draw"]
    assert (found.commission, found.ladder, found.turns_in_play) == (Decimal("0.05"), "CLASSIC", True)
    assert found.start == datetime(2026, 12, 5, 15, tzinfo=UTC)
    assert (found.sport, found.country, found.meeting, found.kind) == ("", "", "", "MATCH_ODDS")
    where = {"id": "1", "name": "Ascot 5th Dec", "countryCode": "GB", "venue": "Ascot"}
    (race,) = catalogue.markets([market(event=where, eventType={"id": "7", "name": "Horse Racing"})], TARGET)
    assert (race.sport, race.country, race.meeting) == ("Horse Racing", "GB", "Ascot")


@pytest.mark.parametrize(
    "description",
    [{"marketType": "EACH_WAY"}, {"bettingType": "LINE"}, {"priceLadderDescription": {"type": "LINE_RANGE"}}],
)
def test_markets_where_a_stake_or_odds_mean_something_else_are_refused_by_name(description: dict[str, Any]) -> None:
    row = market(description={**market()["description"], **description})
    with pytest.raises(VenueRefused, match="Match Odds"):
        catalogue.markets([row], TARGET)
    assert catalogue.markets([row], Target(event="Arsenal v Chelsea", market="Correct Score")) == ()


def test_a_day_is_asked_for_as_every_zone_sees_it() -> None:
    span = catalogue.find_params(TARGET, date(2026, 12, 5))["filter"]["marketStartTime"]
    assert span == {"from": "2026-12-04T10:00:00.000Z", "to": "2026-12-06T14:00:00.000Z"}


def test_a_wildcard_never_comes_first() -> None:
    assert catalogue.find_params(Target(event="*Arsenal"), None)["filter"] == {"textQuery": "Arsenal"}


def test_changing_fields_of_a_bet_are_the_ones_that_are_compared() -> None:
    row = current(*STATES["resting"])
    names = {"matched", "cancelled", "lapsed", "voided"}
    assert names == {field.name for field in fields(Sizes)} - {"stake"}
    for name in (f"size{one.capitalize()}" for one in [*names, "remaining"]):
        assert holdings.look_of(row) != holdings.look_of({**row, name: Decimal("0.01")})
