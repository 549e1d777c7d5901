"""Orders as Betfair takes, reports, changes and refuses them. Bodies as in its documentation and recordings."""

from __future__ import annotations

from typing import Any

import pytest

from planrunner.sandbox.scenario import Base, Due, Moment, Reopen, Suspend
from tests.sandbox.client import ARSENAL, CHELSEA, MARKET, client, order, scenario


def leg(answer: dict[str, Any]) -> dict[str, Any]:
    (only,) = answer["instructionReports"]
    return dict(only)


def test_a_placed_order_is_reported_and_listed_as_the_documentation_shows() -> None:
    with client() as venue:
        instruction = {
            "orderType": "LIMIT", "selectionId": ARSENAL, "handicap": 0, "side": "LAY", "customerOrderRef": "o-000001",
            "limitOrder": {"size": "5.0", "price": 2.98, "persistenceType": "LAPSE"},
        }  # fmt: skip
        answer = venue.rpc(
            "placeOrders", marketId=MARKET, customerRef="a1b2", customerStrategyRef="strat-1", instructions=[instruction]
        )
        assert answer == {
            "jsonrpc": "2.0", "id": 1,
            "result": {
                "customerRef": "a1b2", "status": "SUCCESS", "marketId": MARKET,
                "instructionReports": [{
                    "status": "SUCCESS",
                    "instruction": {
                        "selectionId": ARSENAL, "handicap": 0.0,
                        "limitOrder": {"size": 5.0, "price": 2.98, "persistenceType": "LAPSE"},
                        "customerOrderRef": "o-000001", "orderType": "LIMIT", "side": "LAY",
                    },
                    "betId": "300000000001", "placedDate": "2026-12-05T14:00:00.000Z",
                    "averagePriceMatched": 0.0, "sizeMatched": 0.0, "orderStatus": "EXECUTABLE",
                }],
            },
        }  # fmt: skip
        assert venue.current() == [{
            "betId": "300000000001", "marketId": MARKET, "selectionId": ARSENAL, "handicap": 0.0,
            "priceSize": {"price": 2.98, "size": 5.0}, "bspLiability": 0.0, "side": "LAY", "status": "EXECUTABLE",
            "persistenceType": "LAPSE", "orderType": "LIMIT", "placedDate": "2026-12-05T14:00:00.000Z",
            "averagePriceMatched": 0.0, "sizeMatched": 0.0, "sizeRemaining": 5.0, "sizeLapsed": 0.0, "sizeCancelled": 0.0,
            "sizeVoided": 0.0, "regulatorCode": "GIBRALTAR REGULATOR",
            "customerOrderRef": "o-000001", "customerStrategyRef": "strat-1",
        }]  # fmt: skip


def test_what_can_be_taken_is_taken_at_the_better_odds_and_the_rest_waits() -> None:
    with client() as venue:
        report = leg(venue.place(order(odds=2.9, size=30)))
        assert (report["sizeMatched"], report["averagePriceMatched"], report["orderStatus"]) == (25.0, 3.0, "EXECUTABLE")
        (row,) = venue.current()
        assert (row["sizeMatched"], row["sizeRemaining"], row["matchedDate"]) == (25.0, 5.0, "2026-12-05T14:00:00.000Z")


@pytest.mark.parametrize(
    ("terms", "matched", "status", "cancelled"),
    [
        ({"size": 10}, 10.0, "EXECUTION_COMPLETE", 0.0),
        ({"size": 30}, 0.0, "EXPIRED", 30.0),
        ({"size": 30, "minFillSize": 5}, 25.0, "EXECUTION_COMPLETE", 5.0),
    ],
)
def test_fill_or_kill_is_all_or_nothing_unless_less_is_enough(terms: Any, matched: float, status: str, cancelled: float) -> None:
    with client() as venue:
        report = leg(venue.place(order(odds=3.0, timeInForce="FILL_OR_KILL", persistenceType="LAPSE", **terms)))
        assert (report["status"], report["sizeMatched"], report["orderStatus"]) == ("SUCCESS", matched, status)
        assert "persistenceType" not in report["instruction"]["limitOrder"]
        (row,) = venue.current()
        assert (row["status"], row["sizeCancelled"], row["sizeLapsed"]) == ("EXECUTION_COMPLETE", cancelled, 0.0)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (order(odds=3.51), "INVALID_ODDS"),
        (order(size=0.5), "INVALID_BET_SIZE"),
        (order(size=2.005), "INVALID_BET_SIZE"),
        (order(odds=1.06, size=-2), "INVALID_BET_SIZE"),
        (order(selection=99), "INVALID_RUNNER"),
        (order(handicap=-1), "INVALID_RUNNER"),
        (order(persistenceType="MARKET_ON_CLOSE"), "INVALID_PERSISTENCE_TYPE"),
        (order(minFillSize=2), "UNEXPECTED_MIN_FILL_SIZE"),
        (order(timeInForce="FILL_OR_KILL", minFillSize=11), "INVALID_MIN_FILL_SIZE"),
        (order(customerOrderRef="x" * 33), "INVALID_CUSTOMER_ORDER_REF"),
        ({"orderType": "MARKET_ON_CLOSE", "selectionId": ARSENAL, "side": "BACK", "marketOnCloseOrder": {"liability": 5}},
         "MARKET_NOT_OPEN_FOR_BSP_BETTING"),
    ],
)  # fmt: skip
def test_a_wrong_leg_has_its_own_code_and_takes_the_good_ones_with_it(wrong: dict[str, Any], code: str) -> None:
    with client() as venue:
        answer = venue.place(order(), wrong)
        assert (answer["status"], answer["errorCode"]) == ("FAILURE", "BET_ACTION_ERROR")
        assert [one["errorCode"] for one in answer["instructionReports"]] == ["ERROR_IN_ORDER", code]
        assert venue.current() == []


def test_less_than_the_minimum_stake_is_taken_where_the_payout_is_large_enough() -> None:
    with client() as venue:
        assert venue.bet(odds=100, size=0.1)
        assert leg(venue.place(order(odds=95, size=0.1)))["errorCode"] == "INVALID_BET_SIZE"


def test_pennies_that_would_pay_something_else_than_the_odds_say_are_refused() -> None:
    with client() as venue:
        # 1.40 at 1.01 wins 1.4 pence, paid as 1: a quarter less than the odds say.
        assert leg(venue.place(order(odds=1.01, size=1.4, selection=CHELSEA)))["errorCode"] == "INVALID_PROFIT_RATIO"
        bet = venue.bet(odds=1.01, size=5, selection=CHELSEA)
        answer = venue.call("cancelOrders", marketId=MARKET, instructions=[{"betId": bet, "sizeReduction": 3.6}])
        assert leg(answer)["errorCode"] == "INVALID_PROFIT_RATIO"
        answer = venue.call("cancelOrders", marketId=MARKET, instructions=[{"betId": bet, "sizeReduction": 4.5}])
        assert leg(answer)["errorCode"] == "INVALID_BET_SIZE"


def test_back_and_lay_of_a_selection_at_odds_that_meet_are_refused_in_one_call() -> None:
    with client() as venue:
        answer = venue.place(order(odds=3.5), order(odds=3.6, side="LAY"))
        assert {one["errorCode"] for one in answer["instructionReports"]} == {"INVALID_BACK_LAY_COMBINATION"}
        assert venue.place(order(odds=3.6), order(odds=3.5, side="LAY"))["status"] == "SUCCESS"


def test_the_same_reference_within_a_minute_is_refused_whatever_became_of_the_first() -> None:
    with client() as venue:
        assert venue.place(customerRef="r1")["status"] == "SUCCESS"
        venue.forward(seconds=59)
        assert venue.place(customerRef="r1") == {
            "customerRef": "r1", "status": "FAILURE", "errorCode": "DUPLICATE_TRANSACTION", "marketId": MARKET
        }  # fmt: skip
        venue.forward(seconds=1)
        assert venue.place(customerRef="r1")["status"] == "SUCCESS"  # the window counts from the first use
        assert venue.place(order(odds=3.51), customerRef="r2")["errorCode"] == "BET_ACTION_ERROR"
        assert venue.place(customerRef="r2")["errorCode"] == "DUPLICATE_TRANSACTION"
        bet = venue.current()[0]["betId"]
        cancelled = venue.call("cancelOrders", marketId=MARKET, customerRef="r1", instructions=[{"betId": bet}])
        assert cancelled["status"] == "SUCCESS"  # each operation has references of its own


def test_money_that_is_not_there_is_not_bet() -> None:
    with client(scenario(balance=5_000)) as venue:
        assert venue.place(order(size=50))["status"] == "SUCCESS"
        answer = venue.place(order(size=1))
        assert (answer["errorCode"], leg(answer)["errorCode"]) == ("INSUFFICIENT_FUNDS", "ERROR_IN_ORDER")
        # A lay of what is backed already costs nothing more: the outcomes exclude each other.
        assert venue.place(order(side="LAY", odds=1.5, size=10))["status"] == "SUCCESS"
        assert venue.funds()["availableToBetBalance"] == 0.0
        assert venue.funds()["exposure"] == -50.0


def test_a_cancel_takes_the_remainder_or_a_part_of_it_and_says_so() -> None:
    with client() as venue:
        bet = venue.bet(size=10)
        part = venue.call("cancelOrders", marketId=MARKET, instructions=[{"betId": bet, "sizeReduction": 4}])
        assert leg(part) == {"status": "SUCCESS", "instruction": {"betId": bet, "sizeReduction": 4.0}, "sizeCancelled": 4.0}
        rest = venue.call("cancelOrders", marketId=MARKET, instructions=[{"betId": bet}])
        assert (leg(rest)["sizeCancelled"], leg(rest)["cancelledDate"]) == (6.0, "2026-12-05T14:00:00.000Z")
        gone = venue.call("cancelOrders", marketId=MARKET, instructions=[{"betId": bet}])
        assert (gone["status"], gone["errorCode"], leg(gone)["errorCode"]) == (
            "FAILURE",
            "BET_ACTION_ERROR",
            "BET_TAKEN_OR_LAPSED",
        )
        (row,) = venue.current()
        assert (row["status"], row["sizeCancelled"], row["sizeRemaining"]) == ("EXECUTION_COMPLETE", 10.0, 0.0)


def test_of_several_cancels_some_may_fail() -> None:
    with client() as venue:
        answer = venue.call("cancelOrders", marketId=MARKET, instructions=[{"betId": venue.bet()}, {"betId": "17"}])
        assert answer["status"] == answer["errorCode"] == "PROCESSED_WITH_ERRORS"
        assert [one.get("errorCode") for one in answer["instructionReports"]] == [None, "INVALID_BET_ID"]


def test_a_cancel_without_bets_cancels_everything() -> None:
    with client() as venue:
        venue.bet()
        venue.bet(selection=CHELSEA)
        assert venue.call("cancelOrders") == {"status": "SUCCESS"}
        assert {row["sizeRemaining"] for row in venue.current()} == {0.0}


def test_a_replacement_is_a_new_bet_under_the_old_reference() -> None:
    with client() as venue:
        old = venue.bet(customerOrderRef="mine")
        answer = leg(venue.call("replaceOrders", marketId=MARKET, instructions=[{"betId": old, "newPrice": 3.4}]))
        new = answer["placeInstructionReport"]
        assert (answer["cancelInstructionReport"]["sizeCancelled"], new["orderStatus"]) == (10.0, "EXECUTABLE")
        assert "customerOrderRef" not in new["instruction"]
        rows = {row["betId"]: row for row in venue.current(customerOrderRefs=["mine"])}
        assert (rows[old]["sizeCancelled"], rows[new["betId"]]["priceSize"]) == (10.0, {"price": 3.4, "size": 10.0})


def test_a_replacement_off_the_ladder_leaves_no_order() -> None:
    with client() as venue:
        answer = leg(venue.call("replaceOrders", marketId=MARKET, instructions=[{"betId": venue.bet(), "newPrice": 3.41}]))
        assert answer["errorCode"] == "CANCELLED_NOT_PLACED"
        assert [row["sizeRemaining"] for row in venue.current()] == [0.0]


def test_persistence_can_be_changed_and_keeps_a_bet_in_play() -> None:
    with client() as venue:
        kept, lapsing = venue.bet(), venue.bet(selection=CHELSEA)
        change = {"betId": kept, "newPersistenceType": "PERSIST"}
        assert leg(venue.call("updateOrders", marketId=MARKET, instructions=[change]))["status"] == "SUCCESS"
        assert leg(venue.call("updateOrders", marketId=MARKET, instructions=[change]))["errorCode"] == "NO_ACTION_REQUIRED"
        venue.forward(minutes=61)
        rows = {row["betId"]: row for row in venue.current()}
        assert (rows[kept]["sizeRemaining"], rows[lapsing]["sizeLapsed"]) == (10.0, 10.0)


def test_in_play_an_order_is_held_for_the_bet_delay() -> None:
    with client() as venue:
        venue.forward(minutes=61)
        before = venue.clock.at
        assert venue.place()["status"] == "SUCCESS"
        assert (venue.clock.at - before).total_seconds() == 5
        (book,) = venue.call("listMarketBook", marketIds=[MARKET])
        assert (book["inplay"], book["betDelay"]) == (True, 5)


def test_a_suspension_during_the_bet_delay_lapses_the_order() -> None:
    goal = [
        Due(moment=Moment(base=Base.START, delay=delay), happening=what)
        for delay, what in ((62_000, Suspend()), (63_000, Reopen()))
    ]
    with client(scenario(*goal)) as venue:
        venue.forward(minutes=61)
        answer = venue.place()
        assert (answer["errorCode"], leg(answer)["errorCode"]) == ("BET_ACTION_ERROR", "BET_TAKEN_OR_LAPSED")
        (row,) = venue.current()
        assert (row["betId"], row["sizeLapsed"]) == (leg(answer)["betId"], 10.0)


def test_while_suspended_nothing_is_placed_and_nothing_cancelled() -> None:
    pause = Due(moment=Moment(base=Base.BEGIN, delay=10_000), happening=Suspend())
    with client(scenario(pause)) as venue:
        bet = venue.bet()
        venue.forward(seconds=20)
        refused = {"status": "FAILURE", "errorCode": "MARKET_SUSPENDED", "marketId": MARKET}
        assert venue.place() == refused
        assert venue.call("cancelOrders", marketId=MARKET, instructions=[{"betId": bet}]) == refused
        assert [row["sizeRemaining"] for row in venue.current()] == [10.0]


def test_a_version_from_before_the_start_lapses_the_order_in_play() -> None:
    with client() as venue:
        (before,) = venue.call("listMarketBook", marketIds=[MARKET])
        venue.forward(minutes=61)
        answer = venue.place(marketVersion={"version": before["version"]})
        assert (leg(answer)["errorCode"], leg(answer)["orderStatus"]) == ("BET_TAKEN_OR_LAPSED", "EXECUTION_COMPLETE")
        (now,) = venue.call("listMarketBook", marketIds=[MARKET])
        assert venue.place(marketVersion={"version": now["version"]})["status"] == "SUCCESS"
        assert venue.place(marketVersion={"version": 10**12})["errorCode"] == "INVALID_MARKET_VERSION"


def test_current_orders_come_in_pages() -> None:
    with client() as venue:
        bets = [venue.bet(size=1) for _ in range(5)]
        first = venue.call("listCurrentOrders", recordCount=3)
        rest = venue.call("listCurrentOrders", fromRecord=3, recordCount=3)
        assert [row["betId"] for row in (*first["currentOrders"], *rest["currentOrders"])] == bets
        assert (first["moreAvailable"], rest["moreAvailable"]) == (True, False)
        assert [row["betId"] for row in venue.current(sortDir="LATEST_TO_EARLIEST")] == bets[::-1]
        assert [row["betId"] for row in venue.current(betIds=[bets[1]], marketIds=[MARKET])] == bets[1:2]
        assert venue.current(marketIds=["1.1"]) == venue.current(orderProjection="EXECUTION_COMPLETE") == []
        null = {"from": None, "to": None}
        assert len(venue.current(dateRange=null)) == 5
        assert venue.current(dateRange={"to": "2026-12-05T13:59:59Z"}) == []


def test_settled_bets_leave_the_current_orders_and_the_winner_pays_commission() -> None:
    with client() as venue:
        venue.bet(odds=2.9, size=30, customerOrderRef="won")  # 25.00 matched at 3.00
        venue.bet(odds=2.5, size=10, side="LAY", customerOrderRef="rests")
        venue.forward(hours=3, minutes=2)
        assert venue.current() == []
        (won,) = venue.cleared()
        assert (won["customerOrderRef"], won["betOutcome"], won["profit"], won["sizeSettled"]) == ("won", "WON", 50.0, 25.0)
        assert "commission" not in won
        (market,) = venue.cleared(groupBy="MARKET")
        assert (market["marketId"], market["profit"], market["commission"], market["betCount"]) == (MARKET, 50.0, 2.5, 1)
        lapsed = {row["customerOrderRef"]: row["sizeCancelled"] for row in venue.cleared("LAPSED")}
        assert lapsed == {"won": 5.0, "rests": 10.0}
        assert (venue.funds()["availableToBetBalance"], venue.funds()["exposure"]) == (1047.5, 0.0)


def test_settlement_comes_a_little_after_the_close() -> None:
    with client() as venue:
        venue.bet(odds=3.0, size=5)
        venue.forward(hours=3, minutes=1, seconds=2)
        (book,) = venue.call("listMarketBook", marketIds=[MARKET])
        assert (book["status"], {one["status"] for one in book["runners"]}) == ("CLOSED", {"WINNER", "LOSER"})
        assert (len(venue.current()), venue.cleared()) == (1, [])
