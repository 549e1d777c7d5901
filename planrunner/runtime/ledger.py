"""What is reserved against the limits of accounts and site: one reservation per reference, counted at its worst.

A placement is reserved in full when its intent is written down, whatever becomes of the answer. Only evidence makes a
reservation smaller: what a venue reports as cancelled, lapsed or voided, a rejection, a settlement, or our own door's proof
that no byte left. An unknown placement stays in full.

A day's loss is what its settled bets lost and whatever is still at risk that was taken that day; the day is the account's. A
placement counts in its minute whatever became of it, unless no byte of it left.

The arithmetic only; the journal keeps the reservations beside the events, in the same transaction. Totals are running: one
more order costs the same as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

from planrunner.model.account import AccountLimits, Site, SiteLimits
from planrunner.model.commands import Asked, NewPoolBet, PlaceTicket, Placing, market_of
from planrunner.model.events import (
    BetSettled,
    MarketSettled,
    OrderAccepted,
    OrderDenied,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunResumed,
)
from planrunner.model.journal import Body
from planrunner.model.market import AccountName, BetId, MarketId, RunId
from planrunner.model.money import Money, rounded_up
from planrunner.model.odds import Side
from planrunner.runtime.reservation import UNTOLD, ZERO, Key, Pot, Reservation
from planrunner.runtime.tallies import Losses, Pace, add

__all__ = ["NO_SITE", "Changes", "Ledger", "Reservation"]

NO_SITE = Site(accounts={})
NO_LIMITS = AccountLimits()
COST_ONLY = Decimal(1)  # a bet in a pool has no odds, and loses what it costs
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the reservation table has to learn."""

    new: Sequence[Reservation]
    changed: Sequence[Reservation]
    released: Sequence[Key]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One limit and what it would come to with the new placement. `holders` tells in words who has the rest."""

    name: str
    most: Money
    would_be: Decimal
    holders: Callable[[], str]

    @property
    def room(self) -> Decimal:
        return self.most.amount - self.would_be


class Ledger:
    """All reservations of one journal. Not thread-safe: the journal's writer owns it."""

    def __init__(self, site: Site = NO_SITE, reservations: Iterable[Reservation] = ()) -> None:
        self._accounts = site.accounts
        self._site_limits = site.limits
        self._zones: dict[AccountName, tzinfo] = {name: ZoneInfo(each.time_zone) for name, each in site.accounts.items()}
        self._held: dict[Key, Reservation] = {}
        self._over: dict[Key, Reservation] = {}
        self._sums: dict[tuple[object, ...], Decimal] = {}
        self._holders: dict[tuple[str, str], dict[tuple[AccountName, MarketId, RunId], Decimal]] = {}
        self._pace = Pace()
        self._losses = Losses()
        # Clocks of rehearsals jump: what is out of date is so by the clock of its own scope.
        self._ends: dict[str, list[tuple[datetime, Key]]] = {}
        self._touched: dict[Key, None] = {}
        for reservation in reservations:
            self._know(reservation)
        self._stored = {*self._held, *self._over}

    def admit(
        self, command: Placing, *, run: RunId, scope: str, at: datetime
    ) -> tuple[tuple[Asked, ...], tuple[OrderDenied, ...]]:
        """Reserves the placements in the plan's order and denies those that a limit has no room for; a ticket is reserved whole
        or not at all."""
        self._sweep(scope, at)
        admitted: list[Asked] = []
        denied: list[OrderDenied] = []
        for placement in command.placements:
            reservation = self._reservation(placement, command, run=run, scope=scope, at=at)
            held = self._held.get(reservation.key)
            if held is not None:  # sent again while the first answer is unknown: it never stopped counting
                held.attempt = command.attempt
                self._doubt(held)
            elif (refusal := self._refusal(reservation, at)) is not None:
                denied.append(refusal)
                continue
            else:
                self._reserve(reservation)
            admitted.append(placement)
        if denied and isinstance(command, PlaceTicket):
            denied += [self._unreserve(one, denied[0], command, run=run) for one in admitted]
            admitted = []
        return tuple(admitted), tuple(denied)

    def _unreserve(self, bet: Asked, refusal: OrderDenied, command: PlaceTicket, *, run: RunId) -> OrderDenied:
        """A bet that there was room for, but not for another one of its ticket."""
        self._unsent((run, bet.ref), command.attempt)
        return replace(refusal, ref=bet.ref, held_by=f"{refusal.held_by}; a ticket is placed whole or not at all")

    def withdraw(self, command: Placing, *, run: RunId) -> None:
        """Undoes `admit` of an intent that could not be written down."""
        for placement in command.placements:
            self._unsent((run, placement.ref), command.attempt)

    def learn(self, run: RunId, body: Body) -> None:
        """Evidence makes reservations smaller; everything else leaves them as they are."""
        match body:
            case OrderAccepted() | OrderReported():
                sizes = body.sizes
                self._gone((run, body.ref), body.bet, stake=sizes.stake, gone=sizes.cancelled + sizes.lapsed + sizes.voided)
            case OrderRejected():
                self._rejected((run, body.ref))
            case OrderNotSent():
                self._unsent((run, body.ref), body.attempt)
            case OrderUnknown():
                if held := self._held.get((run, body.ref)):
                    self._doubt(held)
            case RunResumed():  # whoever had the run before may have sent without writing down what came back
                for held in self._held.values():
                    if held.run == run:
                        self._doubt(held)
            case BetSettled():
                self._settled((run, body.ref), body)
            case MarketSettled():
                of = (run, body.account, body.market)
                for held in [each for each in self._held.values() if (each.run, each.account, each.market) == of]:
                    if held.amount:  # no bet of it was told: for the day it is lost until one is
                        self._result(held, UNTOLD, -held.amount, body.at)
                    self._release(held)
            case _:
                pass

    def changes(self) -> Changes:
        """What changed since the last call, for the table."""
        new, changed, released = [], [], []
        for key in self._touched:
            kept = self._held.get(key) or self._over.get(key)
            if kept is None:
                if key in self._stored:
                    released.append(key)
                    self._stored.discard(key)
            elif key in self._stored:
                changed.append(kept)
            else:
                new.append(kept)
                self._stored.add(key)
        self._touched.clear()
        return Changes(new=new, changed=changed, released=released)

    def open_exposure(self, scope: str, account: AccountName) -> Decimal:
        return self._sums.get((scope, account), ZERO)

    def exposure_in(self, scope: str, account: AccountName, market: MarketId) -> Decimal:
        return self._sums.get((scope, account, market), ZERO)

    def exposure_of_site(self, scope: str, currency: str) -> Decimal:
        return self._sums.get(("site", scope, currency), ZERO)

    def placed_in_minute(self, scope: str, account: AccountName, at: datetime) -> int:
        """Placements on an account in the minute that ends then."""
        return self._pace.before((scope, account), at)

    def loss_of_day(self, scope: str, account: AccountName, at: datetime) -> Decimal:
        """Lost and still at risk on the account's day of a moment."""
        lost, taken = self._day((scope, account), at)
        return lost + taken

    def held(self) -> tuple[Reservation, ...]:
        """Those of which something can still be lost."""
        return tuple(self._held.values())

    def kept(self) -> tuple[Reservation, ...]:
        """Those too that only a minute or a day still counts: what the ledger can be rebuilt from."""
        return (*self._held.values(), *self._over.values())

    # -- refusing

    def _refusal(self, new: Reservation, at: datetime) -> OrderDenied | None:
        """By the first kind of limit that has no room; of account and site the one that is tighter."""
        limits = self._limits_of(new.account)
        if too_fast := self._too_fast(new, at, limits.max_orders_per_minute):
            return too_fast
        for kind in self._rules(new, at, limits):
            exceeded = [rule for rule in kind if rule.room < 0]
            if exceeded:
                rule = min(exceeded, key=lambda each: each.room)
                figure = f"{rounded_up(rule.would_be, rule.most.currency)} of at most {rule.most}"
                return OrderDenied(at=at, ref=new.ref, limit=rule.name, figure=figure, held_by=rule.holders())
        return None

    def _rules(self, new: Reservation, at: datetime, limits: AccountLimits) -> Iterator[list[_Rule]]:
        site = self._site_limits_for(new.currency)
        yield [
            _Rule(name, most, new.size, lambda: "the order itself")
            for name, most in _both(limits.max_stake_per_order, site.max_stake_per_order, "max_stake_per_order")
        ]
        if not new.amount:
            return  # a hedge adds nothing to what can be lost
        scope, account, market = new.scope, new.account, new.market
        yield [
            *self._rule("max_exposure_per_market", limits.max_exposure_per_market, (scope, account, market), new, market),
            *self._rule(
                "max_exposure_per_market of the site", site.max_exposure_per_market,
                ("site", scope, new.currency, new.venue, market), new, market,
            ),
        ]  # fmt: skip
        if (most := limits.max_loss_per_day) is not None:
            lost, taken = self._day(new.pot, at)
            would_be = lost + taken + new.amount
            yield [_Rule("max_loss_per_day", most, would_be, lambda: _of_the_day(lost, taken, new.amount, most.currency))]
        yield [
            *self._rule("max_open_exposure", limits.max_open_exposure, (scope, account), new),
            *self._rule("max_open_exposure of the site", site.max_open_exposure, ("site", scope, new.currency), new),
        ]

    def _rule(
        self, name: str, most: Money | None, total: tuple[object, ...], new: Reservation, market: MarketId | None = None
    ) -> Iterator[_Rule]:
        if most is not None:
            would_be = self._sums.get(total, ZERO) + new.amount
            yield _Rule(name, most, would_be, lambda: self._held_by(new, most.currency, market, is_site=total[0] == "site"))

    def _too_fast(self, new: Reservation, at: datetime, most: int | None) -> OrderDenied | None:
        before = self._pace.before(new.pot, at) if most is not None else 0
        if most is None or before < most:
            return None
        return OrderDenied(
            at=at,
            ref=new.ref,
            limit="max_orders_per_minute",
            figure=f"{before + 1} of at most {most}",
            held_by=f"{before} placed on this account in the minute before, 1 by this order",
        )

    def _held_by(self, new: Reservation, currency: str, market: MarketId | None, *, is_site: bool) -> str:
        """In words, the largest three first."""
        own = f"{rounded_up(new.amount, currency)} by this order"
        holders = [
            (amount, account, where, run)
            for (account, where, run), amount in self._holders.get((new.scope, new.currency), {}).items()
            if amount and market in (None, where) and (is_site or account == new.account)
        ]
        holders.sort(key=lambda each: (-each[0], each[2], each[3], each[1]))
        parts = [
            f"{rounded_up(amount, currency)} by run {run} in market {where}{f' on {account}' if is_site else ''}"
            for amount, account, where, run in holders[:3]
        ]
        if rest := holders[3:]:
            parts.append(f"{rounded_up(sum((each[0] for each in rest), ZERO), currency)} by {len(rest)} more")
        return ", ".join([*parts, own])

    def _limits_of(self, account: AccountName) -> AccountLimits:
        found = self._accounts.get(account)
        return found.limits if found is not None else NO_LIMITS

    def _site_limits_for(self, currency: str) -> SiteLimits:
        """Those that are written in the currency."""
        of = self._site_limits
        return SiteLimits(
            max_stake_per_order=_in(of.max_stake_per_order, currency),
            max_open_exposure=_in(of.max_open_exposure, currency),
            max_exposure_per_market=_in(of.max_exposure_per_market, currency),
        )

    def _day(self, pot: Pot, at: datetime) -> tuple[Decimal, Decimal]:
        """Lost, and still at risk, on the day of a moment. A clock set back over midnight leaves some of it on the next day;
        what was taken before times were kept counts on every day."""
        today = self._day_of(pot[1], at)
        days = (today, today + ONE_DAY)
        lost = sum((self._losses.on(pot, day) for day in days), ZERO)
        return lost, sum((self._sums.get(("day", *pot, day), ZERO) for day in (*days, None)), ZERO)

    def _day_of(self, account: AccountName, at: datetime) -> date:
        return at.astimezone(self._zones.get(account, UTC)).date()

    # -- changing

    def _reserve(self, reservation: Reservation) -> None:
        if (over := self._over.get(reservation.key)) is not None:
            self._forget(over)
        self._know(reservation)
        self._touched[reservation.key] = None

    def _know(self, of: Reservation) -> None:
        """Also one of the table, where those of older journals don't say currency and venue."""
        if not of.currency and (account := self._accounts.get(of.account)) is not None:
            of.currency, of.venue = account.currency, account.venue
        if of.at is not None:
            self._pace.add(of.pot, of.at)
        for profit, at in of.results.values():
            self._tally(of, profit, at)
        if of.is_over:
            self._keep(of)
        else:
            self._held[of.key] = of
            self._count(of, of.amount)

    def _gone(self, key: Key, bet: BetId, *, stake: Decimal, gone: Decimal) -> None:
        held = self._held.get(key)
        if held is None:
            return
        known_stake, known_gone = held.bets.get(bet, (ZERO, ZERO))
        now = (max(stake, known_stake), max(gone, known_gone))  # an older report may come late
        if held.bets.get(bet) == now:
            return
        held.bets[bet] = now
        if now == (held.size, ZERO):
            return  # the usual first answer: one bet, all of it alive; nothing that the table would have to know
        before = held.amount
        held.weigh()
        self._count(held, held.amount - before)
        self._touched[key] = None
        if held.gone >= held.size:
            self._release(held)

    def _settled(self, key: Key, body: BetSettled) -> None:
        of = self._held.get(key) or self._over.get(key)
        if of is None:
            return
        if UNTOLD in of.results:  # now it is told
            profit, at = of.results.pop(UNTOLD)
            self._tally(of, -profit, at)
        self._result(of, body.bet, body.profit, body.at)
        stake, _ = of.bets.get(body.bet, (of.size, ZERO))
        self._gone(key, body.bet, stake=stake, gone=stake)

    def _result(self, of: Reservation, bet: BetId, profit: Decimal, at: datetime) -> None:
        """Told again it stays on the day it was told first; a correction takes its place."""
        known = of.results.get(bet)
        if known is not None and known[0] == profit:
            return
        if known is not None:
            self._tally(of, -known[0], known[1])
        of.results[bet] = (profit, at)
        self._tally(of, profit, at)
        self._touched[of.key] = None
        if of.is_over:
            self._keep(of)

    def _unsent(self, key: Key, attempt: int) -> None:
        """Proof that this attempt made no bet: frees the reservation unless an earlier attempt may be out."""
        held = self._held.get(key)
        if held is not None and held.attempt == attempt and not held.maybe_out and not held.bets:
            self._forget(held)

    def _rejected(self, key: Key) -> None:
        """No bet, but it was placed: the minute counts it."""
        held = self._held.get(key)
        if held is not None and not held.maybe_out and not held.bets:
            self._release(held)

    def _doubt(self, held: Reservation) -> None:
        if not held.maybe_out:
            held.maybe_out = True
            self._touched[held.key] = None

    def _release(self, held: Reservation) -> None:
        """Nothing of it can be lost any more."""
        self._held.pop(held.key)
        self._count(held, -held.amount)
        self._touched[held.key] = None
        held.is_over = True
        held.weigh()
        self._keep(held)

    def _keep(self, over: Reservation) -> None:
        """Until no minute and no day counts it."""
        if (until := over.counts_until) is not None:
            self._over[over.key] = over
            heappush(self._ends.setdefault(over.scope, []), (until, over.key))

    def _sweep(self, scope: str, now: datetime) -> None:
        ends = self._ends.get(scope, [])
        while ends and ends[0][0] <= now:
            _, key = heappop(ends)
            over = self._over.get(key)
            if over is not None and (over.counts_until or now) <= now:
                self._forget(over)

    def _forget(self, of: Reservation) -> None:
        """As if it had never been."""
        if self._held.pop(of.key, None) is not None:
            self._count(of, -of.amount)
        self._over.pop(of.key, None)
        if of.at is not None:
            self._pace.remove(of.pot, of.at)
        for profit, at in of.results.values():
            self._tally(of, -profit, at)
        self._touched[of.key] = None

    def _tally(self, of: Reservation, profit: Decimal, at: datetime) -> None:
        self._losses.add(of.pot, self._day_of(of.account, at), (of.run, of.market), profit)

    def _count(self, of: Reservation, amount: Decimal) -> None:
        scope, account, market = of.scope, of.account, of.market
        day = self._day_of(account, of.at) if of.at is not None else None
        for total in (
            (scope, account),
            (scope, account, market),
            ("site", scope, of.currency),
            ("site", scope, of.currency, of.venue, market),
            ("day", scope, account, day),
        ):
            add(self._sums, total, amount)
        add(self._holders.setdefault((scope, of.currency), {}), (account, market, of.run), amount)

    def _reservation(self, placement: Asked, command: Placing, *, run: RunId, scope: str, at: datetime) -> Reservation:
        account = self._accounts.get(command.account)
        return Reservation(
            run=run,
            ref=placement.ref,
            scope=scope,
            account=command.account,
            market=market_of(command, placement),
            side=Side.BACK if isinstance(placement, NewPoolBet) else placement.side,
            odds=COST_ONLY if isinstance(placement, NewPoolBet) else placement.odds,
            size=placement.size,
            attempt=command.attempt,
            currency=account.currency if account is not None else "",
            venue=account.venue if account is not None else "",
            at=at,
            is_hedge=placement.is_hedge,
        )


def _both(account: Money | None, site: Money | None, name: str) -> list[tuple[str, Money]]:
    given = ((name, account), (f"{name} of the site", site))
    return [(each, most) for each, most in given if most is not None]


def _in(limit: Money | None, currency: str) -> Money | None:
    return limit if limit is not None and limit.currency == currency else None


def _of_the_day(lost: Decimal, taken: Decimal, own: Decimal, currency: str) -> str:
    parts = ((lost, "lost by bets settled today"), (taken, "at risk in bets taken today"), (own, "by this order"))
    return ", ".join(f"{rounded_up(amount, currency)} {what}" for amount, what in parts if amount)
