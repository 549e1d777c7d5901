"""When a plan runs next, on its own clock; and where orders stand on their lines of time."""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import pairwise

import pytest

from planrunner.model.calendar import Recurring
from planrunner.model.plan import Repeating
from planrunner.review.coming import coming
from planrunner.review.moments import deadlines, lanes
from planrunner.review.picture import draw
from planrunner.review.preview import Preview
from planrunner.review.preview_text import told_deadlines
from planrunner.review.previewing import preview
from tests.plan.checking import PLAN, PROFILES, SITE, changed, check, order
from tests.review.telling import tell

EVERY_DAY = frozenset(range(7))


def told(at: str, since: str, most: int = 3, **rule: object) -> list[str]:
    when = Repeating(rule=Recurring(weekdays=EVERY_DAY, times=(time.fromisoformat(at),), time_zone="Europe/London", **rule))
    return [one.told for one in coming(when, datetime.fromisoformat(since).replace(tzinfo=UTC), most)]


def test_a_time_that_the_clock_leaves_out_is_told_as_such():
    assert told("01:30", "2027-03-27") == [
        "Saturday 2027-03-27 01:30 (Europe/London)",
        "Sunday 2027-03-28 02:00 (Europe/London); the clocks go forward, so 01:30 is left out and it is the first minute after",
        "Monday 2027-03-29 01:30 (Europe/London)",
    ]


def test_a_time_that_comes_twice_is_told_as_such():
    assert told("01:30", "2027-10-30T12:00", 2) == [
        "Sunday 2027-10-31 01:30 (Europe/London); the clocks go back, so 01:30 comes twice that day and it is the first",
        "Monday 2027-11-01 01:30 (Europe/London)",
    ]


def test_a_day_on_which_the_clock_changes_is_told_as_such():
    assert told("11:00", "2027-03-27T12:00", 1) == [
        "Sunday 2027-03-28 11:00 (Europe/London); the clocks go forward by 1 hour that day"
    ]


def test_the_last_is_told_as_such():
    last = datetime(2026, 12, 2).date()
    assert told("11:00", "2026-12-01", last=last) == [
        "Tuesday 2026-12-01 11:00 (Europe/London)",
        "Wednesday 2026-12-02 11:00 (Europe/London); that is the last",
    ]
    assert told("11:00", "2026-12-03", last=last) == []


def previewed(text: str) -> Preview:
    plan = check(text).plan
    assert plan is not None, check(text).told()
    return preview(plan, SITE, PROFILES, file="plan.yaml", since=datetime(2026, 12, 1, tzinfo=UTC))


LADDERED = """
fallback:
  - every: 30s
    reprice: 1 tick
    no_worse_than: 2.90
  - before_start: 5m
    alert: Soon
  - if: suspended
    alert: The market is suspended
"""


def lane_of(more: str) -> list[tuple[int, str, int, int, int, bool]]:
    text = order(more)
    plan = check(text).plan
    assert plan is not None, check(text).told()
    (lane,) = lanes(plan, tell(text))
    return [(one.point, one.axis.value, one.at, one.every, one.times, one.ends) for one in lane.marks]


def test_marks_stand_where_the_steps_are_due_and_bear_their_numbers():
    """A step that waits for the market has no place on the line, and keeps its number in the list."""
    assert lane_of(f"expires_before_start: 1m{LADDERED}") == [
        (0, "placing", 0, 0, 1, False),
        (2, "placing", 30, 30, 7, False),
        (3, "start", -300, 0, 1, False),
        (4, "start", -60, 0, 1, True),
    ]
    assert lane_of(f"place_before_start: 10m\nexpires_before_start: 1m{LADDERED}") == [
        (0, "start", -600, 0, 1, False),
        (2, "start", -570, 30, 7, False),
        (3, "start", -300, 0, 1, False),
        (4, "start", -60, 0, 1, True),
    ]


def test_the_picture_has_a_stretch_for_what_counts_from_each_and_nothing_lies_on_another():
    picture = draw(previewed(order(f"expires_before_start: 1m{LADDERED}")))
    assert picture is not None
    first, second = picture.stretches
    assert (first.title, second.title) == ("since it was placed", "around the start")
    assert first.right < second.left
    (lane,) = picture.lanes
    xs = [sign.x for sign in lane.signs]
    assert all(after - before >= 20 for before, after in pairwise(xs))
    assert second.start is not None
    assert xs[-1] < second.start
    assert draw(previewed(order("type: fill_or_kill\nodds_hold_for: average"))) is None


START = datetime(2026, 12, 5, 15, tzinfo=UTC)


AT_ONCE, LONDON = "as soon as the plan runs and ends", "(Europe/London)"
BEFORE = "expires_before_start: 1m"


@pytest.mark.parametrize(
    ("more", "starts", "expected"),
    [
        (BEFORE, {}, f"{AT_ONCE} 1 minute before the start."),
        (
            BEFORE,
            {"one": START},
            f"{AT_ONCE} 1 minute before the start, which is Saturday 2026-12-05 14:59 (UTC) if the start is not moved.",
        ),
        (
            "place_at: 2026-12-05 14:00\nexpires_after: 10m",
            {},
            f"at 2026-12-05 14:00 {LONDON} and ends 10 minutes after it is placed: Saturday 2026-12-05 14:10 {LONDON}.",
        ),
        ("place_before_start: 5m\ntype: fill_or_kill\nodds_hold_for: average", {}, "5 minutes before the start."),
    ],
)
def test_deadlines_have_local_times_where_they_are_known(more, starts, expected):
    text = order(more)
    if "place_at" in more:
        text = text.replace("limits:", "time_zone: Europe/London\nlimits:")
    plan = check(text).plan
    assert plan is not None, check(text).told()
    (told,) = told_deadlines(deadlines(plan, starts))
    assert told == f"one is placed {expected}"


def test_orders_with_the_same_deadlines_are_told_together():
    block = PLAN[PLAN.index("  - name: arsenal") :]
    many = PLAN + "".join(block.replace("name: arsenal", f"name: order {number}") for number in range(9))
    plan = check(changed(("max_loss: 25.00 GBP", "max_loss: 900.00 GBP"), plan=many)).plan
    assert plan is not None
    (told,) = told_deadlines(deadlines(plan, {}))
    assert told.startswith("arsenal, order 0, order 1 and 7 more are placed as soon as the plan runs and end")
