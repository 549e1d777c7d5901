"""A ticket told: what each of its bets is on, the lines that makes, what they cost, and what becomes of a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from typing import assert_never

from planrunner.model.plan import At, AtTime, BeforeStart, Now, PlaceWhen, PoolBet, Ticket
from planrunner.model.pools import SHAPES, Leg
from planrunner.review.explained import Point, ToldOrder
from planrunner.review.steps import moment_of, tell_refusals
from planrunner.review.words import listed, moment, ordinal, plural

MOST_LINES = 12  # more nobody reads one by one


def tell_ticket(ticket: Ticket, zone: str | None) -> ToldOrder:
    points = tell_refusals(ticket.bets[0])
    return ToldOrder(
        name=ticket.name,
        line=ticket.line,
        bet=_whole(ticket),
        sentences=(_placing(ticket, zone),),
        bets=tuple(f"{bet.name}: {tell_bet(bet, zone)}" for bet in ticket.bets),
        points=points,
        in_order=True,
        brief=_brief(ticket, points, zone),
    )


def _whole(ticket: Ticket) -> str:
    return f"{plural(len(ticket.bets), 'bet')} in pools at {ticket.meeting}{_day(ticket)}, for {ticket.cost} in all."


def _day(ticket: Ticket) -> str:
    return " on the day of the run" if ticket.today else f" on {ticket.on.isoformat()}" if ticket.on else ""


def _placing(ticket: Ticket, zone: str | None) -> str:
    when = _when(ticket.bets[0].place, zone)
    return f"They are placed together in one request, {when}." if len(ticket.bets) > 1 else f"It is placed {when}."


def _when(place: PlaceWhen, zone: str | None) -> str:
    match place:
        case Now():
            return "at once"
        case BeforeStart():
            return f"{moment_of(place).replace('the start', 'the first race')}, also when the venue moves that"
        case At() | AtTime():
            return f"at {moment(place, zone)}"
    assert_never(place)


def tell_bet(bet: PoolBet, zone: str | None) -> str:
    """`exacta in race 3 on 4, 6 and 10 in any order: 6 lines of 1.00 GBP, which is 6.00 GBP.`"""
    legs = "; ".join(_leg(bet, leg, zone) for leg in bet.legs)
    cost = f"{plural(bet.lines, 'line')} of {bet.unit}" + (f", which is {bet.stake}" if bet.lines > 1 else "")
    return " ".join([f"{bet.pool.value} {legs}: {cost}.", *_lines(bet), *_reserves(bet)])


def _leg(bet: PoolBet, leg: Leg, zone: str | None) -> str:
    if leg.finish:
        return f"{_race(leg.race, zone)} on {_places(leg.finish)}"
    is_any_order = SHAPES[bet.pool].ordered
    return f"{_race(leg.race, zone)} on {listed(leg.runners)}{' in any order' if is_any_order else ''}"


def _places(finish: Sequence[Sequence[str]]) -> str:
    return listed([f"{listed(runners, 'or')} {ordinal(place)}" for place, runners in enumerate(finish, 1)])


def _race(race: str, zone: str | None) -> str:
    if ":" not in race:
        return f"in race {race}"
    return f"in the {race} race" + (f" ({zone})" if zone is not None else "")


def _lines(bet: PoolBet) -> Iterator[str]:
    """Spelled out where they are few, and more than the one that was told."""
    if 1 < bet.lines <= MOST_LINES and (SHAPES[bet.pool].together > 1 or len(bet.legs) > 1):
        yield f"The lines are {', '.join(spelled(bet))}."


def spelled(bet: PoolBet) -> list[str]:
    """`4 - 6` one after the other, `4 + 6` in any order, `4 / 6` race by race."""
    form, leg = SHAPES[bet.pool], bet.legs[0]
    if form.races > 1:
        return [" / ".join(line) for line in product(*(leg.runners for leg in bet.legs))]
    if leg.finish:
        return [" - ".join(line) for line in product(*leg.finish) if len(set(line)) == len(line)]
    if form.ordered:
        return [" - ".join(line) for line in permutations(leg.runners, form.together)]
    return [" + ".join(line) for line in combinations(leg.runners, form.together)]


def _reserves(bet: PoolBet) -> Iterator[str]:
    several = len(bet.legs) > 1
    for leg in bet.legs:
        if leg.reserves:
            where = f" of race {leg.race}" if several else ""
            yield f"Reserves{where}, should a runner not run: {', then '.join(leg.reserves)}."


def _brief(ticket: Ticket, points: Sequence[Point], zone: str | None) -> str:
    bets = [f"{bet.pool.value} {'; '.join(_leg(bet, leg, zone) for leg in bet.legs)}, {bet.stake}" for bet in ticket.bets]
    placed = [] if isinstance(ticket.bets[0].place, Now) else [f"placed {_when(ticket.bets[0].place, zone)}"]
    return "; ".join([f"at {ticket.meeting}{_day(ticket)}", *bets, *placed, *(f"{one.when}: {one.what}" for one in points)])
