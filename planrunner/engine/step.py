"""The heart: one fact in, the next state and what to do out.

Any event in any state gives a state. Late, repeated and unrelated facts change nothing; a fact that can't be true of this run
raises Divergence. Only this function decides what is sent, and whether anything is ever sent again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from planrunner.engine import books, chain, endings, hedging, placing, recovery, rules
from planrunner.engine.moments import schedule_waiting, start_moved
from planrunner.engine.state import BetState, OrderEnd, OrderState, Phase, PlacementState, RunPhase, State, Winding
from planrunner.engine.steps import drop_later, is_over_for_steps
from planrunner.engine.turn import Step, Turn
from planrunner.model.events import (
    AccountChanged,
    BetSettled,
    BookChanged,
    CancelAccepted,
    CancelRefused,
    CancelUnknown,
    Event,
    MarketChanged,
    MarketSettled,
    OrderAccepted,
    OrderDenied,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunnersSeen,
    RunResumed,
    RunStarted,
    StopRequested,
    TimerFired,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import MarketStatus
from planrunner.model.placement import Fact, PlacementStatus
from planrunner.model.plan import Condition
from planrunner.model.program import Program

__all__ = ["Step", "step"]

LATE = timedelta(minutes=1)  # a run that begins later than this after a `place_at` or `place_before_start` does not place
STOP_WITHIN = 300  # seconds that a stopped run goes on asking a venue that does not answer


def step(program: Program, state: State, event: Event) -> Step:
    """Decide. Pure: the same program, state and event give the same step."""
    turn = Turn(program, state, event.at)
    match event:
        case RunStarted():
            _started(turn)
        case RunResumed() if state.phase is RunPhase.RUNNING:
            recovery.resumed(turn, event.notes)
        case StopRequested() if state.phase is RunPhase.RUNNING:
            _stop(turn, event.text)
        case TimerFired():
            _timer(turn, event)
        case MarketChanged():
            _market(turn, event)
        case BookChanged():
            rules.book_came(turn, event)
        case RunnersSeen():
            placing.runners_came(turn, event)
        case MarketSettled():
            _market_settled(turn, event)
        case RunResumed() | StopRequested() | AccountChanged() | VenueDown() | VenueUp():
            pass
        case _:
            placement = state.placements.get(event.ref)
            if placement is not None:
                _placement(turn, placement, event)
    return turn.finish()


def _started(turn: Turn) -> None:
    if turn.phase is not RunPhase.NEW:
        return
    turn.phase = RunPhase.RUNNING
    recovery.watch_markets(turn)
    for spec in turn.program.specs:
        order = turn.orders[spec.path]
        if order.phase is Phase.WAITING:  # neither a hedge nor placed with another bet of its ticket
            _begin(turn, order)


def _begin(turn: Turn, order: OrderState) -> None:
    """Set the order's deadlines; what is due already happens at once, the ending before the placing."""
    schedule_waiting(turn, order)
    ending, due = turn.timer(f"ending:{order.path}"), turn.timer(f"place:{order.path}")
    if ending is not None and ending <= turn.at:
        endings.end(turn, order, OrderEnd.NOT_PLACED, "its ending had passed before it could be placed")
    elif due is not None and due < turn.at - LATE:
        endings.end(turn, order, OrderEnd.NOT_PLACED, "its time to be placed had passed before the run began")
    elif due is not None and due <= turn.at:
        turn.set_timer(f"place:{order.path}", None)
        placing.place_if_open(turn, order)


def _stop(turn: Turn, text: str) -> None:
    """Nothing new is placed; remainders are taken back."""
    turn.stopping = text
    turn.set_timer("stop:", turn.after(STOP_WITHIN))
    for spec in turn.program.specs:
        order = turn.orders[spec.path]
        if order.phase is Phase.WAITING:
            endings.end(turn, order, OrderEnd.STOPPED, text)
        elif order.phase is Phase.WORKING:
            chain.wind(turn, order, Winding(because="stop", end=OrderEnd.STOPPED))
        else:
            drop_later(turn, order, "the run was stopped before its time came")


def _timer(turn: Turn, event: TimerFired) -> None:
    if turn.timer(event.name) != event.due:
        return  # taken back or replaced since
    turn.set_timer(event.name, None)
    kind, _, rest = event.name.partition(":")
    match kind:
        case "place":
            placing.place_if_open(turn, turn.orders[rest])
        case "ending":
            _ending(turn, turn.orders[rest])
        case "step":
            index, _, path = rest.partition(":")
            rules.step_due(turn, turn.orders[path], int(index))
        case "lookup":
            recovery.look_up(turn, turn.placements[rest])  # type: ignore[index]
        case "cancel":
            chain.cancel_again(turn, turn.placements[rest])  # type: ignore[index]
        case "retry":
            recovery.retry(turn, rest)
        case "book":
            books.overdue(turn, rest)
        case "runners":
            placing.runners_overdue(turn, rest)  # type: ignore[arg-type]
        case "hedge":
            hedging.look_again(turn, turn.orders[rest])
        case "stop":
            recovery.stop_waiting(turn)


def _ending(turn: Turn, order: OrderState) -> None:
    if order.phase is Phase.WAITING:
        endings.end(turn, order, OrderEnd.NOT_PLACED, "its ending came before it could be placed")
    elif order.phase is Phase.WORKING:
        chain.wind(turn, order, Winding(because=f"{order.path}.ending", end=OrderEnd.EXPIRED))


def _market(turn: Turn, event: MarketChanged) -> None:
    before = turn.markets.get(event.market)
    if before is None:
        return
    turn.change_market(event.market, status=event.status, in_play=event.in_play, start=event.start)
    for path in before.orders:
        if is_over_for_steps(turn.orders[path]):
            continue
        if event.start != before.start:
            start_moved(turn, turn.orders[path])
        if event.status is not before.status:
            _status_changed(turn, turn.orders[path], event.status)
        if event.in_play and not before.in_play and turn.orders[path].phase in (Phase.WORKING, Phase.DONE):
            rules.condition_came_true(turn, turn.orders[path], Condition.IN_PLAY)


def _status_changed(turn: Turn, order: OrderState, status: MarketStatus) -> None:
    if order.is_hedge and order.phase is Phase.WAITING:
        return  # it looks for itself
    if order.phase is Phase.WAITING:
        if status is MarketStatus.CLOSED or (order.ready and status is MarketStatus.OPEN):
            placing.place_if_open(turn, order)
    elif status is MarketStatus.SUSPENDED:
        rules.condition_came_true(turn, order, Condition.SUSPENDED)
    elif status is MarketStatus.CLOSED and order.phase is Phase.DONE:
        drop_later(turn, order, "the market was closed before its time came", only_hedges=True)
    elif status is MarketStatus.OPEN and order.winding is not None and (placement := turn.placement_of(order)):
        chain.cancel_again(turn, placement)


def _market_settled(turn: Turn, event: MarketSettled) -> None:
    market = turn.markets.get(event.market)
    if market is None:
        return
    if market.awaits_commission:
        turn.unsettled -= 1
    turn.change_market(event.market, commission=event.commission, awaits_commission=False)


_PlacementEvent = (
    OrderDenied | OrderNotSent | OrderAccepted | OrderRejected | OrderUnknown | OrderNotFound | OrderReported
    | CancelAccepted | CancelRefused | CancelUnknown | BetSettled
)  # fmt: skip


def _placement(turn: Turn, placement: PlacementState, event: _PlacementEvent) -> None:
    match event:
        case OrderAccepted():
            if placement.status is not PlacementStatus.DRAFT:
                seen = BetState(bet=event.bet, sizes=event.sizes, average_odds=event.average_odds)
                chain.report(turn, placement, seen, Fact.ACCEPTED)
                _held_up(turn, placement)
        case OrderReported():
            seen = BetState(bet=event.bet, sizes=event.sizes, average_odds=event.average_odds)
            chain.report(turn, placement, seen)
            _held_up(turn, placement)
        case OrderRejected():
            recovery.rejected(turn, placement, event)
        case OrderUnknown():
            recovery.lost(turn, placement, event.text)
        case OrderNotSent():
            recovery.not_sent(turn, placement, event)
        case OrderDenied():
            recovery.denied(turn, placement, event)
        case OrderNotFound():
            recovery.not_found(turn, placement, event)
        case CancelAccepted() | CancelRefused():
            chain.cancel_answered(turn, placement, certain=True)
        case CancelUnknown():
            chain.cancel_answered(turn, placement, certain=False)
        case BetSettled():
            _bet_settled(turn, placement, event)
        case _:
            assert_never(event)


def _held_up(turn: Turn, before: PlacementState) -> None:
    """The placement was in flight and no longer is: steps that came due meanwhile act now."""
    if before.status in (PlacementStatus.PENDING, PlacementStatus.UNKNOWN):
        rules.steps_held_up(turn, turn.order_of(before))


def _bet_settled(turn: Turn, placement: PlacementState, event: BetSettled) -> None:
    bet = next((bet for bet in placement.bets if bet.bet == event.bet), None)
    if bet is None or bet.profit == event.profit:
        return  # repeated; a result that is corrected is settled again
    settled = tuple(replace(one, profit=event.profit) if one is bet else one for one in placement.bets)
    turn.change_placement(placement, bets=settled)
    where = turn.order_of(placement).spec.market
    market = turn.markets[where]
    if market.commission is None and not market.awaits_commission:
        turn.unsettled += 1
        turn.change_market(where, awaits_commission=True)
