"""Tickets told: what each bet asked of its pool, whether the pool took it, and what it paid.

A bet in a pool is accepted or refused as a whole and stays; only where the venue rounded its stake down is less of it taken.
Where it was asked for once more, what became of that counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planrunner.engine.state import AS_PLANNED, OrderEnd, OrderState, Phase, PlacementState, State
from planrunner.model.events import BetSettled
from planrunner.model.placement import PlacementStatus
from planrunner.model.program import Program, ProgramPoolBet
from planrunner.report.chains import IN_FLIGHT, NEVER_STOOD, UNANSWERED, Chain, add, because_in_words
from planrunner.report.fallback import tell_steps
from planrunner.report.history import History, placements_of
from planrunner.report.slips import spell, tell_legs
from planrunner.report.story import ZERO, Parts, PoolBetStory, PoolPlacementStory, TicketStory, Tone
from planrunner.report.words import Times, amount, listed, money, placed_when, plural

TOLD_UP_TO = 3  # bets that were not accepted, each with its reason; of more the rest is counted
_NO_CHAIN = Chain(placements=(), parts=Parts(), moved=ZERO, average_odds=None, loss_after=ZERO)


def tell_tickets(history: History, program: Program, state: State, times: Times) -> tuple[TicketStory, ...]:
    """In the order of the plan."""
    return tuple(_ticket(history, program, state, paths, times) for paths in state.tickets.values())


def _ticket(history: History, program: Program, state: State, paths: Sequence[str], times: Times) -> TicketStory:
    orders = [state.orders[path] for path in paths]
    bets = tuple(_bet(history, program, state, order, times) for order in orders)
    first = orders[0].spec
    assert isinstance(first, ProgramPoolBet)
    market = program.markets[first.market]
    known = [bet for bet in bets if bet.returned is not None and bet.profit is not None]
    ticket = TicketStory(
        name=first.order.ticket,
        path=first.ticket,
        account=first.account,
        venue=program.terms[first.account].venue,
        meeting=market.meeting or market.fixture,
        asks=(placed_when(first.order.place, times),),
        bets=bets,
        references=tuple(dict.fromkeys(one.ticket for bet in bets for one in bet.placements if _was_sent(state, one))),
        parts=add([bet.parts for bet in bets], sum((bet.parts.stake for bet in bets), ZERO)),
        loss_after=sum((bet.loss_after for bet in bets), ZERO),
        returned=sum((bet.returned or ZERO for bet in known), ZERO) if known else None,
        refunded=sum((bet.refunded for bet in known), ZERO),
        profit=sum((bet.profit or ZERO for bet in known), ZERO) if known else None,
        open=sum(1 for bet in bets if bet.is_open),
        headline="",
        tone=_tone_of_all(bets),
    )
    return replace(ticket, headline=in_a_line(ticket, program.currency))


def _was_sent(state: State, placement: PoolPlacementStory) -> bool:
    return state.placements[placement.ref].status is not PlacementStatus.DENIED


def _tone_of_all(bets: Sequence[PoolBetStory]) -> Tone:
    tones = [bet.tone for bet in bets]
    return next((tone for tone in (Tone.BAD, Tone.WARN, Tone.PLAIN) if tone in tones), Tone.GOOD)


# --- a bet


def _bet(history: History, program: Program, state: State, order: OrderState, times: Times) -> PoolBetStory:
    spec, currency = order.spec, program.currency
    assert isinstance(spec, ProgramPoolBet)
    asked, market = spec.order, program.markets[spec.market]
    chain = placements_of(state, order)
    placements = tuple(_placement(history, order, one) for one in chain)
    stake = asked.stake.amount
    parts = placements[-1].parts if placements else Parts(stake=stake, not_placed=stake)
    results = _results(history, chain)
    profit = sum((one.profit for one in results), ZERO) if results else None
    return PoolBetStory(
        name=asked.name,
        path=spec.path,
        number=asked.number,
        line=asked.line,
        pool=asked.pool.value,
        market=spec.market,
        product=market.name,
        start=state.markets[spec.market].start,
        legs=tell_legs(asked, spec.legs),
        lines=asked.lines,
        spelled=spell(asked, spec.legs),
        unit=asked.unit.amount,
        parts=parts,
        placements=placements,
        steps=tell_steps(history, order, _NO_CHAIN, None, times, currency),
        ended=_ended(history, order, parts, times, currency),
        tone=_tone(order, parts),
        ended_at=history.ended.get(order.path),
        loss_after=parts.matched + parts.remaining + parts.unknown,
        outcome=results[-1].outcome if results else None,
        returned=parts.matched + parts.voided + profit if profit is not None else None,
        refunded=sum((one.refunded for one in results), ZERO),
        profit=profit,
        settled_at=max((one.at for one in results), default=None),
        dividends=tuple(dict.fromkeys(one for result in results for one in result.dividends)),
    )


def _results(history: History, chain: Sequence[PlacementState]) -> list[BetSettled]:
    """Those of what the venue holds under the last reference, corrected ones as they were told last."""
    found = (history.outcomes.get((one.asked.ref, bet.bet)) for one in chain[-1:] for bet in one.bets)
    return [one for one in found if one is not None]


def _placement(history: History, order: OrderState, placement: PlacementState) -> PoolPlacementStory:
    times = history.placements[placement.asked.ref]
    given_up = order.end is OrderEnd.UNRESOLVED or history.broken is not None
    parts = _parts(placement, given_up=given_up)
    status, tone = _status(placement, parts)
    return PoolPlacementStory(
        ref=placement.asked.ref,
        ticket=placement.request_ref,
        because=because_in_words(order, times.because),
        parts=parts,
        status=status,
        tone=tone,
        asked_at=times.asked_at,
        answered_at=times.answered_at,
        accepted_at=next((grown.at for grown in times.grown if grown.part == "matched"), None),
        closed_at=times.closed_at,
        attempts=times.attempts,
        bets=tuple(bet.bet for bet in placement.bets),
        reason=placement.reason if placement.status in (*NEVER_STOOD, *IN_FLIGHT) else None,
    )


def _parts(placement: PlacementState, *, given_up: bool) -> Parts:
    """What the pool took in and never said yes or no to is unknown once nobody asks any more."""
    size, sizes = placement.asked.size, placement.sizes
    if placement.status in NEVER_STOOD:
        return Parts(stake=size, not_placed=size)
    unknown = given_up or placement.status in IN_FLIGHT
    return Parts(
        stake=size,
        matched=sizes.matched,
        remaining=ZERO if unknown else sizes.remaining,
        unknown=sizes.remaining if unknown else ZERO,
        cancelled=sizes.cancelled,
        lapsed=sizes.lapsed,
        voided=sizes.voided,
    )


def _status(placement: PlacementState, parts: Parts) -> tuple[str, Tone]:
    match placement.status:
        case PlacementStatus.REJECTED:
            return "refused by the venue", Tone.WARN
        case PlacementStatus.EXECUTABLE:
            return "taken in, neither accepted nor refused", Tone.BAD if parts.unknown else Tone.PLAIN
        case PlacementStatus.EXECUTION_COMPLETE:
            return _completed(parts)
        case unanswered:
            return UNANSWERED[unanswered]


def _completed(parts: Parts) -> tuple[str, Tone]:
    if parts.matched == parts.stake:
        return "accepted", Tone.GOOD
    if parts.voided:
        return "void", Tone.WARN
    return ("accepted for less" if parts.matched else "not taken"), Tone.WARN


def _ended(history: History, order: OrderState, parts: Parts, times: Times, currency: str) -> str:
    if order.end is None:
        return _still(order, parts)
    ended = history.ended.get(order.path)
    when = f" at {times.clock(ended)}" if ended else ""
    if parts.voided:
        return f"void; its stake of {money(parts.voided, currency)} comes back"
    match order.end:
        case OrderEnd.MATCHED:
            return f"accepted{when}"
        case OrderEnd.TAKEN_FOR_LESS:
            return (
                f"taken for {amount(parts.matched, currency)} of {money(parts.stake, currency)}{when}; the pool rounded it down"
            )
        case OrderEnd.REJECTED:
            return f"refused by the venue{when}: {_in_words(order.reason or 'it gives no reason')}"
        case OrderEnd.UNRESOLVED:
            return f"unresolved: {order.reason}"
        case OrderEnd.STOPPED:
            return f"not placed, for the run was stopped{when}: {order.reason}"
        case OrderEnd.DENIED:
            return f"not placed, refused by a limit: {order.reason}"
        case _:
            return f"not placed: {order.reason or order.end.value}"


def _still(order: OrderState, parts: Parts) -> str:
    if order.phase is Phase.WAITING:
        return "not placed yet"
    return "on its way" if parts.unknown else "taken in; the pool has said neither yes nor no yet"


def _in_words(reason: str) -> str:
    """Without the venue's code, which stands beside the reference."""
    code, _, words = reason.partition(": ")
    return words if words and code.isupper() and " " not in code else reason


def _tone(order: OrderState, parts: Parts) -> Tone:
    if order.end is OrderEnd.UNRESOLVED or (order.end is not None and parts.unknown):
        return Tone.BAD
    if parts.voided or (order.end is not None and order.end not in AS_PLANNED):
        return Tone.WARN
    return Tone.GOOD if parts.matched else Tone.PLAIN


# --- a ticket in a line


def in_a_line(ticket: TicketStory, currency: str) -> str:
    """`8.00 of 14.00 GBP on the ticket bath were accepted; the exacta was refused: the pool had closed`."""
    parts, count = ticket.parts, len(ticket.bets)
    on = f"on the ticket {ticket.name}"
    was = "was" if count == 1 else "were"
    if parts.matched == parts.stake:
        done = f"{money(parts.stake, currency)} in {plural(count, 'bet')} {on} {was} accepted"
    elif parts.matched:
        done = f"{amount(parts.matched, currency)} of {money(parts.stake, currency)} {on} {was} accepted"
    else:
        done = f"Nothing of {money(parts.stake, currency)} {on} was accepted"
    return "; ".join([done, *_exceptions(ticket, currency), *_paid(ticket, currency)])


def _exceptions(ticket: TicketStory, currency: str) -> list[str]:
    """What became of the bets that were not accepted as they were asked for."""
    others = [bet for bet in ticket.bets if bet.parts.matched != bet.parts.stake]
    ends = {_became(bet, currency) for bet in others}
    if len(others) > 1 and len(others) == len(ticket.bets) and len(ends) == 1:
        end = ends.pop()
        not_placed = end.removeprefix("was not placed")
        return [f"none of the {len(others)} bets was placed{not_placed}" if not_placed != end else f"each of its bets {end}"]
    told = [f"{_the(bet, ticket)} {_became(bet, currency)}" for bet in others[:TOLD_UP_TO]]
    left = len(others) - len(told)
    return [*told, f"so it is with {plural(left, 'more bet')}, see below"] if left else told


def _the(bet: PoolBetStory, ticket: TicketStory) -> str:
    """`the exacta`, or with its number where the ticket has several."""
    alone = sum(1 for one in ticket.bets if one.pool == bet.pool) == 1
    return f"the {bet.pool}" if alone else f"the {bet.pool} {bet.name}"


def _became(bet: PoolBetStory, currency: str) -> str:
    parts, ended = bet.parts, bet.ended
    if parts.voided:
        return "is void"
    if parts.matched:
        return f"was taken for {amount(parts.matched, currency)} of {money(parts.stake, currency)}"
    if parts.remaining:
        return "is not answered yet"
    if parts.unknown:
        return "may be at the venue" if bet.ended_at is not None else "is on its way"
    if bet.ended_at is None:
        return "is not placed yet"
    if bet.placements and (reason := bet.placements[-1].reason):
        return f"was refused: {_in_words(reason)}"
    return f"was {ended}" if ended.startswith("not placed") else ended


def _paid(ticket: TicketStory, currency: str) -> list[str]:
    accepted = [bet for bet in ticket.bets if bet.parts.matched or bet.parts.voided]
    if ticket.returned is None:
        return []
    they = "it" if len(accepted) == 1 else "they"
    refund = f", {amount(ticket.refunded, currency)} of it refunded stake" if ticket.refunded else ""
    return [f"{they} returned {money(ticket.returned, currency)}{refund}{' so far' if ticket.open else ''}"]


def several_in_a_line(tickets: Sequence[TicketStory], currency: str) -> str:
    """Many tickets: what all of them came to."""
    bets = [bet for ticket in tickets for bet in ticket.bets]
    parts = add([bet.parts for bet in bets], sum((bet.parts.stake for bet in bets), ZERO))
    taken = sum(1 for bet in bets if bet.parts.matched)
    done = (
        f"{amount(parts.matched, currency)} of {money(parts.stake, currency)} were accepted, in {taken} of "
        f"{plural(len(bets), 'bet')} on {plural(len(tickets), 'ticket')}"
    )
    left = [(name, size) for name, size in parts.named() if size and name != "matched"]
    rest = listed([f"{money(size, currency)} {POOL_PARTS[name]}" for name, size in left])
    known = [ticket.returned for ticket in tickets if ticket.returned is not None]
    still = " so far" if any(ticket.open for ticket in tickets) else ""
    paid = f"they returned {money(sum(known, ZERO), currency)}{still}" if known else ""
    return "; ".join(one for one in (done, rest, paid) if one)


# What the parts of a stake are called where pools are spoken of.
POOL_PARTS = {
    "matched": "accepted",
    "remaining": "not answered yet",
    "unknown": "unknown",
    "cancelled": "taken back",
    "moved": "moved",
    "lapsed": "not taken",
    "voided": "void",
    "not placed": "not placed",
}


def pool_parts_in_words(parts: Parts, currency: str) -> str:
    """`8.00 accepted, 6.00 not placed`."""
    return ", ".join(f"{amount(size, currency)} {POOL_PARTS[name]}" for name, size in parts.named() if size) or "nothing"
