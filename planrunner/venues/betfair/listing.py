"""All markets of the catalogue that fit a query: the words of the query looked up, the day split where it holds too many.

Nothing is left out silently. The venue cuts a list off without a word, so a full one is asked for again in two halves; a word
that the venue does not know is told, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Any

from planrunner.model.errors import NotInCatalogue, VenueRefused
from planrunner.model.market import Market, MarketId
from planrunner.model.names import code_of, same_name
from planrunner.model.plan import MarketQuery
from planrunner.venues import fields
from planrunner.venues.betfair import catalogue, wire
from planrunner.venues.betfair.client import Client
from planrunner.venues.betfair.holdings import listed

# The most a list of markets holds. Ids, names and starts weigh nothing, so they may be asked for this many at once.
LONGEST = 1000
# More markets than this is a query that was left too wide, not a plan.
MOST_FITTING = 1000
MOST_LISTS = 60
SHORTEST = timedelta(minutes=1)
NARROWER = "say which with `country`, `meetings`, `starts_after` and `starts_before`"
# What people call a sport, where the venue's word is another.
ALSO_CALLED = {"Football": "Soccer"}

Filter = dict[str, Any]


async def fitting(client: Client, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:
    """See `ports.Venue.markets`. Raises as `Client.read` does, Unreadable, VenueRefused and NotInCatalogue."""
    begin, end = window(query, on, zone)
    where = await _where(client, query)
    kinds = await _words(client, "listMarketTypes", where, "marketType")
    if code_of(query.market) in kinds:
        ids = _ids(await _Lists(client).between({**where, "marketTypeCodes": [code_of(query.market)]}, begin, end))
    else:
        ids = _called(query, await _Lists(client).between(where, begin, end), kinds)
    if len(ids) > MOST_FITTING:
        raise VenueRefused(f"{len(ids)} markets fit; {NARROWER}")
    found = [market for some in _chunks(ids, catalogue.MOST_MARKETS) for market in await _whole(client, some)]
    return tuple(sorted((one for one in found if begin <= one.start < end), key=lambda one: (one.start, one.id)))


def window(query: MarketQuery, on: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first moment that fits and the first that no longer does, in UTC."""
    begin = datetime.combine(on, query.starts_after or time(), zone)
    last_day = on if query.starts_before else on + timedelta(days=1)
    return begin.astimezone(UTC), datetime.combine(last_day, query.starts_before or time(), zone).astimezone(UTC)


async def _where(client: Client, query: MarketQuery) -> Filter:
    """Sport, country and meetings as the venue's filter has them."""
    where: Filter = {"eventTypeIds": [await _sport(client, query.sport)]}
    if query.country is not None:
        countries = await _words(client, "listCountries", where, "countryCode")
        where["marketCountries"] = [_known("country", query.country, countries, f"for {query.sport} the venue has no country")]
    if query.meetings:
        meetings = await _words(client, "listVenues", where, "venue")
        no_meeting = f"for {query.sport}{f' in {query.country}' if query.country else ''} the venue has no meeting"
        where["venues"] = [_known("meetings", meeting, meetings, no_meeting) for meeting in query.meetings]
    return where


async def _sport(client: Client, called: str) -> str:
    rows = listed(await client.read(wire.BETTING + "listEventTypes", {"filter": {}}))
    kinds = [fields.optional(row, "eventType") for row in rows]
    sports = {fields.text(kind, "name"): fields.text(kind, "id") for kind in kinds}
    usual = next((name for other, name in ALSO_CALLED.items() if same_name(other, called)), called)
    return sports[_known("sport", usual if usual in sports else called, list(sports), "the venue has no sport")]


async def _words(client: Client, operation: str, where: Filter, name: str) -> list[str]:
    """What there is at any time, not only on the day: a course without a meeting that day is still no wrong word."""
    rows = listed(await client.read(wire.BETTING + operation, {"filter": where}))
    return [fields.text(row, name) for row in rows]


def _known(key: str, word: str, names: Sequence[str], what: str) -> str:
    """The word as the venue writes it."""
    for name in names:
        if same_name(name, word):
            return name
    raise NotInCatalogue(f"{what} `{word}`", key=key, word=word, among=tuple(sorted(names)))


def _called(query: MarketQuery, rows: Sequence[Any], kinds: Sequence[str]) -> list[MarketId]:
    """Markets by the name itself: `Over/Under 2.5 Goals`, which has a code that nobody would guess."""
    named = [row for row in rows if same_name(fields.text(row, "marketName"), query.market)]
    if rows and not named:
        names = [*(kind.replace("_", " ").title() for kind in kinds), *(fields.text(row, "marketName") for row in rows)]
        text = f"for {query.sport} the venue has no market `{query.market}`"
        raise NotInCatalogue(text, key="market", word=query.market, among=tuple(dict.fromkeys(names)))
    return _ids(named)


def _ids(rows: Iterable[Any]) -> list[MarketId]:
    return list(dict.fromkeys(MarketId(fields.text(row, "marketId")) for row in rows))


class _Lists:
    """Lists of one query, and how many were asked for."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked = 0

    async def between(self, wanted: Filter, begin: datetime, end: datetime) -> list[Any]:
        """All markets that start from `begin` on and before `end`, however many lists that takes."""
        if begin >= end:
            return []
        self._asked += 1
        started = {"from": catalogue.written(begin), "to": catalogue.written(end - timedelta(milliseconds=1))}
        params = {
            "filter": {**wanted, "marketStartTime": started}, "marketProjection": ["MARKET_START_TIME"],
            "sort": "FIRST_TO_START", "maxResults": LONGEST,
        }  # fmt: skip
        rows = listed(await self._client.read(wire.BETTING + "listMarketCatalogue", params))
        if len(rows) < LONGEST:
            return rows
        if end - begin <= SHORTEST or self._asked >= MOST_LISTS:
            raise VenueRefused(f"more markets fit than the venue lists; {NARROWER}")
        middle = begin + (end - begin) / 2
        return await self.between(wanted, begin, middle) + await self.between(wanted, middle, end)


async def _whole(client: Client, ids: Sequence[MarketId]) -> list[Market]:
    """Those that closed in the meantime are gone; one that planrunner does not bet on refuses the whole query."""
    rows = listed(await client.read(wire.BETTING + "listMarketCatalogue", catalogue.whole_params(ids)))
    for row in rows:
        if (reason := catalogue.unsupported(row)) is not None:
            raise VenueRefused(f"{fields.text(row, 'marketName')}: {reason}")
    return [catalogue.market_of(row) for row in rows]


def _chunks(ids: Sequence[MarketId], size: int) -> Iterable[list[MarketId]]:
    rest = iter(ids)
    while some := list(islice(rest, size)):
        yield some
