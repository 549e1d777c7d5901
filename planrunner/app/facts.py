"""Facts for a run that nobody drives: written down with what the engine makes of them, and nothing of that is carried out.

It is as if the owner had died right after: whoever goes on with the run begins by asking the venue about everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from planrunner.app.standing import Standing
from planrunner.engine.losses import may_lose
from planrunner.engine.state import RunPhase, State
from planrunner.engine.step import step
from planrunner.model.commands import Placing
from planrunner.model.events import Event, OrderNotSent, OrderReported, StopRequested
from planrunner.model.journal import Body, Exchange, RunState
from planrunner.model.market import OrderRef
from planrunner.model.placement import PlacementStatus
from planrunner.ports import Clock, VenueBet
from planrunner.runtime.journal import Journal
from planrunner.runtime.timetable import ended

_OVER = {RunPhase.FINISHED: RunState.FINISHED, RunPhase.SETTLED: RunState.SETTLED}


async def write_facts(
    journal: Journal, standing: Standing, epoch: int, events: Iterable[Event], *, clock: Clock, exchanges: Iterable[Exchange] = ()
) -> State:
    """Under the lease that was taken for it, all or none. Raises Divergence (nothing is written then), Fenced, JournalTrouble."""
    program, state, run = standing.program, standing.state, standing.info.run
    assert program is not None
    assert state is not None
    bodies: list[Body] = list(exchanges)
    for event in events:
        decided = step(program, state, event)
        state = decided.state
        bodies += [event, *(one for one in decided.commands if not isinstance(one, Placing))]
    await journal.append(run, epoch, bodies, clock.now())
    if (over := _OVER.get(state.phase)) is not None:
        is_as_before = state.phase is standing.state.phase  # type: ignore[union-attr]
        ended(journal, run, epoch, standing.info.state if is_as_before else over, lost=may_lose(state))
    return state


def stopping(standing: Standing, text: str, clock: Clock) -> list[Event]:
    """What ends a run of which nothing was ever sent: there is nothing to ask a venue about."""
    assert standing.state is not None
    now = clock.now()
    why = "the run was interrupted before it was sent"
    undecided = [one for one in standing.state.placements.values() if one.status is PlacementStatus.PENDING]
    never = [OrderNotSent(at=now, ref=one.asked.ref, attempt=one.attempt, text=why) for one in undecided]
    return [*never, StopRequested(at=now, text=text)]


def by_ref(listed: Iterable[VenueBet]) -> Mapping[OrderRef, Sequence[VenueBet]]:
    """What a venue lists, by the references it was asked for under."""
    found: dict[OrderRef, list[VenueBet]] = {}
    for bet in listed:
        if bet.ref is not None:
            found.setdefault(bet.ref, []).append(bet)
    return found


def facts_of(bet: VenueBet, at: datetime) -> Iterator[Event]:
    """A listed bet of ours as it would have been heard of by listening."""
    assert bet.ref is not None
    yield OrderReported(at=at, ref=bet.ref, bet=bet.bet, sizes=bet.sizes, average_odds=bet.average_odds)
    if bet.settled is not None:
        yield bet.settled
