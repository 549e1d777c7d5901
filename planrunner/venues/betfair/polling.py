"""Market changes, reports of our bets and settlements, by asking again and again. Only what changed is told.

The cost of a look follows the bets that can still change, not all there ever were: the venue is asked for executable bets;
one that is no longer among them is asked for by its number, once. Everything is read anew only when a market's version
rose, because then bets may have lapsed or been voided.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.events import Event, MarketChanged, MarketSettled, OrderUnknown, Outcome, VenueDown, VenueUp
from planrunner.model.market import AccountName, BetId, MarketId, MarketStatus, OrderRef
from planrunner.model.placement import Sizes
from planrunner.ports import Clock
from planrunner.venues import fields
from planrunner.venues.asking import AskedToWait
from planrunner.venues.betfair import wire
from planrunner.venues.betfair.catalogue import start_params
from planrunner.venues.betfair.charges import rolled_up
from planrunner.venues.betfair.client import Client
from planrunner.venues.betfair.holdings import CLEARED, Cleared, Held, Seen, gather, held, is_ours, listed, look_of, market_seen
from planrunner.venues.exact_json import Unreadable

T = TypeVar("T")

# A book without prices weighs 2, and 200 is the limit of a request.
BOOKS_AT_ONCE = 100
IDS_AT_ONCE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look, in seconds: while bets can change; while none can; for a scheduled start that moves.

    `settling`: how long a settled market is still looked at, because settlements come with a lag and in parts.
    """

    busy: float = 1.0
    quiet: float = 5.0
    starts: float = 60.0
    settling: float = 600.0


@dataclass(slots=True, kw_only=True)
class Bet:
    """A bet as it was last told."""

    ref: OrderRef
    sizes: Sizes
    average_odds: Decimal | None


@dataclass(slots=True, kw_only=True)
class Watched:
    """A market, and our bets in it. `open` keeps the order of placing, so that a rehearsal repeats exactly."""

    seen: Seen | None = None
    start: datetime | None = None
    told: MarketChanged | None = None
    read_all: bool = True
    bets: dict[BetId, Bet] = field(default_factory=dict)
    looks: dict[BetId, tuple[Any, ...]] = field(default_factory=dict)  # each bet as it stood in the venue's answer
    open: dict[BetId, None] = field(default_factory=dict)
    settled: dict[BetId, tuple[Outcome, Decimal]] = field(default_factory=dict)  # as it was told; results are corrected
    commission: Decimal | None = None
    done_after: datetime | None = None

    @property
    def is_closed(self) -> bool:
        return self.seen is not None and self.seen.status is MarketStatus.CLOSED


class Watcher:
    """The watched markets of one account."""

    def __init__(self, *, account: AccountName, client: Client, clock: Clock, pace: Pace) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._pace = pace
        self._markets: dict[MarketId, Watched] = {}
        self._found: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._starts_due = clock.now()
        self._is_down = False
        self._is_quiet = True
        self._is_closed = False

    def watch(self, market: MarketId) -> None:
        self._markets.setdefault(market, Watched())
        self._starts_due = self._clock.now()
        self._wake.set()

    def unwatch(self, market: MarketId) -> None:
        self._markets.pop(market, None)

    def close(self) -> None:
        self._is_closed = True
        self._wake.set()

    def delay(self, market: MarketId) -> Decimal | None:
        """The market's bet delay in seconds, None where it has not been seen yet."""
        watched = self._markets.get(market)
        return None if watched is None or watched.seen is None else watched.seen.delay

    def learn(self, market: MarketId, bet: BetId, told: Bet) -> None:
        """A bet that was told outside of a look: by the answer to its placement, or to a look-up."""
        watched = self._markets.get(market)
        if watched is None:
            return
        watched.bets[bet] = told
        if not told.sizes.remaining:
            watched.open.pop(bet, None)
            return
        watched.open[bet] = None
        if self._is_quiet:
            self._wake.set()

    async def facts(self) -> AsyncIterator[Event]:
        """Until closed. What was found before a look failed is told all the same."""
        while not self._is_closed:
            self._wake.clear()
            began, outage = self._clock.age(), None
            try:
                await self._look(self._live())
            except AskedToWait:
                pass  # the client lets nobody ask too soon
            except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable) as error:
                outage = str(error)
            self._tell_outage(outage)
            while self._found:
                yield self._found.popleft()
            # With thousands of open bets a look takes long; it never takes more than a fifth of the time.
            await self._pause(4 * (self._clock.age() - began))

    def _tell_outage(self, text: str | None) -> None:
        """Once when it begins and once when it is over."""
        if (text is not None) is self._is_down:
            return
        self._is_down, at = text is not None, self._clock.now()
        if text is None:
            self._found.append(VenueUp(at=at, account=self._account))
        else:
            self._found.append(VenueDown(at=at, account=self._account, text=text))

    def _live(self) -> dict[MarketId, Watched]:
        now = self._clock.now()
        return {
            market: watched for market, watched in self._markets.items() if watched.done_after is None or now < watched.done_after
        }

    async def _pause(self, at_least: float) -> None:
        """Until it is time to look again; a market that is new, or a first open bet, makes it time at once."""
        await asyncio.sleep(at_least)
        live = self._live()
        if not live:
            await self._wake.wait()
            return
        self._is_quiet = all(watched.is_closed or not watched.open for watched in live.values())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.quiet if self._is_quiet else self._pace.busy):
                await self._wake.wait()

    async def _look(self, markets: dict[MarketId, Watched]) -> None:
        if not markets:
            return
        await self._client.keep_alive()
        await self._look_at_starts(markets)
        await self._look_at_books(markets)
        await self._look_at_bets(markets)
        for market, watched in markets.items():
            if watched.is_closed:
                await self._look_at_settlement(market, watched)

    # markets

    async def _look_at_starts(self, markets: dict[MarketId, Watched]) -> None:
        if self._clock.now() < self._starts_due:
            return
        open_ones = [market for market, watched in markets.items() if not watched.is_closed]
        for some in _chunks(open_ones, IDS_AT_ONCE):
            for row in listed(await self._client.read(wire.BETTING + "listMarketCatalogue", start_params(some))):
                if (watched := markets.get(MarketId(fields.text(row, "marketId")))) is not None:
                    watched.start = wire.moment(row, "marketStartTime")
        self._starts_due = self._clock.now() + timedelta(seconds=self._pace.starts)

    async def _look_at_books(self, markets: dict[MarketId, Watched]) -> None:
        for some in _chunks(list(markets), BOOKS_AT_ONCE):
            seen = await self._books(some)
            # Closed markets are left out of an answer that has open ones too, so those are asked for by themselves.
            missing = [market for market in some if market not in seen]
            if missing and seen:
                seen |= await self._books(missing)
            for market, one in seen.items():
                if market in markets:
                    self._market_seen(market, markets[market], one)

    async def _books(self, markets: Sequence[MarketId]) -> dict[MarketId, Seen]:
        books = listed(await self._client.read(wire.BETTING + "listMarketBook", {"marketIds": list(markets)}))
        return dict(map(market_seen, books))

    def _market_seen(self, market: MarketId, watched: Watched, seen: Seen) -> None:
        watched.read_all |= watched.seen is not None and watched.seen.version != seen.version
        watched.seen = seen
        at = self._clock.now()
        # A closed market is no longer in the catalogue; nobody waits for its start any more.
        start = watched.start or (at if seen.status is MarketStatus.CLOSED else None)
        if start is None:
            return
        watched.start = start
        changed = MarketChanged(at=at, market=market, status=seen.status, in_play=seen.in_play, start=start)
        told = watched.told
        if told is None or (told.status, told.in_play, told.start) != (changed.status, changed.in_play, changed.start):
            watched.told = changed
            self._found.append(changed)

    # bets

    async def _look_at_bets(self, markets: dict[MarketId, Watched]) -> None:
        """A bet can turn up here before the answer to its placement does; the reference tells whose it is."""
        there: dict[BetId, None] = {}
        entire = [market for market, watched in markets.items() if watched.read_all]
        for some in _chunks(entire, IDS_AT_ONCE):
            there |= self._bets_seen(await self._current({"marketIds": some}))
            for market in some:
                markets[market].read_all = False
        before = [bet for watched in markets.values() for bet in watched.open]
        live = [market for market, watched in markets.items() if watched.open and market not in entire]
        for some in _chunks(live, IDS_AT_ONCE):
            there |= self._bets_seen(await self._current({"marketIds": some, "orderProjection": "EXECUTABLE"}))
        for bets in _chunks([bet for bet in before if bet not in there], IDS_AT_ONCE):
            self._bets_seen(await self._current({"betIds": bets}))

    async def _current(self, params: dict[str, Any]) -> list[Any]:
        return await self._client.pages(wire.BETTING + "listCurrentOrders", params, "currentOrders")

    def _bets_seen(self, rows: Iterable[Any]) -> dict[BetId, None]:
        there: dict[BetId, None] = {}
        for row in filter(is_ours, rows):
            bet, market = BetId(fields.text(row, "betId")), MarketId(fields.text(row, "marketId"))
            there[bet] = None
            if (watched := self._markets.get(market)) is not None:
                self._bet_seen(watched, bet, row)
        return there

    def _bet_seen(self, watched: Watched, bet: BetId, row: dict[str, Any]) -> None:
        look = look_of(row)
        if watched.looks.get(bet) == look:
            return
        watched.looks[bet] = look
        try:
            self._told(watched, held(row))
        except ValueError as error:
            text = f"what the venue holds as bet {bet} can't be read: {error}"
            self._found.append(OrderUnknown(at=self._clock.now(), ref=OrderRef(row["customerOrderRef"]), text=text))

    def _told(self, watched: Watched, now: Held) -> None:
        known = watched.bets.get(now.bet)
        if known is not None and now.sizes.progress < known.sizes.progress:
            return  # asked before, answered after something newer was learned another way
        watched.bets[now.bet] = Bet(ref=now.ref, sizes=now.sizes, average_odds=now.average_odds)
        if now.sizes.remaining:
            watched.open[now.bet] = None
        else:
            watched.open.pop(now.bet, None)
        if known is None or (known.sizes, known.average_odds) != (now.sizes, now.average_odds):
            self._found.append(now.reported(self._clock.now()))

    # settlement

    async def _look_at_settlement(self, market: MarketId, watched: Watched) -> None:
        """Cleared orders come with a lag and in parts; the market is settled when every bet we know of is accounted for."""
        if await self._current({"marketIds": [market]}):
            return
        bets = gather({kind: await self._cleared(market, kind) for kind in CLEARED})
        for bet, cleared in bets.items():
            self._bet_cleared(market, watched, bet, cleared)
        if any(not _is_accounted_for(known, bets.get(bet)) for bet, known in watched.bets.items()):
            return
        # Where everything was void there is no roll-up to wait for.
        is_paid = any(outcome is not Outcome.VOID for outcome, _ in watched.settled.values())
        commission, at = await self._commission(market) if is_paid else Decimal("0.00"), self._clock.now()
        if commission is not None and commission != watched.commission:
            watched.commission = commission
            watched.done_after = at + timedelta(seconds=self._pace.settling)
            self._found.append(MarketSettled(at=at, account=self._account, market=market, commission=commission))

    async def _cleared(self, market: MarketId, kind: str) -> list[Any]:
        params: dict[str, Any] = {"betStatus": kind, "marketIds": [market]}
        if kind == "SETTLED":
            params["groupBy"] = "BET"
        return await self._client.pages(wire.BETTING + "listClearedOrders", params, "clearedOrders")

    def _bet_cleared(self, market: MarketId, watched: Watched, bet: BetId, cleared: Cleared) -> None:
        known = watched.bets.get(bet)
        if known is not None and cleared.total == known.sizes.stake:
            sizes = cleared.sizes(known.sizes.stake)
            now = Held(
                bet=bet, ref=known.ref, market=market, sizes=sizes, at_venue=None,
                average_odds=cleared.average_odds or known.average_odds,
            )  # fmt: skip
            self._told(watched, now)
        settled = cleared.settled(self._clock.now())
        if settled is not None and watched.settled.get(bet) != (settled.outcome, settled.profit):
            watched.settled[bet] = (settled.outcome, settled.profit)
            self._found.append(settled)

    async def _commission(self, market: MarketId) -> Decimal | None:
        """None while it is not told yet."""
        return (await rolled_up(self._client, [market])).get(market)


def _is_accounted_for(known: Bet, cleared: Cleared | None) -> bool:
    sizes = known.sizes
    if sizes.remaining:
        return False
    matched, voided = (Decimal(0) if cleared is None else cleared.parts.get(kind, Decimal(0)) for kind in ("SETTLED", "VOIDED"))
    return matched + voided == sizes.matched + sizes.voided


def _chunks(items: Sequence[T], most: int) -> Iterable[list[T]]:
    left = iter(items)
    while some := list(islice(left, most)):
        yield some
