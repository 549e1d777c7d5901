"""Betfair behind the venue port: one account, by polling."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import islice
from typing import Any, assert_never

from planrunner.model.commands import CancelOrder, PlaceOrders, PlaceTicket, QueryBook, QueryOrder, QueryRunners
from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.events import Event, OrderAccepted, OrderNotFound, OrderReported, OrderUnknown
from planrunner.model.journal import Exchange
from planrunner.model.market import AccountName, Market, MarketId, Selection
from planrunner.model.names import same_name
from planrunner.model.plan import MarketQuery, Target
from planrunner.model.profile import VenueProfile
from planrunner.net.door import Door
from planrunner.ports import Answer, Asking, Card, Catalogue, Clock, Request, Secrets, SendBy, VenueBet
from planrunner.venues import exact_json, fields, outcomes
from planrunner.venues.asking import READ_WITHIN, Asked, Question
from planrunner.venues.betfair import account_bets, catalogue, holdings, listing, translate, wire
from planrunner.venues.betfair.charges import rolled_up
from planrunner.venues.betfair.client import Addresses, Client, value_of
from planrunner.venues.betfair.polling import Bet, Pace, Watcher
from planrunner.venues.betfair.profile import PROFILE
from planrunner.venues.betfair.wire import Envelope
from planrunner.venues.exact_json import Unreadable

# The longest delay the venue puts on bets in play. Assumed where a market has not been seen yet: to wait too long does no
# harm, to give up too early makes a bet unknown for a while.
LONGEST_DELAY = 12.0
# Markets whose selections are remembered; those of another are asked for again. A login may last for months.
CARDS_KEPT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an answer to placing may take, in seconds, and what is added for a market whose delay is not known."""

    answer: float = PROFILE.answer_within.total_seconds()
    unknown_delay: float = LONGEST_DELAY


class BetfairVenue:
    """See `ports.Venue`. The door belongs to whoever made it. Closing the venue ends its own session; other processes have a
    login of their own, and would renew it if it ended."""

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
        self._addresses = addresses or Addresses()
        self._client = Client(account=account, door=door, clock=clock, secrets=secrets, addresses=self._addresses)
        self._cards: dict[MarketId, tuple[Selection, ...]] = {}
        self._watcher = Watcher(account=account, client=self._client, clock=clock, pace=pace or Pace())

    @property
    def profile(self) -> VenueProfile:
        return PROFILE

    async def open(self) -> None:
        """Also makes sure that the account is kept in the currency the plans are written for: nothing is ever converted."""
        try:
            await self._client.log_in()
            details = await self._client.read(wire.ACCOUNT + "getAccountDetails", {})
            currency = fields.text(details, "currencyCode")
        except (NeverSent, ReplyUnknown, Unreadable) as error:
            raise VenueTrouble(f"Betfair can't be reached: {error}") from error
        if currency != self._currency:
            raise VenueRefused(
                f"account {self._account} is kept in {currency} at Betfair, not in {self._currency}; correct the site file"
            )

    async def close(self) -> None:
        self._watcher.close()
        await self._client.log_out()

    async def find(self, target: Target, *, on: date | None) -> Catalogue:
        try:
            params = catalogue.find_params(target, on)
            rows = holdings.listed(await self._client.read(wire.BETTING + "listMarketCatalogue", params))
            if len(rows) >= catalogue.MOST_MARKETS and target.market_id is None:
                most = catalogue.MOST_MARKETS
                raise VenueRefused(f"more than {most} markets fit {target}; say which with `date` or `event_id`")
            catalogue.refuse_a_begun_card(rows, target)
            markets = self._seen(catalogue.markets(rows, target))
            named = {name for one in markets for name in (one.fixture, one.meeting)}
            return Catalogue(markets=markets, nearby=await self._nearby(target, on, named))
        except (NeverSent, ReplyUnknown, Unreadable) as error:
            raise VenueTrouble(f"Betfair's catalogue can't be read: {error}") from error

    async def markets(self, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:
        try:
            return self._seen(await listing.fitting(self._client, query, on=on, zone=zone))
        except (NeverSent, ReplyUnknown, Unreadable) as error:
            raise VenueTrouble(f"Betfair's catalogue can't be read: {error}") from error

    async def products(self, meeting: str, *, on: date | None) -> Card:  # noqa: ARG002 - no pools anywhere
        return Card()

    async def bets(self, since: datetime) -> tuple[VenueBet, ...]:
        """The current ones first: what is settled meanwhile is then in both lists, and never in none."""
        listed, cleared = wire.BETTING + "listCurrentOrders", wire.BETTING + "listClearedOrders"
        try:
            current = await self._client.pages(listed, {}, "currentOrders")
            lists = {
                kind: await self._client.pages(cleared, account_bets.cleared_params(kind, since), "clearedOrders")
                for kind in holdings.CLEARED
            }
            return account_bets.bets(current, lists, self._clock.now())
        except (NeverSent, ReplyUnknown, ValueError) as error:
            raise VenueTrouble(f"the bets of account {self._account} can't be read: {error}") from error

    async def commissions(self, markets: Collection[MarketId]) -> Mapping[MarketId, Decimal]:
        try:
            return await rolled_up(self._client, markets)
        except (NeverSent, ReplyUnknown, ValueError) as error:
            raise VenueTrouble(f"the commission of account {self._account} can't be read: {error}") from error

    def _seen(self, markets: tuple[Market, ...]) -> tuple[Market, ...]:
        """Their selections are needed again when the runners of one are asked for."""
        self._cards |= {market.id: market.selections for market in markets}
        for oldest in list(islice(self._cards, max(len(self._cards) - CARDS_KEPT, 0))):
            del self._cards[oldest]
        return markets

    async def _nearby(self, target: Target, on: date | None, named: set[str]) -> tuple[str, ...]:
        if target.event is None or any(same_name(target.event, name) for name in named):
            return ()
        rows = await self._client.read(wire.BETTING + "listEvents", catalogue.nearby_params(on, self._clock.now()))
        return catalogue.fixture_names(rows)

    def prepare(self, command: Asking) -> Request:
        """Secrets travel in headers only, so the redacted twin is the body itself."""
        body = _body(command)
        content = exact_json.encode(body)
        return Request(command=command, method="POST", url=self._addresses.betting, content=content, redacted=body)

    async def send(self, request: Request, send_by: SendBy | None) -> Answer:
        match request.command:
            case PlaceTicket():
                raise AssertionError("Betfair has no pools, and `check` lets no ticket through to it")
            case PlaceOrders() as command:
                return await self._place(request, command, send_by)
            case CancelOrder() as command:
                return await self._cancel(request, command, send_by)
            case QueryOrder() as command:
                return await self._query(request, command)
            case QueryBook() as command:
                return await self._book(request, command)
            case QueryRunners() as command:
                return await self._runners(request, command)
            case _:
                assert_never(request.command)

    async def _place(self, request: Request, command: PlaceOrders, send_by: SendBy | None) -> Answer:
        delay = self._watcher.delay(command.market)
        within = self._patience.answer + (self._patience.unknown_delay if delay is None else float(delay))
        asked = await self._ask(f"Place {_counted(len(command.placements), 'bet')}", request, within, send_by)
        at = self._clock.now()
        match asked.answer:
            case NeverSent() as error:
                events = outcomes.never_sent(command, str(error), at)
            case ReplyUnknown() as error:
                events = outcomes.all_unknown(command, str(error), at)
            case answer:
                events = translate.placed(command, answer, at)
        self._learn(command.market, events)
        return Answer(events=events, exchanges=asked.exchanges)

    async def _cancel(self, request: Request, command: CancelOrder, send_by: SendBy | None) -> Answer:
        asked = await self._ask(f"Cancel bet {command.bet}", request, self._patience.answer, send_by)
        at = self._clock.now()
        match asked.answer:
            case NeverSent() | ReplyUnknown() as error:
                event = outcomes.cancel_lost(command, str(error), at)
            case answer:
                event = translate.cancelled(command, answer, at)
        return Answer(events=(event,), exchanges=asked.exchanges)

    async def _query(self, request: Request, command: QueryOrder) -> Answer:
        """Current orders first, then the four lists of cleared ones. An empty answer to all of them proves nothing."""
        exchanges: list[Exchange] = []
        try:
            events = await self._look_up(request, command, exchanges)
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable) as error:
            events = (OrderUnknown(at=self._clock.now(), ref=command.ref, text=f"it could not be looked up: {error}"),)
        self._learn(command.market, events)
        return Answer(events=events, exchanges=tuple(exchanges))

    async def _look_up(self, request: Request, command: QueryOrder, exchanges: list[Exchange]) -> tuple[Event, ...]:
        asked = await self._ask(f"Look up {command.ref}", request, READ_WITHIN, None)
        exchanges.extend(asked.exchanges)
        rows = fields.rows(value_of(asked.answer), "currentOrders")
        if events := holdings.found(command, rows, self._clock.now()):
            return events
        lists: dict[str, list[Any]] = {}
        for kind in holdings.CLEARED:
            params = {"betStatus": kind, "customerOrderRefs": [command.ref]}
            lists[kind] = await self._client.pages(wire.BETTING + "listClearedOrders", params, "clearedOrders", exchanges)
        at = self._clock.now()
        return holdings.found_cleared(command, lists, at) or (OrderNotFound(at=at, ref=command.ref),)

    async def _book(self, request: Request, command: QueryBook) -> Answer:
        """No event where there is no book to be had; the exchange says why."""
        asked = await self._ask("Odds on offer", request, READ_WITHIN, None)
        try:
            event = holdings.best_offers(command, value_of(asked.answer), self._clock.now())
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable):
            return Answer(events=(), exchanges=asked.exchanges)
        return Answer(events=(event,), exchanges=asked.exchanges)

    async def _runners(self, request: Request, command: QueryRunners) -> Answer:
        """No event where there is no book to be had, or none to decide by; the exchange says why."""
        title = "Runners and odds on offer"
        asked = await self._ask(title, request, READ_WITHIN, None)
        if isinstance(asked.answer, NeverSent | ReplyUnknown):  # an idle connection may have been closed; this is only a read
            asked = (await self._ask(title, request, READ_WITHIN, None)).after(asked)
        try:
            books = value_of(asked.answer)
            event = holdings.runners_seen(command, books, await self._card(command.market), self._clock.now())
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable) as error:
            *before, last = asked.exchanges
            return Answer(events=(), exchanges=(*before, replace(last, trouble=last.trouble or str(error))))
        return Answer(events=(event,), exchanges=asked.exchanges)

    async def _card(self, market: MarketId) -> tuple[Selection, ...]:
        """Asked for only where a run was taken up again and its markets were never looked up here."""
        if market not in self._cards:
            operation = wire.BETTING + "listMarketCatalogue"
            rows = holdings.listed(await self._client.read(operation, catalogue.card_params(market)))
            self._cards[market] = catalogue.card(rows[0]) if rows else ()
        return self._cards[market]

    async def _ask(self, title: str, request: Request, within: float, send_by: SendBy | None) -> Asked[Envelope]:
        return await self._client.ask(Question.of(request, title, within=within, send_by=send_by))

    def _learn(self, market: MarketId, events: tuple[Event, ...]) -> None:
        """The watcher then knows which bets can change, and tells nothing twice."""
        for event in events:
            if isinstance(event, OrderAccepted | OrderReported):
                told = Bet(ref=event.ref, sizes=event.sizes, average_odds=event.average_odds)
                self._watcher.learn(market, event.bet, told)

    def watch(self, market: MarketId) -> None:
        self._watcher.watch(market)

    def unwatch(self, market: MarketId) -> None:
        self._watcher.unwatch(market)

    def facts(self) -> AsyncIterator[Event]:
        return self._watcher.facts()


def _body(command: Asking) -> dict[str, Any]:
    match command:
        case PlaceOrders():
            return translate.place_body(command)
        case CancelOrder():
            return translate.cancel_body(command)
        case QueryOrder():
            return translate.query_body(command)
        case QueryBook() | QueryRunners():
            return translate.book_body(command)
        case PlaceTicket():
            raise AssertionError("Betfair has no pools")
        case _:
            assert_never(command)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
