"""What becomes of bets in a market: matching, holding, suspension, the turn in-play, the end."""

from decimal import Decimal

import pytest

from planrunner.matching.bet import Lapse
from planrunner.matching.market import NoSuchBet, NotOpen
from tests.matching.support import BACK, LADDER, LAY, T, accepted, bet, fills, open_market, pence, placed, quotes, sizes

# Sizes are matched, remaining, cancelled, lapsed, voided, of a bet of 10.00.


def test_a_bet_nobody_meets_rests_on_the_other_side_of_the_screen():
    market = open_market()
    one = placed(market, BACK, "3", "10")
    assert sizes(one) == ("0", "10", "0", "0", "0")
    assert quotes(market.offers(11).lay) == [("3", "10")]
    assert market.offers(11).back == ()


@pytest.mark.parametrize(("side", "other"), [(BACK, LAY), (LAY, BACK)])
def test_a_bet_is_matched_in_part_and_then_in_full(side, other):
    market = open_market()
    one = placed(market, side, "3", "10")
    placed(market, other, "3", "4")
    assert sizes(one) == ("4", "6", "0", "0", "0")
    placed(market, other, "3", "6")
    assert sizes(one) == ("10", "0", "0", "0", "0")
    assert market.offers(11).back == market.offers(11).lay == ()


def test_taking_some_of_it_back_leaves_the_rest_in_its_turn():
    market = open_market()
    one, later = placed(market, BACK, "3", "10"), placed(market, BACK, "3", "10")
    placed(market, LAY, "3", "4")
    assert market.cancel(one.id, pence("2"), T) == pence("2")
    assert sizes(one) == ("4", "4", "2", "0", "0")
    placed(market, LAY, "3", "4")
    assert sizes(one) == ("8", "0", "2", "0", "0")
    assert sizes(later) == ("0", "10", "0", "0", "0")


def test_a_cancelled_bet_keeps_what_was_matched_and_is_offered_no_more():
    market = open_market()
    one = placed(market, BACK, "3", "10")
    placed(market, LAY, "3", "4")
    assert market.cancel(one.id, None, T) == pence("6")
    assert sizes(one) == ("4", "0", "6", "0", "0")
    assert market.offers(11).lay == ()
    assert market.cancel(one.id, None, T) == 0
    with pytest.raises(NoSuchBet):
        market.cancel(999_999, None, T)


def test_better_odds_go_to_the_taker_best_first_and_earliest_first():
    market = open_market()
    early, late, best = placed(market, LAY, "3.05", "5"), placed(market, LAY, "3.05", "5"), placed(market, LAY, "3.1", "2")
    taker = placed(market, BACK, "3", "10")
    assert fills(taker) == [("3.1", "2", T), ("3.05", "5", T), ("3.05", "3", T)]
    assert [sizes(one)[0] for one in (best, early, late)] == ["2", "5", "3"]
    assert taker.average_odds(LADDER) == Decimal("30.60") / 10
    assert market.offers(11).total_matched == pence("20")  # both sides count
    assert market.offers(11).last_traded == early.tick


def test_bets_of_one_owner_meet_each_other():
    market = open_market()
    one, other = placed(market, BACK, "3", "10", owner="me"), placed(market, LAY, "3", "10", owner="me")
    assert (one.matched, other.matched) == (1000, 1000)


# Fill or kill, 10.00 at 3: the odds limit the average.
@pytest.mark.parametrize(
    ("side", "offered", "min_fill", "matched"),
    [
        (BACK, [("3", "10")], None, "10"),
        (BACK, [("3", "9.99")], None, "0"),
        (BACK, [("3", "6")], "5", "6"),
        (BACK, [("3", "4")], "5", "0"),
        (BACK, [("3.1", "5"), ("2.9", "5")], None, "10"),  # average exactly 3
        (BACK, [("3.1", "5"), ("2.88", "5")], None, "0"),  # average 2.99
        (BACK, [("3.1", "5"), ("2.88", "5")], "1", "9.16"),  # 5.00 x 0.10 pays for 4.16 at 0.12 below
        (BACK, [("2.98", "10")], "1", "0"),
        (LAY, [("2.9", "5"), ("3.1", "5")], None, "10"),
        (LAY, [("2.92", "5"), ("3.1", "5")], None, "0"),
        (LAY, [("2.9", "5"), ("3.15", "5")], "1", "8.33"),
    ],
)
def test_fill_or_kill_holds_its_odds_on_average_and_counts_the_killed_as_cancelled(side, offered, min_fill, matched):
    market = open_market()
    for odds, size in offered:
        placed(market, side.other, odds, size, owner="others")
    one = placed(market, side, "3", "10", kill=True, min_fill=min_fill)
    assert sizes(one)[:2] == (matched, "0")
    assert one.cancelled == one.size - one.matched
    if one.matched:
        average = one.average_odds(LADDER)
        assert average >= 3 if side is BACK else average <= 3


def test_at_the_turn_in_play_remainders_lapse_unless_they_are_kept():
    market = open_market()
    lapsing, kept = placed(market, BACK, "3", "10"), placed(market, BACK, "3", "10", keep=True)
    market.suspend(T)
    market.turn_in_play(T, 5_000)
    assert sizes(lapsing) == ("0", "0", "0", "10", "0")
    assert lapsing.lapse is Lapse.TURNED_IN_PLAY
    assert sizes(kept) == ("0", "10", "0", "0", "0")
    assert quotes(market.offers(11).lay) == [("3", "10")]


def test_a_suspended_market_takes_no_bets_and_keeps_those_it_has():
    market = open_market()
    one = placed(market, BACK, "3", "10")
    market.suspend(T)
    with pytest.raises(NotOpen):
        market.place(bet(LAY, "3", "10"), T)
    market.reopen(T)
    placed(market, LAY, "3", "10")
    assert sizes(one) == ("10", "0", "0", "0", "0")


def test_a_held_bet_is_unseen_until_it_is_due_and_lands_in_the_order_of_arrival():
    market = open_market(bet_delay_ms=5_000)
    one, other = accepted(market, BACK, "3", "10", at=T), accepted(market, LAY, "3", "4", at=T)
    market.play(T + 4_999)
    assert market.is_held(one.id)
    assert market.offers(11).lay == ()
    assert market.cancel(one.id, None, T) == 0
    market.play(T + 5_000)
    assert fills(one) == [("3", "4", T + 5_000)]
    assert fills(other) == [("3", "4", T + 5_000)]
    assert market.next_due is None


def test_a_suspension_during_the_hold_lapses_the_bet_even_if_the_market_opens_again():
    market = open_market(bet_delay_ms=5_000)
    one = accepted(market, BACK, "3", "10", at=T)
    market.suspend(T + 1_000)
    market.reopen(T + 2_000)
    market.play(T + 10_000)
    assert sizes(one) == ("0", "0", "0", "10", "0")
    assert one.lapse is Lapse.SUSPENDED


def test_whatever_remains_lapses_when_the_market_closes():
    market = open_market()
    one = placed(market, BACK, "3", "10", keep=True)
    placed(market, LAY, "3", "4")
    market.suspend(T)
    market.close([11], T)
    assert sizes(one) == ("4", "0", "0", "6", "0")
    with pytest.raises(NotOpen):
        market.accept(bet(BACK, "3", "10"), T)


def test_bets_on_a_non_runner_are_void_and_the_others_stay():
    market = open_market()
    one, other = placed(market, BACK, "3", "10"), placed(market, BACK, "3", "10", runner=22)
    placed(market, LAY, "3", "4")
    market.remove(11, T)
    assert sizes(one) == ("0", "0", "0", "6", "4")
    assert sizes(other) == ("0", "10", "0", "0", "0")
    assert market.offers(11).lay == ()
