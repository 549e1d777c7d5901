"""Who won what: profits in pence and commission, exact and rounded as stated."""

from decimal import Decimal
from fractions import Fraction

import pytest

from planrunner.matching.book import LimitBook
from planrunner.matching.market import Market
from planrunner.matching.settlement import commission, net_winnings, settle, shares
from planrunner.model.events import Outcome
from tests.matching.support import BACK, LADDER, LAY, T, conserved, open_market, placed, sizes


@pytest.mark.parametrize(
    ("side", "odds", "size", "winner", "outcome", "profit"),
    [
        (BACK, "3.05", "10", 11, Outcome.WON, 2050),
        (BACK, "3.05", "10", 22, Outcome.LOST, -1000),
        (LAY, "3.05", "10", 22, Outcome.WON, 1000),
        (LAY, "3.05", "10", 11, Outcome.LOST, -2050),
        (BACK, "1.01", "0.49", 11, Outcome.WON, 0),  # 0.49 p
        (BACK, "1.01", "0.5", 11, Outcome.WON, 0),  # exactly half a penny: to even
        (BACK, "1.01", "1.5", 11, Outcome.WON, 2),  # 1.5 p: to even
        (LAY, "1.01", "1.5", 11, Outcome.LOST, -2),
    ],
)
def test_profit_of_one_fill(side, odds, size, winner, outcome, profit):
    market = open_market()
    placed(market, side.other, odds, size, owner="others")
    one = placed(market, side, odds, size)
    (settled,) = settle([one], shares([winner], 1), LADDER)
    assert (settled.outcome, settled.profit) == (outcome, profit)


def test_fills_are_added_up_before_rounding():
    market = open_market()
    for _ in range(4):
        placed(market, LAY, "1.01", "0.5", owner="others")
    (settled,) = settle([placed(market, BACK, "1.01", "2")], shares([11], 1), LADDER)
    assert settled.profit == 2  # four times half a penny


def test_void_bets_pay_nothing_and_unmatched_ones_are_not_settled():
    market = open_market()
    void, unmatched = placed(market, BACK, "3", "10"), placed(market, BACK, "3", "10", runner=22)
    placed(market, LAY, "3", "4", owner="others")
    market.remove(11, T)
    market.close([22], T)
    (settled,) = settle([void, unmatched], shares([22], 1), LADDER)
    assert (settled.bet, settled.outcome, settled.profit) == (void, Outcome.VOID, 0)


@pytest.mark.parametrize(
    ("net", "rate", "charged"),
    [
        (1000, "0.05", 50),
        (0, "0.05", 0),
        (-1000, "0.05", 0),
        (10, "0.05", 1),
        (9, "0.05", 0),
        (1999, "0.02", 40),
        (30, "0.05", 2),
    ],
)
def test_commission_is_charged_on_net_winnings_only_half_a_penny_up(net, rate, charged):
    assert commission(net, Decimal(rate)) == charged


def test_net_winnings_are_those_of_one_owner_over_all_bets():
    market = open_market()
    bets = [placed(market, BACK, "3", "10"), placed(market, LAY, "3", "10", owner="others")]
    bets += [placed(market, BACK, "2", "5", runner=22), placed(market, LAY, "2", "5", runner=22, owner="others")]
    settled = settle(bets, shares([11], 1), LADDER)
    assert net_winnings(settled, "me") == 2000 - 500
    assert net_winnings(settled, "others") == -1500


def matched(side, odds, size):
    market = open_market()
    placed(market, side.other, odds, size, owner="others")
    return market, placed(market, side, odds, size)


@pytest.mark.parametrize(
    ("side", "odds", "size", "outcome", "profit"),
    [
        (BACK, "4", "10", Outcome.WON, 1000),  # 5.00 wins 15.00, the other 5.00 are lost
        (LAY, "4", "10", Outcome.LOST, -1000),
        (BACK, "1.5", "10", Outcome.WON, -250),  # the odds are too short for half the stake to pay for the other half
        (LAY, "1.5", "10", Outcome.LOST, 250),
        (BACK, "3.05", "0.01", Outcome.WON, 1),  # half of 2.05 p, less half a penny: 0.525 p
    ],
)
def test_in_a_dead_heat_of_two_half_the_stake_wins_and_half_is_lost(side, odds, size, outcome, profit):
    _, one = matched(side, odds, size)
    (settled,) = settle([one], shares([11, 22], 1), LADDER)
    assert (settled.outcome, settled.profit) == (outcome, profit)


@pytest.mark.parametrize(
    ("winners", "places", "expected"),
    [
        ([1], 1, {1: "1"}),
        ([1, 2], 1, {1: "1/2", 2: "1/2"}),
        ([1, 2, 3], 1, {1: "1/3", 2: "1/3", 3: "1/3"}),
        ([1, 2, 3], 3, {1: "1", 2: "1", 3: "1"}),
        ([1, 2, 3, 4], 3, {1: "1", 2: "1", 3: "1/2", 4: "1/2"}),  # two came in third
        ([1, 2], 3, {1: "1", 2: "1"}),
        ([], 1, {}),
        ([1, 2], 0, {1: "1", 2: "1"}),  # the venue does not say how many win
    ],
)
def test_those_who_came_in_last_share_the_last_place(winners, places, expected):
    assert shares(winners, places) == {runner: Fraction(share) for runner, share in expected.items()}
    assert sum(shares(winners, places).values()) == min(len(winners), places or len(winners))


@pytest.mark.parametrize(
    ("odds", "factor", "places", "expected"),
    [
        ("12", "21.08", 1, "9.47"),
        ("3", "10", 1, "2.7"),
        ("3", "2.49", 1, "3"),  # too little to count in a market with one winner
        ("3", "2.5", 1, "2.93"),  # 2.925, a half up
        ("1.02", "10", 1, "1.01"),
        ("3", "2", 3, "2.96"),  # of several winners: the winnings, and every factor counts
        ("3", "0", 3, "3"),
    ],
)
def test_odds_are_reduced_when_a_runner_is_removed(odds, factor, places, expected):
    market, one = matched(BACK, odds, "10")
    market.remove(22, T, factor=Decimal(factor), places=places)
    assert one.average_odds(LADDER) == Decimal(expected)
    (settled,) = settle([one], shares([11], 1), LADDER)
    assert settled.profit == round((Decimal(expected) - 1) * 1000)
    assert conserved(one)


def test_a_removed_runners_bets_are_void_and_what_is_unmatched_on_others_keeps_its_odds():
    market, matched_on_it = matched(BACK, "3", "10")
    waits, rest = placed(market, BACK, "4", "5", runner=22), placed(market, BACK, "3.5", "5")
    market.remove(11, T, factor=Decimal(20))
    assert sizes(matched_on_it) == ("0", "0", "0", "0", "10")
    assert sizes(rest) == ("0", "0", "0", "5", "0")
    assert sizes(waits) == ("0", "5", "0", "0", "0")
    assert placed(market, LAY, "4", "5", runner=22, owner="others").average_odds(LADDER) == 4


def test_two_removals_reduce_twice_and_what_matched_between_them_once():
    market = Market(ladder=LADDER, runners=[11, 22, 33], book=LimitBook())
    placed(market, LAY, "3", "10", owner="others")
    first = placed(market, BACK, "3", "10")
    market.remove(22, T, factor=Decimal(10))
    placed(market, LAY, "3", "10", owner="others")
    second = placed(market, BACK, "3", "10")
    market.remove(33, T, factor=Decimal(10))
    assert (first.average_odds(LADDER), second.average_odds(LADDER)) == (Decimal("2.43"), Decimal("2.7"))


def test_an_abandoned_market_is_void_for_everybody():
    market, one = matched(BACK, "3", "10")
    rest = placed(market, BACK, "4", "5")
    market.abandon(T)
    assert sizes(one) == ("0", "0", "0", "0", "10")
    assert sizes(rest) == ("0", "0", "0", "5", "0")
    assert [(paid.outcome, paid.profit) for paid in settle([one, rest], {}, LADDER)] == [(Outcome.VOID, 0)]


def test_voided_bets_keep_what_is_not_matched_yet():
    market = open_market()
    one = placed(market, BACK, "3", "10")
    placed(market, LAY, "3", "4", owner="others")
    market.void(T, runner=11)
    assert sizes(one) == ("0", "6", "0", "0", "4")
    placed(market, LAY, "3", "6", owner="others")
    assert sizes(one) == ("6", "0", "0", "0", "4")
