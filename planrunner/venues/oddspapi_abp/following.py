"""The orders and markets that are watched, and what is told of them: only what changed.

The socket says which orders changed, and REST what they are now. Everything open is read anew after a gap, a reconnect, or what
could not be read; now and then in any case; and again and again while the socket is down.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from planrunner.model.commands import NewPlacement
from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.events import (
    BetSettled,
    Event,
    MarketChanged,
    MarketSettled,
    OrderAccepted,
    OrderReported,
    OrderUnknown,
    Outcome,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import AccountName, MarketId, MarketStatus, OrderRef, SelectionId
from planrunner.model.placement import Sizes
from planrunner.model.plan import Routing
from planrunner.ports import Clock
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import wire
from planrunner.venues.oddspapi_abp.catalogue import seen, slip_of
from planrunner.venues.oddspapi_abp.client import Client, NothingThere, chunks
from planrunner.venues.oddspapi_abp.frames import Data, emergency, hint
from planrunner.venues.oddspapi_abp.holdings import (
    OVER_FOR_SURE,
    Held,
    Rates,
    VenueTime,
    ended_without_a_bet,
    fact_of,
    gathered,
    order_of,
)
from planrunner.venues.oddspapi_abp.stream import Stream
from planrunner.venues.oddspapi_abp.translate import USER_REF, betslip_query

# An order and its bets are two reads, and a bet may be confirmed between them; so often it is read again before it is told.
DOUBTS = 3
# How far back the account is read for orders of a market that is new here. None is settled so late.
LOOK_BACK = timedelta(days=30)
NO_COMMISSION = Decimal("0.00")  # what an exchange takes is in its odds or its returns; ABP tells of none


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to read, in seconds: without the socket while bets can change, and while none can; with it, all that is open just
    in case, and where only results are to come; fixtures, whose start may move. `settling`: how long a settled order is still
    read, because results are corrected.
    """

    busy: float = 1.0
    quiet: float = 5.0
    check: float = 30.0
    results: float = 300.0
    fixtures: float = 60.0
    settling: float = 600.0


@dataclass(slots=True, kw_only=True)
class Followed:
    """An order of ours, as it was last told."""

    id: str
    ref: OrderRef
    market: MarketId
    sizes: Sizes | None = None
    told: tuple[Any, ...] | None = None
    held: Held | None = None
    settled: tuple[Outcome, Decimal] | None = None
    is_refused: bool = False
    doubts: int = 0
    trouble: str | None = None
    newer: datetime | None = None  # the socket spoke of a state as new as this
    done_after: datetime | None = None

    @property
    def is_open(self) -> bool:
        return not self.is_refused and (self.sizes is None or bool(self.sizes.remaining))

    @property
    def has_result(self) -> bool:
        """Nothing more is to be expected of it."""
        if self.is_refused or self.settled is not None:
            return True
        return not self.is_open and self.held is not None and not any(one.is_matched or one.is_void for one in self.held.pieces)


@dataclass(slots=True, kw_only=True)
class Watched:
    """A market. `selection` is one that is known of it: a betslip shows no market without."""

    is_new: bool = True
    selection: SelectionId | None = None
    told: tuple[MarketStatus, bool, datetime] | None = None
    looked: float = float("-inf")  # age
    is_settled: bool = False
    orders: dict[str, None] = field(default_factory=dict)


class Follower:
    """Of one account. It is the `Listener` of its socket."""

    def __init__(self, *, account: AccountName, client: Client, clock: Clock, rates: Rates, pace: Pace) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._rates = rates
        self.time = VenueTime()
        self._pace = pace
        self._stream = Stream(client, self)
        self._listening: asyncio.Task[None] | None = None
        self._markets: dict[MarketId, Watched] = {}
        self._selections: dict[MarketId, SelectionId] = {}
        self._markets_of: dict[OrderRef, MarketId] = {}  # where our placements went, also those whose answer was lost
        self._orders: dict[str, Followed] = {}
        self._of_bet: dict[str, str] = {}
        self._due: dict[str, None] = {}  # orders to be read
        self._due_refs: dict[OrderRef, None] = {}
        self._read_all = False
        self._checked = float("-inf")  # age
        self._found: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._outages: dict[str, str] = {}
        self._is_down = False
        self._is_joined = False
        self._is_closed = False
        self._emergencies: dict[str | None, str] = {}

    # the venue tells

    def watch(self, market: MarketId) -> None:
        self._markets.setdefault(market, Watched(selection=self._selections.get(market)))
        self._wake.set()

    def unwatch(self, market: MarketId) -> None:
        """A login may last for months, so nothing is kept of a market that nobody watches."""
        self._markets.pop(market, None)
        gone = {one.id for one in self._orders.values() if one.market == market}
        self._orders = {id_: one for id_, one in self._orders.items() if id_ not in gone}
        self._of_bet = {bet: order for bet, order in self._of_bet.items() if order not in gone}
        self._markets_of = {ref: where for ref, where in self._markets_of.items() if where != market}

    def knows(self, market: MarketId, selection: SelectionId) -> None:
        """A selection of a market, for betslips."""
        self._selections.setdefault(market, selection)
        if (watched := self._markets.get(market)) is not None and watched.selection is None:
            watched.selection = selection
            self._wake.set()

    def expects(self, market: MarketId, ref: OrderRef) -> None:
        """A reference of ours is on its way there."""
        self._markets_of[ref] = market

    def learn(self, events: Iterable[Event]) -> None:
        """What was told outside of a look: by the answer to a placement, or to a look-up. It is read once in any case: what
        happened before its number was known here may have passed unheard."""
        for event in events:
            if not isinstance(event, OrderAccepted | OrderReported):
                continue
            followed = self._follow(str(event.bet), event.ref)
            if followed is not None and (followed.sizes is None or event.sizes.progress >= followed.sizes.progress):
                followed.sizes, followed.told = event.sizes, (event.sizes, event.average_odds, event.fills)
                self._due[followed.id] = None
                self._wake.set()

    def emergency_for(self, placement: NewPlacement) -> str | None:
        """Why nothing may be sent there now."""
        if None in self._emergencies:
            return self._emergencies[None]
        allowed = (placement.routing or Routing()).bookmakers
        if allowed and all(one in self._emergencies for one in allowed):
            return self._emergencies[allowed[0]]
        return None

    def set_emergency(self, bookmaker: str | None, *, is_active: bool) -> None:
        if is_active:
            where = f" at {wire.said(bookmaker)}" if bookmaker else ""
            self._emergencies[bookmaker] = (
                f"OddsPapi ABP has declared an emergency{where}; nothing is sent there until it is over"
            )
        elif bookmaker is None:
            self._emergencies.clear()
        else:
            self._emergencies.pop(bookmaker, None)
        self._outage("emergency", next(iter(self._emergencies.values()), None))

    async def close(self) -> None:
        self._is_closed = True
        self._wake.set()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    # the socket tells

    def joined(self) -> None:
        self._is_joined = self._read_all = True
        self._outage("socket", None)
        self._wake.set()

    def lost(self, text: str) -> None:
        self._is_joined, self._read_all = False, True
        self._outage("socket", f"{text}; orders are asked for again and again meanwhile")
        self._wake.set()

    def missed(self) -> None:
        self._read_all = True
        self._wake.set()

    def heard(self, data: Data) -> None:
        if data.channel in ("orders", "bets", "settlements"):
            self._hinted(data)
        elif data.channel == "emergency":
            told = emergency(data.payload)
            # An emergency in words that are not known is one: to wait does no harm.
            self.set_emergency(told.bookmaker, is_active=told.is_active is not False)
        # Balances are of each bookmaker, in the money there; nothing is decided by them.
        self._wake.set()

    def _hinted(self, data: Data) -> None:
        said = hint(data.payload)
        if said is None:
            self._read_all = True
            return
        order = said.order or self._of_bet.get(said.bet or "")
        if order is None:
            if said.ref is None:
                self._read_all = True
            elif said.ref in self._markets_of:
                self._due_refs[OrderRef(said.ref)] = None
            return
        followed = self._orders.get(order)
        if followed is None and said.ref is not None:
            followed = self._follow(order, OrderRef(said.ref))
        if followed is not None:  # else it is another program's, or its placement is not answered yet and it is read then
            self._due[order] = None
            followed.newer = max(filter(None, (followed.newer, said.updated)), default=None)

    def _follow(self, order: str, ref: OrderRef, market: MarketId | None = None) -> Followed | None:
        where = self._markets_of.get(ref, market)
        if where is None or (watched := self._markets.get(where)) is None:
            return None
        if order not in self._orders:
            self._orders[order] = Followed(id=order, ref=ref, market=where)
            watched.orders[order] = None
            watched.is_settled = False
        return self._orders[order]

    # facts

    async def facts(self) -> AsyncIterator[Event]:
        """Until closed. What was found before a look failed is told all the same."""
        if self._listening is None and not self._is_closed:
            self._listening = asyncio.ensure_future(self._stream.run())
        while not self._is_closed:
            self._wake.clear()
            began, outage = self._clock.age(), None
            try:
                await self._look()
            except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable) as error:
                outage = str(error)
            self._outage("reading", outage)
            while self._found:
                yield self._found.popleft()
            # With hundreds of open orders a look takes long; without the socket it never takes more than a fifth of the time.
            await self._pause(0.0 if self._is_joined else 4 * (self._clock.age() - began))

    def _outage(self, kind: str, text: str | None) -> None:
        """Once when the first begins and once when the last is over."""
        if text is None:
            self._outages.pop(kind, None)
        else:
            self._outages.setdefault(kind, text)
        if bool(self._outages) is self._is_down:
            return
        self._is_down, at = bool(self._outages), self._clock.now()
        if text is None:
            self._found.append(VenueUp(at=at, account=self._account))
        else:
            self._found.append(VenueDown(at=at, account=self._account, text=text))

    async def _pause(self, at_least: float) -> None:
        """Until something is to be read; the socket, a new market and a first order make it so at once."""
        await asyncio.sleep(at_least)
        if self._found:
            return
        if not self._markets:
            await self._wake.wait()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait()):
                await self._wake.wait()

    def _wait(self) -> float:
        """Seconds."""
        is_open = any(one.is_open for one in self._live())
        if self._due or self._due_refs or self._read_all:
            return self._pace.busy
        if not self._is_joined:
            return self._pace.busy if is_open else self._pace.quiet
        waits = [self._check_every(), self._pace.fixtures]
        if any(one.told is not None and one.told[0] is MarketStatus.SUSPENDED for one in self._markets.values()):
            waits.append(self._pace.quiet)
        now = self._clock.now()
        ends = (one.held.order.expires for one in self._live() if one.is_open and one.held is not None)
        left = [(end + OVER_FOR_SURE - now).total_seconds() for end in ends if end is not None]
        waits += [one if one > 0 else self._pace.quiet for one in left]
        return min(waits)

    def _check_every(self) -> float:
        return self._pace.check if any(one.is_open for one in self._live()) else self._pace.results

    def _live(self) -> list[Followed]:
        now = self._clock.now()
        return [one for one in self._orders.values() if one.done_after is None or now < one.done_after]

    async def _look(self) -> None:
        if not self._markets:
            return
        await self._look_at_account()
        await self._look_at_orders()
        await self._look_at_fixtures()
        self._look_at_settlement()

    # orders

    async def _look_at_account(self) -> None:
        """Which orders there are in the markets that are new here: a run that is taken up had placed some."""
        fresh = [market for market, watched in self._markets.items() if watched.is_new]
        if not fresh:
            return
        since = self._clock.now() - LOOK_BACK
        for row in await self._client.orders({"userRef": USER_REF}, until=lambda last: _is_before(last, since)):
            with suppress(Unreadable):
                order = order_of(row)
                if self._follow(str(order.bet), order.ref, order.market) is not None:
                    self._due[order.bet] = None
        for market in fresh:
            if market in self._markets:
                self._markets[market].is_new = False

    async def _look_at_orders(self) -> None:
        now = self._clock.age()
        if self._read_all or not self._is_joined or now - self._checked >= self._check_every() or self._is_one_over():
            self._read_all, self._checked = False, now
            self._due |= dict.fromkeys(one.id for one in self._live())
        due, self._due = self._due, {}
        refs, self._due_refs = self._due_refs, {}
        try:
            for some in chunks(list(refs)):
                await self._read({"requestUuids": ",".join(some)}, [])
            for some in chunks([one for one in due if one in self._orders]):
                await self._read({"orderIds": ",".join(some)}, some)
        except BaseException:
            self._due, self._due_refs = due | self._due, refs | self._due_refs
            raise

    def _is_one_over(self) -> bool:
        """Its time has passed, and nobody says so."""
        now = self._clock.now()
        open_ones = (one.held.order for one in self._live() if one.is_open and one.held is not None)
        return any(one.expires is not None and now >= one.expires + OVER_FOR_SURE for one in open_ones)

    async def _read(self, params: dict[str, str], wanted: list[str]) -> None:
        rows: dict[str, Any] = {}
        for row in await self._client.orders(params):
            order = wire.text(row, "orderId")
            ref = fields.optional(row, "requestUuid")
            if order in self._orders or (isinstance(ref, str) and self._follow(order, OrderRef(ref.lower())) is not None):
                rows[order] = row
        bets = await self._client.bets(list(rows)) if rows else {}
        for order, row in rows.items():
            if (followed := self._orders.get(order)) is not None:
                self._seen(followed, row, bets[order])
        for order in wanted:
            if order not in rows and (followed := self._orders.get(order)) is not None and followed.is_open:
                self._in_doubt(followed, "the venue no longer lists it")

    def _seen(self, followed: Followed, row: Any, bets: list[Any]) -> None:
        at = self._clock.now()
        try:
            self.time.hear(row, self._clock.age())
            held = gathered(row, bets, self._rates, self.time.now(at, self._clock.age()))
            settled = None if ended_without_a_bet(held) else held.settled(at)
        except Unreadable as error:
            self._in_doubt(followed, f"what the venue holds as order {followed.id} can't be read: {error}")
            return
        self._of_bet |= {one.id: followed.id for one in held.pieces}
        if followed.newer is not None and held.order.updated is not None and held.order.updated < followed.newer:
            followed.doubts += 1
            if followed.doubts < DOUBTS:  # REST is behind the socket
                self._due[followed.id] = None
        else:
            followed.doubts, followed.newer = 0, None
        followed.trouble = None
        self._tell(followed, held, settled, at)

    def _in_doubt(self, followed: Followed, text: str) -> None:
        """Read again before it is told, and told once."""
        followed.doubts += 1
        if followed.doubts < DOUBTS:
            self._due[followed.id] = None
        elif followed.trouble != text:
            followed.trouble = text
            self._found.append(OrderUnknown(at=self._clock.now(), ref=followed.ref, text=text))

    def _tell(self, followed: Followed, held: Held, settled: BetSettled | None, at: datetime) -> None:
        if followed.sizes is not None and held.sizes.progress < followed.sizes.progress:
            return  # read before, answered after something newer was learned another way
        followed.held = held
        if ended_without_a_bet(held):
            if not followed.is_refused:
                followed.is_refused = True
                self._found.append(fact_of(held, at))
            return
        now = (held.sizes, held.average_odds, held.fills)
        if followed.told != now:
            followed.sizes, followed.told = held.sizes, now
            self._found.append(held.reported(at))
        if settled is not None and followed.settled != (settled.outcome, settled.profit):
            followed.settled = (settled.outcome, settled.profit)
            followed.done_after = at + timedelta(seconds=self._pace.settling)
            self._found.append(settled)
        elif settled is None and followed.has_result and followed.done_after is None:
            followed.done_after = at + timedelta(seconds=self._pace.settling)

    # markets

    async def _look_at_fixtures(self) -> None:
        """Scheduled starts move. What is shut is looked at sooner."""
        for market, watched in list(self._markets.items()):
            is_open = watched.told is not None and watched.told[0] is MarketStatus.OPEN
            age = self._clock.age() - watched.looked
            if watched.selection is None or age < (self._pace.fixtures if is_open else self._pace.quiet):
                continue
            watched.looked = self._clock.age()
            try:
                body = await self._client.read("Fixture and odds", betslip_query(market, watched.selection))
                now = seen(body, slip_of(body, self._rates))
            except (NothingThere, Unreadable):
                continue  # nobody offers odds on it just now, or it is over
            if watched.told != (now.status, now.in_play, now.start):
                watched.told = (now.status, now.in_play, now.start)
                self._found.append(
                    MarketChanged(at=self._clock.now(), market=market, status=now.status, in_play=now.in_play, start=now.start)
                )

    def _look_at_settlement(self) -> None:
        """A market counts as settled when every order of ours there has its result, and one of them had a bet."""
        for market, watched in self._markets.items():
            orders = [self._orders[one] for one in watched.orders if one in self._orders]
            is_settled = any(one.settled for one in orders) and all(one.has_result for one in orders)
            if is_settled and not watched.is_settled:
                self._found.append(
                    MarketSettled(at=self._clock.now(), account=self._account, market=market, commission=NO_COMMISSION)
                )
            watched.is_settled = is_settled


def _is_before(row: Any, since: datetime) -> bool:
    created = wire.moment(row, "createdAt")
    return created is not None and created < since
