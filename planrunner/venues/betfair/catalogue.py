"""The venue's catalogue: what is asked to find a market by name or id, and what comes back as markets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from planrunner.model.errors import VenueRefused
from planrunner.model.market import Market, MarketId, Selection, SelectionId
from planrunner.model.names import same_name
from planrunner.model.plan import Target
from planrunner.venues import fields
from planrunner.venues.betfair import wire
from planrunner.venues.betfair.profile import PROFILE
from planrunner.venues.exact_json import Unreadable

# A market costs one unit of weight with its description, and 200 units are the limit of a request.
MOST_MARKETS = 200
_PROJECTION = ["EVENT", "EVENT_TYPE", "MARKET_START_TIME", "MARKET_DESCRIPTION", "RUNNER_DESCRIPTION"]
# A day of the plan's zone, seen from UTC: no zone is further away than 14 hours.
ZONES = timedelta(hours=14)


def find_params(target: Target, on: date | None) -> dict[str, Any]:
    """By the most exact thing the target says."""
    if target.market_id is not None:
        chosen: dict[str, Any] = {"marketIds": [target.market_id]}
    elif target.event_id is not None:
        chosen = {"eventIds": [target.event_id]}
    else:
        # `*` is the venue's wildcard and may not come first.
        chosen = {"textQuery": (target.event or "").replace("*", " ").strip(), **_day(on)}
    return {"filter": chosen, "marketProjection": _PROJECTION, "maxResults": MOST_MARKETS}


def nearby_params(on: date | None, now: datetime) -> dict[str, Any]:
    """Other fixtures of the day; without a day those of the coming week."""
    return {"filter": _day(on) or _between(now - timedelta(hours=6), now + timedelta(days=7))}


def whole_params(markets: Sequence[MarketId]) -> dict[str, Any]:
    """Markets by their ids, at most MOST_MARKETS of them."""
    return {"filter": {"marketIds": list(markets)}, "marketProjection": _PROJECTION, "maxResults": MOST_MARKETS}


def card_params(market: MarketId) -> dict[str, Any]:
    """Only the names and the order of a market's selections: this weighs nothing."""
    return {"filter": {"marketIds": [market]}, "marketProjection": ["RUNNER_DESCRIPTION"], "maxResults": 1}


def start_params(markets: list[MarketId]) -> dict[str, Any]:
    """Only the scheduled starts: this weighs nothing, so it may be asked for many markets."""
    return {"filter": {"marketIds": markets}, "marketProjection": ["MARKET_START_TIME"], "maxResults": len(markets)}


def _day(on: date | None) -> dict[str, Any]:
    if on is None:
        return {}
    midnight = datetime.combine(on, time(), tzinfo=UTC)
    return _between(midnight - ZONES, midnight + timedelta(days=1) + ZONES)


def _between(start: datetime, end: datetime) -> dict[str, Any]:
    return {"marketStartTime": {"from": written(start), "to": written(end)}}


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def markets(rows: Any, target: Target) -> tuple[Market, ...]:
    """Raises Unreadable, and VenueRefused where the very market asked for is of a kind planrunner does not bet on."""
    found = []
    for row in rows:
        reason = unsupported(row)
        if reason is None:
            found.append(market_of(row))
        elif _is_asked_for(row, target):
            raise VenueRefused(f"{fields.text(row, 'marketName')}: {reason}")
    return tuple(found)


def refuse_a_begun_card(rows: Sequence[Any], target: Target) -> None:
    """Races that are over are no longer listed, so a race's number can't be told once its card has begun: the third race of
    the list may be the fifth. Raises VenueRefused, Unreadable."""
    if target.race is None or ":" in target.race:
        return
    firsts: dict[str, tuple[datetime, datetime]] = {}
    for row in rows:
        event, start = fields.block(row, "event"), wire.moment(row, "marketStartTime")
        opens = wire.moment(event, "openDate") if "openDate" in event else start
        earliest, _ = firsts.get(name := fields.text(event, "name"), (start, opens))
        firsts[name] = (min(earliest, start), opens)
    for name, (earliest, opens) in firsts.items():
        if opens < earliest:
            raise VenueRefused(
                f"the card of {name} has begun, and races that are over are not listed, so `race: {target.race}` can't be told "
                "by its number any more; write the race's time"
            )


def unsupported(row: Any) -> str | None:
    """Kinds of markets where stake or odds mean something else. Raises Unreadable."""
    description = fields.block(row, "description")
    if description.get("bettingType") in ("LINE", "RANGE"):
        return "odds are a line there; planrunner does not bet on lines at Betfair yet"
    if description.get("marketType") == "EACH_WAY" or "eachWayDivisor" in description:
        return "a stake counts twice there; planrunner does not bet each way at Betfair yet"
    if _ladder(description) not in PROFILE.ladders:
        return "its ladder of odds is not known to planrunner"
    return None


def _is_asked_for(row: Any, target: Target) -> bool:
    if target.market_id is not None:
        return bool(row.get("marketId") == target.market_id)
    return target.market is not None and same_name(str(row.get("marketName")), target.market)


def _ladder(description: dict[str, Any]) -> str:
    named = fields.block(description, "priceLadderDescription")
    return str(named.get("type", PROFILE.default_ladder))


def market_of(row: Any) -> Market:
    """Raises Unreadable."""
    description, event = fields.block(row, "description"), fields.block(row, "event")
    return Market(
        id=MarketId(fields.text(row, "marketId")),
        name=fields.text(row, "marketName"),
        fixture=fields.text(event, "name"),
        start=wire.moment(row, "marketStartTime"),
        selections=card(row),
        ladder=_ladder(description),
        # A discount of the account would lower it; the full rate is the careful figure.
        commission=fields.number(description, "marketBaseRate") / Decimal(100),
        turns_in_play=description.get("turnInPlayEnabled") is True,
        sport=wire.word(fields.block(row, "eventType"), "name") or "",
        country=wire.word(event, "countryCode") or "",
        meeting=wire.word(event, "venue") or "",
        kind=wire.word(description, "marketType") or "",
    )


def card(row: Any) -> tuple[Selection, ...]:
    """A market's selections in the venue's order. Raises Unreadable."""
    runners = sorted(fields.rows(row, "runners"), key=lambda one: fields.number(one, "sortPriority"))
    return tuple(
        Selection(
            id=SelectionId(str(fields.number(runner, "selectionId"))),
            name=fields.text(runner, "runnerName"),
            handicap=fields.number(runner, "handicap").normalize() + 0,
        )
        for runner in runners
    )


def fixture_names(rows: Any) -> tuple[str, ...]:
    """Raises Unreadable."""
    if not isinstance(rows, list):
        raise Unreadable("there is no list of events")
    return tuple(sorted({fields.text(fields.optional(row, "event"), "name") for row in rows}))
