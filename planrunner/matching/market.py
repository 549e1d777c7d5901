"""One exchange market: whether bets are taken, what happens to them when it is suspended, turns in-play and closes.

A bet enters through `accept`. Without a bet delay it is placed at once. With one it is held, outside the book and unseen, until
it is due: `accept` answers when that is, and `play` places every held bet whose time has come. A suspension during the hold
lapses the bet, even when the market opens again before it is due. Whoever runs the market calls `play(until)` before anything
else that happens at `until`, so that held bets land in their turn. `place` knows no delay (the other punters of a scenario).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from heapq import heappop, heappush

from planrunner.matching.bet import Bet, Lapse, Persistence
from planrunner.matching.book import Book, Offers
from planrunner.matching.reach import takeable
from planrunner.matching.reduction import NO_FACTOR, reduced, reduces
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Ladder


class NotOpen(Exception):
    """Bets are taken while a market is open only."""

    def __init__(self, status: MarketStatus) -> None:
        super().__init__(f"the market is {status}")
        self.status = status


class NoSuchBet(Exception):
    """The market holds no bet of this id."""


class Market:
    """Times never go back: every call's `at` is at or after the last one's.

    `bets` holds every bet ever accepted, by id, until `forget`. `version` rises with every change of the market itself.
    """

    def __init__(
        self,
        *,
        ladder: Ladder,
        runners: Sequence[int],
        bet_delay_ms: int = 0,
        book: Book,
        status: MarketStatus = MarketStatus.OPEN,
    ) -> None:
        self.ladder = ladder
        self.runners = tuple(runners)
        self.bet_delay_ms = bet_delay_ms
        self.status = status
        self.in_play = False
        self.winners: frozenset[int] = frozenset()
        self.removed: set[int] = set()
        self.version = 1
        self.bets: dict[int, Bet] = {}
        self._book = book
        self._held: list[tuple[int, int, Bet]] = []  # a heap: due, order of arrival, bet
        self._arrivals = 0

    # Bets

    def accept(self, bet: Bet, at: int) -> int:
        """Take the bet in; answers when it is (or was) placed. Raises NotOpen."""
        if not self.bet_delay_ms:
            self.place(bet, at)
            return at
        self._admit(bet)
        self._arrivals += 1
        due = at + self.bet_delay_ms
        heappush(self._held, (due, self._arrivals, bet))
        return due

    def place(self, bet: Bet, at: int) -> None:
        """Match what can be matched now and let the rest wait, or kill it. Raises NotOpen."""
        self._admit(bet)
        self._enter(bet, at)

    def play(self, until: int) -> None:
        """Place every held bet that is due by then, each at its own time."""
        while self._held and self._held[0][0] <= until:
            due, _, bet = heappop(self._held)
            if bet.remaining:
                self._enter(bet, due)

    @property
    def next_due(self) -> int | None:
        """When the next held bet is to be placed."""
        return self._held[0][0] if self._held else None

    def is_held(self, bet_id: int) -> bool:
        return any(bet.id == bet_id for _, _, bet in self._held)

    def cancel(self, bet_id: int, size: int | None, at: int) -> int:
        """Take back `size` (None: everything) of what remains; answers the size taken back. Raises NoSuchBet.

        Allowed in every status: whether a venue cancels while suspended is the venue's rule. A held bet is not in the book yet
        and can't be cancelled: 0.
        """
        bet = self.bets.get(bet_id)
        if bet is None:
            raise NoSuchBet(bet_id)
        if not bet.remaining or (self._held and self.is_held(bet_id)):
            return 0
        gone = bet.take_back(bet.remaining if size is None else size, at)
        self._book.shrink(bet, gone)
        return gone

    def forget(self, bet_id: int) -> None:
        """Drop a bet that is complete and will not be asked for again, as those of the other punters."""
        bet = self.bets.pop(bet_id)
        assert not bet.remaining, "a bet that is alive can't be forgotten"

    def offers(self, runner: int) -> Offers:
        return self._book.offers(runner)

    # The market's life

    def suspend(self, at: int) -> None:
        """No bets for now. What waits stays, what is held lapses."""
        self._change(MarketStatus.SUSPENDED)
        self._lapse_held(Lapse.SUSPENDED, at)

    def reopen(self, at: int) -> None:  # noqa: ARG002 - every happening has its time, as the others
        self._change(MarketStatus.OPEN)

    def turn_in_play(self, at: int, bet_delay_ms: int) -> None:
        """The contest is on: remainders that were not to be kept lapse, new bets are held for the delay."""
        self.in_play = True
        self.bet_delay_ms = bet_delay_ms
        self.version += 1
        for bet in self._book.resting():
            if bet.persistence is Persistence.LAPSE:
                self._lapse(bet, Lapse.TURNED_IN_PLAY, at)

    def remove(self, runner: int, at: int, *, factor: Decimal = NO_FACTOR, places: int = 1) -> None:
        """A non-runner: what was matched on it is void, what was not lapses; the odds matched on the others are reduced."""
        self.removed.add(runner)
        self.version += 1
        for bet in self.bets.values():
            if bet.runner == runner:
                self.lapse(bet, Lapse.REMOVED, at)
                bet.void(at)
            elif reduces(factor, places=places):
                bet.reduce(lambda odds: reduced(odds, factor, places=places), self.ladder, at)

    def lapse(self, bet: Bet, why: Lapse, at: int) -> None:
        """What remains of one bet is over, wherever it waits."""
        if bet.remaining and not self.is_held(bet.id):
            self._lapse(bet, why, at)
        bet.let_lapse(why, at)

    def void(self, at: int, *, runner: int | None = None) -> None:
        """What was matched so far, in all of the market or on one runner, never counted. What is unmatched stays."""
        for bet in self.bets.values():
            if runner in (None, bet.runner):
                bet.void(at)

    def abandon(self, at: int) -> None:
        """The contest does not take place: everything is void, and nobody has won."""
        self.close((), at)
        self.void(at)

    def close(self, winners: Collection[int], at: int) -> None:
        """The result is known. Whatever remains lapses; `settlement` says what each bet won."""
        self._change(MarketStatus.CLOSED)
        self.winners = frozenset(winners)
        self._lapse_held(Lapse.CLOSED, at)
        for bet in self._book.resting():
            self._lapse(bet, Lapse.CLOSED, at)

    # How it is done

    def _admit(self, bet: Bet) -> None:
        if self.status is not MarketStatus.OPEN:
            raise NotOpen(self.status)
        assert bet.runner in self.runners, "the server checks the runner"
        assert bet.runner not in self.removed, "the server refuses bets on a removed runner"
        assert bet.size > 0, "the server checks the size"
        assert 0 <= bet.tick < self.ladder.ticks, "the server checks the odds"
        assert bet.id not in self.bets, "ids are unique"
        self.bets[bet.id] = bet

    def _enter(self, bet: Bet, at: int) -> None:
        size = takeable(bet, self._book.reachable(bet.runner, bet.side), self.ladder)
        if size:
            self._book.take(bet, size, at)
        if not bet.remaining:
            return
        if bet.fill_or_kill:
            bet.take_back(bet.remaining, at)
        else:
            self._book.rest(bet)

    def _lapse(self, bet: Bet, why: Lapse, at: int) -> None:
        gone = bet.remaining
        bet.let_lapse(why, at)
        self._book.shrink(bet, gone)

    def _lapse_held(self, why: Lapse, at: int) -> None:
        for _, _, bet in self._held:
            bet.let_lapse(why, at)
        self._held.clear()

    def _change(self, status: MarketStatus) -> None:
        assert self.status is not MarketStatus.CLOSED, "a closed market changes no more"
        self.status = status
        self.version += 1
