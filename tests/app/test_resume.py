"""A run with gaps that were filled is taken up again: as it was begun, from the journal, or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest

from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.building import Builder
from planrunner.sandbox.clock import ShiftableClock
from planrunner.sandbox.practice import Rehearsal, rehearse
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

PLAN = """\
planrunner: 1
plan: Ask for long odds in each race
inputs:
  stake:
    type: money
limits:
  max_loss: 20.00 GBP
  max_orders: 3
for_each_market:
  venue: betfair
  sport: Greyhound Racing
  market: Win
orders:
  - name: dog ${market.runners}
    venue: betfair
    favourite: ${1 if market.runners > 2 else 2}
    side: back
    odds: 50
    stake: ${stake}
    expires_after: 3s
"""
TABLE = """\
planrunner: 1
plan: Ask for long odds in two races
limits:
  max_loss: 20.00 GBP
  max_orders: 3
for_each: dogs.csv
orders:
  - name: dog
    venue: betfair
    event: ${row.event}
    market: Win
    selection: ${row.dog}
    side: back
    odds: 50
    stake: ${row.stake}
    expires_after: 3s
"""
DOGS = "event,dog,stake\nRomford 1,One,2.00 GBP\nRomford 2,Two,3.00 GBP\n"


def race(number: int) -> FixtureScript:
    """In so many times a quarter of an hour; of its two dogs the second is the favourite."""
    offers = {"One": "6.00", "Two": "2.50"}
    shown = tuple(
        Due(moment=Moment(base=Base.BEGIN, delay=0), happening=ShowOffers(selection=name, to_back=((Decimal(odds), 5000),)))
        for name, odds in offers.items()
    )
    runners = tuple(Runner(name=name) for name in offers)
    market = MarketScript(name="Win", type="WIN", runners=runners, happenings=shown)
    start = Start(after=number * 15 * MINUTE)
    return FixtureScript(name=f"Romford {number}", sport="Greyhound Racing", start=start, lasts=MINUTE, markets=(market,))


@dataclass
class Desk:
    """A folder with a plan, and a sandbox with two races."""

    folder: Path
    url: str
    rehearsal: Rehearsal

    def run(self, *arguments: str, killed_at: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "planrunner", "run", "plan.yaml", *arguments, "--sandbox", self.url, "--json"]
        environment = os.environ | ({"PLANRUNNER_CRASH_AT": killed_at} if killed_at else {})
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def bets(self) -> list[str]:
        """Their fixtures, as the venue has them."""
        boards = self.rehearsal.world.boards
        return sorted(boards[bet.market].terms.fixture.name for bet in self.rehearsal.world.bets.values())

    def add_a_race(self) -> None:
        world = self.rehearsal.world
        Builder(scenario=self.rehearsal.scenario, world=world, nominal=world.begin).add(race(3))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with sandbox() as (url, rehearsal):
        yield Desk(tmp_path, url, rehearsal)


@contextmanager
def sandbox() -> Iterator[tuple[str, Rehearsal]]:
    clock = ShiftableClock()
    begin = clock.now().astimezone(UTC)
    scenario = Scenario(name="Romford", fixtures=(race(1), race(2)), time_zone="UTC")
    rehearsal = rehearse(scenario, day=begin.date(), seed=1, begin=begin)
    with uvicorn_serving(betfair_app(rehearsal.world, clock)) as url:
        yield url, rehearsal


def orders(ended: subprocess.CompletedProcess[str]) -> list[tuple[str, str, str, int]]:
    return [(one["name"], one["selection"], one["stake"], len(one["placements"])) for one in json.loads(ended.stdout)["orders"]]


def test_a_run_for_each_market_goes_on_with_the_markets_it_began_with(desk: Desk) -> None:
    desk.write("plan.yaml", PLAN)
    assert desk.run("--set", "stake=2.00 GBP", killed_at="reply.before:4").returncode == -signal.SIGKILL
    assert desk.bets() == ["Romford 1", "Romford 2"]  # two questions who the favourite is, and two bets
    desk.add_a_race()
    for other in (("--set", "stake=3.00 GBP"), ()):
        refused = desk.run("--resume", *other)
        assert refused.returncode in (1, 3)
        assert refused.stdout == ""
    desk.write("plan.yaml", PLAN.replace("> 2 else 2", "> 1 else 2"))  # the same for a market of eight runners
    assert desk.run("--resume", "--set", "stake=2.00 GBP").returncode == 3
    desk.write("plan.yaml", PLAN)
    ended = desk.run("--resume", "--set", "stake=2.00 GBP")
    assert ended.returncode == 0, ended.stderr
    assert orders(ended) == [("dog 2#1", "One", "2.00 GBP", 1), ("dog 2#2", "One", "2.00 GBP", 1)]
    assert desk.bets() == ["Romford 1", "Romford 2"]


def test_a_run_that_was_killed_before_it_began_looks_for_its_markets_anew(desk: Desk) -> None:
    desk.write("plan.yaml", PLAN)
    assert desk.run("--set", "stake=2.00 GBP", killed_at="reply.before").returncode == -signal.SIGKILL
    assert desk.bets() == []
    desk.add_a_race()
    ended = desk.run("--resume", "--set", "stake=2.00 GBP")
    assert (ended.returncode, len(orders(ended)), len(desk.bets())) == (0, 3, 3)


def test_a_table_that_was_changed_in_between_is_refused(desk: Desk) -> None:
    desk.write("plan.yaml", TABLE)
    desk.write("dogs.csv", DOGS)
    assert desk.run(killed_at="reply.before:2").returncode == -signal.SIGKILL
    desk.write("dogs.csv", DOGS.replace("3.00 GBP", "4.00 GBP"))
    refused = desk.run("--resume")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "is not what it was when the run" in refused.stderr
    desk.write("dogs.csv", DOGS.replace(",", ";"))  # another dress, the same bets
    ended = desk.run("--resume")
    assert ended.returncode == 0, ended.stderr
    assert orders(ended) == [("dog#1", "One", "2.00 GBP", 1), ("dog#2", "Two", "3.00 GBP", 1)]
    assert desk.bets() == ["Romford 1", "Romford 2"]
