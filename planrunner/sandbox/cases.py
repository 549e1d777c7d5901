"""What may happen in a rehearsal: one list, each case a pure change of the world's scenario.

A case says in one sentence what it does, and which exit code to expect of a simple plan: one back at odds that do not match at
once, with an ending before the start and no fallback. `on_recordings`: it can be had with a recorded market too, where nobody
can be told what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import (
    SECOND,
    Base,
    Due,
    Happening,
    Moment,
    Reaction,
    Reopen,
    Scenario,
    ShareOf,
    Suspend,
    TurnInPlay,
    When,
)

HALF, ALL = Decimal("0.5"), Decimal(1)
# What each venue calls it.
PLACING = ("placeOrders", "place-orders")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    explains: str
    exit_code: int
    change: Callable[[Scenario], Scenario]
    on_recordings: bool = False


def _as_it_is(scenario: Scenario) -> Scenario:
    return scenario


def _nothing_matches(scenario: Scenario) -> Scenario:
    return replace(scenario, others_take_ours=False, reactions=())


def _half_matches(scenario: Scenario) -> Scenario:
    half = Reaction(when=When.RESTS, share=HALF, of=ShareOf.DEMAND, after=20 * SECOND)
    return replace(scenario, others_take_ours=False, reactions=(half,))


def _all_match(scenario: Scenario) -> Scenario:
    """What an order asks for is there when it arrives; should some of it rest, it is taken soon."""
    there = Reaction(when=When.ARRIVES, share=ALL)
    soon = Reaction(when=When.RESTS, share=ALL, after=2 * SECOND)
    return replace(scenario, reactions=(there, soon))


def _suspended(scenario: Scenario) -> Scenario:
    return _after_first_order(scenario, (30, Suspend()), (60, Reopen()))


def _turns_in_play(scenario: Scenario) -> Scenario:
    return _after_first_order(replace(scenario, others_take_ours=False), (45, TurnInPlay()))


def _reply_lost(scenario: Scenario) -> Scenario:
    lost = (Fault(call=call, trouble=Trouble.REPLY_LOST_AFTER_LANDING) for call in PLACING)
    return replace(scenario, faults=(*scenario.faults, *lost))


def _after_first_order(scenario: Scenario, *happenings: tuple[int, Happening]) -> Scenario:
    due = tuple(
        Due(moment=Moment(base=Base.ORDER, delay=seconds * SECOND), happening=happening) for seconds, happening in happenings
    )
    return replace(scenario, for_every_market=(*scenario.for_every_market, *due))


_ALL = (
    Case(
        name="usual",
        explains="Other punters quote around fair odds that drift, and take what suits them.",
        exit_code=0,
        change=_as_it_is,
        on_recordings=True,
    ),
    Case(
        name="nothing-matches",
        explains="The odds move away from every order and nobody takes any of it.",
        exit_code=0,
        change=_nothing_matches,
    ),
    Case(
        name="half-matches",
        explains="Half of what is asked for on a selection is taken 20 seconds after it rests; nobody takes the rest.",
        exit_code=0,
        change=_half_matches,
    ),
    Case(
        name="all-match",
        explains="Every order finds all it asks for, at the odds it asks for, at once or within seconds.",
        exit_code=0,
        change=_all_match,
    ),
    Case(
        name="suspended",
        explains="The market is suspended 30 seconds after its first order and opens again 30 seconds later.",
        exit_code=0,
        change=_suspended,
    ),
    Case(
        name="turns-in-play",
        explains="The contest starts early: 45 seconds after its first order the market is in-play, and bets lapse.",
        exit_code=4,
        change=_turns_in_play,
    ),
    Case(
        name="reply-lost",
        explains="The venue takes the first order but its answer never arrives.",
        exit_code=0,
        change=_reply_lost,
        on_recordings=True,
    ),
)
CASES: dict[str, Case] = {case.name: case for case in _ALL}
