"""Two saved previews compared: something is told exactly when an approval of the one is none of the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.plan import Plan
from planrunner.review.preview import Preview, Resolved, bound
from planrunner.review.previewing import preview
from planrunner.review.since_approved import what_changed
from tests.plan.checking import PLAN, PROFILES, SITE, check
from tests.plan.test_digest import LAY, RICH
from tests.plan.test_tickets import TICKET
from tests.review.changing import WORDS, changed

SINCE = datetime(2026, 12, 1, tzinfo=UTC)
ORDERS = st.sampled_from(["arsenal", "draw", "bath/1"])
IDS = st.sampled_from(["", "1.1", "1.2", "2"])
NAMES = st.builds(Resolved, order=ORDERS, market=IDS, selection=IDS, market_name=WORDS, selection_name=WORDS, start=WORDS)


def of(text: str) -> Preview:
    plan = check(text).plan
    assert isinstance(plan, Plan)
    return preview(plan, SITE, PROFILES, file="plan.yaml", since=SINCE, inputs={"stake": "5.00 GBP"})


PREVIEWS = [of(text) for text in (PLAN, PLAN.replace("odds: 3.10", "odds: 3.15"), LAY, RICH, TICKET)]
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "digest": st.sampled_from(["0" * 64, "1" * 64]),
    "policy": st.sampled_from(["0" * 64, "1" * 64]),
    "language": st.sampled_from([1, 2]),
    "inputs": st.dictionaries(st.sampled_from(["stake", "odds"]), WORDS),
    "resolved": st.lists(NAMES, max_size=4).flatmap(st.permutations).map(tuple),
    "file": WORDS,
    "zone": st.sampled_from(["UTC", "Europe/London"]),
    "unknown": st.lists(WORDS).map(tuple),
    "market_data": WORDS,
}


@st.composite
def others(draw: st.DrawFn, one: Preview) -> Preview:
    for name in draw(st.lists(st.sampled_from(list(FIELDS)), max_size=3)):
        one = replace(one, **{name: draw(FIELDS[name])})
    return replace(one, told=draw(changed(one.told))) if draw(st.booleans()) else one


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_something_is_told_exactly_when_what_is_bound_differs(data: st.DataObject) -> None:
    old = data.draw(others(data.draw(st.sampled_from(PREVIEWS))))
    new = data.draw(others(data.draw(st.sampled_from([old, *PREVIEWS]))))
    told = what_changed(old, new)
    assert (told == ()) == (bound(old) == bound(new))
    assert all(one.strip() for one in told)


def test_every_id_of_a_bet_in_a_pool_is_compared() -> None:
    """A ticket names several runners, and each has one."""
    picks = tuple(Resolved(order="bath/1", market="1", selection=one) for one in ("4", "6", "10"))
    old, new = (replace(PREVIEWS[0], resolved=one) for one in (picks, (replace(picks[0], selection="5"), *picks[1:])))
    (told,) = what_changed(old, new)
    assert "selection 4 of market 1" in told
    assert what_changed(old, replace(old, resolved=picks[::-1])) == ()
