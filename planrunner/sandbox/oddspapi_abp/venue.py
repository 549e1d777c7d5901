"""The router as a whole: played beside the markets of the world, on the same clock; what the server's doors speak to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from planrunner.sandbox.board import NEVER, Board
from planrunner.sandbox.bookmakers import USUAL
from planrunner.sandbox.clock import LONGEST_NAP, Clock, RealClock, from_ms, to_ms
from planrunner.sandbox.faults import Fault, Faults, Trouble
from planrunner.sandbox.oddspapi_abp import checks, router, settling
from planrunner.sandbox.oddspapi_abp.accounts import Accounts
from planrunner.sandbox.oddspapi_abp.checks import Declined, Reason
from planrunner.sandbox.oddspapi_abp.desk import NAME, Announce, Decide, Desk, Expire, Land, SettleMarket, Try
from planrunner.sandbox.oddspapi_abp.doors import Doors
from planrunner.sandbox.oddspapi_abp.emergencies import Emergencies
from planrunner.sandbox.oddspapi_abp.hub import Hub
from planrunner.sandbox.oddspapi_abp.ids import Catalogue
from planrunner.sandbox.oddspapi_abp.money import Rates
from planrunner.sandbox.oddspapi_abp.orders import Order, Spec
from planrunner.sandbox.oddspapi_abp.quotes import Quotes
from planrunner.sandbox.oddspapi_abp.wire import Json
from planrunner.sandbox.scenario import MINUTE, SECOND
from planrunner.sandbox.world import World

SEEN_FOR, SEEN_FOR_LEGACY = 30 * MINUTE, 5 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of a request's orders; `seen` are uuids that came before, `working` those of them that still work."""

    accepted: Sequence[Order]
    declined: Sequence[tuple[Spec, str]]
    seen: Sequence[str]
    working: Sequence[str]


@dataclass(slots=True, kw_only=True)
class Abp:
    """`stir` wakes everybody who waits for something to happen."""

    desk: Desk
    clock: Clock
    doors: Doors
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)
    _told: dict[tuple[str, ...], Json] = field(default_factory=dict)

    # -- played with the world

    def next_at(self) -> int:
        at = self.desk.agenda.next_at()
        return NEVER if at is None else at

    def play_next(self) -> None:
        at, thing = self.desk.agenda.pop()
        match thing:
            case Try(order=order):
                router.look(self.desk, order, at)
            case Decide(bet=bet):
                router.decide(self.desk, bet, at)
            case Expire(order=order):
                router.expire(self.desk, order, at)
            case SettleMarket():
                settling.settle_market(self.desk, thing, at)
            case Announce():
                self.announce(at)
            case Land(do=do):
                do(at)
            case _:
                assert_never(thing)
        self.stir()

    def saw(self, board: Board, at: int) -> None:
        settling.saw(self.desk, board, at)
        self.stir()

    # -- asked for

    def advance(self) -> int:
        return self.desk.world.advance(self.clock.now())

    def place(self, client: str, allowed: Sequence[str], specs: Iterable[Spec], struck: Fault | None, at: int) -> Placed:
        """Each uuid is marked as seen before anything else is looked at, so that no two requests place it both."""
        accepted: list[Order] = []
        declined: list[tuple[Spec, str]] = []
        seen: list[Spec] = []
        for spec in specs:
            if self._is_seen(client, spec.uuid, at) or (struck and struck.trouble is Trouble.TAKEN_AS_SEEN and not seen):
                seen.append(spec)
                continue
            try:
                order = self._take(client, allowed, spec, struck, at)
            except Declined as reason:
                declined.append((spec, str(reason)))
            else:
                accepted.append(order)
        self.stir()
        if self.desk.legacy and (accepted or declined):
            declined += [(spec, Reason.DUPLICATE_REQUEST_UUID.value) for spec in seen]
        uuids = [spec.uuid for spec in seen]
        return Placed(
            accepted=accepted, declined=declined, seen=uuids, working=[one for one in uuids if self._works(client, one)]
        )

    def place_later(self, client: str, allowed: Sequence[str], specs: Sequence[Spec], at: int) -> None:
        """As when a request is stuck on its way until then. What is over by then is not taken."""

        def land(now: int) -> None:
            self.place(client, allowed, [spec for spec in specs if spec.expires > now], None, now)

        self.desk.agenda.add(at, Land(land))
        self.stir()

    def cancel(self, orders: Iterable[Order], at: int) -> tuple[list[Order], list[Order]]:
        """Those that were cancelled, and those that can't be."""
        cancelled: list[Order] = []
        others: list[Order] = []
        for order in orders:
            (cancelled if router.cancel(self.desk, order, at) else others).append(order)
        self.stir()
        return cancelled, others

    def forget(self) -> None:
        """As after the time for which uuids are kept."""
        self._seen.clear()

    def remember(self, question: tuple[str, ...], answer: Json) -> Json:
        """Keep what a question is answered with; returns what it was answered with the last time (now, if never)."""
        before = self._told.get(question, answer)
        self._told[question] = answer
        return before

    def changed(self, at: int) -> None:
        """Somebody changed what orders may be waiting for."""
        router.try_all(self.desk, at)
        self.stir()

    def switch_emergency(self, tier: str | None, *, on: bool, seconds: int | None, at: int) -> None:
        until = None if seconds is None else at + seconds * SECOND
        self.desk.emergencies.switch(tier, on=on, until=until)
        self.announce(at)
        if until is not None:
            self.desk.agenda.add(until, Announce())

    def announce(self, at: int) -> None:
        self.desk.hub.tell("emergency", "UPDATE", self.emergency(at), at)
        self.desk.hub.tell("status", "UPDATE", {"status": "ok", "emergency": self.emergency(at)}, at)
        self.changed(at)

    def emergency(self, at: int) -> dict[str, object]:
        tiers = self.desk.emergencies.everywhere(at)
        return {"active": bool(tiers), "global": None in tiers, "bookmakers": [tier for tier in tiers if tier]}

    # -- waiting

    def stir(self) -> None:
        before, self._stirred = self._stirred, asyncio.Event()
        before.set()

    async def pause(self, until: int) -> None:
        """Until a moment, or until something stirs. On the loop's time, which a rehearsal makes jump; the wall clock of a
        served sandbox may be set, and is looked at each second."""
        left = None if until >= NEVER else (from_ms(until) - self.clock.now()).total_seconds()
        if isinstance(self.clock, RealClock):
            left = LONGEST_NAP if left is None else min(left, LONGEST_NAP)
        if left is not None and left <= 0:
            return
        try:
            async with asyncio.timeout(left):
                await self._stirred.wait()
        except TimeoutError:
            pass

    async def wait(self, done: Callable[[], bool], within: int) -> None:
        """Play on until `done`, for so many milliseconds at most."""
        until = to_ms(self.clock.now()) + within
        while not done() and to_ms(self.clock.now()) < until:
            await self.pause(min(self.desk.world.next_at(), until))
            self.advance()

    async def pace(self) -> None:
        """Play everything when it is due, as long as somebody listens."""
        while True:
            self.advance()
            await self.pause(self.desk.world.next_at())

    # -- inside

    def _take(self, client: str, allowed: Sequence[str], spec: Spec, struck: Fault | None, at: int) -> Order:
        if struck and struck.trouble is Trouble.LEG_FAILED:
            raise Declined(Reason[struck.code])
        if struck and struck.trouble is Trouble.CURRENCY_UNKNOWN:
            raise Declined(Reason.CURRENCY_CONVERSION_FAILED, f"from {spec.currency}")
        asked = tuple(self.desk.books) if spec.bookmakers is None else spec.bookmakers
        books = tuple(slug for slug in asked if slug in self.desk.books and (not allowed or slug in allowed))
        if not books:
            raise Declined(Reason.BOOKMAKER_NOT_AVAILABLE, ", ".join(asked))
        outcome = checks.check(self.desk, client, spec, books, at)
        order = Order(
            id=next(self.desk.order_ids), client=client, spec=spec, outcome=outcome, books=books, created=at, updated=at,
            struck=struck,
        )  # fmt: skip
        router.enter(self.desk, order, at)
        return order

    def _is_seen(self, client: str, uuid: str, at: int) -> bool:
        """A repeat does not make it younger."""
        kept = SEEN_FOR_LEGACY if self.desk.legacy else SEEN_FOR
        first = self._seen.get((client, uuid))
        if first is not None and at - first < kept:
            return True
        self._seen[client, uuid] = at
        return False

    def _works(self, client: str, uuid: str) -> bool:
        return any(not order.ended for order in self.desk.by_uuid.get((client, uuid), ()))


def abp_of(world: World, clock: Clock, faults: Faults) -> Abp:
    """The router of a world, built the first time it is asked for."""
    known = world.beside.get(NAME)
    if isinstance(known, Abp):
        return known
    script, begin = world.bookmakers or USUAL, world.now
    desk = Desk(
        world=world, script=script, faults=faults, quotes=Quotes(world=world), rates=Rates(script.rates),
        accounts=Accounts(script=script, begin=begin), catalogue=Catalogue(world), legacy=script.legacy,
        emergencies=Emergencies(script=script, begin=to_ms(world.begin)), hub=Hub(strike=faults.strike),
        books={book.slug: book for book in script.books}, sync_wait=script.sync_wait,
    )  # fmt: skip
    for at in desk.emergencies.changes():
        if at >= begin:
            desk.agenda.add(at, Announce())
    made = Abp(desk=desk, clock=clock, doors=Doors(script=script))
    world.beside[NAME] = made
    return made
