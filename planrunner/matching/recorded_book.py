"""The book of a recorded market: others act as they did, our bets stand beside theirs and change nothing for them.

1. An incoming bet takes what is shown, best first; what it took is gone for every later bet of ours (see `shown`).
2. A resting bet waits behind the size shown at its odds when it came. Only volume traded at those odds shortens that queue: a
   displayed size that shrinks without trading may have stood behind us.
3. It is matched by half of what the recording adds to the traded volume (which counts both sides of a trade), after the queue
   ahead. Volume traded at odds beyond ours reaches us in full, at our odds: in a real book it would have met us first.
4. Bets of ours share one volume: those it reaches at the best odds for their taker first, at equal odds the earliest first.
   They don't meet each other, so every fill has its counterparty in the recording.

`offers` shows the recording less what we took; our own resting bets are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planrunner.matching.bet import Bet, Fill
from planrunner.matching.book import Offers, Quote
from planrunner.matching.recording import Number
from planrunner.matching.shown import UNKNOWN_QUEUE, Place, Shown, Ticks, pence
from planrunner.model.odds import Ladder, Side

_BEST = ("batb", "batl", "bdatb", "bdatl")


class RecordedBook:
    """`full_depth`: the recording has whole ladders (atb, atl), not only the best few levels."""

    def __init__(self, ladder: Ladder) -> None:
        self.full_depth = False
        self.ticks = Ticks(ladder)
        self._shown: dict[Number, Shown] = {}

    # The recording's side

    def apply(self, changes: Sequence[dict[str, Any]], at: int, *, is_open: bool) -> None:
        """Take over what a line says of the runners. Traded volume reaches us while the market is open only."""
        shown_of = self._shown
        for change in changes:
            shown = shown_of.get(change["id"]) or self._of(int(change["id"]))
            if not shown.places and not shown.taken:
                self._write(shown, change)
                continue
            news = shown.newly_traded(change["trd"], self.ticks) if "trd" in change and shown.places else ()
            if shown.taken:
                before = self._levels_taken_from(shown)
                self._write(shown, change)
                self._compare(shown, before)
            else:
                self._write(shown, change)
            if is_open:
                for tick, volume in news:
                    self._reach(shown, tick, volume, at)

    def apply_image(self, changes: Sequence[dict[str, Any]], at: int, *, is_open: bool) -> None:
        """Take over a fresh picture of all runners in place of everything shown before."""
        before = [(shown, self._levels_taken_from(shown)) for shown in self._shown.values()]
        for shown in self._shown.values():
            shown.clear(self.ticks)
        self.apply(changes, at, is_open=is_open)
        for shown, levels in before:
            self._compare(shown, levels)

    def check(self) -> None:
        """Raises ValueError where odds of the recording are not on the ladder."""
        for shown in self._shown.values():
            if shown.last_traded is not None:
                self.ticks[shown.last_traded]
            for side in Side:
                shown.levels(side, self.ticks, full_depth=self.full_depth)
            shown.traded_levels(self.ticks)

    @property
    def shows_trades(self) -> bool:
        return any(shown.traded for shown in self._shown.values())

    # The market's side

    def reachable(self, runner: int, side: Side) -> Iterator[Quote]:
        shown = self._of(runner)
        levels = shown.levels(side, self.ticks, full_depth=self.full_depth)
        for tick in sorted(levels, reverse=side is Side.BACK):
            size = levels[tick] - shown.taken.get((side, tick), 0)
            if size > 0:
                yield tick, size

    def take(self, bet: Bet, size: int, at: int) -> None:
        taken = self._of(bet.runner).taken
        for tick, offered in list(self.reachable(bet.runner, bet.side)):
            part = min(size, offered)
            bet.fill(Fill(tick=tick, size=part, at=at, taking=True))
            taken[bet.side, tick] = taken.get((bet.side, tick), 0) + part
            size -= part
            if not size:
                return

    def rest(self, bet: Bet) -> None:
        shown = self._of(bet.runner)
        shown.join(Place(bet, self._ahead(shown, bet)))

    def shrink(self, bet: Bet, by: int) -> None:  # noqa: ARG002 - a place knows its bet, and that is enough
        if not bet.remaining:
            self._of(bet.runner).places.pop(bet.id, None)

    def resting(self) -> Sequence[Bet]:
        return [place.bet for shown in self._shown.values() for place in shown.places.values()]

    def offers(self, runner: int) -> Offers:
        shown = self._of(runner)
        last = shown.last_traded
        return Offers(
            back=tuple(self.reachable(runner, Side.BACK)),
            lay=tuple(self.reachable(runner, Side.LAY)),
            traded=tuple(sorted(shown.traded_levels(self.ticks).items())),
            last_traded=None if last is None else self.ticks[last],
            total_matched=pence(shown.total),
        )

    # How it is done

    def _of(self, runner: int) -> Shown:
        shown = self._shown.get(runner)
        if shown is None:
            shown = self._shown[runner] = Shown()
        return shown

    def _write(self, shown: Shown, change: Mapping[str, Any]) -> None:
        if "atb" in change:
            shown.to_back.update(change["atb"])
        if "atl" in change:
            shown.to_lay.update(change["atl"])
        if "trd" in change:
            shown.traded.update(change["trd"])
        if "tv" in change:
            shown.total = change["tv"]
        if "ltp" in change:
            shown.last_traded = change["ltp"]
        if not self.full_depth:
            self._write_best(shown, change)

    def _write_best(self, shown: Shown, change: Mapping[str, Any]) -> None:
        """Level by level, as long as nothing better is recorded."""
        self.full_depth = bool(shown.to_back or shown.to_lay)
        for key in _BEST:
            if key in change:
                shown.best.setdefault(key, {}).update((level, (odds, size)) for level, odds, size in change[key])

    def _levels_taken_from(self, shown: Shown) -> dict[tuple[Side, int], int]:
        return {(side, tick): shown.size_at(side, tick, self.ticks, full_depth=self.full_depth) for side, tick in shown.taken}

    def _compare(self, shown: Shown, before: Mapping[tuple[Side, int], int]) -> None:
        """What we took of a level is gone with it: a level that shrank shrank by that first."""
        now = self._levels_taken_from(shown)
        for key, size in before.items():
            taken = shown.taken.pop(key, 0) - max(size - now.get(key, 0), 0)
            if taken > 0:
                shown.taken[key] = taken

    def _reach(self, shown: Shown, tick: int, volume: int, at: int) -> None:
        """Share out what was traded at a tick, in the order of rule 4."""
        reached = [place for place in shown.places.values() if place.beyond(tick) >= 0]
        if len(reached) > 1:
            reached.sort(key=lambda place: -place.beyond(tick))
        for place in reached:
            part = place.reached_by(volume, tick)
            if part:
                place.bet.fill(Fill(tick=place.bet.tick, size=part, at=at, taking=False))
                volume -= 2 * part
                if not place.bet.remaining:
                    del shown.places[place.bet.id]

    def _ahead(self, shown: Shown, bet: Bet) -> int:
        """The size shown at the bet's odds on its own side. Behind the last of a few best levels nobody knows it."""
        own = bet.side.other
        if self.full_depth:
            return shown.size_at(own, bet.tick, self.ticks, full_depth=True)
        levels = shown.levels(own, self.ticks, full_depth=False)
        hidden = levels and (bet.tick > max(levels) if bet.side is Side.BACK else bet.tick < min(levels))
        return UNKNOWN_QUEUE if hidden else levels.get(bet.tick, 0)
