"""`for_each_market` and favourites, from the plan to the bets: in memory, and over HTTP against a sandbox that is served."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planrunner.cli.main import run
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.clock import ShiftableClock
from planrunner.sandbox.practice import rehearse
from planrunner.sandbox.scenario import (
    MINUTE,
    Base,
    Due,
    FixtureScript,
    MarketScript,
    Moment,
    Runner,
    Scenario,
    ShowOffers,
    Start,
)
from tests.venues.contract import uvicorn_serving

RACES = """\
planrunner: 1
plan: Back the second favourite of each race at Bath and Ascot
time_zone: Europe/London

limits:
  max_loss: 40.00 GBP
  max_orders: 3

for_each_market:
  venue: betfair
  sport: Horse Racing
  country: GB
  meetings:
    - Bath
    - Ascot
  market: Win
  starts_after: 13:20
  starts_before: 14:00

orders:
  - name: second
    venue: betfair
    favourite: 2
    side: back
    odds: 2.00
    stake: 2.00 GBP
    place_before_start: 5m
    expires_before_start: 30s
"""
Told = tuple[int, str, str]


@pytest.fixture
def planrunner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    def called(plan: str, *options: str) -> Told:
        file = tmp_path / "plan.yaml"
        file.write_text(plan, encoding="utf-8")
        code = run(["run", str(file), *options])
        told = capsys.readouterr()
        return code, told.out, told.err

    return called


def changed(old: str, new: str, plan: str = RACES) -> str:
    assert plan.count(old) == 1
    return plan.replace(old, new)


def orders(out: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(out)["orders"]
    return told


def test_each_race_gets_its_orders_in_the_order_of_the_starts(planrunner: Callable[..., Told]) -> None:
    code, out, err = planrunner(RACES, "--json")
    assert code == 0, err
    assert [(one["name"], one["placements"][0]["asked_at"][11:16]) for one in orders(out)] == [
        ("second#1", "13:15"), ("second#2", "13:35"), ("second#3", "13:50")
    ]  # fmt: skip
    # The prices of the seeded punters say who is second at that moment; the favourite of the 13:40 is far ahead of it.
    assert orders(out)[1]["selection"] != "Harbour Master"


def test_a_rehearsal_begins_before_all_that_fits(planrunner: Callable[..., Told]) -> None:
    whole_card = changed("    - Ascot\n", "", changed("  starts_after: 13:20\n  starts_before: 14:00\n", ""))
    code, out, _ = planrunner(changed("max_orders: 3", "max_orders: 4", whole_card), "--json")
    assert (code, [one["name"] for one in orders(out)]) == (0, ["second#1", "second#2", "second#3", "second#4"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "max_orders: 3", "max_orders: 2",
            "3 markets of betfair fit (Bath 13:20, Ascot 13:40, Bath 13:55), which makes 3 orders, hedges counted; ",
        ),
        (
            "starts_after: 13:20", "starts_after: 13:56",
            "Horse Racing in GB at Bath and Ascot on 2026-12-05, starting at 13:56 or later and before 14:00 (Europe/London). ",
        ),
    ],
    ids=["too many", "none"],
)  # fmt: skip
def test_too_many_markets_or_none_place_nothing(
    old: str, new: str, words: str, planrunner: Callable[..., Told], tmp_path: Path
) -> None:
    code, out, err = planrunner(changed(old, new))
    assert (code, out) == (3, "")
    assert words in err
    assert err.endswith("Nothing was placed.\n")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("old", "new", "head", "hint"),
    [
        (
            "sport: Horse Racing",
            "sport: Hors Racing",
            ":11:10: error PR408: the venue has no sport `Hors Racing`",
            "Horse Racing",
        ),
        ("- Bath", "- Baht", ":14:7: error PR408: for Horse Racing in GB the venue has no meeting `Baht`", "Bath"),
        ("market: Win", "market: Winn", ":16:11: error PR408: for Horse Racing the venue has no market `Winn`", "Win"),
        ("favourite: 2", "selection: Harbor Master", ":23:16: error PR408: Win of Bath has no selection `Harbor Master`", None),
    ],
    ids=["sport", "meeting", "market", "selection"],
)
def test_a_word_the_venue_does_not_know_is_told_at_its_place(
    old: str, new: str, head: str, hint: str | None, planrunner: Callable[..., Told]
) -> None:
    code, out, err = planrunner(changed(old, new))
    assert (code, out) == (1, "")
    assert head in err
    assert hint is None or f"did you mean: {hint}\n" in err


def test_a_race_of_a_card_by_its_number_and_by_its_time(planrunner: Callable[..., Told]) -> None:
    head, _, rest = RACES.partition("for_each_market:")
    order = rest[rest.index("orders:") :]
    names = []
    for race in ("3", "14:30"):
        where = f"    event: Bath\n    race: {race}\n    market: Win\n    selection: Kingfisher Blue\n"
        code, out, err = planrunner(head + changed("    favourite: 2\n", where, order), "--json")
        assert code == 0, err
        names += [(one["selection"], one["placements"][0]["asked_at"][11:16]) for one in orders(out)]
    assert names == [("Kingfisher Blue", "14:25")] * 2


# Over HTTP, in real time: an order that is filled or killed at once.

SOON = """\
planrunner: 1
plan: Take what is there on the second favourite
time_zone: Europe/London

limits:
  max_loss: 10.00 GBP
  max_orders: 2

for_each_market:
  venue: betfair
  sport: Greyhound Racing
  meetings:
    - Romford
  market: Win
  date: {day}

orders:
  - name: dog
    venue: betfair
    favourite: 2
    side: back
    odds: 4.00
    stake: 5.00 GBP
    type: fill_or_kill
    odds_hold_for: average
"""


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """A sandbox with a race of two markets in a quarter of an hour, and the day that this is."""
    prices = {"One": "2.50", "Two": "6.00", "Three": "4.00"}
    shown = tuple(
        Due(moment=Moment(base=Base.BEGIN, delay=0), happening=ShowOffers(selection=name, to_back=((Decimal(odds), 5000),)))
        for name, odds in prices.items()
    )
    runners = tuple(Runner(name=name) for name in prices)
    markets = tuple(
        MarketScript(name=name, type=kind, runners=runners, happenings=shown)
        for name, kind in (("Win", "WIN"), ("Forecast", "FORECAST"))
    )
    race = FixtureScript(
        name="Romford", meeting="Romford", sport="Greyhound Racing", start=Start(after=15 * MINUTE), lasts=MINUTE, markets=markets
    )
    clock = ShiftableClock()
    begin = clock.now().astimezone(UTC)
    world = rehearse(Scenario(name="Romford", fixtures=(race,)), day=begin.date(), seed=1, begin=begin)
    london = datetime.now(UTC) + timedelta(minutes=15)
    with uvicorn_serving(betfair_app(world.world, clock)) as url:
        yield url, f"{london.astimezone(world.scenario.zone).date()}"


def test_over_http_the_same_plan_finds_the_same_second_favourite(planrunner: Callable[..., Told]) -> None:
    with served() as (url, day):
        code, out, err = planrunner(SOON.format(day=day), "--json", "--sandbox", url)
        assert code == 0, err
        (order,) = orders(out)
        assert (order["name"], order["selection"], order["matched"]) == ("dog#1", "Three", "5.00 GBP")

        code, _, err = planrunner(changed("- Romford", "- Romfrod", SOON).format(day=day), "--sandbox", url)
        assert (code, "no meeting `Romfrod`" in err, "did you mean: Romford" in err) == (1, True, True)

        code, _, err = planrunner(SOON.format(day="2026-01-01"), "--sandbox", url)
        assert (code, "no market that fits: Win markets of Greyhound Racing at Romford on 2026-01-01" in err) == (3, True)


ONE = """\
planrunner: 1
plan: One dog

limits:
  max_loss: 5.00 GBP

orders:
  - name: dog
    venue: betfair
    event: {event}
    market: {market}
    selection: {selection}
    side: back
    odds: 4.00
    stake: 5.00 GBP
    type: fill_or_kill
    odds_hold_for: average
"""


@pytest.mark.parametrize(
    ("event", "market", "selection", "told", "hint"),
    [
        ("Romfrod", "Win", "One", "the venue knows no event `Romfrod`", "Romford"),
        ("Romford", "Forcast", "One", "Romford has no market `Forcast`", "Forecast"),
        ("Romford", "Win", "Thre", "Win of Romford has no selection `Thre`", "Three"),
        ("Romford", "Win", "Trap One", "Win of Romford has no selection `Trap One`", "One"),
    ],
)
def test_over_http_unknown_names_are_told_with_the_nearest(
    event: str, market: str, selection: str, told: str, hint: str, planrunner: Callable[..., Told]
) -> None:
    with served() as (url, _):
        code, _, err = planrunner(ONE.format(event=event, market=market, selection=selection), "--sandbox", url)
        assert code == 1
        assert told in err
        assert f"did you mean: {hint}\n" in err
