"""The chain of an order: placing, taking back, placing again, ending.

A reprice is: cancel, wait until the sizes are confirmed, place exactly what was taken back under a new reference. Whatever was
asked of the venue, only its report of the sizes moves the chain on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from planrunner.engine import endings, moving
from planrunner.engine.green_up import LOOK_AGAIN_AFTER, has_more_to_do, look, size_at, voided
from planrunner.engine.guards import refusal, too_small
from planrunner.engine.moments import ending_time, schedule
from planrunner.engine.state import BetState, CancelState, OrderEnd, OrderState, Phase, PlacementState, RunPhase, Winding
from planrunner.engine.steps import mark_fired, tell_owner
from planrunner.engine.tickets import is_pool_bet, place_once_more, taken_in
from planrunner.engine.turn import Turn
from planrunner.model.commands import CancelOrder, NewPlacement, Persistence, QueryOrder
from planrunner.model.errors import Divergence
from planrunner.model.exposure import risk
from planrunner.model.market import MarketStatus
from planrunner.model.placement import ZERO, Fact, PlacementStatus
from planrunner.model.plan import Condition, KeepInPlay, OrderType

ABOUT = timedelta(seconds=1)  # a venue's clock is not ours to the second
# Seconds.
MEANT_FOR_NOW = 5  # the life of an order without an ending where the venue ends it by itself
WAIT_OUT = 3  # an intent may leave within 2 s of its commit; one more for what is on its way (rule 6)
ASK_AGAIN_AFTER = 5
CANCEL_AGAIN_AFTER = 2  # a cancel that was answered but not confirmed is asked for again
HEDGE_REFUSED_AT_MOST = 3  # times; a suspension that is not known here yet passes, no money in the account does not
CANCEL_AGAIN_SUSPENDED = 30  # Betfair refuses cancels while a market is suspended; reopening asks at once


def odds_on_ladder(turn: Turn, order: OrderState) -> Decimal:
    """The order's limit as the venue writes it. Compiling saw to it that it is on the ladder."""
    odds = turn.ladder(order.aim).around(order.limit.odds.ratio)[0]
    if odds is None:
        raise Divergence(f"{order.path}: the odds {order.limit.odds} are below the ladder")
    return odds


def place(turn: Turn, order: OrderState, *, odds: Decimal, size: Decimal, because: str) -> None:
    """The next placement of the chain leaves; with the first one the order's deadlines are set."""
    spec, rung = order.aim, len(order.refs)
    if spec.selection is None:
        raise Divergence(f"{order.path}: which runner it is on is not known yet, so it can't be placed")
    keeps = any(isinstance(step.action, KeepInPlay) for step in spec.order.fallback)
    asked = NewPlacement(
        ref=turn.terms(spec).reference(turn.program.seed_of_refs, order.path, rung),
        path=order.path,
        rung=rung,
        selection=spec.selection,
        handicap=spec.handicap,
        side=spec.order.side,
        odds=odds,
        size=size,
        type=spec.order.type,
        min_fill=spec.order.min_fill.amount if spec.order.min_fill else None,
        persistence=Persistence.PERSIST if keeps else Persistence.LAPSE,
        is_hedge=order.is_hedge,
        good_until=_good_until(turn, order),
        routing=spec.order.routing,
    )
    first = order.placed_at is None
    order = turn.change_order(
        order, phase=Phase.WORKING, ready=False, winding=None, refs=(*order.refs, asked.ref), placed_at=order.placed_at or turn.at
    )
    turn.place(spec, asked, because)
    if first:
        schedule(turn, order)


def _good_until(turn: Turn, order: OrderState) -> datetime | None:
    """When a venue that can ends the order by itself, besides our own deadline; one without an ending is meant for now."""
    longest = turn.terms(order.spec).expires_within
    if longest is None:
        return None
    ending, start = order.spec.order.ending, turn.market_of(order.spec).start
    at = ending_time(ending, placed_at=order.placed_at or turn.at, start=start) if ending is not None else None
    return min(at or turn.after(MEANT_FOR_NOW), turn.at + longest)


def wind(turn: Turn, order: OrderState, winding: Winding) -> None:
    """Take back what remains. An ending overrides a reprice that is still under way."""
    if order.winding is not None and (order.winding.reprice_to is None or winding.reprice_to is not None):
        return
    placement = turn.placement_of(order)
    if placement is not None:
        winding = replace(winding, cancelled_before=placement.sizes.cancelled)
    order = turn.change_order(order, winding=winding)
    if placement is not None and placement.status is PlacementStatus.DRAFT:
        give_up_draft(turn, order, placement, winding.end)
    else:
        advance(turn, order)


def give_up_draft(turn: Turn, order: OrderState, placement: PlacementState, end: OrderEnd) -> None:
    """A placement that never left this machine and no longer should. It holds nothing any more."""
    turn.learn(placement, Fact.DENIED)
    never = end is not OrderEnd.STOPPED and len(order.refs) == 1
    endings.end(turn, order, OrderEnd.NOT_PLACED if never else end, f"it never left this machine: {placement.reason}")


def advance(turn: Turn, order: OrderState) -> None:
    """Do what the order's last placement, as it is now known, calls for. Doing it again does no harm."""
    placement = turn.placement_of(order)
    if placement is None or order.phase is not Phase.WORKING:
        return
    if placement.is_over:
        _completed(turn, order, placement)
    elif placement.status is PlacementStatus.EXECUTABLE and is_pool_bet(order):
        taken_in(turn, order, placement)
    elif placement.status is PlacementStatus.EXECUTABLE and order.winding is not None:
        _cancel(turn, order, placement)


def _cancel(turn: Turn, order: OrderState, placement: PlacementState) -> None:
    timer = f"cancel:{placement.asked.ref}"
    if placement.cancel is CancelState.ANSWERED:
        if turn.timer(timer) is None:
            is_open = turn.market_of(order.spec).status in (None, MarketStatus.OPEN)
            turn.set_timer(timer, turn.after(CANCEL_AGAIN_AFTER if is_open else CANCEL_AGAIN_SUSPENDED))
    elif placement.cancel is CancelState.NONE and order.winding is not None:
        for bet in placement.bets:
            if bet.sizes.remaining:
                turn.emit(
                    CancelOrder(
                        account=order.spec.account,
                        market=order.spec.market,
                        ref=placement.asked.ref,
                        bet=bet.bet,
                        because=order.winding.because,
                    )
                )
        turn.change_placement(placement, cancel=CancelState.ASKED)
        # A cancel is never left to itself: if neither its answer nor a report arrives, it is asked for again.
        turn.set_timer(timer, turn.after(CANCEL_AGAIN_SUSPENDED))


def cancel_again(turn: Turn, placement: PlacementState) -> None:
    """The cancel was not confirmed in time, or may work now."""
    if placement.status is PlacementStatus.EXECUTABLE:
        turn.set_timer(f"cancel:{placement.asked.ref}", None)
        turn.change_placement(placement, cancel=CancelState.NONE)
        advance(turn, turn.order_of(placement))


def cancel_answered(turn: Turn, placement: PlacementState, *, certain: bool) -> None:
    """Whatever the answer says, the sizes are asked for; after a lost answer only once it must have arrived (rule 6)."""
    if placement.is_over:
        return
    turn.set_timer(f"cancel:{placement.asked.ref}", None)
    turn.change_placement(placement, cancel=CancelState.ANSWERED)
    if certain:
        winding = turn.order_of(placement).winding
        ask(turn, placement, because=winding.because if winding else "recovery")
    else:
        turn.set_timer(f"lookup:{placement.asked.ref}", turn.after(WAIT_OUT))


def ask(turn: Turn, placement: PlacementState, because: str) -> None:
    """Ask the venue what it holds; asked again should no answer come."""
    spec, asked = turn.order_of(placement).spec, placement.asked
    turn.emit(QueryOrder(account=spec.account, market=spec.market, ref=asked.ref, stake=asked.size, because=because))
    turn.set_timer(f"lookup:{asked.ref}", turn.after(ASK_AGAIN_AFTER))


def report(turn: Turn, placement: PlacementState, seen: BetState, fact: Fact | None = None) -> None:
    """A bet of ours as the venue holds it now. Older and repeated reports change nothing.

    Raises Divergence where the venue holds more than was asked.
    """
    if placement.status is PlacementStatus.REJECTED and not seen.sizes.matched and not seen.sizes.remaining:
        return  # real case: refused, and listed as a bet that lapsed in the same moment
    old = next((bet for bet in placement.bets if bet.bet == seen.bet), None)
    others = tuple(bet for bet in placement.bets if bet is not old)
    if sum((bet.sizes.stake for bet in others), seen.sizes.stake) > placement.asked.size:
        raise Divergence(
            f"{placement.asked.path}: bet {seen.bet} is for {seen.sizes.stake}, more than the {placement.asked.size} asked "
            f"under {placement.asked.ref}; look at it at the venue"
        )
    newest = seen if old is None or _is_news(old, seen) else old
    bets = (*others, newest) if old is None else tuple(newest if bet is old else bet for bet in placement.bets)
    complete = sum(bet.sizes.remaining for bet in bets) == 0 and sum(bet.sizes.stake for bet in bets) == placement.asked.size
    facts = [fact] if fact else []
    if complete or not facts:
        facts.append(Fact.COMPLETE if complete else Fact.LIVE)
    before, placement = placement.sizes.voided, turn.learn(placement, *facts, bets=bets)
    if placement.cancel is not CancelState.ASKED:
        turn.set_timer(f"lookup:{placement.asked.ref}", None)
    if placement.is_over:
        turn.set_timer(f"cancel:{placement.asked.ref}", None)
        turn.set_timer(f"lookup:{placement.asked.ref}", None)
    order = turn.order_of(placement)
    if placement.sizes.voided > before:
        voided(turn, order)
    if order.ref != placement.asked.ref:
        return
    if order.end is OrderEnd.UNRESOLVED and turn.phase is RunPhase.RUNNING:
        order = turn.reopen_order(order)
        schedule(turn, order)
        if order.is_hedge:
            turn.set_timer(f"hedge:{order.path}", turn.after(LOOK_AGAIN_AFTER))
        if turn.stopping is not None and order.winding is None:
            order = turn.change_order(order, winding=Winding(because="stop", end=OrderEnd.STOPPED))
    advance(turn, order)


def _is_news(old: BetState, seen: BetState) -> bool:
    """Of two reports with the same sizes the one with lower odds is later: a venue reduces them when a runner is withdrawn."""
    if seen.sizes != old.sizes:
        return seen.sizes.progress > old.sizes.progress  # also of a bet that was paid: a venue may void it after all
    if old.profit is not None or seen.average_odds is None:
        return False
    return old.average_odds is None or seen.average_odds < old.average_odds


def _completed(turn: Turn, order: OrderState, placement: PlacementState) -> None:
    if order.is_hedge:
        _hedge_completed(turn, order, placement)
        return
    if is_pool_bet(order) and placement.status is PlacementStatus.REJECTED and order.winding is None:
        if place_once_more(turn, order, placement):
            return
        order = turn.orders[order.path]
    winding, sizes = order.winding, placement.sizes
    left = sizes.cancelled - winding.cancelled_before if winding else ZERO
    if winding and winding.reprice_to is not None and left and turn.stopping is None:
        _place_again(turn, order, placement, winding)
        return
    end = _how_it_ended(turn, order, placement)
    refused = end in (OrderEnd.REJECTED, OrderEnd.DENIED)
    until = turn.timer(f"ending:{order.path}")
    order = endings.end(turn, order, end, placement.reason if refused else None)
    if turn.stopping is None:
        _move(turn, order, placement, left=left + _lapsed_as_told(placement), until=until)
    tell = {
        OrderEnd.EXPIRED: Condition.EXPIRED,
        OrderEnd.REJECTED: Condition.REJECTED,
        OrderEnd.MATCHED: Condition.MATCHED,
    }.get(end)
    if tell:
        tell_owner(turn, order, tell)


def _move(turn: Turn, order: OrderState, placement: PlacementState, *, left: Decimal, until: datetime | None) -> None:
    """The plan may want what is left of an order that is over somewhere else."""
    if order.end is OrderEnd.MOVED:
        moving.begin(turn, order, left, until)
    elif order.end is not None and (index := moving.after(order, order.end)) is not None:
        refused = order.end is OrderEnd.REJECTED
        moving.begin(turn, mark_fired(turn, order, index), placement.asked.size if refused else left, until if refused else None)


def _lapsed_as_told(placement: PlacementState) -> Decimal:
    """What a venue that ends orders by itself gave back at the time it was told."""
    return placement.sizes.lapsed if isinstance(placement.asked, NewPlacement) and placement.asked.good_until else ZERO


def _place_again(turn: Turn, order: OrderState, placement: PlacementState, winding: Winding) -> None:
    """Exactly what this cancel took back; what matched meanwhile stays matched."""
    sizes, odds = placement.sizes, winding.reprice_to
    assert odds is not None
    left = sizes.cancelled - winding.cancelled_before
    if too_small(turn, order, size=left, odds=odds):
        text = f"{left} is below the venue's minimum, so it was taken back and not placed again at {odds}"
        endings.end(turn, order, OrderEnd.TOO_SMALL, text)
        return
    longer = replace(
        order,
        matched_before=order.matched_before + sizes.matched,
        risk_before=order.risk_before + risk(placement.limit.side, sizes.matched, placement.limit.odds),
        moved=order.moved + left,
    )
    if denial := refusal(turn, longer, size=left, loss=risk(placement.limit.side, left, odds)):
        endings.end(turn, order, OrderEnd.DENIED, denial)
    else:
        place(turn, longer, odds=odds, size=left, because=winding.because)


def _hedge_completed(turn: Turn, hedge: OrderState, placement: PlacementState) -> None:
    """A hedge goes on until nothing is left to hedge, its time is over, or it was refused too often."""
    winding, is_full = hedge.winding, placement.sizes.matched == placement.sizes.stake
    is_enough = not has_more_to_do(turn, hedge, placement.limit.odds)
    if is_full and is_enough:
        endings.end(turn, hedge, OrderEnd.MATCHED)
    elif winding is not None and winding.reprice_to is not None and turn.stopping is None:
        _place_rest_of_hedge(turn, hedge, winding)
    elif winding is not None or turn.stopping is not None:
        end = winding.end if winding is not None and turn.stopping is None else OrderEnd.STOPPED
        endings.end(turn, hedge, end, turn.stopping or "its time was over")
    elif placement.status in (PlacementStatus.REJECTED, PlacementStatus.DENIED):
        if _refusals(turn, hedge) >= HEDGE_REFUSED_AT_MOST:
            endings.end(turn, hedge, _how_it_ended(turn, hedge, placement), placement.reason)
    elif placement.sizes.cancelled:
        endings.end(turn, hedge, OrderEnd.CANCELLED_ELSEWHERE)
    elif is_enough:
        endings.end(turn, hedge, _how_it_ended(turn, hedge, placement), "what is left is below the venue's minimum")
    elif is_full and hedge.awaits_book is None:
        look(turn, hedge)  # what lapsed or was refused waits for the next look


def _place_rest_of_hedge(turn: Turn, hedge: OrderState, winding: Winding) -> None:
    """What is left to hedge by now, at the odds it is moved to."""
    odds = winding.reprice_to
    assert odds is not None
    size = size_at(turn, hedge, odds)
    if too_small(turn, hedge, size=size, odds=odds):
        endings.end(turn, hedge, OrderEnd.TOO_SMALL, f"the {size} left at {odds} is below the venue's minimum")
    else:
        place(turn, hedge, odds=odds, size=size, because=winding.because)


def _refusals(turn: Turn, hedge: OrderState) -> int:
    refused = (PlacementStatus.REJECTED, PlacementStatus.DENIED)
    return sum(1 for ref in hedge.refs if turn.placements[ref].status in refused)


def _how_it_ended(turn: Turn, order: OrderState, placement: PlacementState) -> OrderEnd:
    sizes, winding = placement.sizes, order.winding
    if placement.status is PlacementStatus.REJECTED:
        return OrderEnd.REJECTED
    if placement.status is PlacementStatus.DENIED:
        return OrderEnd.DENIED
    if sizes.matched == sizes.stake:
        return OrderEnd.MATCHED
    if winding is not None and (sizes.cancelled or winding.end in (OrderEnd.EXPIRED, OrderEnd.STOPPED)):
        return winding.end
    if winding is not None and winding.end is OrderEnd.MOVED and _lapsed_as_told(placement):
        return winding.end  # it ended by itself before it could be taken back
    if is_pool_bet(order):
        return OrderEnd.TAKEN_FOR_LESS if sizes.lapsed else OrderEnd.VOIDED
    if sizes.cancelled:
        return OrderEnd.KILLED if order.limit.type is OrderType.FILL_OR_KILL else OrderEnd.CANCELLED_ELSEWHERE
    if sizes.lapsed and (until := placement.limit.good_until) is not None and turn.at >= until - ABOUT:
        return OrderEnd.EXPIRED if order.limit.ending is not None else OrderEnd.KILLED
    return OrderEnd.LAPSED if sizes.lapsed else OrderEnd.VOIDED
