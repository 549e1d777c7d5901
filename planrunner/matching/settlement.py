"""What bets won and lost once the result is known, and the venue's commission on it.

A dead heat: of each bet on a runner that shares a place only its share of that place is a winning one; the rest of the stake is
lost, and the odds are paid in full on the share.

Rounding: what a backer wins is the exact sum of size x (odds - 1) over the fills (in a dead heat its share, less the share of the
stake that is lost), rounded once per bet to the nearest minor unit, an exact half to the even one. Both sides round the same
figure, so a back and a lay made of the same fills mirror each other. Commission is charged on an owner's net winnings in one
market, rounded to the nearest minor unit, an exact half up; net losers pay none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from planrunner.matching.bet import Bet
from planrunner.model.events import Outcome
from planrunner.model.odds import Ladder, Side

LOSER = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """`profit` is in minor units, before commission; negative for a loss, 0 where the bet is void."""

    bet: Bet
    outcome: Outcome
    profit: int


def shares(winners: Sequence[int], places: int) -> dict[int, Fraction]:
    """How much of a place each winner has. More winners than places: those that came in last share what place is left.

    `winners` are in the order they came in; a market with one winner has one place.
    """
    tied = len(winners) - places
    if places < 1 or tied <= 0:
        return dict.fromkeys(winners, Fraction(1))
    alone, together = winners[: places - 1], winners[places - 1 :]
    return dict.fromkeys(alone, Fraction(1)) | dict.fromkeys(together, Fraction(1, len(together)))


def settle(bets: Iterable[Bet], winners: Mapping[int, Fraction], ladder: Ladder) -> list[Settled]:
    """The bets that had anything matched or voided; those that only lapsed or were cancelled have nothing to settle.

    `winners` says how much of a place each has; see `shares`.
    """
    return [_settle(bet, winners.get(bet.runner, LOSER), ladder) for bet in bets if bet.matched or bet.voided]


def net_winnings(settled: Iterable[Settled], owner: str) -> int:
    return sum(one.profit for one in settled if one.bet.owner == owner)


def commission(net: int, rate: Decimal) -> int:
    """The venue's share of an owner's net winnings in a market. `rate` is a fraction: 0.05 for 5 %."""
    if net <= 0:
        return 0
    return int(net * Fraction(rate) + Fraction(1, 2))


def backers_profit(bet: Bet, ladder: Ladder, share: Fraction) -> int:
    """What a backer wins with these fills, and a layer pays. `share` of a place: 1 for a winner, 0 for a loser."""
    won = sum((fill.size * (Fraction(fill.odds(ladder)) - 1) for fill in bet.fills), Fraction(0))
    return round(share * won - (1 - share) * bet.matched)


def _settle(bet: Bet, share: Fraction, ladder: Ladder) -> Settled:
    if not bet.matched:
        return Settled(bet=bet, outcome=Outcome.VOID, profit=0)
    backs = bet.side is Side.BACK
    profit = backers_profit(bet, ladder, share) * (1 if backs else -1)
    return Settled(bet=bet, outcome=Outcome.WON if (share > 0) is backs else Outcome.LOST, profit=profit)
