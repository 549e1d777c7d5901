"""The world of a sandbox: markets with everything that will happen in them, our account, our bets, and one clock's time.

It advances lazily: whoever looks first says how late it is, and everything due until then is played in order. Markets don't
touch each other, so one that nobody looks at and that holds no bet of ours is played when it is first looked at.
Everything not scripted comes from the seed; the same seed and the same requests give the same log, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Protocol

from planrunner.matching.bet import Bet
from planrunner.sandbox.bets import Ask, OurBet, pounds
from planrunner.sandbox.board import NEVER, Board
from planrunner.sandbox.bookmakers import Bookmaking
from planrunner.sandbox.clock import from_ms, to_ms
from planrunner.sandbox.funds import Funds, exposure
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.pools import Pools
from planrunner.sandbox.scenario import AccountTerms
from planrunner.sandbox.settling import settle
from planrunner.sandbox.terms import Fixture

FIRST_BET = 300_000_000_001


class Beside(Protocol):
    """Another venue on the same contests. It keeps its own orders and bets, and is played together with the markets."""

    def next_at(self) -> int: ...

    def play_next(self) -> None: ...

    def saw(self, board: Board, at: int) -> None:
        """Something happened in a market that is awake."""


@dataclass(slots=True, kw_only=True)
class World:
    """Built by `building.build`. `begin` is where its clock starts; `account` says who may come in and with how much."""

    begin: datetime
    seed: int
    log: VenueLog
    account: AccountTerms
    pools: Pools | None = None
    now: int = 0
    fixtures: dict[str, Fixture] = field(default_factory=dict)
    boards: dict[str, Board] = field(default_factory=dict)
    bets: dict[int, OurBet] = field(default_factory=dict)
    funds: dict[str, Funds] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_BET))
    bookmakers: Bookmaking | None = None
    beside: dict[str, Beside] = field(default_factory=dict)
    _awake: dict[str, Board] = field(default_factory=dict)

    def advance(self, to: datetime) -> int:
        """Play everything that concerns us and is due; answers the time in milliseconds. A clock set back changes nothing."""
        until = max(to_ms(to), self.now)
        while (due := min(self._players(), key=_next_at, default=None)) is not None and due.next_at() <= until:
            due.play_next()
            if isinstance(due, Board):
                self.noticed(due)
                if not due.awake:
                    self._awake.pop(due.terms.id, None)
        self.now = until
        return until

    def next_at(self) -> int:
        """When something that concerns us happens next; for ever when nothing is left to happen."""
        return min(map(_next_at, self._players()), default=NEVER)

    def wake(self, board: Board) -> None:
        """From now on what happens in a market concerns us: another venue has bets on it."""
        board.awake = True
        self._awake[board.terms.id] = board

    def noticed(self, board: Board) -> None:
        """Whatever else is played beside the markets hears what happened in one."""
        for venue in self.beside.values():
            venue.saw(board, board.now)

    def board(self, market: str) -> Board | None:
        """A market as it is now."""
        board = self.boards.get(market)
        if board is not None:
            board.advance(self.now)
        return board

    def place(self, board: Board, ask: Ask) -> OurBet:
        """Take a checked and paid-for order in an open market; with a bet delay it lands later."""
        self._awake[board.terms.id] = board
        return board.place(ask, self.now)

    def place_lapsed(self, board: Board, ask: Ask) -> OurBet:
        """A bet that lapses in the moment it is made."""
        self._awake[board.terms.id] = board
        return board.place_lapsed(ask, self.now)

    def place_later(self, board: Board, ask: Ask, after: int) -> None:
        """An order that got stuck on its way and arrives so many milliseconds from now."""
        self._awake[board.terms.id] = board
        board.expect(ask, self.now + after)

    def cancel(self, ours: OurBet, size: int | None) -> int:
        return self.boards[ours.market].cancel(ours, size, self.now)

    def funds_of(self, owner: str) -> Funds:
        if owner not in self.funds:
            self.funds[owner] = Funds(balance=self.account.balance)
        return self.funds[owner]

    def exposure(self, owner: str, board: Board | None = None, asks: Sequence[Ask] = ()) -> int:
        """The most the owner's open bets can lose, never above 0; with `asks` in `board` as if they rested there already."""
        boards = {**self._awake, **({board.terms.id: board} if board else {})}
        return sum(exposure(one.terms, self._open(one, owner, asks if one is board else ())) for one in boards.values())

    def available(self, owner: str, board: Board | None = None, asks: Sequence[Ask] = ()) -> int:
        """What the owner can still bet with."""
        return self.funds_of(owner).balance + self.exposure(owner, board, asks)

    def _open(self, board: Board, owner: str, asks: Sequence[Ask]) -> list[Bet]:
        ours = [ours.bet for ours in board.bets.values() if ours.bet.owner == owner and ours.settled is None]
        return ours + [board.bet(one, 0, self.now) for one in asks]

    def bets_of(self, owner: str) -> Iterator[OurBet]:
        """In the order they were placed."""
        return (ours for ours in self.bets.values() if ours.bet.owner == owner)

    def add(self, board: Board) -> None:
        self.fixtures.setdefault(board.terms.fixture.id, board.terms.fixture)
        self.boards[board.terms.id] = board

    def pay(self, board: Board, at: int) -> None:
        """Settle the bets of a closed market, perhaps once more, and charge commission on each owner's net winnings."""
        for owner in dict.fromkeys(ours.bet.owner for ours in board.bets.values()):
            ours = [one for one in board.bets.values() if one.bet.owner == owner]
            profit, charged = settle(board, ours, at)
            self.funds_of(owner).settle(board.terms.id, profit, charged, at)
            for bet in ours:
                if bet.settled is not None and bet.settled.outcome is not None:
                    told = {"outcome": bet.settled.outcome.value, "profit": pounds(bet.settled.profit)}
                    self.log.write("settled", at, bet=str(bet.bet.id), **told)
            self.log.write("commission", at, market=board.terms.id, owner=owner, commission=pounds(charged))

    def _players(self) -> list[Board | Beside]:
        return [*self._awake.values(), *self.beside.values()]

    @property
    def time(self) -> datetime:
        return from_ms(self.now)


def _next_at(player: Board | Beside) -> int:
    return player.next_at()
