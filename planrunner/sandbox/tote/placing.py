"""Placing a ticket: once per ticket id, each bet whole or not at all, at once or a little later.

A ticket is answered the same way for ever: whoever sends its id again gets the first answer, and nothing else happens. A bet
id is good for one bet of a customer's, ever; a ticket that uses one again is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planrunner.sandbox.bets import pounds
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import SECOND
from planrunner.sandbox.tote import reasons
from planrunner.sandbox.tote.bets import Input, PoolBet, Ticket
from planrunner.sandbox.tote.checks import at_its_turn, read
from planrunner.sandbox.tote.ids import dashed, undashed
from planrunner.sandbox.tote.tote import Tote

# How long a bet waits for its decision, in milliseconds.
SOONEST, LATEST = 400, 2_500
ON_A_BET = frozenset((
    Trouble.BET_REJECTED, Trouble.BET_FAILED, Trouble.NEVER_DECIDED, Trouble.BET_VOIDED, Trouble.NON_RUNNER,
    Trouble.STAKE_ROUNDED_DOWN,
))  # fmt: skip


def place(tote: Tote, owner: str, asked: Input, *, at_once: bool, fault: Fault | None = None) -> tuple[Ticket, bool]:
    """The ticket, and whether it was handled before. `fault`: of the request, on all its bets where it is one of bets."""
    key = owner, asked["ticketId"]
    if key in tote.tickets:
        return tote.tickets[key].frozen(), True
    now = tote.world.now
    tote_id = dashed("ticket", tote.world.seed, tote.is_audit, *key)
    bets = [_bet(tote, owner, asked["ticketId"], one, now) for one in asked["bets"] if one is not None]
    used = _refuse_used(tote, owner, bets, fault)
    if used is None:
        for bet in bets:
            _take(tote, bet, now, at_once=at_once, fault=fault)
    ticket = Ticket(
        id=asked["ticketId"], tote_id=tote_id, owner=owner, at=now, bets=tuple(bets),
        first=tuple(replace(bet) for bet in bets), error=used if _is_error(tote, fault) else None,
    )  # fmt: skip
    tote.tickets[key] = ticket
    tote.messages.wake()
    return ticket, False


def _bet(tote: Tote, owner: str, ticket: str, asked: Input, now: int) -> PoolBet:
    number = len(tote.bets) + len(tote.tickets)
    tote_id = undashed("bet", tote.world.seed, tote.is_audit, owner, ticket, asked["betId"], number)
    return PoolBet(id=asked["betId"], tote_id=tote_id, ticket=ticket, owner=owner, asked=asked, placed_at=now)


def _refuse_used(tote: Tote, owner: str, bets: Sequence[PoolBet], fault: Fault | None) -> str | None:
    """Why the whole ticket is refused, if so. Its ids are used up either way."""
    ids = [bet.id for bet in bets]
    again = [one for place, one in enumerate(ids) if (owner, one) in tote.used or one in ids[:place]]
    for bet in bets:
        if again:
            bet.placement, bet.reason = "REJECTED", f"{reasons.DUPLICATE}: {again[0]}"
            if bet.id not in again and not _is_error(tote, fault):
                tote.bets[bet.tote_id] = bet
        tote.used.add((owner, bet.id))
    return f"{reasons.DUPLICATE}: {again[0]}" if again else None


def _is_error(tote: Tote, fault: Fault | None) -> bool:
    return tote.card.pools.duplicates_as_errors or (fault is not None and fault.trouble is Trouble.DUPLICATE_AS_ERRORS)


def _take(tote: Tote, bet: PoolBet, now: int, *, at_once: bool, fault: Fault | None) -> None:
    """A bet is in: what it costs is set aside, and its turn comes."""
    own = tote.faults.strike("bet", by_name=True)
    if own is not None:
        tote.note("fault", now, call="bet", trouble=own.trouble.value)
    struck = own or (fault if fault is not None and fault.trouble in ON_A_BET else None)
    trouble = struck.trouble if struck else None
    rounds = tote.card.pools.rounds_stakes or trouble is Trouble.STAKE_ROUNDED_DOWN
    tote.bets[bet.tote_id] = bet
    wrong = read(bet, tote.card, rounds=rounds)
    if wrong is None and (bet.currency != tote.wallet(bet.owner).currency or not tote.wallet(bet.owner).reserve(bet)):
        wrong = reasons.FUNDS
    _note(tote, bet, now)
    if trouble is Trouble.NEVER_DECIDED:
        bet.awaits = True
        return
    if at_once:
        _decide(tote, bet, wrong, struck, now)
    else:
        after = 0 if fault and fault.trouble is Trouble.EVENT_BEFORE_REPLY else tote.dice(bet.tote_id).randint(SOONEST, LATEST)
        tote.agenda.add(now + after, lambda at: _decide(tote, bet, wrong, struck, at))


def _decide(tote: Tote, bet: PoolBet, wrong: str | None, fault: Fault | None, at: int) -> None:
    trouble = fault.trouble if fault else None
    if bet.product is not None:
        tote.card.look(bet.product.races)
    reason = wrong or at_its_turn(bet, at)
    if fault and trouble is Trouble.BET_REJECTED:
        reason = fault.code or reasons.PROVIDER
    if reason or trouble is Trouble.BET_FAILED:
        tote.wallet(bet.owner).release(bet)
        bet.placement = "FAILED" if trouble is Trouble.BET_FAILED else "REJECTED"
        bet.reason = reason or reasons.FAILED
        tote.note("lapse", at, bet=bet.tote_id, size=pounds(bet.stake), why=bet.reason)
        tote.messages.bet("onBetFailed" if bet.placement == "FAILED" else "onBetRejected", bet, at)
        return
    bet.placement = "ACCEPTED"
    tote.wallet(bet.owner).debit(bet, at)
    tote.join(bet)
    tote.note("fill", at, bet=bet.tote_id, size=pounds(bet.stake))
    tote.messages.bet("onBetAccepted", bet, at)
    if fault:
        _afterwards(tote, bet, fault, at)


def _afterwards(tote: Tote, bet: PoolBet, fault: Fault, at: int) -> None:
    """What goes wrong with an accepted bet."""
    assert bet.product is not None
    assert bet.picks is not None
    if fault.trouble is Trouble.BET_VOIDED:
        tote.agenda.add(at + fault.seconds * SECOND, lambda then: tote.void(bet, then))
    if fault.trouble is Trouble.NON_RUNNER:
        race, number = bet.product.races[0], bet.picks.chosen[0][0]
        tote.agenda.add(min(at + fault.seconds * SECOND, race.off - 1), lambda then: tote.withdraw(race, number, then))


def _note(tote: Tote, bet: PoolBet, now: int) -> None:
    """The bet as it came in."""
    product, picks = bet.product, bet.picks
    tote.note(
        "bet", now, bet=bet.tote_id, owner=bet.owner, ticket=bet.ticket, ref=bet.id, market=bet.asked["productId"], side="back",
        pool=product.type.code if product else None, size=pounds(bet.stake), currency=bet.asked["stake"]["currencyCode"],
        lines=bet.lines if product and picks else 0,
        picks=picks.chosen if picks else (), reserves=picks.reserves if picks else (),
    )  # fmt: skip
