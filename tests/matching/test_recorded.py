"""Our bets beside a recorded market: what they take, how they wait, what reaches them."""

import pytest

from planrunner.matching.bet import Lapse
from planrunner.matching.market import NotOpen
from planrunner.matching.recorded import NotPlayed, RecordedMarket, read_catalogue, survey
from planrunner.matching.settlement import settle, shares
from planrunner.model.market import MarketStatus
from tests.matching.raw_lines_check import check, read_fills
from tests.matching.support import (
    BACK,
    LADDER,
    LADDERS,
    LAY,
    REDS,
    T,
    accepted,
    bet,
    conserved,
    definition,
    exported,
    fills,
    line,
    odds,
    pence,
    placed,
    played,
    quotes,
    reds,
    sizes,
)


def test_the_screen_at_any_moment():
    recorded = reds(T + 4_500)
    shown = recorded.market.offers(11)
    assert quotes(shown.back) == [("3.05", "12"), ("2.98", "10")]
    assert quotes(shown.lay) == [("3.1", "30")]
    assert quotes(shown.traded) == [("3", "80"), ("3.05", "50.01"), ("3.1", "8")]
    assert odds(shown.last_traded) == "3.1"
    assert shown.total_matched == 13801
    assert recorded.total_matched == 15801
    assert recorded.now == T + 4_000


def test_the_market_follows_the_recording_to_its_result():
    recorded = reds(T)
    assert recorded.definition.runners[0].name == "Reds"
    assert recorded.definition.runners[1].name is None
    recorded.advance(T + 5_000)
    assert recorded.market.status is MarketStatus.SUSPENDED
    recorded.advance(T + 6_000)
    assert (recorded.market.status, recorded.market.in_play, recorded.market.bet_delay_ms) == (MarketStatus.OPEN, True, 5_000)
    recorded.advance(T + 30_000)
    assert (recorded.market.status, recorded.market.winners) == (MarketStatus.CLOSED, {11})
    assert recorded.finished


def test_a_bet_takes_what_is_shown_and_the_same_size_is_not_taken_twice():
    recorded = reds(T)
    one = placed(recorded.market, BACK, "3", "22")
    assert fills(one) == [("3", "22", T)]
    assert quotes(recorded.market.offers(11).back) == [("3", "3"), ("2.98", "10")]
    second = placed(recorded.market, BACK, "2.98", "20")
    assert fills(second) == [("3", "3", T), ("2.98", "10", T)]
    recorded.advance(T + 1_000)  # 25.00 shrank to 20.00: somebody took in the recording what we took here
    assert recorded.market.offers(11).back == ()
    recorded.advance(T + 3_000)  # 20.00 grew to 26.50
    assert quotes(recorded.market.offers(11).back) == [("3", "6.5")]


def test_a_level_that_goes_and_comes_back_is_new():
    recorded = played(
        line(T, {"id": 11, "atb": [[3, 10]]}, marketDefinition=definition(), img=True),
        line(T + 1, {"id": 11, "atb": [[3, 0]]}),
        line(T + 2, {"id": 11, "atb": [[3, 4]]}),
        line(T + 3, {"id": 11, "atb": [[3.0, 2]]}, img=True),
        line(T + 4, {"id": 11, "atb": [[3, 5]]}),
    )
    placed(recorded.market, BACK, "3", "10")
    recorded.advance(T + 2)
    assert quotes(recorded.market.offers(11).back) == [("3", "4")]
    placed(recorded.market, BACK, "3", "4", at=T + 2)
    recorded.advance(T + 3)  # an image is compared with what was shown before: two of the four we took are gone
    assert recorded.market.offers(11).back == ()
    recorded.advance(T + 4)
    assert quotes(recorded.market.offers(11).back) == [("3", "3")]


def test_a_resting_bet_waits_for_the_size_ahead_and_gets_half_of_what_trades_then():
    recorded = reds(T)
    one = placed(recorded.market, BACK, "3.05", "15", at=T)  # 14.20 ahead
    recorded.advance(T + 2_000)  # 10.00 traded (20.00 counted on both sides)
    assert fills(one) == []
    recorded.advance(T + 3_000)  # 15.005 more: 4.20 to those ahead, 10.80 to us, half a penny kept
    assert fills(one) == [("3.05", "10.8", T + 3_000)]
    recorded.advance(T + 4_000)  # 4.00 at 3.1 go through us
    assert fills(one)[1:] == [("3.05", "4", T + 4_000)]
    recorded.advance(T + 5_000)  # 50.00 in the line that suspends the market reach nobody
    assert sizes(one) == ("14.8", "0.2", "0", "0", "0")
    recorded.advance(T + 6_000)
    assert sizes(one) == ("14.8", "0", "0", "0.2", "0")
    assert one.lapse is Lapse.TURNED_IN_PLAY


def test_bets_at_the_same_odds_share_the_volume_earliest_first():
    recorded = reds(T)
    early, late = placed(recorded.market, BACK, "3.05", "8"), placed(recorded.market, BACK, "3.05", "8")
    recorded.advance(T + 3_000)
    assert (sizes(early)[0], sizes(late)[0]) == ("8", "2.8")


def test_volume_through_several_bets_meets_first_the_one_best_for_its_taker():
    recorded = played(
        line(T, {"id": 11, "atb": [[2.9, 10]]}, marketDefinition=definition(), img=True),
        line(T + 1, {"id": 11, "trd": [[3.1, 10]]}),
    )
    dear, cheap = placed(recorded.market, BACK, "3.05", "4"), placed(recorded.market, BACK, "3", "3")
    recorded.advance(T + 1)
    assert (sizes(cheap)[0], sizes(dear)[0]) == ("3", "2")


def test_lays_wait_under_what_backers_can_take_and_lower_odds_go_through_them():
    recorded = played(
        line(T, {"id": 11, "atb": [[2.98, 10]], "trd": [[2.98, 6]]}, marketDefinition=definition(), img=True),
        line(T + 1, {"id": 11, "trd": [[2.98, 24]]}),
        line(T + 2, {"id": 11, "trd": [[2.98, 30], [2.96, 3], [3, 500]]}),
    )
    one = placed(recorded.market, LAY, "2.98", "10")
    recorded.advance(T + 1)
    assert fills(one) == []
    recorded.advance(T + 2)  # 12.00 traded at ours, 10.00 were ahead; 1.50 beyond; what trades above does not concern a lay
    assert sizes(one)[0] == "3.5"


def test_traded_volume_that_is_corrected_and_told_again_is_not_new():
    recorded = played(
        line(T, {"id": 11, "trd": [[3, 100]]}, marketDefinition=definition(), img=True),
        line(T + 1, {"id": 11, "trd": [[3, 0]]}),
        line(T + 2, {"id": 11, "trd": [[3.0, 100.0]]}),
        line(T + 3, {"id": 11, "trd": [[3, 104]]}, img=True),
    )
    one = placed(recorded.market, BACK, "3", "10")
    recorded.advance(T + 2)
    assert fills(one) == []
    recorded.advance(T + 3)
    assert sizes(one)[0] == "2"


def test_a_kept_bet_goes_on_in_play_and_lapses_at_the_close():
    recorded = reds(T)
    one = placed(recorded.market, BACK, "3.1", "50", keep=True)
    recorded.advance(T + 30_000)
    assert fills(one) == [("3.1", "20", T + 7_000)]
    assert sizes(one) == ("20", "0", "0", "30", "0")
    (settled,) = settle([one], shares(sorted(recorded.market.winners), 1), LADDER)
    assert settled.profit == pence("42")


def test_in_play_a_bet_lands_after_the_delay_among_the_lines_of_that_time():
    recorded = reds(T + 7_500)
    one = accepted(recorded.market, BACK, "3.15", "5", at=T + 7_500)
    recorded.advance(T + 13_000)
    assert fills(one) == [("3.15", "5", T + 12_500)]
    late = accepted(recorded.market, BACK, "3.15", "1", at=T + 16_000)
    recorded.advance(T + 25_000)
    assert (sizes(late)[3], late.lapse) == ("1", Lapse.SUSPENDED)
    with pytest.raises(NotOpen):
        recorded.market.accept(bet(BACK, "3.15", "5"), T + 25_000)


def test_fill_or_kill_sees_what_is_shown():
    recorded = reds(T)
    assert sizes(placed(recorded.market, BACK, "3", "25.01", kill=True)) == ("0", "0", "25.01", "0", "0")
    assert sizes(placed(recorded.market, BACK, "3", "25", kill=True))[0] == "25"


def test_bets_of_ours_do_not_meet_each_other():
    recorded = reds(T)
    one = placed(recorded.market, BACK, "3.05", "5")
    other = placed(recorded.market, LAY, "3.05", "20")
    assert fills(one) == []
    assert sizes(other)[0] == "14.2"


def test_where_only_the_best_offers_are_recorded_a_bet_behind_them_is_reached_by_volume_beyond_it_only():
    recorded = played(
        line(T, {"id": 11, "batb": [[0, 3, 9]], "batl": [[0, 3.05, 14.2], [1, 3.1, 5]]}, marketDefinition=definition(), img=True),
        line(T + 1, {"id": 11, "trd": [[3.15, 1000], [3.1, 30]], "batl": [[0, 3.1, 5], [1, 0, 0]]}),
        line(T + 2, {"id": 11, "trd": [[3.2, 2]]}),
    )
    assert quotes(recorded.market.offers(11).lay) == [("3.05", "14.2"), ("3.1", "5")]
    behind, among = placed(recorded.market, BACK, "3.2", "10"), placed(recorded.market, BACK, "3.15", "10", runner=22)
    recorded.advance(T + 2)
    assert (fills(behind), fills(among)) == ([], [])
    assert quotes(recorded.market.offers(11).lay) == [("3.1", "5")]


def test_names_come_from_a_catalogue_where_the_recording_has_none():
    catalogue = read_catalogue(
        b'{"marketId":"1.1","marketName":"Match Odds","event":{"name":"Reds v Blues"},'
        b'"runners":[{"selectionId":22,"runnerName":"Blues","handicap":0.0}]}'
    )
    recorded = RecordedMarket(REDS.read_bytes().splitlines(), LADDERS, catalogue)
    assert [runner.name for runner in recorded.definition.runners] == ["Reds", "Blues"]
    assert (recorded.definition.name, recorded.definition.event_name) == ("Match Odds", "Reds v Blues")


def test_a_survey_tells_what_a_recording_holds():
    found = survey(REDS.read_bytes().splitlines(), LADDERS)
    assert (found.market, found.lines, found.begins, found.ends) == ("1.1", 12, T, T + 30_000)
    assert (found.closed, found.full_depth, found.shows_trades, found.turned_in_play_at) == (True, True, True, T + 6_000)
    assert found.last.winners == {11}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bettingType": "LINE"}, "LINE"),
        ({"marketType": "EACH_WAY"}, "each-way"),
        ({"runners": [{"id": 11, "hc": -0.5, "status": "ACTIVE"}]}, "handicaps"),
        ({"priceLadderDefinition": {"type": "LINE_RANGE"}}, "LINE_RANGE"),
        ({"status": "CLOSED"}, "without a winner"),
        (
            {
                "status": "CLOSED",
                "numberOfWinners": 2,
                "runners": [{"id": number, "status": "WINNER"} for number in (11, 22, 33)],
            },
            "dead heat",
        ),
    ],
)
def test_markets_of_other_kinds_are_refused_by_name(changed, words):
    lines = [line(T, marketDefinition=definition(), img=True), line(T + 1, marketDefinition=definition(**changed))]
    with pytest.raises(NotPlayed, match=words):
        survey(lines if "priceLadderDefinition" not in changed else lines[1:], LADDERS)


def test_the_small_recording_agrees_with_the_check_of_its_raw_lines():
    recorded, bets = reds(T), []
    for moment in range(T, T + 30_000, 500):
        recorded.advance(moment)
        if recorded.market.status is MarketStatus.OPEN:
            for side, limit in ((BACK, "3.05"), (LAY, "3"), (BACK, "3.15")):
                bets.append(accepted(recorded.market, side, limit, "4", at=moment))
    assert all(conserved(one) for one in bets)
    made = exported(bets)
    assert {fill["taking"] for fill in made} == {True, False}
    assert check(REDS.read_bytes().splitlines(), made) == []


def test_the_check_reads_a_log_of_the_sandbox_too():
    bet = '"kind": "bet", "bet": "1", "selection": 11, "side": "back", "odds": "3.05", "size": "15.00", "fill_or_kill": false'
    fill = '"kind": "fill", "bet": "1", "odds": "3.05", "size"'
    log = (
        f'{{"at": "1970-01-01T00:16:40.000Z", {bet}}}\n'
        f'{{"at": "1970-01-01T00:16:43.000Z", {fill}: "10.80"}}\n'
        f'{{"at": "1970-01-01T00:16:44.000Z", "kind": "market", "status": "open"}}\n'
        f'{{"at": "1970-01-01T00:16:44.000Z", {fill}: "4.00"}}\n'
    )
    assert check(REDS.read_bytes().splitlines(), read_fills(log)) == []
    assert len(check(REDS.read_bytes().splitlines(), read_fills(log.replace("10.80", "10.90")))) == 2
