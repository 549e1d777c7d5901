"""The run gone through once more: the engine is led through the facts, and what changed at each is noted with its time.

Nothing is decided here. Statuses, sizes, ends and reasons are the engine's; this adds *when*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias, get_args

from planrunner.engine.state import OrderState, Phase, PlacementState, RunPhase, State, initial
from planrunner.engine.step import step
from planrunner.model.commands import Alert, CancelOrder, Command, FinishRun, NewPoolBet, PlaceOrders, PlaceTicket
from planrunner.model.errors import Divergence
from planrunner.model.events import (
    BetSettled,
    BookChanged,
    Event,
    Fill,
    MarketChanged,
    MarketSettled,
    OrderAccepted,
    OrderReported,
    RunResumed,
    RunStarted,
    StopRequested,
    VenueDown,
    VenueUp,
)
from planrunner.model.journal import Exchange, Record
from planrunner.model.market import BetId, MarketId, OrderRef
from planrunner.model.odds import Side
from planrunner.model.placement import FINAL, PlacementStatus
from planrunner.model.program import Program, ProgramOrder
from planrunner.report.offers import Looks
from planrunner.report.story import ZERO, FillStory

RunFact: TypeAlias = RunResumed | StopRequested | VenueDown | VenueUp
_EVENTS: tuple[type, ...] = get_args(Event)


@dataclass(slots=True, kw_only=True)
class PlacementTimes:
    """When things happened to a placement. `taken_back` are the cancels asked for, with who asked; `bookmakers` what each of a
    router's bookmakers held when it was told last, by our bet."""

    because: str
    asked_at: datetime
    attempts: int = 1
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    fills: list[FillStory] = field(default_factory=list)
    lost: list[tuple[datetime, str]] = field(default_factory=list)
    taken_back: list[tuple[datetime, str]] = field(default_factory=list)
    grown: list[Grown] = field(default_factory=list)
    bookmakers: dict[BetId, tuple[Fill, ...]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Grown:
    """A part of a placement's sizes (`cancelled`, `lapsed`, `voided`; of a bet in a pool `matched` too) that became larger."""

    at: datetime
    part: str
    size: Decimal


@dataclass(slots=True, kw_only=True)
class Peaks:
    """The closest the run came to its limits, by the engine's own figures."""

    risk: Decimal = ZERO
    stake: Decimal = ZERO
    market: Decimal = ZERO
    market_id: MarketId | None = None


@dataclass(slots=True, kw_only=True)
class History:
    """Everything that is told later, gathered in one pass."""

    program: Program | None = None
    state: State | None = None
    started_at: datetime | None = None
    last_at: datetime | None = None
    finish: tuple[datetime, FinishRun] | None = None
    settled_at: datetime | None = None
    broken: tuple[datetime, str] | None = None
    peaks: Peaks = field(default_factory=Peaks)
    placements: dict[OrderRef, PlacementTimes] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)
    alerts: list[tuple[datetime, Alert]] = field(default_factory=list)
    markets: dict[MarketId, list[MarketChanged]] = field(default_factory=dict)
    looks: dict[str, Looks] = field(default_factory=dict)
    outcomes: dict[tuple[OrderRef, BetId], BetSettled] = field(default_factory=dict)
    results: list[BetSettled] = field(default_factory=list)  # a corrected one follows the one that was wrong
    commissions: list[MarketSettled] = field(default_factory=list)
    run_facts: list[RunFact] = field(default_factory=list)
    exchanges: int = 0  # how many; they are read again where they are shown


def go_through(records: Iterable[Record]) -> History:
    """Every prefix of a journal can be gone through; a fact that can't be true ends the telling and is told itself."""
    history = History()
    for record in records:
        history.last_at = record.at
        body = record.body
        if isinstance(body, Exchange):
            history.exchanges += 1
        elif isinstance(body, _EVENTS) and history.broken is None:
            _take(history, body)  # type: ignore[arg-type]
    return history


def _take(history: History, event: Event) -> None:
    if isinstance(event, RunStarted) and history.program is None:
        history.program, history.state, history.started_at = event.program, initial(event.program), event.at
    if history.program is None or history.state is None:
        return
    before = history.state
    try:
        decided = step(history.program, before, event)
    except Divergence as trouble:
        history.broken = (event.at, str(trouble))
        return
    history.state = decided.state
    for command in decided.commands:
        _note_command(history, event.at, command)
    _note_event(history, event, decided.state)
    _note_placement(history, event, before, decided.state)
    _note_ends(history, event, before, decided.state)
    _note_peaks(history, decided.state, decided.commands)


def _note_command(history: History, at: datetime, command: Command) -> None:
    match command:
        case PlaceOrders() | PlaceTicket():
            for asked in command.placements:
                known = history.placements.get(asked.ref)
                if known is None:
                    history.placements[asked.ref] = PlacementTimes(because=command.because, asked_at=at)
                else:
                    known.attempts = command.attempt
        case CancelOrder():
            history.placements[command.ref].taken_back.append((at, command.because))
        case Alert():
            history.alerts.append((at, command))
        case FinishRun():
            history.finish = (at, command)
        case _:
            pass  # look-ups, watching and deadlines are told by what came of them


def _note_event(history: History, event: Event, state: State) -> None:
    match event:
        case MarketChanged():
            seen = history.markets.setdefault(event.market, [])
            if not seen or (seen[-1].status, seen[-1].in_play, seen[-1].start) != (event.status, event.in_play, event.start):
                seen.append(event)
        case BookChanged():
            _note_book(history, event, state)
        case BetSettled():
            _note_result(history, event)
        case MarketSettled():
            history.commissions.append(event)
        case RunResumed() | StopRequested() | VenueDown() | VenueUp():
            history.run_facts.append(event)
        case _:
            pass  # told by how the placement changed


def _note_book(history: History, book: BookChanged, state: State) -> None:
    """Of the orders that stood when it came: a rule of theirs had asked for it."""
    market = state.markets.get(book.market)
    for path in market.orders if market is not None else ():
        order, ended = state.orders[path], history.ended.get(path)
        aim = order.spec
        is_of_it = isinstance(aim, ProgramOrder) and (aim.selection, aim.handicap) == (book.selection, book.handicap)
        if is_of_it and order.placed_at is not None and (ended is None or book.at <= ended):
            history.looks.setdefault(path, Looks()).add(book)


def _note_result(history: History, event: BetSettled) -> None:
    """Told again it is no news; a corrected result takes the place of the one that was wrong."""
    key = (event.ref, event.bet)
    before = history.outcomes.get(key)
    if before is None or (before.outcome, before.profit) != (event.outcome, event.profit):
        history.results.append(event)
        history.outcomes[key] = event


def _note_placement(history: History, event: Event, before: State, after: State) -> None:
    ref: OrderRef | None = getattr(event, "ref", None)
    if ref is None or ref not in history.placements or (old := before.placements.get(ref)) is None:
        return
    new, times = after.placements[ref], history.placements[ref]
    in_flight = (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)
    if old.status in in_flight and new.status not in in_flight:
        times.answered_at = event.at
    if new.status is PlacementStatus.UNKNOWN and old.status is not PlacementStatus.UNKNOWN:
        times.lost.append((event.at, new.reason or "no answer came"))
    if new.status in FINAL and old.status not in FINAL:
        times.closed_at = event.at
    _note_sizes(history, event, old, new, averages=_averages(after, new))
    if isinstance(event, OrderAccepted | OrderReported) and event.fills:
        _note_bookmakers(times, event, new)


def _averages(state: State, placement: PlacementState) -> bool:
    """The odds asked for hold for the mean of its fills."""
    spec = state.orders[placement.asked.path].spec
    return isinstance(spec, ProgramOrder) and spec.order.odds_hold_for_average


def _note_bookmakers(times: PlacementTimes, event: OrderAccepted | OrderReported, new: PlacementState) -> None:
    """An older report that comes late changes nothing."""
    if any(bet.bet == event.bet and bet.sizes == event.sizes for bet in new.bets):
        times.bookmakers[event.bet] = event.fills


def _note_sizes(history: History, event: Event, old: PlacementState, new: PlacementState, *, averages: bool) -> None:
    at = event.at
    if isinstance(event, OrderReported) and event.at_venue is not None:
        at = min(max(event.at_venue, new.sent_at), event.at)  # a venue that tells whole seconds is early
    times, was, now = history.placements[new.asked.ref], old.sizes, new.sizes
    if isinstance(new.asked, NewPoolBet):
        if now.matched > was.matched:
            times.grown.append(Grown(at=at, part="matched", size=now.matched - was.matched))
    elif now.matched > was.matched and isinstance(event, OrderAccepted | OrderReported):
        odds = _fill_odds(old, new, averages=averages)
        times.fills.append(FillStory(at=at, size=now.matched - was.matched, odds=odds))
    for part in ("cancelled", "lapsed", "voided"):
        grown = getattr(now, part) - getattr(was, part)
        if grown > 0:
            times.grown.append(Grown(at=event.at, part=part, size=grown))


def _fill_odds(old: PlacementState, new: PlacementState, *, averages: bool) -> Fraction:
    """What came since the last report, from the two averages; never worse than asked, which only a rounded average could say,
    unless it is the average that the odds hold for."""
    size = Fraction(new.sizes.matched - old.sizes.matched)
    odds, limit = (returns(new) - returns(old)) / size, Fraction(new.limit.odds)
    if averages:
        return odds
    return max(odds, limit) if new.limit.side is Side.BACK else min(odds, limit)


def returns(placement: PlacementState) -> Fraction:
    """Matched size times odds, over all bets; a bet whose average is not told counts at the odds asked for."""
    return placement.returns


def _note_ends(history: History, event: Event, before: State, after: State) -> None:
    if after.ends is not before.ends:
        for path in _touched(event, before, after):
            if after.orders[path].phase is Phase.DONE and path not in history.ended:
                history.ended[path] = event.at
    if after.phase is RunPhase.SETTLED and history.settled_at is None:
        history.settled_at = event.at


def _touched(event: Event, before: State, after: State) -> Sequence[str]:
    """The orders that this event may have ended: the one it is about, or else any."""
    ref: OrderRef | None = getattr(event, "ref", None)
    ended = sum(after.ends.values()) - sum(before.ends.values())
    if ref is not None and ref in after.placements and ended == 1:
        path = after.placements[ref].asked.path
        if after.orders[path].phase is Phase.DONE:
            return (path,)
    return list(after.orders)


def _note_peaks(history: History, state: State, commands: Sequence[Command]) -> None:
    peaks = history.peaks
    peaks.risk = max(peaks.risk, state.risk_held)
    peaks.stake = max(peaks.stake, state.stake_held)
    for command in commands:  # exposure only grows by placing
        for market in _markets_of(command):
            if (held := state.markets[market].risk_held) > peaks.market:
                peaks.market, peaks.market_id = held, market


def _markets_of(command: Command) -> Iterable[MarketId]:
    match command:
        case PlaceOrders():
            return (command.market,)
        case PlaceTicket():
            return [bet.market for bet in command.placements]
        case _:
            return ()


def placements_of(state: State, order: OrderState) -> list[PlacementState]:
    """The chain of an order, first placement first."""
    return [state.placements[ref] for ref in order.refs]
