"""The Tote's row of the contract: the contest of the world is a race, and all bets are on a runner to win it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.routing import Mount

from planrunner.model.commands import Command, NewPoolBet, PlaceTicket
from planrunner.model.market import MarketId
from planrunner.model.pools import Pick, PickedLeg, Pool, Product
from planrunner.net.door import Door
from planrunner.ports import Venue
from planrunner.runtime.secrets import PracticeSecrets
from planrunner.sandbox.building import build
from planrunner.sandbox.faults import Trouble
from planrunner.sandbox.scenario import Abandon, Happening, SettleAgain
from planrunner.sandbox.tote.app import tote_app
from planrunner.venues.tote.client import Addresses
from planrunner.venues.tote.profile import PROFILE
from planrunner.venues.tote.venue import Patience, ToteVenue
from planrunner.venues.tote.watcher import Pace
from tests.venues.betfair.under_test import WORLD
from tests.venues.contract import ACCOUNT, BEGIN, FIXTURE, RESTS, TAKES, Asking, Happens, Mishap, Sandboxed, Session

_CONTEST = WORLD.fixtures[0]
_RACE = replace(
    _CONTEST, sport="Horse Racing", meeting=FIXTURE, markets=(replace(_CONTEST.markets[0], type="WIN"),),
)  # fmt: skip
SCENARIO = replace(WORLD, fixtures=(_RACE,), reactions=())
# A token ends and has to be asked for anew; a key does neither.
LOGIN = {"client_id": "public", "username": "ann", "password": "correct horse"}


@dataclass
class TicketSession(Session):
    """Bets of tickets. The same bets are the same ticket."""

    product: Product | None = None

    @property
    def pool(self) -> MarketId:
        assert self.product is not None
        return self.product.id

    def placement(self, name: str, on: str, size: str, odds: str, **terms: Any) -> Any:
        assert self.product is not None
        (leg,) = self.product.legs
        runner = next(one for one in leg.runners if one.name == on)
        picks = (Pick(selection=runner.id, number=runner.number or 0, name=runner.name),)
        return NewPoolBet(
            ref=self.of.ref(name), path=f"tickets.{name}", rung=0, market=self.product.id,
            legs=(PickedLeg(id=leg.id, name=leg.name, picks=picks),), lines=1, unit=Decimal(size), size=Decimal(size),
        )  # fmt: skip

    def wrong(self, name: str) -> Any:
        return self.placement(name, TAKES, "5.01", "")

    def placing(self, placements: tuple[Any, ...], attempt: int) -> Command:
        ticket = _id("ticket of " + placements[0].ref)
        return PlaceTicket(
            account=ACCOUNT, ticket="tickets.bath", request_ref=ticket, attempt=attempt, placements=placements, because="plan"
        )

    async def search(self) -> object:
        card = await self.venue.products(FIXTURE, on=BEGIN.date())
        return next(one for one in card.products if one.pool is Pool.WIN)


def _id(text: str) -> str:
    """In the form of planrunner's references."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:20]).decode().lower()


class ToteUnderTest(Sandboxed):
    profile = PROFILE
    least = Decimal("1.00")
    decides_after = 3.0
    CALLS: ClassVar[Mapping[Asking, str]] = {
        Asking.PLACE: "placeBetsAsync",
        Asking.LOOK_UP: "bets",
        Asking.LOOK_UP_SETTLED: "bets",
        Asking.BOOK: "product",
        Asking.CATALOGUE: "products",
    }
    TROUBLES: ClassVar[Mapping[Mishap, Trouble | tuple[str, Trouble]]] = {
        Mishap.REPLY_LOST_AFTER_LANDING: Trouble.REPLY_LOST_AFTER_LANDING,
        Mishap.REPLY_LOST_BEFORE_LANDING: Trouble.REPLY_LOST_BEFORE_LANDING,
        Mishap.LANDS_LATER: Trouble.TIMEOUT_LANDS_LATER,
        Mishap.REPORTED_TWICE: ("onBetAccepted", Trouble.FRAME_TWICE),
        Mishap.OLDER_REPORT: ("onBetAccepted", Trouble.MESSAGE_DELAYED),
        Mishap.OUT_OF_ORDER: ("onBetAccepted", Trouble.FRAMES_SWAPPED),
        Mishap.GAP: ("onBetAccepted", Trouble.CONNECTION_LOST),
        Mishap.LOGIN_EXPIRED: Trouble.SESSION_KILLED,
        Mishap.TOO_MANY_REQUESTS: Trouble.TOO_MANY_REQUESTS,
        Mishap.HALF_AN_ANSWER: Trouble.MALFORMED_BODY,
        Mishap.NO_ANSWER_OF_THE_VENUE: Trouble.NOT_JSON,
        Mishap.ANOTHER_ANSWER: Trouble.ANOTHER_SHAPE,
    }
    HAPPENINGS: ClassVar[Mapping[Happens, tuple[Happening, ...]]] = {
        Happens.DEAD_HEAT: (SettleAgain(result=(TAKES, RESTS)),),
        Happens.ABANDON: (Abandon(),),
        Happens.OTHER_RESULT: (SettleAgain(result=(RESTS,)),),
    }

    def form(self, name: str) -> str:
        return _id(name)

    @contextmanager
    def serving(self) -> Iterator[None]:
        self.world = build(SCENARIO, begin=BEGIN, seed=1, log=self.log)

        with self.served(Starlette(routes=[Mount("/tote", tote_app(self.world, self.clock, faults=self.faults))])):
            yield

    def made(self, door: Door, *, currency: str) -> Venue:
        return ToteVenue(
            account=ACCOUNT, currency=currency, door=door, clock=self.clock,
            secrets=PracticeSecrets(LOGIN), addresses=Addresses.of_sandbox(self.url),
            pace=Pace(unheard=60, deaf=1, resting=60, pools=1, closing=1, most=0.02), patience=Patience(answer=0.3),
        )  # fmt: skip

    async def session(self, adapter: Venue) -> Session:
        await adapter.open()
        session = TicketSession(venue=adapter, of=self, market=None)  # type: ignore[arg-type]
        product = await session.search()
        assert isinstance(product, Product)
        session.product = product
        return session
