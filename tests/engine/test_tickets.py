"""Tickets: placed whole or not at all, each bet taken or refused by itself, asked again only where plan and venue say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from planrunner.engine.state import OrderEnd, State, initial
from planrunner.engine.step import step
from planrunner.model.commands import Alert, CancelOrder, Command, Ended, FinishRun, PlaceTicket, QueryOrder, SetTimers
from planrunner.model.events import (
    Event,
    MarketChanged,
    OrderAccepted,
    OrderNotFound,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunResumed,
    RunStarted,
    StopRequested,
    TimerFired,
)
from planrunner.model.market import AccountName, BetId, Market, MarketId, MarketStatus, RunId, SelectionId
from planrunner.model.placement import Sizes
from planrunner.model.plan import BeforeStart, Condition, FallbackStep, If, Now, PlaceWhen, PlanLimits, PoolBet, Retry, TellOwner
from planrunner.model.pools import Leg, Pick, PickedLeg, Pool
from planrunner.model.profile import FOR_EVER
from planrunner.model.program import BY_LOOKS, Program, ProgramPoolBet, Terms
from tests.engine.programs import gbp
from tests.engine.twin import T0

TOTE = AccountName("tote")
NOW = Now()
RETRY = FallbackStep(trigger=If(condition=Condition.REJECTED), action=Retry(), text="", line=1)
TELL = FallbackStep(trigger=If(condition=Condition.REJECTED), action=TellOwner(text="Refused"), text="", line=1)


def ticket(
    *costs: str, place: PlaceWhen = NOW, fallback: Sequence[FallbackStep] = (), max_loss: str = "100.00", **limits: str
) -> Program:
    """One win bet of a line for each cost, each in a pool of its own that closes so many ten minutes from now."""
    bets, markets = [], {}
    for number, cost in enumerate(costs, 1):
        pool = MarketId(f"pool-{number}")
        markets[pool] = Market(
            id=pool, name=f"Win {number}", fixture="Bath", start=T0 + timedelta(minutes=10 * number), selections=(), ladder=""
        )
        asked = PoolBet(
            ticket="bath", number=number, account=TOTE, pool=Pool.WIN, legs=(Leg(race=str(number), runners=("4",)),),
            unit=gbp(cost), line=1, place=place, fallback=tuple(fallback),
        )  # fmt: skip
        pick = PickedLeg(id="leg", name="Bath", picks=(Pick(selection=SelectionId("s"), number=4, name="Horse"),))
        path = f"tickets.bath/{number}"
        bets.append(ProgramPoolBet(path=path, ticket="tickets.bath", order=asked, account=TOTE, market=pool, legs=(pick,)))
    terms = Terms(
        venue="tote", batch=50, reference_length=32, idempotent_for=FOR_EVER, lookup_lag=timedelta(seconds=5),
        minimum_stake=Decimal(0), minimum_payout=None, ladders={},
    )  # fmt: skip
    return Program(
        run=RunId("run"), seed_of_refs="run", plan="a plan", digest="d", currency="GBP",
        limits=PlanLimits(max_loss=gbp(max_loss), **{name: gbp(amount) for name, amount in limits.items()}),  # type: ignore[arg-type]
        terms={TOTE: terms}, markets=markets, orders=(), pool_bets=tuple(bets), rules=BY_LOOKS,
    )  # fmt: skip


class Play:
    """Facts in, decisions out; deadlines fire when asked for."""

    def __init__(self, program: Program) -> None:
        self.program, self.state, self.at = program, initial(program), T0
        self.commands: list[Command] = []
        self.tell(RunStarted(at=T0, program=program))

    def tell(self, event: Event) -> list[Command]:
        decided = step(self.program, self.state, event)
        self.state: State = decided.state
        self.commands += decided.commands
        return list(decided.commands)

    def go_to(self, at: datetime) -> None:
        """Everything that falls due until then happens."""
        while due := sorted((when, name) for name, when in self.state.timers.items() if when <= at):
            when, name = due[0]
            self.at = max(self.at, when)
            self.tell(TimerFired(at=self.at, name=name, due=when))
        self.at = at

    def sent(self) -> list[PlaceTicket]:
        return [one for one in self.commands if isinstance(one, PlaceTicket)]

    def took(self, ref: str, stake: str, *, matched: str | None = None, lapsed: str = "0") -> None:
        sizes = Sizes(stake=Decimal(stake), matched=Decimal(matched or "0"), lapsed=Decimal(lapsed))
        self.tell(OrderReported(at=self.at, ref=ref, bet=BetId(f"bet {ref}"), sizes=sizes))  # type: ignore[arg-type]

    def refused(self, ref: str, *, transient: bool = False) -> None:
        event = OrderRejected(at=self.at, ref=ref, reason="REJECTED", text="no", conclusive=True, transient=transient)  # type: ignore[arg-type]
        self.tell(event)

    def ends(self) -> list[OrderEnd | None]:
        return [self.state.orders[bet.path].end for bet in self.program.pool_bets]

    @property
    def ended(self) -> Ended | None:
        return next((one.ended for one in self.commands if isinstance(one, FinishRun)), None)


def test_a_ticket_leaves_as_one_request_and_its_bets_are_answered_one_by_one() -> None:
    play = Play(ticket("2.00", "3.00"))
    [sent] = play.sent()
    first, second = sent.placements
    assert [bet.size for bet in sent.placements] == [Decimal("2.00"), Decimal("3.00")]
    assert len({first.ref, second.ref, sent.request_ref}) == 3
    play.took(first.ref, "2.00", matched="2.00")
    assert play.ended is None
    play.refused(second.ref)
    assert play.ends() == [OrderEnd.MATCHED, OrderEnd.REJECTED]
    assert play.ended is Ended.NOT_AS_PLANNED
    assert play.state.risk_held == Decimal("2.00")


def test_a_ticket_is_placed_before_its_first_race_all_bets_at_once() -> None:
    play = Play(ticket("2.00", "3.00", place=BeforeStart(delay=timedelta(minutes=4))))
    play.go_to(T0 + timedelta(minutes=5))
    assert play.sent() == []
    play.go_to(T0 + timedelta(minutes=6))
    [sent] = play.sent()
    assert len(sent.placements) == 2
    play.go_to(T0 + timedelta(minutes=7))
    assert len(play.sent()) == 1


@pytest.mark.parametrize("limits", [{"max_loss": "4.99"}, {"max_stake": "4.99"}, {"max_exposure_per_market": "2.99"}])
def test_a_ticket_that_breaks_a_limit_is_not_placed_at_all(limits: dict[str, str]) -> None:
    play = Play(ticket("2.00", "3.00", **limits))
    assert play.sent() == []
    assert play.ends() == [OrderEnd.DENIED, OrderEnd.DENIED]
    assert play.ended is Ended.NOTHING_PLACED


def test_a_ticket_on_a_closed_pool_is_not_placed_at_all() -> None:
    play = Play(ticket("2.00", "3.00", place=BeforeStart(delay=timedelta(minutes=4))))
    closed = MarketChanged(
        at=T0, market=MarketId("pool-2"), status=MarketStatus.CLOSED, in_play=False, start=T0 + timedelta(minutes=20)
    )
    play.tell(closed)
    play.go_to(T0 + timedelta(minutes=6))
    assert play.sent() == []
    assert play.ends() == [OrderEnd.NOT_PLACED, OrderEnd.NOT_PLACED]


def test_a_refusal_that_passes_is_tried_once_more_under_a_new_reference() -> None:
    play = Play(ticket("2.00", "3.00", fallback=[RETRY]))
    [sent] = play.sent()
    play.took(sent.placements[0].ref, "2.00", matched="2.00")
    play.refused(sent.placements[1].ref, transient=True)
    again = play.sent()[1]
    [bet] = again.placements
    assert bet.size == Decimal("3.00")
    assert bet.ref != sent.placements[1].ref
    assert again.request_ref != sent.request_ref
    play.refused(bet.ref, transient=True)
    assert len(play.sent()) == 2
    assert play.ends() == [OrderEnd.MATCHED, OrderEnd.REJECTED]


def test_a_refusal_that_does_not_pass_is_not_tried_again_and_the_owner_is_told() -> None:
    play = Play(ticket("2.00", fallback=[RETRY, TELL]))
    [sent] = play.sent()
    play.refused(sent.placements[0].ref)
    assert len(play.sent()) == 1
    assert [one.text for one in play.commands if isinstance(one, Alert)] == ["Refused"]


def test_a_lost_answer_is_looked_up_and_the_ticket_sent_again_to_the_letter() -> None:
    play = Play(ticket("2.00", "3.00"))
    [sent] = play.sent()
    for bet in sent.placements:
        play.tell(OrderUnknown(at=play.at, ref=bet.ref, text="no answer"))
    assert play.state.risk_held == Decimal("5.00")
    play.go_to(T0 + timedelta(seconds=4))
    asked = [one.ref for one in play.commands if isinstance(one, QueryOrder)]
    assert sorted(asked) == sorted(bet.ref for bet in sent.placements)
    for ref in asked:
        play.tell(OrderNotFound(at=play.at, ref=ref, since_sent=timedelta(seconds=4)))
    again = play.sent()[1]
    assert replace(again, attempt=1, because=sent.because) == sent
    play.tell(OrderAccepted(at=play.at, ref=sent.placements[0].ref, bet=BetId("1"), sizes=Sizes(stake=Decimal("2.00"))))
    play.refused(sent.placements[1].ref)  # the venue keeps the reference as refused: that is proof, whatever was lost before
    assert play.ends() == [None, OrderEnd.REJECTED]


def test_a_bet_that_was_taken_in_and_never_answered_is_asked_about_and_then_given_to_a_person() -> None:
    play = Play(ticket("2.00"))
    [sent] = play.sent()
    ref = sent.placements[0].ref
    play.took(ref, "2.00")
    for _ in range(30):
        play.go_to(play.at + timedelta(seconds=61))
        if play.ended is None:
            play.took(ref, "2.00")
    looks = [one for one in play.commands if isinstance(one, QueryOrder)]
    assert 10 <= len(looks) <= 20
    assert play.ended is Ended.UNRESOLVED
    assert any(isinstance(one, Alert) and ref in one.text for one in play.commands)
    assert len(play.sent()) == 1
    assert play.state.risk_held == Decimal("2.00")
    play.took(ref, "2.00", matched="2.00")
    assert play.state.placements[ref].sizes.matched == Decimal("2.00")


def test_a_stake_that_was_rounded_down_is_told() -> None:
    play = Play(ticket("2.00"))
    [sent] = play.sent()
    play.took(sent.placements[0].ref, "2.00", matched="1.50", lapsed="0.50")
    assert play.ends() == [OrderEnd.TAKEN_FOR_LESS]
    assert play.ended is Ended.NOT_AS_PLANNED
    assert play.state.risk_held == Decimal("1.50")


def test_a_stop_takes_back_nothing_from_a_pool_and_waits_for_its_answer() -> None:
    play = Play(ticket("2.00", "3.00"))
    [sent] = play.sent()
    play.took(sent.placements[0].ref, "2.00")
    play.tell(StopRequested(at=play.at, text="enough"))
    assert not [one for one in play.commands if isinstance(one, CancelOrder)]
    for bet in sent.placements:
        play.took(bet.ref, str(bet.size), matched=str(bet.size))
    assert play.ends() == [OrderEnd.MATCHED, OrderEnd.MATCHED]
    assert play.ended is Ended.STOPPED


def test_a_resumed_run_asks_about_its_bets_before_anything_else() -> None:
    play = Play(ticket("2.00", "3.00"))
    [sent] = play.sent()
    play.took(sent.placements[0].ref, "2.00", matched="2.00")
    play.tell(RunResumed(at=play.at, epoch=2))
    play.go_to(T0 + timedelta(seconds=4))
    assert [one.ref for one in play.commands if isinstance(one, QueryOrder)] == [sent.placements[1].ref]
    assert len(play.sent()) == 1
    assert any(isinstance(one, SetTimers) for one in play.commands)
