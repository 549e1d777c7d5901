"""Names to ids: exactly, or the nearest is told; never guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from planrunner.engine.resolve import Resolved, Unresolved, resolve
from planrunner.model.market import Market, MarketId, Selection, SelectionId
from planrunner.model.plan import Target

LONDON = ZoneInfo("Europe/London")


def market(
    number: int, fixture: str, name: str, *selections: str, hour: int = 14, minute: int = 0, day: int = 5, **words: str
) -> Market:
    runners = tuple(Selection(id=SelectionId(str(at)), name=one) for at, one in enumerate(selections))
    start = datetime(2026, 6, day, hour, minute, tzinfo=UTC)
    return Market(
        id=MarketId(f"1.{number}"), name=name, fixture=fixture, start=start, selections=runners, ladder="CLASSIC", **words
    )  # fmt: skip


CARD = [
    market(1, "Ascot 5th Jun", "2m Hcap", "Quiet Harbour", "Millstone Lad", hour=12, minute=5),
    market(2, "Ascot 5th Jun", "To Be Placed", "Quiet Harbour", "Millstone Lad", hour=12, minute=5),
    market(3, "Ascot 5th Jun", "2m Hcap", "Tea at Four", hour=12, minute=40),
    market(4, "Arsenal v Chelsea", "Match Odds", "Arsenal", "Chelsea", "The Draw"),
    market(5, "Arsenal v Chelsea", "Match Odds", "Arsenal", "Chelsea", "The Draw", day=12),
]


def found(target: Target, *, nearby: tuple[str, ...] = (), on: datetime | None = None) -> Resolved | Unresolved:
    return resolve(target, CARD, nearby=nearby, on=on.date() if on else None, zone=LONDON)


@pytest.mark.parametrize(("race", "expected"), [("1", "1.1"), ("13:05", "1.1"), ("2", "1.3"), ("13:40", "1.3")])
def test_a_race_is_its_number_on_the_card_or_its_local_time(race: str, expected: str) -> None:
    runner = "Quiet Harbour" if expected == "1.1" else "Tea at Four"
    where = found(Target(event="Ascot 5th Jun", race=race, market="2m Hcap", selection=runner))
    assert isinstance(where, Resolved)
    assert where.market.id == expected


def test_a_race_that_is_not_on_the_card_lists_those_that_are() -> None:
    where = found(Target(event="Ascot 5th Jun", race="12:05", market="2m Hcap", selection="Tea at Four"))
    assert isinstance(where, Unresolved)
    assert (where.key, where.among) == ("race", ("13:05", "13:40"))


def test_case_and_spacing_do_not_matter_everything_else_does() -> None:
    day = datetime(2026, 6, 5, tzinfo=UTC)
    assert isinstance(found(Target(event="arsenal  V chelsea", market="match odds", selection="ARSENAL"), on=day), Resolved)
    for target, key, nearest in (
        (Target(event="Arsenal v Chelsea", market="Match Ods", selection="Arsenal"), "market", "Match Odds"),
        (Target(event="Arsenal v Chelsea", market="Match Odds", selection="Arsenl"), "selection", "Arsenal"),
        (Target(event="Arsenal v Chelsea", market="Match Odds", selection="Draw"), "selection", "The Draw"),
        (Target(event="Arsenl v Chelsea", market="Match Odds", selection="Arsenal"), "event", "Arsenal v Chelsea"),
        (Target(event="Chelsea", market="Match Odds", selection="Chelsea"), "event", "Arsenal v Chelsea"),
    ):
        where = found(target, nearby=("Arsenal v Chelsea", "Leeds v Everton"), on=day)
        assert isinstance(where, Unresolved)
        assert (where.key, where.did_you_mean) == (key, nearest)


def test_several_matching_fixtures_are_refused_with_their_days() -> None:
    where = found(Target(event="Arsenal v Chelsea", market="Match Odds", selection="Arsenal"))
    assert isinstance(where, Unresolved)
    assert where.among == ("2026-06-05", "2026-06-12")
    assert "add `date:`" in where.text


BATH = [
    market(6, "Bath 5th Jun", "1m Hcap", "Plum Duff", "Abbey Gate", hour=12, minute=20, meeting="Bath", kind="WIN"),
    market(7, "Bath 5th Jun", "To Be Placed", "Plum Duff", "Abbey Gate", hour=12, minute=20, meeting="Bath", kind="PLACE"),
    market(8, "Bath 5th Jun", "5f Nov Stks", "Pulteney", "Tilly Mint", hour=12, minute=55, meeting="Bath", kind="WIN"),
    market(9, "Bath 6th Jun", "6f Hcap", "Sally Lunn", "Thermal", day=6, hour=12, minute=55, meeting="Bath", kind="WIN"),
]


def at_bath(on: int | None = 5, **words: str | int) -> Resolved | Unresolved:
    day = datetime(2026, 6, on, tzinfo=UTC).date() if on else None
    target = Target(event="bath", **{"market": "Win", "selection": "Tilly Mint", **words})  # type: ignore[arg-type]
    return resolve(target, BATH, nearby=(), on=day, zone=LONDON)


def test_a_card_is_found_by_its_meeting_and_a_market_by_its_kind() -> None:
    for race in ("2", "13:55"):
        where = at_bath(race=race)
        assert isinstance(where, Resolved)
        assert (where.market.id, where.selection and where.selection.name) == ("1.8", "Tilly Mint")


def test_a_favourite_is_nobody_yet() -> None:
    target = Target(event="Bath", race="1", market="Place", favourite=2)
    where = resolve(target, BATH, nearby=(), on=BATH[0].start.date(), zone=LONDON)
    assert isinstance(where, Resolved)
    assert (where.market.id, where.selection) == ("1.7", None)


def test_which_race_is_never_guessed() -> None:
    several = at_bath()
    assert isinstance(several, Unresolved)
    assert several.text == "`bath` has several races (13:20, 13:55); add `race:` to say which"
    which_day = at_bath(on=None, race="2")
    assert isinstance(which_day, Unresolved)
    assert (which_day.key, which_day.among) == ("race", ("2026-06-05", "2026-06-06"))


GOALS = replace(
    market(9, "Arsenal v Chelsea", "Asian Handicap"),
    selections=tuple(
        Selection(id=SelectionId(team), name=team, handicap=Decimal(line))
        for team in ("Arsenal", "Chelsea")
        for line in ("-1.5", "1.5")
    ),
)


def on_a_line(line: str | None, among: Market = GOALS) -> Resolved | Unresolved:
    asked = Decimal(line) if line is not None else None
    target = Target(event="Arsenal v Chelsea", market=among.name, selection="Arsenal", line=asked)
    return resolve(target, [among], nearby=(), on=None, zone=LONDON)


def test_a_selection_on_several_lines_is_the_one_on_the_orders_line() -> None:
    for line in ("-1.5", "1.5"):
        where = on_a_line(line)
        assert isinstance(where, Resolved)
        assert where.selection is not None
        assert (where.selection.name, where.selection.handicap) == ("Arsenal", Decimal(line))


@pytest.mark.parametrize(
    ("line", "among", "key", "there", "text"),
    [
        (None, GOALS, "selection", ("-1.5", "+1.5"), "has `Arsenal` more than once; add `line:`"),
        ("0.5", GOALS, "line", ("-1.5", "+1.5"), "has `Arsenal` at other lines"),
        ("0.5", CARD[3], "line", (), "has `Arsenal` without a line; take `line` out"),
    ],
)
def test_a_line_is_never_guessed(line: str | None, among: Market, key: str, there: tuple[str, ...], text: str) -> None:
    where = on_a_line(line, among)
    assert isinstance(where, Unresolved)
    assert (where.key, where.among) == (key, there)
    assert where.text.endswith(text)
