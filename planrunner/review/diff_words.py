"""Values of a plan in a few words, for a sentence about how they changed: `every 30 seconds: reprice by 1 tick`.

Every kind has words, a kind that joins later those of its fields; so nothing of a plan is left out for want of a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeAlias

from planrunner.model.money import Money
from planrunner.model.odds import Odds
from planrunner.model.plan import (
    AfterPlacing,
    AfterStart,
    At,
    AtTime,
    BeforeEachStart,
    BeforeStart,
    ByPercent,
    ByTicks,
    Cancel,
    Every,
    FallbackStep,
    Hedge,
    If,
    KeepInPlay,
    LimitOrder,
    Move,
    Now,
    OnSignal,
    PoolBet,
    Repeating,
    Reprice,
    Retry,
    Target,
    TellOwner,
    Ticket,
    ToBest,
    ToHead,
)
from planrunner.model.pools import Leg
from planrunner.plan.digest import means
from planrunner.review.schedule import overlap_in_words, schedule_in_words
from planrunner.review.steps import moment_of, tell_trigger
from planrunner.review.tickets import tell_bet
from planrunner.review.words import length, listed, moment, plural, target_in_words

Zone: TypeAlias = str | None

# What a field is called in a sentence; a field that is not here goes by its own name.
LABELS = {
    "account": "venue",
    "at_most": "times at most",
    "better_odds": "better odds are taken",
    "by": "reprice",
    "ending": "ends",
    "except_on": "days left out",
    "fallback": "step",
    "finish": "in the order of finish",
    "for_at_most": "for at most",
    "first": "from",
    "if_still_running": "if one still runs:",
    "last": "until",
    "legs": "race",
    "liability_at_most": "liability at most",
    "market_id": "market id",
    "min_fill": "least that must match",
    "no_worse_than": "no worse than",
    "odds_hold_for_average": "the odds hold for the average",
    "on": "date",
    "partial": "may be taken in part",
    "place": "placed",
    "today": "on the day of the run",
    "total_cost": "cost in all",
    "unit": "stake of a line",
}
_MOST = 8  # members of a list; a program is told all of them


def label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))


def phrase(value: Any, zone: Zone) -> str:
    """A value in words."""
    kind = type(value)
    if kind in _WORDS:
        return _WORDS[kind](value, zone)
    if isinstance(value, StrEnum):
        return value.value.replace("_", " ")
    if is_dataclass(value):
        return ", ".join(given(value, zone)) or label(kind.__name__)
    return str(value)


def given(value: Any, zone: Zone, *, but: frozenset[str] = frozenset()) -> Iterator[str]:
    """What is said of a value beyond what goes without saying, field by field."""
    names = means(type(value))
    for one in fields(value):
        if one.name in names and one.name not in but and (own := getattr(value, one.name)) != _default(one):
            yield label(one.name) if own is True else f"{label(one.name)}{': ' if own is False else ' '}{phrase(own, zone)}"


def steps_in_words(steps: tuple[FallbackStep, ...], zone: Zone) -> Iterator[str]:
    for step in steps:
        yield phrase(step, zone)


def order_in_words(order: LimitOrder, zone: Zone) -> str:
    """An order that came or went: all that is said of it."""
    told = frozenset({"name", "account", "target", "side", "odds", "stake", "fallback"})
    bet = f"{order.side.value} {target_in_words(order.target, zone)} at {order.account}, {order.stake} at odds of {order.odds}"
    return "; ".join((bet, *given(order, zone, but=told), *steps_in_words(order.fallback, zone)))


def bet_in_words(bet: PoolBet, zone: Zone) -> str:
    rest = given(bet, zone, but=frozenset({"ticket", "number", "account", "pool", "legs", "unit", "fallback"}))
    return "; ".join((tell_bet(bet, zone).removesuffix("."), *rest, *steps_in_words(bet.fallback, zone)))


def ticket_in_words(ticket: Ticket, zone: Zone) -> str:
    rest = given(ticket, zone, but=frozenset({"name", "account", "meeting", "bets", "total_cost"}))
    head = f"{plural(len(ticket.bets), 'bet')} in pools at {ticket.meeting} ({ticket.account}) for {ticket.total_cost}"
    return "; ".join((head, *rest, *(f"{bet.name}: {bet_in_words(bet, zone)}" for bet in ticket.bets)))


def members(values: Any) -> str:
    """`pinnacle, vertex and 6 more`."""
    told = [phrase(one, None) for one in values]
    return listed(told) if len(told) <= _MOST else f"{', '.join(told[:_MOST])} and {len(told) - _MOST} more"


def _default(one: Field[Any]) -> Any:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def _tuple(value: tuple[Any, ...], zone: Zone) -> str:
    told = [f"({phrase(one, zone)})" if isinstance(one, tuple) or is_dataclass(one) else phrase(one, zone) for one in value]
    return ", ".join(told) or "none"


def _reprice(value: Reprice, zone: Zone) -> str:
    often = f", at most {plural(value.at_most, 'time')}" if value.at_most is not None else ""
    return f"reprice {phrase(value.by, zone)}, no worse than {value.no_worse_than}{often}"


def _move(value: Move, zone: Zone) -> str:
    rest = given(value, zone, but=frozenset({"account", "target", "odds"}))
    return ", ".join((f"move the remainder to {value.account}: {target_in_words(value.target, zone)} at {value.odds}", *rest))


def _leg(value: Leg, zone: Zone) -> str:
    return ", ".join((f"race {value.race}: {listed(value.runners)}", *given(value, zone, but=frozenset({"race", "runners"}))))


_WORDS: dict[type[Any], Callable[[Any, Zone], str]] = {
    bool: lambda value, _: "yes" if value else "no",
    type(None): lambda _, __: "none",
    str: lambda value, _: value or '""',
    tuple: _tuple,
    frozenset: lambda value, _: members(sorted(value)) or "none",
    timedelta: lambda value, _: length(value),
    date: lambda value, _: value.isoformat(),
    time: lambda value, _: f"{value:%H:%M}",
    datetime: lambda value, zone: moment(At(at=value), zone),
    Decimal: lambda value, _: f"{value:f}",
    Fraction: lambda value, _: str(value),
    Money: lambda value, _: str(value),
    Odds: lambda value, _: str(value),
    Now: lambda _, __: "at once",
    AfterPlacing: lambda value, _: moment_of(value),
    BeforeStart: lambda value, _: moment_of(value),
    AfterStart: lambda value, _: moment_of(value),
    At: lambda value, zone: f"at {moment(value, zone)}",
    AtTime: lambda value, zone: f"at {moment(value, zone)}",
    Every: lambda value, _: f"every {length(value.delay).removeprefix('1 ')}",
    If: lambda value, _: tell_trigger(value),
    Cancel: lambda _, __: "cancel what is unmatched",
    ByTicks: lambda value, _: f"by {plural(value.ticks, 'tick')}",
    ByPercent: lambda value, _: f"by {value.percent:f} %",
    ToBest: lambda _, __: "to the odds that would match now",
    ToHead: lambda _, __: "to the best odds that others ask for",
    Reprice: _reprice,
    KeepInPlay: lambda _, __: "keep it in-play",
    TellOwner: lambda value, _: f"tell the owner `{value.text}`",
    Hedge: lambda value, _: f"hedge, no worse than {value.no_worse_than}, for at most {length(value.for_at_most)}",
    Retry: lambda _, __: "ask once more",
    Move: _move,
    Target: target_in_words,
    Leg: _leg,
    FallbackStep: lambda value, zone: f"{phrase(value.trigger, zone)}: {phrase(value.action, zone)}",
    LimitOrder: order_in_words,
    PoolBet: bet_in_words,
    Ticket: ticket_in_words,
    Repeating: lambda value, _: f"{schedule_in_words(value)}. {overlap_in_words(value)}",
    BeforeEachStart: lambda value, _: schedule_in_words(value),
    OnSignal: lambda value, _: f"{schedule_in_words(value)}. {overlap_in_words(value)}",
}
# Kinds that have one sentence and are told whole: half of `2 minutes before the start` is nothing.
WHOLE = frozenset(_WORDS) - {
    Reprice, Hedge, Move, Target, Leg, FallbackStep, LimitOrder, PoolBet, Ticket, Repeating, BeforeEachStart, OnSignal, tuple,
    frozenset, TellOwner,
}  # fmt: skip
