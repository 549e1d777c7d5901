"""What is reserved against an account's limits: one reservation per reference, counted at its worst.

A placement is reserved in full when its intent is written down, whatever becomes of the answer. Only evidence makes a
reservation smaller: what a venue reports as cancelled, lapsed or voided, a rejection, a settlement, or our own door's proof
that no byte left. An unknown placement stays in full.

The arithmetic only; the journal keeps the reservations beside the events, in the same transaction. Totals are running: one
more order costs the same as the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias, TypeVar

from planrunner.model.account import AccountLimits
from planrunner.model.commands import NewPlacement, PlaceOrders
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
from planrunner.model.exposure import risk
from planrunner.model.journal import Body
from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, RunId
from planrunner.model.money import rounded_up
from planrunner.model.odds import Side

K = TypeVar("K")
ZERO = Decimal(0)
NO_LIMITS = AccountLimits()

Key: TypeAlias = tuple[RunId, OrderRef]
# Live and sandbox money are counted apart, and every rehearsal is on its own.
Pot: TypeAlias = tuple[str, AccountName]


@dataclass(slots=True, kw_only=True)
class Reservation:
    """`bets` says of each bet the venue reported its stake and how much of it is gone (cancelled, lapsed, voided, settled);
    `attempt` is the latest one; `maybe_out`: the answer to some attempt was lost, so what is said of a later one proves
    nothing about it."""

    run: RunId
    ref: OrderRef
    scope: str
    account: AccountName
    market: MarketId
    side: Side
    odds: Decimal
    size: Decimal
    attempt: int
    maybe_out: bool = False
    bets: dict[BetId, tuple[Decimal, Decimal]] = field(default_factory=dict)
    is_hedge: bool = False  # it loses nothing that the bets it hedges don't hold already
    amount: Decimal = field(init=False)  # the most this placement can still lose

    def __post_init__(self) -> None:
        self.weigh()

    @property
    def key(self) -> Key:
        return (self.run, self.ref)

    @property
    def pot(self) -> Pot:
        return (self.scope, self.account)

    @property
    def gone(self) -> Decimal:
        return sum((gone for _, gone in self.bets.values()), ZERO)

    def weigh(self) -> None:
        self.amount = ZERO if self.is_hedge else risk(self.side, max(self.size - self.gone, ZERO), self.odds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the reservation table has to learn."""

    new: Sequence[Reservation]
    changed: Sequence[Reservation]
    released: Sequence[Key]


class Ledger:
    """All reservations of one journal. Not thread-safe: the journal's writer owns it."""

    def __init__(self, limits: Mapping[AccountName, AccountLimits], reservations: Iterable[Reservation] = ()) -> None:
        self._limits = limits
        self._held: dict[Key, Reservation] = {}
        self._open: dict[Pot, Decimal] = {}
        self._by_market: dict[tuple[Pot, MarketId], Decimal] = {}
        self._by_holder: dict[Pot, dict[tuple[MarketId, RunId], Decimal]] = {}
        for reservation in reservations:
            self._held[reservation.key] = reservation
            self._count(reservation, reservation.amount)
        self._stored = set(self._held)
        self._touched: dict[Key, None] = {}

    def admit(
        self, command: PlaceOrders, *, run: RunId, scope: str, at: datetime
    ) -> tuple[tuple[NewPlacement, ...], tuple[OrderDenied, ...]]:
        """Reserves the placements in the plan's order and denies those that a limit has no room for."""
        admitted, denied = [], []
        for placement in command.placements:
            reservation = _reservation(placement, command, run=run, scope=scope)
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
        return tuple(admitted), tuple(denied)

    def withdraw(self, command: PlaceOrders, *, run: RunId) -> None:
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
                held = self._held.get((run, body.ref))
                self._unsent((run, body.ref), held.attempt if held else 0)
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
                self._settled((run, body.ref), body.bet)
            case MarketSettled():
                of = (run, body.account, body.market)
                for held in [each for each in self._held.values() if (each.run, each.account, each.market) == of]:
                    self._release(held.key)
            case _:
                pass

    def changes(self) -> Changes:
        """What changed since the last call, for the table."""
        new, changed, released = [], [], []
        for key in self._touched:
            held = self._held.get(key)
            if held is None:
                if key in self._stored:
                    released.append(key)
                    self._stored.discard(key)
            elif key in self._stored:
                changed.append(held)
            else:
                new.append(held)
                self._stored.add(key)
        self._touched.clear()
        return Changes(new=new, changed=changed, released=released)

    def open_exposure(self, scope: str, account: AccountName) -> Decimal:
        return self._open.get((scope, account), ZERO)

    def exposure_in(self, scope: str, account: AccountName, market: MarketId) -> Decimal:
        return self._by_market.get(((scope, account), market), ZERO)

    def held(self) -> tuple[Reservation, ...]:
        return tuple(self._held.values())

    def _refusal(self, new: Reservation, at: datetime) -> OrderDenied | None:
        limits = self._limits.get(new.account, NO_LIMITS)
        amount = new.amount
        checks = (
            ("max_stake_per_order", limits.max_stake_per_order, new.size),
            ("max_exposure_per_market", limits.max_exposure_per_market, self.exposure_in(*new.pot, new.market) + amount),
            ("max_open_exposure", limits.max_open_exposure, self.open_exposure(*new.pot) + amount),
        )
        for name, limit, would_be in checks:
            if limit is not None and would_be > limit.amount and not (new.is_hedge and name != "max_stake_per_order"):
                figure = f"{rounded_up(would_be, limit.currency)} of at most {limit}"
                return OrderDenied(
                    at=at, ref=new.ref, limit=name, figure=figure, held_by=self._held_by(name, new, limit.currency)
                )
        return None

    def _held_by(self, limit: str, new: Reservation, currency: str) -> str:
        """In words, the largest three first."""
        if limit == "max_stake_per_order":
            return "the order itself"
        own = f"{rounded_up(new.amount, currency)} by this order"
        only = new.market if limit == "max_exposure_per_market" else None
        holders = [(amount, of) for of, amount in self._by_holder.get(new.pot, {}).items() if amount and only in (None, of[0])]
        holders.sort(key=lambda each: (-each[0], each[1]))
        parts = [f"{rounded_up(amount, currency)} by run {run} in market {market}" for amount, (market, run) in holders[:3]]
        if rest := holders[3:]:
            parts.append(f"{rounded_up(sum((amount for amount, _ in rest), ZERO), currency)} by {len(rest)} more")
        return ", ".join([*parts, own])

    def _reserve(self, reservation: Reservation) -> None:
        self._held[reservation.key] = reservation
        self._count(reservation, reservation.amount)
        self._touched[reservation.key] = None

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
            self._release(key)

    def _settled(self, key: Key, bet: BetId) -> None:
        if held := self._held.get(key):
            stake, _ = held.bets.get(bet, (held.size, ZERO))
            self._gone(key, bet, stake=stake, gone=stake)

    def _unsent(self, key: Key, attempt: int) -> None:
        """Proof that this attempt made no bet: frees the reservation unless an earlier attempt may be out."""
        held = self._held.get(key)
        if held is not None and held.attempt == attempt and not held.maybe_out and not held.bets:
            self._release(key)

    def _doubt(self, held: Reservation) -> None:
        if not held.maybe_out:
            held.maybe_out = True
            self._touched[held.key] = None

    def _release(self, key: Key) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._count(held, -held.amount)
            self._touched[key] = None

    def _count(self, of: Reservation, amount: Decimal) -> None:
        pot = of.pot
        _add(self._open, pot, amount)
        _add(self._by_market, (pot, of.market), amount)
        _add(self._by_holder.setdefault(pot, {}), (of.market, of.run), amount)


def _add(totals: dict[K, Decimal], key: K, amount: Decimal) -> None:
    total = totals.get(key, ZERO) + amount
    if total:
        totals[key] = total
    else:
        totals.pop(key, None)  # a service runs for months; what is settled leaves no trace


def _reservation(placement: NewPlacement, command: PlaceOrders, *, run: RunId, scope: str) -> Reservation:
    return Reservation(
        run=run,
        ref=placement.ref,
        scope=scope,
        account=command.account,
        market=command.market,
        side=placement.side,
        odds=placement.odds,
        size=placement.size,
        attempt=command.attempt,
        is_hedge=placement.is_hedge,
    )
