"""Everybody else in a market: what they offer stands in the same book as our bets and is matched by the same rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import count

from planrunner.matching.bet import Bet, Persistence
from planrunner.matching.market import Market
from planrunner.model.odds import Side

OTHERS = "others"

Quotes = Mapping[int, int]  # size by tick


class Crowd:
    """Offers of the others, kept as bets of one owner. Ids of their bets are negative and never shown."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._ids: Iterator[int] = count(-1, -1)
        self._bets: defaultdict[int, dict[tuple[Side, int], Bet]] = defaultdict(dict)  # by runner, then side and tick

    def show(self, runner: int, to_back: Quotes, to_lay: Quotes, at: int) -> None:
        """Make the offers on a runner exactly these. What a backer can take are lays, and the other way round.

        Old offers go first, on both sides, so that the others never meet themselves when odds move.
        """
        if runner in self._market.removed:
            return
        standing = self._bets[runner]
        for (side, tick), bet in list(standing.items()):
            if (to_back if side is Side.LAY else to_lay).get(tick) != bet.remaining:
                self._leave(standing.pop((side, tick)), at)
        for side, quotes in ((Side.LAY, to_back), (Side.BACK, to_lay)):
            for tick, size in quotes.items():
                if size > 0 and (side, tick) not in standing:
                    self._offer(runner, side, tick, size, at)

    def take(self, runner: int, side: Side, tick: int, size: int, at: int) -> int:
        """A counterparty takes what it can get at once at `tick` or better, and goes; answers the size it got."""
        if runner in self._market.removed:
            return 0
        bet = self._new(runner, side, tick, size, at)
        self._market.place(bet, at)
        self._leave(bet, at)
        return bet.matched

    def add(self, runner: int, side: Side, tick: int, size: int, at: int) -> None:
        """One more offer, on top of what stands there."""
        standing = self._bets[runner].pop((side, tick), None)
        if standing is not None:
            size += standing.remaining
            self._leave(standing, at)
        self._offer(runner, side, tick, size, at)

    def step_aside(self, runner: int, side: Side, crossing: int, at: int) -> dict[int, int]:
        """Withdraw the offers on a side that are at least as good for their taker as `crossing`; answers what stood there."""
        gone: dict[int, int] = {}
        standing = self._bets[runner]
        for own, tick in list(standing):
            if own is side and (tick <= crossing if side is Side.BACK else tick >= crossing):
                bet = standing.pop((own, tick))
                if bet.remaining:
                    gone[tick] = bet.remaining
                self._leave(bet, at)
        return gone

    def _offer(self, runner: int, side: Side, tick: int, size: int, at: int) -> None:
        bet = self._new(runner, side, tick, size, at)
        self._market.place(bet, at)
        self._bets[runner][side, tick] = bet

    def _leave(self, bet: Bet, at: int) -> None:
        if bet.remaining:
            self._market.cancel(bet.id, None, at)
        self._market.forget(bet.id)

    def _new(self, runner: int, side: Side, tick: int, size: int, at: int) -> Bet:
        """Others keep their offers in play: a script says what stands there, not the start."""
        return Bet(
            id=next(self._ids), owner=OTHERS, runner=runner, side=side, tick=tick, size=size, placed_at=at,
            persistence=Persistence.PERSIST,
        )  # fmt: skip
