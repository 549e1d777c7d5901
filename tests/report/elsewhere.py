"""Runs at other venues worth telling: tickets of pool bets at Bath, an order that a router spreads, whose remainder moves on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from planrunner.engine.compile import orders_of
from planrunner.engine.resolve import Resolved
from planrunner.model.commands import Command, PlaceTicket
from planrunner.model.events import (
    BetSettled,
    Event,
    Fill,
    MarketChanged,
    MarketSettled,
    OrderAccepted,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    RunStarted,
)
from planrunner.model.market import AccountName, BetId, Market, MarketId, MarketStatus, OrderRef, SelectionId
from planrunner.model.money import Money
from planrunner.model.odds import decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import (
    AfterPlacing,
    BeforeStart,
    Condition,
    FallbackStep,
    If,
    Move,
    PlanLimits,
    PoolBet,
    Retry,
    Routing,
    Target,
    TellOwner,
)
from planrunner.model.pools import Dividend, Leg, Pick, PickedLeg, Pool
from planrunner.model.profile import FOR_EVER
from planrunner.model.program import Program, ProgramPoolBet, Terms
from tests.report.stage import BETFAIR, LADDER, T0, Stage, fallback, gbp, order, program

TOTE, ABP = AccountName("tote"), AccountName("abp")
CARD = ("Miss Dolly Rocker", "Sea Fret", "Lansdown Lad", "Pulteney", "Georgian Gold", "Cloth of Gold")
RACES = ("Novice Stakes", "Somerset Handicap", "Avon Sprint", "Maiden Stakes", "Roman Baths Handicap", "Apprentice Handicap")
NUMBERS = (4, 6, 10, 2, 5, 7)
RETRY = fallback("if: rejected: retry once", If(condition=Condition.REJECTED), Retry(), 31)
TELL = fallback("if: rejected: alert", If(condition=Condition.REJECTED), TellOwner(text="Bath refused a bet"), 33)


def _runner(number: int, place: int | None = None) -> Pick:
    name = CARD[NUMBERS.index(number)]
    return Pick(selection=SelectionId(f"s{number}"), number=number, name=name, place=place)


def leg(race: int, *numbers: int, reserves: Sequence[int] = (), finish: Sequence[Sequence[int]] = ()) -> tuple[Leg, PickedLeg]:
    """A race of the card, as the plan names it and as it was found."""
    picks = [_runner(one, place) for place, runners in enumerate(finish, 1) for one in runners]
    asked = Leg(
        race=str(race),
        runners=tuple(str(one) for one in numbers),
        finish=tuple(tuple(str(one) for one in runners) for runners in finish),
        reserves=tuple(str(one) for one in reserves),
    )
    found = PickedLeg(
        id=f"leg-{race}", name=RACES[race - 1], picks=tuple(picks or (_runner(one) for one in numbers)),
        reserves=tuple(_runner(one) for one in reserves),
    )  # fmt: skip
    return asked, found


def exacta(*numbers: int, race: int = 3) -> tuple[Leg, PickedLeg]:
    """Any of them first, any other second."""
    asked, found = leg(race, *numbers)
    return asked, replace(found, picks=tuple(_runner(one, place) for place in (1, 2) for one in numbers))


def bath(
    *bets: tuple[Pool, str, Sequence[tuple[Leg, PickedLeg]]], steps: Sequence[FallbackStep] = (), max_loss: str = "40.00"
) -> Program:
    """A ticket at Bath, placed ten minutes before its first race, which is off in twelve."""
    specs, markets = [], {}
    for number, (pool, unit, legs) in enumerate(bets, 1):
        market = MarketId(f"pool-{number}")
        first = int(legs[0][0].race)
        markets[market] = Market(
            id=market, name=f"{pool.value.capitalize()} R{first}", selections=(), ladder="",
            fixture=legs[0][1].name if len(legs) == 1 else "Bath",
            start=T0 + timedelta(minutes=12 + 30 * (first - 1)), meeting="Bath", kind=pool.value,
        )  # fmt: skip
        asked = PoolBet(
            ticket="bath", number=number, account=TOTE, pool=pool, legs=tuple(one for one, _ in legs), unit=gbp(unit),
            line=14 + 6 * number, place=BeforeStart(delay=timedelta(minutes=10)), fallback=tuple(steps),
        )  # fmt: skip
        found = tuple(one for _, one in legs)
        specs.append(
            ProgramPoolBet(
                path=f"tickets.bath/{number}", ticket="tickets.bath", order=asked, account=TOTE, market=market, legs=found
            )
        )
    terms = Terms(
        venue="tote", batch=50, reference_length=32, idempotent_for=FOR_EVER, lookup_lag=timedelta(seconds=5),
        minimum_stake=Decimal(0), minimum_payout=None, ladders={},
    )  # fmt: skip
    limits = PlanLimits(max_loss=gbp(max_loss), max_stake=gbp("30.00"), max_exposure_per_market=gbp("10.00"), max_orders=6)
    base = program(limits=limits, zone="Europe/London")
    return replace(base, terms={TOTE: terms}, markets=markets, pool_bets=tuple(specs), plan="Bath, the third at the Tote")


class Window(Stage):
    """Where tickets are handed in. Bets are called by their number on the ticket."""

    def start(self) -> Window:
        self.say(RunStarted(at=self.now, program=self.program))
        for market in self.program.markets:
            self.pool(market)
        return self

    def say(self, event: Event) -> list[Command]:
        commands = super().say(event)
        for command in commands:
            if isinstance(command, PlaceTicket):
                self.sizes |= {one.ref: Sizes(stake=one.size) for one in command.placements if one.ref not in self.sizes}
                asked = {"ticketId": command.request_ref, "bets": [{"betId": one.ref} for one in command.placements]}
                self.exchange("place ticket bath", {"input": asked}, {"r": {"ticket": asked}}, self.now)
        return commands

    def pool(self, market: MarketId, status: MarketStatus = MarketStatus.OPEN) -> Window:
        start = self.program.markets[market].start
        self.say(MarketChanged(at=self.now, market=market, status=status, in_play=False, start=start))
        return self

    def at(self, minutes: float) -> Window:
        self.go_to(minutes * 60)
        return self

    def off(self) -> Window:
        """Every pool closes with its first race."""
        for market, of in sorted(self.program.markets.items(), key=lambda one: one[1].start):
            self.go_to(max((of.start - T0).total_seconds(), (self.now - T0).total_seconds()))
            self.pool(market, MarketStatus.CLOSED)
        return self

    def bet_ref(self, number: int) -> OrderRef:
        ref = self.state.orders[f"tickets.bath/{number}"].ref
        assert ref is not None
        return ref

    def bet_id(self, number: int) -> BetId:
        return BetId(f"9f0c{int(self.bet_ref(number), 36) % 16**8:08x}")

    def taken_in(self, *numbers: int, wait: float = 0.2) -> Window:
        self.now += timedelta(seconds=wait)
        for number in numbers:
            ref = self.bet_ref(number)
            self.say(OrderAccepted(at=self.now, ref=ref, bet=self.bet_id(number), sizes=self.sizes[ref]))
        return self

    def told(self, number: int, *, wait: float = 1.5, **parts: str) -> Window:
        """The venue says how the bet stands."""
        self.now += timedelta(seconds=wait)
        ref = self.bet_ref(number)
        self.sizes[ref] = Sizes(stake=self.sizes[ref].stake, **{name: Decimal(size) for name, size in parts.items()})
        self.say(OrderReported(at=self.now, ref=ref, bet=self.bet_id(number), sizes=self.sizes[ref]))
        return self

    def accepts(self, *numbers: int) -> Window:
        for number in numbers:
            self.told(number, matched=str(self.sizes[self.bet_ref(number)].stake))
        return self

    def refuses(self, number: int, reason: str, text: str, *, transient: bool = False, wait: float = 1.5) -> Window:
        self.now += timedelta(seconds=wait)
        ref = self.bet_ref(number)
        self.say(OrderRejected(at=self.now, ref=ref, reason=reason, text=text, conclusive=True, transient=transient))
        return self

    def pays(self, number: int, outcome: Outcome, profit: str, *dividends: Dividend, refunded: str = "0") -> Window:
        self.say(
            BetSettled(
                at=self.now, ref=self.bet_ref(number), bet=self.bet_id(number), outcome=outcome, profit=Decimal(profit),
                refunded=Decimal(refunded), dividends=dividends,
            )
        )  # fmt: skip
        market = self.program.pool_bets[number - 1].market
        self.say(MarketSettled(at=self.now, account=TOTE, market=market, commission=Decimal(0)))
        return self


def dividend(name: str, on: str, pays: str) -> Dividend:
    return Dividend(name=name, on=on, pays=Decimal(pays))


def ticket_paid() -> Window:
    """An exacta in any order and a win, both accepted; the exacta pays."""
    window = Window(bath((Pool.EXACTA, "1.00", [exacta(4, 6, 10)]), (Pool.WIN, "8.00", [leg(3, 2, reserves=(5, 7))]))).start()
    window.at(62).taken_in(1, 2).accepts(1, 2).off().at(84)
    window.pays(1, Outcome.WON, "17.40", dividend("Exacta", "6 - 4", "23.40"))
    return window.pays(2, Outcome.LOST, "-8.00", dividend("Win", "6", "3.10"))


PLACEPOT = [leg(1, 4, 6), leg(2, 2), leg(3, 10), leg(4, 5, 7), leg(5, 4), leg(6, 6)]


def ticket_mixed() -> Window:
    """Four bets: one accepted, one refused, one taken for less, one refused for a moment and accepted at the second attempt."""
    window = Window(
        bath(
            (Pool.WIN, "8.00", [leg(1, 4)]),
            (Pool.EXACTA, "2.00", [leg(1, 4, 6, 10, finish=[(4,), (6, 10)])]),
            (Pool.SWINGER, "1.00", [leg(2, 2, 5, 7)]),
            (Pool.PLACEPOT, "0.50", PLACEPOT),
            steps=(RETRY, TELL),
        )
    ).start()
    window.at(2).taken_in(1, 3, wait=0.4)
    window.refuses(2, "POOL_NOT_OPEN", "the pool had closed", wait=0)
    window.refuses(4, "PROVIDER_ERROR", "the venue could not hand the bet on and says to ask again", transient=True)
    window.told(3, matched="1.50", lapsed="1.50").accepts(1).taken_in(4).accepts(4)
    window.off().at(20)
    window.pays(1, Outcome.WON, "12.00", dividend("Win", "4", "2.50")).at(50)
    window.pays(3, Outcome.LOST, "-0.50", dividend("Swinger", "2 - 4", "5.20"), refunded="1.00").at(200)
    return window.pays(4, Outcome.LOST, "-2.00", dividend("Placepot", "", "118.70"))


def ticket_unanswered() -> Window:
    """The venue takes a bet in and never says yes or no; of another the answer is lost."""
    window = Window(bath((Pool.WIN, "2.00", [leg(1, 4)]), (Pool.TRIO, "1.00", [leg(1, 2, 4, 6, 7)]))).start()
    window.at(2).taken_in(1)
    window.say(OrderUnknown(at=window.now, ref=window.bet_ref(2), text="the connection ended within the answer"))
    window.told(2, matched="4.00", wait=12)
    for look in range(1, 20):
        window.at(2 + look * 1.1)
        if window.state.orders["tickets.bath/1"].end is None:
            window.told(1, wait=0.3)
    return window


def ticket_refused_by_a_limit() -> Window:
    """It would cost more than the plan allows: none of it leaves."""
    bets = ((Pool.WIN, "8.00", [leg(1, 4)]), (Pool.QUINELLA, "2.00", [leg(1, 4, 6)]))
    return Window(bath(*bets, max_loss="9.00")).start().at(3)


# --- a router


def fill(number: int, bookmaker: str, odds: str, size: str, paid: str, currency: str, status: str = "CONFIRMED") -> Fill:
    money = Money(amount=Decimal(paid), currency=currency)
    return Fill(id=f"b-{880 + number}", bookmaker=bookmaker, odds=Decimal(odds), size=Decimal(size), paid=money, status=status)


def routed() -> Program:
    """Back Arsenal for 30.00 at 3.00 on average over bookmakers; what is left after a minute goes to the exchange at 2.96."""
    move = Move(account=BETFAIR, target=Target(selection="Arsenal"), odds=decimal_odds("2.96"))
    step = fallback("after 60s: move remainder to betfair", AfterPlacing(delay=timedelta(seconds=60)), move, 26)
    asked = order(
        account=ABP, odds=decimal_odds("3.00"), stake=gbp("30.00"), fallback=(step,), odds_hold_for_average=True,
        routing=Routing(bookmakers=("pinnacle", "bet365", "sbobet")), ending=AfterPlacing(delay=timedelta(minutes=5)),
    )  # fmt: skip
    base = program(order(), limits=PlanLimits(max_loss=gbp("30.00"), max_orders=2))
    [market] = base.markets.values()
    there = replace(market, id=MarketId("id1000:101"), name="Full Time Result", commission=Decimal(0), turns_in_play=False)
    arsenal = market.selections[0]
    specs = tuple(orders_of(asked, Resolved(market=there, selection=arsenal), Resolved(market=market, selection=arsenal)))
    terms = replace(
        base.terms[BETFAIR], venue="oddspapi_abp", batch=1, uuid_references=True, expires_within=timedelta(hours=24),
        minimum_payout=None, ladders={"CLASSIC": LADDER},
    )  # fmt: skip
    markets = {there.id: there, market.id: market}
    return replace(base, orders=specs, terms={ABP: terms, BETFAIR: base.terms[BETFAIR]}, markets=markets)


class Router(Stage):
    """Reports of a router: sizes and what each bookmaker holds."""

    def fills(self, *fills: Fill, wait: float = 1.0, **parts: str) -> Router:
        self.now += timedelta(seconds=wait)
        ref = self.ref()
        self.sizes[ref] = Sizes(stake=self.sizes[ref].stake, **{name: Decimal(size) for name, size in parts.items()})
        held = [fill for fill in fills if fill.size]
        average = sum(fill.size * fill.odds for fill in held) / sum(fill.size for fill in held)
        self.say(
            OrderReported(
                at=self.now, ref=ref, bet=self.bet(), sizes=self.sizes[ref], average_odds=average.quantize(Decimal("0.000001")),
                fills=fills,
            )
        )  # fmt: skip
        return self


def routed_and_moved() -> Router:
    """Three bookmakers take 18.00 of 30.00, one below the odds, and one says no at first; 12.00 moves on, and 8.00 matches."""
    pinnacle = fill(1, "pinnacle", "3.10", "8.00", "10.64", "USD")
    bet365 = fill(2, "bet365", "3.00", "6.00", "7.14", "EUR")
    sbobet = fill(4, "sbobet", "2.94", "4.00", "4.00", "GBP")
    refused = fill(3, "sbobet", "0", "0", "0", "GBP", "REJECTED")
    router = Router(routed())
    router.start()
    router.accept()
    router.fills(pinnacle, wait=1.2, matched="8.00").fills(pinnacle, bet365, refused, wait=1, matched="14.00")
    router.go_to(31)
    router.fills(pinnacle, bet365, refused, sbobet, wait=0, matched="18.00").go_to(60)
    router.fills(pinnacle, bet365, refused, sbobet, matched="18.00", cancelled="12.00").go_to(62)
    router.accept("arsenal/moved").go_to(80)
    router.match("8.00", "2.98", "arsenal/moved").go_to(300)
    router.confirm_cancel("arsenal/moved").go_to(7300)
    ref = router.ref()
    router.say(BetSettled(at=router.now, ref=ref, bet=router.bet(), outcome=Outcome.WON, profit=Decimal("36.56")))
    router.settle([(router.ref("arsenal/moved"), Outcome.WON, "15.84")], "0.79")
    router.say(MarketSettled(at=router.now, account=ABP, market=MarketId("id1000:101"), commission=Decimal(0)))
    return router
