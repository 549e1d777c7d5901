"""What each bookmaker offers on an outcome at a moment: scripted, or from the world's fair odds and the seed.

An offer stands until the bookmaker looks at it again (`stamp` names the look). What is bet on it is gone until then: the next
level is what is left. Every figure is a pure function of the seed, the outcome and the time, whoever asks and how often.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal

from planrunner.sandbox.board import NEVER
from planrunner.sandbox.bookmakers import Book, Level, Shows
from planrunner.sandbox.clock import to_ms
from planrunner.sandbox.oddspapi_abp.ids import Outcome
from planrunner.sandbox.world import World

LOOKS_EVERY = 20_000
SHORTEST = Decimal("1.01")
CENT = Decimal("0.01")
# Deeper levels: so much of the best odds, with so much of its limit.
DEPTH = ((Decimal(1), Decimal(1)), (Decimal("0.985"), Decimal("0.6")), (Decimal("0.97"), Decimal("1.5")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Best first; `until` is when the bookmaker looks at it again. `drifts`: by the seed, not scripted."""

    stamp: str
    levels: tuple[Level, ...]
    until: int
    drifts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """For a while every bookmaker's odds on an outcome are multiplied; by 0: nothing is offered."""

    outcome: tuple[str, int]
    since: int
    until: int
    odds: Decimal


@dataclass(slots=True, kw_only=True)
class Quotes:
    world: World
    turns: list[Turn] = field(default_factory=list)
    put: dict[tuple[str, str, int], list[tuple[int, Shows]]] = field(default_factory=dict)
    _taken: dict[tuple[str, str, int, str, bool], Decimal] = field(default_factory=dict)

    def shown(self, book: Book, outcome: Outcome, at: int, *, back: bool = True) -> Shown:
        """What is left of the offers. Exhausted levels are gone."""
        shown = self._turned(self._scripted(book, outcome, at, back) or self._derived(book, outcome, at, back), outcome, at)
        taken = self._taken.get((book.slug, *outcome.key, shown.stamp, back), Decimal(0))
        return replace(shown, levels=tuple(_left(shown.levels, taken)))

    def take(self, book: Book, outcome: Outcome, stamp: str, stake: Decimal, *, back: bool = True) -> None:
        """A stake is bet on the offers of a look; a negative one is given back."""
        key = (book.slug, *outcome.key, stamp, back)
        self._taken[key] = self._taken.get(key, Decimal(0)) + stake

    def show(self, book: str, outcome: Outcome, at: int, to_back: tuple[Level, ...], to_lay: tuple[Level, ...] = ()) -> None:
        """From now on a bookmaker offers exactly this."""
        shows = Shows(at=0, event="", market="", selection="", to_back=to_back, to_lay=to_lay)
        self.put.setdefault((book, *outcome.key), []).append((at, shows))

    def _scripted(self, book: Book, outcome: Outcome, at: int, back: bool) -> Shown | None:
        times = sorted(self._times(book, outcome), key=lambda pair: pair[0])
        begun = [pair for pair in times if pair[0] <= at]
        if not begun:
            return None if book.follows else Shown(stamp="none", levels=(), until=min((when for when, _ in times), default=NEVER))
        since, shows = begun[-1]
        until = min((when for when, _ in times if when > at), default=NEVER)
        return Shown(stamp=f"s{since}", levels=shows.to_back if back else shows.to_lay, until=until)

    def _times(self, book: Book, outcome: Outcome) -> Iterator[tuple[int, Shows]]:
        board = outcome.board
        named = (board.terms.fixture.name, board.terms.name, outcome.runner.name)
        for shows in book.shows:
            if (shows.event, shows.market, shows.selection) == named:
                yield (board.start if shows.from_start else to_ms(self.world.begin)) + shows.at, shows
        yield from self.put.get((book.slug, *outcome.key), ())

    def _derived(self, book: Book, outcome: Outcome, at: int, back: bool) -> Shown:
        """Fair odds less a margin, a little off by the bookmaker's own judgement at this look."""
        phase = self._dice(book.slug, outcome, "phase") % LOOKS_EVERY
        look = (at + phase) // LOOKS_EVERY
        shown = Shown(stamp=f"l{look}", levels=(), until=(look + 1) * LOOKS_EVERY - phase, drifts=True)
        if not back and not book.lays:
            return shown
        market = Decimal(self._dice("market", outcome, f"drift {at // (3 * LOOKS_EVERY)}") % 301 - 150) / 10_000
        own = Decimal(self._dice(book.slug, outcome, f"odds {look}") % 161 - 80) / 10_000
        side = 1 - book.margin if back else 1 + book.margin
        best = self._fair(outcome) * (1 + market + own) * side
        limit = book.limit * (60 + self._dice(book.slug, outcome, f"limit {look}") % 81) / 100
        levels = tuple(
            (_odds(best * (depth if back else 2 - depth)), (limit * share).quantize(CENT, ROUND_DOWN)) for depth, share in DEPTH
        )
        return replace(shown, levels=levels)

    def _fair(self, outcome: Outcome) -> Decimal:
        """Where the seeded punters begin; without them the best odds that others offer there; else each has the same chance."""
        board = outcome.board
        if board.others.punters is not None and outcome.runner.id in board.others.punters.fair:
            return board.others.punters.fair[outcome.runner.id]
        offers = board.market.offers(outcome.runner.id)
        if offers.back:
            return board.terms.ladder.odds(offers.back[0][0])
        return Decimal(len(board.terms.runners)) / board.terms.winners

    def _turned(self, shown: Shown, outcome: Outcome, at: int) -> Shown:
        for number, turn in enumerate(self.turns):
            if turn.outcome == outcome.key and turn.since <= at < turn.until:
                levels = tuple((_odds(odds * turn.odds), stake) for odds, stake in shown.levels) if turn.odds else ()
                shown = replace(shown, stamp=f"{shown.stamp} t{number}", levels=levels, until=min(shown.until, turn.until))
        return shown

    def _dice(self, who: str, outcome: Outcome, what: str) -> int:
        return zlib.crc32(f"{self.world.seed} {who} {outcome.board.terms.id} {outcome.runner.id} {what}".encode())


def _odds(odds: Decimal) -> Decimal:
    """Two decimals, three below 2."""
    return max(odds.quantize(Decimal("0.001") if odds < 2 else CENT, ROUND_DOWN), SHORTEST)


def _left(levels: tuple[Level, ...], taken: Decimal) -> Iterator[Level]:
    for odds, stake in levels:
        gone = min(stake, taken)
        taken -= gone
        if stake > gone:
            yield odds, stake - gone
