"""What the others of a market do: show scripted offers, quote and drift by the seed, make way for our bets, or meet them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from planrunner.matching.bet import Bet
from planrunner.matching.market import Market
from planrunner.model.odds import Side
from planrunner.sandbox.crowd import Crowd
from planrunner.sandbox.punters import Punters, Room
from planrunner.sandbox.reactions import Counterparty, Reactions
from planrunner.sandbox.scenario import Offer, ShowOffers
from planrunner.sandbox.terms import Terms

OPEN_ROOM = Room()


@dataclass(slots=True, kw_only=True)
class Others:
    """`take_ours`: whether drifting odds and takers may meet our bets; if not, only reactions do.

    `ours` are always our bets that may still be matched.
    """

    terms: Terms
    market: Market
    reactions: Reactions
    punters: Punters | None = None
    take_ours: bool = True
    crowd: Crowd = field(init=False)

    def __post_init__(self) -> None:
        self.crowd = Crowd(self.market)

    def show(self, offers: ShowOffers, ours: Iterable[Bet], at: int) -> None:
        runner = next(runner.id for runner in self.terms.runners if runner.name == offers.selection)
        room = self._rooms(ours).get(runner, OPEN_ROOM)
        to_back, to_lay = (self._by_tick(side) for side in (offers.to_back, offers.to_lay))
        below, above = room.to_back_below, room.to_lay_above
        self.crowd.show(
            runner,
            {tick: size for tick, size in to_back.items() if below is None or tick < below},
            {tick: size for tick, size in to_lay.items() if above is None or tick > above},
            at,
        )

    def move(self, played: float, ours: Iterable[Bet], at: int) -> None:
        """Seeded punters look at their quotes again, and one of them may take something. `played` is 0 to 1 of the contest."""
        assert self.punters is not None  # nobody else moves
        self.punters.drift(self.terms.result, played)
        rooms = self._rooms(ours)
        for runner, quote in self.punters.quotes(rooms).items():
            self.crowd.show(runner, quote.to_back, quote.to_lay, at)
        taker = self.punters.taker()
        if taker is not None and taker.runner not in rooms:
            self._take_best(taker.runner, taker.side, taker.size, at)

    def make_way(self, bet: Bet, at: int) -> dict[int, int]:
        """In the moment before a bet is matched; answers those of its own side that let it pass, to `come_back` after it.

        Without them out of the way an offer at the bet's odds would be theirs.
        """
        offered = self.reactions.on_arrival(bet, self._name(bet), self.terms.ladder.odds(bet.tick))
        if offered:
            aside = self.crowd.step_aside(bet.runner, bet.side, bet.tick, at)
            self.crowd.add(bet.runner, bet.side.other, bet.tick, offered, at)
            return aside
        if not self.take_ours:
            self.crowd.step_aside(bet.runner, bet.side.other, bet.tick, at)
        return {}

    def come_back(self, bet: Bet, aside: dict[int, int], at: int) -> None:
        for tick, size in aside.items():
            self.crowd.add(bet.runner, bet.side, tick, size, at)

    def react(self, bet: Bet, on_side: Sequence[Bet]) -> Counterparty | None:
        """Who is going to meet a bet that was placed; `on_side` are all our bets ever on its selection and side."""
        return self.reactions.on_rest(bet, self._name(bet), self.terms.ladder.odds(bet.tick), on_side)

    def meet(self, bet: Bet, size: int, at: int) -> None:
        """Others ahead of our bet let it pass for a moment, so that it is ours that is met."""
        ahead = self.crowd.step_aside(bet.runner, bet.side, bet.tick, at)
        self.crowd.take(bet.runner, bet.side.other, bet.tick, min(size, bet.remaining), at)
        self.come_back(bet, ahead, at)

    def _by_tick(self, offers: tuple[Offer, ...]) -> dict[int, int]:
        return {tick: size for odds, size in offers if (tick := self.terms.ladder.tick(Decimal(odds))) is not None}

    def _take_best(self, runner: int, side: Side, size: int, at: int) -> None:
        offers = self.market.offers(runner)
        best = offers.back if side is Side.BACK else offers.lay
        if best:
            self.crowd.take(runner, side, best[0][0], size, at)

    def _rooms(self, ours: Iterable[Bet]) -> dict[int, Room]:
        """Clear of the lowest of our backs and the highest of our lays on a selection."""
        if self.take_ours:
            return {}
        ticks: dict[int, tuple[list[int], list[int]]] = {}
        for bet in ours:
            backs, lays = ticks.setdefault(bet.runner, ([], []))
            (backs if bet.side is Side.BACK else lays).append(bet.tick)
        return {
            runner: Room(to_back_below=min(backs, default=None), to_lay_above=max(lays, default=None))
            for runner, (backs, lays) in ticks.items()
        }

    def _name(self, bet: Bet) -> str:
        listed = self.terms.runner(bet.runner)
        assert listed is not None  # checked before
        return listed.name
