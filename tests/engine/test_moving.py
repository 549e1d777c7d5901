"""`move_remainder_to`: exactly what was taken back for certain is placed on the other account, once, and never on a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from planrunner.engine.compile import orders_of
from planrunner.engine.resolve import Resolved
from planrunner.engine.state import OrderEnd, initial
from planrunner.engine.step import step
from planrunner.model.commands import CancelOrder, Command, Ended, FinishRun, PlaceOrders
from planrunner.model.events import (
    CancelUnknown,
    Event,
    OrderNotFound,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunStarted,
    StopRequested,
    TimerFired,
)
from planrunner.model.market import AccountName, BetId
from planrunner.model.odds import decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import AfterPlacing, Condition, If, Move, Target
from planrunner.model.program import Program
from tests.engine.programs import BETFAIR, RUNNERS, back, fallback, program
from tests.engine.twin import T0

ABP = AccountName("abp")
MOVE = Move(account=ABP, target=Target(event_id="id1", selection_id="101"), odds=decimal_odds("3.0"))


def moving(move: Move = MOVE, *, trigger=None, minimum: str = "1", **changes) -> Program:  # type: ignore[no-untyped-def]
    """Back 10.00 for two minutes, and after one of them move what is left."""
    trigger = trigger or AfterPlacing(delay=timedelta(minutes=1))
    base = program(back(), **changes)
    order = back(fallback=(fallback(trigger, move),))
    [market] = base.markets.values()
    there = replace(market, id="id1:1x2")
    specs = tuple(orders_of(order, Resolved(market=market, selection=RUNNERS[0]), Resolved(market=there, selection=RUNNERS[0])))
    terms = replace(
        base.terms[BETFAIR],
        venue="abp",
        uuid_references=True,
        expires_within=timedelta(hours=24),
        minimum_stake=Decimal(minimum),
        minimum_payout=None,
    )
    return replace(
        base, orders=specs, terms={BETFAIR: base.terms[BETFAIR], ABP: terms}, markets={market.id: market, there.id: there}
    )


class Play:
    def __init__(self, program: Program) -> None:
        self.program, self.state, self.at = program, initial(program), T0
        self.commands: list[Command] = []
        self.tell(RunStarted(at=T0, program=program))

    def tell(self, event: Event) -> None:
        decided = step(self.program, self.state, event)
        self.state = decided.state
        self.commands += decided.commands

    def go_to(self, seconds: int) -> None:
        until = T0 + timedelta(seconds=seconds)
        while due := sorted((when, name) for name, when in self.state.timers.items() if when <= until):
            self.at = max(self.at, due[0][0])
            self.tell(TimerFired(at=self.at, name=due[0][1], due=due[0][0]))
        self.at = until

    def has(self, ref: str, **sizes: str) -> None:
        told = Sizes(**{name: Decimal(size) for name, size in sizes.items()})
        self.tell(OrderReported(at=self.at, ref=ref, bet=BetId(f"bet {ref}"), sizes=told))  # type: ignore[arg-type]

    def placed(self, account: AccountName) -> list[PlaceOrders]:
        return [one for one in self.commands if isinstance(one, PlaceOrders) and one.account == account]

    def end_of(self, path: str = "orders.arsenal") -> OrderEnd | None:
        return self.state.orders[path].end

    @property
    def ended(self) -> list[Ended]:
        return [one.ended for one in self.commands if isinstance(one, FinishRun)]


def begun(**changes) -> tuple[Play, str]:  # type: ignore[no-untyped-def]
    play = Play(moving(**changes))
    ref = play.placed(BETFAIR)[0].placements[0].ref
    play.has(ref, stake="10")
    return play, ref


def test_what_was_taken_back_is_placed_there_and_ends_when_the_order_would_have() -> None:
    play, ref = begun()
    play.go_to(60)
    assert [one.ref for one in play.commands if isinstance(one, CancelOrder)] == [ref]
    assert play.placed(ABP) == []
    play.has(ref, stake="10", matched="3.50", cancelled="6.50")
    play.go_to(61)
    [request] = play.placed(ABP)
    [asked] = request.placements
    assert (asked.size, asked.odds, asked.good_until) == (Decimal("6.50"), Decimal("3.0"), T0 + timedelta(minutes=2))
    assert len(asked.ref) == 36
    assert play.end_of() is OrderEnd.MOVED
    assert play.state.risk_held == Decimal(10)
    play.has(asked.ref, stake="6.50", matched="6.50")
    assert play.ended == [Ended.AS_PLANNED]


def test_nothing_is_placed_there_while_it_is_not_known_what_is_left_here() -> None:
    play, ref = begun()
    play.go_to(60)
    play.tell(CancelUnknown(at=play.at, ref=ref, bet=BetId(f"bet {ref}"), text="no answer"))  # type: ignore[arg-type]
    for seconds in range(61, 200, 5):
        play.go_to(seconds)
        play.tell(OrderUnknown(at=play.at, ref=ref, text="no answer"))  # type: ignore[arg-type]
    assert play.placed(ABP) == []


def test_an_order_that_never_showed_up_is_not_placed_there() -> None:
    play = Play(moving(window=None))
    ref = play.placed(BETFAIR)[0].placements[0].ref
    play.tell(OrderUnknown(at=play.at, ref=ref, text="no answer"))
    for seconds in range(4, 400, 5):
        play.go_to(seconds)
        play.tell(OrderNotFound(at=play.at, ref=ref, since_sent=timedelta(seconds=seconds)))
    assert play.end_of() is OrderEnd.UNRESOLVED
    assert play.placed(ABP) == []


def test_what_matched_in_full_meanwhile_leaves_nothing_to_move() -> None:
    play, ref = begun()
    play.go_to(60)
    play.has(ref, stake="10", matched="10")
    assert play.placed(ABP) == []
    assert play.ended == [Ended.AS_PLANNED]


def test_less_than_its_minimum_is_not_placed_there_and_told() -> None:
    play, ref = begun(minimum="5")
    play.go_to(60)
    play.has(ref, stake="10", matched="6", cancelled="4")
    play.go_to(61)
    assert play.placed(ABP) == []
    assert "below the minimum of abp" in (play.state.orders["orders.arsenal"].steps[0].note or "")


def test_a_refused_order_may_be_placed_there_whole() -> None:
    play = Play(moving(trigger=If(condition=Condition.REJECTED)))
    ref = play.placed(BETFAIR)[0].placements[0].ref
    play.tell(OrderRejected(at=play.at, ref=ref, reason="MARKET_SUSPENDED", text="the market is suspended"))
    play.go_to(1)
    assert [one.placements[0].size for one in play.placed(ABP)] == [Decimal(10)]


def test_a_stopped_run_moves_nothing() -> None:
    play, ref = begun()
    play.go_to(60)
    play.tell(StopRequested(at=play.at, text="enough"))
    play.has(ref, stake="10", cancelled="10")
    play.go_to(300)
    assert play.placed(ABP) == []
    assert play.ended == [Ended.STOPPED]
