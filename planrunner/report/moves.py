"""What was left of an order and went on at another account: the two told as what they are, one stake in two places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from planrunner.engine.state import OrderEnd, OrderState, Phase, State
from planrunner.model.plan import Move
from planrunner.model.program import Program, move_path
from planrunner.report.chains import Chain, add, tell_chain
from planrunner.report.history import History
from planrunner.report.story import MoveStory, Tone
from planrunner.report.words import limit_side, money, odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The order at the other account and its chain there."""

    order: OrderState
    size: Decimal
    chain: Chain


def find_move(history: History, state: State, order: OrderState) -> Moved | None:
    """None where nothing was moved, or not yet."""
    there = state.orders.get(move_path(order.path))
    if there is None or there.phase is Phase.DORMANT:
        return None
    return Moved(order=there, size=there.limit.stake.amount, chain=tell_chain(history, state, there))


def joined(here: Chain, moved: Moved | None) -> Chain:
    """One chain for both: every part counts where it ended, what moved in neither."""
    if moved is None:
        return here
    there = moved.chain
    parts = add([here.parts, there.parts], here.parts.stake)
    back = sum((_returns(chain) for chain in (here, there)), Fraction(0))
    return replace(
        here,
        parts=parts,
        average_odds=back / Fraction(parts.matched) if parts.matched else None,
        loss_after=here.loss_after + there.loss_after,
    )


def _returns(chain: Chain) -> Fraction:
    return (chain.average_odds or Fraction(0)) * Fraction(chain.parts.matched)


def tell_move(program: Program, here: Chain, moved: Moved | None, ended: str, tone: Tone) -> MoveStory | None:
    """`ended` and `tone` are those of the order there."""
    if moved is None:
        return None
    spec, currency = moved.order.aim, program.currency
    there = moved.chain
    return MoveStory(
        path=moved.order.path,
        account=spec.account,
        venue=program.terms[spec.account].venue,
        size=moved.size,
        here=here.parts,
        average_here=here.average_odds,
        there=there.parts,
        average_there=there.average_odds,
        ended=ended,
        tone=tone,
        text=f"{money(moved.size, currency)} to {spec.account} at {moved.order.limit.odds.text} "
        f"{limit_side(spec.order.side, spec.order.odds.text)}: {_came_to(there, currency)}",
    )


def _came_to(there: Chain, currency: str) -> str:
    """`4.00 matched there at 2.98, 2.50 lapsed`."""
    said = []
    for name, size in there.parts.named():
        if size and name == "matched" and there.average_odds is not None:
            said.append(f"{money(size, currency)} matched there at {odds(there.average_odds)}")
        elif size:
            said.append(f"{money(size, currency)} {NAMES.get(name, name)}")
    return ", ".join(said)


NAMES = {"remaining": "still waits there", "unknown": "on its way or unknown", "not placed": "was not placed there"}


def moved_in_words(order: OrderState, moved: Moved | None, currency: str) -> str:
    """What to say of it where the order's end is told; empty where its plan moved nothing."""
    move = next((step.action for step in order.limit.fallback if isinstance(step.action, Move)), None)
    if move is None:
        return ""
    if moved is not None:
        return f"{money(moved.size, currency)} was moved to {move.account}"
    if order.end is OrderEnd.MOVED:
        note = next((state.note for state in order.steps if state.note), None) or "the run was stopped"
        return f"what was left was taken back to be moved to {move.account}, and was not placed there: {note}"
    return ""


def tone_of_both(here: Tone, there: Tone | None) -> Tone:
    """The worse of the two."""
    order = (Tone.BAD, Tone.WARN, Tone.GOOD, Tone.PLAIN)
    return here if there is None else min(here, there, key=order.index)
