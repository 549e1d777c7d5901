"""One step under way: the state being changed, the totals kept true, the commands gathered.

Everything in `engine` that decides something gets a `Turn` and changes the run only through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from rpds import HashTrieMap

from planrunner.engine.state import (
    AS_PLANNED,
    MarketState,
    OrderEnd,
    OrderState,
    Phase,
    PlacementState,
    RunPhase,
    State,
)
from planrunner.model.commands import (
    Alert,
    Asked,
    Command,
    Ended,
    FinishRun,
    NewPlacement,
    NewPoolBet,
    PlaceOrders,
    PlaceTicket,
    Placing,
    SetTimers,
    Timer,
    narrowed,
)
from planrunner.model.errors import Divergence
from planrunner.model.market import AccountName, MarketId
from planrunner.model.odds import Ladder
from planrunner.model.placement import Fact, PlacementStatus, follows
from planrunner.model.program import Program, ProgramOrder, ProgramPoolBet, Terms, short_hash

Spec: TypeAlias = ProgramOrder | ProgramPoolBet
AT_THE_VENUE = (PlacementStatus.EXECUTABLE, PlacementStatus.EXECUTION_COMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What `step` gives back: the next state and what is to be done, in order."""

    state: State
    commands: tuple[Command, ...]


class Turn:
    """See the module. Commands come out as: deadlines, everything else in order, placements in batches, the end of the run."""

    def __init__(self, program: Program, state: State, at: datetime) -> None:
        self.program = program
        self.at = at
        self.before = state
        self.phase = state.phase
        self.orders = state.orders
        self.placements = state.placements
        self.requests = state.requests
        self.markets = state.markets
        self.books = state.books
        self.runners = state.runners
        self.later = state.later
        self.open_orders = state.open_orders
        self.ends = state.ends
        self.risk_held = state.risk_held
        self.stake_held = state.stake_held
        self.unsettled = state.unsettled
        self.placed = state.placed
        self.stopping = state.stopping
        self._timers: dict[str, datetime | None] = {}
        self._commands: list[Command] = []
        self._risk_in: dict[MarketId, Decimal] = {}
        self._queued: dict[tuple[AccountName, MarketId, str, int], list[NewPlacement]] = {}
        self._tickets: dict[tuple[AccountName, str, str, int], list[NewPoolBet]] = {}

    # -- reading

    def terms(self, spec: Spec) -> Terms:
        return self.program.terms[spec.account]

    def ladder(self, spec: ProgramOrder) -> Ladder:
        return self.terms(spec).ladders[self.program.markets[spec.market].ladder]

    def market_of(self, spec: Spec) -> MarketState:
        return self.markets[spec.market]

    def start_of(self, spec: Spec) -> datetime:
        """What placing counts from: the market's start, for bets of a ticket that of its first race."""
        if isinstance(spec, ProgramPoolBet):
            together = self.before.tickets[spec.ticket]
            return min(self.markets[self.orders[path].spec.market].start for path in together)
        return self.markets[spec.market].start

    def placement_of(self, order: OrderState) -> PlacementState | None:
        """The order's last placement; None before the first, and for one that leaves with this very step."""
        return self.placements.get(order.ref) if order.ref is not None else None

    def order_of(self, placement: PlacementState) -> OrderState:
        return self.orders[placement.asked.path]

    def risk_in(self, market: MarketId) -> Decimal:
        """What the placements in a market hold, those of this step included."""
        return self._risk_in.get(market, self.markets[market].risk_held)

    def timer(self, name: str) -> datetime | None:
        return self._timers[name] if name in self._timers else self.before.timers.get(name)

    # -- changing

    def change_order(self, order: OrderState, **changes: Any) -> OrderState:
        changed = replace(order, **changes)
        self.orders = self.orders.insert(order.path, changed)
        return changed

    def change_market(self, market: MarketId, **changes: Any) -> MarketState:
        changed = replace(self.markets[market], **changes)
        self.markets = self.markets.insert(market, changed)
        return changed

    def change_placement(self, placement: PlacementState, **changes: Any) -> PlacementState:
        changed = replace(placement, **changes)
        self.placements = self.placements.insert(placement.asked.ref, changed)
        if changed.bets is not placement.bets or changed.status is not placement.status:
            market = self.orders[placement.asked.path].spec.market
            risk_grew, stake_grew = changed.risk_held - placement.risk_held, changed.stake_held - placement.stake_held
            self._count(market, risk=risk_grew, stake=stake_grew)
            self.unsettled += changed.unsettled - placement.unsettled
        return changed

    def _count(self, market: MarketId, *, risk: Decimal, stake: Decimal) -> None:
        self.stake_held += stake
        if risk:
            self.risk_held += risk
            self._risk_in[market] = self.risk_in(market) + risk

    def learn(self, placement: PlacementState, *facts: Fact, **changes: Any) -> PlacementState:
        """Move a placement along the transition table. Raises Divergence for what can't be."""
        before = after = placement.status
        for fact in facts:
            following = follows(after, fact)
            if following is None:
                raise Divergence(
                    f"{placement.asked.path}: the placement {placement.asked.ref} is {after.value} and is now told to be "
                    f"{fact.value}; look it up at the venue before anything else is done"
                )
            after = following
        if after in AT_THE_VENUE and before not in AT_THE_VENUE:
            self.placed += 1
        return self.change_placement(placement, status=after, **changes)

    def set_timer(self, name: str, at: datetime | None) -> None:
        if at is None and self.timer(name) is None:
            return
        self._timers[name] = at

    def after(self, seconds: int) -> datetime:
        return self.at + timedelta(seconds=seconds)

    # -- deciding

    def emit(self, command: Command) -> None:
        self._commands.append(command)

    def alert(self, path: str, text: str, because: str) -> None:
        self.emit(Alert(path=path, text=text, because=because))

    def place(self, spec: Spec, asked: Asked, because: str) -> None:
        """Queue a new placement for this step's requests; it counts against every limit from now on."""
        if not asked.is_hedge:
            self._count(spec.market, risk=asked.loss(asked.size), stake=asked.size)
        self._queue(spec, asked, because, attempt=1)

    def place_again(self, spec: Spec, placements: list[PlacementState], attempt: int) -> None:
        """Queue placements of which it is proven that none left this machine."""
        for placement in placements:
            self.learn(placement, Fact.INTENT, attempt=attempt, sent_at=self.at, looks=0)
            self._queue(spec, placement.asked, "recovery", attempt=attempt)

    def _queue(self, spec: Spec, asked: Asked, because: str, *, attempt: int) -> None:
        if isinstance(spec, ProgramPoolBet):
            assert isinstance(asked, NewPoolBet)
            self._tickets.setdefault((spec.account, spec.ticket, because, attempt), []).append(asked)
        else:
            assert isinstance(asked, NewPlacement)
            self._queued.setdefault((spec.account, spec.market, because, attempt), []).append(asked)

    def send_again(self, request: Placing) -> None:
        """Send a request whose answer was lost once more, to the letter. Only where the venue refuses a second one."""
        for asked in request.placements:
            self.learn(self.placements[asked.ref], Fact.INTENT, attempt=request.attempt, sent_at=self.at, looks=0)
            self.set_timer(f"lookup:{asked.ref}", None)
        self.requests = self.requests.insert(request.request_ref, request)
        self.emit(request)

    def take_from_request(self, placement: PlacementState) -> None:
        """A refused placement is not part of what was sent, so not of what may be sent again."""
        request = self.requests[placement.request_ref]
        left = {asked.ref for asked in request.placements} - {placement.asked.ref}
        self.requests = self.requests.insert(request.request_ref, narrowed(request, left))

    def reopen_order(self, order: OrderState) -> OrderState:
        """An order given up as unresolved has shown up after all."""
        self.open_orders += 1
        self.ends = self.ends.insert(OrderEnd.UNRESOLVED, self.ends[OrderEnd.UNRESOLVED] - 1)
        return self.change_order(order, phase=Phase.WORKING, end=None, reason=None)

    def wake(self, order: OrderState, spec: ProgramOrder) -> OrderState:
        """An order that nobody had asked for yet, a hedge or what takes over another's remainder, is to be placed."""
        self.open_orders += 1
        return self.change_order(order, spec=spec, phase=Phase.WAITING)

    def end_order(
        self, order: OrderState, end: OrderEnd, reason: str | None = None, *, later: tuple[int, ...] = ()
    ) -> OrderState:
        """The order is over; its deadlines are taken back, but for those of steps that come `later`. The last one ends the run.

        Called by `endings` alone, which knows what an end brings with it.
        """
        for kind in ("place", "ending", "hedge"):
            self.set_timer(f"{kind}:{order.path}", None)
        for index in range(len(order.steps)):
            if index not in later:
                self.set_timer(f"step:{index}:{order.path}", None)
        self.later += len(later)
        self.open_orders -= 1
        self.ends = self.ends.insert(end, self.ends.get(end, 0) + 1)
        # An unresolved order that shows up after all is still to be taken back if it was before.
        winding = order.winding if end is OrderEnd.UNRESOLVED else None
        return self.change_order(
            order,
            phase=Phase.DONE,
            end=end,
            reason=reason,
            winding=winding,
            awaits_book=None,
            awaits_runners=False,
            ready=False,
            later=later,
        )

    # -- giving back

    def finish(self) -> Step:
        if self.phase is RunPhase.RUNNING and self.open_orders == 0 and self.later == 0:
            self.phase = RunPhase.FINISHED
            self._commands.append(FinishRun(ended=self._ended()))
        if self.phase is RunPhase.FINISHED and self.unsettled == 0 and not self.ends.get(OrderEnd.UNRESOLVED):
            self.phase = RunPhase.SETTLED
        ends = [command for command in self._commands if isinstance(command, FinishRun)]
        others = [command for command in self._commands if not isinstance(command, FinishRun)]
        commands = [*self._timer_commands(), *others, *self._requests(), *ends]
        return Step(state=self._freeze(), commands=tuple(commands))

    def _timer_commands(self) -> list[Command]:
        changed = [Timer(name=name, at=at) for name, at in self._timers.items() if at != self.before.timers.get(name)]
        return [SetTimers(timers=tuple(changed))] if changed else []

    def _requests(self) -> list[Command]:
        commands: list[Command] = []
        for (account, market, because, attempt), queued in self._queued.items():
            batch = self.program.terms[account].batch
            for start in range(0, len(queued), batch):
                asked = tuple(queued[start : start + batch])
                request = PlaceOrders(
                    account=account,
                    market=market,
                    request_ref=self._request_ref(account, asked),
                    attempt=attempt,
                    placements=asked,
                    because=because,
                )
                commands.append(self._leaves(request))
        for (account, ticket, because, attempt), bets in self._tickets.items():
            whole = PlaceTicket(
                account=account,
                ticket=ticket,
                request_ref=self._request_ref(account, bets),
                attempt=attempt,
                placements=tuple(bets),
                because=because,
            )
            commands.append(self._leaves(whole))
        return commands

    def _leaves(self, request: Placing) -> Placing:
        self.requests = self.requests.insert(request.request_ref, request)
        for one in request.placements:
            self.placements = self.placements.insert(one.ref, self._sent(one, request))
        return request

    def _request_ref(self, account: AccountName, placements: Sequence[Asked]) -> str:
        """One reference for the request as a whole, derived from those in it: a changed request is another request."""
        return short_hash("/".join(one.ref for one in placements), self.program.terms[account].reference_length)

    def _sent(self, asked: Asked, request: Placing) -> PlacementState:
        """A placement as it leaves: new, or once more after it provably never left."""
        known = self.placements.get(asked.ref)
        if known is not None:
            return replace(known, request_ref=request.request_ref)
        return PlacementState(
            asked=asked, request_ref=request.request_ref, status=PlacementStatus.PENDING, attempt=1, sent_at=self.at
        )

    def _ended(self) -> Ended:
        if self.ends.get(OrderEnd.UNRESOLVED):
            return Ended.UNRESOLVED
        if self.stopping is not None:
            return Ended.STOPPED
        ends = {end for end, count in self.ends.items() if count}
        if ends <= AS_PLANNED:
            return Ended.AS_PLANNED
        never = ends <= {OrderEnd.DENIED, OrderEnd.NOT_PLACED, OrderEnd.SKIPPED} and self.placed == 0
        return Ended.NOTHING_PLACED if never else Ended.NOT_AS_PLANNED

    def _freeze(self) -> State:
        for market, held in self._risk_in.items():
            self.change_market(market, risk_held=held)
        timers: HashTrieMap[str, datetime] = self.before.timers
        for name, at in self._timers.items():
            timers = timers.discard(name) if at is None else timers.insert(name, at)
        return State(
            phase=self.phase,
            orders=self.orders,
            placements=self.placements,
            requests=self.requests,
            markets=self.markets,
            timers=timers,
            books=self.books,
            runners=self.runners,
            later=self.later,
            open_orders=self.open_orders,
            ends=self.ends,
            risk_held=self.risk_held,
            stake_held=self.stake_held,
            unsettled=self.unsettled,
            placed=self.placed,
            stopping=self.stopping,
            tickets=self.before.tickets,
        )
