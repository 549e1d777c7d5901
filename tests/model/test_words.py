"""The words everything is written in: odds and ladders, money, sizes, the table of placements."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.exposure import risk
from planrunner.model.money import Money
from planrunner.model.odds import Band, Ladder, Side, american_odds, decimal_odds, probability_odds
from planrunner.model.placement import FINAL, TRANSITIONS, Fact, PlacementStatus, Sizes, transition_table

D = Decimal
LADDER = Ladder(
    "TEST",
    (
        Band(low=D("1.01"), high=D(2), step=D("0.01")),
        Band(low=D(2), high=D(3), step=D("0.02")),
        Band(low=D(3), high=D(10), step=D("0.05")),
        Band(low=D(10), high=D(1000), step=D(10)),
    ),
)


@given(st.integers(0, LADDER.ticks - 1))
def test_a_tick_and_its_odds_name_each_other(tick: int) -> None:
    odds = LADDER.odds(tick)
    assert LADDER.tick(odds) == LADDER.tick(Fraction(odds)) == tick
    assert LADDER.around(odds) == (odds, odds)


@given(st.decimals(D("0.5"), D(1500), places=4))
def test_odds_off_the_ladder_lie_between_their_neighbours(odds: Decimal) -> None:
    below, above = LADDER.around(odds)
    if LADDER.tick(odds) is not None:
        assert below == above == odds
        return
    assert below is None or below < odds
    assert above is None or above > odds
    if below is not None and above is not None:
        assert LADDER.tick(above) == (LADDER.tick(below) or 0) + 1


@given(st.integers(0, LADDER.ticks - 1), st.integers(-500, 500))
def test_moving_stops_at_either_end(tick: int, by: int) -> None:
    moved = LADDER.tick(LADDER.move(LADDER.odds(tick), by))
    assert moved == min(max(tick + by, 0), LADDER.ticks - 1)


def test_three_ways_of_writing_odds_are_the_same_odds() -> None:
    assert decimal_odds("2.20") == american_odds("+120")
    assert american_odds("-110").ratio == Fraction(21, 11)
    assert american_odds("-110").as_decimal() is None  # no decimal number is exact
    assert probability_odds("50%") == decimal_odds("2.0")


def test_amounts_of_two_currencies_never_meet() -> None:
    pounds, euros = Money(amount=D(1), currency="GBP"), Money(amount=D(1), currency="EUR")
    for together in (lambda: pounds + euros, lambda: pounds < euros, lambda: pounds - euros):
        with pytest.raises(ValueError, match="nothing is converted"):
            together()


def test_a_lay_risks_its_liability_rounded_against_us_where_no_decimal_is_exact() -> None:
    assert risk(Side.BACK, D(10), D("3.5")) == 10
    assert risk(Side.LAY, D(10), D("3.5")) == 25
    exact = Fraction(10) * (american_odds("-110").ratio - 1)
    assert 0 <= Fraction(risk(Side.LAY, D(10), american_odds("-110").ratio)) - exact < Fraction(1, 10**6)


@given(st.lists(st.decimals(0, 100, places=2), min_size=5, max_size=5))
def test_sizes_add_up_or_are_refused(parts: list[Decimal]) -> None:
    stake, *others = parts
    if sum(others) <= stake:
        sizes = Sizes(stake=stake, matched=others[0], cancelled=others[1], lapsed=others[2], voided=others[3])
        assert sizes.remaining + sum(others) == stake
    else:
        with pytest.raises(ValueError, match="do not add up"):
            Sizes(stake=stake, matched=others[0], cancelled=others[1], lapsed=others[2], voided=others[3])


def test_the_table_prints_and_nothing_leaves_an_end_but_a_completed_bet_that_is_told_again() -> None:
    assert len(transition_table().splitlines()) == len(TRANSITIONS) + 1
    leaving = {(status, fact) for (status, fact), after in TRANSITIONS.items() if status in FINAL and after is not status}
    assert leaving == set()
    assert {status for (status, _) in TRANSITIONS if status in FINAL} == {PlacementStatus.EXECUTION_COMPLETE}


def test_an_unknown_placement_is_never_unsent_only_found_asked_again_lost_again_or_kept_as_refused_by_the_venue() -> None:
    assert {fact for (status, fact) in TRANSITIONS if status is PlacementStatus.UNKNOWN} == {
        Fact.LOST, Fact.INTENT, Fact.ACCEPTED, Fact.LIVE, Fact.COMPLETE, Fact.REJECTED
    }  # fmt: skip
