"""What was in flight: answers that were lost, requests that never left, a run taken up again.

An empty look-up is never proof. A request is sent again only when our own door says that no byte left, or, to the letter, while
the venue still refuses a second one with the same reference. Otherwise it is kept, counted in full, and asked about; when it
never shows up the order ends unresolved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from planrunner.engine import endings
from planrunner.engine.chain import ASK_AGAIN_AFTER, WAIT_OUT, advance, ask, give_up_draft
from planrunner.engine.moments import schedule
from planrunner.engine.state import CancelState, OrderEnd, OrderState, Phase, PlacementState, RunPhase
from planrunner.engine.tickets import is_pool_bet
from planrunner.engine.turn import Turn
from planrunner.model.commands import Placing, WatchMarket
from planrunner.model.errors import Divergence
from planrunner.model.events import STOPPED, OrderDenied, OrderNotFound, OrderNotSent, OrderRejected
from planrunner.model.market import MarketStatus, OrderRef
from planrunner.model.placement import Fact, PlacementStatus
from planrunner.model.plan import AfterPlacing
from planrunner.model.program import BY_THE_CLOCK

RETRY_AFTER = 1  # seconds: infrastructure errors mean "look again in a second" (rule 8)
RETRY_SUSPENDED = 5
MEANT_FOR_NOW = timedelta(seconds=30)
# A resend must arrive while the venue still remembers the reference: the send-by of 2 s and time on the way.
WINDOW_MARGIN = timedelta(seconds=10)
# After the look-up lag a bet that exists shows; Betfair once documented up to two minutes after a TIMEOUT (betfair.md 11).
# Counted in looks, one each five seconds: a wall clock that is set makes it neither longer nor shorter.
PATIENCE = timedelta(minutes=2)


def lost(turn: Turn, placement: PlacementState, text: str) -> None:
    """No certain answer to a placement or a look-up."""
    match placement.status:
        case PlacementStatus.PENDING | PlacementStatus.UNKNOWN:
            first = placement.status is PlacementStatus.PENDING
            placement = turn.learn(placement, Fact.LOST, maybe_out=True, reason=text)
            turn.set_timer(f"lookup:{placement.asked.ref}", turn.after(WAIT_OUT if first else ASK_AGAIN_AFTER))
        case PlacementStatus.EXECUTABLE if placement.cancel is not CancelState.NONE:
            turn.set_timer(f"lookup:{placement.asked.ref}", turn.after(ASK_AGAIN_AFTER))
        case _:
            pass  # learned since from a report


def not_sent(turn: Turn, placement: PlacementState, event: OrderNotSent) -> None:
    """Proof, for this attempt. An earlier one whose answer was lost may still be out."""
    if placement.status is not PlacementStatus.PENDING or event.attempt != placement.attempt:
        return
    if placement.maybe_out:
        lost(turn, placement, event.text)
        return
    placement = turn.learn(placement, Fact.NOT_SENT, reason=event.text)
    order = turn.order_of(placement)
    if order.winding is not None or turn.stopping is not None:
        give_up_draft(turn, order, placement, order.winding.end if order.winding else OrderEnd.STOPPED)
    elif _is_hopeless(turn, order):
        give_up_draft(turn, order, placement, OrderEnd.NOT_PLACED)
    else:
        wait = min(RETRY_AFTER * 2 ** (placement.attempt - 1), 30)
        turn.set_timer(f"retry:{placement.request_ref}", turn.after(wait))


def _is_hopeless(turn: Turn, order: OrderState) -> bool:
    """An order without an ending of its own is meant for now, not for whenever the network is back. A clock that was set back
    can't say how long ago its now was."""
    if is_pool_bet(order):
        return turn.at >= turn.market_of(order.spec).start  # pools close then
    if order.spec.order.ending is not None or order.placed_at is None:
        return False
    ago = turn.at - order.placed_at
    return (ago if turn.program.rules == BY_THE_CLOCK else abs(ago)) > MEANT_FOR_NOW


def retry(turn: Turn, request_ref: str) -> None:
    """Send what provably never left. Orders that ended meanwhile stay where they are."""
    request = turn.requests.get(request_ref)
    drafts = [turn.placements[asked.ref] for asked in request.placements] if request else []
    drafts = [one for one in drafts if one.status is PlacementStatus.DRAFT and turn.order_of(one).phase is Phase.WORKING]
    status = turn.market_of(turn.order_of(drafts[0]).spec).status if drafts else None
    if status in (MarketStatus.SUSPENDED, MarketStatus.INACTIVE):
        turn.set_timer(f"retry:{request_ref}", turn.after(RETRY_SUSPENDED))
    elif status is MarketStatus.CLOSED:
        for draft in drafts:
            give_up_draft(turn, turn.order_of(draft), draft, OrderEnd.NOT_PLACED)
    elif drafts:
        attempt = max(one.attempt for one in drafts) + 1
        turn.place_again(turn.order_of(drafts[0]).spec, drafts, attempt)


def denied(turn: Turn, placement: PlacementState, event: OrderDenied) -> None:
    """The ledger let it not pass, so it was not sent; an earlier attempt may still be out."""
    if placement.status is not PlacementStatus.PENDING:
        return
    if event.limit == STOPPED:
        text = f"{event.figure} is stopped: {event.held_by}"
    else:
        text = f"{event.limit} would be exceeded: {event.figure}; {event.held_by}"
    if placement.maybe_out:
        lost(turn, placement, text)
    else:
        turn.take_from_request(placement)
        placement = turn.learn(placement, Fact.DENIED, reason=text)
        advance(turn, turn.order_of(placement))


def rejected(turn: Turn, placement: PlacementState, event: OrderRejected) -> None:
    """The venue says that this attempt made no bet; that proves nothing about an earlier one whose answer was lost, unless it is
    the reference that the venue keeps as refused."""
    in_doubt = placement.status in (PlacementStatus.PENDING, PlacementStatus.UNKNOWN, PlacementStatus.EXECUTABLE)
    if event.conclusive and in_doubt and not placement.sizes.matched:
        _refused(turn, placement, event)
    elif placement.status in (PlacementStatus.REJECTED, PlacementStatus.UNKNOWN):
        pass
    elif placement.status is PlacementStatus.PENDING and placement.maybe_out:
        lost(turn, placement, f"{event.reason}: {event.text}")
    elif not placement.maybe_out:  # else another attempt was adopted meanwhile
        if placement.status is PlacementStatus.EXECUTABLE:
            raise Divergence(
                f"{placement.asked.path}: the venue holds the placement {placement.asked.ref}, and says now that it does not "
                f"exist ({event.reason}); look it up at the venue before anything else is done"
            )
        _refused(turn, placement, event)


def _refused(turn: Turn, placement: PlacementState, event: OrderRejected) -> None:
    turn.set_timer(f"lookup:{placement.asked.ref}", None)
    text = f"{event.reason}: {event.text}"
    placement = turn.learn(placement, Fact.REJECTED, reason=text, transient=event.transient)
    order = turn.order_of(placement)
    if order.end is OrderEnd.UNRESOLVED and turn.phase is RunPhase.RUNNING and order.ref == placement.asked.ref:
        order = turn.reopen_order(order)
    advance(turn, order)


def look_up(turn: Turn, placement: PlacementState) -> None:
    """It is time to ask (again)."""
    if not placement.is_over:
        ask(turn, turn.change_placement(placement, looks=placement.looks + 1), because="recovery")


def not_found(turn: Turn, placement: PlacementState, event: OrderNotFound) -> None:
    """The venue shows nothing under the reference, which may only mean: not yet."""
    ref = placement.asked.ref
    if placement.status is not PlacementStatus.UNKNOWN:
        if placement.status is PlacementStatus.EXECUTABLE and placement.cancel is not CancelState.NONE:
            turn.set_timer(f"lookup:{ref}", turn.after(ASK_AGAIN_AFTER))
        return
    if _may_send_again(turn, placement, event):
        _send_again(turn, turn.requests[placement.request_ref])
    elif _was_waited_for(turn, placement):
        turn.set_timer(f"lookup:{ref}", None)
        order = turn.order_of(placement)
        if order.phase is Phase.WORKING:
            endings.end(turn, order, OrderEnd.UNRESOLVED, f"look up {ref} at the venue; {placement.reason}")
    else:
        turn.set_timer(f"lookup:{ref}", turn.after(ASK_AGAIN_AFTER))


def _was_waited_for(turn: Turn, placement: PlacementState) -> bool:
    """So long that a bet would have shown up."""
    patience = max(PATIENCE, turn.terms(turn.order_of(placement).spec).lookup_lag)
    if turn.program.rules == BY_THE_CLOCK:
        return turn.at - placement.sent_at >= patience
    return placement.looks > patience // timedelta(seconds=ASK_AGAIN_AFTER)


def _may_send_again(turn: Turn, placement: PlacementState, event: OrderNotFound) -> bool:
    """The venue's window is open for the whole request, nothing of it has shown up, and all of it is still wanted."""
    window = turn.terms(turn.order_of(placement).spec).idempotent_for
    if window is None or event.since_sent is None or event.since_sent + WINDOW_MARGIN > window or turn.stopping is not None:
        return False
    together = [turn.placements[asked.ref] for asked in turn.requests[placement.request_ref].placements]
    return all(
        one.request_ref == placement.request_ref and one.status is PlacementStatus.UNKNOWN and _is_wanted(turn.order_of(one))
        for one in together
    )


def _is_wanted(order: OrderState) -> bool:
    """An `expires_after` counts from sending, so it does not stand in the way of an order that may never have been sent."""
    if order.phase is not Phase.WORKING:
        return False
    if order.winding is None:
        return True
    counts_from_sending = len(order.refs) == 1 and isinstance(order.spec.order.ending, AfterPlacing)
    return counts_from_sending and order.winding.end is OrderEnd.EXPIRED


def _send_again(turn: Turn, request: Placing) -> None:
    """The same request, to the letter. What counts from the sending of an order's first placement counts from now."""
    turn.send_again(replace(request, attempt=request.attempt + 1, because="recovery"))
    for asked in request.placements:
        order = turn.orders[asked.path]
        if len(order.refs) == 1:
            schedule(turn, turn.change_order(order, placed_at=turn.at, winding=None))


def watch_markets(turn: Turn) -> None:
    """Hear of every market the plan is on."""
    for account, market in dict.fromkeys((spec.account, spec.market) for spec in turn.program.specs):
        turn.emit(WatchMarket(account=account, market=market))


def stop_waiting(turn: Turn) -> None:
    """A stopped run has waited long enough for a venue that does not answer: what may still be there is named."""
    for spec in turn.program.specs:
        order = turn.orders[spec.path]
        if order.phase is Phase.WORKING and order.ref is not None:
            text = f"look up {order.ref} at the venue; it did not confirm that the rest was taken back"
            endings.end(turn, order, OrderEnd.UNRESOLVED, text)


def resumed(turn: Turn, notes: Iterable[str]) -> None:
    """Another process takes over. Ask about everything not complete before anything else; wait out what may be on its way."""
    for note in notes:
        turn.alert("run.resumed", note, because="recovery")
    watch_markets(turn)
    for spec in turn.program.specs:
        for ref in turn.orders[spec.path].refs:
            _take_up(turn, ref)


def _take_up(turn: Turn, ref: OrderRef) -> None:
    placement = turn.placements[ref]
    match placement.status:
        case PlacementStatus.PENDING:
            lost(turn, placement, "the run was interrupted before the answer came")
        case PlacementStatus.UNKNOWN:
            turn.set_timer(f"lookup:{ref}", turn.after(WAIT_OUT))
        case PlacementStatus.EXECUTABLE:
            placement = turn.change_placement(placement, cancel=CancelState.NONE)
            ask(turn, placement, because="recovery")
        case PlacementStatus.DRAFT:
            turn.set_timer(f"retry:{placement.request_ref}", turn.after(RETRY_AFTER))
        case PlacementStatus.DENIED | PlacementStatus.REJECTED | PlacementStatus.EXECUTION_COMPLETE:
            pass
