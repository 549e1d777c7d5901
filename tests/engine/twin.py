"""A venue made of dice, for the engine alone: it loses answers, repeats facts, fills when it likes, and keeps true books.

`play` runs a program against it to the end on a clock that jumps, and gives back the facts, the decisions and the books.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import assert_never

from planrunner.engine.state import RunPhase, State, initial
from planrunner.engine.step import step
from planrunner.model.commands import (
    Alert,
    CancelOrder,
    Command,
    FinishRun,
    NewPlacement,
    PlaceOrders,
    QueryBook,
    QueryOrder,
    QueryRunners,
    SetTimers,
    UnwatchMarket,
    WatchMarket,
)
from planrunner.model.events import (
    BookChanged,
    CancelAccepted,
    CancelRefused,
    CancelUnknown,
    Event,
    MarketChanged,
    OrderAccepted,
    OrderDenied,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Runner,
    RunnersSeen,
    RunResumed,
    RunStarted,
    StopRequested,
    TimerFired,
)
from planrunner.model.market import BetId, MarketId, MarketStatus, OrderRef, Selection
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.model.program import Program

T0 = datetime(2026, 12, 5, 14, 30, tzinfo=UTC)


@dataclass
class Held:
    """A bet in the venue's own books."""

    bet: BetId
    asked: NewPlacement
    matched: Decimal = Decimal(0)
    cancelled: Decimal = Decimal(0)
    lapsed: Decimal = Decimal(0)
    voided: Decimal = Decimal(0)
    returns: Decimal = Decimal(0)  # matched sizes times the odds they were matched at

    @property
    def average(self) -> Decimal | None:
        return self.returns / self.matched if self.matched else None

    @property
    def sizes(self) -> Sizes:
        return Sizes(
            stake=self.asked.size, matched=self.matched, cancelled=self.cancelled, lapsed=self.lapsed, voided=self.voided
        )  # fmt: skip


@dataclass
class Dice:
    """How often, in hundredths, something goes wrong."""

    lost: int = 0
    not_sent: int = 0
    rejected: int = 0
    denied: int = 0
    fill: int = 50
    restart: int = 0
    window: bool = True
    repeats: int = 20
    lapses: int = 0
    stop: int = 0
    suspends: int = 0
    voids: int = 0


@dataclass
class Twin:
    program: Program
    random: Random
    dice: Dice
    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    books: dict[OrderRef, Held] = field(default_factory=dict)
    seen_requests: dict[str, datetime] = field(default_factory=dict)
    first_sent: dict[str, datetime] = field(default_factory=dict)
    arrivals: list[tuple[OrderRef, datetime]] = field(default_factory=list)
    watch: Callable[[Twin, State], None] | None = None
    state: State = field(init=False)
    now: datetime = T0
    status: dict[MarketId, MarketStatus] = field(default_factory=dict)
    in_play: set[MarketId] = field(default_factory=set)
    _queue: list[tuple[datetime, int, Event]] = field(default_factory=list)
    _timers: dict[str, datetime] = field(default_factory=dict)
    _count: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.state = initial(self.program)

    def later(self, event: Event, seconds: float = 0.1) -> None:
        at = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._queue, (at, next(self._count), replace(event, at=at)))

    def chance(self, hundredths: int) -> bool:
        return self.random.randrange(100) < hundredths

    def play(self, *, most: int = 3000) -> Twin:
        self.feed(RunStarted(at=self.now, program=self.program))
        for _ in range(most):
            if self.state.phase in (RunPhase.FINISHED, RunPhase.SETTLED):
                break
            self.turn()
        else:
            raise AssertionError("the run does not come to an end")
        while self._queue:  # facts that were on their way
            self.deliver()
        return self

    def turn(self) -> None:
        if self.chance(self.dice.restart):
            self.restart()
        elif self.chance(self.dice.fill):
            self.fill()
        elif self.chance(self.dice.lapses):
            self.lapse()
        elif self.chance(self.dice.suspends):
            self.turn_market(self.random.choice(list(self.program.markets)))
        elif self.chance(self.dice.voids):
            self.void()
        elif self.chance(self.dice.stop) and self.state.stopping is None:
            self.feed(StopRequested(at=self.now, text="stop"))
        due = min(self._timers.items(), key=lambda item: item[1]) if self._timers else None
        if self._queue and (due is None or self._queue[0][0] <= due[1]):
            self.deliver()
        elif due is not None:
            name, at = due
            del self._timers[name]
            self.now = max(self.now, at)
            self.feed(TimerFired(at=self.now, name=name, due=at))
        elif not self._queue:
            self.close_markets()

    def close_markets(self) -> None:
        """The day is over; who still waits for a market to turn hears that it won't."""
        for market in self.program.markets:
            self.status[market] = MarketStatus.CLOSED
            self.tell_market(market)

    def deliver(self) -> None:
        at, _, event = heapq.heappop(self._queue)
        self.now = max(self.now, at)
        self.feed(event)
        if self.chance(self.dice.repeats) and not isinstance(event, OrderNotFound):
            self.feed(event)

    def feed(self, event: Event) -> None:
        self.events.append(event)
        decided = step(self.program, self.state, event)
        self.state = decided.state
        self.commands.extend(decided.commands)
        for command in decided.commands:
            self.carry_out(command)
        if self.watch:
            self.watch(self, self.state)

    def restart(self) -> None:
        """The process dies; answers that had not been written down are gone, the venue's books are not."""
        self._queue = [entry for entry in self._queue if isinstance(entry[2], MarketChanged)]
        self._timers = dict(self.state.timers)
        self.feed(RunResumed(at=self.now, epoch=2))
        self._timers = dict(self.state.timers)

    def carry_out(self, command: Command) -> None:
        match command:
            case SetTimers():
                for timer in command.timers:
                    if timer.at is None:
                        self._timers.pop(timer.name, None)
                    else:
                        self._timers[timer.name] = timer.at
            case PlaceOrders():
                self.place(command)
            case CancelOrder():
                self.cancel(command)
            case QueryOrder():
                self.query(command)
            case QueryBook():
                self.answer(
                    BookChanged(
                        at=self.now, market=command.market, selection=command.selection, handicap=Decimal(0),
                        back=self.offer(), lay=self.offer(),
                    )
                )  # fmt: skip
            case QueryRunners():
                status = MarketStatus.SUSPENDED if self.chance(self.dice.lost) else self.status_of(command.market)
                runners = tuple(self.runner(one) for one in self.program.markets[command.market].selections)
                self.answer(RunnersSeen(at=self.now, market=command.market, status=status, in_play=False, runners=runners))
            case WatchMarket():
                self.tell_market(command.market)
            case UnwatchMarket() | Alert() | FinishRun():
                pass
            case _:
                assert_never(command)

    def status_of(self, market: MarketId) -> MarketStatus:
        return self.status.get(market, MarketStatus.OPEN)

    def market_of(self, asked: NewPlacement) -> MarketId:
        return self.state.orders[asked.path].spec.market

    def tell_market(self, market: MarketId, seconds: float = 0.1) -> None:
        start, status = self.program.markets[market].start, self.status_of(market)
        self.later(MarketChanged(at=self.now, market=market, status=status, in_play=market in self.in_play, start=start), seconds)

    def turn_market(self, market: MarketId) -> None:
        """Suspended and opened again, sometimes in-play, when all that waits lapses; at last closed."""
        match self.status_of(market):
            case MarketStatus.CLOSED:
                return
            case MarketStatus.SUSPENDED:
                self.status[market] = MarketStatus.CLOSED if self.chance(20) else MarketStatus.OPEN
                if self.status[market] is MarketStatus.CLOSED or self.chance(30):
                    self.in_play.add(market)
                    self.lapse(market)
            case _:
                self.status[market] = MarketStatus.SUSPENDED
        self.tell_market(market, self.random.random() * 3)

    def void(self) -> None:
        """The venue takes back what had matched."""
        if matched := [held for held in self.books.values() if held.matched]:
            held = self.random.choice(matched)
            held.voided, held.matched, held.returns = held.voided + held.matched, Decimal(0), Decimal(0)
            self.tell(held, self.random.random() * 3)

    def answer(self, event: Event) -> None:
        if not self.chance(self.dice.lost):
            self.later(event)

    def offer(self) -> tuple[Decimal, Decimal] | None:
        odds = self.random.choice([None, "2.5", "2.9", "3", "3.1", "3.3", "3.5"])
        return (Decimal(odds), Decimal(100)) if odds else None

    def runner(self, one: Selection) -> Runner:
        back, lay = ((offer,) if (offer := self.offer()) else () for _ in range(2))
        return Runner(selection=one.id, handicap=one.handicap, name=one.name, back=back, lay=lay)

    def place(self, command: PlaceOrders) -> None:
        if self.chance(self.dice.not_sent):
            for asked in command.placements:
                self.later(OrderNotSent(at=self.now, ref=asked.ref, attempt=command.attempt, text="no byte left"))
            return
        admitted = [asked for asked in command.placements if command.attempt > 1 or not self.chance(self.dice.denied)]
        for asked in command.placements:
            if asked not in admitted:
                self.later(OrderDenied(at=self.now, ref=asked.ref, limit="max_open_exposure", figure="1", held_by="others"))
        self.first_sent.setdefault(command.request_ref, self.now)
        lands = not self.chance(self.dice.lost)
        answered = lands and not self.chance(self.dice.lost)
        duplicate = command.request_ref in self.seen_requests
        if lands and not duplicate and admitted:
            self.seen_requests[command.request_ref] = self.now
        for asked in admitted:
            self.arrive(asked, lands=lands, answered=answered, duplicate=duplicate)

    def arrive(self, asked: NewPlacement, *, lands: bool, answered: bool, duplicate: bool) -> None:
        shut = self.status_of(self.market_of(asked)) is not MarketStatus.OPEN
        refused = lands and not duplicate and (self.chance(self.dice.rejected) or shut)
        if lands and not duplicate and not refused:
            self.arrivals.append((asked.ref, self.now))
            self.books[asked.ref] = Held(bet=BetId(f"b{len(self.books)}"), asked=asked)
        if not answered or duplicate:
            self.later(OrderUnknown(at=self.now, ref=asked.ref, text="no answer"), 1)
        elif refused:
            self.later(OrderRejected(at=self.now, ref=asked.ref, reason="INVALID_ODDS", text="refused"))
        else:
            held = self.books[asked.ref]
            self.later(OrderAccepted(at=self.now, ref=asked.ref, bet=held.bet, sizes=held.sizes, average_odds=held.average))

    def cancel(self, command: CancelOrder) -> None:
        held = self.books[command.ref]
        left, is_open = held.sizes.remaining, self.status_of(command.market) is MarketStatus.OPEN
        if self.chance(self.dice.lost):
            if is_open and self.chance(50):
                held.cancelled += left
            self.later(CancelUnknown(at=self.now, ref=command.ref, bet=held.bet, text="no answer"), 1)
        elif left == 0 or not is_open:
            self.later(
                CancelRefused(at=self.now, ref=command.ref, bet=held.bet, reason="BET_TAKEN_OR_LAPSED", text="nothing left")
            )
        else:
            held.cancelled += left
            self.later(CancelAccepted(at=self.now, ref=command.ref, bet=held.bet, size=left))

    def query(self, command: QueryOrder) -> None:
        held = self.books.get(command.ref)
        if self.chance(self.dice.lost):
            self.later(OrderUnknown(at=self.now, ref=command.ref, text="the look-up was lost"), 1)
        elif held is None:
            request = self.state.placements[command.ref].request_ref
            since = self.now - self.first_sent[request] if self.dice.window and request in self.first_sent else None
            self.later(OrderNotFound(at=self.now, ref=command.ref, since_sent=since))
        else:
            self.later(OrderReported(at=self.now, ref=command.ref, bet=held.bet, sizes=held.sizes, average_odds=held.average))

    def fill(self) -> None:
        live = [held for held in self.books.values() if held.sizes.remaining]
        live = [held for held in live if self.status_of(self.market_of(held.asked)) is MarketStatus.OPEN]
        if not live:
            return
        held = self.random.choice(live)
        part = min(held.sizes.remaining, Decimal(self.random.randrange(1, 500)) / 100)
        better = Decimal(self.random.choice(["0", "0", "0.2"]))  # a market that moved meanwhile fills at better odds
        odds = held.asked.odds + (better if held.asked.side is Side.BACK else -better)
        held.matched += part
        held.returns += part * odds
        self.tell(held, self.random.random() * 3)

    def lapse(self, market: MarketId | None = None) -> None:
        """The market turned in-play for a moment."""
        for held in self.books.values():
            if held.sizes.remaining and market in (None, self.market_of(held.asked)):
                held.lapsed += held.sizes.remaining
                self.tell(held, 0.1)

    def tell(self, held: Held, seconds: float) -> None:
        self.later(
            OrderReported(at=self.now, ref=held.asked.ref, bet=held.bet, sizes=held.sizes, average_odds=held.average), seconds
        )
