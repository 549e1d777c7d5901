"""A recorded market, played line by line as time goes on: what others did is fixed, our bets are matched beside it.

    with open(path, "rb") as file:
        recorded = RecordedMarket(read_lines(file), ladders)
        recorded.advance(to_ms)                     # every line up to then, and every held bet that is due
        recorded.market.accept(bet, to_ms)          # the same market as any other

Opening reads up to the first definition of the market. `survey` plays a whole recording without bets, to learn what it holds and
to refuse, before a run begins, a file that is broken, cut off or of a kind that is not played.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from planrunner.matching.definition import Catalogue, Definition, NotPlayed, read_catalogue, read_definition
from planrunner.matching.market import Market
from planrunner.matching.recorded_book import RecordedBook
from planrunner.matching.recording import BadRecording, Message, Number, Reader, read_lines
from planrunner.matching.reduction import NO_FACTOR
from planrunner.matching.shown import pence
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Ladder

__all__ = [
    "BadRecording", "Catalogue", "Definition", "NotPlayed", "RecordedMarket", "Survey",
    "read_catalogue", "read_lines", "survey",
]  # fmt: skip

_END_OF_TIME = 2**63
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)  # what a line of the wrong shape leads to


class RecordedMarket:
    """`now` is the time of the line played last (0: none), `finished` says that no line is left.

    `definition` is the market as last described, `market` where bets go. Raises BadRecording and NotPlayed.
    """

    def __init__(self, lines: Iterable[bytes], ladders: Mapping[str, Ladder], catalogue: Catalogue | None = None) -> None:
        self._reader = Reader(lines)
        self._catalogue = catalogue
        messages = self._reader.messages()
        first, raw = self._first_definition(messages)
        self.definition = self._read(raw)
        self.begins = first[0][0]
        ladder = ladders.get(self.definition.ladder)
        if ladder is None:
            raise NotPlayed(f"markets with odds of the {self.definition.ladder} ladder are not supported yet")
        self.book = RecordedBook(ladder)
        self.market = self._open_market(ladder)
        self.turned_in_play_at: int | None = None
        self.caveats: list[str] = []
        self.now = 0
        self._total: Number = 0
        self._messages = chain(first, messages)
        self._next = next(self._messages, None)

    @property
    def finished(self) -> bool:
        return self._next is None

    @property
    def total_matched(self) -> int:
        """Of the whole market in minor units, both sides counted, as the recording says."""
        return pence(self._total)

    @property
    def lines_read(self) -> int:
        return self._reader.line

    def advance(self, to: int) -> None:
        """Play everything up to and including `to`: lines, and held bets in their turn (after the lines of that time)."""
        while (due := self.market.next_due) is not None and due <= to:
            self._play(due)
            self.market.play(due)
        self._play(to)

    def _play(self, to: int) -> None:
        market, book, messages, pending = self.market, self.book, self._messages, self._next
        self._reader.skip_best_offers = book.full_depth
        try:
            while pending is not None and pending[0] <= to:
                self.now, changes = pending
                for change in changes:
                    if "marketDefinition" in change or "img" in change:
                        self._redefine(change, self.now)
                        continue
                    if "tv" in change:
                        self._total = change["tv"]
                    if "rc" in change:
                        book.apply(change["rc"], self.now, is_open=market.status is MarketStatus.OPEN)
                pending = next(messages, None)
        except _BROKEN as error:
            raise BadRecording(self._reader.line, f"does not make sense ({error})") from error
        self._next = pending

    def _redefine(self, change: Mapping[str, Any], at: int) -> None:
        """The definition comes first: volume in a line that suspends or reopens the market reaches nobody."""
        was_open = self.market.status is MarketStatus.OPEN
        if "marketDefinition" in change:
            self.definition = self._read(change["marketDefinition"])
            self._follow(self.definition, at)
        self._total = change.get("tv", self._total)
        apply = self.book.apply_image if change.get("img") else self.book.apply
        apply(change.get("rc", ()), at, is_open=was_open and self.market.status is MarketStatus.OPEN)
        self._reader.skip_best_offers = self.book.full_depth

    def _follow(self, new: Definition, at: int) -> None:
        market = self.market
        if market.status is MarketStatus.CLOSED:
            return  # a result that is corrected later came too late for those who were settled
        market.runners = tuple(runner.id for runner in new.runners)
        if new.in_play and not market.in_play:
            self.turned_in_play_at = at
            market.turn_in_play(at, new.bet_delay_ms)
        market.bet_delay_ms = new.bet_delay_ms
        for runner in sorted(new.removed - market.removed):
            self._remove(runner, at)
        if new.status is not market.status:
            self._turn(new, at)
        market.version = new.version

    def _turn(self, new: Definition, at: int) -> None:
        if new.status is MarketStatus.OPEN:
            self.market.reopen(at)
        elif new.status is MarketStatus.CLOSED:
            self.market.close(_result(new), at)
        else:
            self.market.suspend(at)

    def _remove(self, runner: int, at: int) -> None:
        factors = [one.factor for one in self.definition.runners if one.id == runner and one.factor is not None]
        if not factors and any(bet.matched and bet.runner != runner for bet in self.market.bets.values()):
            self.caveats.append(f"runner {runner} was removed at {at}; the odds of bets on the others were not reduced")
        places = self.definition.winners_wanted or 1
        self.market.remove(runner, at, factor=factors[0] if factors else NO_FACTOR, places=places)

    def _first_definition(self, messages: Iterable[Message]) -> tuple[list[Message], Any]:
        """The messages up to the first definition, and that definition."""
        read: list[Message] = []
        for message in messages:
            read.append(message)
            for change in message[1]:
                if "marketDefinition" in change:
                    return read, change["marketDefinition"]
        raise BadRecording(None, "the recording never says what market it is (no marketDefinition)")

    def _read(self, raw: Any) -> Definition:
        assert self._reader.market is not None  # known with the first message
        try:
            return read_definition(self._reader.market, raw, self._catalogue)
        except _BROKEN as error:
            raise BadRecording(self._reader.line, f"has a market definition that does not make sense ({error!r})") from error

    def _open_market(self, ladder: Ladder) -> Market:
        runners = [runner.id for runner in self.definition.runners]
        market = Market(ladder=ladder, runners=runners, book=self.book, status=MarketStatus.INACTIVE)
        market.in_play = self.definition.in_play
        return market


def _result(definition: Definition) -> frozenset[int]:
    winners, wanted = definition.winners, definition.winners_wanted
    if not winners:
        raise NotPlayed("the recording closes without a winner; void markets are not supported yet")
    if len(winners) > wanted > 1:  # with one winner all share the place
        text = f"the recording ends in a dead heat ({len(winners)} winners for {wanted}), and does not say who shares a place"
        raise NotPlayed(text)
    return winners


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a recording holds. `closed`: it goes on to the result. Without `shows_trades` nothing that rests is ever matched."""

    market: str
    lines: int
    begins: int
    ends: int
    first: Definition
    last: Definition
    turned_in_play_at: int | None
    closed: bool
    full_depth: bool
    shows_trades: bool


def survey(lines: Iterable[bytes], ladders: Mapping[str, Ladder], catalogue: Catalogue | None = None) -> Survey:
    """Play a recording from end to end without bets. Raises BadRecording, NotPlayed."""
    recorded = RecordedMarket(lines, ladders, catalogue)
    first = recorded.definition
    recorded.advance(_END_OF_TIME)
    try:
        recorded.book.check()
    except ValueError as error:
        raise BadRecording(None, f"the recording does not fit its market ({error})") from error
    return Survey(
        market=first.market,
        lines=recorded.lines_read,
        begins=recorded.begins,
        ends=recorded.now,
        first=first,
        last=recorded.definition,
        turned_in_play_at=recorded.turned_in_play_at,
        closed=recorded.market.status is MarketStatus.CLOSED,
        full_depth=recorded.book.full_depth,
        shows_trades=recorded.book.shows_trades,
    )
