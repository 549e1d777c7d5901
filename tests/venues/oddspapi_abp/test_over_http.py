"""The adapter and the venue's sandbox over real HTTP and a real socket."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal

from planrunner.app.sandboxes import sandbox_app
from planrunner.app.venues import make_venue
from planrunner.model.account import Account, AccountMode
from planrunner.model.commands import NewPlacement, PlaceOrders
from planrunner.model.events import OrderAccepted, OrderReported, VenueDown
from planrunner.model.market import AccountName, OrderRef
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType, Target
from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.ports import SendBy
from planrunner.runtime.clock import RealClock
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.clock import ShiftableClock
from planrunner.sandbox.practice import rehearse
from tests.sandbox.abp import FIXTURE, book, books, shows, uuid
from tests.sandbox.client import scenario
from tests.venues.contract import uvicorn_serving


async def place_and_hear(url: str) -> None:
    clock = RealClock()
    door = Door(SocketWire(clock), clock)
    account = Account(name=AccountName("abp"), venue="oddspapi_abp", currency="USD", mode=AccountMode.SANDBOX)
    venue = make_venue(account, door=door, clock=clock, secrets=PRACTICE, at=url)
    try:
        await venue.open()
        (market,) = (await venue.find(Target(event_id=FIXTURE, selection_id="101"), on=None)).markets
        venue.watch(market.id)
        facts = venue.facts()
        first = asyncio.ensure_future(anext(facts))
        await asyncio.sleep(0.2)
        placement = NewPlacement(
            ref=OrderRef(uuid(1)), path="orders.arsenal", rung=0, selection=market.selections[0].id, handicap=Decimal(0),
            side=Side.BACK, odds=Decimal("2.00"), size=Decimal("100.00"), type=OrderType.LIMIT,
            good_until=clock.now() + timedelta(seconds=20),
        )  # fmt: skip
        command = PlaceOrders(
            account=account.name, market=market.id, request_ref="r", attempt=1, placements=(placement,), because="plan"
        )
        send_by = SendBy(wall=clock.now() + timedelta(seconds=2), age=clock.age() + 2)
        (event,) = (await venue.send(venue.prepare(command), send_by)).events
        assert isinstance(event, OrderAccepted)
        found = event.sizes
        async with asyncio.timeout(10):
            one = await first
            while found.remaining:
                assert not isinstance(one, VenueDown)
                if isinstance(one, OrderReported):
                    found = one.sizes
                one = await anext(facts) if found.remaining else one
        assert found.matched == 100
    finally:
        await venue.close()
        await door.close()


def test_an_order_is_placed_and_heard_of() -> None:
    clock = ShiftableClock()
    script = books(book("pinnacle", shows(("2.10", "400")), least=Decimal(5), latency=1500))
    today: date = clock.now().astimezone(UTC).date()
    practice = rehearse(replace(scenario(), bookmakers=script), day=today, seed=1, begin=clock.now())
    with uvicorn_serving(sandbox_app(practice, clock)) as url:
        asyncio.run(place_and_hear(url))
