"""The kinds of bets that are sold here: what a line of each has to do, what the pool keeps, what a stake may be.

The takeouts and floors are the published old ones where there are any; today's are not published. Stakes are chosen so that
kinds differ from each other: what a client does not read from the product it gets wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from planrunner.matching.finishes import Kind, Rule
from planrunner.matching.pools import MULTIPLE_FLOORS, WIN_FLOORS, PayoutTerms
from planrunner.sandbox.pools import PoolTerms

CURRENCIES = ("GBP", "EUR")
WIN_FUND, PLACE_FUND = "WIN", "PLACE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """Minor units: of a whole bet, and of each of its lines."""

    bet_least: int
    bet_most: int
    line_least: int
    line_most: int
    line_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """A part of a pool that is paid out by a rule of its own."""

    type: str
    share: Decimal
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class BetType:
    """`legs`: the races of a bet over several, counted from the first of the meeting or, negative, from its last. `size`: how
    much the public stakes, compared with a win pool."""

    code: str
    rule: Rule
    payout: PayoutTerms
    stakes: Stakes
    size: Decimal
    legs: tuple[int, ...] = ()
    funds: tuple[Fund, ...] = ()
    carry_in: int = 0

    @property
    def name(self) -> str:
        return self.code.capitalize()

    @property
    def has_places(self) -> bool:
        return self.rule.kind in (Kind.PLACE, Kind.ALL_PLACED) or any(fund.type == PLACE_FUND for fund in self.funds)


def _payout(takeout: str, *, is_single: bool = False) -> PayoutTerms:
    return PayoutTerms(takeout=Decimal(takeout), floors=WIN_FLOORS if is_single else MULTIPLE_FLOORS)


def _stakes(bet_least: int, line_least: int, line_step: int, line_most: int = 500_000) -> Stakes:
    return Stakes(bet_least=bet_least, bet_most=1_000_000, line_least=line_least, line_most=line_most, line_step=line_step)


def _bet_type(code: str, kind: Kind, takeout: str, stakes: Stakes, size: str, *legs: int, runners: int = 1) -> BetType:
    rule = Rule(kind=kind, size=len(legs) or runners)
    payout = _payout(takeout, is_single=kind in (Kind.WIN, Kind.PLACE))
    return BetType(code=code, rule=rule, payout=payout, stakes=stakes, size=Decimal(size), legs=legs)


# Six legs, from the second race so that it is not the jackpot again.
_SCOOP6 = _bet_type("SCOOP6", Kind.ALL_WIN, "0.30", _stakes(200, 200, 100), "6", 2, 3, 4, 5, 6, 7)

BET_TYPES = (
    _bet_type("WIN", Kind.WIN, "0.1925", _stakes(100, 10, 10), "1"),
    _bet_type("PLACE", Kind.PLACE, "0.20", _stakes(100, 10, 10), "0.6"),
    _bet_type("EXACTA", Kind.ORDERED, "0.25", _stakes(50, 5, 5), "0.5", runners=2),
    _bet_type("TRIFECTA", Kind.ORDERED, "0.25", _stakes(50, 5, 5), "0.5", runners=3),
    _bet_type("QUINELLA", Kind.UNORDERED, "0.25", _stakes(50, 10, 10), "0.3", runners=2),
    _bet_type("SWINGER", Kind.SWINGER, "0.30", _stakes(50, 1, 1), "0.3", runners=2),
    _bet_type("TRIO", Kind.UNORDERED, "0.25", _stakes(50, 10, 5), "0.2", runners=3),
    _bet_type("DOUBLE", Kind.ALL_WIN, "0.25", _stakes(100, 25, 5), "0.4", -2, -1),
    _bet_type("TREBLE", Kind.ALL_WIN, "0.25", _stakes(100, 25, 5), "0.4", -3, -2, -1),
    _bet_type("QUADPOT", Kind.ALL_PLACED, "0.26", _stakes(100, 5, 5), "0.8", 3, 4, 5, 6),
    _bet_type("PLACEPOT", Kind.ALL_PLACED, "0.27", _stakes(100, 5, 1), "4", 1, 2, 3, 4, 5, 6),
    _bet_type("PLACEPOT7", Kind.ALL_PLACED, "0.27", _stakes(100, 5, 1), "2", 1, 2, 3, 4, 5, 6, 7),
    _bet_type("JACKPOT", Kind.ALL_WIN, "0.29", _stakes(50, 50, 10), "3", 1, 2, 3, 4, 5, 6),
    replace(
        _SCOOP6,
        funds=(
            Fund(type=WIN_FUND, share=Decimal("0.6"), rule=_SCOOP6.rule),
            Fund(type=PLACE_FUND, share=Decimal("0.4"), rule=Rule(kind=Kind.ALL_PLACED, size=6)),
        ),
    ),
)


def bet_types(changes: Sequence[PoolTerms]) -> tuple[BetType, ...]:
    """As a scenario changes them."""
    by_code = {change.pool.upper(): change for change in changes}
    return tuple(_changed(one, by_code[one.code]) if one.code in by_code else one for one in BET_TYPES)


def _changed(one: BetType, change: PoolTerms) -> BetType:
    stakes = {
        name: value
        for name in ("bet_least", "bet_most", "line_least", "line_most", "line_step")
        if (value := getattr(change, name)) is not None
    }
    payout = one.payout if change.takeout is None else replace(one.payout, takeout=change.takeout)
    return replace(one, stakes=replace(one.stakes, **stakes), payout=payout, carry_in=change.carry_in or 0)
