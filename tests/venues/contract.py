"""What every venue is put through: a small world, the same for all, served by the venue's sandbox over real HTTP and WebSockets.

A venue is one more row: something that is a `VenueUnderTest`, in `VENUES` of `test_contract`. The world:

- Arsenal v Chelsea, Match Odds, starts in an hour, turns in play, and is over two hours later: Arsenal wins.
- On Arsenal a backer can take 25.00 at 3.00; nobody ever takes what is offered to others there.
- On Chelsea nothing can be taken at 4.00; of an order that rests there, 40 % are taken after a minute.
- The account holds 1,000.00 in the venue's usual currency.

Where a venue has pools, Arsenal and Chelsea run in a race, and a bet is on either to win. Time stands still unless it is moved,
so whatever a venue decides a little later it has not decided yet.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import pytest
import uvicorn

from planrunner.model.commands import CancelOrder, Command, NewPlacement, PlaceOrders, QueryBook, QueryOrder, QueryRunners
from planrunner.model.events import Event, OrderAccepted, OrderReported
from planrunner.model.market import AccountName, BetId, Market, MarketId, OrderRef, Selection
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType, Target
from planrunner.model.profile import VenueProfile
from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.ports import SendBy, Venue
from planrunner.sandbox.faults import Fault, Faults, Trouble
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.scenario import Happening

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
    OUT_OF_ORDER = "out of order"  # what is told later is older
    GAP = "gap"  # something is not told
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
    DEEPER = "deeper"  # more than the account holds can be taken at 3.00
    DEAD_HEAT = "dead heat"  # Arsenal and Chelsea share the place
    ABANDON = "abandon"
    OTHER_RESULT = "other result"  # Chelsea won, after all
    REMOVE_DRAW = "remove the draw"  # it had a tenth of the chances


class Can(StrEnum):
    """What a card needs of a venue, in the words for those that have not got it."""

    TAKE_BACK = "bets can't be taken back here"
    NAME_A_PRICE = "a bet in a pool has no odds"
    WAIT = "a bet in a pool is taken whole or not at all, and nothing of it waits"
    LIST = "the venue knows nothing by name and shows no market as a whole"
    LOG_IN = "whoever shows its key comes in, and there is no login that could end"
    STAY_IN_PLAY = "the venue keeps no bets when a market turns in-play"
    BE_SUSPENDED = "a pool is not suspended: it closes"
    CLOSE = "a market is open in-play too, and no pool that closes at the off"
    KILL = "the profile does not list fill or kill"
    BATCH = "bets are placed one by one here"
    SEND_AGAIN = "the venue does not recognise a reference again, so nothing is ever sent again"
    PAY_AGAIN = "a pool is paid once its result is final, and that stays"
    REDUCE = "only an exchange takes a withdrawn runner's chances off what was matched on the others"


def _is_able(profile: VenueProfile, what: Can) -> bool:
    match what:
        case Can.TAKE_BACK:
            return profile.can_cancel
        case Can.NAME_A_PRICE | Can.WAIT | Can.BE_SUSPENDED | Can.PAY_AGAIN:
            return not profile.pools
        case Can.CLOSE:
            return bool(profile.pools)
        case Can.LIST:
            return not profile.by_ids_only and not profile.pools
        case Can.LOG_IN:
            return not profile.by_key
        case Can.STAY_IN_PLAY:
            return profile.can_keep_in_play
        case Can.KILL:
            return OrderType.FILL_OR_KILL in profile.types
        case Can.BATCH:
            return profile.batch > 1
        case Can.SEND_AGAIN:
            return profile.idempotent_for is not None
        case Can.REDUCE:
            return not profile.pools and not profile.routes


def needs(venue: VenueUnderTest, *what: Can) -> None:
    """Skips the card where the venue's profile says that it can't be played there, with the reason."""
    for one in what:
        if not _is_able(venue.profile, one):
            pytest.skip(f"{venue.profile.title}: {one}")


class VenueUnderTest(Protocol):
    """One venue's sandbox with the world above, served on loopback, and adapters for it. `least` is the least stake in its
    world, `decides_after` how many seconds it may take to a yes or no."""

    profile: VenueProfile
    clock: HandClock
    least: Decimal
    decides_after: float

    def serving(self) -> Any:
        """A context: the sandbox runs inside it."""
        ...

    def adapter(self, *, currency: str | None = None) -> AbstractAsyncContextManager[Venue]:
        """A new one, as a new process would make it; not yet logged in. A lost reply is given up after a fraction of a second."""
        ...

    async def session(self, adapter: Venue) -> Session:
        """Logs in, and finds the market."""
        ...

    def ref(self, name: str) -> OrderRef:
        """A reference as the venue takes it; the same for the same name."""
        ...

    def named(self, ref: OrderRef) -> str:
        """The name behind a reference."""
        ...

    def mishap(self, what: Mishap, to: Asking | None = None, *, times: int = 1) -> None:
        """To the next requests of a kind: where none is said to placements, and for reports to what is told next."""
        ...

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        ...

    def happen(self, what: Happens) -> None:
        """With the next request that reaches the venue."""
        ...

    def calls(self, of: Asking) -> int:
        """How often the venue was asked."""
        ...

    # The oracle: the venue's own log, by the names of the bets.

    def bets(self) -> list[str]:
        """All bets ever made."""
        ...

    def matched(self) -> dict[str, Decimal]:
        """How much of each was ever matched."""
        ...

    def profits(self) -> dict[str, Decimal]:
        """How each was settled in the end."""
        ...


class Sandboxed:
    """What those have in common whose world is the sandbox's: its log is the oracle, and faults and happenings are put there.

    `CALLS`: what the venue calls a request; `TROUBLES`: a mishap in the sandbox's words, with the call it strikes where that is
    none of those (messages, for instance).
    """

    profile: VenueProfile
    CALLS: ClassVar[Mapping[Asking, str]]
    TROUBLES: ClassVar[Mapping[Mishap, Trouble | tuple[str, Trouble]]]
    HAPPENINGS: ClassVar[Mapping[Happens, tuple[Happening, ...]]]

    def __init__(self) -> None:
        self.clock = HandClock()
        self.log = VenueLog()
        self.faults = Faults()
        self.world: Any = None
        self.url = ""
        self._names: dict[OrderRef, str] = {}
        self._happens: deque[Happens] = deque()

    def made(self, door: Door, *, currency: str) -> Venue:
        """An adapter at the address that is served."""
        raise NotImplementedError

    @asynccontextmanager
    async def adapter(self, *, currency: str | None = None) -> AsyncIterator[Venue]:
        door = Door(SocketWire(self.clock), self.clock)
        venue = self.made(door, currency=currency or self.profile.usual_currency)
        try:
            yield venue
        finally:
            await venue.close()
            await door.close()

    @contextmanager
    def served(self, app: Any) -> Iterator[None]:
        async def eventful(scope: Any, receive: Any, send: Any) -> None:
            """What happens by itself happens in the server's own thread."""
            while self._happens:
                self.make_happen(self._happens.popleft())
            await app(scope, receive, send)

        with uvicorn_serving(eventful) as self.url:
            yield

    def make_happen(self, what: Happens) -> None:
        self.world.advance(self.clock.now())
        board = next(one for one in self.world.boards.values() if one.terms.fixture.name == FIXTURE and one.terms.name == MARKET)
        for happening in self.HAPPENINGS[what]:
            self.world.board(board.terms.id)
            board.happen(happening)
            self.world.noticed(board)

    def form(self, name: str) -> str:
        """Of a reference."""
        return name

    def ref(self, name: str) -> OrderRef:
        ref = OrderRef(self.form(name))
        self._names[ref] = name
        return ref

    def named(self, ref: OrderRef) -> str:
        return self._names[ref]

    def mishap(self, what: Mishap, to: Asking | None = None, *, times: int = 1) -> None:
        struck, reports = self.TROUBLES[what], (Mishap.REPORTED_TWICE, Mishap.OLDER_REPORT, Mishap.OUT_OF_ORDER, Mishap.GAP)
        of = self.CALLS[to or (Asking.LOOK_UP if what in reports else Asking.PLACE)]
        call, trouble = struck if isinstance(struck, tuple) else (of, struck)
        self.faults.add(Fault(call=call, trouble=trouble, times=times, seconds=10))

    def calm(self) -> None:
        self.faults.clear()

    def happen(self, what: Happens) -> None:
        self._happens.append(what)

    def calls(self, of: Asking) -> int:
        return sum(line["call"] == self.CALLS[of] for line in self.log.lines("request"))

    def bets(self) -> list[str]:
        return [self.named(OrderRef(line["ref"])) for line in self.log.lines("bet")]

    def matched(self) -> dict[str, Decimal]:
        matched = dict.fromkeys(self.bets(), Decimal(0))
        for name, line in self._of_bets("fill"):
            matched[name] += Decimal(line["size"])
        return matched

    def profits(self) -> dict[str, Decimal]:
        return {name: Decimal(line["profit"]) for name, line in self._of_bets("settled")}

    def _of_bets(self, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
        names = {line["bet"]: self.named(OrderRef(line["ref"])) for line in self.log.lines("bet")}
        for line in self.log.lines(*kinds):
            yield names[line["bet"]], line


@contextmanager
def uvicorn_serving(app: Any) -> Iterator[str]:
    """An application over real HTTP and WebSockets on a free port of loopback, in a thread of its own."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="websockets-sansio")
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
    of: VenueUnderTest
    market: Market
    stands_still: float = 0.0

    @property
    def clock(self) -> HandClock:
        return self.of.clock

    @property
    def pool(self) -> MarketId:
        """What is watched."""
        return self.market.id

    def selection(self, name: str) -> Selection:
        return next(one for one in self.market.selections if one.name == name)

    def placement(self, name: str, on: str, size: str, odds: str, **terms: Any) -> Any:
        """A bet to be made. Where the venue has no odds, it has none."""
        selection = self.selection(on)
        usual: dict[str, Any] = {"side": Side.BACK, "type": OrderType.LIMIT}
        return NewPlacement(
            ref=self.of.ref(name), path=f"orders.{name}", rung=0, selection=selection.id, handicap=selection.handicap,
            odds=Decimal(odds), size=Decimal(size), **{**usual, **terms},
        )  # fmt: skip

    def wrong(self, name: str) -> Any:
        """A bet that the venue refuses."""
        return self.placement(name, TAKES, "5.00", "3.01")

    def placing(self, placements: tuple[Any, ...], attempt: int) -> Command:
        return PlaceOrders(
            account=ACCOUNT, market=self.market.id, request_ref=f"request-{placements[0].ref}", attempt=attempt,
            placements=placements, because="plan",
        )  # fmt: skip

    async def place(self, *placements: Any, attempt: int = 1) -> tuple[Event, ...]:
        send_by = SendBy(wall=self.clock.now() + timedelta(seconds=2), age=self.clock.age() + 2)
        self.clock.move(self.stands_still)
        return (await self.venue.send(self.venue.prepare(self.placing(placements, attempt)), send_by)).events  # type: ignore[arg-type]

    async def cancel(self, name: str, bet: BetId) -> Event:
        command = CancelOrder(account=ACCOUNT, market=self.market.id, ref=self.of.ref(name), bet=bet, because="plan")
        (event,) = (await self.venue.send(self.venue.prepare(command), None)).events
        return event

    async def book(self, name: str) -> tuple[Event, ...]:
        one = self.selection(name)
        command = QueryBook(
            account=ACCOUNT, market=self.market.id, selection=one.id, handicap=one.handicap, because="plan"
        )  # fmt: skip
        return (await self.venue.send(self.venue.prepare(command), None)).events

    async def query(self, name: str, stake: str) -> Event:
        ref = self.of.ref(name)
        command = QueryOrder(account=ACCOUNT, market=self.pool, ref=ref, stake=Decimal(stake), because="recovery")
        (event,) = (await self.venue.send(self.venue.prepare(command), None)).events
        return event

    async def decided(self, name: str, stake: str) -> Event:
        """What became of a bet, once the venue has had the time that it takes."""
        self.clock.move(self.of.decides_after)
        return await self.query(name, stake)

    async def runners(self) -> tuple[Event, ...]:
        command = QueryRunners(account=ACCOUNT, market=self.market.id, because="plan")
        return (await self.venue.send(self.venue.prepare(command), None)).events

    async def search(self) -> object:
        """Looks the market up again."""
        found = await self.venue.find(Target(event=FIXTURE, market=MARKET, selection=TAKES), on=None)
        (market,) = [one for one in found.markets if one.name == MARKET and one.fixture == FIXTURE]
        return market

    def bets_in(self, facts: Iterable[Event]) -> dict[str, OrderAccepted | OrderReported]:
        """By name, what was last told."""
        return {self.of.named(fact.ref): fact for fact in facts if isinstance(fact, OrderAccepted | OrderReported)}

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
