"""From the words of a ticket to a pool, its races and runners at the venue. Nothing is guessed: see `resolve`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from planrunner.engine.resolve import Unresolved, unknown
from planrunner.model.market import Market
from planrunner.model.names import same_name
from planrunner.model.plan import PoolBet, Ticket
from planrunner.model.pools import SHAPES, Leg, Pick, PickedLeg, PoolRunner, Product, ProductLeg, StakeRules


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedBet:
    """Where a bet in a pool goes, and on whom."""

    product: Product
    legs: tuple[PickedLeg, ...]

    @property
    def market(self) -> Market:
        """The pool as the market that it is for deadlines and limits."""
        product, first = self.product, self.product.legs[0]
        return Market(
            id=product.id,
            name=product.pool.value.capitalize(),
            fixture=first.name if len(product.legs) == 1 else product.meeting,
            start=product.start,
            selections=(),
            ladder="",
            country=product.country,
            meeting=product.meeting,
            kind=product.pool.value,
        )


def resolve_ticket(
    ticket: Ticket, products: Sequence[Product], *, nearby: Sequence[str], on: date | None, zone: tzinfo
) -> tuple[list[ResolvedBet], list[tuple[PoolBet, Unresolved]]]:
    """Every bet of a ticket, or what is wrong with those that fit no pool. `products` are all pools of the meeting."""
    of_day = [one for one in products if on is None or one.start.astimezone(zone).date() == on]
    if not of_day:
        day = f" on {on}" if on else ""
        text = f"the venue has no pools at `{ticket.meeting}`{day}"
        found = unknown("meeting", ticket.meeting, [*nearby, *(one.meeting for one in products)], text)
        return [], [(ticket.bets[0], found)]
    card = sorted({leg.start for one in of_day for leg in one.legs})
    resolved: list[ResolvedBet] = []
    wrong: list[tuple[PoolBet, Unresolved]] = []
    for bet in ticket.bets:
        where = _resolve(bet, of_day, card, zone)
        if isinstance(where, Unresolved):
            wrong.append((bet, where))
        else:
            resolved.append(where)
            wrong += [(bet, one) for one in _stake_problems(bet, where.product)]
    return resolved, wrong


def _resolve(bet: PoolBet, products: Sequence[Product], card: Sequence[datetime], zone: tzinfo) -> ResolvedBet | Unresolved:
    starts = []
    for leg in bet.legs:
        start = _start(leg.race, card, zone)
        if start is None:
            times = [f"{one.astimezone(zone):%H:%M}" for one in card]
            return unknown("race", leg.race, times, f"the card has no race `{leg.race}`")
        starts.append(start)
    fits = [one for one in products if one.pool is bet.pool and [leg.start for leg in one.legs] == starts]
    if len(fits) != 1:
        return _no_pool(bet, products, zone, count=len(fits))
    legs = []
    for asked, there in zip(bet.legs, fits[0].legs, strict=True):
        picked = _picked(bet, asked, there)
        if isinstance(picked, Unresolved):
            return picked
        legs.append(picked)
    return ResolvedBet(product=fits[0], legs=tuple(legs))


def _start(race: str, card: Sequence[datetime], zone: tzinfo) -> datetime | None:
    """By its local time or its number on the card."""
    if ":" in race:
        return next((one for one in card if f"{one.astimezone(zone):%H:%M}" == race), None)
    number = int(race)
    return card[number - 1] if 1 <= number <= len(card) else None


def _no_pool(bet: PoolBet, products: Sequence[Product], zone: tzinfo, *, count: int) -> Unresolved:
    races = ", ".join(leg.race for leg in bet.legs)
    if count:
        text = f"the venue has {count} {bet.pool.value} pools on race {races}, and which of them is meant is not guessed"
        return Unresolved(key="pool", word=bet.pool.value, among=(), did_you_mean=None, text=text)
    there = [", ".join(f"{leg.start.astimezone(zone):%H:%M}" for leg in one.legs) for one in products if one.pool is bet.pool]
    among = tuple(dict.fromkeys(there))
    text = f"the venue has no {bet.pool.value} pool on race {races}"
    return Unresolved(key="pool", word=bet.pool.value, among=among, did_you_mean=None, text=text)


def _picked(bet: PoolBet, asked: Leg, there: ProductLeg) -> PickedLeg | Unresolved:
    known: dict[str, PoolRunner] = {}
    reserves = set(asked.reserves)
    for word in dict.fromkeys((*asked.runners, *(one for finish in asked.finish for one in finish), *asked.reserves)):
        runner = _runner(word, there.runners)
        if runner is None:
            names = [f"{one.number} {one.name}" if one.number is not None else one.name for one in there.runners]
            return unknown("runners", word, names, f"{there.name} has no runner `{word}`")
        if not runner.runs and word not in reserves and not asked.reserves:
            text = f"{runner.name} does not run in {there.name}; take it out, or name `reserves:`"
            return Unresolved(key="runners", word=word, among=(), did_you_mean=None, text=text)
        known[word] = runner
    finish = asked.finish or ((asked.runners,) * SHAPES[bet.pool].together if SHAPES[bet.pool].ordered else ())
    if finish:
        picks = [_pick(known[word], at) for at, words in enumerate(finish, 1) for word in dict.fromkeys(words)]
    else:
        picks = [_pick(known[word]) for word in dict.fromkeys(asked.runners)]
    taken = {known[word].id for word in asked.reserves}
    if twice := next((pick for pick in picks if pick.selection in taken), None):
        text = f"{twice.name} can't be a reserve for itself"
        return Unresolved(key="reserves", word=twice.name, among=(), did_you_mean=None, text=text)
    return PickedLeg(
        id=there.id, name=there.name, picks=tuple(picks), reserves=tuple(_pick(known[one]) for one in asked.reserves)
    )


def _runner(word: str, runners: Sequence[PoolRunner]) -> PoolRunner | None:
    """By its number, or by its name."""
    if word.isdecimal():
        return next((one for one in runners if one.number == int(word)), None)
    named = [one for one in runners if same_name(one.name, word)]
    return named[0] if len(named) == 1 else None


def _pick(runner: PoolRunner, place: int | None = None) -> Pick:
    return Pick(selection=runner.id, number=runner.number, name=runner.name, place=place)


def _stake_problems(bet: PoolBet, product: Product) -> Iterator[Unresolved]:
    """What the product's own rules say of the stake: they are known at the venue only."""
    unit, cost, rules = bet.unit.amount, bet.stake.amount, product.rules
    currency = bet.unit.currency
    if product.currencies and currency not in product.currencies:
        yield _stake(bet, f"{product.name} takes {' or '.join(sorted(product.currencies))}, not {currency}")
    elif text := _too_little_or_much(unit, cost, rules, currency):
        yield _stake(bet, f"{product.name} {text}")


def _too_little_or_much(unit: Decimal, cost: Decimal, rules: StakeRules, currency: str) -> str | None:
    figures = [
        (rules.line_least is not None and unit < rules.line_least, f"takes at least {rules.line_least} {currency} a line"),
        (rules.line_most is not None and unit > rules.line_most, f"takes at most {rules.line_most} {currency} a line"),
        (bool(rules.line_step) and unit % (rules.line_step or 1) != 0, f"takes steps of {rules.line_step} {currency} a line"),
        (rules.bet_least is not None and cost < rules.bet_least, f"takes at least {rules.bet_least} {currency} for a whole bet"),
        (rules.bet_most is not None and cost > rules.bet_most, f"takes at most {rules.bet_most} {currency} for a whole bet"),
    ]
    return next((text for broken, text in figures if broken), None)


def _stake(bet: PoolBet, text: str) -> Unresolved:
    return Unresolved(key="unit_stake", word=str(bet.unit), among=(), did_you_mean=None, text=text)
