"""`planrunner settle`: bets of runs that are over, followed until the venue has told what each brought and what it charges.

A run ends when nothing of it can match any more; its markets are settled hours later. The venues are asked account by account,
soon after a run ended and then less and less often; what they say is written down in the run that it belongs to, under its lease,
with what the engine makes of it. Results are corrected now and then, so a settled run is looked at for some days more.

Whatever goes wrong here is looked at again later; no other run waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, ParamSpec, TypeAlias, TypeVar

from planrunner.app import report as telling
from planrunner.app.facts import by_ref, facts_of, write_facts
from planrunner.app.left import left_behind
from planrunner.app.results import OnAccount, Result, Results, results_of
from planrunner.app.stage import Accounts, Venues
from planrunner.app.standing import Standing, account_of, stand
from planrunner.engine.state import BetState, RunPhase, State
from planrunner.engine.step import step
from planrunner.model.account import Site
from planrunner.model.errors import PlanrunnerError, Refused
from planrunner.model.events import BetSettled, Event, MarketSettled, OrderReported, Outcome
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import AccountName, MarketId, OrderRef, RunId
from planrunner.model.program import Program
from planrunner.ports import Venue, VenueBet
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import is_silent, this_process
from planrunner.runtime.results import Head

P = ParamSpec("P")
T = TypeVar("T")

FOR_DAYS = 7  # that a settled run is looked at for corrections
# Minutes to the next look, after news and then while there are none. Most markets are settled within minutes of their end.
LATER = (1, 2, 5, 10, 20, 30, 60)
CORRECTIONS = timedelta(hours=6)
BEFORE = timedelta(hours=1)  # clocks differ
LONGEST = timedelta(days=89)  # venues forget what was cleared earlier
WITHIN = 180.0  # seconds for one account: every list of a venue has a timeout of its own
NOTHING = Decimal("0.00")

VenuesOf: TypeAlias = Callable[[Mode, str | None, Accounts], AbstractAsyncContextManager[Venues]]
Listed: TypeAlias = Mapping[OrderRef, Sequence[VenueBet]]


class Pot(NamedTuple):
    """An account where it is: live, or at the sandbox of an address."""

    mode: Mode
    at: str | None
    account: AccountName


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a run was told, in words. `is_settled`: nothing of it is open any more; `is_correction`: it was settled before."""

    run: RunInfo
    facts: tuple[str, ...]
    is_settled: bool
    is_correction: bool
    profit: Decimal
    commission: Decimal
    currency: str

    @property
    def net(self) -> Decimal:
        return self.profit - self.commission


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One account that was asked. `open` are the bets of its runs that are not settled, `in_doubt` the placements that may be at
    the venue or can still match; `trouble`: why it could not be asked; `troubles`: which runs could not be told, and why."""

    pot: Pot
    runs: tuple[RunId, ...]
    learned: tuple[Learned, ...]
    open: int
    in_doubt: int
    trouble: str | None = None
    troubles: tuple[str, ...] = ()
    again: datetime | None = None


@dataclass(slots=True)
class _Turn:
    """Of one account."""

    due: datetime
    step: int
    runs: frozenset[RunId]
    is_open: bool


@dataclass(slots=True)
class Rhythm:
    """When each account is asked again. Whoever asks again and again keeps it; a new process begins by asking."""

    turns: dict[Pot, _Turn] = field(default_factory=dict)
    done: dict[RunId, int] = field(default_factory=dict)  # runs of no concern any more, and how long they were then

    def is_done(self, run: RunId, head: Head) -> bool:
        return head.state is RunState.RUNNING or self.done.get(run) == head.seq

    def is_due(self, pot: Pot, runs: Collection[RunId], now: datetime) -> bool:
        """Also where a run is new there: it has just ended. A clock that was set back far makes no account wait for long."""
        turn = self.turns.get(pot)
        if turn is None or turn.due <= now or turn.due > now + max(CORRECTIONS, timedelta(minutes=LATER[-1])):
            return True
        return not turn.runs.issuperset(runs)

    def looked(self, pot: Pot, of: Sequence[Result], *, has_news: bool, now: datetime) -> datetime:
        before = self.turns.get(pot)
        turn = 0 if before is None or has_news else min(before.step + 1, len(LATER) - 1)
        still = [one for one in of if not one.is_settled]
        due = now + (timedelta(minutes=LATER[turn]) if still else CORRECTIONS)
        starts = [one.starts for one in still]
        if still and all(start is not None and start > now for start in starts):
            # No market has begun: only a void would be news, so once an hour is enough.
            due = max(due, min(min(filter(None, starts)), now + timedelta(minutes=LATER[-1])))
        self.turns[pot] = _Turn(due, turn, frozenset(one.run for one in of), bool(still))
        return due

    @property
    def next(self) -> datetime | None:
        return min((turn.due for turn in self.turns.values()), default=None)


async def settle_due(
    journal: Journal,
    venues_of: VenuesOf,
    clock: HandsClock,
    *,
    site: Site,
    rhythm: Rhythm,
    run: RunId | None = None,
    for_days: int = FOR_DAYS,
) -> tuple[Looked, ...]:
    """Asks the accounts whose turn it is, one after the other, about their runs that are over; about `run` alone, now, where one
    is named. What an account, a venue or a run does is told, never raised.

    Raises JournalTrouble where the journal can't be read.
    """
    history = await _aside(clock, results_of, journal, lambda one, head: one == run or not (run or rhythm.is_done(one, head)))
    now = clock.now()
    pots = _pots(history, now - timedelta(days=for_days), run, rhythm)
    for pot in [pot for pot in rhythm.turns if pot not in pots and run is None]:
        del rhythm.turns[pot]
    looked = []
    for pot, of in pots.items():
        if run is not None or rhythm.is_due(pot, [one.run for one in of], now):
            look = _Look(journal, clock, site, pot, of)
            looked.append(await look.go(venues_of, rhythm))
    return tuple(looked)


def _pots(history: Results, since: datetime, run: RunId | None, rhythm: Rhythm) -> dict[Pot, list[Result]]:
    """The runs to be looked at, by their accounts. The others are not read again."""
    pots: dict[Pot, list[Result]] = {}
    for one in history.told:
        head = history.heads[one.run]
        if run is None and not _is_concerned(one, head.state, since):
            rhythm.done[one.run] = head.seq
            continue
        for line in one.lines:
            pots.setdefault(Pot(one.mode, one.at, line.account), []).append(one)
    return pots


def _is_concerned(one: Result, state: RunState, since: datetime) -> bool:
    if state is RunState.FINISHED:
        return bool(one.lines)
    return one.bets > 0 and one.learned is not None and one.learned >= since


async def _aside(clock: HandsClock, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In a thread: to tell a long run takes a while, and others have deadlines."""
    with clock.outside():
        return await asyncio.to_thread(act, *args, **kwargs)


# --- one account


@dataclass(slots=True)
class _Look:
    journal: Journal
    clock: HandsClock
    site: Site
    pot: Pot
    of: Sequence[Result]
    troubles: list[str] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)

    async def go(self, venues_of: VenuesOf, rhythm: Rhythm) -> Looked:
        trouble = None
        try:
            async with asyncio.timeout(WITHIN):
                await self._go(venues_of)
        except TimeoutError:
            trouble = f"it took longer than {WITHIN:.0f} seconds"
        except PlanrunnerError as error:
            trouble = str(error)
        runs = {one.run for one in self.of}
        with suppress(PlanrunnerError):
            told = await _aside(self.clock, results_of, self.journal, lambda run, _: run in runs)
            self.of = told.told
        lines = [line for one in self.of for line in one.lines if line.account == self.pot.account]
        again = rhythm.looked(self.pot, self.of, has_news=bool(self.learned), now=self.clock.now())
        return Looked(
            pot=self.pot,
            runs=tuple(one.run for one in self.of),
            learned=tuple(self.learned),
            open=sum(line.open for line in lines),
            in_doubt=sum(one.in_doubt for one in self.of),
            trouble=trouble,
            troubles=tuple(self.troubles),
            again=again,
        )

    async def _go(self, venues_of: VenuesOf) -> None:
        name, line = self.pot.account, self._line(self.of[-1])
        account = account_of(name, line.venue, line.currency, self.site)
        async with venues_of(self.pot.mode, self.pot.at, {name: account}) as venues:
            venue = venues[name]
            listed = await venue.bets(self._since())
            standings = await self._standings()
            charged = await _charged(venue, name, listed, standings, self.clock.now())
            for standing in standings:
                await self._run(standing, by_ref(listed), charged)

    def _line(self, one: Result) -> OnAccount:
        return next(line for line in one.lines if line.account == self.pot.account)

    def _since(self) -> datetime:
        return max(min(one.created for one in self.of) - BEFORE, self.clock.now() - LONGEST)

    async def _standings(self) -> list[Standing]:
        found = []
        for one in self.of:
            try:
                standing = await _aside(self.clock, _stand, self.journal, one.run)
            except PlanrunnerError as error:
                self._failed(one.run, error)
                continue
            if standing.is_over and standing.state is not None:
                found.append(standing)
        return found

    async def _run(self, standing: Standing, listed: Listed, charged: Mapping[MarketId, Decimal]) -> None:
        run = standing.info.run
        try:
            if self._news(standing, listed, charged) or _can_be_closed(standing):
                await self._write(run, listed, charged)
        except PlanrunnerError as error:  # another run's trouble is none of the rest's
            self._failed(run, error)

    async def _write(self, run: RunId, listed: Listed, charged: Mapping[MarketId, Decimal]) -> None:
        """As it is once the lease is ours: somebody may have written meanwhile."""
        if not await is_silent(self.clock, lambda: self.journal.lease(run)):
            raise Refused(f"it is at work in another process, {self.journal.lease(run).owner}, which learns by itself")
        epoch = self.journal.take(run, this_process())
        try:
            standing = await _aside(self.clock, _stand, self.journal, run)
            news = self._news(standing, listed, charged)
            state = standing.state
            if news:
                state = await write_facts(self.journal, standing, epoch, news, clock=self.clock)
            if state is not None and _is_closed(standing, state) and standing.info.state is RunState.FINISHED:
                self.journal.set_state(run, epoch, RunState.SETTLED)
        finally:
            with suppress(PlanrunnerError):
                self.journal.leave(run, epoch)
        if news and state is not None:
            self.learned.append(_learned(standing, state, news))
            await _aside(self.clock, self._tell, run)

    def _news(self, standing: Standing, listed: Listed, charged: Mapping[MarketId, Decimal]) -> list[Event]:
        """What the venue says and the run does not know. Raises Divergence."""
        program, state = standing.program, standing.state
        assert program is not None
        assert state is not None
        name = self.pot.account
        facts = (fact for bet in _ours(standing, name, listed) for fact in facts_of(bet, self.clock.now()))
        news, after = _that_change(program, state, facts)
        known = _commissions(standing, name)
        for market in _settled_in(after, name, standing.sent):
            if market in charged and charged[market] != known.get(market):
                at = self.clock.now()
                news.append(MarketSettled(at=at, account=name, market=market, commission=charged[market]))
        return news

    def _tell(self, run: RunId) -> None:
        try:
            story = telling.story_of(self.journal.info(run), self.journal.told(run))
            telling.write_report(story, telling.directory_of(self.journal.path.parent, run))
        except PlanrunnerError as error:
            self.troubles.append(str(error))

    def _failed(self, run: RunId, error: Exception) -> None:
        self.troubles.append(f"what the venue says of the run {run} was not written down: {error}")


def _stand(journal: Journal, run: RunId) -> Standing:
    return stand(journal, journal.info(run))


def _ours(standing: Standing, name: AccountName, listed: Listed) -> Iterator[VenueBet]:
    """The bets of a run on an account, in the order of placing."""
    state, sent = standing.state, standing.sent
    assert state is not None
    for ref, placement in state.placements.items():
        if ref in sent and state.orders[placement.asked.path].spec.account == name:
            yield from listed.get(ref, ())


def _that_change(program: Program, state: State, facts: Iterable[Event]) -> tuple[list[Event], State]:
    """A venue says the same at every look; only what is new is written down."""
    kept: list[Event] = []
    for fact in facts:
        assert isinstance(fact, OrderReported | BetSettled)
        after = step(program, state, fact).state
        if after.placements.get(fact.ref) != state.placements.get(fact.ref):
            kept.append(fact)
            state = after
    return kept, state


def _bets_in(state: State, name: AccountName, sent: Collection[OrderRef]) -> dict[MarketId, list[BetState]]:
    """The bets of a run on an account, by their markets."""
    found: dict[MarketId, list[BetState]] = {}
    for ref, placement in state.placements.items():
        spec = state.orders[placement.asked.path].spec
        if ref in sent and spec.account == name:
            found.setdefault(spec.market, []).extend(placement.bets)
    return found


def _settled_in(state: State, name: AccountName, sent: Collection[OrderRef]) -> list[MarketId]:
    """The markets in which every bet that the run knows of is settled, and there is one."""
    return [
        market
        for market, bets in _bets_in(state, name, sent).items()
        if any(bet.profit is not None for bet in bets)
        and not any(bet.sizes.remaining or (bet.sizes.matched and bet.profit is None) for bet in bets)
    ]


async def _charged(
    venue: Venue, name: AccountName, listed: Sequence[VenueBet], standings: Iterable[Standing], at: datetime
) -> Mapping[MarketId, Decimal]:
    """What the venue takes of the markets that are settled. Where all was void it takes nothing, and tells nothing."""
    refs = by_ref(listed)
    unsettled = {bet.market for bet in listed if bet.settled is None and (bet.sizes.matched or bet.sizes.remaining)}
    paid: dict[MarketId, bool] = {}
    for standing in standings:
        program, state = standing.program, standing.state
        if program is None or state is None:
            continue
        facts = (fact for bet in _ours(standing, name, refs) for fact in facts_of(bet, at))
        with suppress(PlanrunnerError):  # it is told where the run itself is looked at
            _, state = _that_change(program, state, facts)
        void = {bet.bet for bet in listed if bet.settled is not None and bet.settled.outcome is Outcome.VOID}
        bets = _bets_in(state, name, standing.sent)
        for market in _settled_in(state, name, standing.sent):
            paid[market] = paid.get(market, False) or any(bet.bet not in void for bet in bets[market] if bet.profit is not None)
    asked = [market for market, is_paid in paid.items() if is_paid and market not in unsettled]
    charged = dict(await venue.commissions(asked)) if asked else {}
    return charged | {market: NOTHING for market, is_paid in paid.items() if not is_paid}


def _commissions(standing: Standing, name: AccountName) -> dict[MarketId, Decimal]:
    """As the run was told last."""
    facts = (record.body for record in standing.records)
    return {fact.market: fact.commission for fact in facts if isinstance(fact, MarketSettled) and fact.account == name}


def _is_closed(standing: Standing, state: State) -> bool:
    """Every bet has its result and the venue has charged; what was in doubt when the run ended has shown up since."""
    assert standing.program is not None
    is_over = state.phase in (RunPhase.FINISHED, RunPhase.SETTLED) and not state.unsettled
    return is_over and not left_behind(standing.program, state, standing.sent)


def _can_be_closed(standing: Standing) -> bool:
    is_open = standing.info.state is RunState.FINISHED
    return is_open and standing.state is not None and _is_closed(standing, standing.state)


# --- in words


def _learned(standing: Standing, state: State, news: Sequence[Event]) -> Learned:
    program = standing.program
    assert program is not None
    assert standing.state is not None
    profits = [bet.profit for placement in state.placements.values() for bet in placement.bets if bet.profit is not None]
    told = {(fact.account, fact.market): fact.commission for fact in _all_charged(standing, news)}
    return Learned(
        run=standing.info,
        facts=tuple(_words(standing, program, fact) for fact in news if isinstance(fact, BetSettled | MarketSettled)),
        is_settled=_is_closed(standing, state),
        is_correction=standing.info.state is RunState.SETTLED,
        profit=sum(profits, NOTHING),
        commission=sum(told.values(), NOTHING),
        currency=program.currency,
    )


def _all_charged(standing: Standing, news: Iterable[Event]) -> Iterator[MarketSettled]:
    for body in (*(record.body for record in standing.records), *news):
        if isinstance(body, MarketSettled):
            yield body


def _words(standing: Standing, program: Program, fact: BetSettled | MarketSettled) -> str:
    """`arsenal: bet 123 won, +31.00 GBP before commission (it was -10.00)`."""
    if isinstance(fact, MarketSettled):
        market = program.markets.get(fact.market)
        where = fact.market if market is None else f"{market.name}, {market.fixture}"
        return f"{fact.account} charges {fact.commission:.2f} {program.currency} commission ({where})"
    assert standing.state is not None
    placement = standing.state.placements[fact.ref]
    before = next((bet.profit for bet in placement.bets if bet.bet == fact.bet), None)
    was = "" if before is None else f" (it was {before:+.2f})"
    order = placement.asked.path.partition(".")[2]
    return f"{order}: bet {fact.bet} {fact.outcome.value}, {fact.profit:+.2f} {program.currency} before commission{was}"
