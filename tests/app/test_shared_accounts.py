"""Runs of one process share the login of an account: each has what it would have had alone, at every venue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from sqlite3 import connect
from typing import Any, TypeVar

from planrunner.app.hands import Reins
from planrunner.app.outcome import Exit, Ran
from planrunner.app.plans import load
from planrunner.app.run import Job, Process, begin, go_on, new_run, start
from planrunner.app.sandboxes import sandbox_app
from planrunner.app.stage import Stage, Venues, opened
from planrunner.app.venues import make_venue
from planrunner.model.account import Account
from planrunner.model.commands import Ended, FinishRun, PlaceOrders, PlaceTicket
from planrunner.model.events import BetSettled, MarketChanged, OrderAccepted, OrderDenied, OrderReported
from planrunner.model.journal import Mode
from planrunner.model.market import AccountName, RunId
from planrunner.model.plan import Plan
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import Clock, Venue
from planrunner.runtime.clock import VirtualClock, run_on
from planrunner.runtime.hooks import NoHooks
from planrunner.runtime.hub import Hub, seats
from planrunner.runtime.journal import Journal
from planrunner.runtime.secrets import PRACTICE
from planrunner.runtime.watch import Watchman
from planrunner.sandbox.practice import practice_world

T = TypeVar("T")
DAY, BEGIN = date(2026, 12, 5), datetime(2026, 12, 5, 13, 36, tzinfo=UTC)
ON_THE_RACE = """\
planrunner: 1
plan: {name}
limits:
  max_loss: 40.00 GBP
orders:
  - name: one
    venue: betfair
    event: Ascot 13:40
    market: Win
    favourite: {favourite}
    side: {side}
    odds: {odds}
    stake: 2.00 GBP
{more}    expires_before_start: {left}
"""
AT_THE_TOTE = """\
planrunner: 1
plan: {name}
time_zone: Europe/London
limits:
  max_loss: 8.00 GBP
  max_orders: 2
tickets:
  - name: bath
    venue: tote
    meeting: Bath
    date: today
    total_cost: 4.00 GBP
    bets:
      - pool: win
        race: 13:40
        runners: [{runner}]
        unit_stake: 4.00 GBP
"""
AT_A_BOOKMAKER = """\
planrunner: 1
plan: {name}
limits:
  max_loss: 20.00 USD
orders:
  - name: draw
    venue: oddspapi_abp
    event_id: id1000000033295157
    selection_id: 102
    side: back
    odds: {odds}
    odds_hold_for: average
    stake: 20.00 USD
    expires_after: {length}
"""
RACES = [
    (1, "back", "1.5", "5s", ""),
    (1, "back", "6.0", "1m", ""),
    (2, "lay", "15", "5s", "    liability_at_most: 28.00 GBP\n"),
    (3, "back", "3.0", "30s", ""),
]
PLANS = {f"pool {runner}": AT_THE_TOTE.format(name=f"pool {runner}", runner=runner) for runner in (2, 5)}
for _odds, _length in (("3.20", "20s"), ("3.60", "90s")):
    PLANS[f"draw {_odds}"] = AT_A_BOOKMAKER.format(name=f"draw {_odds}", odds=_odds, length=_length)
for _number, (_favourite, _side, _odds, _left, _more) in enumerate(RACES):
    PLANS[f"race {_number}"] = ON_THE_RACE.format(
        name=f"race {_number}", favourite=_favourite, side=_side, odds=_odds, left=_left, more=_more
    )


class Accounts:
    """The practice world, and every account's adapter: one for each run, or one for all."""

    def __init__(self, clock: VirtualClock, accounts: Mapping[AccountName, Account], *, shared: bool) -> None:
        self.practice = practice_world(day=DAY, seed=1, case="usual", begin=BEGIN)
        self._accounts = accounts
        self._door = Door(MemoryWire(sandbox_app(self.practice, clock)), clock)
        self._clock = clock
        self._shared = shared
        self.made = 0
        self.hubs = {name: Hub(partial(self._make, account), clock) for name, account in accounts.items()}

    def _make(self, account: Account) -> Venue:
        self.made += 1
        return make_venue(account, door=self._door, clock=self._clock, secrets=PRACTICE, at="http://sandbox.invalid")

    @asynccontextmanager
    async def of(self, names: set[AccountName]) -> AsyncIterator[Venues]:
        if self._shared:
            async with seats({name: self.hubs[name] for name in names}) as taken:
                yield taken
        else:
            async with opened({name: self._make(self._accounts[name]) for name in names}) as ready:
                yield ready

    async def close(self) -> None:
        for hub in self.hubs.values():
            await hub.close()
        await self._door.close()


def played(folder: Path, *, shared: bool) -> tuple[dict[str, Ran], Accounts]:
    """All plans side by side, a few seconds apart, until their bets are settled."""
    folder.mkdir()
    loaded = {}
    for name, text in PLANS.items():
        (folder / f"{name}.yaml").write_text(text)
        loaded[name] = load(folder / f"{name}.yaml")
    accounts = {name: account for one in loaded.values() for name, account in one.site.accounts.items()}
    clock = VirtualClock(BEGIN)

    async def main(_: Clock) -> tuple[dict[str, Ran], Accounts]:
        venues = Accounts(clock, accounts, shared=shared)
        runs: dict[str, Any] = {}
        for name, one in loaded.items():
            stage = Stage(
                mode=Mode.REHEARSAL,
                today=lambda _, __: DAY,
                play=lambda main: asyncio.ensure_future(main(clock)),
                venues=lambda _, names=one.plan.accounts: venues.of(set(names)),  # type: ignore[misc]
                settle_within=timedelta(hours=4) if not name.startswith("draw") else None,
            )
            job = Job(plan_file=f"{name}.yaml", plan=one.plan, site=one.site, journal=folder / f"{name}.db", seed=1, case="usual")
            runs[name] = start(job, stage, lambda body, at: None)
            await asyncio.sleep(3)
        ran = dict(zip(runs, await asyncio.gather(*runs.values()), strict=True))
        await venues.close()
        return ran, venues

    return run_on(clock, main)


def story(ran: Ran) -> dict[str, Any]:
    """What became of a run's bets, and how it ended."""
    assert ran.records is not None
    bodies = [record.body for record in ran.records]
    bets = {(one.ref, one.bet): (one.sizes, one.average_odds) for one in bodies if isinstance(one, OrderAccepted | OrderReported)}
    settled = {(one.ref, one.bet): (one.outcome, one.profit) for one in bodies if isinstance(one, BetSettled)}
    ended: list[Ended] = [one.ended for one in bodies if isinstance(one, FinishRun)]
    return {"bets": bets, "settled": settled, "ended": ended, "exit": ran.exit}


def test_runs_on_a_shared_account_have_what_they_would_have_alone(tmp_path: Path) -> None:
    alone, _ = played(tmp_path / "alone", shared=False)
    together, venues = played(tmp_path / "together", shared=True)
    assert {name: story(ran) for name, ran in together.items()} == {name: story(ran) for name, ran in alone.items()}
    matched = [sizes.matched for ran in together.values() for sizes, _ in story(ran)["bets"].values()]
    assert sum(matched) > Decimal(10), "and there is something to compare"
    assert sum(len(story(ran)["settled"]) for ran in together.values()) >= 3
    assert venues.made < len(PLANS), "and not with a login for each"
    for name, ran in together.items():
        hears_its_own_only(name, ran)


def hears_its_own_only(name: str, ran: Ran) -> None:
    assert ran.records is not None
    bodies = [record.body for record in ran.records]
    asked = [one for one in bodies if isinstance(one, PlaceOrders | PlaceTicket)]
    mine = {one.ref for command in asked for one in command.placements}
    assert {one.ref for one in bodies if isinstance(one, OrderReported | OrderAccepted | BetSettled)} <= mine
    assert len({one.market for one in bodies if isinstance(one, MarketChanged)}) == 1, f"{name} hears of its market alone"


# --- in earnest: one journal, one watchman, a site with limits

LAID_DOWN = """\
planrunner: 1
plan: number {number}
limits:
  max_loss: 2.00 GBP
orders:
  - name: one
    venue: betfair
    event: Ascot 13:40
    market: Win
    favourite: 1
    side: back
    odds: {odds}
    stake: 2.00 GBP
    place_before_start: 2m
    expires_before_start: 5s
"""
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    mode: sandbox
    limits:
      max_open_exposure: {exposure}.00 GBP
"""


class Host:
    """A process with runs."""

    def __init__(self, folder: Path, clock: VirtualClock, *, exposure: int) -> None:
        self.folder, self.clock = folder, clock
        (folder / "planrunner.yaml").write_text(SITE.format(exposure=exposure))
        self.jobs: dict[RunId, Job] = {}
        self.tasks: dict[RunId, asyncio.Task[Ran]] = {}
        self.reins: dict[RunId, Reins] = {}

    def open(self, number: int, odds: str) -> None:
        """With the first of its plans."""
        self._load(number, odds)
        self.journal = Journal.open(self.folder / "runs.db", durable=False, clock=self.clock, site=self.site, patience=0.2)
        self.venues = Accounts(self.clock, self.site.accounts, shared=True)
        self.process = Process(
            journal=self.journal, clock=self.clock, hooks=NoHooks(), reins=self.reins.__setitem__,
            watchman=Watchman(self.journal, self.clock),
        )  # fmt: skip
        self.stage = Stage(
            mode=Mode.SANDBOX,
            today=lambda _, __: DAY,
            play=asyncio.run,  # type: ignore[arg-type]  # nobody asks for it here
            venues=lambda _: self.venues.of({AccountName("betfair")}),
        )

    def _load(self, number: int, odds: str) -> Plan:
        file = self.folder / f"{number}.yaml"
        file.write_text(LAID_DOWN.format(number=number, odds=odds))
        loaded = load(file)
        self.site = loaded.site
        return loaded.plan

    def begin(self, number: int, odds: str) -> RunId:
        plan = self._load(number, odds)
        job = Job(plan_file=f"{number}.yaml", plan=plan, site=self.site, journal=self.journal.path)
        info = new_run(job, self.stage)
        self.jobs[info.run] = job
        self.tasks[info.run] = asyncio.ensure_future(begin(job, info, self.stage, lambda body, at: None, self.process))
        return info.run

    def go_on(self, run: RunId) -> None:
        info = self.journal.info(run)
        self.tasks[run] = asyncio.ensure_future(go_on(self.jobs[run], info, self.stage, lambda body, at: None, self.process))

    async def ended(self) -> dict[RunId, Ran]:
        ran = dict(zip(self.tasks, await asyncio.gather(*self.tasks.values()), strict=True))
        await self.venues.close()
        self.journal.close()
        return ran


def hosted(folder: Path, script: Callable[[Host], Coroutine[Any, Any, T]], *, exposure: int, odds: str) -> T:
    clock = VirtualClock(BEGIN)

    async def main(_: Clock) -> T:
        host = Host(folder, clock, exposure=exposure)
        host.open(0, odds)
        return await script(host)

    return run_on(clock, main)


def test_runs_whose_moment_is_the_same_all_place_as_far_as_the_account_has_room(tmp_path: Path) -> None:
    async def script(host: Host) -> tuple[dict[RunId, Ran], list[dict[str, Any]]]:
        for number in range(40):
            host.begin(number, "900.0")
        ran = await host.ended()
        return ran, list(host.venues.practice.world.log.lines("bet"))

    ran, bets = hosted(tmp_path, script, exposure=50, odds="900.0")
    assert len(bets) == len({bet["ref"] for bet in bets}) == 25, "2.00 each of 50.00"
    denied = [run for run, one in ran.items() if any(isinstance(record.body, OrderDenied) for record in one.records or ())]
    assert len(denied) == 15
    accepted = [record.at for one in ran.values() for record in one.records or () if isinstance(record.body, OrderAccepted)]
    assert (len(accepted), max(accepted) - min(accepted) < timedelta(seconds=1)) == (25, True)


def test_a_run_that_is_left_and_taken_up_again_beside_others_has_lost_nothing(tmp_path: Path) -> None:
    """Its bet is matched at 13:38:40. What the venue told of it while nobody drove it was told to nobody."""

    async def script(host: Host) -> tuple[list[Ran], int]:
        left, other, watching = host.begin(1, "2.46"), host.begin(2, "2.46"), host.begin(3, "900.0")
        await host.clock.sleep_until(BEGIN + timedelta(seconds=130))
        host.reins[left].go_away()
        assert (await host.tasks[left]).exit is Exit.INTERRUPTED
        await asyncio.sleep(40)
        host.go_on(left)
        ran = await host.ended()
        return [ran[run] for run in (left, other, watching)], host.venues.made

    [left, other, watching], made = hosted(tmp_path, script, exposure=50, odds="900.0")
    assert [one.exit for one in (left, other, watching)] == [Exit.DONE] * 3
    [mine], [others] = (story(one)["bets"].values() for one in (left, other))
    assert mine == others
    assert mine[0].matched == Decimal(2)
    assert made == 1, "the login goes on with those who stay"


def test_one_runs_trouble_with_the_journal_ends_no_other(tmp_path: Path) -> None:
    """Somebody locks the file, and in that time one of two runs must write something down."""

    async def script(host: Host) -> tuple[Ran, Ran]:
        unlucky, other = host.begin(1, "2.46"), host.begin(2, "2.46")
        await host.clock.sleep_until(BEGIN + timedelta(seconds=130))
        with closing(connect(host.journal.path, isolation_level=None)) as somebody:
            somebody.execute("begin immediate")
            host.reins[unlucky].stop("enough")
            await host.tasks[unlucky]
            somebody.execute("rollback")
        ran = await host.ended()
        return ran[unlucky], ran[other]

    unlucky, other = hosted(tmp_path, script, exposure=50, odds="900.0")
    assert unlucky.exit is Exit.UNKNOWN_EXPOSURE
    assert "is locked by another process" in (unlucky.trouble or "")
    assert other.exit is Exit.DONE
    [(sizes, _)] = story(other)["bets"].values()
    assert sizes.matched == Decimal(2)
