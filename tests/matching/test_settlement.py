"""Who won what: profits in pence and commission, exact and rounded as stated."""

from decimal import Decimal

import pytest

from planrunner.matching.settlement import commission, net_winnings, settle
from planrunner.model.events import Outcome
from tests.matching.support import BACK, LADDER, LAY, T, open_market, placed


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
    (settled,) = settle([one], {winner}, LADDER)
    assert (settled.outcome, settled.profit) == (outcome, profit)


def test_fills_are_added_up_before_rounding():
    market = open_market()
    for _ in range(4):
        placed(market, LAY, "1.01", "0.5", owner="others")
    (settled,) = settle([placed(market, BACK, "1.01", "2")], {11}, LADDER)
    assert settled.profit == 2  # four times half a penny


def test_void_bets_pay_nothing_and_unmatched_ones_are_not_settled():
    market = open_market()
    void, unmatched = placed(market, BACK, "3", "10"), placed(market, BACK, "3", "10", runner=22)
    placed(market, LAY, "3", "4", owner="others")
    market.remove(11, T)
    market.close([22], T)
    (settled,) = settle([void, unmatched], market.winners, LADDER)
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
    settled = settle(bets, {11}, LADDER)
    assert net_winnings(settled, "me") == 2000 - 500
    assert net_winnings(settled, "others") == -1500
