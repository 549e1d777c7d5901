"""Laws of the limit order book and the market around it, whatever comes in whatever order."""

from collections import Counter
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from planrunner.matching.bet import Bet, Persistence
from planrunner.matching.settlement import backers_profit, settle, shares
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side
from tests.matching.support import LADDER, T, conserved, open_market

SIDES = st.sampled_from(Side)
TICKS = st.integers(100, 105)


class AnyMarket(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.market = open_market()
        self.now = T

    def new(self, runner, side, tick, size, **given):
        number = len(self.market.bets) + 1
        owner = f"owner {number % 2}"
        return Bet(id=number, owner=owner, runner=runner, side=side, tick=tick, size=size, placed_at=self.now, **given)

    @precondition(lambda self: self.market.status is MarketStatus.OPEN)
    @rule(runner=st.sampled_from([11, 22]), side=SIDES, tick=TICKS, size=st.integers(1, 50), keep=st.sampled_from(Persistence))
    def place_a_limit_order(self, runner, side, tick, size, keep):
        self.market.accept(self.new(runner, side, tick, size, persistence=keep), self.now)

    @precondition(lambda self: self.market.status is MarketStatus.OPEN)
    @rule(side=SIDES, tick=TICKS, size=st.integers(1, 50), min_fill=st.none() | st.integers(1, 20))
    def place_fill_or_kill(self, side, tick, size, min_fill):
        least = None if min_fill is None else min(min_fill, size)
        one = self.new(11, side, tick, size, fill_or_kill=True, min_fill=least)
        self.market.accept(one, self.now)
        if not self.market.is_held(one.id):
            assert one.matched == 0 or one.matched >= (least or size)
            assert one.remaining == 0

    @precondition(lambda self: self.market.bets)
    @rule(data=st.data(), size=st.none() | st.integers(1, 60))
    def cancel(self, data, size):
        one = self.market.bets[data.draw(st.integers(1, len(self.market.bets)))]
        before = one.remaining
        gone = self.market.cancel(one.id, size, self.now)
        assert one.remaining == before - gone

    @rule(passing=st.integers(0, 8))
    def time_passes(self, passing):
        self.now += passing
        self.market.play(self.now)

    @precondition(lambda self: self.market.status is MarketStatus.OPEN)
    @rule()
    def suspend(self):
        self.market.suspend(self.now)

    @precondition(lambda self: self.market.status is MarketStatus.SUSPENDED)
    @rule(turn=st.booleans())
    def reopen(self, turn):
        if turn and not self.market.in_play:
            self.market.turn_in_play(self.now, 5)
            assert all(one.persistence is Persistence.PERSIST or not one.remaining for one in self.market.bets.values())
        self.market.reopen(self.now)

    @invariant()
    def sizes_add_up(self):
        assert all(conserved(one) for one in self.market.bets.values())

    @invariant()
    def every_fill_has_its_mirror(self):
        """So the sum of matched backs is the sum of matched lays, at every tick, in every trade."""
        sides = {Side.BACK: Counter(), Side.LAY: Counter()}
        for one in self.market.bets.values():
            for fill in one.fills:
                pair = (one.id, fill.against) if one.side is Side.BACK else (fill.against, one.id)
                sides[one.side][pair, one.runner, fill.tick, fill.size, fill.at] += 1
        assert sides[Side.BACK] == sides[Side.LAY]

    @invariant()
    def limits_hold_and_nothing_crosses(self):
        for one in self.market.bets.values():
            if not one.fill_or_kill:
                assert all(fill.tick >= one.tick if one.side is Side.BACK else fill.tick <= one.tick for fill in one.fills)
        for runner in (11, 22):
            offers = self.market.offers(runner)
            assert not offers.back or not offers.lay or offers.back[0][0] < offers.lay[0][0]

    @invariant()
    def fill_or_kill_holds_on_average(self):
        for one in self.market.bets.values():
            if one.fill_or_kill and one.fills:
                average, limit = one.average_odds(LADDER), LADDER.odds(one.tick)
                assert average >= limit if one.side is Side.BACK else average <= limit

    @invariant()
    def offers_show_exactly_what_rests(self):
        for runner in (11, 22):
            shown = self.market.offers(runner)
            for side, quotes in ((Side.LAY, shown.back), (Side.BACK, shown.lay)):
                resting = Counter()
                for one in self.market.bets.values():
                    if (one.runner, one.side) == (runner, side) and one.remaining and not self.market.is_held(one.id):
                        resting[one.tick] += one.remaining
                assert dict(quotes) == dict(resting)
                assert [at for at, _ in quotes] == sorted(resting, reverse=side is Side.LAY)

    def teardown(self):
        self.market.close([11], self.now)
        bets = self.market.bets.values()
        assert all(conserved(one) and one.remaining == 0 for one in bets)
        # Before rounding money only changes hands; each bet is rounded by half a penny at most.
        for result in ([11], [11, 22]):
            paid = settle(bets, shares(result, 1), LADDER)
            assert 2 * abs(sum(one.profit for one in paid)) <= len(paid)
            for one in paid:
                most, least = (backers_profit(one.bet, LADDER, share) for share in (Fraction(1), Fraction(0)))
                assert least <= (one.profit if one.bet.side is Side.BACK else -one.profit) <= most
                assert least == -one.bet.matched


AnyMarket.TestCase.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
test_laws_of_a_market = AnyMarket.TestCase
