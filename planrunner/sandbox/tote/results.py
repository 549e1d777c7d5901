"""What a pool pays, and what that makes of each bet in it.

A non-runner first gives way to the bet's reserves. Without one its lines are refunded in a pool on one race, and in a pool over
several the favourite runs for it. A race that is abandoned is survived by everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from math import prod

from planrunner.matching.finishes import Line, Rule, lines, places, surviving, through, winning
from planrunner.matching.pools import Payout, Winner, pay_out, returned
from planrunner.sandbox.tote.bets import PoolBet, with_reserves
from planrunner.sandbox.tote.card import Product
from planrunner.sandbox.tote.public import Public
from planrunner.sandbox.tote.races import Race
from planrunner.sandbox.tote.terms import WIN_FUND, Fund

# The one winning line of a pool over several races: whoever got through.
EVERYBODY: Line = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One fund of a pool, paid out. `through`: by leg, who got through, in a pool over several races."""

    fund: Fund
    payout: Payout[Line]
    through: tuple[frozenset[int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`gross` is what was in the pool, refunded lines left out, money carried in included."""

    gross: int
    paid: tuple[Paid, ...]

    def changed_by(self, amount: Decimal) -> Result:
        """The same with other dividends: a provisional result that is not right yet."""
        return replace(
            self,
            paid=tuple(
                replace(
                    one,
                    payout=replace(one.payout, dividends={line: pays + amount for line, pays in one.payout.dividends.items()}),
                )
                for one in self.paid
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Of one bet, in minor units."""

    returned: int
    refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A bet as it ran: `lines` and how many of them were refunded, for a pool on one race; else `picks` by leg."""

    line_stake: int
    lines: tuple[Line, ...] = ()
    refunded: int = 0
    picks: tuple[tuple[int, ...], ...] = field(default=())

    @property
    def in_pool(self) -> int:
        """What of its stake is in the pool."""
        count = len(self.lines) if not self.picks else prod(map(len, self.picks))
        return count * self.line_stake


def placed(race: Race, at: int) -> int:
    """How many places count."""
    return places(len(race.running(at)), handicap=race.handicap)


def played(bet: PoolBet) -> Played:
    """A bet with its non-runners seen to."""
    assert bet.product is not None
    assert bet.picks is not None
    rule, races = bet.product.type.rule, bet.product.races
    running = [[horse.number for horse in race.running(race.off)] for race in races]
    if rule.is_over_races:
        legs = zip(bet.picks.chosen, bet.picks.reserves, running, races, strict=True)
        picks = tuple(_with_favourite(with_reserves(*leg[:3]), leg[2], leg[3]) for leg in legs)
        return Played(line_stake=bet.line_stake, picks=picks)
    (reserves,), (runs,) = bet.picks.reserves, running
    chosen = tuple(number for position in bet.picks.chosen for number in position)
    instead = dict(zip(dict.fromkeys(chosen), with_reserves(tuple(dict.fromkeys(chosen)), reserves, runs), strict=True))
    all_lines = lines(rule, [[instead[number] for number in position] for position in bet.picks.chosen])
    stand = tuple(line for line in all_lines if all(number in runs for number in line))
    return Played(line_stake=bet.line_stake, lines=stand, refunded=len(all_lines) - len(stand))


def result(product: Product, bets: Sequence[PoolBet], public: Public) -> Result:
    """What the pool pays, with these bets in it. Its races are over, and not all of them abandoned."""
    at = product.races[0].off
    ours = [played(bet) for bet in bets]
    gross = product.type.carry_in + public.total(product, at) + sum(one.in_pool for one in ours)
    funds = product.type.funds or (Fund(type=WIN_FUND, share=Decimal(1), rule=product.type.rule),)
    pay = _over_races if product.type.rule.is_over_races else _on_one_race
    return Result(gross=gross, paid=tuple(pay(product, fund, gross * Fraction(fund.share), ours, public) for fund in funds))


def return_of(bet: PoolBet, result: Result) -> Return:
    one = played(bet)
    back = sum(
        returned(one.line_stake * _times(one, line, paid), dividend)
        for paid in result.paid
        for line, dividend in paid.payout.dividends.items()
    )
    return Return(returned=back, refunded=one.refunded * one.line_stake)


def _on_one_race(product: Product, fund: Fund, money: Fraction, ours: Sequence[Played], public: Public) -> Paid:
    race = product.races[0]
    won = winning(fund.rule, race.finish, placed=placed(race, race.off))
    winners = {
        line: Winner(
            staked=public.on(product, line, race.off) + sum(one.line_stake * one.lines.count(line) for one in ours),
            part=one.part,
            tied=one.tied,
        )
        for line, one in won.items()
    }
    return Paid(fund=fund, payout=pay_out(money, winners, product.type.payout))


def _over_races(product: Product, fund: Fund, money: Fraction, ours: Sequence[Played], public: Public) -> Paid:
    got = tuple(_through(fund.rule, race) for race in product.races)
    staked = public.through(product, got, product.races[0].off)
    staked += sum(one.line_stake * surviving(one.picks, got) for one in ours)
    winners: Mapping[Line, Winner] = {EVERYBODY: Winner(staked=staked)}
    return Paid(fund=fund, payout=pay_out(money, winners, product.type.payout), through=got)


def _through(rule: Rule, race: Race) -> frozenset[int]:
    if race.abandoned_at is not None:
        return frozenset(horse.number for horse in race.horses)
    return through(rule, race.finish, placed=placed(race, race.off))


def _times(one: Played, line: Line, paid: Paid) -> int:
    """How many lines of a bet are this one."""
    return surviving(one.picks, paid.through) if paid.through else one.lines.count(line)


def _with_favourite(chosen: Sequence[int], runs: Collection[int], race: Race) -> tuple[int, ...]:
    return tuple(number if number in runs or not runs else race.favourite() for number in chosen)
