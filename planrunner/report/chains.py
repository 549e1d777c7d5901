"""An order's chain of placements, and where its stake went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from planrunner.engine.state import OrderState, PlacementState, State
from planrunner.model.commands import Persistence
from planrunner.model.exposure import risk
from planrunner.model.placement import PlacementStatus
from planrunner.model.program import ProgramOrder
from planrunner.report.history import History, placements_of, returns
from planrunner.report.story import ZERO, BetStory, Parts, PlacementStory, Tone
from planrunner.report.words import odds

NEVER_STOOD = (PlacementStatus.DENIED, PlacementStatus.REJECTED, PlacementStatus.DRAFT)
IN_FLIGHT = (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All placements of an order, told, with the order's own sums."""

    placements: tuple[PlacementStory, ...]
    parts: Parts
    moved: Decimal
    average_odds: Fraction | None
    loss_after: Decimal


def tell_chain(history: History, state: State, order: OrderState, moved_on: Decimal = ZERO) -> Chain:
    """What was cancelled to be placed again is *moved*: it counts once, where it went. `moved_on` went to another account."""
    chain = placements_of(state, order)
    taken_up = [asked.asked.size for asked in chain[1:]] + [ZERO]
    parts = [_parts(placement, taken_up[at]) for at, placement in enumerate(chain)]
    if moved_on and parts:
        parts[-1] = _moved_on(parts[-1], moved_on)
    told = tuple(_tell(history, order, placement, part) for placement, part in zip(chain, parts, strict=True))
    whole = _sum_up(order, parts)
    if moved_on:
        refused = whole.stake - whole.total - moved_on  # below nothing: a refused order that was moved counts where it went
        whole = replace(whole, moved=moved_on, not_placed=whole.not_placed + min(refused, ZERO))
    back = sum((returns(placement) for placement in chain), Fraction(0))
    return Chain(
        placements=told,
        parts=whole,
        moved=sum((part.moved for part in parts), ZERO),
        average_odds=back / Fraction(whole.matched) if whole.matched else None,
        loss_after=sum((_loss(placement) for placement in chain), ZERO),
    )


def average(placement: PlacementState) -> Fraction | None:
    """Over its fills, weighted by size."""
    matched = placement.sizes.matched
    return returns(placement) / Fraction(matched) if matched else None


def _parts(placement: PlacementState, taken_up: Decimal) -> Parts:
    size = placement.asked.size
    if placement.status in NEVER_STOOD:
        return Parts(stake=size, not_placed=size)
    sizes = placement.sizes
    in_flight = placement.status in IN_FLIGHT
    moved = min(sizes.cancelled, taken_up)
    return Parts(
        stake=size,
        matched=sizes.matched,
        remaining=ZERO if in_flight else sizes.remaining,
        unknown=sizes.remaining if in_flight else ZERO,
        cancelled=sizes.cancelled - moved,
        moved=moved,
        lapsed=sizes.lapsed,
        voided=sizes.voided,
    )


def _moved_on(last: Parts, size: Decimal) -> Parts:
    """It was taken back, or the venue gave it back at the order's end; one that was refused stays what it is."""
    taken = min(last.cancelled, size)
    given = min(last.lapsed, size - taken)
    return replace(last, cancelled=last.cancelled - taken, lapsed=last.lapsed - given, moved=last.moved + taken + given)


def _sum_up(order: OrderState, parts: list[Parts]) -> Parts:
    stake = order.spec.order.stake.amount
    if order.is_hedge:
        return _sum_up_hedge(parts)
    if not parts:
        return Parts(stake=stake, not_placed=stake)
    return add(parts, stake)


def _sum_up_hedge(parts: list[Parts]) -> Parts:
    """Its size is worked out anew for every placement; what was refused and asked for again counts where it went."""
    kept = [replace(part, not_placed=ZERO) for part in parts[:-1]] + parts[-1:]
    whole = add(kept, ZERO)
    return replace(whole, stake=whole.total)


def add(parts: list[Parts], stake: Decimal) -> Parts:
    """One for all of them, for a stake; what moved has gone into another of them."""
    return Parts(
        stake=stake,
        matched=sum((part.matched for part in parts), ZERO),
        remaining=sum((part.remaining for part in parts), ZERO),
        unknown=sum((part.unknown for part in parts), ZERO),
        cancelled=sum((part.cancelled for part in parts), ZERO),
        lapsed=sum((part.lapsed for part in parts), ZERO),
        voided=sum((part.voided for part in parts), ZERO),
        not_placed=sum((part.not_placed for part in parts), ZERO),
    )


def _loss(placement: PlacementState) -> Decimal:
    """What this placement can still lose: matched at its average, the rest of what may match at the odds asked for."""
    if placement.status in NEVER_STOOD:
        return ZERO
    side, sizes, mean = placement.limit.side, placement.sizes, average(placement)
    matched = risk(side, sizes.matched, mean) if mean is not None else ZERO
    return matched + risk(side, sizes.remaining, placement.limit.odds)


def _tell(history: History, order: OrderState, placement: PlacementState, parts: Parts) -> PlacementStory:
    times = history.placements[placement.asked.ref]
    status, tone = _status(placement, parts)
    return PlacementStory(
        ref=placement.asked.ref,
        rung=placement.asked.rung,
        because=because_in_words(order, times.because),
        odds=placement.limit.odds,
        parts=parts,
        status=status,
        tone=tone,
        asked_at=times.asked_at,
        answered_at=times.answered_at,
        closed_at=times.closed_at,
        average_odds=average(placement),
        attempts=times.attempts,
        stays_in_play=placement.limit.persistence is Persistence.PERSIST,
        bets=tuple(_bets(history, placement)),
        fills=tuple(times.fills),
        bookmakers=tuple(fill for bet in placement.bets for fill in times.bookmakers.get(bet.bet, ())),
        reason=placement.reason if placement.status in (*NEVER_STOOD, *IN_FLIGHT) else None,
    )


def _bets(history: History, placement: PlacementState) -> list[BetStory]:
    told = []
    for bet in placement.bets:
        settled = history.outcomes.get((placement.asked.ref, bet.bet))
        told.append(
            BetStory(
                bet=bet.bet,
                matched=bet.sizes.matched,
                average_odds=Fraction(bet.average_odds or placement.limit.odds) if bet.sizes.matched else None,
                outcome=settled.outcome if settled else None,
                profit=bet.profit,
                settled_at=settled.at if settled else None,
            )
        )
    return told


# What is told of a placement that the venue has not answered, wherever it was to go.
UNANSWERED = {
    PlacementStatus.DENIED: ("refused by a limit, never sent", Tone.WARN),
    PlacementStatus.DRAFT: ("not sent", Tone.WARN),
    PlacementStatus.PENDING: ("on its way", Tone.PLAIN),
    PlacementStatus.UNKNOWN: ("unknown: no certain answer", Tone.BAD),
}


def _status(placement: PlacementState, parts: Parts) -> tuple[str, Tone]:
    match placement.status:
        case PlacementStatus.REJECTED:
            return "rejected by the venue", Tone.WARN
        case PlacementStatus.EXECUTABLE:
            return ("partly matched, the rest waits" if parts.matched else "waits at the venue"), Tone.PLAIN
        case PlacementStatus.EXECUTION_COMPLETE:
            return _completed(parts)
        case unanswered:
            return UNANSWERED[unanswered]


def _completed(parts: Parts) -> tuple[str, Tone]:
    whole = {"matched": "matched in full", "cancelled": "cancelled", "moved": "moved", "lapsed": "lapsed", "voided": "voided"}
    names = [name for name, size in parts.named() if size]
    text = whole[names[0]] if len(names) == 1 else ", ".join(f"partly {name}" for name in names)
    return text, Tone.GOOD if parts.matched else Tone.PLAIN


def because_in_words(order: OrderState, because: str) -> str:
    """`fallback step 2 (every 30s: reprice 1 tick)` for `orders.arsenal.fallback.1`."""
    if order.is_hedge and because.startswith(f"{order.spec.hedges}.fallback."):
        return "the hedge"
    if isinstance(order.spec, ProgramOrder) and order.spec.takes_over is not None and because == "plan":
        return f"what was left of {order.spec.takes_over.partition('.')[2]}"
    steps = order.spec.order.fallback
    index = because.removeprefix(f"{order.path}.fallback.")
    if index.isdecimal() and int(index) < len(steps):
        return f"fallback step {int(index) + 1} ({steps[int(index)].text})"
    return {"plan": "the plan", "stop": "the stop that was asked for"}.get(because, because)


def move_in_words(before: PlacementStory, after: PlacementStory, moved: str) -> str:
    if not before.parts.moved:  # a hedge goes on after a match, a refusal or a lapse
        return f"placed {moved} at {odds(after.odds)}"
    return f"moved {moved} from {odds(before.odds)} to {odds(after.odds)}"
