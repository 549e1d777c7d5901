"""Recorded markets as a world. Skipped where the recordings are absent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planrunner.app.worlds import load_recording
from planrunner.model.errors import WrongUse
from planrunner.sandbox.clock import from_ms
from tests.matching.raw_lines_check import check, read_fills, read_recording
from tests.sandbox.client import client, order

MARKETS = Path(__file__).parents[3] / "shared" / "data" / "markets"
GREYHOUNDS, CRICKET = MARKETS / "1.197931750.gz", MARKETS / "1.200806927.gz"
pytestmark = pytest.mark.skipif(not MARKETS.exists(), reason="the recorded markets are not here")


@pytest.mark.parametrize("path", [GREYHOUNDS, CRICKET], ids=["greyhounds", "cricket"])
def test_what_we_get_beside_a_recording_could_have_happened(path: Path) -> None:
    with client(load_recording(path, seed=1, case="usual")) as venue:
        (market,) = venue.call("listMarketCatalogue", filter={}, maxResults=9)
        for _ in range(24):
            view = {"priceData": ["EX_BEST_OFFERS"]}
            (book,) = venue.call("listMarketBook", marketIds=[market["marketId"]], priceProjection=view)
            for runner in book["runners"][:3]:
                for side, best in (("BACK", runner["ex"]["availableToLay"]), ("LAY", runner["ex"]["availableToLay"])):
                    if best:
                        instruction = order(best[0]["price"], 2, side, runner["selectionId"])
                        venue.call("placeOrders", marketId=market["marketId"], instructions=[instruction])
            venue.forward(seconds=25)
        venue.forward(hours=5)
        assert venue.current() == []
        (settled,) = venue.cleared(groupBy="MARKET")
        text = venue.rehearsal.world.log.text()
        fills = read_fills(text)
        assert len(fills) > 10
        assert check(read_recording(path), fills) == []
        assert f"{1000 + settled['profit'] - settled['commission']:.2f}" == f"{venue.funds()['availableToBetBalance']:.2f}"


def test_names_come_from_the_catalogue_beside_it_or_are_invented() -> None:
    shown = {"filter": {}, "maxResults": 9, "marketProjection": ["RUNNER_DESCRIPTION", "EVENT"]}
    with client(load_recording(GREYHOUNDS, seed=1, case="usual")) as venue:
        (market,) = venue.call("listMarketCatalogue", **shown)
        assert (market["marketName"], market["runners"][0]["runnerName"]) == ("OR 280m", "1. Paradise Mission")
        assert market["event"]["name"] == "Sheffield 19th Apr"
    with client(load_recording(CRICKET, seed=1, case="usual")) as venue:
        (market,) = venue.call("listMarketCatalogue", **shown)
        assert market["runners"][0]["runnerName"] == "Runner 1 (228749)"


def test_a_recording_begins_ten_minutes_before_its_start_and_can_be_moved_to_now() -> None:
    rehearsal = load_recording(CRICKET, seed=1, case="usual")
    (fixture,) = rehearsal.world.fixtures.values()
    assert from_ms(fixture.start) - rehearsal.world.begin == timedelta(minutes=10)
    now = datetime(2026, 12, 5, 14, 0, 0, 250_000, tzinfo=UTC)
    moved = load_recording(CRICKET, seed=1, case="usual", begin=now)
    (fixture,) = moved.world.fixtures.values()
    assert (moved.world.begin, from_ms(fixture.start)) == (now, now + timedelta(minutes=10))


def test_a_broken_recording_or_a_case_it_can_not_have_is_refused(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(CRICKET.read_bytes()[:200_000])
    for path, case, says in (
        (cut, "usual", "cut off"),
        (tmp_path / "none.gz", "usual", "there is no such file"),
        (GREYHOUNDS, "half-matches", "reply-lost"),
    ):
        with pytest.raises(WrongUse, match=says):
            load_recording(path, seed=1, case=case)
