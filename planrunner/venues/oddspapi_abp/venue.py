"""OddsPapi ABP behind the venue port: one key, by its socket and REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, assert_never

from planrunner.model.commands import (
    CancelOrder,
    NewPlacement,
    PlaceOrders,
    PlaceTicket,
    QueryBook,
    QueryOrder,
    QueryRunners,
    narrowed,
)
from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.events import Event, OrderNotFound, OrderNotSent, OrderRejected, OrderUnknown
from planrunner.model.journal import Exchange
from planrunner.model.market import AccountName, Market, MarketId, OrderRef, Selection, SelectionId
from planrunner.model.plan import MarketQuery, Target
from planrunner.model.profile import VenueProfile
from planrunner.net.door import Door
from planrunner.ports import Answer, Asking, Card, Catalogue, Clock, Request, Secrets, SendBy, VenueBet
from planrunner.venues import exact_json, outcomes
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import translate, wire
from planrunner.venues.oddspapi_abp.catalogue import Slip, best_offer, market_of, refused_by_limits, slip_of
from planrunner.venues.oddspapi_abp.client import Client, NothingThere, Terms, value_of
from planrunner.venues.oddspapi_abp.following import DOUBTS, NO_COMMISSION, Follower, Pace
from planrunner.venues.oddspapi_abp.frames import emergency_of_status
from planrunner.venues.oddspapi_abp.holdings import Held, Rates, ended_without_a_bet, fact_of, gathered
from planrunner.venues.oddspapi_abp.profile import PROFILE
from planrunner.venues.oddspapi_abp.wire import Fault, Result

BY_IDS = "OddsPapi ABP knows nothing by name here; say `event_id` and `selection_id`"
# A placement may leave for two seconds after its intent; what the bookmakers take is looked at in the first half of the first.
LIMITS_WITHIN = 0.5
LIMITS_KEPT = 3.0
LIMITS_AT_ONCE = 10  # selections of one request; the orders on others leave unlooked-at, and the venue decides
DOUBT_AGAIN_AFTER = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an answer may take, in seconds: to placing, and to what is looked at before."""

    answer: float = PROFILE.answer_within.total_seconds()
    limits: float = LIMITS_WITHIN


class AbpVenue:
    """See `ports.Venue`. The door belongs to whoever made it."""

    def __init__(
        self,
        *,
        account: AccountName,
        currency: str,
        door: Door,
        clock: Clock,
        secrets: Secrets,
        terms: Terms | None = None,
        pace: Pace | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._account = account
        self._currency = currency
        self._clock = clock
        self._patience = patience or Patience()
        self._rates = Rates()
        self._client = Client(account=account, door=door, clock=clock, secrets=secrets, terms=terms or Terms())
        self._follower = Follower(account=account, client=self._client, clock=clock, rates=self._rates, pace=pace or Pace())
        self._slips: dict[tuple[MarketId, SelectionId], tuple[float, Slip]] = {}
        self._cards: dict[MarketId, tuple[Selection, ...]] = {}

    @property
    def profile(self) -> VenueProfile:
        return PROFILE

    async def open(self) -> None:
        """There is no session; the key is shown once to see that it opens. The accounts behind it tell what their money is worth.
        A key may be good for orders and not for looking at accounts."""
        self._client.unlock()
        asked = await self._client.ask("Accounts", "/accounts")
        match asked.answer:
            case Result(value=body):
                with suppress(Unreadable):
                    for row in wire.page(body, "accounts").rows:
                        self._rates.learn(row.get("currencyInfo") if isinstance(row, dict) else None)
            case Fault(status=403, text=text) if "denied" in text.casefold():
                pass
            case Fault(status=401 | 403) as fault:
                words = translate.words_of(fault)
                raise VenueRefused(f"OddsPapi ABP refused the key of account {self._account}: {words}")
            case answer:
                try:
                    value_of(answer)
                except (NeverSent, ReplyUnknown) as error:
                    raise VenueTrouble(f"OddsPapi ABP can't be reached: {error}") from error
        await self._ask_about_emergency()

    async def _ask_about_emergency(self) -> None:
        """The socket tells of what changes, not of what is already so. How the venue's page looks is not documented."""
        asked = await self._client.ask("Status", "/status")
        if isinstance(asked.answer, Result) and emergency_of_status(asked.answer.value):
            self._follower.set_emergency(None, is_active=True)

    async def close(self) -> None:
        await self._follower.close()

    # the catalogue

    async def find(self, target: Target, *, on: date | None) -> Catalogue:  # noqa: ARG002 - an id has one day
        """A betslip shows one selection, so a market is as much of it as was asked for so far."""
        fixture, outcome, player = target.event_id, target.selection_id, target.player_id or "0"
        if fixture is None or outcome is None or not outcome.isdecimal() or not player.isdecimal():
            raise VenueRefused(BY_IDS)
        path = translate.betslip_query(translate.market_id(fixture, ""), translate.selection_id(outcome, str(int(player))))
        try:
            body = await self._client.read("Names and limits", path)
            market = market_of(body)
            slip_of(body, self._rates)
        except NothingThere:
            return Catalogue(markets=(), nearby=())
        except (NeverSent, ReplyUnknown, Unreadable) as error:
            raise VenueTrouble(f"OddsPapi ABP's betslip of {fixture} can't be read: {error}") from error
        return Catalogue(markets=(self._seen(market),), nearby=())

    def _seen(self, market: Market) -> Market:
        known = {one.id: one for one in (*self._cards.get(market.id, ()), *market.selections)}
        self._cards[market.id] = tuple(known.values())
        self._follower.knows(market.id, market.selections[0].id)
        return Market(
            id=market.id, name=market.name, fixture=market.fixture, start=market.start, selections=self._cards[market.id],
            ladder=market.ladder, sport=market.sport, meeting=market.meeting, kind=market.kind,
        )  # fmt: skip

    async def markets(self, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:  # noqa: ARG002
        raise VenueRefused(f"{BY_IDS}. It has no list of markets, so `for_each_market` can't be used with it")

    async def products(self, meeting: str, *, on: date | None) -> Card:  # noqa: ARG002 - no pools anywhere
        return Card()

    # the account

    async def bets(self, since: datetime) -> tuple[VenueBet, ...]:
        """The orders of planrunner; what else the key places has another label. A bet may be confirmed while they are read, as in
        looking one up."""
        for left in reversed(range(DOUBTS)):
            try:
                listed = await self._listed()
                break
            except (NeverSent, ReplyUnknown) as error:
                raise self._unlisted(error) from error
            except Unreadable as error:
                if not left:
                    raise self._unlisted(error) from error
            await asyncio.sleep(DOUBT_AGAIN_AFTER)
        return tuple(bet for held, bet in listed if not _is_long_over(held, bet, since))

    async def commissions(self, markets: Collection[MarketId]) -> Mapping[MarketId, Decimal]:
        """ABP tells of none."""
        return dict.fromkeys(markets, NO_COMMISSION)

    async def _listed(self) -> list[tuple[Held, VenueBet]]:
        """Raises as `read`, and Unreadable."""
        rows = await self._client.orders({"userRef": translate.USER_REF})
        found = {wire.text(row, "orderId"): row for row in rows}
        made = await self._client.bets(list(found)) if found else {}
        at = self._clock.now()
        return [_listed(gathered(row, made[id_], self._rates, at), at) for id_, row in found.items()]

    def _unlisted(self, error: Exception) -> VenueTrouble:
        return VenueTrouble(f"the orders of account {self._account} can't be read: {error}")

    # requests

    def prepare(self, command: Asking) -> Request:
        """The key travels in a header only, so the redacted twin is the body itself."""
        path, body = self._written(command)
        content = b"" if body is None else exact_json.encode(body)
        method, url = "GET" if body is None else "POST", self._client.terms.base + path
        return Request(command=command, method=method, url=url, content=content, redacted=body)

    def _written(self, command: Asking) -> tuple[str, Any]:
        match command:
            case PlaceOrders():
                return "/place-orders", translate.place_body(command, self._currency)
            case CancelOrder():
                return "/cancel-orders", translate.cancel_body(command)
            case QueryOrder():
                return translate.orders_query(command), None
            case QueryBook():
                return translate.book_query(command), None
            case QueryRunners():
                return "/betslip", None
            case PlaceTicket():
                raise AssertionError("OddsPapi ABP has no pools, and `check` lets no ticket through to it")
            case _:
                assert_never(command)

    async def send(self, request: Request, send_by: SendBy | None) -> Answer:
        match request.command:
            case PlaceOrders() as command:
                return await self._place(command, send_by)
            case CancelOrder() as command:
                return await self._cancel(request, command, send_by)
            case QueryOrder() as command:
                return await self._query(command)
            case QueryBook() as command:
                return await self._book(command)
            case QueryRunners():
                return Answer(events=(), exchanges=())  # a betslip shows one selection; nothing shows a whole market
            case PlaceTicket():
                raise AssertionError("OddsPapi ABP has no pools")
            case _:
                assert_never(request.command)

    # placing

    async def _place(self, command: PlaceOrders, send_by: SendBy | None) -> Answer:
        """What the venue would decline for certain does not leave, and the others leave without it. An order is written the same
        whatever others are in its request."""
        exchanges: list[Exchange] = []
        for one in command.placements:
            self._follower.expects(command.market, one.ref)
            self._follower.knows(command.market, one.selection)
        told = await self._held_back(command, exchanges)
        left = [one.ref for one in command.placements if one.ref not in told]
        if left:
            rest = narrowed(command, left)
            assert isinstance(rest, PlaceOrders)
            told |= {_ref(event): event for event in await self._send_orders(rest, send_by, exchanges)}
        events = tuple(told[one.ref] for one in command.placements)
        self._follower.learn(events)
        return Answer(events=events, exchanges=tuple(exchanges))

    async def _send_orders(self, command: PlaceOrders, send_by: SendBy | None, exchanges: list[Exchange]) -> tuple[Event, ...]:
        count = len(command.placements)
        path, body = self._written(command)
        title = f"Place {count} order{'' if count == 1 else 's'}"
        asked = await self._client.ask(title, path, body, within=self._patience.answer, send_by=send_by)
        exchanges.extend(asked.exchanges)
        at = self._clock.now()
        match asked.answer:
            case NeverSent() as error:
                return outcomes.never_sent(command, str(error), at)
            case ReplyUnknown() as error:
                return outcomes.all_unknown(command, str(error), at)
            case answer:
                return translate.placed(command, answer, self._rates, at)

    async def _held_back(self, command: PlaceOrders, exchanges: list[Exchange]) -> dict[OrderRef, Event]:
        """What does not leave, and why."""
        told: dict[OrderRef, Event] = {}
        for one in command.placements:
            at = self._clock.now()
            if (text := self._follower.emergency_for(one)) is not None:
                told[one.ref] = OrderNotSent(at=at, ref=one.ref, attempt=command.attempt, text=text)
            elif one.good_until is not None and one.good_until <= at:
                told[one.ref] = OrderRejected(
                    at=at, ref=one.ref, reason="EXPIRED", text="its time was over before it could leave"
                )
        left = [one for one in command.placements if one.ref not in told]
        slips = await self._slips_for(command.market, left, exchanges)
        for one in left:
            slip = slips.get(one.selection)
            if slip is not None and (refused := refused_by_limits(one, slip, self._currency)) is not None:
                reason, text = refused
                told[one.ref] = OrderRejected(at=self._clock.now(), ref=one.ref, reason=reason, text=text)
        return told

    async def _slips_for(
        self, market: MarketId, placements: Sequence[NewPlacement], exchanges: list[Exchange]
    ) -> dict[SelectionId, Slip]:
        """What bookmakers take now, as far as that is known in time."""
        wanted = list(dict.fromkeys(one.selection for one in placements))
        fresh = {one: slip for one in wanted if (slip := self._kept(market, one)) is not None}
        missing = [one for one in wanted if one not in fresh][:LIMITS_AT_ONCE]
        if missing and not self._client.is_held_up:
            asked = await asyncio.gather(*(self._slip(market, one, exchanges) for one in missing))
            fresh |= {one: slip for one, slip in zip(missing, asked, strict=True) if slip is not None}
        return fresh

    def _kept(self, market: MarketId, selection: SelectionId) -> Slip | None:
        at, slip = self._slips.get((market, selection), (float("-inf"), None))
        return slip if self._clock.age() - at < LIMITS_KEPT else None

    async def _slip(self, market: MarketId, selection: SelectionId, exchanges: list[Exchange]) -> Slip | None:
        path = translate.betslip_query(market, selection)
        asked = await self._client.ask("Limits", path, within=self._patience.limits)
        exchanges.extend(asked.exchanges)
        if not isinstance(asked.answer, Result):
            return None
        try:
            slip = slip_of(asked.answer.value, self._rates)
        except Unreadable:
            return None
        self._slips[market, selection] = (self._clock.age(), slip)
        return slip

    # the rest

    async def _cancel(self, request: Request, command: CancelOrder, send_by: SendBy | None) -> Answer:
        asked = await self._client.ask(
            f"Cancel order {command.bet}", "/cancel-orders", request.redacted, within=self._patience.answer, send_by=send_by
        )
        at = self._clock.now()
        match asked.answer:
            case NeverSent() | ReplyUnknown() as error:
                event = outcomes.cancel_lost(command, str(error), at)
            case answer:
                event = translate.cancelled(command, answer, at)
        return Answer(events=(event,), exchanges=asked.exchanges)

    async def _query(self, command: QueryOrder) -> Answer:
        exchanges: list[Exchange] = []
        self._follower.expects(command.market, command.ref)
        try:
            events = await self._look_up(command, exchanges)
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable) as error:
            events = (OrderUnknown(at=self._clock.now(), ref=command.ref, text=f"it could not be looked up: {error}"),)
        self._follower.learn(events)
        return Answer(events=events, exchanges=tuple(exchanges))

    async def _look_up(self, command: QueryOrder, exchanges: list[Exchange]) -> tuple[Event, ...]:
        """The order, then its bets. A bet may be confirmed between the two, and then they contradict each other; so both are
        read again before that is believed."""
        for left in reversed(range(DOUBTS)):
            rows = await self._client.orders({"requestUuids": command.ref}, exchanges)
            mine = {wire.text(row, "orderId"): row for row in rows if wire.text(row, "requestUuid").lower() == command.ref}
            if not mine:
                return (OrderNotFound(at=self._clock.now(), ref=command.ref),)
            made = await self._client.bets(list(mine), exchanges)
            at, age = self._clock.now(), self._clock.age()
            try:
                for row in mine.values():
                    self._follower.time.hear(row, age)
                there = self._follower.time.now(at, age)
                return tuple(fact_of(gathered(row, made[id_], self._rates, there), at) for id_, row in mine.items())
            except Unreadable:
                if not left:
                    raise
            await asyncio.sleep(DOUBT_AGAIN_AFTER)
        raise AssertionError("the last time it is raised")

    async def _book(self, command: QueryBook) -> Answer:
        """No event where there is no book to be had; the exchange says why."""
        self._follower.knows(command.market, command.selection)
        asked = await self._client.ask("Odds on offer", translate.book_query(command))
        try:
            slip = slip_of(value_of(asked.answer), self._rates)
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable):
            return Answer(events=(), exchanges=asked.exchanges)
        event = best_offer(command, slip, self._currency, self._clock.now())
        return Answer(events=(event,), exchanges=asked.exchanges)

    # facts

    def watch(self, market: MarketId) -> None:
        self._follower.watch(market)

    def unwatch(self, market: MarketId) -> None:
        self._follower.unwatch(market)
        self._cards.pop(market, None)
        self._slips = {where: slip for where, slip in self._slips.items() if where[0] != market}

    def facts(self) -> AsyncIterator[Event]:
        return self._follower.facts()


def _ref(event: Event) -> OrderRef:
    ref: OrderRef = event.ref  # type: ignore[union-attr]
    return ref


def _listed(held: Held, at: datetime) -> tuple[Held, VenueBet]:
    order = held.order
    return held, VenueBet(
        bet=order.bet,
        ref=order.ref,
        market=order.market or translate.market_id(order.fixture, ""),
        selection=order.selection,
        side=order.side,
        odds=order.odds,
        sizes=held.sizes,
        average_odds=held.average_odds,
        settled=held.settled(at),
    )


def _is_long_over(held: Held, bet: VenueBet, since: datetime) -> bool:
    """Settled, or over without a bet, and not touched since."""
    was_matched = bet.sizes.matched or bet.sizes.voided
    is_over = not bet.sizes.remaining and (bet.settled is not None or not was_matched or ended_without_a_bet(held))
    return is_over and held.order.updated is not None and held.order.updated < since
