"""What runs brought, each told from its journal once and kept: the history that profit and loss are summed from, and that says
what is still to be settled.

A result follows from a run's records alone, as its report does. It stays when the run is pruned.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from planrunner.app.left import left_behind
from planrunner.engine.state import OrderState, PlacementState, State
from planrunner.model.errors import Divergence, JournalTrouble, WrongUse
from planrunner.model.events import BetSettled, MarketSettled
from planrunner.model.journal import Mode, Record, RunInfo
from planrunner.model.market import AccountName, MarketId, RunId
from planrunner.model.placement import ZERO, PlacementStatus
from planrunner.model.program import Program
from planrunner.report.headline import tell_exit
from planrunner.report.history import History, go_through
from planrunner.runtime import results as rows
from planrunner.runtime.journal import Journal
from planrunner.runtime.results import Head, Kept

FORM = 1  # of a result as it is kept; one of an older form is told again while its run is there
NEVER_THERE = (PlacementStatus.DRAFT, PlacementStatus.DENIED, PlacementStatus.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class InMarket:
    """What the settled bets of a run in one market brought before commission; `commission` is None until it is told."""

    profit: Decimal
    commission: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAccount:
    """A run on one of its accounts. `staked` is what its orders asked for there, without what was moved to another account;
    `bets` are those with a matched part, `open` those of them that are not settled; `at_risk` is the most that is still to be
    lost, as limits count it. `currency` is the account's, `day` the one on which the run began where the account is."""

    account: AccountName
    venue: str
    currency: str
    day: date
    staked: Decimal
    matched: Decimal
    bets: int
    open: int
    at_risk: Decimal
    markets: Mapping[MarketId, InMarket]

    @property
    def profit(self) -> Decimal:
        """Before commission."""
        return sum((one.profit for one in self.markets.values()), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run in the history. `at`: the sandbox it was at; `how` it ended and `exit`, None while it goes on.

    `is_settled`: every bet has its result and the venue has charged. `in_doubt` counts placements that may be at the venue, or
    are and can still match; `learned` is when a result was told last, `starts` the earliest start of a market with an open bet.
    """

    run: RunId
    plan: str
    plan_file: str
    mode: Mode
    created: datetime
    began: datetime | None = None
    ended: datetime | None = None
    how: str | None = None
    exit: int | None = None
    at: str | None = None
    is_settled: bool = False
    in_doubt: int = 0
    learned: datetime | None = None
    starts: datetime | None = None
    lines: tuple[OnAccount, ...] = ()

    @property
    def bets(self) -> int:
        return sum(line.bets for line in self.lines)

    @property
    def open(self) -> int:
        return sum(line.open for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """`heads`: of the runs that are there; `troubles`: which runs could not be told, and why."""

    told: tuple[Result, ...]
    heads: Mapping[RunId, Head]
    troubles: tuple[str, ...]


def results_of(journal: Journal, wanted: Callable[[RunId, Head], bool] | None = None) -> Results:
    """Of all runs that place orders, the oldest first, also of those that were pruned; or of those that are there and wanted.
    What has grown since it was told last is told again, and kept.

    Raises JournalTrouble.
    """
    with journal.reading() as connection:
        heads = rows.heads(connection)
        if wanted is not None:
            heads = {run: head for run, head in heads.items() if wanted(run, head)}
        known = rows.kept(connection, None if wanted is None else list(heads))
    told = {run: decoded(one.body) for run, one in known.items() if run not in heads}
    fresh: list[tuple[RunId, Kept]] = []
    troubles = []
    for run, head in heads.items():
        before = known.get(run)
        if before is not None and before.seq == head.seq and (found := _of_this_form(before.body)) is not None:
            told[run] = found
            continue
        try:
            told[run], seq = _told(journal, run)
        except (JournalTrouble, Divergence, WrongUse) as error:  # the last: it was pruned meanwhile
            troubles.append(f"the run {run} can't be read, so it is left out: {error}")
            continue
        fresh.append((run, Kept(seq, encoded(told[run]))))
    if fresh:
        with suppress(JournalTrouble):  # it is told again next time
            journal.alone(lambda connection: rows.keep(connection, fresh))
    ordered = sorted((one for one in told.values() if one.mode is not Mode.REHEARSAL), key=lambda one: (one.created, one.run))
    return Results(told=tuple(ordered), heads=heads, troubles=tuple(troubles))


def _told(journal: Journal, run: RunId) -> tuple[Result, int]:
    records = journal.told(run)
    at = None
    for intent in journal.intents(run)[:1]:
        at = server_of(intent.request["url"])
    return result_of(journal.info(run), records, at=at), len(records)


def server_of(url: str) -> str:
    """`http://127.0.0.1:8765` of an address there."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def result_of(info: RunInfo, records: Collection[Record], *, at: str | None = None) -> Result:
    """From the records alone."""
    history = go_through(records)
    told = Result(
        run=info.run, plan=info.plan_name, plan_file=info.plan_file, mode=info.mode, created=info.created,
        at=at if info.mode is Mode.SANDBOX else None,
    )  # fmt: skip
    program, state = history.program, history.state
    if program is None or state is None or history.started_at is None:
        return told
    sent = {ref for ref, one in state.placements.items() if one.status is not PlacementStatus.DRAFT}
    in_doubt, ended = len(left_behind(program, state, sent)), history.finish
    code, _ = tell_exit(history)
    return replace(
        told,
        began=history.started_at,
        ended=ended[0] if ended else None,
        how=ended[1].ended.value if ended else None,
        exit=code,
        is_settled=ended is not None and not state.unsettled and not in_doubt,
        in_doubt=in_doubt,
        learned=_learned(history),
        starts=_starts(state),
        lines=_lines(history, program, state, history.started_at),
    )


def _learned(history: History) -> datetime | None:
    facts: list[BetSettled | MarketSettled] = [*history.results, *history.commissions]
    return max((fact.at for fact in facts), default=None)


def _starts(state: State) -> datetime | None:
    open_in = {
        state.orders[placement.asked.path].spec.market
        for placement in state.placements.values()
        if placement.status not in NEVER_THERE and (placement.unsettled or not placement.is_over)
    }
    return min((state.markets[market].start for market in open_in), default=None)


def _lines(history: History, program: Program, state: State, began: datetime) -> tuple[OnAccount, ...]:
    """Every account that something was asked for on."""
    orders: dict[AccountName, list[OrderState]] = defaultdict(list)
    for spec in program.specs:
        if (order := state.orders[spec.path]).refs:
            orders[spec.account].append(order)
    moved = {
        spec.takes_over: _staked(state, state.orders[spec.path])
        for spec in program.orders
        if spec.takes_over is not None and spec.takes_over in state.orders
    }
    commissions = {(one.account, one.market): one.commission for one in history.commissions}
    found = []
    for name, own in sorted(orders.items()):
        placements = [state.placements[ref] for order in own for ref in order.refs]
        there = [one for one in placements if one.status not in NEVER_THERE]
        account = program.accounts.get(name)
        zone = ZoneInfo(account.time_zone) if account is not None else ZoneInfo("UTC")
        found.append(
            OnAccount(
                account=name,
                venue=program.terms[name].venue,
                currency=program.currency,
                day=began.astimezone(zone).date(),
                staked=sum((_staked(state, order) - moved.get(order.path, ZERO) for order in own), ZERO),
                matched=sum((one.sizes.matched for one in there), ZERO),
                bets=sum(1 for one in there for bet in one.bets if bet.sizes.matched or bet.profit is not None),
                open=sum(one.unsettled for one in there),
                at_risk=sum((_at_risk(one) for one in there), ZERO),
                markets=_in_markets(name, own, state, commissions),
            )
        )
    return tuple(found)


def _staked(state: State, order: OrderState) -> Decimal:
    """What it asked for at the venue. A hedge asks for what there is to hedge, again and again: what of that stood."""
    there = [one for one in (state.placements[ref] for ref in order.refs) if one.status not in NEVER_THERE]
    if order.is_hedge:
        return sum((one.sizes.matched + one.sizes.remaining for one in there), ZERO)
    return max((one.asked.size for one in there), default=ZERO)


def _at_risk(placement: PlacementState) -> Decimal:
    """Whatever is not cancelled, lapsed, voided or settled, at its worst."""
    gone = ZERO
    for bet in placement.bets:
        sizes = bet.sizes
        gone += sizes.stake if bet.profit is not None else sizes.cancelled + sizes.lapsed + sizes.voided
    return placement.asked.loss(max(placement.asked.size - gone, ZERO))


def _in_markets(
    account: AccountName,
    orders: Iterable[OrderState],
    state: State,
    commissions: Mapping[tuple[AccountName, MarketId], Decimal],
) -> dict[MarketId, InMarket]:
    """Those in which something is settled."""
    profits: dict[MarketId, Decimal] = {}
    for order in orders:
        for ref in order.refs:
            for bet in state.placements[ref].bets:
                if bet.profit is not None:
                    profits[order.spec.market] = profits.get(order.spec.market, ZERO) + bet.profit
    return {market: InMarket(profit=profit, commission=commissions.get((account, market))) for market, profit in profits.items()}


# --- as it is kept


def encoded(told: Result) -> str:
    return json.dumps({
        "form": FORM,
        "run": told.run,
        "plan": told.plan,
        "plan_file": told.plan_file,
        "mode": told.mode.value,
        "created": told.created.isoformat(),
        "began": _text(told.began),
        "ended": _text(told.ended),
        "how": told.how,
        "exit": told.exit,
        "at": told.at,
        "is_settled": told.is_settled,
        "in_doubt": told.in_doubt,
        "learned": _text(told.learned),
        "starts": _text(told.starts),
        "lines": [
            {
                "account": line.account, "venue": line.venue, "currency": line.currency, "day": line.day.isoformat(),
                "staked": str(line.staked), "matched": str(line.matched), "bets": line.bets, "open": line.open,
                "at_risk": str(line.at_risk),
                "markets": {
                    market: [str(one.profit), None if one.commission is None else str(one.commission)]
                    for market, one in line.markets.items()
                },
            }
            for line in told.lines
        ],
    })  # fmt: skip


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _of_this_form(body: str) -> Result | None:
    try:
        return decoded(body)
    except (JournalTrouble, KeyError):
        return None


def decoded(body: str) -> Result:
    """Raises JournalTrouble for one that a newer planrunner wrote."""
    held = json.loads(body)
    if held["form"] != FORM:
        raise JournalTrouble(f"the result of run {held['run']} was written by another planrunner; update planrunner")
    return Result(
        run=RunId(held["run"]),
        plan=held["plan"],
        plan_file=held["plan_file"],
        mode=Mode(held["mode"]),
        created=datetime.fromisoformat(held["created"]),
        began=_time(held["began"]),
        ended=_time(held["ended"]),
        how=held["how"],
        exit=held["exit"],
        at=held["at"],
        is_settled=held["is_settled"],
        in_doubt=held["in_doubt"],
        learned=_time(held["learned"]),
        starts=_time(held["starts"]),
        lines=tuple(map(_line, held["lines"])),
    )


def _line(held: Mapping[str, Any]) -> OnAccount:
    return OnAccount(
        account=AccountName(held["account"]),
        venue=held["venue"],
        currency=held["currency"],
        day=date.fromisoformat(held["day"]),
        staked=Decimal(held["staked"]),
        matched=Decimal(held["matched"]),
        bets=held["bets"],
        open=held["open"],
        at_risk=Decimal(held["at_risk"]),
        markets={
            MarketId(market): InMarket(profit=Decimal(profit), commission=None if charged is None else Decimal(charged))
            for market, (profit, charged) in held["markets"].items()
        },
    )
