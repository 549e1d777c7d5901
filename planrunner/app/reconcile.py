"""`planrunner reconcile`: our own record beside the venue's, account by account, and what differs in words.

The record is what the runs that may still hold something know, told again from the journal. `--adopt` writes down what the venue
says of our bets in the run that each belongs to, under its lease, so that reports and reservations are right again.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from planrunner.app import report as telling
from planrunner.app.facts import write_facts
from planrunner.app.outcome import Exit
from planrunner.app.standing import NO_ACCOUNTS, Standing, accounts_of, open_journal, site_of, stand
from planrunner.app.taking_up import go_on, stage_at, was_at
from planrunner.engine.state import BetState, PlacementState
from planrunner.model.account import Account, AccountMode, Site
from planrunner.model.errors import PlanrunnerError, Refused, WrongUse
from planrunner.model.events import Event, OrderReported
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.market import AccountName, OrderRef, RunId
from planrunner.model.names import nearest
from planrunner.model.placement import PlacementStatus, Sizes
from planrunner.ports import VenueBet
from planrunner.runtime.clock import RealClock
from planrunner.runtime.desk import Desk
from planrunner.runtime.journal import Journal, patience_from
from planrunner.runtime.lease import is_silent, seems_silent, this_process

LOOKS, BETWEEN_LOOKS = 3, 2.0  # at runs that are at work: what is on its way is there at the next look
BEFORE = timedelta(hours=1)  # clocks differ
LONGEST = timedelta(days=89)  # venues forget what was cleared earlier
A_DAY = timedelta(days=1)
LOOKS_LIKE_OURS = re.compile(r"[a-z2-7]{24,48}")
IN_DOUBT = (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)


class Kind(StrEnum):
    """What differs."""

    LOST = "lost"  # ours: the venue has it, its run does not know it
    SIZES = "sizes"
    RESULT = "result"  # settled, and the run does not know that yet
    MISSING = "missing"  # its run knows it, the venue does not
    IN_DOUBT = "in doubt"
    ALONE = "alone"  # it can still match, and its run is over
    STRAY = "stray"  # it looks like ours, and no run here knows it
    FOREIGN = "foreign"


# A person need not look at these: other people's bets, and results that nobody listened for.
HARMLESS = (Kind.RESULT, Kind.FOREIGN)
Bets: TypeAlias = Callable[[datetime], Awaitable[tuple[VenueBet, ...]]]
CAN_BE_ADOPTED = (Kind.LOST, Kind.SIZES, Kind.RESULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One bet or reference on which the two records are not of one mind. `at_work`: its run's owner is alive."""

    kind: Kind
    text: str
    run: RunId | None = None
    order: str | None = None
    ref: OrderRef | None = None
    bet: VenueBet | None = None
    at_work: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        return (self.kind, self.run, self.ref, self.bet.bet if self.bet else None)

    @property
    def can_be_adopted(self) -> bool:
        return self.kind in CAN_BE_ADOPTED and not self.at_work

    @property
    def needs_a_look(self) -> bool:
        return self.kind not in HARMLESS


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """One account at one place. `trouble`: why it could not be asked; `bets` and `runs` are how many were compared."""

    account: AccountName
    mode: Mode
    url: str | None
    bets: int
    runs: int
    differences: tuple[Difference, ...]
    adopted: tuple[Difference, ...]
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """`troubles`: what could not be adopted, and why."""

    accounts: tuple[AccountReport, ...]
    troubles: tuple[str, ...]

    @property
    def exit(self) -> Exit:
        unclear = self.troubles or any(one.trouble or any(each.needs_a_look for each in one.differences) for one in self.accounts)
        return Exit.UNKNOWN_EXPOSURE if unclear else Exit.DONE


def reconcile(state: Path, *, account: str | None, adopt: bool) -> Reconciled:
    """Raises WrongUse, JournalTrouble."""
    return asyncio.run(_Reconcile(state, account, adopt).go())


# --- what is compared


@dataclass(slots=True)
class _Place:
    """Accounts at one address: a sandbox's, or (None) the venues'."""

    mode: Mode
    url: str | None
    accounts: dict[AccountName, Account] = field(default_factory=dict)
    runs: dict[RunId, RunInfo] = field(default_factory=dict)


@dataclass(slots=True)
class _Reconcile:
    state: Path
    account: str | None
    adopt: bool
    clock: RealClock = field(default_factory=RealClock)
    troubles: list[str] = field(default_factory=list)

    async def go(self) -> Reconciled:
        site = _site(self.state)
        with open_journal(self.state, site) as journal:
            places = self._places(journal, site)
            self._look_at_names(places, site)
            told: list[AccountReport] = []
            for place in places:
                told += await self._at(journal, place)
        return Reconciled(accounts=tuple(told), troubles=tuple(self.troubles))

    def _places(self, journal: Journal, site: Site) -> list[_Place]:
        """Of every run that may hold something: what goes on, and what still counts against limits."""
        desk = Desk(journal.path, patience=patience_from(os.environ))
        held = {each.run for each in desk.reservations() if not each.is_over}
        places: dict[tuple[Mode, str | None], _Place] = {}
        for info in journal.runs():
            if info.mode is Mode.REHEARSAL or not (info.run in held or info.state.value == "running"):
                continue
            try:
                standing = stand(journal, info)
            except PlanrunnerError as error:
                self.troubles.append(f"the run {info.run} can't be read, so it is not compared: {error}")
                continue
            if standing.intents:
                url = was_at(standing) if info.mode is Mode.SANDBOX else None
                place = places.setdefault((info.mode, url), _Place(info.mode, url))
                place.runs[info.run] = info
                place.accounts |= accounts_of(standing, site)
        live = {name: one for name, one in site.accounts.items() if one.mode is AccountMode.LIVE}
        if live:
            place = places.setdefault((Mode.LIVE, None), _Place(Mode.LIVE, None))
            place.accounts = {**live, **place.accounts}
        return list(places.values())

    def _look_at_names(self, places: Sequence[_Place], site: Site) -> None:
        names = {str(name) for place in places for name in place.accounts}
        if self.account is None or self.account in names:
            return
        if self.account in site.accounts:
            raise WrongUse(f"no run has anything on account {self.account}, so there is nothing to compare")
        guess = nearest(self.account, sorted({*names, *map(str, site.accounts)}))
        raise WrongUse(f"there is no account {self.account}{f'; did you mean `{guess}`?' if guess else ''}")

    # -- one place

    async def _at(self, journal: Journal, place: _Place) -> list[AccountReport]:
        told = []
        for name in [name for name in sorted(place.accounts) if self.account in (None, name)]:
            try:
                told.append(await self._account(journal, place, name))
            except PlanrunnerError as error:
                told.append(_report(place, name, trouble=str(error)))
        return told

    async def _account(self, journal: Journal, place: _Place, name: AccountName) -> AccountReport:
        stage = stage_at(self.state, place.mode, {name: place.accounts[name]}, place.url)
        async with stage.venues(self.clock) as venues:
            since = self._since(place)
            found, count = await self._settled_differences(journal, place, name, venues[name].bets, since)
            report = _report(place, name, bets=count, differences=found)
            if not self.adopt or not any(one.can_be_adopted for one in found):
                return report
            adopted = await self._adopt_all(journal, [one for one in found if one.can_be_adopted])
            left, count = await self._settled_differences(journal, place, name, venues[name].bets, since)
            return replace(report, bets=count, differences=tuple(left), adopted=tuple(adopted))

    def _since(self, place: _Place) -> datetime:
        now = self.clock.now()
        earliest = min((info.created for info in place.runs.values()), default=now - A_DAY)
        return max(earliest - BEFORE, now - LONGEST)

    async def _settled_differences(
        self, journal: Journal, place: _Place, name: AccountName, bets: Bets, since: datetime
    ) -> tuple[tuple[Difference, ...], int]:
        """Of runs at work only what is so at every look: the rest was on its way."""
        lasting: dict[tuple[object, ...], Difference] | None = None
        for look in range(LOOKS):
            listed: tuple[VenueBet, ...] = await bets(since)
            found = {one.key: one for one in self._differences(journal, place, name, listed)}
            lasting = found if lasting is None else {key: one for key, one in found.items() if key in lasting or not one.at_work}
            if look == LOOKS - 1 or not any(one.at_work for one in lasting.values()):
                break
            await asyncio.sleep(BETWEEN_LOOKS)
        return tuple((lasting or {}).values()), len(listed)

    # -- comparing

    def _differences(
        self, journal: Journal, place: _Place, name: AccountName, listed: Sequence[VenueBet]
    ) -> Iterable[Difference]:
        known = Desk(journal.path, patience=patience_from(os.environ)).references()
        of_ref: dict[OrderRef, tuple[Standing, PlacementState]] = {}
        standings = [stand(journal, info) for info in place.runs.values()]
        for standing in standings:
            for ref in standing.sent:
                if standing.state is not None and ref in standing.state.placements:
                    placement = standing.state.placements[ref]
                    if standing.state.orders[placement.asked.path].spec.account == name:
                        of_ref[ref] = (standing, placement)
        seen: dict[OrderRef, list[VenueBet]] = {}
        for bet in listed:
            if bet.ref in of_ref:
                seen.setdefault(bet.ref, []).append(bet)
            elif bet.ref is None or bet.ref not in known:
                yield _foreign(bet)
        for ref, (standing, placement) in of_ref.items():
            at_work = not standing.is_over and not seems_silent(standing.lease, self.clock.now())
            for one in _compare(self.state, standing, placement, seen.get(ref, [])):
                yield replace(one, run=standing.info.run, order=placement.asked.path.partition(".")[2], ref=ref, at_work=at_work)

    # -- adopting

    async def _adopt_all(self, journal: Journal, wanted: Sequence[Difference]) -> list[Difference]:
        adopted: list[Difference] = []
        for run in dict.fromkeys(one.run for one in wanted if one.run is not None):
            of_run = [one for one in wanted if one.run == run]
            try:
                await self._adopt(journal, journal.info(run), of_run)
                adopted += of_run
            except PlanrunnerError as error:
                self.troubles.append(f"what the venue says of the run {run} was not taken over: {error}")
        return adopted

    async def _adopt(self, journal: Journal, info: RunInfo, wanted: Sequence[Difference]) -> None:
        """As facts of the run, under its lease. Raises Refused where its owner lives, Divergence where it can't be true."""
        if not await is_silent(self.clock, lambda: journal.lease(info.run)):
            raise Refused(f"it is at work in another process, {journal.lease(info.run).owner}, which learns by itself")
        epoch = journal.take(info.run, this_process())
        try:
            standing = stand(journal, info)
            facts = [fact for one in wanted if one.bet is not None for fact in self._facts(one.bet)]
            await write_facts(journal, standing, epoch, facts, clock=self.clock)
        finally:
            journal.leave(info.run, epoch)
        story = telling.story_of(journal.info(info.run), journal.told(info.run))
        try:
            telling.write_report(story, telling.directory_of(self.state, info.run))
        except telling.ReportNotWritten as error:
            self.troubles.append(str(error))

    def _facts(self, bet: VenueBet) -> Iterable[Event]:
        assert bet.ref is not None
        yield OrderReported(at=self.clock.now(), ref=bet.ref, bet=bet.bet, sizes=bet.sizes, average_odds=bet.average_odds)
        if bet.settled is not None:
            yield bet.settled


def _site(state: Path) -> Site:
    try:
        return site_of(state)
    except WrongUse:  # runs know their accounts; only those that no run has are not known then
        return NO_ACCOUNTS


def _report(
    place: _Place,
    name: AccountName,
    *,
    bets: int = 0,
    differences: Sequence[Difference] = (),
    trouble: str | None = None,
) -> AccountReport:
    return AccountReport(
        account=name, mode=place.mode, url=place.url, bets=bets, runs=len(place.runs), differences=tuple(differences), adopted=(),
        trouble=trouble,
    )  # fmt: skip


# --- one reference


def _compare(state: Path, standing: Standing, placement: PlacementState, listed: Sequence[VenueBet]) -> Iterable[Difference]:
    ours = {bet.bet: bet for bet in placement.bets}
    for bet in listed:
        yield from _bet(ours.get(bet.bet), bet)
        if standing.is_over and bet.sizes.remaining:
            text = f"{_told(bet)} can still match, and its run is over; `planrunner stop --run {standing.info.run}` takes it back"
            yield Difference(kind=Kind.ALONE, text=text, bet=bet)
    there = {bet.bet for bet in listed}
    for own in placement.bets:
        if own.bet not in there and own.profit is None and (own.sizes.remaining or own.sizes.matched):
            yield Difference(kind=Kind.MISSING, text=_missing(own))
    if not listed and not placement.bets and placement.status in IN_DOUBT:
        text = (
            f"{placement.asked.side.value} {placement.asked.size:.2f} at {placement.asked.odds} was sent and the answer is not "
            "known; the venue shows nothing under the reference, which proves nothing"
        )
        more = "" if standing.is_over else f"; to go on asking: {go_on(state, standing)}"
        yield Difference(kind=Kind.IN_DOUBT, text=f"{text}{more}")


def _bet(own: BetState | None, bet: VenueBet) -> Iterable[Difference]:
    if own is None:
        yield Difference(kind=Kind.LOST, text=f"the venue has {_told(bet)}, and its run does not know it", bet=bet)
        return
    if own.sizes != bet.sizes:
        text = f"the venue has {_told(bet)}; its run believes {_sizes(own.sizes)}"
        yield Difference(kind=Kind.SIZES, text=text, bet=bet)
    if bet.settled is not None and own.profit != bet.settled.profit:
        result = f"{bet.settled.outcome.value}, {bet.settled.profit:+.2f} before commission"
        yield Difference(kind=Kind.RESULT, text=f"{_told(bet)} is settled: {result}; its run does not know that yet", bet=bet)


def _missing(own: BetState) -> str:
    later = "" if own.sizes.remaining else "; one that is being settled shows later"
    return f"its run believes bet {own.bet} to be at the venue ({_sizes(own.sizes)}), and the venue does not list it{later}"


def _foreign(bet: VenueBet) -> Difference:
    if bet.ref is not None and LOOKS_LIKE_OURS.fullmatch(bet.ref):
        text = (
            f"the venue has {_told(bet)} under the reference {bet.ref}: it looks like one of planrunner's, and no run here knows "
            "it (another folder's journal? one that was restored from a copy?)"
        )
        return Difference(kind=Kind.STRAY, text=text, ref=bet.ref, bet=bet)
    under = f"under the reference {bet.ref}" if bet.ref else "without a reference"
    text = f"the venue has {_told(bet)} {under}: placed by hand or by another program"
    return Difference(kind=Kind.FOREIGN, text=text, ref=bet.ref, bet=bet)


def _told(bet: VenueBet) -> str:
    return f"bet {bet.bet} ({bet.side.value} {bet.sizes.stake:.2f} at {bet.odds} in market {bet.market}: {_sizes(bet.sizes)})"


def _sizes(sizes: Sizes) -> str:
    parts: Mapping[str, Decimal] = {
        "matched": sizes.matched,
        "remaining": sizes.remaining,
        "cancelled": sizes.cancelled,
        "lapsed": sizes.lapsed,
        "voided": sizes.voided,
    }
    return ", ".join(f"{size:.2f} {name}" for name, size in parts.items() if size) or "nothing"
