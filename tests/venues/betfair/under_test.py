"""Betfair's row of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from planrunner.model.market import AccountName, Market
from planrunner.net.door import Door
from planrunner.ports import Venue
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.building import build
from planrunner.sandbox.faults import Trouble
from planrunner.sandbox.scenario import (
    HOUR,
    MINUTE,
    Abandon,
    Base,
    Due,
    FixtureScript,
    Happening,
    MarketScript,
    Moment,
    Reaction,
    Remove,
    Reopen,
    Runner,
    Scenario,
    SettleAgain,
    ShareOf,
    ShowOffers,
    Start,
    Suspend,
    TurnInPlay,
    When,
)
from planrunner.venues.betfair.client import Addresses
from planrunner.venues.betfair.polling import Pace
from planrunner.venues.betfair.profile import PROFILE
from planrunner.venues.betfair.venue import BetfairVenue, Patience
from tests.venues.contract import (
    ACCOUNT,
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


class PracticeSecrets:
    def get(self, account: str, name: str) -> str:
        return f"{account}-{name}"

    def learn(self, value: str) -> None:
        pass


class BetfairUnderTest(Sandboxed):
    profile = PROFILE
    least = PROFILE.minimums[PROFILE.usual_currency].stake
    decides_after = 0.0
    CALLS: ClassVar[Mapping[Asking, str]] = {
        Asking.PLACE: "placeOrders",
        Asking.CANCEL: "cancelOrders",
        Asking.LOOK_UP: "listCurrentOrders",
        Asking.LOOK_UP_SETTLED: "listClearedOrders",
        Asking.BOOK: "listMarketBook",
        Asking.CATALOGUE: "listMarketCatalogue",
    }
    TROUBLES: ClassVar[Mapping[Mishap, Trouble | tuple[str, Trouble]]] = {
        Mishap.REPLY_LOST_AFTER_LANDING: Trouble.REPLY_LOST_AFTER_LANDING,
        Mishap.REPLY_LOST_BEFORE_LANDING: Trouble.REPLY_LOST_BEFORE_LANDING,
        Mishap.LANDS_LATER: Trouble.TIMEOUT_LANDS_LATER,
        Mishap.REPORTED_TWICE: Trouble.REPORTED_TWICE,
        Mishap.OLDER_REPORT: Trouble.OLDER_REPORT,
        Mishap.OUT_OF_ORDER: Trouble.OLDER_REPORT,
        Mishap.GAP: Trouble.HTTP_503,
        Mishap.LOGIN_EXPIRED: Trouble.SESSION_KILLED,
        Mishap.TOO_MANY_REQUESTS: Trouble.TOO_MANY_REQUESTS,
        Mishap.HALF_AN_ANSWER: Trouble.MALFORMED_BODY,
        Mishap.NO_ANSWER_OF_THE_VENUE: Trouble.NOT_JSON,
        Mishap.ANOTHER_ANSWER: Trouble.ANOTHER_SHAPE,
    }
    HAPPENINGS: ClassVar[Mapping[Happens, tuple[Happening, ...]]] = {
        Happens.SUSPEND: (Suspend(),),
        Happens.REOPEN: (Reopen(),),
        Happens.TURN_IN_PLAY: (TurnInPlay(),),
        Happens.SHORTER: (ShowOffers(selection=TAKES, to_back=((Decimal("2.90"), 2500),)),),
        Happens.LONGER: (ShowOffers(selection=TAKES, to_back=((Decimal("3.10"), 2500),)),),
        Happens.DEEPER: (ShowOffers(selection=TAKES, to_back=((Decimal("3.00"), 200_000),)),),
        Happens.DEAD_HEAT: (SettleAgain(result=(TAKES, RESTS)),),
        Happens.ABANDON: (Abandon(),),
        Happens.OTHER_RESULT: (SettleAgain(result=(RESTS,)),),
        Happens.REMOVE_DRAW: (Remove(selection="The Draw", factor=Decimal(10)),),
    }

    @contextmanager
    def serving(self) -> Iterator[None]:
        self.world = build(WORLD, begin=BEGIN, seed=1, log=self.log)
        with self.served(betfair_app(self.world, self.clock, faults=self.faults)):
            yield

    def made(self, door: Door, *, currency: str) -> Venue:
        return BetfairVenue(
            account=AccountName(ACCOUNT),
            currency=currency,
            door=door,
            clock=self.clock,
            secrets=PracticeSecrets(),
            addresses=Addresses(identity=self.url, api=self.url),
            pace=Pace(busy=0.02, quiet=0.02, starts=0.0, settling=timedelta(minutes=10).total_seconds()),
            patience=Patience(answer=0.3, unknown_delay=0.0),
        )

    async def session(self, adapter: Venue) -> Session:
        await adapter.open()
        session = Session(venue=adapter, of=self, market=None)  # type: ignore[arg-type]
        market = await session.search()
        assert isinstance(market, Market)
        session.market = market
        return session
