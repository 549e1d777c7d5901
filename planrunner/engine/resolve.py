"""From the names in a plan to the venue's ids. Nothing is guessed: a name fits exactly, or the author is told the nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from planrunner.model.market import Market, Selection
from planrunner.model.names import code_of, nearest, same_name
from planrunner.model.plan import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Where an order goes. `selection` is None for a favourite: which runner that is shows when the order is placed."""

    market: Market
    selection: Selection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """What is not known: the order's `key` (`event`, `market`, `selection`), the author's word, what there is, the nearest."""

    key: str
    word: str
    among: tuple[str, ...]
    did_you_mean: str | None
    text: str


def unknown(key: str, word: str, among: Sequence[str], text: str) -> Unresolved:
    names = tuple(dict.fromkeys(among))
    return Unresolved(key=key, word=word, among=names, did_you_mean=nearest(word, names), text=text)


def resolve(
    target: Target, markets: Sequence[Market], *, nearby: Sequence[str], on: date | None, zone: tzinfo
) -> Resolved | Unresolved:
    """Find the one market and selection. `markets` are whole markets near the target, `nearby` names of other fixtures;
    the day `on` is one of the plan's `zone`."""
    found = _of_the_event(target, markets, on, zone)
    if not found:
        word = target.market_id or target.event or target.event_id or ""
        key = "market_id" if target.market_id else "event" if target.event else "event_id"
        day = f" on {on}" if on else ""
        if key == "event_id" and target.selection_id and not markets and not nearby:  # a router shows ids by their odds only
            text = f"the venue has no odds for selection `{target.selection_id}` of event `{word}`{day}; see whether both ids are"
            return unknown(key, word, (), f"{text} right, and whether bets on it are taken now")
        known = [*nearby, *(name for one in markets for name in (one.fixture, one.meeting) if name)]
        return unknown(key, word, known, f"the venue knows no {key.removesuffix('_id')} `{word}`{day}")
    if target.race is not None:
        starts = sorted({one.start for one in found})
        if (days := _days(starts, zone)) and ":" not in target.race and len(days) > 1:
            text = f"there is a race {target.race} on several days ({', '.join(days)}); add `date:` to say which"
            return Unresolved(key="race", word=target.race, among=days, did_you_mean=None, text=text)
        found = [one for one in found if _is_race(target.race, one.start, starts, zone)]
        if not found:
            times = [f"{start.astimezone(zone):%H:%M}" for start in starts]
            return unknown("race", target.race, times, f"the card has no race `{target.race}`")
    if target.market_id is None and len({(one.fixture, one.start) for one in _called(target, found)}) > 1:
        return _several(target, sorted({(one.start, one.fixture) for one in found}), zone)
    return _in_event(target, found)


def _several(target: Target, fixtures: Sequence[tuple[datetime, str]], zone: tzinfo) -> Unresolved:
    """On several days, or the races of one meeting."""
    starts, word = [start for start, _ in fixtures], target.event or target.event_id or ""
    if len(_days(starts, zone)) > 1:
        days = ", ".join(f"{start:%Y-%m-%d %H:%M}" for start in starts)
        among = tuple(f"{start:%Y-%m-%d}" for start in starts)
        text = f"several fixtures are called `{fixtures[0][1]}` ({days} UTC); add `date:` to say which"
    else:
        among = tuple(f"{start.astimezone(zone):%H:%M}" for start in starts)
        text = f"`{word}` has several races ({', '.join(among)}); add `race:` to say which"
    return Unresolved(key="event", word=word, among=among, did_you_mean=None, text=text)


def _days(starts: Sequence[datetime], zone: tzinfo) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{start.astimezone(zone):%Y-%m-%d}" for start in starts))


def _of_the_event(target: Target, markets: Sequence[Market], on: date | None, zone: tzinfo) -> list[Market]:
    if target.market_id is not None:
        return [one for one in markets if one.id == target.market_id]
    if target.event is None:
        return list(markets)  # asked for by event_id; the venue answered with that event's markets
    of_day = [one for one in markets if on is None or one.start.astimezone(zone).date() == on]
    named = [one for one in of_day if same_name(one.fixture, target.event)]
    return named or [one for one in of_day if same_name(one.meeting, target.event)]  # `Bath` for `Bath 5th Dec`


def _is_race(race: str, start: datetime, card: Sequence[datetime], zone: tzinfo) -> bool:
    """By its number on the card or its local time."""
    return race == f"{start.astimezone(zone):%H:%M}" if ":" in race else card.index(start) == int(race) - 1


def _called(target: Target, found: Sequence[Market]) -> list[Market]:
    """By its name, or by its kind: what a card calls `2m Hcap` is a `Win` market."""
    if target.market is None:
        return list(found)
    named = [one for one in found if same_name(one.name, target.market)]
    return named or [one for one in found if one.kind and one.kind == code_of(target.market)]


def _in_event(target: Target, found: Sequence[Market]) -> Resolved | Unresolved:
    fits = list(found) if target.market_id is not None else _called(target, found)
    if len(fits) != 1:
        names = [one.name for one in found]
        text = f"several markets are called `{target.market}`" if fits else f"{found[0].fixture} has no market `{target.market}`"
        return unknown("market", target.market or "", names, text)
    return _in_market(target, fits[0])


def _in_market(target: Target, market: Market) -> Resolved | Unresolved:
    if target.favourite is not None:
        return Resolved(market=market, selection=None)
    named = [one for one in market.selections if _is_named(target, one)]
    fits = [one for one in named if target.line in (None, one.handicap)]
    if len(fits) == 1:
        return Resolved(market=market, selection=fits[0])
    if named:
        return _other_line(target, market, named)
    word = target.selection or target.selection_id or ""
    names = [selection.name for selection in market.selections]
    key = "selection" if target.selection is not None else "selection_id"
    return unknown(key, word, names, f"{market.name} of {market.fixture} has no selection `{word}`")


def _is_named(target: Target, selection: Selection) -> bool:
    if target.selection_id is not None:
        player = int(target.player_id or 0)  # whom a router's selection is on, behind its own id
        return selection.id == (f"{target.selection_id}/{player}" if player else target.selection_id)
    return target.selection is not None and same_name(selection.name, target.selection)


def _other_line(target: Target, market: Market, named: Sequence[Selection]) -> Unresolved:
    """A handicap market has its selections once for each line, and which of them is meant is not guessed."""
    there = tuple(f"{one.handicap:+f}" if one.handicap else "0" for one in named)
    where = f"{market.name} of {market.fixture} has `{named[0].name}`"
    if target.line is None:
        key, text = "selection" if target.selection is not None else "selection_id", f"{where} more than once; add `line:`"
    elif there == ("0",):
        key, there, text = "line", (), f"{where} without a line; take `line` out"
    else:
        key, text = "line", f"{where} at other lines"
    return Unresolved(key=key, word=named[0].name, among=there, did_you_mean=None, text=text)
