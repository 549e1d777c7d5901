"""Tickets: bets in pools, placed together, taken or refused one by one, and never taken back.

A ticket is placed whole or not at all: where one of its pools is closed or one bet breaks a limit, none of it leaves. Each bet is
then an order of its own. A pool keeps a bet that it took in before it says yes or no, so one of which nothing more is heard is
asked about, and given up as unresolved only long after.
"""

from __future__ import annotations

from decimal import Decimal

from planrunner.engine import endings
from planrunner.engine.guards import refusal
from planrunner.engine.state import OrderEnd, OrderState, Phase, PlacementState
from planrunner.engine.steps import mark_fired, mark_note
from planrunner.engine.turn import Turn
from planrunner.model.commands import NewPoolBet
from planrunner.model.market import MarketId, MarketStatus
from planrunner.model.placement import ZERO
from planrunner.model.plan import Condition, If, Retry
from planrunner.model.program import ProgramPoolBet

ANSWERED_WITHIN = 60  # seconds after which a bet that was taken in and not answered is asked about (the Tote's sheet, 5.2)
LOOKS = 15  # times; then a person must look


def is_pool_bet(order: OrderState) -> bool:
    return isinstance(order.spec, ProgramPoolBet)


def place_ticket(turn: Turn, first: OrderState) -> None:
    """The time of a ticket has come: all of its bets that wait leave in one request."""
    bets = [bet for bet in _of_ticket(turn, first) if bet.phase is Phase.WAITING]
    if shut := [bet for bet in bets if turn.market_of(bet.spec).status in (MarketStatus.CLOSED, MarketStatus.SUSPENDED)]:
        names = ", ".join(turn.program.markets[bet.spec.market].name for bet in shut)
        _end_all(turn, bets, OrderEnd.NOT_PLACED, f"{names} took no bets any more, and a ticket is placed whole or not at all")
        return
    asked = [(bet, _asked(turn, bet)) for bet in bets]
    if denial := _refusal(turn, asked):
        _end_all(turn, bets, OrderEnd.DENIED, f"{denial}; a ticket is placed whole or not at all")
        return
    for bet, one in asked:
        turn.place(bet.spec, one, "plan")
        _leaves(turn, bet, one)


def _refusal(turn: Turn, asked: list[tuple[OrderState, NewPoolBet]]) -> str | None:
    """The first limit that the ticket would break, its bets counted one after another."""
    cost, in_pool = ZERO, dict[MarketId, Decimal]()
    for bet, one in asked:
        there = in_pool.get(one.market, ZERO)
        if denial := refusal(turn, bet, size=one.size, loss=one.size, besides=cost, in_market=there):
            return denial
        cost, in_pool[one.market] = cost + one.size, there + one.size
    return None


def _leaves(turn: Turn, bet: OrderState, asked: NewPoolBet) -> None:
    turn.set_timer(f"place:{bet.path}", None)
    refs = (*bet.refs, asked.ref)
    turn.change_order(bet, phase=Phase.WORKING, ready=False, refs=refs, placed_at=bet.placed_at or turn.at)


def place_once_more(turn: Turn, bet: OrderState, placement: PlacementState) -> bool:
    """A refused bet whose plan says so, where the trouble was the venue's own: under a new reference, in a ticket of its own."""
    for index, step in enumerate(bet.spec.order.fallback):
        if not isinstance(step.action, Retry) or step.trigger != If(condition=Condition.REJECTED) or bet.steps[index].fired:
            continue
        if not placement.transient:
            mark_note(turn, bet, index, "the venue's reason does not pass by itself, so it was not asked again")
            return False
        asked = _asked(turn, bet)
        if denial := refusal(turn, bet, size=asked.size, loss=asked.size):
            mark_note(turn, bet, index, denial)
            return False
        bet = mark_fired(turn, bet, index)
        turn.place(bet.spec, asked, bet.step_path(index))
        _leaves(turn, bet, asked)
        return True
    return False


def taken_in(turn: Turn, bet: OrderState, placement: PlacementState) -> None:
    """The venue has the bet and has not said yes or no. Asked about, more than once; then a person must look."""
    if bet.phase is not Phase.WORKING:
        return
    if placement.looks <= LOOKS:
        turn.set_timer(f"lookup:{placement.asked.ref}", turn.after(ANSWERED_WITHIN))
        return
    turn.set_timer(f"lookup:{placement.asked.ref}", None)
    text = f"the venue took it in and has said neither yes nor no; look up {placement.asked.ref} there"
    turn.alert(bet.path, text, "recovery")
    endings.end(turn, bet, OrderEnd.UNRESOLVED, text)


def _of_ticket(turn: Turn, bet: OrderState) -> list[OrderState]:
    assert isinstance(bet.spec, ProgramPoolBet)
    return [turn.orders[path] for path in turn.before.tickets[bet.spec.ticket]]


def _end_all(turn: Turn, bets: list[OrderState], end: OrderEnd, reason: str) -> None:
    for bet in bets:
        endings.end(turn, bet, end, reason)


def _asked(turn: Turn, bet: OrderState) -> NewPoolBet:
    spec, rung = bet.spec, len(bet.refs)
    assert isinstance(spec, ProgramPoolBet)
    return NewPoolBet(
        ref=turn.terms(spec).reference(turn.program.seed_of_refs, bet.path, rung),
        path=bet.path,
        rung=rung,
        market=spec.market,
        legs=spec.legs,
        lines=spec.order.lines,
        unit=spec.order.unit.amount,
        size=spec.order.stake.amount,
    )
