"""From the names in a plan to the venue's ids. Nothing is guessed: a name fits exactly, or the author is told the nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from planrunner.model.market import Market, Selection
from planrunner.model.names import nearest, same_name
from planrunner.model.plan import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Where an order goes."""

    market: Market
    selection: Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """What is not known: the order's `key` (`event`, `market`, `selection`), the author's word, what there is, the nearest."""

    key: str
    word: str
    among: tuple[str, ...]
    did_you_mean: str | None
    text: str


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
        known = [*nearby, *(one.fixture for one in markets)]
        return _unknown(key, word, known, f"the venue knows no {key.removesuffix('_id')} `{word}`{day}")
    if target.race is not None:
        starts = sorted({one.start for one in found})
        found = [one for one in found if _is_race(target.race, one.start, starts, zone)]
        if not found:
            times = [f"{start.astimezone(zone):%H:%M}" for start in starts]
            return _unknown("race", target.race, times, f"the card has no race `{target.race}`")
    fixtures = sorted({(one.fixture, one.start) for one in found})
    if target.market_id is None and len({(one.fixture, one.start) for one in found if _is_market(target, one)}) > 1:
        days = ", ".join(f"{start:%Y-%m-%d %H:%M}" for _, start in fixtures)
        return Unresolved(
            key="event",
            word=target.event or "",
            among=tuple(f"{start:%Y-%m-%d}" for _, start in fixtures),
            did_you_mean=None,
            text=f"several fixtures are called `{fixtures[0][0]}` ({days} UTC); add `date:` to say which",
        )
    return _in_event(target, found)


def _of_the_event(target: Target, markets: Sequence[Market], on: date | None, zone: tzinfo) -> list[Market]:
    if target.market_id is not None:
        return [one for one in markets if one.id == target.market_id]
    if target.event is None:
        return list(markets)  # asked for by event_id; the venue answered with that event's markets
    return [
        one for one in markets if same_name(one.fixture, target.event) and (on is None or one.start.astimezone(zone).date() == on)
    ]


def _is_race(race: str, start: datetime, card: Sequence[datetime], zone: tzinfo) -> bool:
    """By its number on the card or its local time."""
    return race == f"{start.astimezone(zone):%H:%M}" if ":" in race else card.index(start) == int(race) - 1


def _is_market(target: Target, market: Market) -> bool:
    return target.market is None or same_name(market.name, target.market)


def _in_event(target: Target, found: Sequence[Market]) -> Resolved | Unresolved:
    fits = [one for one in found if target.market_id is not None or _is_market(target, one)]
    if len(fits) != 1:
        names = [one.name for one in found]
        text = f"several markets are called `{target.market}`" if fits else f"{found[0].fixture} has no market `{target.market}`"
        return _unknown("market", target.market or "", names, text)
    return _in_market(target, fits[0])


def _in_market(target: Target, market: Market) -> Resolved | Unresolved:
    for selection in market.selections:
        by_id = target.selection_id is not None and selection.id == target.selection_id
        by_name = target.selection is not None and same_name(selection.name, target.selection)
        if (by_id or by_name) and (target.line is None or selection.handicap == target.line):
            return Resolved(market=market, selection=selection)
    word = target.selection or target.selection_id or ""
    names = [selection.name for selection in market.selections]
    key = "selection" if target.selection is not None else "selection_id"
    return _unknown(key, word, names, f"{market.name} of {market.fixture} has no selection `{word}`")


def _unknown(key: str, word: str, among: Sequence[str], text: str) -> Unresolved:
    names = tuple(dict.fromkeys(among))
    return Unresolved(key=key, word=word, among=names, did_you_mean=nearest(word, names), text=text)
