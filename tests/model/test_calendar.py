"""When a plan is due: every zone's changes of the wall clock walked minute by minute, and the laws of a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.calendar import Occurrence, Recurring, next_occurrence, occurrences

EVERY_DAY = frozenset(range(7))
MINUTE = timedelta(minutes=1)
QUARTERS = tuple(time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 59))

# Zones that left a whole day out when they went to the other side of the date line.
WHOLE_DAYS = [
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Fakaofo", date(2011, 12, 30)),
    ("Pacific/Kiritimati", date(1994, 12, 31)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
]


def rule(
    *at: str, zone: str = "Europe/London", days: frozenset[int] = EVERY_DAY, dates: tuple[date, ...] = (),
    except_on: frozenset[date] = frozenset(), first: date | None = None, last: date | None = None,
) -> Recurring:  # fmt: skip
    times = tuple(time.fromisoformat(one) for one in at)
    return Recurring(weekdays=days, dates=dates, times=times, time_zone=zone, except_on=except_on, first=first, last=last)


def between(schedule: Recurring, start: datetime, end: datetime) -> list[Occurrence]:
    return list(takewhile(lambda one: one.at <= end, occurrences(schedule, start)))


def changes(zone: ZoneInfo, start: datetime, days: int) -> Iterator[datetime]:
    """The minutes at which the zone's wall clock changes, found by looking at every day, then at its minutes."""
    for day in (start + timedelta(days=number) for number in range(days)):
        if day.astimezone(zone).utcoffset() != (day + timedelta(days=1)).astimezone(zone).utcoffset():
            minutes = [day + number * MINUTE for number in range(1441)]
            offsets = [minute.astimezone(zone).utcoffset() for minute in minutes]
            yield from (minute for minute, (a, b) in zip(minutes[1:], pairwise(offsets), strict=True) if a != b)


def walked(zone: ZoneInfo, times: tuple[time, ...], days: set[date], start: datetime, end: datetime) -> list[datetime]:
    """The oracle: minute after minute of UTC, a time of a day is there when the wall clock first says it or a later one."""
    wanted = sorted(datetime.combine(day, one) for day in days for one in times)
    found: list[datetime] = []
    minute = start
    while minute <= end:
        clock = minute.astimezone(zone).replace(tzinfo=None)
        if wanted and wanted[0] <= clock:
            found.append(minute)
            while wanted and wanted[0] <= clock:
                del wanted[0]
        minute += MINUTE
    return found


@pytest.mark.parametrize("zones", ["that differ", pytest.param("all", marks=pytest.mark.storm)])
def test_every_zone_at_every_change_of_its_clock_in_two_years(zones: str) -> None:
    """The first minute that exists where the clock goes forward, the first of the two where it goes back."""
    seen = 0
    alike: dict[object, list[datetime]] = {}  # many zones change as their neighbours do, and are walked once
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for change in changes(zone, datetime(2026, 11, 21, tzinfo=UTC), 2 * 366):
            start, end = change - timedelta(hours=4), change + timedelta(hours=4)
            clock = start.astimezone(zone).replace(tzinfo=None)
            key = (change, clock, end.astimezone(zone).utcoffset())
            if key in alike and zones == "that differ":
                continue
            if key not in alike:
                nearby = {clock.date() + timedelta(days=number) for number in range(3)}
                alike[key] = [at for at in walked(zone, QUARTERS, nearby, start, end) if at > start]
            found = between(rule(*(one.isoformat() for one in QUARTERS), zone=name), start, end)
            assert [one.at for one in found] == alike[key], (name, change)
            assert all(one.local == one.at.astimezone(zone).replace(tzinfo=None) for one in found)
            seen += 1
    assert seen > (500 if zones == "all" else 40)


@pytest.mark.parametrize(("zone", "day"), WHOLE_DAYS)
def test_a_day_that_was_left_out_is_made_up_for_in_its_next_minute(zone: str, day: date) -> None:
    next_day = day + timedelta(days=1)
    both = rule("11:00", "23:00", zone=zone, dates=(day, next_day))
    assert [one.id for one in occurrences(both, datetime(1990, 1, 1, tzinfo=UTC))] == [
        f"{next_day} {clock} {zone}" for clock in ("00:00", "11:00", "23:00")
    ]


def test_times_of_one_gap_are_one_occurrence_named_by_the_time_that_exists() -> None:
    found = list(occurrences(rule("01:00", "01:30", "02:00", dates=(date(2027, 3, 28),)), datetime(2026, 1, 1, tzinfo=UTC)))
    assert [(one.id, one.at) for one in found] == [("2027-03-28 02:00 Europe/London", datetime(2027, 3, 28, 1, tzinfo=UTC))]


def test_the_first_of_two_equal_times_is_the_one() -> None:
    found = list(occurrences(rule("01:30", dates=(date(2027, 10, 31),)), datetime(2026, 1, 1, tzinfo=UTC)))
    assert [one.at for one in found] == [datetime(2027, 10, 31, 0, 30, tzinfo=UTC)]


def test_days_begin_end_and_are_left_out_as_the_plan_says() -> None:
    christmas = frozenset({date(2026, 12, 25)})
    december = rule("11:00", days=frozenset({4, 5}), except_on=christmas, first=date(2026, 12, 5), last=date(2026, 12, 26))
    assert [one.local.day for one in occurrences(december, datetime(2026, 1, 1, tzinfo=UTC))] == [5, 11, 12, 18, 19, 26]


@pytest.mark.parametrize(
    "never",
    [
        rule("11:00", days=frozenset()),
        rule("11:00", days=frozenset({0}), first=date(2026, 12, 1), last=date(2026, 12, 6)),
        rule("11:00", dates=(date(2020, 1, 1),)),
        rule("11:00", days=frozenset({6}), last=date(2026, 12, 6), except_on=frozenset({date(2026, 11, 29), date(2026, 12, 6)})),
        rule("11:00", first=date(2027, 1, 1), last=date(2026, 1, 1)),
        rule(),
    ],
)
def test_what_is_over_ends(never: Recurring) -> None:
    assert next_occurrence(never, datetime(2026, 11, 28, 12, tzinfo=UTC)) is None


ZONES = st.sampled_from([
    "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "America/Santiago",
    "Asia/Beirut", "UTC", "Pacific/Kiritimati", "Asia/Kathmandu",
])  # fmt: skip
DATES = st.dates(date(1993, 1, 1), date(2028, 12, 31))
MOMENTS = st.datetimes(datetime(1993, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))
RULES = st.builds(
    Recurring,
    weekdays=st.frozensets(st.integers(0, 6)),
    dates=st.lists(DATES, max_size=4).map(tuple),
    times=st.lists(st.times().map(lambda one: one.replace(second=0, microsecond=0)), min_size=1, max_size=4).map(tuple),
    time_zone=ZONES,
    except_on=st.frozensets(DATES, max_size=3),
    first=st.none() | DATES,
    last=st.none() | DATES,
)


@given(RULES, MOMENTS, st.integers(0, 40))
def test_a_schedule_split_at_any_moment_loses_and_repeats_nothing(schedule: Recurring, start: datetime, place: int) -> None:
    found = list(islice(occurrences(schedule, start), 41))
    assert all(a.at < b.at and a.local < b.local for a, b in pairwise(found))
    assert len({one.id for one in found}) == len(found)
    assert all(one.at > start for one in found)
    if place < len(found):
        for moment in (found[place].at, found[place].at - MINUTE):
            rest = [one for one in found if one.at > moment]
            assert list(islice(occurrences(schedule, moment), len(rest))) == rest
    assert next_occurrence(schedule, start) == (found[0] if found else None)


@given(RULES, DATES)
def test_each_time_of_each_day_comes_exactly_once(schedule: Recurring, day: date) -> None:
    """Every time of a day that counts is an occurrence of that minute or, in a gap, of the first minute after it."""
    start = datetime.combine(day, time(), UTC) - timedelta(days=4)
    found = between(schedule, start, start + timedelta(days=8))
    named = [one.local for one in found]
    counts = day in schedule.dates if schedule.dates else day.weekday() in schedule.weekdays
    counts = counts and day not in schedule.except_on
    counts = counts and (schedule.first or day) <= day <= (schedule.last or day)
    zone = ZoneInfo(schedule.time_zone)
    for one in set(schedule.times):
        local = datetime.combine(day, one)
        exists = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
        if exists:
            assert named.count(local) == counts or (not counts and named.count(local) == 1 and _follows_gap(local, zone))


def _follows_gap(local: datetime, zone: ZoneInfo) -> bool:
    at = local.replace(tzinfo=zone).astimezone(UTC)
    return (at - MINUTE).astimezone(zone).replace(tzinfo=None) != local - MINUTE
