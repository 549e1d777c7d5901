"""Betfair's adapter and whatever may answer it: any bytes, any JSON, and true answers with some of their parts changed.

The true answers are the sandbox's own, kept from one conversation about everything the adapter asks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import strategies as st

from planrunner.model.commands import CancelOrder, NewPlacement, PlaceOrders, QueryBook, QueryOrder, QueryRunners
from planrunner.model.errors import NotInCatalogue, VenueRefused, VenueTrouble
from planrunner.model.events import Event, OrderAccepted
from planrunner.model.market import BetId, Market, OrderRef, Selection
from planrunner.model.odds import Side
from planrunner.model.plan import MarketQuery, OrderType, Target
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import Answer, SendBy
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.runtime.codec import decode, encode
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.building import build
from planrunner.sandbox.log import VenueLog
from planrunner.venues import exact_json
from planrunner.venues.betfair import catalogue, holdings, translate, wire
from planrunner.venues.betfair.polling import Pace
from planrunner.venues.betfair.venue import BetfairVenue
from planrunner.venues.exact_json import Unreadable
from tests.fuzz.laws import NUMBERS, RAW, STEPS, Law, changed
from tests.venues.betfair.under_test import WORLD, PracticeSecrets
from tests.venues.contract import ACCOUNT, BEGIN, FIXTURE, MARKET, RESTS, TAKES

LONGEST = 400  # characters of what a person is told; a venue's own words are not told at any length


class Kept:
    """An application in front of the sandbox that keeps its answers by the operation asked."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.answers: dict[str, list[bytes]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = await receive()
        name = operation(scope["path"], asked["body"])
        first = iter([asked])

        async def receive_again() -> Any:
            return next(first, None) or await receive()

        async def send_and_keep(message: Any) -> None:
            if message["type"] == "http.response.body":
                self.answers.setdefault(name, []).append(message["body"])
            await send(message)

        await self._application(scope, receive_again, send_and_keep)


def operation(path: str, body: bytes) -> str:
    if path.startswith("/api/"):
        return path.rpartition("/")[2]
    return str(json.loads(body)["method"]).rpartition("/")[2]


class Conversation:
    """Everything that is ever asked, in an order in which a run could ask it."""

    def __init__(self, wire: MemoryWire, clock: VirtualClock, market: Market | None = None) -> None:
        self._clock = clock
        self._door = Door(wire, clock)
        self.venue = BetfairVenue(
            account=ACCOUNT, currency="GBP", door=self._door, clock=clock, secrets=PracticeSecrets(),
            pace=Pace(busy=600, quiet=600, starts=600),
        )  # fmt: skip
        self.market = market
        self.events: list[Event] = []
        self.answers: list[Answer] = []
        self.refusals: list[str] = []

    async def hold(self) -> None:
        plain = MarketQuery(account=ACCOUNT, sport="Football", market=MARKET)
        for asking in (
            self._open, self._find, lambda: self._markets(plain), lambda: self._markets(replace(plain, country="GB")),
            lambda: self._markets(replace(plain, meetings=("Ascot",))),
        ):  # fmt: skip
            try:
                await asking()
            except (VenueTrouble, VenueRefused, NotInCatalogue) as error:  # all that the port promises
                self.refusals.append(str(error))
        assert self.market is not None
        self.venue.watch(self.market.id)
        listening = asyncio.create_task(self._listen())
        await self._send()
        await asyncio.sleep(150)
        await self._send(rests=False)
        await asyncio.sleep(4 * 3600)
        self.venue.unwatch(self.market.id)
        await self.venue.close()
        listening.cancel()
        for outcome in await asyncio.gather(listening, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        await self._door.close()

    async def _open(self) -> None:
        await self.venue.open()

    async def _find(self) -> None:
        for target in (Target(event=FIXTURE, market=MARKET, selection=TAKES), Target(event="Nowhere", market="x", selection="y")):
            found = (await self.venue.find(target, on=date(2026, 12, 5))).markets
            self.market = self.market or next((one for one in found if one.name == MARKET), None)

    async def _markets(self, query: MarketQuery) -> None:
        await self.venue.markets(query, on=date(2026, 12, 5), zone=UTC)

    async def _listen(self) -> None:
        async for event in self.venue.facts():
            self.events.append(event)

    async def _send(self, *, rests: bool = True) -> None:
        assert self.market is not None
        market = self.market
        by_name = {one.name: one for one in market.selections}
        placements = tuple(placement(by_name[name], name, rests=rests) for name in (TAKES, RESTS))
        send_by = SendBy(wall=self._clock.now() + timedelta(days=1), age=self._clock.age() + 86_400)
        place = PlaceOrders(
            account=ACCOUNT, market=market.id, request_ref=f"r{rests}", attempt=1, placements=placements, because="plan"
        )
        first = await self._ask(place, send_by)
        bet = next((one.bet for one in first.events if isinstance(one, OrderAccepted)), BetId("1"))
        ref = placements[1].ref
        await self._ask(QueryOrder(account=ACCOUNT, market=market.id, ref=ref, stake=Decimal(10), because="plan"))
        await self._ask(CancelOrder(account=ACCOUNT, market=market.id, ref=ref, bet=bet, because="plan"))
        await self._ask(QueryOrder(account=ACCOUNT, market=market.id, ref=ref, stake=Decimal(10), because="plan"))
        selection = by_name[TAKES]
        await self._ask(
            QueryBook(account=ACCOUNT, market=market.id, selection=selection.id, handicap=selection.handicap, because="plan")
        )
        await self._ask(QueryRunners(account=ACCOUNT, market=market.id, because="plan"))

    async def _ask(self, command: Any, send_by: SendBy | None = None) -> Answer:
        answer = await self.venue.send(self.venue.prepare(command), send_by)
        self.answers.append(answer)
        return answer


def placement(selection: Selection, name: str, *, rests: bool) -> NewPlacement:
    return NewPlacement(
        ref=OrderRef(f"{name}{rests}"), path=f"orders.{name}", rung=0, selection=selection.id, handicap=Decimal(0),
        side=Side.BACK, odds=Decimal("3.00"), size=Decimal("10.00"), persistence=None, min_fill=None,
        type=OrderType.LIMIT if rests else OrderType.FILL_OR_KILL,
    )  # fmt: skip


@cache
def true_answers() -> tuple[Mapping[str, list[Any]], Market]:
    """By operation, each once; and the market they are about."""

    async def main(clock: VirtualClock) -> tuple[Kept, Market]:
        kept = Kept(betfair_app(build(WORLD, begin=BEGIN, seed=1, log=VenueLog()), clock))
        conversation = Conversation(MemoryWire(kept), clock)
        await conversation.hold()
        assert conversation.market is not None
        assert len(conversation.refusals) == 1, "the world has no meeting"
        return kept, conversation.market

    kept, market = run_virtual(main, start=BEGIN)
    answers = {name: list(dict.fromkeys(bodies)) for name, bodies in kept.answers.items()}
    found = {name: [json.loads(body) for body in bodies] for name, bodies in answers.items()}
    found["listVenues"][0]["result"] = [{"venue": "Ascot", "marketCount": 3}]
    return found, market


Lie = tuple[int, list[Any], int | None, bytes | None]


class Liar:
    """Answers what was once a true answer to such a question, changed here and there."""

    def __init__(self, answers: Mapping[str, list[Any]], lies: Mapping[str, list[Lie]]) -> None:
        self._answers = answers
        self._lies = lies
        self._asked: dict[str, int] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = operation(scope["path"], (await receive())["body"])
        count = self._asked[name] = self._asked.get(name, -1) + 1
        true, lies = self._answers.get(name, [{}]), self._lies.get(name, [])
        status, body = 200, json.dumps(true[count % len(true)]).encode()
        if lies:
            which, steps, odd_status, raw = lies[count % len(lies)]
            body = (
                raw if raw is not None else json.dumps(changed(true[which % len(true)], steps)).encode("utf-8", "surrogatepass")
            )
            status = odd_status or 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


def any_answers_are_survived(lies: Mapping[str, list[Lie]]) -> None:
    answers, market = true_answers()

    async def main(clock: VirtualClock) -> Conversation:
        conversation = Conversation(MemoryWire(Liar(answers, lies)), clock, market)
        await conversation.hold()
        return conversation

    conversation = run_virtual(main, start=BEGIN)
    for answer in conversation.answers:
        for exchange in answer.exchanges:
            decode(*encode(exchange))
    told = [*conversation.events, *(event for answer in conversation.answers for event in answer.events)]
    for event in told:
        assert decode(*encode(event)) == event
        texts = {field.name: getattr(event, field.name) for field in fields(event) if field.name in ("text", "reason")}
        assert all(len(text) <= LONGEST for text in texts.values()), texts
    assert all(len(text) <= LONGEST for text in conversation.refusals), conversation.refusals


def any_result_is_read_or_unreadable(example: tuple[int, list[Any]]) -> None:
    """Each reader by itself, many thousand times faster than a conversation: it reads, or says that it can't."""
    which, steps = example
    results = [one["result"] for bodies in true_answers()[0].values() for one in bodies if "result" in one]
    value = exact_json.decode(json.dumps(changed(results[which % len(results)], steps)).encode())
    market, at = true_answers()[1], BEGIN
    selection = market.selections[0]
    ref, bet = OrderRef("ArsenalTrue"), BetId("1")
    query = QueryOrder(account=ACCOUNT, market=market.id, ref=ref, stake=Decimal(10), because="plan")
    book = QueryBook(account=ACCOUNT, market=market.id, selection=selection.id, handicap=selection.handicap, because="plan")
    runners = QueryRunners(account=ACCOUNT, market=market.id, because="plan")
    place = PlaceOrders(
        account=ACCOUNT, market=market.id, request_ref="rTrue", attempt=1, because="plan",
        placements=tuple(placement(one, name, rests=True) for one, name in zip(market.selections, (TAKES, RESTS), strict=False)),
    )  # fmt: skip
    cancel = CancelOrder(account=ACCOUNT, market=market.id, ref=ref, bet=bet, because="plan")
    target = Target(event=FIXTURE, market=MARKET, selection=TAKES)
    race = replace(target, race="3")
    found: list[Event] = []
    found += translate.placed(place, wire.Result(value=value), at)
    found += [translate.cancelled(cancel, wire.Result(value=value), at)]
    lists = value if isinstance(value, list) else [value]
    rows = next((one for one in value.values() if isinstance(one, list)), []) if isinstance(value, dict) else lists
    readers: list[Callable[[], Any]] = [
        lambda: found.extend(holdings.found(query, rows, at)),
        lambda: found.extend(holdings.found_cleared(query, dict.fromkeys(holdings.CLEARED, rows), at)),
        lambda: [one.settled(at) for one in holdings.gather(dict.fromkeys(holdings.CLEARED, rows)).values()],
        lambda: found.append(holdings.best_offers(book, value, at)),
        lambda: found.append(holdings.runners_seen(runners, value, market.selections, at)),
        lambda: [holdings.look_of(one) for one in rows if holdings.is_ours(one)],
        lambda: catalogue.markets(lists, target),
        lambda: catalogue.refuse_a_begun_card(lists, race),
        lambda: catalogue.fixture_names(value),
        *(partial(reader, one) for one in rows for reader in (holdings.market_seen, holdings.held, catalogue.card)),
    ]
    for reader in readers:
        with suppress(Unreadable, VenueRefused):
            reader()
    for event in found:
        assert decode(*encode(event)) == event


def any_bytes_are_json_or_not(content: bytes) -> None:
    try:
        value = exact_json.decode(content)
    except Unreadable:
        return
    answer = wire.open_envelope(200, value)
    assert answer is not None


OPERATIONS = [
    "login", "keepAlive", "getAccountDetails", "listMarketCatalogue", "listEvents", "listEventTypes", "listCountries",
    "listVenues", "listMarketTypes", "placeOrders", "cancelOrders", "listCurrentOrders", "listClearedOrders", "listMarketBook",
]  # fmt: skip
NUMBER_INSIDE = NUMBERS.map(lambda number: b'{"jsonrpc":"2.0","result":[{"marketId":"1.1","version":' + number + b'}],"id":1}')
LIES: st.SearchStrategy[Lie] = st.tuples(
    st.integers(0, 20), STEPS, st.none() | st.sampled_from([None, 200, 200, 204, 400, 500, 503]),
    st.none() | st.none() | st.none() | RAW | NUMBER_INSIDE,
)  # fmt: skip
LAWS = {
    "any answers are survived": Law(
        of=any_answers_are_survived, share=30,
        examples=st.dictionaries(st.sampled_from(OPERATIONS), st.lists(LIES, min_size=1, max_size=3), min_size=1, max_size=3),
    ),
    "any result is read or unreadable": Law(
        of=any_result_is_read_or_unreadable, examples=st.tuples(st.integers(0, 500), STEPS), share=300
    ),
    "any bytes are JSON or not": Law(of=any_bytes_are_json_or_not, examples=RAW | NUMBER_INSIDE | st.binary(), share=200),
}  # fmt: skip


@pytest.mark.parametrize("name", LAWS)
def test_a_share(name: str) -> None:
    LAWS[name].holds_for_a_share()


@pytest.mark.storm
@pytest.mark.parametrize("name", LAWS)
def test_ten_minutes(name: str) -> None:
    print(f"{name}: {LAWS[name].holds_in_a_storm()} examples")


def test_a_list_that_always_has_one_more_page_is_given_up() -> None:
    answers, _ = true_answers()
    full = next(one for one in answers["listCurrentOrders"] if one["result"]["currentOrders"])
    endless = {"result": {"currentOrders": full["result"]["currentOrders"], "moreAvailable": True}}
    lie: Lie = (0, [], None, json.dumps({**full, **endless}).encode())
    any_answers_are_survived({"listCurrentOrders": [lie], "listClearedOrders": [lie]})


def test_every_operation_of_the_adapter_is_lied_about() -> None:
    assert true_answers()[0].keys() | {"keepAlive"} >= {*OPERATIONS}
