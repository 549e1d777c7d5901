"""`hedge: green_up`: how much to bet the other way, when it begins, and what is told when it ends.

A bet of size s at odds o pays back s x o if the selection wins. Bets on both sides that would pay back the same leave the same
profit whatever happens, and then lose less than either could alone. So a hedge is sized by what is still to be paid back,
divided by its own odds and rounded down: it never takes more than that, and with what it hedges never loses more than that
could. Only sizes that the venue confirmed count; while the hedge's own bet may still match, no other is made.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from fractions import Fraction

from planrunner.engine.books import await_book
from planrunner.engine.guards import too_small
from planrunner.engine.state import OrderEnd, OrderState, Phase, PlacementState, RunPhase
from planrunner.engine.steps import NOT_HEDGED, NOTHING_TO_HEDGE, mark_note
from planrunner.engine.turn import Turn
from planrunner.model.commands import Alert
from planrunner.model.market import MarketStatus
from planrunner.model.money import smallest_unit
from planrunner.model.odds import Side
from planrunner.model.plan import At, Hedge
from planrunner.model.program import hedge_path

LOOK_AGAIN_AFTER = 5  # seconds
# Ends that only say that a hedge is over, so that it is called by what it came to; others (stopped, refused) say more than that.
_RAN_OUT = (OrderEnd.EXPIRED, OrderEnd.CANCELLED, OrderEnd.LAPSED, OrderEnd.VOIDED, OrderEnd.NOT_PLACED, OrderEnd.TOO_SMALL)
_IN_ORDER = (OrderEnd.MATCHED, OrderEnd.NEEDLESS)


def begin(turn: Turn, order: OrderState) -> None:
    """The order is over, its sizes are confirmed, and one of its steps asked for a hedge."""
    index = order.hedge_step
    assert index is not None
    action = order.spec.order.fallback[index].action
    assert isinstance(action, Hedge)
    if not _chain(turn, order):
        mark_note(turn, order, index, NOTHING_TO_HEDGE)
        return
    mark_note(turn, order, index, None)
    hedge = turn.orders[hedge_path(order.path)]
    until = turn.at + action.for_at_most
    asked = replace(hedge.limit, odds=action.no_worse_than, ending=At(at=until))
    where = replace(
        hedge.aim, order=asked, selection=order.aim.selection, selection_name=order.aim.selection_name,
        handicap=order.aim.handicap,
    )  # fmt: skip
    hedge = turn.wake(hedge, where)
    turn.set_timer(f"ending:{hedge.path}", until)
    look(turn, hedge)


def cannot_begin(turn: Turn, order: OrderState, why: str) -> None:
    """A hedge was asked for, and what it would hedge is not known or the run was stopped."""
    matched = sum((placement.sizes.matched for placement in _chain(turn, order)), Decimal(0))
    if matched and order.hedge_step is not None:
        text = f"{matched} {turn.program.currency} matched on {order.aim.selection_name} is not hedged: {why}"
        turn.alert(order.path, text, order.step_path(order.hedge_step))
        mark_note(turn, order, order.hedge_step, f"{NOT_HEDGED}{why}")


def look(turn: Turn, hedge: OrderState) -> None:
    """Ask for the odds on offer, now and again in a while."""
    status = turn.market_of(hedge.spec).status
    if status is MarketStatus.CLOSED and not _is_out(turn, hedge):
        over(turn, hedge, OrderEnd.NOT_PLACED, "the market is closed")
        return
    turn.set_timer(f"hedge:{hedge.path}", turn.after(LOOK_AGAIN_AFTER))
    waits = hedge.awaits_book is None and hedge.winding is None
    if waits and status in (None, MarketStatus.OPEN):
        await_book(turn, hedge, asked_by(turn, hedge).hedge_step or 0)


def _is_out(turn: Turn, hedge: OrderState) -> bool:
    placement = turn.placement_of(hedge)
    return placement is not None and not placement.is_over


def asked_by(turn: Turn, hedge: OrderState) -> OrderState:
    """The order it hedges."""
    assert hedge.spec.hedges is not None
    return turn.orders[hedge.spec.hedges]


def because(turn: Turn, hedge: OrderState) -> str:
    """The step that asked for it, as commands name it."""
    order = asked_by(turn, hedge)
    return order.step_path(order.hedge_step or 0)


def _chain(turn: Turn, order: OrderState) -> list[PlacementState]:
    """Its placements of which something matched."""
    chain = (turn.placements[ref] for ref in order.refs if ref in turn.placements)
    return [placement for placement in chain if placement.sizes.matched]


def _owed(turn: Turn, hedge: OrderState) -> Fraction:
    """What the hedged bets would pay back."""
    return sum((placement.returns for placement in _chain(turn, asked_by(turn, hedge))), Fraction(0))


def unhedged(turn: Turn, hedge: OrderState) -> Fraction:
    """Of what the hedged bets would pay back, how much the hedge does not pay back yet."""
    paid = sum((placement.returns for placement in _chain(turn, hedge)), Fraction(0))
    return max(_owed(turn, hedge) - paid, Fraction(0))


def overhedged(turn: Turn, hedge: OrderState) -> Fraction:
    """How much more the hedge pays back than there is to hedge, because the venue voided hedged bets or reduced their odds later.

    At the odds asked for, since what matched at better ones was given to us.
    """
    paid = sum((placement.returns_as_asked for placement in _chain(turn, hedge)), Fraction(0))
    return max(paid - _owed(turn, hedge), Fraction(0))


def size_at(turn: Turn, hedge: OrderState, odds: Decimal) -> Decimal:
    """The size that hedges the rest at these odds, rounded down."""
    exact = unhedged(turn, hedge) / Fraction(odds)
    unit = smallest_unit(turn.program.currency)
    return Decimal(exact.numerator * unit.as_integer_ratio()[1] // exact.denominator) * unit


def has_more_to_do(turn: Turn, hedge: OrderState, odds: Decimal) -> bool:
    """Whether the rest is enough for another bet at these odds."""
    size = size_at(turn, hedge, odds)
    return bool(size) and not too_small(turn, hedge, size=size, odds=odds)


def best_odds(turn: Turn, hedge: OrderState, offer: tuple[Decimal, Decimal] | None) -> Decimal:
    """The odds on offer within the limit, or else the limit itself, where the hedge then waits."""
    limit = limit_of(turn, hedge)
    if offer is None:
        return limit
    is_back = hedge.limit.side is Side.BACK
    return max(offer[0], limit) if is_back else min(offer[0], limit)


def limit_of(turn: Turn, hedge: OrderState) -> Decimal:
    """`no_worse_than` on the ladder, on the side that is better for us."""
    below, above = turn.ladder(hedge.aim).around(hedge.limit.odds.ratio)
    is_back = hedge.limit.side is Side.BACK
    found = above if is_back else below
    known = found if found is not None else below if is_back else above
    assert known is not None  # a ladder has odds
    return known


def over(turn: Turn, hedge: OrderState, end: OrderEnd, reason: str | None = None) -> OrderState:
    """The hedge is over. What is not hedged is told, and what hedges nothing any more."""
    end = _came_to(turn, hedge, end)
    hedge = turn.end_order(hedge, end, None if end in _IN_ORDER else reason)
    if end not in _IN_ORDER and (text := _open_risk(turn, hedge)):
        turn.emit(Alert(path=hedge.path, text=text, because=because(turn, hedge)))
    return hedge


def _came_to(turn: Turn, hedge: OrderState, end: OrderEnd) -> OrderEnd:
    if end not in (*_RAN_OUT, OrderEnd.MATCHED):
        return end
    if overhedged(turn, hedge):
        return OrderEnd.OVERHEDGED
    if not unhedged(turn, hedge):
        return OrderEnd.MATCHED if _chain(turn, hedge) else OrderEnd.NEEDLESS
    if end is OrderEnd.MATCHED:
        return end
    placement = turn.placement_of(hedge)
    is_done = _chain(turn, hedge) and placement is not None and not size_at(turn, hedge, placement.limit.odds)
    return OrderEnd.MATCHED if is_done else OrderEnd.UNHEDGED


def voided(turn: Turn, order: OrderState) -> None:
    """The venue voided some of what an order had matched, or its hedge. Too late for a hedge that is over, so it is told."""
    hedge = order if order.is_hedge else turn.orders.get(hedge_path(order.path))
    is_over = hedge is not None and hedge.phase is Phase.DONE and hedge.end is not OrderEnd.UNRESOLVED
    if hedge is not None and is_over and turn.phase is RunPhase.RUNNING and (text := _open_risk(turn, hedge)):
        turn.emit(Alert(path=hedge.path, text=text, because=because(turn, hedge)))


def _open_risk(turn: Turn, hedge: OrderState) -> str | None:
    """`3.34 of 10.00 GBP matched on Arsenal is not hedged: its time was over`."""
    chain, mine = _chain(turn, asked_by(turn, hedge)), _chain(turn, hedge)
    why = hedge.reason or (hedge.end.value if hedge.end is not None else "")
    name = hedge.aim.selection_name
    if left := unhedged(turn, hedge):
        how = "may not be hedged" if hedge.end is OrderEnd.UNRESOLVED else "is not hedged"
        if hedge.end is OrderEnd.MATCHED:
            why = "the venue voided some of the hedge"
        return f"{_share(turn, chain, left)} matched on {name} {how}: {why}"
    if left := overhedged(turn, hedge):
        did = "backed" if hedge.limit.side is Side.BACK else "laid"
        why = "what it hedged was voided or its odds were reduced"
        return f"{_share(turn, mine, left)} {did} on {name} as a hedge hedges nothing: {why}"
    return None


def _share(turn: Turn, chain: list[PlacementState], part: Fraction) -> str:
    """`3.34 of 10.00 GBP`: the part of what matched that would pay back so much."""
    matched = sum((placement.sizes.matched for placement in chain), Decimal(0))
    share = Fraction(matched) * part / sum((placement.returns for placement in chain), Fraction(0))
    unit = smallest_unit(turn.program.currency)
    left = (Decimal(share.numerator) / Decimal(share.denominator)).quantize(unit, rounding=ROUND_UP)
    return f"{left} of {matched.quantize(unit, rounding=ROUND_DOWN)} {turn.program.currency}"
