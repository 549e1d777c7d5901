"""A run is taken up again as it was begun, from the journal, whatever became of its files since; and not at all where it never
began and its plan is another."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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
from tests.forked import Begun
from tests.venues.contract import uvicorn_serving

# Somewhere it is noon, so that the races of the next hour are today's whenever this is run.
NOON = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
PLAN = f"""\
planrunner: 1
plan: Ask for long odds in each race
time_zone: {NOON}
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
  - name: dog ${{market.runners}}
    venue: betfair
    favourite: ${{1 if market.runners > 2 else 2}}
    side: back
    odds: 50
    stake: ${{stake}}
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
        command = ["run", "plan.yaml", *arguments, "--sandbox", self.url, "--json"]
        begun = Begun(command, self.folder, {"PLANRUNNER_CRASH_AT": killed_at} if killed_at else {})
        out, err = begun.communicate()
        return subprocess.CompletedProcess(command, begun.wait(), out, err)

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


def alerts(ended: subprocess.CompletedProcess[str]) -> str:
    return "\n".join(one["text"] for one in json.loads(ended.stdout)["alerts"])


def test_a_run_for_each_market_goes_on_with_the_markets_and_inputs_it_began_with(desk: Desk) -> None:
    desk.write("plan.yaml", PLAN)
    assert desk.run("--set", "stake=2.00 GBP", killed_at="reply.before:4").returncode == -signal.SIGKILL
    assert desk.bets() == ["Romford 1", "Romford 2"]  # two questions who the favourite is, and two bets
    desk.add_a_race()
    desk.write("plan.yaml", PLAN.replace("> 2 else 2", "> 1 else 2"))  # the same for a market of eight runners
    ended = desk.run("--resume", "--set", "stake=3.00 GBP")
    assert ended.returncode == 0, ended.stderr
    assert orders(ended) == [("dog 2#1", "One", "2.00 GBP", 1), ("dog 2#2", "One", "2.00 GBP", 1)]
    assert desk.bets() == ["Romford 1", "Romford 2"]
    assert "plan.yaml is not what it was" in alerts(ended)


def test_a_run_that_was_killed_before_it_began_looks_for_its_markets_anew(desk: Desk) -> None:
    desk.write("plan.yaml", PLAN)
    assert desk.run("--set", "stake=2.00 GBP", killed_at="reply.before").returncode == -signal.SIGKILL
    assert desk.bets() == []
    desk.add_a_race()
    ended = desk.run("--resume", "--set", "stake=2.00 GBP")
    assert (ended.returncode, len(orders(ended)), len(desk.bets())) == (0, 3, 3)


def test_a_run_that_never_began_is_begun_with_its_plan_only(desk: Desk) -> None:
    desk.write("plan.yaml", TABLE)
    desk.write("dogs.csv", DOGS)
    assert desk.run(killed_at="intent.before").returncode == -signal.SIGKILL
    desk.write("dogs.csv", DOGS.replace("3.00 GBP", "4.00 GBP"))
    refused = desk.run("--resume")
    assert (refused.returncode, refused.stdout, desk.bets()) == (3, "", [])
    assert "is not what it was when the run" in refused.stderr
    desk.write("dogs.csv", DOGS.replace(",", ";"))  # another dress, the same bets
    assert desk.run("--resume").returncode == 0
    assert desk.bets() == ["Romford 1", "Romford 2"]


# --- files that changed since

SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    limits:
      max_open_exposure: {most} GBP
"""
CHASE = """\
planrunner: 1
plan: Ask for long odds and come down
limits:
  max_loss: 20.00 GBP
orders:
  - name: dog
    venue: betfair
    event: Romford 1
    market: Win
    selection: One
    side: back
    odds: 50
    stake: 2.00 GBP
    expires_after: 2s
"""
LONG = CHASE.replace("2s", "2m")  # longer than a slow machine takes
STEP = """\
    fallback:
      - after: 2s
        reprice: 1 tick
        no_worse_than: 40
"""


def killed(desk: Desk, plan: str = CHASE) -> None:
    """Its bet rests, and nothing of what the venue said is written down."""
    desk.write("planrunner.yaml", SITE.format(most="20.00"))
    desk.write("plan.yaml", plan)
    assert desk.run(killed_at="reply.before").returncode == -signal.SIGKILL
    assert desk.bets() == ["Romford 1"]


def test_a_limit_that_was_lowered_since_holds_for_what_is_newly_placed_only(desk: Desk) -> None:
    killed(desk, LONG + STEP)
    desk.write("planrunner.yaml", SITE.format(most="1.00"))
    ended = desk.run("--resume")
    [order] = json.loads(ended.stdout)["orders"]
    assert (ended.returncode, len(desk.bets())) == (4, 1), ended.stderr
    assert order["placements"][-1]["reason"].startswith("max_open_exposure would be exceeded: 2.00 GBP of at most 1.00 GBP")
    assert "planrunner check plan.yaml" in alerts(ended)


def test_a_limit_that_was_raised_since_is_that_of_the_beginning(desk: Desk) -> None:
    desk.write("planrunner.yaml", SITE.format(most="3.00"))
    desk.write("plan.yaml", LONG + STEP)
    desk.write("other.yaml", LONG.replace("come down", "stay"))
    assert desk.run(killed_at="reply.before").returncode == -signal.SIGKILL
    desk.write("planrunner.yaml", SITE.format(most="20.00"))
    other = Begun(["run", "other.yaml", "--sandbox", desk.url], desk.folder)
    try:
        while len(desk.bets()) < 2:
            time.sleep(0.1)
        ended = desk.run("--resume")
    finally:
        other.send_signal(signal.SIGINT)
        other.communicate()
    [order] = json.loads(ended.stdout)["orders"]
    assert order["placements"][-1]["reason"].startswith("max_open_exposure would be exceeded: 4.00 GBP of at most 3.00 GBP")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("plan.yaml", None, "plan.yaml: there is no such file; the run goes on with what it began with"),
        ("plan.yaml", "planrunner: [", "the run goes on with what it began with"),
        ("plan.yaml", CHASE.replace("2.00 GBP", "3.00 GBP"), "plan.yaml is not what it was"),
        ("planrunner.yaml", None, ""),
        ("planrunner.yaml", "planrunner: [", "the run goes on within the limits that it began with"),
        ("planrunner.yaml", SITE.format(most="1.00"), "`planrunner check plan.yaml` tells why"),
        ("planrunner.yaml", SITE.format(most="20.00").replace("  betfair:\n", "  other:\n"), "nothing new is placed on it"),
    ],
)
def test_whatever_became_of_its_files_a_run_goes_on_and_says_so(desk: Desk, name: str, text: str | None, told: str) -> None:
    killed(desk)
    if text is None:
        (desk.folder / name).unlink()
    else:
        desk.write(name, text)
    ended = desk.run("--resume")
    assert ended.returncode == 0, ended.stderr
    assert orders(ended) == [("dog", "One", "2.00 GBP", 1)]
    assert desk.bets() == ["Romford 1"]
    assert told in alerts(ended)
    if not told:
        assert alerts(ended) == ""
