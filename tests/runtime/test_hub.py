"""Seats at one login: who hears what, who lets go, and what happens where there is no login."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from planrunner.model.commands import QueryOrder
from planrunner.model.errors import VenueRefused, VenueTrouble
from planrunner.model.events import MarketChanged, MarketSettled, OrderReported, VenueDown, VenueUp
from planrunner.model.market import MarketStatus
from planrunner.model.placement import Sizes
from planrunner.ports import Answer, Request
from planrunner.runtime.clock import run_virtual
from planrunner.runtime.hub import Hub, seats
from planrunner.runtime.turns import PLACING_AT_ONCE, PLACING_IN_ALL, Turns
from planrunner.venues.betfair.profile import PROFILE

from .makers import AT


class Told:
    """A venue that tells what the test says, keeps what is watched, and can't always be logged in to."""

    profile = PROFILE

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = deque(troubles)
        self.logins = 0
        self.is_closed = False
        self.watched: list[str] = []
        self.sent: list[Any] = []
        self._facts: asyncio.Queue[Any] = asyncio.Queue()

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is of no matter here")

    def tell(self, *events: Any) -> None:
        for event in events:
            self._facts.put_nowait(event)

    async def open(self) -> None:
        self.logins += 1
        await asyncio.sleep(1)
        if self.troubles:
            raise self.troubles.popleft()

    async def close(self) -> None:
        self.is_closed = True

    async def facts(self) -> Any:
        while True:
            event = await self._facts.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def watch(self, market: str) -> None:
        self.watched.append(market)

    def unwatch(self, market: str) -> None:
        self.watched.remove(market)

    async def send(self, request: Request, send_by: Any) -> Answer:
        self.sent.append(request.command)
        return Answer(events=(), exchanges=())


def changed(market, *, second=0, status=MarketStatus.OPEN):
    at = AT + timedelta(seconds=second)
    return MarketChanged(at=at, market=market, status=status, in_play=False, start=AT)


def reported(ref, matched="1.00"):
    sizes = Sizes(stake=Decimal("2.00"), matched=Decimal(matched))
    return OrderReported(at=AT, ref=ref, bet=f"bet of {ref}", sizes=sizes)


def look_up(ref, market="1.1"):
    command = QueryOrder(account="betfair", ref=ref, market=market, because="test", stake=Decimal(2))
    return Request(command=command, method="POST", url="", content=b"", redacted=None)


async def heard(seat):
    """All that a seat was told so far."""
    found, facts = [], seat.facts()
    try:
        while True:
            async with asyncio.timeout(0.001):
                found.append(await anext(facts))
    except TimeoutError:
        return found


def on_a_hub(story, venue=None):
    venues = iter([venue or Told(), *(Told() for _ in range(9))])
    made = []

    def make():
        made.append(next(venues))
        return made[-1]

    async def main(clock):
        hub = Hub(make, clock)
        await story(hub, made)
        await hub.close()

    run_virtual(main, start=AT)


async def seated(hub, *markets):
    seat = hub.seat()
    await seat.open()
    for market in markets:
        seat.watch(market)
    return seat


def test_each_hears_of_its_own_markets_and_bets_and_all_hear_that_the_venue_is_down():
    async def story(hub, made):
        one, two, both = await seated(hub, "1.1"), await seated(hub, "1.2"), await seated(hub, "1.1", "1.2")
        await two.send(look_up("mine"), None)
        down = VenueDown(at=AT, account="betfair", text="no answer")
        made[0].tell(changed("1.1"), changed("1.2"), changed("1.3"), reported("mine"), reported("a stranger's"), down)
        assert await heard(one) == [changed("1.1"), down]
        assert await heard(two) == [changed("1.2"), reported("mine"), down]
        assert await heard(both) == [changed("1.1"), changed("1.2"), down]
        assert made[0].logins == 1

    on_a_hub(story)


def test_whoever_comes_later_is_told_at_once_what_was_told_last():
    async def story(hub, made):
        await seated(hub, "1.1")
        settled = MarketSettled(at=AT, account="betfair", market="1.1", commission=Decimal("0.40"))
        down = VenueDown(at=AT, account="betfair", text="no answer")
        made[0].tell(changed("1.1"), changed("1.1", status=MarketStatus.CLOSED), settled, down)
        await asyncio.sleep(100)
        now = AT + timedelta(seconds=101)  # of which the login took one
        told = await heard(await seated(hub, "1.1"))
        assert [(type(one), one.at) for one in told] == [(VenueDown, now), (MarketChanged, now), (MarketSettled, now)]
        assert told[1].status is MarketStatus.CLOSED
        made[0].tell(VenueUp(at=AT, account="betfair"))
        await asyncio.sleep(0)
        assert await heard(await seated(hub, "1.9")) == []

    on_a_hub(story)


def test_the_last_to_look_at_a_market_lets_go_and_the_last_of_all_logs_out():
    async def story(hub, made):
        one, two = await seated(hub, "1.1", "1.2"), await seated(hub, "1.1")
        one.watch("1.1")
        one.unwatch("1.1")
        assert made[0].watched == ["1.1", "1.2"]
        two.unwatch("1.1")
        assert made[0].watched == ["1.2"]
        await one.close()
        assert made[0].watched == []
        assert not made[0].is_closed
        await two.close()
        assert made[0].is_closed
        again = await seated(hub, "1.1")
        assert (made[1].logins, made[1].watched) == (1, ["1.1"])
        made[1].tell(changed("1.1", second=9))
        assert await heard(again) == [changed("1.1", second=9)], "and nothing of before"

    on_a_hub(story)


def test_a_run_that_is_taken_up_is_told_what_was_told_of_its_bets_before_it_said_so():
    async def story(hub, made):
        await seated(hub, "1.1")
        made[0].tell(reported("later", "1.00"), reported("later", "2.00"), reported("never"))
        await asyncio.sleep(1)
        late = await seated(hub)
        late.claim(["later", "unheard of"])
        [told] = await heard(late)
        assert (told.ref, told.sizes.matched) == ("later", Decimal("2.00"))
        await late.close()
        next_owner = await seated(hub, "1.1")
        next_owner.claim(["later"])
        made[0].tell(reported("later"))
        assert await heard(next_owner) == [reported("later")]

    on_a_hub(story)


def test_a_fact_costs_nothing_to_those_it_does_not_concern():
    async def story(hub, made):
        many = [await seated(hub, f"1.{number}") for number in range(500)]
        tasks = [asyncio.ensure_future(anext(seat.facts())) for seat in many]
        await asyncio.sleep(0)
        made[0].tell(changed("1.7"))
        await asyncio.sleep(1)
        assert [number for number, task in enumerate(tasks) if task.done()] == [7]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    on_a_hub(story)


def test_a_login_that_failed_is_tried_again_by_the_next_and_shared_by_all_who_waited():
    async def story(hub, made):
        outcomes = await asyncio.gather(*(hub.seat().open() for _ in range(5)), return_exceptions=True)
        assert [str(one) for one in outcomes] == ["no network"] * 5
        assert (made[0].logins, made[0].is_closed) == (1, True)
        await seated(hub)
        assert made[1].logins == 1

    on_a_hub(story, Told(VenueTrouble("no network")))


def test_a_refused_login_is_not_tried_again_at_once_or_the_venue_locks_the_account():
    async def story(hub, made):
        for _ in range(3):
            with pytest.raises(VenueRefused, match="wrong password"):
                await hub.seat().open()
            await asyncio.sleep(10)
        assert sum(one.logins for one in made) == 1
        await asyncio.sleep(60)
        await seated(hub)
        assert sum(one.logins for one in made) == 2, "the password was put right"

    on_a_hub(story, Told(VenueRefused("wrong password")))


def test_a_fault_of_ours_reaches_every_run_and_the_next_has_an_adapter_that_works():
    async def story(hub, made):
        two = [await seated(hub, "1.1") for _ in range(2)]
        made[0].tell(changed("1.1"), ZeroDivisionError("a bug"))
        for seat in two:
            facts = seat.facts()
            assert await anext(facts) == changed("1.1")
            with pytest.raises(ZeroDivisionError):
                await anext(facts)
            await seat.send(look_up("mine"), None)  # what rests can still be taken back
        assert len(made[0].sent) == 2
        last = await seated(hub, "1.1")
        made[1].tell(changed("1.1"))
        assert await heard(last) == [changed("1.1")]
        for seat in two:
            await seat.close()
        assert made[0].is_closed
        assert not made[1].is_closed

    on_a_hub(story)


def test_the_seats_of_a_run_are_left_when_one_of_its_accounts_can_not_be_had():
    async def main(clock):
        good, bad = Told(), Told(VenueTrouble("no network"))
        hubs = {"good": Hub(lambda: good, clock), "bad": Hub(lambda: bad, clock)}
        with pytest.raises(VenueTrouble):
            async with seats(hubs):
                pass
        assert good.is_closed

    run_virtual(main, start=AT)


def test_all_runs_together_have_so_many_requests_under_way_and_none_takes_all_of_them():
    async def main(clock):
        shared, under_way, most, placed = Turns.shared(PROFILE, clock), [0] * 10, [0, 0], count()

        async def place(run, turns):
            async with turns.to_place(1, lambda length: asyncio.sleep(0, timedelta(0))):
                under_way[run] += 1
                most[:] = max(most[0], max(under_way)), max(most[1], sum(under_way))
                await asyncio.sleep(5)
                under_way[run] -= 1
                next(placed)

        runs = [Turns.among(shared) for _ in range(10)]
        await asyncio.gather(*(place(run, turns) for run, turns in enumerate(runs) for _ in range(30)))
        assert most == [PLACING_AT_ONCE, PLACING_IN_ALL]
        assert next(placed) == 300

    run_virtual(main, start=AT)
