"""A stage for reports: facts are called out, the engine answers, and all of it is written down as a journal has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from planrunner.engine.compile import orders_of
from planrunner.engine.resolve import Resolved
from planrunner.engine.state import State, initial
from planrunner.engine.step import step
from planrunner.model.commands import Command, NewPlacement, PlaceOrders, SetTimers
from planrunner.model.events import (
    BetSettled,
    BookChanged,
    CancelAccepted,
    Event,
    MarketChanged,
    MarketSettled,
    OrderAccepted,
    OrderReported,
    Outcome,
    Runner,
    RunnersSeen,
    RunStarted,
    TimerFired,
)
from planrunner.model.journal import Body, Exchange, Mode, Record, RunInfo
from planrunner.model.market import AccountName, BetId, Market, MarketId, MarketStatus, OrderRef, RunId, Selection, SelectionId
from planrunner.model.money import Money
from planrunner.model.odds import Band, Ladder, Side, decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import (
    Action,
    AfterPlacing,
    FallbackStep,
    LimitOrder,
    PlanLimits,
    Target,
    Trigger,
)
from planrunner.model.program import Program, Terms

T0 = datetime(2026, 12, 5, 14, 29, tzinfo=UTC)
BETFAIR = AccountName("betfair")
MARKET = MarketId("1.240")
TEAMS = ("Arsenal", "Chelsea", "The Draw")
LADDER = Ladder(
    "CLASSIC",
    (
        Band(low=Decimal("1.01"), high=Decimal(2), step=Decimal("0.01")),
        Band(low=Decimal(2), high=Decimal(3), step=Decimal("0.02")),
        Band(low=Decimal(3), high=Decimal(4), step=Decimal("0.05")),
        Band(low=Decimal(4), high=Decimal(6), step=Decimal("0.1")),
        Band(low=Decimal(6), high=Decimal(10), step=Decimal("0.2")),
    ),
)


def gbp(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="GBP")


def fallback(text: str, trigger: Trigger, action: Action, line: int = 20) -> FallbackStep:
    return FallbackStep(trigger=trigger, action=action, text=text, line=line)


def order(name: str = "arsenal", team: str = "Arsenal", **changes: Any) -> LimitOrder:
    """Back Arsenal, 10.00 GBP at 3.20, for two minutes."""
    asked: dict[str, Any] = {
        "name": name, "account": BETFAIR, "target": Target(selection=team), "side": Side.BACK, "odds": decimal_odds("3.20"),
        "stake": gbp("10.00"), "line": 12, "ending": AfterPlacing(delay=timedelta(minutes=2)),
    }  # fmt: skip
    return LimitOrder(**(asked | changes))


def program(
    *orders: LimitOrder, limits: PlanLimits | None = None, start: datetime | None = None, zone: str | None = None
) -> Program:
    """Orders on Arsenal v Chelsea."""
    market = Market(
        id=MARKET, name="Match Odds", fixture="Arsenal v Chelsea", start=start or T0 + timedelta(minutes=31),
        selections=tuple(Selection(id=SelectionId(str(at)), name=name) for at, name in enumerate(TEAMS)),
        ladder="CLASSIC", commission=Decimal("0.05"), turns_in_play=True,
    )  # fmt: skip
    terms = Terms(
        venue="betfair", batch=50, reference_length=32, idempotent_for=timedelta(seconds=60), lookup_lag=timedelta(seconds=15),
        minimum_stake=Decimal(1), minimum_payout=Decimal(10), ladders={"CLASSIC": LADDER},
    )  # fmt: skip
    return Program(
        run=RunId("20261205-142900-1f"), seed_of_refs="1f", plan="Back Arsenal, chase down to 3.00", digest="5f3a" * 16,
        currency="GBP", limits=limits or PlanLimits(max_loss=gbp("25.00")), terms={BETFAIR: terms}, markets={MARKET: market},
        orders=tuple(spec for one in orders for spec in orders_of(one, Resolved(market=market, selection=_team(market, one)))),
        time_zone=zone,
    )  # fmt: skip


def _team(market: Market, one: LimitOrder) -> Selection | None:
    return market.selections[TEAMS.index(one.target.selection)] if one.target.selection is not None else None


def info(**changes: Any) -> RunInfo:
    known: dict[str, Any] = {
        "run": RunId("20261205-142900-1f"), "plan_file": "plans/chase.yaml", "plan_name": "Back Arsenal, chase down to 3.00",
        "plan_digest": "5f3a" * 16, "mode": Mode.REHEARSAL, "created": datetime(2026, 12, 1, 9, 0, tzinfo=UTC), "seed": 7,
        "case": "usual",
    }  # fmt: skip
    return RunInfo(**(known | changes))


@dataclass
class Stage:
    """`say` takes facts, `go_to` lets the deadlines pass up to a moment, both writing records as a run does."""

    program: Program
    records: list[Record] = field(default_factory=list)
    now: datetime = T0
    state: State = field(init=False)
    sizes: dict[OrderRef, Sizes] = field(default_factory=dict)
    _bets: dict[OrderRef, BetId] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = initial(self.program)

    def start(self) -> Stage:
        self.say(RunStarted(at=self.now, program=self.program))
        return self.market()

    def say(self, event: Event) -> list[Command]:
        decided = step(self.program, self.state, event)
        self.state = decided.state
        self.write(event)
        for command in decided.commands:
            self.write(command)
            if isinstance(command, PlaceOrders):
                for asked in command.placements:
                    self.sizes.setdefault(asked.ref, Sizes(stake=asked.size))
        return list(decided.commands)

    def write(self, body: Body) -> None:
        self.records.append(Record(seq=len(self.records) + 1, epoch=1, at=self.now, body=body))

    def go_to(self, seconds: float) -> Stage:
        """So many seconds after the start, deadlines on the way firing in order."""
        target = T0 + timedelta(seconds=seconds)
        while due := [(at, name) for name, at in self.state.timers.items() if at <= target]:
            at, name = min(due)
            self.now = max(self.now, at)
            self.say(TimerFired(at=self.now, name=name, due=at))
        self.now = target
        return self

    def market(self, status: MarketStatus = MarketStatus.OPEN, *, in_play: bool = False, start: datetime | None = None) -> Stage:
        known = self.program.markets[MARKET].start
        self.say(MarketChanged(at=self.now, market=MARKET, status=status, in_play=in_play, start=start or known))
        return self

    def field(self, *offers: tuple[str, str], in_play: bool = False) -> Stage:
        """How the whole market stands: what backers and layers can take of each team."""
        runners = tuple(
            Runner(
                selection=SelectionId(str(at)), handicap=Decimal(0), name=TEAMS[at],
                back=((Decimal(back), Decimal(40)),), lay=((Decimal(lay), Decimal(40)),),
            )
            for at, (back, lay) in enumerate(offers)
        )  # fmt: skip
        self.say(RunnersSeen(at=self.now, market=MARKET, status=MarketStatus.OPEN, in_play=in_play, runners=runners))
        return self

    def book(self, back: str | None, lay: str | None, size: str = "120.00", team: int = 0) -> Stage:
        def best(odds: str | None) -> tuple[Decimal, Decimal] | None:
            return (Decimal(odds), Decimal(size)) if odds else None

        at = SelectionId(str(team))
        self.say(BookChanged(at=self.now, market=MARKET, selection=at, handicap=Decimal(0), back=best(back), lay=best(lay)))
        return self

    # -- what the venue does with an order

    def ref(self, name: str = "arsenal") -> OrderRef:
        """The reference of the order's latest placement."""
        ref = self.state.orders[f"orders.{name}"].ref
        assert ref is not None
        return ref

    def asked(self, name: str = "arsenal") -> NewPlacement:
        return self.state.placements[self.ref(name)].asked

    def bet(self, name: str = "arsenal") -> BetId:
        return self._bets.setdefault(self.ref(name), BetId(str(31242604945 + len(self._bets))))

    def accept(self, name: str = "arsenal", wait: float = 0.18) -> Stage:
        ref, asked, sent = self.ref(name), self.asked(name), self.now
        self.now += timedelta(seconds=wait)
        self.exchange(f"place {name}", _placing(asked), _placed(asked, self.bet(name)), sent)
        self.say(OrderAccepted(at=self.now, ref=ref, bet=self.bet(name), sizes=self.sizes[ref]))
        return self

    def match(self, size: str, average: str, name: str = "arsenal") -> Stage:
        """So much more is matched; `average` is over all of the placement."""
        return self.report(name, average=Decimal(average), matched=self.sizes[self.ref(name)].matched + Decimal(size))

    def confirm_cancel(self, name: str = "arsenal", wait: float = 0.12) -> Stage:
        """The venue takes back all that remains, and its next report says so."""
        ref, bet, sent = self.ref(name), self.bet(name), self.now
        left, average = self.sizes[ref].remaining, self._average(ref)
        self.now += timedelta(seconds=wait)
        body = {"marketId": MARKET, "instructions": [{"betId": bet}]}
        self.exchange(f"cancel {name}", body, {"status": "SUCCESS", "sizeCancelled": str(left)}, sent)
        self.say(CancelAccepted(at=self.now, ref=ref, bet=bet, size=left))
        self.now += timedelta(seconds=wait)
        return self.report(name, average=average, cancelled=self.sizes[ref].cancelled + left)

    def report(self, name: str = "arsenal", *, average: Decimal | None = None, **parts: Decimal) -> Stage:
        ref, bet, old = self.ref(name), self.bet(name), self.sizes[self.ref(name)]
        kept = {"matched": old.matched, "cancelled": old.cancelled, "lapsed": old.lapsed, "voided": old.voided}
        self.sizes[ref] = Sizes(stake=old.stake, **(kept | parts))
        self.say(OrderReported(at=self.now, ref=ref, bet=bet, sizes=self.sizes[ref], average_odds=average))
        return self

    def _average(self, ref: OrderRef) -> Decimal | None:
        return next((bet.average_odds for bet in self.state.placements[ref].bets), None)

    def settle(self, results: Iterable[tuple[OrderRef, Outcome, str]], commission: str) -> Stage:
        for ref, outcome, profit in results:
            self.say(BetSettled(at=self.now, ref=ref, bet=self._bets[ref], outcome=outcome, profit=Decimal(profit)))
        self.say(MarketSettled(at=self.now, account=BETFAIR, market=MARKET, commission=Decimal(commission)))
        return self

    def exchange(self, title: str, request: Any, answer: Any, sent: datetime, trouble: str | None = None) -> None:
        came = answer is not None
        self.write(
            Exchange(
                title=title, method="POST", url="https://sandbox.betfair/exchange/betting/json-rpc/v1", request=request,
                sent_at=sent, answer=answer, status=200 if came else None, answered_at=self.now if came else None,
                trouble=trouble,
            )
        )  # fmt: skip

    def refs(self, name: str = "arsenal") -> tuple[OrderRef, ...]:
        return self.state.orders[f"orders.{name}"].refs

    def deadlines(self) -> list[SetTimers]:
        return [record.body for record in self.records if isinstance(record.body, SetTimers)]


def _placing(asked: NewPlacement) -> dict[str, Any]:
    bet = {"size": str(asked.size), "price": str(asked.odds), "persistenceType": asked.persistence.value.upper()}
    instruction = {"selectionId": asked.selection, "side": asked.side.value.upper(), "orderType": "LIMIT", "limitOrder": bet}
    params = {"marketId": MARKET, "customerRef": "x4q7", "instructions": [instruction | {"customerOrderRef": asked.ref}]}
    return {"jsonrpc": "2.0", "method": "SportsAPING/v1.0/placeOrders", "params": params, "id": 1}


def _placed(asked: NewPlacement, bet: BetId) -> dict[str, Any]:
    report = {"status": "SUCCESS", "betId": bet, "sizeMatched": "0.0", "orderStatus": "EXECUTABLE"}
    return {"jsonrpc": "2.0", "result": {"status": "SUCCESS", "instructionReports": [report]}, "id": 1}
