"""Paying out a pool: the published examples, and the law that no penny appears or goes missing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.matching.finishes import Kind, Rule, winning
from planrunner.matching.pools import (
    DEAD_HEAT_FLOORS,
    MULTIPLE_FLOORS,
    WIN_FLOORS,
    Payout,
    PayoutTerms,
    Winner,
    pay_out,
    probable,
    returned,
)

WIN_POOL = PayoutTerms(takeout=Decimal("0.1925"), floors=WIN_FLOORS)
TRIFECTA = PayoutTerms(takeout=Decimal("0.25"), floors=MULTIPLE_FLOORS)

TERMS = st.builds(
    PayoutTerms,
    takeout=st.decimals(min_value=0, max_value=Decimal("0.5"), places=4),
    step=st.sampled_from([Decimal("0.10"), Decimal("0.01")]),
    floors=st.sampled_from([(), WIN_FLOORS, MULTIPLE_FLOORS]),
    tied_floors=st.sampled_from([(), DEAD_HEAT_FLOORS]),
)


@st.composite
def winners(draw: st.DrawFn) -> dict[int, Winner]:
    """Lines whose parts are 1 together."""
    shares = draw(st.lists(st.integers(1, 6), max_size=6))
    return {
        line: Winner(staked=draw(st.integers(0, 500_000)), part=Fraction(share, sum(shares)), tied=draw(st.booleans()))
        for line, share in enumerate(shares)
    }


@pytest.mark.parametrize(("staked", "dividend"), [(3_000, "2.60"), (7_600, "1.10"), (9_000, "1.02")])
def test_the_published_examples_of_a_win_pool(staked: int, dividend: str) -> None:
    paid = pay_out(1_000_000, {"winner": Winner(staked=staked * 100)}, WIN_POOL)
    assert paid.dividends == {"winner": Decimal(dividend)}
    assert paid.takeout == 192_500


@pytest.mark.parametrize(
    ("staked", "dividend"), [(734_090, "1.10"), (734_091, "1.10"), (897_222, "1.10"), (897_223, "1.02"), (672_916, "1.20")]
)
def test_the_floors_of_a_win_pool_begin_where_they_say(staked: int, dividend: str) -> None:
    """8,075.00 net: 1.10 at 7,340.90, 0.90 at 8,972.22; above 1.10 it is only rounded down."""
    assert pay_out(1_000_000, {1: Winner(staked=staked)}, WIN_POOL).dividends[1] == Decimal(dividend)


def test_a_dead_heat_may_pay_less_than_the_stake_and_never_less_than_60p() -> None:
    halves = winning(Rule(kind=Kind.WIN), [{4, 7}, {1}])
    lines = {
        line: Winner(staked=staked, part=halves[line].part, tied=halves[line].tied)
        for line, staked in (((4,), 900_000), ((7,), 50_000))
    }
    paid = pay_out(1_000_000, lines, WIN_POOL)
    assert paid.dividends == {(4,): Decimal("0.60"), (7,): Decimal("8.00")}  # 403,750 for each: 0.4486 and 8.075
    assert paid.topped_up == 540_000 - 403_750


def test_without_a_winner_the_gross_is_carried_over() -> None:
    nobody = pay_out(1_000_000, {}, WIN_POOL)
    unbacked = pay_out(1_000_000, {1: Winner(staked=0)}, WIN_POOL)
    for paid in (nobody, unbacked):
        assert (paid.carried_over, paid.takeout, paid.paid, dict(paid.dividends)) == (1_000_000, 0, 0, {})


def test_a_stake_below_a_unit_is_paid_in_part_and_the_rest_is_carried_over() -> None:
    paid = pay_out(100_000, {1: Winner(staked=25)}, TRIFECTA)
    assert paid.dividends == {1: Decimal(750)}
    assert (paid.paid, paid.carried_over, paid.breakage) == (18_750, 56_250, 0)


def test_parts_that_are_no_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole"):
        pay_out(100, {1: Winner(staked=1, part=Fraction(1, 2))}, WIN_POOL)


def _is_balanced(money: int | Fraction, paid: Payout[int]) -> bool:
    return money + paid.topped_up == paid.paid + paid.takeout + paid.breakage + paid.carried_over


@given(money=st.integers(0, 10**9), lines=winners(), terms=TERMS)
def test_money_in_is_dividends_takeout_breakage_and_what_is_carried_over(
    money: int, lines: dict[int, Winner], terms: PayoutTerms
) -> None:
    paid = pay_out(money, lines, terms)
    assert _is_balanced(money, paid)
    assert min(paid.paid, paid.takeout, paid.breakage, paid.carried_over, paid.topped_up) >= 0


@given(money=st.integers(0, 10**9), lines=winners(), terms=TERMS)
def test_a_fund_of_a_pool_is_paid_as_exactly_as_a_pool(money: int, lines: dict[int, Winner], terms: PayoutTerms) -> None:
    share = Fraction(money * 3, 7)
    assert _is_balanced(share, pay_out(share, lines, terms))


@given(money=st.integers(0, 10**9), lines=winners(), terms=TERMS)
def test_dividends_are_whole_steps_or_a_floor(money: int, lines: dict[int, Winner], terms: PayoutTerms) -> None:
    pays = {floor.pays for floor in (*terms.floors, *terms.tied_floors)}
    for dividend in pay_out(money, lines, terms).dividends.values():
        assert dividend in pays or dividend % terms.step == 0


@given(money=st.integers(100, 10**9), lines=winners(), more=st.integers(1, 10**6))
def test_more_money_in_the_pool_never_pays_less(money: int, lines: dict[int, Winner], more: int) -> None:
    before, after = pay_out(money, lines, WIN_POOL), pay_out(money + more, lines, WIN_POOL)
    assert all(after.dividends[line] >= before.dividends[line] for line in before.dividends)


@given(money=st.integers(0, 10**8), terms=TERMS, stakes=st.lists(st.integers(1, 50_000), min_size=1, max_size=20))
def test_bets_together_never_get_more_than_the_pool_pays(money: int, terms: PayoutTerms, stakes: list[int]) -> None:
    """Each bet's return is rounded down, by less than a penny."""
    paid = pay_out(money, {1: Winner(staked=sum(stakes))}, terms)
    got = sum(returned(stake, paid.dividends[1]) for stake in stakes)
    assert got <= paid.paid < got + len(stakes)


@given(money=st.integers(0, 10**8), staked=st.integers(100, 10**6))
def test_a_probable_is_the_dividend_if_the_pool_closed_now(money: int, staked: int) -> None:
    assert probable(money, staked, Fraction(1), WIN_POOL) == pay_out(money, {1: Winner(staked=staked)}, WIN_POOL).dividends[1]
