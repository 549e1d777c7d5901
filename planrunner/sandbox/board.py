"""One market of the world: its book, the others in it, our bets, and everything that is going to happen to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from planrunner.matching.bet import Bet, Lapse, Persistence
from planrunner.matching.market import Market
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side
from planrunner.sandbox.agenda import Agenda
from planrunner.sandbox.bets import Ask, OurBet, pounds
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.others import Others
from planrunner.sandbox.reactions import Counterparty
from planrunner.sandbox.scenario import (
    SECOND,
    Abandon,
    Base,
    Close,
    Due,
    Happening,
    MoveStart,
    Remove,
    Reopen,
    SettleAgain,
    ShowOffers,
    Suspend,
    TurnInPlay,
    VoidMatched,
)
from planrunner.sandbox.terms import Terms

# Measured at the off of recorded markets: suspended, then in play and open again about a second to twenty later.
OFF_TAKES = 5 * SECOND
# Bets of a closed market are settled a little later; clients have to ask until they are.
SETTLING_TAKES = 5 * SECOND
NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class PuntersMove:
    """The others look at their quotes again."""


@dataclass(frozen=True, slots=True)
class ReopenInPlay:
    """The end of the off."""


@dataclass(frozen=True, slots=True)
class Land:
    """The bet delay of bets of ours is over."""


@dataclass(frozen=True, slots=True)
class Arrive:
    """An order of ours that was stuck on its way arrives."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Settle:
    """The bets of a closed market are paid."""


Thing: TypeAlias = Happening | Counterparty | Land | Arrive | PuntersMove | ReopenInPlay | Settle


@dataclass(slots=True, kw_only=True)
class Board:
    """`numbers` and `all_bets` belong to the whole venue. `pay` is called when the bets are settled. `awake`: what happens
    here concerns us. `version` rises with every change, `material` with those that end bets.
    `voided`: each time that bets were taken back, on which selection, or (None) on all.
    """

    terms: Terms
    market: Market
    numbers: Iterator[int]
    all_bets: dict[int, OurBet]
    log: VenueLog
    pay: Callable[[Board, int], None]
    others: Others
    start: int
    now: int
    on_first_order: tuple[Due, ...] = ()
    version: int = 5_000_000_001
    material: int = 5_000_000_001
    suspensions: int = 0
    corrected: tuple[int, ...] | None = None
    is_void: bool = False
    voided: list[int | None] = field(default_factory=list)
    agenda: Agenda[Thing] = field(default_factory=Agenda)
    bets: dict[int, OurBet] = field(default_factory=dict)
    awake: bool = False
    _live: dict[int, OurBet] = field(default_factory=dict)
    _held: dict[int, int] = field(default_factory=dict)

    @property
    def status(self) -> MarketStatus:
        return self.market.status

    @property
    def in_play(self) -> bool:
        return self.market.in_play

    @property
    def bet_delay(self) -> int:
        """Milliseconds a bet is held now."""
        return self.market.bet_delay_ms

    @property
    def total_matched(self) -> int:
        """Minor units, both sides of each trade counted, as the venue shows it."""
        return sum(self.market.offers(runner.id).total_matched for runner in self.terms.runners)

    def runner_status(self, runner: int) -> str:
        """In the venue's words."""
        if runner in self.market.removed:
            return "REMOVED"
        if self.status is not MarketStatus.CLOSED:
            return "ACTIVE"
        return "WINNER" if runner in self.winners else "LOSER"

    @property
    def winners(self) -> tuple[int, ...]:
        """In the order they came in; nobody while the result is not known, and in a market that is void."""
        if self.is_void or self.status is not MarketStatus.CLOSED:
            return ()
        return self.terms.result if self.corrected is None else self.corrected

    def next_at(self) -> int:
        """When something happens next; for ever when nothing is left to happen."""
        at = self.agenda.next_at()
        return NEVER if at is None else at

    def plan(self, due: Due) -> None:
        """Put something on the agenda that does not wait for an order."""
        if due.moment.base is Base.START:
            at = max(self.start + due.moment.delay, self.now)
            self.agenda.add(at, due.happening, from_start=due.moment.delay)
        else:
            self.agenda.add(self.now + due.moment.delay, due.happening)

    def advance(self, to: int) -> None:
        """Play everything due until then, in order."""
        while self.next_at() <= to:
            self.play_next()
        self.now = max(self.now, to)

    def play_next(self) -> None:
        at, thing = self.agenda.pop()
        self.now = at
        self._play(thing, at)
        self._note(at)

    def happen(self, happening: Happening) -> None:
        """Something that nobody scripted, now."""
        self._play(happening, self.now)
        self._note(self.now)

    def place(self, ask: Ask, at: int) -> OurBet:
        """Take a checked order. The market is open; in play the order is held first and lands when the bet delay is over."""
        ours = self._enter(ask, at)
        if self.bet_delay:
            due = self._held[ours.bet.id] = self.market.accept(ours.bet, at)
            self.agenda.add(due, Land())
        else:
            aside = self.others.make_way(ours.bet, at)
            self.market.place(ours.bet, at)
            self._landed(ours.bet, aside, at)
        return ours

    def place_lapsed(self, ask: Ask, at: int) -> OurBet:
        """A bet that was created and lapsed in the same moment: the market moved on while it was on its way."""
        ours = self._enter(ask, at)
        ours.bet.let_lapse(Lapse.SUSPENDED, at)
        self._note(at)
        return ours

    def expect(self, ask: Ask, at: int) -> None:
        """An order that is stuck on its way arrives then."""
        self.awake = True
        self.agenda.add(at, Arrive(ask))

    def is_held(self, ours: OurBet) -> bool:
        """Whether a bet waits for the end of its bet delay, unseen."""
        return self.market.is_held(ours.bet.id)

    def cancel(self, ours: OurBet, size: int | None, at: int) -> int:
        """Take back `size`, or all that remains; answers what was taken back."""
        taken = self.market.cancel(ours.bet.id, size, at)
        self._note(at)
        return taken

    def bet(self, ask: Ask, number: int, at: int) -> Bet:
        """An order as a bet that is not in the market yet."""
        return Bet(
            id=number, owner=ask.owner, runner=ask.runner, side=ask.side, tick=ask.tick, size=ask.size, placed_at=at,
            persistence=ask.persistence, fill_or_kill=ask.fill_or_kill, min_fill=ask.min_fill,
        )  # fmt: skip

    def _enter(self, ask: Ask, at: int) -> OurBet:
        bet = self.bet(ask, next(self.numbers), at)
        ours = OurBet(bet=bet, market=self.terms.id, order_ref=ask.order_ref, strategy_ref=ask.strategy_ref)
        self.awake = True
        self.bets[bet.id] = self.all_bets[bet.id] = self._live[bet.id] = ours
        self.log.write(
            "bet", at, bet=str(bet.id), owner=ask.owner, market=self.terms.id, selection=ask.runner, side=ask.side.value,
            odds=str(self.terms.ladder.odds(ask.tick)), size=pounds(ask.size), persistence=ask.persistence.value,
            fill_or_kill=ask.fill_or_kill, ref=ask.order_ref,
        )  # fmt: skip
        return ours

    def _land(self, at: int) -> None:
        """Bet delays are over, perhaps those of several bets at once. A bet that lapsed in it is gone already."""
        landing = [
            bet for number, due in self._held.items() if due <= at and self.market.is_held((bet := self.bets[number].bet).id)
        ]
        self._held = {number: due for number, due in self._held.items() if due > at}
        aside = [self.others.make_way(bet, at) for bet in landing]
        self.market.play(at)
        for bet, passed in zip(landing, aside, strict=True):
            self._landed(bet, passed, at)

    def _landed(self, bet: Bet, aside: dict[int, int], at: int) -> None:
        self._note(at)
        self.others.come_back(bet, aside, at)
        for due in self.on_first_order:
            self.agenda.add(at + due.moment.delay, due.happening)
        self.on_first_order = ()
        self._await_reaction(bet, at)

    def _arrive(self, ask: Ask, at: int) -> None:
        if self.status is MarketStatus.OPEN:
            self.place(ask, at)
        else:
            self.place_lapsed(ask, at)

    def _await_reaction(self, bet: Bet, at: int) -> None:
        counterparty = self.others.react(bet, self._on_side(bet.runner, bet.side))
        if counterparty is None:
            return
        if counterparty.after == 0:
            self._react(counterparty, at)
            self._note(at)
        else:
            self.agenda.add(at + counterparty.after, counterparty)

    def _on_side(self, runner: int, side: Side) -> list[Bet]:
        return [ours.bet for ours in self.bets.values() if ours.bet.runner == runner and ours.bet.side is side]

    def _play(self, thing: Thing, at: int) -> None:
        match thing:
            case ShowOffers():
                self._show(thing, at)
            case Suspend():
                self._suspend(at)
            case Reopen():
                self._reopen(at)
            case ReopenInPlay():
                self._reopen_in_play(at)
            case TurnInPlay():
                self._go_off(at)
            case MoveStart(by=by):
                self.start += by
                self.agenda.move_start(self.start, at)
                self._changed("start moved", at)
            case Close():
                self._close(at)
            case Remove():
                self._remove(thing, at)
            case VoidMatched(selection=selection):
                self._void(selection, at)
            case Abandon():
                self._abandon(at)
            case SettleAgain(result=result):
                self._settle_again(result, at)
            case Counterparty():
                self._react(thing, at)
            case Land():
                self._land(at)
            case Arrive(ask=ask):
                self._arrive(ask, at)
            case PuntersMove():
                self._punters_move(at)
            case Settle():
                self.pay(self, at)
                self.awake = self.agenda.next_at() is not None
            case _:
                assert_never(thing)

    def _suspend(self, at: int) -> None:
        if self.status is MarketStatus.OPEN:
            self.market.suspend(at)
            self.suspensions += 1
            self._changed("suspended", at)

    def _reopen(self, at: int) -> None:
        if self.status is MarketStatus.SUSPENDED:
            self.market.reopen(at)
            self._changed("open", at)

    def _reopen_in_play(self, at: int) -> None:
        if self.in_play or self.status is MarketStatus.CLOSED:
            return
        self.market.turn_in_play(at, self.terms.bet_delay)
        self.material = self.version + 1
        self.market.reopen(at)
        self._changed("in play", at)

    def _go_off(self, at: int) -> None:
        """A market without in-play betting stays suspended from here on."""
        if self.in_play or self.status is MarketStatus.CLOSED:
            return
        self._suspend(at)
        if self.terms.turns_in_play:
            self.agenda.add(at + OFF_TAKES, ReopenInPlay())

    def _close(self, at: int) -> None:
        if self.status is MarketStatus.CLOSED:
            return
        self.market.close(self.terms.result, at)
        self._changed("closed", at)
        self.agenda.add(at + SETTLING_TAKES, Settle())

    def _remove(self, gone: Remove, at: int) -> None:
        """A material event: under a suspension of a moment everything unmatched lapses, save what is kept in play."""
        runner = self._named(gone.selection)
        if self.status is MarketStatus.CLOSED or runner in self.market.removed:
            return
        was_open = self.status is MarketStatus.OPEN
        self._suspend(at)
        self.material = self.version + 1
        self.market.remove(runner, at, factor=gone.factor, places=self.terms.winners)
        for ours in self._live.values():
            if not self.in_play or ours.bet.persistence is Persistence.LAPSE:
                self.market.lapse(ours.bet, Lapse.MARKET_EVENT, at)
        self._changed(f"{gone.selection} removed, {gone.factor} per cent", at)
        self._note_all(at)
        if was_open:
            self._reopen(at)

    def _void(self, selection: str | None, at: int) -> None:
        if self.status is MarketStatus.CLOSED:
            return
        runner = None if selection is None else self._named(selection)
        self.voided.append(runner)
        self.market.void(at, runner=runner)
        self.material = self.version + 1
        self._changed("bets voided", at)
        self._note_all(at)

    def _abandon(self, at: int) -> None:
        if self.status is MarketStatus.CLOSED:
            return
        self.is_void = True
        self.market.abandon(at)
        self._changed("abandoned", at)
        self._note_all(at)
        self.agenda.add(at + SETTLING_TAKES, Settle())

    def _settle_again(self, result: tuple[str, ...], at: int) -> None:
        """Of a market that is not settled yet only the result changes."""
        self.corrected = tuple(map(self._named, result))
        if self.status is MarketStatus.CLOSED and all(ours.settled is not None for ours in self.bets.values()):
            self._changed("settled again", at)
            self.pay(self, at)

    def _named(self, selection: str) -> int:
        return next(runner.id for runner in self.terms.runners if runner.name == selection)

    def _note_all(self, at: int) -> None:
        """What happens to bets that were complete before."""
        for ours in self.bets.values():
            ours.note(self.log, self.terms.ladder, at)

    def _show(self, offers: ShowOffers, at: int) -> None:
        """Scripted offers wait for a suspended market to open."""
        if self.status is MarketStatus.OPEN:
            self.others.show(offers, self._resting(), at)
        elif self.status is not MarketStatus.CLOSED:
            self.agenda.add(at + SECOND, offers)

    def _react(self, counterparty: Counterparty, at: int) -> None:
        """A suspended market makes a counterparty wait."""
        bet = self.bets[counterparty.bet].bet
        if not bet.remaining:
            return
        if self.status is MarketStatus.OPEN:
            self.others.meet(bet, counterparty.size, at)
        else:
            self.agenda.add(at + SECOND, counterparty)

    def _punters_move(self, at: int) -> None:
        if self.others.punters is None or self.status is MarketStatus.CLOSED:
            return
        self.agenda.add(at + self.others.punters.pause(), PuntersMove())
        if self.status is MarketStatus.OPEN:
            played = (at - self.start) / self.terms.lasts if self.in_play else 0.0
            self.others.move(min(max(played, 0.0), 1.0), self._resting(), at)

    def _resting(self) -> list[Bet]:
        return [ours.bet for ours in self._live.values() if ours.bet.remaining]

    def _changed(self, what: str, at: int) -> None:
        self.version += 1
        if self.awake:
            self.log.write("market", at, market=self.terms.id, status=self.status.value, in_play=self.in_play, what=what)

    def _note(self, at: int) -> None:
        for number, ours in list(self._live.items()):
            ours.note(self.log, self.terms.ladder, at)
            if ours.bet.remaining == 0:
                del self._live[number]
