"""A part-filled order may go on until its time is over at the venue, whatever the clock of this machine was set to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from planrunner.venues.oddspapi_abp.holdings import OVER_FOR_SURE, VenueTime

TOLD = datetime(2026, 12, 5, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def heard(at: datetime, age: float) -> VenueTime:
    time = VenueTime()
    time.hear({"createdAt": TOLD.isoformat(), "updatedAt": at.isoformat()}, age)
    return time


@pytest.mark.parametrize(
    ("wall", "is_taken_for"),
    [
        (TOLD + HOUR, TOLD + timedelta(seconds=5) + OVER_FOR_SURE),  # set forward
        (TOLD - HOUR, TOLD + timedelta(seconds=5)),  # set back
        (TOLD + timedelta(seconds=6), TOLD + timedelta(seconds=6)),  # right, and the answer took a second
    ],
)
def test_the_venue_is_as_far_as_it_told_and_as_we_have_lived_since(wall: datetime, is_taken_for: datetime) -> None:
    assert heard(TOLD, age=100).now(wall, age=105) == is_taken_for


def test_what_was_changed_at_its_end_is_over_at_once_wherever_our_clock_stands() -> None:
    time = heard(TOLD, age=100)
    time.hear({"updatedAt": (TOLD + HOUR).isoformat()}, 100)
    time.hear({"updatedAt": TOLD.isoformat()}, 100)  # an older one takes nothing back
    assert time.now(TOLD, age=100) == TOLD + HOUR


def test_as_long_as_nothing_is_told_our_own_clock_counts() -> None:
    assert VenueTime().now(TOLD, age=0) == TOLD
