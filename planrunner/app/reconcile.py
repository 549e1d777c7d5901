"""`planrunner reconcile`: our own record beside the venue's, account by account, and what differs in words.

The record is what the runs that may still hold something know, told again from the journal. `--adopt` writes down what the venue
says of our bets in the run that each belongs to, under its lease, so that reports and reservations are right again.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeAlias

from planrunner.app import report as telling
from planrunner.app.differences import Difference, Found, Kind, Look
from planrunner.app.facts import by_ref, facts_of, write_facts
from planrunner.app.outcome import Exit
from planrunner.app.standing import NO_ACCOUNTS, Standing, accounts_of, open_journal, site_of, stand
from planrunner.app.taking_up import go_on, stage_at, was_at
from planrunner.engine.state import BetState, PlacementState
from planrunner.model.account import Account, AccountMode, Site
from planrunner.model.errors import PlanrunnerError, Refused, WrongUse
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.market import AccountName, OrderRef, RunId
from planrunner.model.names import nearest
from planrunner.model.placement import PlacementStatus, Sizes
from planrunner.ports import VenueBet
from planrunner.runtime.clock import RealClock
from planrunner.runtime.desk import Desk
from planrunner.runtime.journal import Journal, patience_from
from planrunner.runtime.lease import is_silent, seems_silent, this_process

BETWEEN_LOOKS = 2.0  # what is on its way is there at the next look
MOST_LOOKS = 6  # where some of them don't count
BEFORE = timedelta(hours=1)  # clocks differ
LONGEST = timedelta(days=89)  # venues forget what was cleared earlier
A_DAY = timedelta(days=1)
LOOKS_LIKE_OURS = re.compile(r"[a-z2-7]{24,48}")
IN_DOUBT = (PlacementStatus.PENDING, PlacementStatus.UNKNOWN)
Bets: TypeAlias = Callable[[], Awaitable[tuple[VenueBet, ...]]]


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
    """`troubles`: what could not be compared or adopted, and why."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """One account at its place. `bets` lists what the venue has of it, anew at every call."""

    name: AccountName
    runs: Mapping[RunId, RunInfo]
    bets: Bets


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
            compared = _Compared(name=name, runs=place.runs, bets=partial(venues[name].bets, self._since(place)))
            found, count = await self._settled_differences(journal, compared)
            report = _report(place, name, bets=count, differences=found)
            if not self.adopt or not any(one.can_be_adopted for one in found):
                return report
            adopted = await self._adopt_all(journal, compared, {one.run for one in found if one.run and one.can_be_adopted})
            left, count = await self._settled_differences(journal, compared)
            return replace(report, bets=count, differences=tuple(left), adopted=tuple(adopted))

    def _since(self, place: _Place) -> datetime:
        now = self.clock.now()
        earliest = min((info.created for info in place.runs.values()), default=now - A_DAY)
        return max(earliest - BEFORE, now - LONGEST)

    async def _settled_differences(self, journal: Journal, compared: _Compared) -> tuple[tuple[Difference, ...], int]:
        """What is no mere matter of which record was read first."""
        found = Found()
        for number in range(MOST_LOOKS):
            if number:
                await asyncio.sleep(BETWEEN_LOOKS)
            look = await self._look(journal, compared)
            found.add(look)
            if not found.unsettled:
                break
        for run in sorted(found.unsettled):
            text = f"the run {run} went on while the bets of account {compared.name} were listed, so they can't be compared"
            self._tell(f"{text}; reconcile again in a while")
        return found.differences, look.bets

    # -- comparing

    async def _look(self, journal: Journal, compared: _Compared) -> Look:
        desk = Desk(journal.path, patience=patience_from(os.environ))
        before = desk.lengths()
        listed = await compared.bets()
        known = desk.references()
        standings = [stand(journal, info) for info in compared.runs.values()]
        after = desk.lengths()
        differences = [_foreign(bet) for bet in listed if bet.ref is None or bet.ref not in known]
        for standing in standings:
            at_work = not standing.is_over and not seems_silent(standing.lease, self.clock.now())
            differences += [replace(one, at_work=at_work) for one in self._of_run(standing, compared.name, by_ref(listed))]
        moved = {run for run in compared.runs if before.get(run) != after.get(run)}
        return Look(bets=len(listed), differences=tuple(differences), moved=moved)

    def _of_run(
        self, standing: Standing, name: AccountName, listed: Mapping[OrderRef, Sequence[VenueBet]]
    ) -> Iterable[Difference]:
        """In what its record and the listing are not of one mind, each placement of the account for itself."""
        sent, state = standing.sent, standing.state
        if state is None:
            return
        for ref, placement in state.placements.items():
            path = placement.asked.path
            if ref in sent and state.orders[path].spec.account == name:
                for one in _compare(self.state, standing, placement, listed.get(ref, ())):
                    yield replace(one, run=standing.info.run, order=path.partition(".")[2], ref=ref)

    # -- adopting

    async def _adopt_all(self, journal: Journal, compared: _Compared, runs: Collection[RunId]) -> list[Difference]:
        adopted: list[Difference] = []
        for run in sorted(runs):
            try:
                adopted += await self._adopt(journal, journal.info(run), compared)
            except PlanrunnerError as error:
                self.troubles.append(f"what the venue says of the run {run} was not taken over: {error}")
        return adopted

    async def _adopt(self, journal: Journal, info: RunInfo, compared: _Compared) -> list[Difference]:
        """What differs once its lease is ours and its record stands still, as facts of the run. What differed before may be past.

        Raises Refused where its owner lives, Divergence where it can't be true, Fenced where somebody took it up meanwhile.
        """
        if not await is_silent(self.clock, lambda: journal.lease(info.run)):
            raise Refused(f"it is at work in another process, {journal.lease(info.run).owner}, which learns by itself")
        epoch = journal.take(info.run, this_process())
        try:
            listed = by_ref(await compared.bets())
            standing = stand(journal, info)
            found = [one for one in self._of_run(standing, compared.name, listed) if one.can_be_adopted]
            bets = {one.bet.bet: one.bet for one in found if one.bet is not None}
            if not bets:
                return []
            facts = [fact for bet in bets.values() for fact in facts_of(bet, self.clock.now())]
            await write_facts(journal, standing, epoch, facts, clock=self.clock)
        finally:
            journal.leave(info.run, epoch)
        story = telling.story_of(journal.info(info.run), journal.told(info.run))
        try:
            telling.write_report(story, telling.directory_of(self.state, info.run))
        except telling.ReportNotWritten as error:
            self.troubles.append(str(error))
        return found

    def _tell(self, text: str) -> None:
        if text not in self.troubles:
            self.troubles.append(text)


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
            f"{placement.asked.words} was sent and the answer is not known; the venue shows nothing under the reference, which "
            "proves nothing"
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
    stake = f"{bet.sizes.stake:.2f}"
    what = f"{stake} in pool" if bet.side is None else f"{bet.side.value} {stake} at {bet.odds} in market"
    return f"bet {bet.bet} ({what} {bet.market}: {_sizes(bet.sizes)})"


def _sizes(sizes: Sizes) -> str:
    parts: Mapping[str, Decimal] = {
        "matched": sizes.matched,
        "remaining": sizes.remaining,
        "cancelled": sizes.cancelled,
        "lapsed": sizes.lapsed,
        "voided": sizes.voided,
    }
    return ", ".join(f"{size:.2f} {name}" for name, size in parts.items() if size) or "nothing"
