"""What every venue is put through: a small world, the same for all, served by the venue's sandbox over real HTTP.

A venue is one more row: something that is a `VenueUnderTest`, in `VENUES` of `test_contract`. The world:

- Arsenal v Chelsea, Match Odds, starts in an hour, turns in play, and is over two hours later: Arsenal wins.
- On Arsenal a backer can take 25.00 at 3.00; nobody ever takes what is offered to others there.
- On Chelsea nothing can be taken; of an order that rests there, 40 % are taken after a minute.
- The account holds 1,000.00 in the venue's usual currency.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

import uvicorn

from planrunner.model.commands import CancelOrder, NewPlacement, PlaceOrders, QueryBook, QueryOrder, QueryRunners
from planrunner.model.events import Event
from planrunner.model.market import AccountName, BetId, Market, OrderRef, Selection
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType, Target
from planrunner.model.profile import VenueProfile
from planrunner.ports import SendBy, Venue

FIXTURE, MARKET, TAKES, RESTS = "Arsenal v Chelsea", "Match Odds", "Arsenal", "Chelsea"
BALANCE = Decimal("1000.00")
ACCOUNT = AccountName("venue")
BEGIN = datetime(2026, 12, 5, 14, 0, tzinfo=UTC)


class HandClock:
    """The time of the venue and of planrunner, moved by hand; both read it from their own threads."""

    def __init__(self) -> None:
        self._moved = 0.0

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self._moved)

    def age(self) -> float:
        return self._moved

    async def sleep_until(self, at: datetime) -> None:
        while self.now() < at:
            await asyncio.sleep(0.005)

    def move(self, seconds: float) -> None:
        self._moved += seconds


class Mishap(StrEnum):
    """What can happen to the next request of a kind."""

    REPLY_LOST_AFTER_LANDING = "reply lost after landing"
    REPLY_LOST_BEFORE_LANDING = "reply lost before landing"
    LANDS_LATER = "lands later"  # ten seconds
    REPORTED_TWICE = "reported twice"
    OLDER_REPORT = "older report"
    LOGIN_EXPIRED = "login expired"
    TOO_MANY_REQUESTS = "too many requests"
    HALF_AN_ANSWER = "half an answer"
    NO_ANSWER_OF_THE_VENUE = "no answer of the venue"  # another program's page, with a status that says that all is well
    ANOTHER_ANSWER = "another answer"  # JSON of another shape


class Asking(StrEnum):
    """Kinds of requests."""

    PLACE = "place"
    CANCEL = "cancel"
    LOOK_UP = "look up"
    LOOK_UP_SETTLED = "look up settled"
    BOOK = "book"
    CATALOGUE = "catalogue"


class Happens(StrEnum):
    """What a venue does to a market by itself."""

    SUSPEND = "suspend"
    REOPEN = "reopen"
    TURN_IN_PLAY = "turn in-play"
    SHORTER = "shorter"  # of what a backer can take, 25.00 at 2.90 is left
    LONGER = "longer"  # 25.00 at 3.10 can be taken
    DEAD_HEAT = "dead heat"  # Arsenal and Chelsea share the place
    ABANDON = "abandon"
    OTHER_RESULT = "other result"  # Chelsea won, after all
    REMOVE_DRAW = "remove the draw"  # it had a tenth of the chances


class VenueUnderTest(Protocol):
    """One venue's sandbox with the world above, served on loopback, and adapters for it."""

    profile: VenueProfile
    clock: HandClock

    def serving(self) -> Any:
        """A context: the sandbox runs inside it."""
        ...

    def adapter(self, *, currency: str | None = None) -> AbstractAsyncContextManager[Venue]:
        """A new one, as a new process would make it; not yet logged in. A lost reply is given up after a fraction of a second."""
        ...

    def mishap(self, what: Mishap, to: Asking | None = None, *, times: int = 1) -> None:
        """To the next requests of a kind: where none is said to placements, and for reports to the next look at the orders."""
        ...

    def happen(self, what: Happens) -> None:
        """With the next request that reaches the venue."""
        ...

    def calls(self, of: Asking) -> int:
        """How often the venue was asked."""
        ...

    def bets(self) -> list[OrderRef]:
        """The oracle: the references of all bets ever made, from the venue's own log."""
        ...


@contextmanager
def uvicorn_serving(app: Any) -> Iterator[str]:
    """An application over real HTTP and WebSockets on a free port of loopback, in a thread of its own."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(5)
        assert not thread.is_alive()


@dataclass
class Session:
    """An adapter that is logged in, and where to bet. `stands_still`: how long the process is frozen before it sends."""

    venue: Venue
    clock: HandClock
    market: Market
    stands_still: float = 0.0

    def selection(self, name: str) -> Selection:
        return next(one for one in self.market.selections if one.name == name)

    def placement(self, ref: str, name: str, size: str, odds: str, **terms: Any) -> NewPlacement:
        selection = self.selection(name)
        usual: dict[str, Any] = {"side": Side.BACK, "type": OrderType.LIMIT}
        return NewPlacement(
            ref=OrderRef(ref), path=f"orders.{ref}", rung=0, selection=selection.id, handicap=selection.handicap,
            odds=Decimal(odds), size=Decimal(size), **{**usual, **terms},
        )  # fmt: skip

    async def place(self, *placements: NewPlacement, attempt: int = 1) -> tuple[Event, ...]:
        command = PlaceOrders(
            account=ACCOUNT, market=self.market.id, request_ref=f"request-{placements[0].ref}", attempt=attempt,
            placements=placements, because="plan",
        )  # fmt: skip
        send_by = SendBy(wall=self.clock.now() + timedelta(seconds=2), age=self.clock.age() + 2)
        self.clock.move(self.stands_still)
        return (await self.venue.send(self.venue.prepare(command), send_by)).events

    async def cancel(self, ref: str, bet: BetId) -> Event:
        command = CancelOrder(account=ACCOUNT, market=self.market.id, ref=OrderRef(ref), bet=bet, because="plan")
        (event,) = (await self.venue.send(self.venue.prepare(command), None)).events
        return event

    async def book(self, name: str) -> tuple[Event, ...]:
        one = self.selection(name)
        command = QueryBook(
            account=ACCOUNT, market=self.market.id, selection=one.id, handicap=one.handicap, because="plan"
        )  # fmt: skip
        return (await self.venue.send(self.venue.prepare(command), None)).events

    async def query(self, ref: str, stake: str) -> tuple[Event, ...]:
        command = QueryOrder(account=ACCOUNT, market=self.market.id, ref=OrderRef(ref), stake=Decimal(stake), because="recovery")
        return (await self.venue.send(self.venue.prepare(command), None)).events

    async def runners(self) -> tuple[Event, ...]:
        command = QueryRunners(account=ACCOUNT, market=self.market.id, because="plan")
        return (await self.venue.send(self.venue.prepare(command), None)).events

    async def facts_until(self, enough: Callable[[list[Event]], bool], *, within: float = 5.0) -> list[Event]:
        """What the watched market tells until it is enough."""
        found: list[Event] = []
        facts: AsyncIterator[Event] = self.venue.facts()
        async with asyncio.timeout(within):
            async for event in facts:
                found.append(event)
                if enough(found):
                    break
        return found

    async def facts_for(self, seconds: float) -> list[Event]:
        """What the watched market tells in this time."""
        found: list[Event] = []

        async def listen() -> None:
            async for event in self.venue.facts():
                found.append(event)  # noqa: PERF401 - what came before the cancel counts

        task = asyncio.create_task(listen())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return found


async def log_in(venue: Venue, clock: HandClock) -> Session:
    await venue.open()
    catalogue = await venue.find(Target(event=FIXTURE, market=MARKET, selection=TAKES), on=None)
    (found,) = [one for one in catalogue.markets if one.name == MARKET and one.fixture == FIXTURE]
    return Session(venue=venue, clock=clock, market=found)
