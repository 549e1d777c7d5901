"""Betfair's row of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from decimal import Decimal

from planrunner.model.market import AccountName, OrderRef
from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.building import build
from planrunner.sandbox.faults import Fault, Faults, Trouble
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.scenario import (
    HOUR,
    MINUTE,
    Base,
    Due,
    FixtureScript,
    MarketScript,
    Moment,
    Reaction,
    Runner,
    Scenario,
    ShareOf,
    ShowOffers,
    Start,
    When,
)
from planrunner.venues.betfair.client import Addresses
from planrunner.venues.betfair.polling import Pace
from planrunner.venues.betfair.profile import PROFILE
from planrunner.venues.betfair.venue import BetfairVenue, Patience
from tests.venues.contract import ACCOUNT, BEGIN, FIXTURE, MARKET, RESTS, TAKES, HandClock, Mishap, uvicorn_serving

_OFFERS = (
    ShowOffers(selection=TAKES, to_back=((Decimal("3.00"), 2500),), to_lay=((Decimal("3.10"), 2500),)),
    ShowOffers(selection=RESTS, to_lay=((Decimal("5.0"), 2500),)),
)  # fmt: skip
_MARKET = MarketScript(
    name=MARKET,
    type="MATCH_ODDS",
    runners=(Runner(name=TAKES), Runner(name=RESTS), Runner(name="The Draw")),
    happenings=tuple(Due(moment=Moment(base=Base.BEGIN, delay=0), happening=offers) for offers in _OFFERS),
    result=(TAKES,),
)
_OTHER = MarketScript(name="Draw No Bet", type="DRAW_NO_BET", runners=(Runner(name=TAKES), Runner(name=RESTS)), result=(TAKES,))
WORLD = Scenario(
    name="the contract's world",
    fixtures=(
        FixtureScript(name=FIXTURE, sport="Football", start=Start(after=HOUR), lasts=2 * HOUR, markets=(_MARKET, _OTHER)),
        FixtureScript(name="Leeds v Everton", sport="Football", start=Start(after=HOUR), lasts=2 * HOUR, markets=(_MARKET,)),
    ),
    reactions=(Reaction(when=When.RESTS, share=Decimal("0.4"), of=ShareOf.ORDER, after=MINUTE, selection=RESTS),),
)
_TROUBLES = {
    Mishap.REPLY_LOST_AFTER_LANDING: ("placeOrders", Trouble.REPLY_LOST_AFTER_LANDING),
    Mishap.REPLY_LOST_BEFORE_LANDING: ("placeOrders", Trouble.REPLY_LOST_BEFORE_LANDING),
    Mishap.REPORTED_TWICE: ("listCurrentOrders", Trouble.REPORTED_TWICE),
    Mishap.OLDER_REPORT: ("listCurrentOrders", Trouble.OLDER_REPORT),
}


class PracticeSecrets:
    def get(self, account: str, name: str) -> str:
        return f"{account}-{name}"

    def learn(self, value: str) -> None:
        pass


class BetfairUnderTest:
    profile = PROFILE

    def __init__(self) -> None:
        self.clock = HandClock()
        self.log = VenueLog()
        self.faults = Faults()
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[None]:
        world = build(WORLD, begin=BEGIN, seed=1, log=self.log)
        with uvicorn_serving(betfair_app(world, self.clock, faults=self.faults)) as self.url:
            yield

    @asynccontextmanager
    async def adapter(self, *, currency: str | None = None) -> AsyncIterator[BetfairVenue]:
        door = Door(SocketWire(self.clock), self.clock)
        venue = BetfairVenue(
            account=AccountName(ACCOUNT),
            currency=currency or PROFILE.usual_currency,
            door=door,
            clock=self.clock,
            secrets=PracticeSecrets(),
            addresses=Addresses(identity=self.url, api=self.url),
            pace=Pace(busy=0.02, quiet=0.02, starts=0.0, settling=timedelta(minutes=10).total_seconds()),
            patience=Patience(answer=0.3, unknown_delay=0.0),
        )
        try:
            yield venue
        finally:
            await venue.close()
            await door.close()

    def mishap(self, what: Mishap, *, times: int = 1) -> None:
        call, trouble = _TROUBLES[what]
        self.faults.add(Fault(call=call, trouble=trouble, times=times))

    def bets(self) -> list[OrderRef]:
        return [OrderRef(line["ref"]) for line in self.log.lines("bet")]
