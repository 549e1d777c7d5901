"""What a run that can't go on may have at the venues: asked back where somebody must, and listed in words for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from planrunner.app.stage import Venues
from planrunner.engine.state import BetState, PlacementState, State
from planrunner.model.commands import CancelOrder, NewPoolBet, QueryOrder
from planrunner.model.events import (
    CancelAccepted,
    CancelRefused,
    CancelUnknown,
    Event,
    OrderAccepted,
    OrderReported,
    OrderUnknown,
)
from planrunner.model.market import OrderRef
from planrunner.model.placement import PlacementStatus
from planrunner.model.program import Program

ZERO = Decimal(0)
WITHIN = 30.0  # seconds for all of it: whoever waits must be told
AT_ONCE = 8
# A placement whose answer is lost may show up late. An empty look-up proves nothing, so this is only how long we try.
LOOKS, BETWEEN_LOOKS = 3, 2.0
_IN_DOUBT = (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A placement that was not over when the run stopped. `trouble` is why it could not be asked about or taken back."""

    placement: PlacementState
    bets: tuple[BetState, ...]
    account: str
    trouble: str | None = None

    @property
    def is_certain(self) -> bool:
        """The venue said what it holds."""
        return bool(self.bets)

    @property
    def remaining(self) -> Decimal:
        return sum((bet.sizes.remaining for bet in self.bets), ZERO)


def left_behind(program: Program, state: State, sent: Collection[OrderRef]) -> tuple[Left, ...]:
    """What is not over, in the plan's order, as the run knew it last. `sent`: what may have left this machine."""
    placements = [state.placements[ref] for spec in program.specs for ref in state.orders[spec.path].refs if ref in sent]
    return tuple(
        Left(placement=one, bets=one.bets, account=state.orders[one.asked.path].spec.account)
        for one in placements
        if one.status in (*_IN_DOUBT, PlacementStatus.EXECUTABLE)
    )


async def take_back(program: Program, state: State, sent: Collection[OrderRef], venues: Venues) -> tuple[Left, ...]:
    """Without somebody to watch it no deadline is safe: whatever rests is asked back, whatever is in doubt is looked for.

    Cancels and look-ups only, so nothing needs the journal; what came of them is learned again when the run is resumed.
    """
    found = {one.placement.asked.ref: one for one in left_behind(program, state, sent)}
    turnstile = asyncio.Semaphore(AT_ONCE)

    async def one_by_one(left: Left) -> None:
        async with turnstile:
            found[left.placement.asked.ref] = await _take_back(left, state, venues)

    with suppress(TimeoutError):
        async with asyncio.timeout(WITHIN):
            await asyncio.gather(*(one_by_one(left) for left in list(found.values())))
    return tuple(found.values())


async def _take_back(left: Left, state: State, venues: Venues) -> Left:
    """Cancel what is known, look, cancel what turned up, and look again for the true sizes."""
    left = await _cancel(left, state, venues)
    for number in range(LOOKS):
        if number:
            await asyncio.sleep(BETWEEN_LOOKS)
        left = await _look(left, state, venues)
        if left.remaining:
            left = await _look(await _cancel(left, state, venues), state, venues)
        if left.is_certain and not left.remaining:
            break
    return left


async def _cancel(left: Left, state: State, venues: Venues) -> Left:
    asked = left.placement.asked
    if isinstance(asked, NewPoolBet):
        return left  # a pool gives nothing back: it is only looked at
    spec = state.orders[asked.path].spec
    venue = venues[spec.account]
    for bet in left.bets:
        if bet.sizes.remaining:
            command = CancelOrder(account=spec.account, market=spec.market, ref=asked.ref, bet=bet.bet, because="stop")
            answer = await venue.send(venue.prepare(command), None)
            left = replace(left, trouble=_trouble(answer.events))
    return left


async def _look(left: Left, state: State, venues: Venues) -> Left:
    asked = left.placement.asked
    spec = state.orders[asked.path].spec
    venue = venues[spec.account]
    command = QueryOrder(account=spec.account, market=spec.market, ref=asked.ref, stake=asked.size, because="stop")
    answer = await venue.send(venue.prepare(command), None)
    bets = {bet.bet: bet for bet in left.bets}
    for event in answer.events:
        if isinstance(event, OrderAccepted | OrderReported):
            bets[event.bet] = BetState(bet=event.bet, sizes=event.sizes, average_odds=event.average_odds)
    trouble = _trouble(answer.events) or (left.trouble if any(bet.sizes.remaining for bet in bets.values()) else None)
    return replace(left, bets=tuple(bets.values()), trouble=trouble)


def _trouble(events: Iterable[Event]) -> str | None:
    for event in events:
        match event:
            case CancelRefused() | CancelUnknown() | OrderUnknown():
                return event.text
            case CancelAccepted():
                return None
    return None


def in_words(left: Iterable[Left]) -> str:
    """A line for each, what must be looked up marked with the reference to look for."""
    return "".join(f"\n  {words(one)}" for one in left)


def words(left: Left) -> str:
    """One of them, without the line's beginning."""
    asked = left.placement.asked
    name = asked.path.partition(".")[2]
    why = f" ({left.trouble})" if left.trouble else ""
    if not left.is_certain:
        return (
            f"{name}: {asked.words} was sent and there is no certain answer{why}; "
            f"look at {left.account} for the reference {asked.ref}"
        )
    bets = ", ".join(f"bet {bet.bet}" for bet in left.bets)
    sizes = replace(left.placement, bets=left.bets).sizes
    parts = [
        ("matched", sizes.matched),
        ("taken back", sizes.cancelled),
        ("lapsed", sizes.lapsed),
        ("voided", sizes.voided),
        (f"taken in and not answered{why}" if isinstance(asked, NewPoolBet) else f"still there{why}", left.remaining),
    ]
    became = ", ".join(f"{size:.2f} {what}" for what, size in parts if size)
    return f"{name}: {asked.words}: {became} ({bets} at {left.account}, reference {asked.ref})"
