"""One conversation of each adapter that listens to a socket, and everything that was said in it by either end.

The sandbox's own answers and frames are what is then told again with changes; the adapter's requests and frames are what a
sandbox is then asked with changes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount

from planrunner.model.commands import CancelOrder, NewPlacement, PlaceOrders, PlaceTicket, QueryBook, QueryOrder, QueryRunners
from planrunner.model.errors import VenueRefused, VenueTrouble
from planrunner.model.events import Event, OrderAccepted
from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType, Target
from planrunner.model.pools import Pool, Product
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import Answer, SendBy
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.runtime.secrets import PracticeSecrets
from planrunner.sandbox.oddspapi_abp.app import abp_app
from planrunner.sandbox.pools import MeetingScript, Pools
from planrunner.sandbox.practice import Rehearsal, rehearse
from planrunner.sandbox.tote.app import tote_app
from planrunner.venues.oddspapi_abp import following
from planrunner.venues.oddspapi_abp.client import Terms
from planrunner.venues.oddspapi_abp.venue import AbpVenue
from planrunner.venues.tote import watcher
from planrunner.venues.tote.client import Addresses
from planrunner.venues.tote.venue import ToteVenue
from tests.fuzz.laws import RAW, STEPS, Step, changed, written
from tests.sandbox import abp, client, tote
from tests.venues.tote.test_with_sandbox import bet

RARELY = 1800.0  # seconds between looks: a conversation shows each of them, and need not show it often


# What was said


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of the adapter's. `name` is what it is about."""

    name: str
    method: str
    target: str
    content: bytes


@dataclass(slots=True, kw_only=True)
class Talk:
    """`replies` by what they are replies to; `pushed` by the venue through the socket, `said` by the client."""

    asked: list[Asked] = field(default_factory=list)
    replies: dict[str, list[Any]] = field(default_factory=dict)
    pushed: list[Any] = field(default_factory=list)
    said: list[Any] = field(default_factory=list)


class Tap:
    """An application in front of the sandbox that keeps what goes through it."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.talk = Talk()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first = await receive()  # also where the application would answer without listening
        name = name_of(scope["path"], first.get("body", b""))
        waiting = [first]

        async def receive_and_keep() -> Any:
            message = waiting.pop() if waiting else await receive()
            if message["type"] == "websocket.receive":
                _keep(self.talk.said, message["text"])
            return message

        if first["type"] == "http.request":
            query = scope["query_string"].decode()
            target = scope["path"] + (f"?{query}" if query else "")
            self.talk.asked.append(Asked(name=name, method=scope["method"], target=target, content=first["body"]))

        async def send_and_keep(message: Any) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                _keep(self.talk.replies.setdefault(name, []), message["body"])
            if message["type"] == "websocket.send":
                _keep(self.talk.pushed, message["text"])
            await send(message)

        await self._application(scope, receive_and_keep, send_and_keep)


def _keep(among: list[Any], text: str | bytes) -> None:
    """As JSON, each once."""
    value = json.loads(text)
    if value not in among:
        among.append(value)


def name_of(path: str, body: bytes) -> str:
    """What a request is about: the operation of a document, else the path."""
    if path.endswith("graphql") and body:
        return str(json.loads(body)["operationName"])
    return path.rpartition("/")[2]


# Lies

Lie = tuple[int, list[Step], int | None, bytes | None]
Frame = tuple[float, int, list[Step], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lies:
    """By what was asked, in their order; then what the socket pushes, each after a pause, and how it ends."""

    replies: Mapping[str, Sequence[Lie]]
    frames: Sequence[Frame]
    dialect: int
    closes: tuple[int, str] | None
    denies: int | None


class Liar:
    """A venue that answers what was once a true answer to such a question, changed here and there; and pushes as it likes."""

    def __init__(self, talk: Talk, lies: Lies) -> None:
        self._talk = talk
        self._lies = lies
        self._asked: dict[str, int] = {}
        self.connected = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            self.connected += 1
            await self._push(scope, receive, send)
            return
        name = name_of(scope["path"], (await receive())["body"])
        count = self._asked[name] = self._asked.get(name, -1) + 1
        true, lies = self._talk.replies.get(name, [{}]), self._lies.replies.get(name, [])
        status, body = 200, json.dumps(true[count % len(true)]).encode()
        if lies:
            which, steps, odd_status, raw = lies[count % len(lies)]
            body = raw if raw is not None else written(changed(true[which % len(true)], steps))
            status = odd_status or 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def _push(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if self._lies.denies is not None:
            await send({"type": "websocket.http.response.start", "status": self._lies.denies, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b"page"})
            return
        offered = [None, *scope["subprotocols"]]
        await send({"type": "websocket.accept", "subprotocol": offered[self._lies.dialect % len(offered)]})
        hearing = asyncio.ensure_future(_until_gone(receive))
        try:
            for pause, which, steps, raw in self._lies.frames:
                await asyncio.wait([hearing], timeout=pause)
                if hearing.done():
                    return
                frame = raw if raw is not None else written(changed(self._talk.pushed[which % len(self._talk.pushed)], steps))
                await send({"type": "websocket.send", "bytes": frame})
            if self._lies.closes is None:
                await hearing
            else:
                code, reason = self._lies.closes
                await send({"type": "websocket.close", "code": code, "reason": reason})
        finally:
            hearing.cancel()


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


STATUSES = st.none() | st.sampled_from([None, 200, 200, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503])
LIE: st.SearchStrategy[Lie] = st.tuples(st.integers(0, 20), STEPS, STATUSES, st.none() | st.none() | st.none() | RAW)
FRAME: st.SearchStrategy[Frame] = st.tuples(
    st.sampled_from([0.0, 0.0, 0.5, 20.0, 3600.0]), st.integers(0, 60), STEPS, st.none() | st.none() | RAW
)
CLOSES = st.none() | st.tuples(
    st.sampled_from([1000, 1001, 1006, 1008, 1012, 3000, 4400, 4401, 4403, 4429, 4999]), st.text(max_size=20)
)


def lies(operations: Sequence[str]) -> st.SearchStrategy[Lies]:
    return st.builds(
        Lies,
        replies=st.dictionaries(st.sampled_from(operations), st.lists(LIE, min_size=1, max_size=3), max_size=3),
        frames=st.lists(FRAME, max_size=6),
        dialect=st.integers(0, 3),
        closes=CLOSES,
        denies=st.none() | st.none() | st.none() | st.sampled_from([200, 400, 401, 403, 429, 503]),
    )


# Conversations


@dataclass(slots=True, kw_only=True)
class Heard:
    """What came of one."""

    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def carefully(self, asking: Callable[[], Any]) -> Any:
        try:
            return await asking()
        except (VenueTrouble, VenueRefused) as error:  # all that the port promises
            self.refusals.append(str(error))


async def _held(venue: Any, clock: VirtualClock, heard: Heard, market: MarketId, commands: Sequence[tuple[Any, bool]]) -> None:
    """Watched, asked and listened to, for long enough that everything is settled."""
    venue.watch(market)

    async def listen() -> None:
        async for event in venue.facts():
            heard.events.append(event)

    listening = asyncio.ensure_future(listen())
    try:
        for make, dated in commands:
            send_by = SendBy(wall=clock.now() + timedelta(days=1), age=clock.age() + 86_400) if dated else None
            heard.answers.append(await venue.send(venue.prepare(make(heard)), send_by))
            await asyncio.sleep(1)
        await asyncio.sleep(150)
        await heard.carefully(lambda: venue.bets(clock.now() - timedelta(hours=1)))
        await asyncio.sleep(5 * 3600)
        await heard.carefully(lambda: venue.bets(clock.now() - timedelta(hours=9)))
        venue.unwatch(market)
    finally:
        await venue.close()
        listening.cancel()
        for outcome in await asyncio.gather(listening, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def _bet_of(heard: Heard) -> BetId:
    found = (event for answer in heard.answers for event in answer.events if isinstance(event, OrderAccepted))
    return next((one.bet for one in found), BetId("1"))


# The Tote

A, B = OrderRef("a" * 32), OrderRef("b" * 32)
TOTE_ACCOUNT = AccountName("tote")


def tote_world() -> Rehearsal:
    """Two races, so that a card is told again quickly."""
    races = (tote.race(1), tote.race(2))
    small = replace(tote.meeting(), pools=Pools(meetings=(MeetingScript(name="Bath", races=races),)))
    return rehearse(small, day=tote.BEGIN.date(), begin=tote.BEGIN, seed=1)


async def talk_to_tote(clock: VirtualClock, application: Any, card: Sequence[Product] = ()) -> tuple[Heard, Sequence[Product]]:
    """`card` is what stands in for one that can't be read."""
    door = Door(MemoryWire(application), clock)
    venue = ToteVenue(
        account=TOTE_ACCOUNT, currency="GBP", door=door, clock=clock, secrets=PracticeSecrets({"api_key": "practice"}),
        addresses=Addresses.of_sandbox("http://tote.invalid"),
        pace=watcher.Pace(unheard=600, deaf=600, resting=RARELY, pools=RARELY, closing=600, most=RARELY),
    )  # fmt: skip
    heard = Heard()
    await heard.carefully(venue.open)
    found = await heard.carefully(lambda: venue.products("Bath", on=tote.BEGIN.date()))
    await heard.carefully(lambda: venue.products("Nowhere", on=tote.BEGIN.date()))
    await heard.carefully(lambda: venue.find(Target(event="x", market="y", selection="z"), on=None))
    products = card or (found.products if found else ())
    win = min((one for one in products if one.pool is Pool.WIN), key=lambda one: one.start)
    exacta = min((one for one in products if one.pool is Pool.EXACTA), key=lambda one: one.start)
    bets = (bet(win, A, 1), bet(exacta, B, 1, 2, ordered=True))
    place = PlaceTicket(
        account=TOTE_ACCOUNT, ticket="tickets.bath", request_ref="t" * 32, attempt=1, placements=bets, because="plan"
    )
    query = QueryOrder(account=TOTE_ACCOUNT, market=win.id, ref=A, stake=bets[0].size, because="recovery")
    try:
        venue.watch(exacta.id)
        commands = [(lambda _: place, True), (lambda _: query, False), (lambda _: place, True), (lambda _: query, False)]
        await _held(venue, clock, heard, win.id, commands)
    finally:
        await door.close()
    return heard, products


@cache
def tote_talk() -> tuple[Talk, Sequence[Product]]:
    """With messages in a dialect, and raw ones beside them."""

    async def main(clock: VirtualClock, world: Rehearsal, *, flat: bool) -> tuple[Talk, Sequence[Product]]:
        tap = Tap(Starlette(routes=[Mount("/tote", tote_app(world.world, clock, faults=world.faults, flat_messages=flat))]))
        heard, products = await talk_to_tote(clock, tap)
        assert [one for one in heard.refusals if "no markets" not in one] == []
        return tap.talk, products

    talk, products = run_virtual(lambda clock: main(clock, tote_world(), flat=False), start=tote.BEGIN)
    raw, _ = run_virtual(lambda clock: main(clock, tote_world(), flat=True), start=tote.BEGIN)
    talk.pushed += [frame for frame in raw.pushed if frame not in talk.pushed]
    return talk, products


# OddsPapi ABP

FIRST, SECOND = OrderRef(abp.uuid(1)), OrderRef(abp.uuid(2))
ABP_ACCOUNT, HOME = AccountName("abp"), SelectionId(str(abp.HOME))


def abp_world() -> Rehearsal:
    small = replace(client.scenario(), bookmakers=abp.books())
    return rehearse(small, day=client.BEGIN.date(), begin=client.BEGIN, seed=1)


async def talk_to_abp(clock: VirtualClock, application: Any) -> Heard:
    door = Door(MemoryWire(application), clock)
    venue = AbpVenue(
        account=ABP_ACCOUNT, currency="USD", door=door, clock=clock, secrets=PracticeSecrets({"api_key": "practice"}),
        terms=Terms(base="http://abp.invalid/abp"),
        pace=following.Pace(busy=RARELY, quiet=RARELY, check=RARELY, results=RARELY, fixtures=RARELY),
    )  # fmt: skip
    heard = Heard()
    market = MarketId(f"{abp.FIXTURE}:101")
    await heard.carefully(venue.open)
    await heard.carefully(lambda: venue.find(Target(event_id=abp.FIXTURE, selection_id=HOME), on=None))
    await heard.carefully(lambda: venue.find(Target(event_id="id1", selection_id="7"), on=None))
    terms: Any = {
        "path": "orders.a", "rung": 0, "selection": HOME, "handicap": Decimal(0), "side": Side.BACK, "type": OrderType.LIMIT,
        "good_until": clock.now() + timedelta(minutes=5),
    }  # fmt: skip
    placements = (
        NewPlacement(ref=FIRST, odds=Decimal("2.00"), size=Decimal("600.00"), **terms),
        NewPlacement(ref=SECOND, odds=Decimal("9.00"), size=Decimal("20.00"), **terms),
    )
    place = PlaceOrders(account=ABP_ACCOUNT, market=market, request_ref="r", attempt=1, placements=placements, because="plan")
    common: Any = {"account": ABP_ACCOUNT, "market": market, "because": "plan"}
    query, again = (QueryOrder(ref=ref, stake=one.size, **common) for ref, one in zip((FIRST, SECOND), placements, strict=True))
    book = QueryBook(selection=HOME, handicap=Decimal(0), **common)
    try:
        await _held(venue, clock, heard, market, [
            (lambda _: place, True), (lambda _: query, False), (lambda _: again, False),
            (lambda heard: CancelOrder(ref=SECOND, bet=_bet_of(heard), **common), False), (lambda _: again, False),
            (lambda _: book, False), (lambda _: QueryRunners(**common), False),
        ])  # fmt: skip
    finally:
        await door.close()
    return heard


@cache
def abp_talk() -> Talk:
    async def main(clock: VirtualClock) -> Talk:
        world = abp_world()
        tap = Tap(Starlette(routes=[Mount("/abp", abp_app(world.world, clock, faults=world.faults))]))
        heard = await talk_to_abp(clock, tap)
        assert heard.refusals == []
        return tap.talk

    return run_virtual(main, start=client.BEGIN)
