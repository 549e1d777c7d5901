"""`planrunner status`: what goes on, how near the limits are, what nobody looks after; and a run that was in one line.

Read from the journal, so it disturbs no run and works while none can be reached.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path

from planrunner.app import report as telling
from planrunner.app.left import Left
from planrunner.app.outcome import Exit
from planrunner.app.standing import NO_ACCOUNTS, Standing, journal_of, open_journal, site_of, stand
from planrunner.app.taking_up import go_on
from planrunner.engine.state import OrderState, Phase, State
from planrunner.model.account import Account, Site
from planrunner.model.errors import Divergence, JournalTrouble, PlanrunnerError, WrongUse
from planrunner.model.journal import Fate, Halt, Mode, RunInfo
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.model.placement import ZERO, PlacementStatus
from planrunner.model.plan import PoolBet
from planrunner.model.program import Program, ProgramPoolBet
from planrunner.runtime.clock import RealClock
from planrunner.runtime.desk import Desk
from planrunner.runtime.journal import Journal, patience_from
from planrunner.runtime.lease import seems_silent
from planrunner.runtime.ledger import Ledger
from planrunner.runtime.timetable import Timetable

AGAIN_AFTER = 1.0  # seconds, of `--watch`
IN_DOUBT = (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What comes next of an order, and when. In the past where nobody drives the run."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatus:
    """An order that is not over. `in_doubt`: sent, and the answer is not known; `waiting`: not placed yet."""

    name: str
    text: str
    account: str
    matched: Decimal
    remaining: Decimal
    in_doubt: Decimal
    waiting: Decimal
    references: tuple[str, ...]
    next: Due | None
    ending: Due | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """A run that is not over. `trouble`: why no more can be told of it."""

    info: RunInfo
    owner: str | None
    beat: datetime | None
    is_silent: bool
    orders: tuple[OrderStatus, ...]
    can_lose: Decimal
    may_lose: Money | None
    left: tuple[Left, ...]
    go_on: str
    zone: tzinfo
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A run that is over, and something of it may be at a venue for all that is known."""

    info: RunInfo
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStatus:
    """`used` of at most `allowed` (None: there is no such limit). Money has a currency, counts have none."""

    of: str
    mode: str
    name: str
    used: Decimal
    allowed: Decimal | None
    currency: str | None
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All of it at one moment."""

    at: datetime
    halts: tuple[Halt, ...]
    runs: tuple[RunStatus, ...]
    unresolved: tuple[Unresolved, ...]
    limits: tuple[LimitStatus, ...]
    notes: tuple[str, ...]

    @property
    def exit(self) -> Exit:
        """5 where something may be at a venue and nobody looks after it."""
        alone = any(run.trouble or (run.is_silent and run.left) for run in self.runs)
        return Exit.UNKNOWN_EXPOSURE if alone or self.unresolved else Exit.DONE


def status(state: Path) -> Status:
    """Raises WrongUse, JournalTrouble."""
    return next(watch(state))


def watch(state: Path) -> Iterator[Status]:
    """Once a second, for as long as somebody looks. What has not grown is not read again."""
    desk = Desk(journal_of(state), patience=patience_from(os.environ))
    clock, read = RealClock(), _Read()
    with open_journal(state) as journal:
        while True:
            yield _look(state, journal, desk, clock.now(), read)
            time.sleep(AGAIN_AFTER)


@dataclass(slots=True)
class _Read:
    """The runs as they were read last, with their length then."""

    known: dict[RunId, tuple[int, Standing]] = field(default_factory=dict)

    def standing(self, journal: Journal, info: RunInfo, length: int) -> Standing:
        before = self.known.get(info.run)
        if before is None or before[0] != length or before[1].info.state is not info.state:
            self.known[info.run] = (length, stand(journal, info))
        return self.known[info.run][1]


def _look(state: Path, journal: Journal, desk: Desk, now: datetime, read: _Read) -> Status:
    notes: list[str] = []
    site = _site(state, notes)
    lengths = desk.lengths()
    runs = [
        _run(state, journal, info, lengths.get(info.run, 0), now, read)
        for info in journal.unfinished()
        if info.mode is not Mode.REHEARSAL
    ]
    unresolved = []
    for run in desk.ended_unresolved():
        try:
            standing = read.standing(journal, journal.info(run), lengths.get(run, 0))
        except (JournalTrouble, Divergence) as error:
            notes.append(f"the run {run} can't be read: {error}")
            continue
        if standing.left:
            unresolved.append(Unresolved(info=standing.info, left=standing.left))
    limits = _limits(site, desk.ledger(site), {one.info.mode.value for one in runs}, now)
    return Status(
        at=now, halts=journal.halts(), runs=tuple(runs), unresolved=tuple(unresolved), limits=limits, notes=tuple(notes)
    )


def _site(state: Path, notes: list[str]) -> Site:
    try:
        return site_of(state)
    except WrongUse as error:
        notes.append(str(error))
        return NO_ACCOUNTS


# --- a run


def status_of_run(state: Path, journal: Journal, info: RunInfo, now: datetime) -> RunStatus:
    """One run alone; of one that is over, `left` is what may still be at the venue."""
    return _run(state, journal, info, 0, now, _Read())


def _run(state: Path, journal: Journal, info: RunInfo, length: int, now: datetime, read: _Read) -> RunStatus:
    from planrunner.report.words import times_in

    lease = journal.lease(info.run)
    trouble, standing = None, None
    try:
        standing = read.standing(journal, info, length)
    except (JournalTrouble, Divergence) as error:
        trouble = str(error)
    program = standing.program if standing else None
    told = standing.state if standing else None
    return RunStatus(
        info=info,
        owner=lease.owner,
        beat=lease.beat,
        is_silent=seems_silent(lease, now),
        orders=_orders(program, told) if program and told else (),
        can_lose=told.risk_held if told else ZERO,
        may_lose=program.limits.max_loss if program else None,
        left=standing.left if standing else (),
        go_on=go_on(state, standing) if standing else f"planrunner run --resume {info.run}",
        zone=times_in(program.time_zone if program else None, now).zone,
        trouble=trouble,
    )


def _orders(program: Program, state: State) -> tuple[OrderStatus, ...]:
    orders = (state.orders[spec.path] for spec in program.specs)
    return tuple(_order(state, one) for one in orders if one.phase in (Phase.WAITING, Phase.WORKING))


def _order(state: State, order: OrderState) -> OrderStatus:
    asked = order.spec.order
    placements = [state.placements[ref] for ref in order.refs]
    # What a pool took in it may still refuse, and it can't be taken back: nothing that waits for a match.
    doubtful = (*IN_DOUBT, PlacementStatus.EXECUTABLE) if isinstance(asked, PoolBet) else IN_DOUBT
    live = [one for one in placements if one.status is PlacementStatus.EXECUTABLE and one.status not in doubtful]
    matched = sum((one.sizes.matched for one in placements), ZERO)
    remaining = sum((one.sizes.remaining for one in live), ZERO)
    in_doubt = sum((one.sizes.remaining for one in placements if one.status in doubtful), ZERO)
    drafts = sum((one.asked.size for one in placements if one.status is PlacementStatus.DRAFT), ZERO)
    return OrderStatus(
        name=order.path.partition(".")[2],
        text=_text(order),
        account=order.spec.account,
        matched=matched,
        remaining=remaining,
        in_doubt=in_doubt,
        waiting=drafts if placements else asked.stake.amount,
        references=order.refs[-1:],
        next=_next(state, order),
        ending=_due(state, f"ending:{order.path}", "what is left is taken back"),
    )


def _text(order: OrderState) -> str:
    """`back Arsenal at 3.10`, `exacta, race 3: 4 Miss Dolly Rocker, 6 Sea Fret in any order, 2 lines of 1.00 GBP`."""
    from planrunner.report.slips import tell_legs

    if isinstance(order.spec, ProgramPoolBet):
        bet = order.spec.order
        legs = "; ".join(leg.text for leg in tell_legs(bet, order.spec.legs))
        return f"{bet.pool.value}, {legs}, {bet.lines} line{'' if bet.lines == 1 else 's'} of {bet.unit}"
    asked = order.limit
    return f"{asked.side.value} {order.aim.selection_name} at {asked.odds}"


def _next(state: State, order: OrderState) -> Due | None:
    """The nearest of what the plan says happens by itself."""
    steps = (_due(state, f"step:{at}:{order.path}", step.text) for at, step in enumerate(order.spec.order.fallback))
    due = [one for one in (_due(state, f"place:{order.path}", "placed"), *steps) if one is not None]
    return min(due, key=lambda one: one.at, default=None)


def _due(state: State, name: str, text: str) -> Due | None:
    at = state.timers.get(name)
    return None if at is None else Due(at=at, text=text)


# --- limits


def _limits(site: Site, ledger: Ledger, modes: set[str], now: datetime) -> tuple[LimitStatus, ...]:
    scopes = {each.scope for each in ledger.kept() if each.scope in (Mode.LIVE, Mode.SANDBOX)} | modes
    return tuple(
        one for scope in sorted(scopes) for one in (*_of_accounts(site, ledger, scope, now), *_of_site(site, ledger, scope))
    )


def _of_accounts(site: Site, ledger: Ledger, scope: str, now: datetime) -> Iterator[LimitStatus]:
    for name, account in site.accounts.items():
        of, limits = f"account {name}", account.limits
        used = ledger.open_exposure(scope, name)
        if used or limits.max_open_exposure:
            yield _money(of, scope, "max_open_exposure", used, limits.max_open_exposure, account)
        if (most := limits.max_exposure_per_market) is not None:
            where, worst = _worst_market(ledger, scope, account)
            yield _money(of, scope, "max_exposure_per_market", worst, most, account, where)
        if (most := limits.max_loss_per_day) is not None:
            yield _money(of, scope, "max_loss_per_day", ledger.loss_of_day(scope, name, now), most, account)
        if limits.max_orders_per_minute is not None:
            yield LimitStatus(
                of=of, mode=scope, name="max_orders_per_minute", used=Decimal(ledger.placed_in_minute(scope, name, now)),
                allowed=Decimal(limits.max_orders_per_minute), currency=None,
            )  # fmt: skip


def _of_site(site: Site, ledger: Ledger, scope: str) -> Iterator[LimitStatus]:
    if (most := site.limits.max_open_exposure) is not None:
        used = ledger.exposure_of_site(scope, most.currency)
        yield LimitStatus(
            of="the site", mode=scope, name="max_open_exposure", used=used, allowed=most.amount, currency=most.currency
        )
    if (most := site.limits.max_exposure_per_market) is not None:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for each in ledger.held():
            if (each.scope, each.currency) == (scope, most.currency):
                sums[f"{each.market} at {each.venue}"] += each.amount
        where = max(sums, key=lambda one: sums[one], default=None)
        yield LimitStatus(
            of="the site", mode=scope, name="max_exposure_per_market", used=sums[where] if where else ZERO, allowed=most.amount,
            currency=most.currency, where=where,
        )  # fmt: skip


def _worst_market(ledger: Ledger, scope: str, account: Account) -> tuple[str | None, Decimal]:
    markets = {each.market for each in ledger.held() if (each.scope, each.account) == (scope, account.name)}
    sums = {market: ledger.exposure_in(scope, account.name, market) for market in markets}
    where = max(sums, key=lambda one: sums[one], default=None)
    return where, sums[where] if where is not None else ZERO


def _money(
    of: str, scope: str, name: str, used: Decimal, most: Money | None, account: Account, where: str | None = None
) -> LimitStatus:
    return LimitStatus(
        of=of, mode=scope, name=name, used=used, allowed=most.amount if most else None, currency=account.currency, where=where
    )


# --- runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A run of the history in one line. `tone` as in the report; `net` once something is settled."""

    info: RunInfo
    badge: str
    tone: str
    headline: str
    exit_code: int | None
    net: Decimal | None
    currency: str


def _why_it_did_not_begin(journal: Journal, info: RunInfo) -> str:
    """A service keeps that with the occurrence that the run was for; empty where it had none, or may begin yet."""
    noted = Timetable(journal, RealClock()).noted(run=info.run, fates=(Fate.REFUSED,))
    return f"It never started: {noted[0].text}" if noted else ""


def past_of(info: RunInfo, path: Path) -> Past:
    """A run of the journal there, in one line; why it can't be told where it can't."""
    try:
        with Journal.open(path, durable=True) as journal:
            records = journal.told(info.run)
            story = telling.story_of(info, records)
            why_not = "" if records else _why_it_did_not_begin(journal, info)
    except PlanrunnerError as error:
        return Past(info=info, badge="can't be told", tone="bad", headline=str(error), exit_code=None, net=None, currency="")
    return Past(
        info=info,
        badge=story.badge.text,
        tone=story.badge.tone.value,
        headline=why_not or story.headline,
        exit_code=story.run.exit_code,
        net=story.settlement.net if story.settlement is not None else None,
        currency=story.currency,
    )
