"""The watched pools of one account and our bets in them, as facts.

A message says that something happened; what the venue holds is looked up, and only that is told. So messages may come twice,
late, in any order or never. A bet of which nothing was heard is looked up all the same: after a minute, or sooner while there are
no messages at all. Only changes are told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.events import (
    Event,
    MarketChanged,
    MarketSettled,
    OrderRejected,
    OrderUnknown,
    Outcome,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import AccountName, BetId, MarketId, MarketStatus, OrderRef
from planrunner.model.placement import ZERO, Sizes
from planrunner.model.pools import Dividend
from planrunner.ports import Clock
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.tote import catalogue, holdings, wire
from planrunner.venues.tote.client import Client
from planrunner.venues.tote.frames import Notice
from planrunner.venues.tote.holdings import Held

T = TypeVar("T")

POOLS_AT_ONCE = 20
CLOSING = timedelta(minutes=5)
# Seconds. A wait this short is lengthened: the last digit of a clock may stand still, and what is waited for would never be due.
TICK = 0.001
TROUBLES = (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look, in seconds. `unheard`: at a bet of which nothing was heard (the sheet's 60 s); `deaf`: the same while
    there are no messages; `again`: after a message that the look did not bear out yet, twice as long each time; `resting`: at an
    accepted bet before the race; `pools`: at the state of a pool, and `closing`: within five minutes of its closing. `settling`:
    how long a settled pool is still looked at; `most`: the longest pause."""

    unheard: float = 60.0
    deaf: float = 5.0
    again: float = 1.0
    resting: float = 300.0
    pools: float = 60.0
    closing: float = 10.0
    settling: float = 600.0
    most: float = 60.0


@dataclass(slots=True, kw_only=True)
class Bet:
    """A bet of ours. `asked` is None where it was found and not placed by this process; `told` what was last told of it."""

    ref: OrderRef
    asked: Decimal | None
    at_venue: BetId | None = None
    told: Sizes | None = None
    settled: tuple[Any, ...] | None = None
    look: tuple[object, ...] | None = None  # as it stood in the venue's answer
    trouble: str | None = None
    is_dead: bool = False  # refused
    due: float | None = None  # when it is looked at next, by age
    wait: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.is_dead or self.settled is not None


@dataclass(slots=True, kw_only=True)
class Watched:
    """A pool, and our bets in it."""

    due: float
    races: frozenset[str] = frozenset()
    told: MarketChanged | None = None
    read_all: bool = True
    bets: dict[OrderRef, Bet] = field(default_factory=dict)
    is_settled: bool = False
    done_after: float | None = None


class Watcher:
    def __init__(self, *, account: AccountName, currency: str, client: Client, clock: Clock, pace: Pace) -> None:
        self._account = account
        self._currency = currency
        self._client = client
        self._clock = clock
        self._pace = pace
        self._pools: dict[MarketId, Watched] = {}
        self._found: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._deaf: str | None = "there is no connection for messages"
        self._trouble: str | None = None
        self._paying: dict[MarketId, tuple[Dividend, ...]] = {}  # what was read in this look
        self._is_down = False
        self._is_closed = False

    # told from outside

    def watch(self, market: MarketId) -> None:
        self._pools.setdefault(market, Watched(due=self._clock.age()))
        self._wake.set()

    def unwatch(self, market: MarketId) -> None:
        self._pools.pop(market, None)

    def close(self) -> None:
        self._is_closed = True
        self._wake.set()

    def expect(self, market: MarketId, ref: OrderRef, asked: Decimal) -> None:
        """A bet is about to leave: a message about it may come before the answer does."""
        if (pool := self._pools.get(market)) is not None:
            pool.bets.setdefault(ref, Bet(ref=ref, asked=asked)).asked = asked

    def learn(self, market: MarketId, ref: OrderRef, asked: Decimal, at_venue: BetId, sizes: Sizes) -> None:
        """What was told of a bet by the answer to its placement, or to a look-up."""
        self.expect(market, ref, asked)
        if (pool := self._pools.get(market)) is None:
            return
        bet = pool.bets[ref]
        bet.at_venue = at_venue
        if bet.told is None or sizes.progress > bet.told.progress:
            bet.told = sizes
        if bet.due is None:  # else a message about it came first
            self._look_later(pool, bet)
        self._wake.set()

    def doubt(self, market: MarketId, ref: OrderRef) -> None:
        """What was told of it is an old answer."""
        if (pool := self._pools.get(market)) is not None and (bet := pool.bets.get(ref)) is not None:
            bet.due = self._clock.age()

    def refused(self, market: MarketId, ref: OrderRef) -> None:
        """It is at the venue no more, or never was."""
        if (pool := self._pools.get(market)) is not None and (bet := pool.bets.get(ref)) is not None:
            if bet.told is None:
                del pool.bets[ref]
            else:
                bet.is_dead, bet.due = True, None

    def hear(self, notice: Notice) -> None:
        """A message: what it is about is looked at now. One about a bet that can't be told apart may be about each whose number
        at the venue is not known yet."""
        now = self._clock.age()
        for market, pool in self._pools.items():
            if market == notice.product or (notice.race is not None and notice.race in pool.races):
                pool.due = now
            if notice.name.startswith("Bet"):
                for bet in pool.bets.values():
                    if _is_about(notice, bet) and not bet.is_dead:
                        bet.due, bet.wait = now, self._pace.again
        self._wake.set()

    def connected(self, down: str | None) -> None:
        """Of the messages: None once they come. What was said meanwhile is not said again, so everything open is looked at."""
        self._deaf = down
        now = self._clock.age()
        for pool in self._pools.values():
            pool.due = now if down is None else min(pool.due, now + self._pace.deaf)
            for bet in pool.bets.values():
                if bet.due is not None:
                    bet.due = now if down is None else min(bet.due, now + self._pace.deaf)
        self._wake.set()

    # facts

    async def facts(self, check: Callable[[], None]) -> AsyncIterator[Event]:
        """Until closed. What was found before a look failed is told all the same. `check` raises what must not go unnoticed."""
        while not self._is_closed:
            self._wake.clear()
            check()
            failed = False
            try:
                await self._client.keep_alive()
                await self._look()
                self._trouble = None
            except TROUBLES as error:
                self._trouble, failed = str(error), True
            self._tell_outage()
            while self._found:
                yield self._found.popleft()
            await self._pause(at_least=min(self._pace.deaf, self._pace.most) if failed else 0.0)

    def _tell_outage(self) -> None:
        """Once when it begins and once when it is over. Without messages bets are placed and looked up as ever."""
        text = self._trouble or (self._deaf and f"{self._deaf}; what becomes of bets is asked for every {self._pace.deaf:g} s")
        if bool(text) is self._is_down:
            return
        self._is_down, at = bool(text), self._clock.now()
        if text:
            self._found.append(VenueDown(at=at, account=self._account, text=text))
        else:
            self._found.append(VenueUp(at=at, account=self._account))

    async def _pause(self, at_least: float) -> None:
        """Until the next thing is due, or something new is."""
        await asyncio.sleep(at_least)
        left = min((due - self._clock.age() for due in self._dues()), default=None)
        if left is not None and left <= 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(None if left is None else max(min(left, self._pace.most), TICK)):
                await self._wake.wait()

    def _dues(self) -> Iterable[float]:
        for pool in self._live().values():
            yield pool.due
            yield from (bet.due for bet in pool.bets.values() if bet.due is not None)

    def _live(self) -> dict[MarketId, Watched]:
        now = self._clock.age()
        return {market: one for market, one in self._pools.items() if one.done_after is None or now < one.done_after}

    async def _look(self) -> None:
        """Whatever fails stands in the way of nothing else. Raises the first of its troubles."""
        live, first = self._live(), None
        self._paying.clear()
        looks: list[Callable[[], Awaitable[None]]] = [lambda: self._look_at_pools(live), lambda: self._look_at_bets(live)]
        for market, pool in live.items():
            if pool.read_all:
                looks.insert(0, partial(self._find_bets, market, pool))
        for look in looks:
            try:
                await look()
            except TROUBLES as error:
                first = first or error
        for market, pool in live.items():
            self._tell_settled(market, pool)
        if first is not None:
            raise first

    # pools

    async def _look_at_pools(self, pools: dict[MarketId, Watched]) -> None:
        now = self._clock.age()
        for some in _chunks([market for market, pool in pools.items() if pool.due <= now], POOLS_AT_ONCE):
            for market in some:
                pools[market].due = now + (self._pace.closing if self._is_closing(pools[market]) else self._pace.pools)
            data = await self._client.read("Look at pools", catalogue.states_query(some))
            for seen in map(catalogue.seen, catalogue.found(data)):
                if seen.market in pools:
                    self._pool_seen(pools[seen.market], seen)

    def _is_closing(self, pool: Watched) -> bool:
        told = pool.told
        return told is not None and told.status is MarketStatus.OPEN and told.start - self._clock.now() < CLOSING

    def _pool_seen(self, pool: Watched, seen: catalogue.Seen) -> None:
        pool.races = seen.races
        changed = MarketChanged(
            at=self._clock.now(), market=seen.market, status=seen.status, in_play=False, start=seen.start
        )  # fmt: skip
        told = pool.told
        if told is None or (told.status, told.start) != (changed.status, changed.start):
            pool.told = changed
            self._found.append(changed)

    # bets

    async def _find_bets(self, market: MarketId, pool: Watched) -> None:
        """Those that are there already: a run that is taken up again does not place them."""
        rows = await self._client.pages(
            "Look for bets", lambda after: holdings.bets_query(productId=str(market), after=after), "bets"
        )
        pool.read_all = False
        for row in filter(holdings.is_ours, rows):
            await self._bet_seen(market, pool, row)

    async def _look_at_bets(self, pools: dict[MarketId, Watched]) -> None:
        now = self._clock.age()
        due = {
            ref: (market, pool)
            for market, pool in pools.items()
            for ref, bet in pool.bets.items()
            if bet.due is not None and bet.due <= now
        }
        for some in _chunks(list(due), holdings.IDS_AT_ONCE):
            for ref in some:
                self._look_later(due[ref][1], due[ref][1].bets[ref])
            data = await self._client.read("Look at bets", holdings.bets_query(ids=[str(ref) for ref in some]))
            for row in wire.nodes(data, "bets"):
                ref = OrderRef(fields.text(row, "id"))
                if ref in due:
                    await self._bet_seen(*due[ref], row)

    def _look_later(self, pool: Watched, bet: Bet) -> None:
        """After a message that was not borne out yet soon, and then less and less often; else when nothing was heard for long."""
        if bet.is_dead:
            bet.due = None
            return
        usual = self._usual(pool, bet)
        soon, bet.wait = bet.wait, bet.wait * 2 if bet.wait * 2 < usual else 0.0
        bet.due = self._clock.age() + (soon if 0 < soon < usual else usual)

    def _usual(self, pool: Watched, bet: Bet) -> float:
        if bet.told is None or bet.told.remaining:
            return self._pace.unheard if self._deaf is None else self._pace.deaf
        is_before = pool.told is not None and pool.told.status is MarketStatus.OPEN and pool.told.start > self._clock.now()
        return self._pace.resting if is_before else self._pace.unheard

    async def _bet_seen(self, market: MarketId, pool: Watched, row: Any) -> None:
        ref = OrderRef(fields.text(row, "id"))
        bet = pool.bets.setdefault(ref, Bet(ref=ref, asked=None))
        try:
            if (refusal := holdings.refusal(row, self._clock.now())) is not None:
                self._refused(bet, refusal)
                return
            one = holdings.held(row)
            if one.market not in (None, market) or one.currency not in (None, self._currency):
                raise Unreadable("it is in another pool or another currency than the one that was asked for")
            self._told(bet, one)
            await self._settled(market, pool, bet, one)
            bet.trouble = None
        except ValueError as error:
            if bet.trouble != str(error):
                bet.trouble = str(error)
                text = f"what the venue holds can't be read: {error}"
                self._found.append(OrderUnknown(at=self._clock.now(), ref=ref, text=text))
        else:
            if bet.look != one.look:  # what was heard of it is borne out
                bet.look, bet.wait, bet.due = one.look, 0.0, None
        if bet.due is None:
            self._look_later(pool, bet)

    def _refused(self, bet: Bet, refusal: OrderRejected) -> None:
        """Told once, and of those that were asked for here: others are some other run's."""
        if not bet.is_dead and bet.asked is not None:
            self._found.append(refusal)
        bet.is_dead, bet.due = True, None

    def _told(self, bet: Bet, one: Held) -> None:
        now = holdings.reported(one, bet.asked, self._clock.now())
        bet.at_venue = now.bet
        if bet.told is not None and now.sizes.progress <= bet.told.progress:
            return  # nothing new, or asked before and answered after something newer was learned another way
        bet.told = now.sizes
        self._found.append(now)

    async def _settled(self, market: MarketId, pool: Watched, bet: Bet, one: Held) -> None:
        at = self._clock.now()
        settled = one.settled(bet.asked, at)
        if settled is None or bet.settled == (settled.outcome, settled.profit, settled.refunded):
            return
        dividends = await self._dividends(market)
        self._found.append(replace(settled, dividends=() if settled.outcome is Outcome.VOID else dividends))
        bet.settled = (settled.outcome, settled.profit, settled.refunded)
        pool.is_settled, pool.due = False, self._clock.age()  # once more, where a result is corrected

    async def _dividends(self, market: MarketId) -> tuple[Dividend, ...]:
        """They are words for people beside an amount that is certain, so nothing waits for them."""
        if market not in self._paying:
            try:
                rows = catalogue.found(await self._client.read("Look at dividends", catalogue.dividends_query(market)))
                self._paying[market] = holdings.dividends(rows[0]) if rows else ()
            except TROUBLES:
                self._paying[market] = ()
        return self._paying[market]

    def _tell_settled(self, market: MarketId, pool: Watched) -> None:
        """The pool takes no more bets, and every bet of ours that the venue has is paid or was refused. The Tote takes its share
        out of the pool before it is divided, so nothing is charged."""
        bets = [bet for bet in pool.bets.values() if bet.told is not None]
        is_closed = pool.told is not None and pool.told.status is MarketStatus.CLOSED
        is_over = all(bet.is_over for bet in bets) and any(bet.settled is not None for bet in bets)
        if pool.is_settled or not is_closed or not is_over:
            return
        pool.is_settled = True
        pool.done_after = self._clock.age() + self._pace.settling
        self._found.append(MarketSettled(at=self._clock.now(), account=self._account, market=market, commission=ZERO))


def _is_about(notice: Notice, bet: Bet) -> bool:
    """By our own reference, else by the venue's number."""
    if notice.ref is not None:
        return notice.ref == bet.ref
    if notice.bet is None:
        return True
    return bet.ref == notice.bet or bet.at_venue in (None, notice.bet)


def _chunks(items: Sequence[T], most: int) -> Iterable[list[T]]:
    left = iter(items)
    while some := list(islice(left, most)):
        yield some
