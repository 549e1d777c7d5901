"""What may happen in a rehearsal, to the simple plan that the list of cases speaks of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from planrunner.resources import schema
from planrunner.sandbox.cases import CASES
from tests.plans.rehearsing import document, rehearse

# A back with an ending and no fallback, at odds that don't match at once.
SIMPLE = "back-and-cancel"
# Of the 10.00 asked for: matched, cancelled, lapsed. In these the odds decide, which the seed moves.
SIZES = {
    "nothing-matches": ("0.00 GBP", "10.00 GBP", "0.00 GBP"),
    "half-matches": ("5.00 GBP", "5.00 GBP", "0.00 GBP"),
    "all-match": ("10.00 GBP", "0.00 GBP", "0.00 GBP"),
    "turns-in-play": ("0.00 GBP", "0.00 GBP", "10.00 GBP"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_simple_plan_ends_as_the_list_of_cases_says(case: str, tmp_path: Path) -> None:
    told = rehearse(SIMPLE, tmp_path, case=case)
    report = document(told)
    assert told.ran.exit == CASES[case].exit_code
    assert told.ran.trouble is None
    assert report["run"]["exit_code"] == CASES[case].exit_code
    Draft202012Validator(schema("report")).validate(json.loads("".join(told.json)))
    (order,) = report["orders"]
    assert order["unknown"] == order["remaining"] == "0.00 GBP"
    if case in SIZES:
        assert (order["matched"], order["cancelled"], order["lapsed"]) == SIZES[case]
    assert [placement["attempts"] for placement in order["placements"]] == [1]


def test_a_lost_reply_is_asked_about_and_adopted(tmp_path: Path) -> None:
    report = document(rehearse(SIMPLE, tmp_path, case="reply-lost"))
    place, ask, *_ = report["exchanges"]
    assert (place["title"], place["answer"], place["trouble"] is None) == ("Place 1 bet", None, False)
    assert ask["title"].startswith("Look up")
    assert ask["trouble"] is None
    (placement,) = report["orders"][0]["placements"]
    assert [bet["bet"] for bet in placement["bets"]] == ["300000000001"]


def test_a_suspended_market_is_told_with_its_times(tmp_path: Path) -> None:
    report = document(rehearse(SIMPLE, tmp_path, case="suspended"))
    periods = [(period["status"], period["since"][11:19]) for period in report["markets"][0]["periods"]]
    assert periods == [("open", "17:20:00"), ("suspended", "17:20:30"), ("open", "17:21:00")]
