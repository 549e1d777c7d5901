"""What a recording shows of one runner, and what of it our own bets have used.

Ladders are kept as the stream sent them (odds and sizes unread, a size of 0 still there): most lines change levels that nobody
looks at, so reading happens when somebody looks. What we took is remembered per level: a level that shrinks shrinks by what
we took first (in the recording somebody else took it), a level that grows offers the growth. So no displayed size is taken twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from planrunner.matching.bet import Bet
from planrunner.matching.recording import Number, shortest
from planrunner.model.odds import Ladder, Side

# Longer than any queue: behind a queue of unknown length only volume traded at odds beyond ours is certain to reach us.
UNKNOWN_QUEUE = 10**18
UNREACHED = 10**9  # above every tick


class Ticks(dict[Number, int]):
    """From odds as recorded to ticks of the market's ladder, each worked out once."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self._odds: dict[int, Number] = {}

    def odds(self, tick: int) -> Number:
        """The way back: odds as a recording has them."""
        odds = self._odds.get(tick)
        if odds is None:
            odds = self._odds[tick] = shortest(self.ladder.odds(tick))
        return odds

    def __missing__(self, odds: Number) -> int:
        tick = self.ladder.tick(Decimal(odds))
        if tick is None:
            raise ValueError(f"odds {odds} are not on the {self.ladder.name} ladder")
        self[odds] = tick
        return tick


def pence(amount: Number) -> int:
    """Sterling as recorded, in pence. Noise below the penny (`2.3000000000000003`) is rounded away, half to even."""
    if isinstance(amount, int):
        return 100 * amount
    if amount[-3:-2] == ".":
        return int(amount[:-3] + amount[-2:])
    if amount[-2:-1] == ".":
        return 10 * int(amount[:-2] + amount[-1])
    return round(100 * Decimal(amount))


class Place:
    """A bet of ours in the queue at its odds. `ahead` is twice the size that must still trade there before its turn comes.

    Twice, because traded volume counts both sides of a trade. -1: half a penny that reached us is kept for the next time.
    """

    __slots__ = ("_tick", "_towards", "ahead", "bet")

    def __init__(self, bet: Bet, size_ahead: int) -> None:
        self.bet = bet
        self.ahead = 2 * size_ahead
        self._tick = bet.tick
        self._towards = 1 if bet.side is Side.BACK else -1

    def beyond(self, tick: int) -> int:
        """By how many ticks a trade there is better for us than what we asked: 0 is at our odds, negative does not reach us."""
        return (tick - self._tick) * self._towards

    def reached_by(self, volume: int, tick: int) -> int:
        """How much of the bet is matched when `volume` (both sides counted) trades at `tick`."""
        if tick != self._tick:
            return min(self.bet.remaining, max(volume, 0) // 2)  # through us: everybody at our odds came first
        self.ahead -= volume
        if self.ahead > -2:
            return 0
        part = min(self.bet.remaining, -self.ahead // 2)
        self.ahead += 2 * part
        return part


@dataclass(slots=True, eq=False)
class Shown:
    """One runner. `to_back` (atb) is what a backer can take, `to_lay` (atl) what a layer can take.

    `best` holds the level-keyed ladders of recordings without full depth. `peak`: traded volume already counted per tick, where
    the recording has since corrected it downwards or begun afresh. `taken` is by the taker's side and tick.
    """

    to_back: dict[Number, Number] = field(default_factory=dict)
    to_lay: dict[Number, Number] = field(default_factory=dict)
    traded: dict[Number, Number] = field(default_factory=dict)
    best: dict[str, dict[Number, tuple[Number, Number]]] = field(default_factory=dict)
    last_traded: Number | None = None
    total: Number = 0
    taken: dict[tuple[Side, int], int] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    lowest_back: int = UNREACHED
    highest_lay: int = -1
    peak: dict[int, int] = field(default_factory=dict)

    def join(self, place: Place) -> None:
        """A bet of ours waits from now on. The two bounds are never too narrow, and exact once nobody waited."""
        if not self.places:
            self.lowest_back, self.highest_lay = UNREACHED, -1
        bet = place.bet
        self.places[bet.id] = place
        if bet.side is Side.BACK:
            self.lowest_back = min(self.lowest_back, bet.tick)
        else:
            self.highest_lay = max(self.highest_lay, bet.tick)

    def levels(self, side: Side, ticks: Ticks, *, full_depth: bool) -> dict[int, int]:
        """What the recording offers a taker of this side, size by tick."""
        pairs: Iterable[tuple[Number, Number]]
        if full_depth:
            pairs = (self.to_back if side is Side.BACK else self.to_lay).items()
        else:
            letter = "b" if side is Side.BACK else "l"
            pairs = (self.best.get("bat" + letter) or self.best.get("bdat" + letter) or {}).values()
        return {ticks[odds]: pence(size) for odds, size in pairs if size and pence(size) > 0}

    def size_at(self, side: Side, tick: int, ticks: Ticks, *, full_depth: bool) -> int:
        """One of `levels`, without working out the others."""
        if not full_depth:
            return self.levels(side, ticks, full_depth=False).get(tick, 0)
        return pence((self.to_back if side is Side.BACK else self.to_lay).get(ticks.odds(tick), 0))

    def traded_levels(self, ticks: Ticks) -> dict[int, int]:
        return {ticks[odds]: pence(size) for odds, size in self.traded.items() if size and pence(size) > 0}

    def newly_traded(self, levels: Iterable[tuple[Number, Number]], ticks: Ticks) -> list[tuple[int, int]]:
        """Volume by tick, both sides counted, that traded levels not written down yet add to what was counted before.

        Only where it may reach us: most trades don't, and are not looked at.
        """
        news = []
        for odds, size in dict(levels).items():
            tick = ticks[odds]
            if self.highest_lay < tick < self.lowest_back:
                continue
            now, before = pence(size), max(pence(self.traded.get(odds, 0)), self.peak.get(tick, 0))
            if now > before:
                news.append((tick, now - before))
            elif now < before:
                self.peak[tick] = before
        return news

    def clear(self, ticks: Ticks) -> None:
        """Before an image. Traded volume counts as counted: an image repeats it, and what it repeats is not new."""
        for tick, size in self.traded_levels(ticks).items():
            self.peak[tick] = max(size, self.peak.get(tick, 0))
        self.to_back.clear()
        self.to_lay.clear()
        self.traded.clear()
        self.best.clear()
