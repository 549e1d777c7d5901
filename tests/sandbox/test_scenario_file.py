"""Scenario files: what ships is right, and what is wrong is told at once, with its place and what to write instead."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner import resources
from planrunner.sandbox.located import ScenarioWrong
from planrunner.sandbox.practice import practice_scenario, rehearse
from planrunner.sandbox.scenario import Scenario
from planrunner.sandbox.scenario_file import duration, read_scenario
from tests.sandbox.client import BEGIN, client, order

SCHEMA = resources.schema("scenario")
SHIPPED = sorted(resources.find("plans/scenarios").glob("*.yaml"))

GOOD = """\
scenario: Small
fixtures:
  - event: Arsenal v Chelsea
    start: in 10m
    markets:
      - market: Match Odds
        selections:
          - selection: Arsenal
          - selection: Chelsea
        books:
          - at: 0s
            selection: Arsenal
            to_back: [3.10 x 5.00]
        happenings:
          - after_first_order: 30s
            do: suspend
        result: Arsenal
reactions:
  - when: rests
    fill: 40%
"""


def read(text: str) -> Scenario:
    return read_scenario("s.yaml", text.encode(), SCHEMA)


def test_the_practice_world_is_a_scenario_like_any_other() -> None:
    path = resources.find("sandbox/worlds/practice.yaml")
    assert read_scenario(path.name, path.read_bytes(), SCHEMA) == practice_scenario()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_scenarios_that_ship_can_be_played_to_their_end(path: Path) -> None:
    shipped = read_scenario(path.name, path.read_bytes(), SCHEMA)
    rehearsal = rehearse(shipped, day=date(2026, 12, 5), seed=1)
    rehearsal.faults.clear()
    with client(rehearsal) as venue:
        (market, *_) = venue.call("listMarketCatalogue", filter={}, maxResults=9, marketProjection=["RUNNER_DESCRIPTION"])
        runner = market["runners"][0]["selectionId"]
        venue.call("placeOrders", marketId=market["marketId"], instructions=[order(5.0, selection=runner)])
        venue.forward(hours=4)
        assert venue.current() == []
        assert len(venue.cleared("LAPSED")) == 1


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("scenario: Small", "scenary: Small", "s.yaml:1:1: `scenary` is not known here"),
        ("start: in 10m", "start: noon", "s.yaml:4:12: `noon` is no start; it looks like `15:00` or `2026-12-05 15:00`"),
        ("start: in 10m", "start: 2026-02-30 15:00", "s.yaml:4:12: `2026-02-30 15:00` is no date and time that exists"),
        ("3.10 x 5.00", "3.11 x 5.00", "s.yaml:13:23: 3.11 is not on the CLASSIC ladder; 3.10 and 3.15 are"),
        ("3.10 x 5.00", "3.10", "s.yaml:13:23: `3.10` is no to back; it looks like `3.10 x 50.00`"),
        ("    selection: Arsenal\n", "    selection: Arsenl\n", "s.yaml:12:24: there is no selection `Arsenl`; did you mean"),
        ("result: Arsenal", "winners: 2\n        result: Arsenal", "s.yaml:18:17: the market has 2 winners, `result` names 1"),
        ("do: suspend", "do: remove selection", "s.yaml:15:13: `remove selection` takes `selection`"),
        ("do: suspend", "do: settle again\n            result: Chelse", "s.yaml:17:21: there is no result `Chelse`"),
        ("do: suspend", "do: suspnd", "s.yaml:16:17: `suspnd` is no do; did you mean `suspend`?"),
        ("          - at: 0s\n            sel", "          - sel", "s.yaml:11:13: exactly one of `at`"),
        ("fill: 40%", "fill: 40", "s.yaml:20:11: `40` is no fill; it looks like `50%` or `100%`"),
        ("- selection: Chelsea", "- selection: Arsenal", "s.yaml:9:24: `Arsenal` stands in `selections` twice"),
        ("    start: in 10m\n", "    start: in 10m\n    start: in 20m\n", "s.yaml:5:5: `start` stands here twice"),
        ("start: in 10m", "start: [in 10m", "not YAML"),
        ("fixtures:\n", "fixtures: &a\n  - *a\n", "anchors and aliases are not read here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(good: str, bad: str, problem: str) -> None:
    assert read(GOOD).name == "Small"
    assert good in GOOD
    with pytest.raises(ScenarioWrong) as told:
        read(GOOD.replace(good, bad, 1))
    assert problem in str(told.value)


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(ScenarioWrong) as told:
        read(GOOD.replace("3.10 x", "3.11 x").replace("result: Arsenal", "result: Aresnal"))
    assert [problem.line for problem in told.value.problems] == [13, 17]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=40), st.integers(0, len(GOOD)))
def test_any_bytes_are_a_scenario_or_wrong(junk: str | bytes, at: int) -> None:
    content = junk if isinstance(junk, bytes) else (GOOD[:at] + junk + GOOD[at:]).encode(errors="replace")
    with suppress(ScenarioWrong):
        assert read_scenario("s.yaml", content, SCHEMA).fixtures


def test_a_scenario_that_says_when_it_begins_is_moved_as_a_whole() -> None:
    text = GOOD.replace("scenario: Small", 'scenario: Small\nbegins: "14:30"').replace("in 10m", '"15:00"')
    begin = BEGIN + timedelta(days=3, hours=7)
    world = rehearse(read(text), day=begin.date(), seed=0, begin=begin).world
    (fixture,) = world.fixtures.values()
    assert fixture.start - world.now == 30 * 60_000


def test_durations() -> None:
    assert [duration(text) for text in ("0s", "250ms", "1.5s", "2m", "1h")] == [0, 250, 1_500, 120_000, 3_600_000]


def test_races_of_a_meeting_have_markets_of_the_same_name() -> None:
    card = GOOD.replace(
        "event: Arsenal v Chelsea\n", "event: Bath\n    sport: Horse Racing\n    country: IE\n    meeting: Bath\n"
    )
    first = "      - market: Match Odds\n        selections:\n          - selection: A\n          - selection: B\n"
    races = first.replace("Match Odds", "Win") + first.replace("Match Odds", "Win\n        start: in 40m")
    card = card.replace("    markets:\n", f"    markets:\n{races}")
    with client(rehearse(read(card), day=BEGIN.date(), seed=1, begin=BEGIN)) as venue:
        wanted = {"venues": ["Bath"], "marketCountries": ["IE"], "marketTypeCodes": ["WIN"]}
        found = venue.call("listMarketCatalogue", filter=wanted, marketProjection=["MARKET_START_TIME"], maxResults=10)
        assert sorted(one["marketStartTime"][11:16] for one in found) == ["14:10", "14:40"]
    with pytest.raises(ScenarioWrong, match="`Win` stands in `markets` twice"):
        read(card.replace("        start: in 40m\n", ""))
