"""What a bet must be like: a product, its legs and selections, and a stake that the product takes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planrunner.sandbox.tote import reasons
from planrunner.sandbox.tote.bets import Input, Picks, PoolBet
from planrunner.sandbox.tote.card import Card, Leg, Product
from planrunner.sandbox.tote.terms import CURRENCIES

MOST = Decimal(10) ** 15  # what no stake is; more can't be divided exactly


class Wrong(Exception):
    """The reason why a bet is refused."""


def read(bet: PoolBet, card: Card, *, rounds: bool) -> str | None:
    """Fill in what the client asked for; answers why that can be no bet, whatever the time."""
    try:
        product = card.products.get(bet.asked["productId"])
        if product is None:
            return reasons.UNKNOWN_PRODUCT
        bet.product = product
        bet.picks = _picks(product, bet.asked["legs"])
        if bet.lines == 0:
            return reasons.NO_LINES
        _take_stake(bet, product, rounds)
    except Wrong as wrong:
        return str(wrong)
    return None


def at_its_turn(bet: PoolBet, at: int) -> str | None:
    """Why it is refused then, if so."""
    assert bet.product is not None
    assert bet.picks is not None
    if bet.product.races[0].off <= at:
        return reasons.CLOSED
    legs = bet.picks.chosen if bet.product.type.rule.is_over_races else (tuple(n for one in bet.picks.chosen for n in one),)
    for race, chosen, reserves in zip(bet.product.races, legs, bet.picks.reserves, strict=True):
        gone = {number for number in chosen if not race.runs(number, at)}
        if len(gone) > sum(race.runs(number, at) for number in reserves):
            return reasons.UNAVAILABLE
    return None


def _picks(product: Product, asked: Sequence[Input | None]) -> Picks:
    by_leg = {leg["productLegId"]: leg for leg in asked if leg is not None}
    if len(asked) != len(product.legs) or set(by_leg) != {leg.id for leg in product.legs}:
        raise Wrong(reasons.LEGS)
    legs = [(leg, by_leg[leg.id]) for leg in product.legs]
    reserves = tuple(_numbers(leg, one.get("alternativeSelections") or ()) for leg, one in legs)
    if product.type.rule.is_ordered:
        chosen = _by_position(product.type.rule.size, *legs[0])
    else:
        chosen = tuple(_unordered(leg, one) for leg, one in legs)
    for own, others in zip([sum(chosen, ())] if len(legs) == 1 else chosen, reserves, strict=True):
        if set(own) & set(others):
            raise Wrong(reasons.ALTERNATIVE)
    return Picks(chosen=chosen, reserves=reserves)


def _unordered(leg: Leg, asked: Input) -> tuple[int, ...]:
    if any(one is not None and one.get("position") is not None for one in asked["selections"]):
        raise Wrong(reasons.POSITION)
    return _numbers(leg, asked["selections"])


def _by_position(size: int, leg: Leg, asked: Input) -> tuple[tuple[int, ...], ...]:
    positions = {one.get("position") for one in asked["selections"] if one is not None}
    if positions != set(range(1, size + 1)):
        raise Wrong(reasons.POSITION)
    return tuple(
        _numbers(leg, [one for one in asked["selections"] if one is not None and one["position"] == position])
        for position in range(1, size + 1)
    )


def _numbers(leg: Leg, selections: Sequence[Input | None]) -> tuple[int, ...]:
    numbers = [None if one is None else leg.number(one["productLegSelectionID"]) for one in selections]
    known = tuple(number for number in numbers if number is not None)
    if len(known) != len(numbers) or len(set(known)) != len(known):
        raise Wrong(reasons.UNKNOWN_SELECTION)
    return known


def _take_stake(bet: PoolBet, product: Product, rounds: bool) -> None:
    stake, stakes = bet.asked["stake"], product.type.stakes
    bet.currency = stake["currencyCode"]
    total, line = stake.get("totalAmount"), stake.get("lineAmount")
    if (total is None) == (line is None):
        raise Wrong(reasons.STAKE_FORM)
    asked = _minor(total if line is None else line * bet.lines)
    if asked > MOST:
        raise Wrong(reasons.ABOVE)
    bet.stake = int(asked)
    if bet.currency not in CURRENCIES:
        raise Wrong(reasons.CURRENCY)
    per_line, left = divmod(asked, bet.lines)
    if rounds:
        per_line, left = per_line // stakes.line_step * stakes.line_step, Decimal(0)
        bet.stake = int(per_line * bet.lines)
    if left or per_line != int(per_line):
        raise Wrong(reasons.WHOLE_LINES)
    if per_line < stakes.line_least or bet.stake < stakes.bet_least:
        raise Wrong(reasons.BELOW)
    if per_line > stakes.line_most or bet.stake > stakes.bet_most:
        raise Wrong(reasons.ABOVE)
    if per_line % stakes.line_step:
        raise Wrong(reasons.STEP)


def _minor(amount: Decimal) -> Decimal:
    return amount * 100
