"""The router's row of the contract: one bookmaker, which offers what the world of the contract does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from planrunner.model.market import Market
from planrunner.model.plan import OrderType, Routing, Target
from planrunner.net.door import Door
from planrunner.ports import Venue
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.bookmakers import USUAL, Book, HeldAccount, Level, Shows
from planrunner.sandbox.building import build
from planrunner.sandbox.faults import Trouble
from planrunner.sandbox.oddspapi_abp.app import abp_app
from planrunner.sandbox.oddspapi_abp.ids import of_board
from planrunner.sandbox.oddspapi_abp.venue import abp_of
from planrunner.sandbox.scenario import Abandon, Happening, Reopen, SettleAgain, Suspend
from planrunner.venues.oddspapi_abp.client import Terms
from planrunner.venues.oddspapi_abp.following import Pace
from planrunner.venues.oddspapi_abp.profile import PROFILE
from planrunner.venues.oddspapi_abp.venue import AbpVenue, Patience
from tests.venues.betfair.under_test import WORLD
from tests.venues.contract import (
    ACCOUNT,
    BALANCE,
    BEGIN,
    FIXTURE,
    MARKET,
    RESTS,
    TAKES,
    Asking,
    Happens,
    Mishap,
    Sandboxed,
    Session,
)

ID, OUTCOMES = "id1000000030000001", (("101", TAKES), ("103", RESTS), ("102", "The Draw"))
LEAST = Decimal(2)


def _shows(selection: str, back: Level, *lay: Level) -> Shows:
    return Shows(at=0, event=FIXTURE, market=MARKET, selection=selection, to_back=(back,), to_lay=lay)


BOOK = Book(
    slug="pinnacle", limit=Decimal(5000), least=LEAST, latency=300, lays=True, follows=False,
    shows=(
        _shows(TAKES, (Decimal("3.00"), Decimal(25)), (Decimal("3.10"), Decimal(25))),
        _shows(RESTS, (Decimal("1.50"), Decimal(2000))),
        _shows("The Draw", (Decimal("1.50"), Decimal(2000))),
    ),
)  # fmt: skip
_FIXTURE = WORLD.fixtures[0]
SCENARIO = replace(
    WORLD,
    fixtures=(replace(_FIXTURE, id="30000001"), *WORLD.fixtures[1:]),
    # What comes of an order is told as soon as it is so, and never before time is moved.
    bookmakers=replace(USUAL, books=(BOOK,), accounts=(HeldAccount(bookmaker="pinnacle", balance=BALANCE),), sync_wait=0),
)


@dataclass
class RouterSession(Session):
    """Orders stay until the contest is under way, unless they are to be filled at once."""

    found: dict[str, Market] = field(default_factory=dict)

    def placement(self, name: str, on: str, size: str, odds: str, **terms: Any) -> Any:
        stays = terms.get("type", OrderType.LIMIT) is OrderType.LIMIT
        until = self.clock.now() + (timedelta(hours=2) if stays else timedelta(seconds=2))
        return super().placement(name, on, size, odds, **{"good_until": until, **terms})

    def wrong(self, name: str) -> Any:
        return self.placement(name, TAKES, "5.00", "3.00", routing=Routing(bookmakers=("nobody",)))

    async def search(self) -> object:
        for outcome, _ in OUTCOMES:
            (market,) = (await self.venue.find(Target(event_id=ID, selection_id=outcome), on=None)).markets
        return market


class RouterUnderTest(Sandboxed):
    profile = PROFILE
    least = LEAST
    decides_after = 2.0
    CALLS: ClassVar[Mapping[Asking, str]] = {
        Asking.PLACE: "place-orders",
        Asking.CANCEL: "cancel-orders",
        Asking.LOOK_UP: "orders",
        Asking.LOOK_UP_SETTLED: "orders",
        Asking.BOOK: "betslip",
        Asking.CATALOGUE: "betslip",
    }
    TROUBLES: ClassVar[Mapping[Mishap, Trouble | tuple[str, Trouble]]] = {
        Mishap.REPLY_LOST_AFTER_LANDING: Trouble.REPLY_LOST_AFTER_LANDING,
        Mishap.REPLY_LOST_BEFORE_LANDING: Trouble.REPLY_LOST_BEFORE_LANDING,
        Mishap.LANDS_LATER: Trouble.TIMEOUT_LANDS_LATER,
        Mishap.REPORTED_TWICE: Trouble.REPORTED_TWICE,
        Mishap.OLDER_REPORT: Trouble.OLDER_REPORT,
        Mishap.OUT_OF_ORDER: ("ws-bets", Trouble.FRAMES_SWAPPED),
        Mishap.GAP: ("ws-orders", Trouble.FRAME_LOST),
        Mishap.TOO_MANY_REQUESTS: Trouble.TOO_MANY_REQUESTS,
        Mishap.HALF_AN_ANSWER: Trouble.MALFORMED_BODY,
        Mishap.NO_ANSWER_OF_THE_VENUE: Trouble.NOT_JSON,
        Mishap.ANOTHER_ANSWER: Trouble.ANOTHER_SHAPE,
    }
    HAPPENINGS: ClassVar[Mapping[Happens, tuple[Happening, ...]]] = {
        Happens.SUSPEND: (Suspend(),),
        Happens.REOPEN: (Reopen(),),
        Happens.DEAD_HEAT: (SettleAgain(result=(TAKES, RESTS)),),
        Happens.ABANDON: (Abandon(),),
        Happens.OTHER_RESULT: (SettleAgain(result=(RESTS,)),),
    }
    OFFERS: ClassVar[Mapping[Happens, Level]] = {
        Happens.SHORTER: (Decimal("2.90"), Decimal(25)),
        Happens.LONGER: (Decimal("3.10"), Decimal(25)),
        Happens.DEEPER: (Decimal("3.00"), Decimal(2000)),
    }

    def form(self, name: str) -> str:
        return str(uuid5(NAMESPACE_URL, name))

    @contextmanager
    def serving(self) -> Iterator[None]:
        self.world = build(SCENARIO, begin=BEGIN, seed=1, log=self.log)
        with self.served(abp_app(self.world, self.clock, faults=self.faults)):
            yield

    def make_happen(self, what: Happens) -> None:
        if what not in self.OFFERS:
            super().make_happen(what)
            return
        abp = abp_of(self.world, self.clock, self.faults)
        at = abp.advance()
        outcomes = (one for board in self.world.boards.values() for one in of_board(board))
        outcome = next(one for one in outcomes if one.key == (ID, 101))
        abp.desk.quotes.show(BOOK.slug, outcome, at, (self.OFFERS[what],))
        abp.changed(at)

    def made(self, door: Door, *, currency: str) -> Venue:
        return AbpVenue(
            account=ACCOUNT, currency=currency, door=door, clock=self.clock, secrets=PRACTICE,
            terms=Terms(base=self.url), pace=Pace(busy=0.02, quiet=0.02, check=0.02, results=0.02, fixtures=0.02),
            patience=Patience(answer=0.3),
        )  # fmt: skip

    async def session(self, adapter: Venue) -> Session:
        await adapter.open()
        session = RouterSession(venue=adapter, of=self, market=None)  # type: ignore[arg-type]
        market = await session.search()
        assert isinstance(market, Market)
        session.market = market
        return session
