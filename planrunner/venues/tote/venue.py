"""The UK Tote behind the venue port: one account, by messages and by looking up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from planrunner.model.commands import PlaceTicket, QueryOrder
from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.events import Event, OrderAccepted, OrderNotSent, OrderRejected, OrderReported, OrderUnknown
from planrunner.model.journal import Exchange
from planrunner.model.market import AccountName, Market, MarketId
from planrunner.model.plan import MarketQuery, Target
from planrunner.model.pools import Product
from planrunner.model.profile import VenueProfile
from planrunner.net.door import Door
from planrunner.ports import Answer, Asking, Card, Catalogue, Clock, Request, Secrets, SendBy, VenueBet
from planrunner.venues import exact_json, fields
from planrunner.venues.asking import READ_WITHIN, Question
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.tote import catalogue, holdings, stream, translate, wire
from planrunner.venues.tote.client import Addresses, Client, data_of
from planrunner.venues.tote.profile import PROFILE
from planrunner.venues.tote.stream import Stream
from planrunner.venues.tote.watcher import Pace, Watcher

PRODUCTS_AT_ONCE = 10
# A bet may be made long before the race, and is listed by when it was made.
MADE_BEFORE = timedelta(days=7)
_NO_MARKETS = "the Tote has pools and no markets; it takes tickets (`tickets:` of a plan)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an answer to placing may take, in seconds, and what the socket is patient with."""

    answer: float = PROFILE.answer_within.total_seconds()
    stream: stream.Patience = field(default_factory=stream.Patience)


class ToteVenue:
    """See `ports.Venue`. The door belongs to whoever made it."""

    def __init__(
        self,
        *,
        account: AccountName,
        currency: str,
        door: Door,
        clock: Clock,
        secrets: Secrets,
        addresses: Addresses | None = None,
        pace: Pace | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._account = account
        self._currency = currency
        self._clock = clock
        self._patience = patience or Patience()
        self._client = Client(account=account, door=door, clock=clock, secrets=secrets, addresses=addresses or Addresses())
        self._watcher = Watcher(account=account, currency=currency, client=self._client, clock=clock, pace=pace or Pace())
        self._stream = Stream(
            account=account, client=self._client, door=door, clock=clock, patience=self._patience.stream,
            hear=self._watcher.hear, changed=self._watcher.connected,
        )  # fmt: skip
        self._currencies = list(catalogue.CURRENCIES)  # ways to ask for a product's currencies, the one that works first

    @property
    def profile(self) -> VenueProfile:
        return PROFILE

    async def open(self) -> None:
        """Makes sure that the venue knows us, and listens: what is said before it is listened to is not said again. That nothing
        can be listened to is no reason not to go on."""
        try:
            await self._client.log_in()
            await self._client.read("Log in", "query Echo { echo { success } }")
        except (NeverSent, ReplyUnknown, Unreadable) as error:
            raise VenueTrouble(f"the UK Tote can't be reached: {error}") from error
        await self._stream.open()
        self._stream.raise_bug()

    async def close(self) -> None:
        self._watcher.close()
        await self._stream.close()

    async def find(self, target: Target, *, on: date | None) -> Catalogue:  # noqa: ARG002 - nothing is found here
        raise VenueRefused(_NO_MARKETS)

    async def markets(self, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:  # noqa: ARG002
        raise VenueRefused(_NO_MARKETS)

    async def products(self, meeting: str, *, on: date | None) -> Card:
        """First what there is on the day, then those of the meeting, whole: a product with its runners is large. By venue or
        country nothing is filtered, since how the venue writes them is not published."""
        day = on or self._clock.now().date()
        try:
            rows = await self._client.pages("List meetings", lambda after: catalogue.names_query(day, after), "products")
            here, others = catalogue.of_meeting(filter(None, map(catalogue.named, rows)), meeting)
            products: list[Product] = []
            for start in range(0, len(here), PRODUCTS_AT_ONCE):
                some = await self._whole(here[start : start + PRODUCTS_AT_ONCE])
                products += [catalogue.product(row, self._currency) for row in some]
        except (NeverSent, ReplyUnknown, Unreadable) as error:
            raise VenueTrouble(f"the Tote's card can't be read: {error}") from error
        return Card(products=tuple(sorted(products, key=lambda one: (one.start, one.id))), nearby=others)

    async def _whole(self, ids: list[str]) -> list[Any]:
        while True:
            query = catalogue.products_query(ids, self._currencies[0])
            try:
                return catalogue.found(await self._client.read("Read the card", query))
            except VenueRefused:
                if len(self._currencies) == 1:
                    raise
                self._currencies.pop(0)

    async def bets(self, since: datetime) -> tuple[VenueBet, ...]:
        made = (since - MADE_BEFORE).isoformat().replace("+00:00", "Z")
        try:
            rows = await self._client.pages("List bets", lambda after: holdings.bets_query(since=made, after=after), "bets")
            at = self._clock.now()
            listed = {row["id"]: holdings.listed(row, at) for row in rows if fields.text(row, "id")}
        except (NeverSent, ReplyUnknown, ValueError) as error:
            raise VenueTrouble(f"the bets of account {self._account} can't be read: {error}") from error
        return tuple(sorted(filter(None, listed.values()), key=lambda one: one.bet))

    async def commissions(self, markets: Collection[MarketId]) -> Mapping[MarketId, Decimal]:
        """The Tote takes its share out of the pool before it is divided, so nothing is charged."""
        return dict.fromkeys(markets, holdings.ZERO)

    # asking

    def prepare(self, command: Asking) -> Request:
        """Secrets travel in headers only, so the redacted twin is the body itself."""
        match command:
            case PlaceTicket():
                body = translate.place_body(command, self._currency)
            case QueryOrder():
                body = translate.query_body(command)
            case _:
                raise _never_asked(command)
        url = self._client.addresses.gateway
        return Request(command=command, method="POST", url=url, content=exact_json.encode(body), redacted=body)

    async def send(self, request: Request, send_by: SendBy | None) -> Answer:
        match request.command:
            case PlaceTicket() as command:
                return await self._place(request, command, send_by)
            case QueryOrder() as command:
                return await self._query(request, command)
            case other:
                raise _never_asked(other)

    async def _place(self, request: Request, command: PlaceTicket, send_by: SendBy | None) -> Answer:
        for one in command.placements:
            self._watcher.expect(one.market, one.ref, one.size)
        title = f"Place a ticket of {_counted(len(command.placements), 'bet')}"
        asked = await self._client.ask(Question.of(request, title, within=self._patience.answer, send_by=send_by))
        at, exchanges = self._clock.now(), list(asked.exchanges)
        match asked.answer:
            case NeverSent() as error:
                verdict = translate.never_sent(command, str(error), at)
            case ReplyUnknown() as error:
                verdict = translate.all_unknown(command, str(error), at)
            case answer:
                verdict = translate.placed(command, answer, self._currency, at)
        events = verdict.events
        if verdict.doubtful:
            rows = await self._in_doubt(command, verdict, exchanges)
            events = translate.confirmed(command, verdict, rows, self._currency, self._clock.now())
        for one, event in zip(command.placements, events, strict=True):
            self._learn(one.market, one.size, event)
            if verdict.is_old:
                self._watcher.doubt(one.market, one.ref)
        return Answer(events=events, exchanges=tuple(exchanges))

    async def _in_doubt(self, command: PlaceTicket, verdict: translate.Verdict, exchanges: list[Exchange]) -> list[Any] | None:
        """What the venue has under these references; None where it can't be asked."""
        refs = [str(one.ref) for one in command.placements if one.ref in verdict.doubtful]
        try:
            data = await self._client.read(f"Ask about {_counted(len(refs), 'bet')}", holdings.bets_query(ids=refs), exchanges)
            return wire.nodes(data, "bets")
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable):
            return None

    async def _query(self, request: Request, command: QueryOrder) -> Answer:
        asked = await self._client.ask(Question.of(request, f"Ask about bet {command.ref}", within=READ_WITHIN))
        try:
            rows = wire.nodes(data_of(asked.answer), "bets")
            events = holdings.found(command, rows, self._currency, self._clock.now())
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable) as error:
            events = (OrderUnknown(at=self._clock.now(), ref=command.ref, text=f"it could not be looked up: {error}"),)
        for event in events:
            self._learn(command.market, command.stake, event)
        return Answer(events=events, exchanges=asked.exchanges)

    def _learn(self, market: MarketId, asked: Decimal, event: Event) -> None:
        """The watcher then knows which bets can change, and tells nothing twice."""
        match event:
            case OrderAccepted() | OrderReported():
                self._watcher.learn(market, event.ref, asked, event.bet, event.sizes)
            case OrderRejected() | OrderNotSent():
                self._watcher.refused(market, event.ref)
            case _:
                pass

    # watching

    def watch(self, market: MarketId) -> None:
        self._watcher.watch(market)

    def unwatch(self, market: MarketId) -> None:
        self._watcher.unwatch(market)

    def facts(self) -> AsyncIterator[Event]:
        return self._watcher.facts(self._stream.raise_bug)


def _never_asked(command: object) -> AssertionError:
    return AssertionError(f"the Tote takes tickets only, and `check` lets no {type(command).__name__} through to it")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
