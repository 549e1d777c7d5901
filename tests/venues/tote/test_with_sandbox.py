"""The adapter against the Tote's sandbox, on virtual time: whatever goes wrong, each bet is there once, and its end is told once
and as the venue has it. The two were written apart, from the venue's documentation."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from planrunner.model.commands import NewPoolBet, PlaceTicket, QueryOrder
from planrunner.model.events import (
    BetSettled,
    Event,
    MarketSettled,
    OrderAccepted,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
)
from planrunner.model.market import AccountName, OrderRef
from planrunner.model.placement import Sizes
from planrunner.model.pools import Pick, PickedLeg, Pool, PoolRunner, Product
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import SendBy
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.practice import rehearse
from planrunner.sandbox.scenario import Scenario
from planrunner.sandbox.tote.app import tote_app
from planrunner.venues.tote.client import Addresses
from planrunner.venues.tote.venue import ToteVenue
from tests.sandbox.tote import BEGIN, meeting

ACCOUNT = AccountName("tote")
A, B = OrderRef("a" * 32), OrderRef("b" * 32)


class Desk:
    """An adapter, the sandbox's log, and as much of an engine as there must be: it asks, and sends again what the venue does not
    know, under the same references."""

    def __init__(self, venue: ToteVenue, clock: VirtualClock, log: Any) -> None:
        self.venue, self.clock, self.log = venue, clock, log
        self.facts: list[Event] = []
        self.sizes: dict[OrderRef, Sizes] = {}
        self.refused: dict[OrderRef, OrderRejected] = {}

    async def card(self, pool: Pool) -> Product:
        card = await self.venue.products("Bath", on=BEGIN.date())
        return min((one for one in card.products if one.pool is pool), key=lambda one: one.start)

    async def place(self, *bets: NewPoolBet) -> None:
        """Until there is a yes or no to being taken in, of each."""
        open_ = {one.ref: one for one in bets}
        for attempt in range(1, 30):
            command = PlaceTicket(
                account=ACCOUNT, ticket="tickets.bath", request_ref="t" * 32, attempt=attempt, placements=bets, because="plan"
            )
            send_by = SendBy(wall=self.clock.now() + timedelta(seconds=2), age=self.clock.age() + 2)
            events = (await self.venue.send(self.venue.prepare(command), send_by)).events
            assert [event.ref for event in events] == [one.ref for one in bets]  # type: ignore[union-attr]
            self.learn(*events)
            if all(isinstance(event, OrderUnknown) for event in events):
                await asyncio.sleep(20)
                events = tuple([await self.look_up(one) for one in bets])
            if not any(isinstance(event, OrderNotSent | OrderNotFound | OrderUnknown) for event in events):
                return
            await asyncio.sleep(5)
        raise AssertionError(f"no answer for {list(open_)}")

    async def look_up(self, bet: NewPoolBet) -> Event:
        command = QueryOrder(account=ACCOUNT, market=bet.market, ref=bet.ref, stake=bet.size, because="recovery")
        (event,) = (await self.venue.send(self.venue.prepare(command), None)).events
        self.learn(event)
        return event

    def learn(self, *events: Event) -> None:
        for event in events:
            match event:
                case OrderAccepted() | OrderReported():
                    before = self.sizes.get(event.ref)
                    if before is None or event.sizes.progress > before.progress:
                        self.sizes[event.ref] = event.sizes
                case OrderRejected():
                    self.refused[event.ref] = event
                case _:
                    pass

    async def listen(self, pools: int, within: float) -> None:
        """Until every pool is settled, or so long."""
        try:
            async with asyncio.timeout(within):
                async for event in self.venue.facts():
                    self.facts.append(event)
                    self.learn(event)
                    if len(self.told(MarketSettled)) >= pools:
                        return
        except TimeoutError:
            pass

    def told(self, *kinds: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kinds)]


def bet(
    product: Product, ref: str, *numbers: int, size: str = "2.00", ordered: bool = False, reserves: tuple[int, ...] = ()
) -> NewPoolBet:
    """The same numbers in every race; one line each, but for those with an order."""

    def runner(among: tuple[PoolRunner, ...], number: int, place: int | None = None) -> Pick:
        one = next(each for each in among if each.number == number)
        return Pick(selection=one.id, number=number, name=one.name, place=place)

    legs = tuple(
        PickedLeg(
            id=leg.id, name=leg.name,
            picks=tuple(runner(leg.runners, number, place if ordered else None) for place, number in enumerate(numbers, 1)),
            reserves=tuple(runner(leg.runners, number) for number in reserves),
        )
        for leg in product.legs
    )  # fmt: skip
    return NewPoolBet(
        ref=OrderRef(ref), path=f"tickets.bath.{ref[0]}", rung=0, market=product.id, legs=legs, lines=1, unit=Decimal(size),
        size=Decimal(size),
    )  # fmt: skip


def play(story: Any, *faults: Fault, scenario: Scenario | None = None, secrets: Any = PRACTICE) -> Desk:
    async def main(clock: VirtualClock) -> Desk:
        world = rehearse(scenario or meeting(), day=BEGIN.date(), begin=BEGIN, seed=1)
        for fault in faults:
            world.faults.add(fault)
        door = Door(MemoryWire(Starlette(routes=[Mount("/tote", tote_app(world.world, clock, faults=world.faults))])), clock)
        addresses = Addresses.of_sandbox("http://sandbox.invalid")
        venue = ToteVenue(account=ACCOUNT, currency="GBP", door=door, clock=clock, secrets=secrets, addresses=addresses)
        try:
            await venue.open()
            desk = Desk(venue, clock, world.world.log)
            await story(desk)
            return desk
        finally:
            await venue.close()
            await door.close()

    return run_virtual(main, start=BEGIN)


async def win_and_lose(desk: Desk) -> None:
    """Two bets on the first race, which ends as the scenario says: 1 wins."""
    product = await desk.card(Pool.WIN)
    desk.venue.watch(product.id)
    listening = asyncio.ensure_future(desk.listen(1, 3 * 3600))
    await asyncio.sleep(1)
    await desk.place(bet(product, A, 1), bet(product, B, 2))
    await listening


def check(desk: Desk) -> None:
    """Each bet is at the venue once and its end was told as the venue has it."""
    made = Counter(line["ref"] for line in desk.log.lines("bet"))
    assert all(count == 1 for count in made.values()), made
    assert len(desk.told(MarketSettled)) <= 1
    settled = {fact.ref: fact for fact in desk.told(BetSettled)}
    assert len(settled) == len(desk.told(BetSettled)), "none is told twice"


TROUBLES: list[tuple[str, Trouble]] = [
    *[
        ("placeBetsAsync", trouble)
        for trouble in (
            Trouble.REPLY_LOST_AFTER_LANDING, Trouble.REPLY_LOST_BEFORE_LANDING, Trouble.REPLY_DELAYED, Trouble.HTTP_500,
            Trouble.HTTP_502, Trouble.HTTP_503, Trouble.HTTP_500_AFTER_LANDING, Trouble.MALFORMED_BODY,
            Trouble.TOO_MANY_REQUESTS, Trouble.SESSION_KILLED, Trouble.TIMEOUT_LANDS_LATER, Trouble.TIMEOUT_NEVER_LANDS,
            Trouble.NOT_JSON, Trouble.ANOTHER_SHAPE, Trouble.UNAUTHORIZED, Trouble.FORBIDDEN_PAGE, Trouble.REDIRECTED,
            Trouble.ERRORS_IN_REPLY, Trouble.PARTIAL_DATA, Trouble.SLOW_BODY, Trouble.UNKNOWN_VALUE,
            Trouble.EVENT_BEFORE_REPLY, Trouble.SOCKET_DROPPED,
        )
    ],
    *[
        ("bets", trouble)
        for trouble in (
            Trouble.REPLY_LOST_AFTER_LANDING, Trouble.HTTP_503, Trouble.MALFORMED_BODY, Trouble.TOO_MANY_REQUESTS,
            Trouble.UNAUTHORIZED, Trouble.REDIRECTED, Trouble.PARTIAL_DATA, Trouble.UNKNOWN_VALUE,
        )
    ],
    *[
        ("onBetAccepted", trouble)
        for trouble in (
            Trouble.MESSAGE_LOST, Trouble.MESSAGE_DELAYED, Trouble.FIELDS_MISSING, Trouble.FRAME_LOST, Trouble.FRAME_TWICE,
            Trouble.FRAMES_SWAPPED, Trouble.CONNECTION_LOST, Trouble.UNKNOWN_VALUE,
        )
    ],
    *[
        ("connection", trouble)
        for trouble in (
            Trouble.CONNECTION_REFUSED, Trouble.NO_KEEP_ALIVE, Trouble.FLAT_MESSAGES, Trouble.SOCKET_DROPPED,
            Trouble.UNAUTHORIZED, Trouble.HTTP_503,
        )
    ],
    ("dividends", Trouble.DIVIDEND_CHANGED),
]  # fmt: skip


@pytest.mark.parametrize(("call", "trouble"), TROUBLES, ids=[f"{call}: {trouble}" for call, trouble in TROUBLES])
def test_each_bet_is_there_once_and_its_end_is_told(call: str, trouble: Trouble) -> None:
    desk = play(win_and_lose, Fault(call=call, trouble=trouble, seconds=40))
    check(desk)
    assert Counter(line["ref"] for line in desk.log.lines("bet")) == {A: 1, B: 1}
    assert desk.sizes[A] == desk.sizes[B] == Sizes(stake=Decimal("2.00"), matched=Decimal("2.00"))
    outcomes = {fact.ref: fact.outcome for fact in desk.told(BetSettled)}
    assert outcomes == {A: Outcome.WON, B: Outcome.LOST}
    assert not desk.refused
