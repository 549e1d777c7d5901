"""What becomes of bets when a runner is removed, a goal is taken back, a contest is abandoned, ends in a dead heat, or was paid
for a result that was wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest

from planrunner.sandbox.scenario import MINUTE, Abandon, Base, Due, Happening, Moment, Remove, SettleAgain, VoidMatched
from tests.sandbox.client import ARSENAL, DRAW, MARKET, Client, client, scenario


def due(minutes: int, happening: Happening, base: Base = Base.ORDER) -> Due:
    return Due(moment=Moment(base=base, delay=minutes * MINUTE), happening=happening)


def paid(venue: Client) -> dict[str, tuple[str, float]]:
    return {row["customerOrderRef"]: (row["betOutcome"], row["profit"]) for row in venue.cleared()}


def bets(venue: Client) -> None:
    venue.bet(odds=2.9, size=10, customerOrderRef="backs")  # matched at 3.00
    venue.bet(odds=3.1, size=10, side="LAY", customerOrderRef="lays")  # matched at 3.05
    venue.bet(odds=5.0, size=10, selection=DRAW, customerOrderRef="rests")


def the_end(venue: Client, **later: float) -> None:
    venue.forward(hours=3, minutes=2, **later)


@pytest.mark.parametrize(
    ("result", "backs", "lays", "balance"),
    [
        (("Arsenal",), ("WON", 20.0), ("LOST", -20.5), 999.5),
        (("Chelsea",), ("LOST", -10.0), ("WON", 10.0), 1000.0),
        (("Arsenal", "Chelsea"), ("WON", 5.0), ("LOST", -5.25), 999.75),
        (("Arsenal", "Chelsea", "The Draw"), ("WON", 0.0), ("LOST", -0.17), 999.83),
    ],
)
def test_a_dead_heat_pays_a_share(
    result: tuple[str, ...], backs: tuple[str, float], lays: tuple[str, float], balance: float
) -> None:
    with client(scenario(market={"result": result})) as venue:
        bets(venue)
        the_end(venue)
        assert paid(venue) == {"backs": backs, "lays": lays}
        assert venue.funds()["availableToBetBalance"] == balance
        (book,) = venue.call("listMarketBook", marketIds=[MARKET])
        assert [one["status"] for one in book["runners"]].count("WINNER") == len(result)


def test_a_removed_runners_bets_are_void_and_the_others_odds_are_reduced() -> None:
    with client(scenario(due(10, Remove(selection="Chelsea", factor=Decimal(20))))) as venue:
        bets(venue)
        venue.forward(minutes=11)
        rows = {row["customerOrderRef"]: row for row in venue.current()}
        assert (rows["backs"]["averagePriceMatched"], rows["backs"]["sizeMatched"]) == (2.4, 10.0)
        assert (rows["rests"]["sizeLapsed"], rows["rests"]["status"]) == (10.0, "EXECUTION_COMPLETE")
        (book,) = venue.call("listMarketBook", marketIds=[MARKET])
        assert book["status"] == "OPEN"
        assert [one["status"] for one in book["runners"]] == ["ACTIVE", "REMOVED", "ACTIVE"]
        the_end(venue)
        assert paid(venue) == {"backs": ("WON", 14.0), "lays": ("LOST", -14.4)}
        assert [row["priceReduced"] for row in venue.cleared()] == [True, True]


def test_bets_on_a_removed_runner_are_listed_as_void() -> None:
    with client(scenario(due(10, Remove(selection="Arsenal")))) as venue:
        bets(venue)
        venue.forward(minutes=11)
        assert {row["sizeVoided"] for row in venue.current(orderProjection="ALL") if row["selectionId"] == ARSENAL} == {10.0}
        the_end(venue)
        assert (paid(venue), venue.funds()["availableToBetBalance"]) == ({}, 1000.0)
        assert {row["customerOrderRef"]: row["sizeCancelled"] for row in venue.cleared("VOIDED")} == {"backs": 10.0, "lays": 10.0}


@pytest.mark.parametrize("selection", [None, "Arsenal"])
def test_what_matched_before_a_goal_that_was_taken_back_never_counted(selection: str | None) -> None:
    with client(scenario(due(10, VoidMatched(selection=selection)))) as venue:
        bets(venue)
        venue.forward(minutes=11)
        again = venue.bet(odds=2.9, size=10)
        sizes = {row["betId"]: (row["sizeMatched"], row["sizeVoided"]) for row in venue.current()}
        assert sorted(sizes.values()) == [(0.0, 0.0), (0.0, 10.0), (0.0, 10.0), (10.0, 0.0)]
        assert sizes[again] == (10.0, 0.0)
        the_end(venue)
        assert [row["betId"] for row in venue.cleared()] == [again]


def test_an_abandoned_contest_pays_nobody() -> None:
    with client(scenario(due(70, Abandon(), Base.BEGIN))) as venue:
        bets(venue)
        venue.forward(minutes=71)
        (book,) = venue.call("listMarketBook", marketIds=[MARKET])
        assert book["status"] == "CLOSED"
        assert "WINNER" not in {one["status"] for one in book["runners"]}
        assert paid(venue) == {}
        assert (len(venue.cleared("VOIDED")), len(venue.cleared("LAPSED"))) == (2, 1)
        assert venue.funds() == {**venue.funds(), "availableToBetBalance": 1000.0, "exposure": 0.0}
        the_end(venue)  # its usual end changes nothing any more
        assert paid(venue) == {}


@pytest.mark.parametrize(("again", "expected"), [("Chelsea", 990.0), ("Arsenal", 1019.0)])
def test_a_wrong_result_is_settled_again_as_if_it_had_never_been(again: str, expected: float) -> None:
    with client(scenario(due(150, SettleAgain(result=(again,)), Base.START))) as venue:
        venue.bet(odds=2.9, size=10, customerOrderRef="backs")
        the_end(venue)
        assert paid(venue) == {"backs": ("WON", 20.0)}
        assert venue.funds()["availableToBetBalance"] == 1019.0  # less 5 %
        venue.forward(minutes=30)
        assert paid(venue) == {"backs": ("WON", 20.0) if again == "Arsenal" else ("LOST", -10.0)}
        assert venue.funds()["availableToBetBalance"] == expected
