"""Amounts: exact, in one way each; and the fixes for the other ways."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.money import Money
from planrunner.plan import mend, scalars
from tests.laws import law


@given(st.integers(0, 10**11 - 1))
def test_money_is_exactly_what_is_written(pence: int) -> None:
    text = f"{pence // 100}.{pence % 100:02d} GBP"
    assert scalars.money(text) == Money(amount=Decimal(pence) / 100, currency="GBP")


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("3.10", Fraction(31, 10)), ("2", Fraction(2)), ("120.0", Fraction(120)), ("+120", Fraction(11, 5)),
        ("+100", Fraction(2)), ("-110", Fraction(21, 11)), ("-100", Fraction(2)), ("65%", Fraction(100, 65)),
        ("0.5%", Fraction(200)),
        ("1.01", Fraction(101, 100)),
    ],
)  # fmt: skip
def test_odds_in_three_notations(text: str, ratio: Fraction) -> None:
    found = scalars.odds(text)
    assert found is not None
    assert found.ratio == ratio
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "120",
        "1",
        "1.00",
        "0.99",
        "+99",
        "-50",
        "0%",
        "100%",
        "5/2",
        "3,10",
        "NaN",
        "Infinity",
        "1e2",
        "3.10 ",
        "+1.5",
        "１.5",
        "-1.5",
    ],
)
def test_these_are_not_odds(text: str) -> None:
    assert scalars.odds(text) is None


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("5/2", "3.50"), ("10/11", "1.91"), ("evens", "2.00"), ("3,10", "3.10"), ("65 %", "65%"),
        ("@3.1", "3.1"), ("99/1", "100.0"), ("five", None), ("1.00", None),
    ],
)  # fmt: skip
def test_fixes_for_odds(text: str, fix: str | None) -> None:
    assert mend.odds(text) == fix


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("10", "10.00 GBP"), ("£10", "10.00 GBP"), ("10 gbp", "10.00 GBP"), ("EUR 5", "5.00 EUR"), ("1,000 GBP", "1000.00 GBP"),
        ("10,5 GBP", "10.50 GBP"), ("1.000 GBP", None), ("-5 GBP", None), ("10.005 GBP", None), ("400 HUF", "400.00 HUF"),
        ("10 GPB", "10.00 GBP"),
    ],
)  # fmt: skip
def test_fixes_for_money(text: str, fix: str | None) -> None:
    assert mend.money(text, "GBP") == fix


def test_money_without_a_currency_gets_none_unless_the_plan_has_one() -> None:
    assert mend.money("10.00", None) is None


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("5/12/2026", None), ("13/12/2026", "2026-12-13"), ("12/13/2026", "2026-12-13"), ("5/5/2026", "2026-05-05"),
        ("31/2/2026", None),
    ],
)  # fmt: skip
def test_a_date_is_mended_only_where_day_and_month_are_certain(text: str, fix: str | None) -> None:
    assert mend.day(text) == fix


@law(100, share=40)
@given(st.text(max_size=15) | st.text("0123456789.,:/-+%$£ abdehikmnoprstuwx", max_size=12))
def test_every_fix_is_read_as_what_it_is_for(text: str) -> None:
    for fix, reader in (
        (mend.odds(text), scalars.odds), (mend.money(text, "GBP"), scalars.money), (mend.duration(text), scalars.duration),
        (mend.day(text), scalars.day), (mend.moment(text), scalars.local_time), (mend.times(text), scalars.times),
        (mend.line(text), scalars.line), (mend.count(text), scalars.count),
    ):  # fmt: skip
        assert fix is None or reader(fix) is not None
    repriced = mend.reprice(text)
    assert repriced in (None, "best", "join_best") or repriced.endswith("%") or scalars.ticks(str(repriced)) is not None


@given(st.integers(0, 999_999), st.sampled_from("smhd"))
def test_a_duration_is_at_most_a_year(number: int, unit: str) -> None:
    found, exact = scalars.duration(f"{number}{unit}"), scalars.UNITS[unit] * number
    assert found == (exact if exact <= timedelta(days=366) else None)


LONDON = scalars.zone("Europe/London")


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-12-05 14:29", datetime(2026, 12, 5, 14, 29, tzinfo=UTC)),
        ("2026-07-05 14:29", datetime(2026, 7, 5, 13, 29, tzinfo=UTC)),
        # Spring: from 01:00 the clock shows 02:00; the first minute that exists.
        ("2026-03-29 01:30", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-03-29 01:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        # Autumn: 01:30 comes twice; the first.
        ("2026-10-25 01:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_local_times_and_the_two_odd_hours(local: str, utc: datetime) -> None:
    found = scalars.local_time(local)
    assert found is not None
    assert LONDON is not None
    assert scalars.in_utc(found, LONDON) == utc


@pytest.mark.parametrize("text", ["Europe", "../../etc/passwd", "Europe/Londn", "", "/etc/localtime", "posixrules/x"])
def test_these_are_not_zones(text: str) -> None:
    assert scalars.zone(text) is None


def test_days_are_of_the_calendar() -> None:
    assert scalars.day("2028-02-29") == date(2028, 2, 29)
    assert scalars.day("2026-02-29") is None
    assert scalars.local_time("2026-12-05 24:00") is None
