"""The Tote itself: pools with bets in them, tickets, wallets, and what is due when.

It advances lazily: whoever asks first says how late it is, and everything due until then is played in order of time. Pools in
which nobody we know has a bet are worked out when somebody looks at them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from planrunner.sandbox.agenda import Agenda
from planrunner.sandbox.bets import pounds
from planrunner.sandbox.board import NEVER
from planrunner.sandbox.clock import Clock
from planrunner.sandbox.faults import Faults, Trouble
from planrunner.sandbox.scenario import Remove
from planrunner.sandbox.tote.bets import PoolBet, Ticket, Wallet
from planrunner.sandbox.tote.card import Card, Product
from planrunner.sandbox.tote.messages import Messages
from planrunner.sandbox.tote.public import Public
from planrunner.sandbox.tote.races import Race
from planrunner.sandbox.tote.results import Result, result, return_of
from planrunner.sandbox.tote.timeline import Stage, next_moment, stage
from planrunner.sandbox.tote.watching import Watch
from planrunner.sandbox.world import World

Thing: TypeAlias = Callable[[int], None]
# How much higher than in the end a dividend is that is announced too soon.
TOO_HIGH = Decimal("0.50")


@dataclass(slots=True, kw_only=True)
class PoolState:
    """A pool with bets of ours, as far as it was played. `result` is the one announced last."""

    product: Product
    stage: Stage
    bets: list[PoolBet] = field(default_factory=list)
    result: Result | None = None


@dataclass(slots=True, kw_only=True)
class Tote:
    """`is_audit`: bets that are in no pool, and are resulted by whoever placed them."""

    world: World
    clock: Clock
    faults: Faults
    is_audit: bool = False
    agenda: Agenda[Thing] = field(default_factory=Agenda)
    card: Card = field(init=False)
    public: Public = field(init=False)
    messages: Messages = field(init=False)
    watch: Watch = field(init=False)
    tickets: dict[tuple[str, str], Ticket] = field(default_factory=dict)
    bets: dict[str, PoolBet] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    wallets: dict[str, Wallet] = field(default_factory=dict)
    pools: dict[str, PoolState] = field(default_factory=dict)
    _looked_up: dict[tuple[str, bool], Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.card = Card(world=self.world, salt="audit" if self.is_audit else "")
        self.public = Public(seed=self.world.seed)
        self.messages = Messages(faults=self.faults, log=self.world.log, agenda=self.agenda)
        self.watch = Watch(tote=self)

    def advance(self) -> int:
        """Play everything that is due; answers the time in milliseconds."""
        now = self.world.advance(self.clock.now())
        self._look()
        while (due := self._next()) is not None and due[0] <= now:
            due[1](due[0])
        self.watch.look(now)
        return now

    def next_at(self) -> int:
        """When something happens next that somebody may be told of."""
        due = self._next()
        news = [race.next_news() for pool in self.pools.values() for race in pool.product.races if pool.stage < Stage.SETTLED]
        times = [due[0] if due else None, self.watch.next_at(self.world.now), *news]
        return min((at for at in times if at is not None), default=NEVER)

    def wallet(self, owner: str) -> Wallet:
        if owner not in self.wallets:
            terms = self.world.account
            self.wallets[owner] = Wallet(currency=terms.currency, balance=terms.balance)
        return self.wallets[owner]

    def note(self, kind: str, at: int, **facts: Any) -> None:
        self.world.log.write(kind, at, venue="tote-audit" if self.is_audit else "tote", **facts)

    def dice(self, of: str) -> random.Random:
        return random.Random(f"{self.world.seed} tote {of}")  # noqa: S311 - dice of a rehearsal, not a secret

    def join(self, bet: PoolBet) -> None:
        """An accepted bet is in its pool."""
        assert bet.product is not None
        product = bet.product
        if not self.is_audit:
            self.pools.setdefault(product.id, PoolState(product=product, stage=Stage.OPEN)).bets.append(bet)

    def gross(self, product: Product, at: int) -> int:
        """What is in the pool, money carried in included."""
        pool = self.pools.get(product.id)
        ours = sum(bet.stake for bet in pool.bets) if pool else 0
        return product.type.carry_in + self.public.total(product, min(at, product.races[0].off)) + ours

    def announced(self, product: Product, at: int) -> tuple[Result, bool] | None:
        """The result of a pool, and whether it is final."""
        reached = stage(product, at)
        if reached in (Stage.OPEN, Stage.CLOSED, Stage.VOID):
            return None
        pool = self.pools.get(product.id)
        if pool is not None and pool.result is not None:
            return pool.result, reached >= Stage.FINAL
        key = product.id, reached >= Stage.FINAL
        if key not in self._looked_up:
            self._looked_up[key] = result(product, [], self.public)
        return self._looked_up[key], key[1]

    def void(self, bet: PoolBet, at: int) -> None:
        """An accepted bet that does not count after all."""
        if not bet.is_live:
            return
        bet.placement, bet.resulting, bet.settlement = "CANCELLED", "CANCELLED", "REFUNDED"
        bet.refunded = bet.stake
        self.wallet(bet.owner).book(at, "refund", bet, bet.stake)
        if bet.product is not None and (pool := self.pools.get(bet.product.id)):
            pool.bets.remove(bet)
        self.note("void", at, bet=bet.tote_id, size=pounds(bet.stake))
        self.note("settled", at, bet=bet.tote_id, outcome="void", profit="0.00")
        self.messages.bet("onBetCancelled", bet, at)

    def settle(self, bet: PoolBet, at: int) -> None:
        """Pay what was resulted."""
        bet.settlement = "SETTLED"
        wallet = self.wallet(bet.owner)
        wallet.book(at, "return", bet, bet.returned)
        wallet.book(at, "refund", bet, bet.refunded)
        if bet.refunded:
            self.note("void", at, bet=bet.tote_id, size=pounds(bet.refunded))
        profit = bet.returned + bet.refunded - bet.stake
        outcome = "won" if bet.returned else "void" if bet.refunded == bet.stake else "lost"
        self.note("settled", at, bet=bet.tote_id, outcome=outcome, profit=pounds(profit))
        self.messages.bet("onBetSettled", bet, at)

    def withdraw(self, race: Race, number: int, at: int) -> None:
        """A runner does not take part."""
        board = self.world.board(race.board) if race.board else None
        if board is None:
            race.withdrawn.setdefault(number, min(at, race.off - 1))
        else:
            board.happen(Remove(selection=race.horse(number).name))
            self.card.look([race])

    def _look(self) -> None:
        watched = self.card.races.values() if self.watch.is_on else ()
        self.card.look({race.id: race for pool in self.pools.values() for race in pool.product.races}.values())
        self.card.look(watched)

    def _next(self) -> tuple[int, Thing] | None:
        """The first thing due: on the agenda, or the next stage of a pool."""
        at = self.agenda.next_at()
        first: tuple[int, Thing] | None = None if at is None else (at, self._play)
        for pool in self.pools.values():
            if pool.bets and (due := next_moment(pool.product, pool.stage)) and (first is None or due[0] < first[0]):
                first = due[0], _reaching(self, pool, due[1])
        return first

    def _play(self, _: int) -> None:
        at, thing = self.agenda.pop()
        thing(at)

    def reach(self, pool: PoolState, stage: Stage, at: int) -> None:
        """A pool with bets gets on."""
        pool.stage = stage
        match stage:
            case Stage.CLOSED:
                self.note("market", at, market=pool.product.id, status="closed", in_play=False, what="pool closed")
            case Stage.VOID:
                for bet in list(pool.bets):
                    self.void(bet, at)
            case Stage.PROVISIONAL:
                pool.result = self._result(pool, at, is_final=False)
            case Stage.RESULTED:
                self._resulted(pool, at)
            case Stage.FINAL:
                before, pool.result = pool.result, self._result(pool, at, is_final=True)
                if pool.result != before:
                    self._resulted(pool, at)
            case _:
                for bet in list(pool.bets):
                    if bet.is_live:
                        self.settle(bet, at)

    def _result(self, pool: PoolState, at: int, *, is_final: bool) -> Result:
        announced = result(pool.product, pool.bets, self.public)
        if is_final:
            return announced
        fault = self.faults.strike("dividends", by_name=True)
        if fault is None or fault.trouble is not Trouble.DIVIDEND_CHANGED:
            return announced
        self.note("fault", at, call="dividends", trouble=fault.trouble.value)
        return announced.changed_by(TOO_HIGH)

    def _resulted(self, pool: PoolState, at: int) -> None:
        """Bets of which no line is left are void, the others have a return."""
        assert pool.result is not None
        for bet in list(pool.bets):
            gets = return_of(bet, pool.result)
            if gets.refunded == bet.stake:
                self.void(bet, at)
                continue
            bet.resulting, bet.returned, bet.refunded = "RESULTED", gets.returned, gets.refunded
            self.messages.bet("onBetResulted", bet, at)


def _reaching(tote: Tote, pool: PoolState, stage: Stage) -> Thing:
    return lambda at: tote.reach(pool, stage, at)
