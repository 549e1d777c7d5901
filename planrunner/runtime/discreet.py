"""A venue behind which no secret comes back: what it says is cleaned before anybody decides by it, writes it down or shows it.

A venue was sent the password, the key and the token, so it can quote them in an error or a page, or where a bookmaker's name
should be. Facts themselves (numbers, ids, sizes, names of a market) are left as they are: nothing is decided by a text that
credentials had a part in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, TypeVar

from planrunner.model.errors import NotInCatalogue, PlanrunnerError
from planrunner.model.events import Event
from planrunner.model.journal import Exchange
from planrunner.model.market import Market, MarketId
from planrunner.model.plan import MarketQuery, Target
from planrunner.model.profile import VenueProfile
from planrunner.ports import Answer, Asking, Card, Catalogue, Request, SendBy, Venue, VenueBet
from planrunner.runtime.secrets import redacted

E = TypeVar("E", bound=Event)
_WORDS = ("text", "reason")  # of a fact: what the venue said, or a code of its own
_LISTS = ("fills", "dividends")  # of a fact: what bookmakers hold of a bet, what a pool pays; with words in them


class DiscreetVenue:
    """See `ports.Venue`; everything is asked of the venue it was made with."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    @property
    def profile(self) -> VenueProfile:
        return self._venue.profile

    async def open(self) -> None:
        with _cleaned_errors():
            await self._venue.open()

    async def close(self) -> None:
        await self._venue.close()

    async def find(self, target: Target, *, on: date | None) -> Catalogue:
        with _cleaned_errors():
            return await self._venue.find(target, on=on)

    async def markets(self, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:
        with _cleaned_errors():
            return await self._venue.markets(query, on=on, zone=zone)

    async def products(self, meeting: str, *, on: date | None) -> Card:
        with _cleaned_errors():
            return await self._venue.products(meeting, on=on)

    async def bets(self, since: datetime) -> tuple[VenueBet, ...]:
        with _cleaned_errors():
            return await self._venue.bets(since)

    async def commissions(self, markets: Collection[MarketId]) -> Mapping[MarketId, Decimal]:
        with _cleaned_errors():
            return await self._venue.commissions(markets)

    def prepare(self, command: Asking) -> Request:
        return self._venue.prepare(command)

    async def send(self, request: Request, send_by: SendBy | None) -> Answer:
        answer = await self._venue.send(request, send_by)
        return Answer(events=tuple(map(cleaned, answer.events)), exchanges=tuple(map(_exchange, answer.exchanges)))

    def watch(self, market: MarketId) -> None:
        self._venue.watch(market)

    def unwatch(self, market: MarketId) -> None:
        self._venue.unwatch(market)

    async def facts(self) -> AsyncIterator[Event]:
        async for event in self._venue.facts():
            yield cleaned(event)


def cleaned(event: E) -> E:
    """The fact, its words without secrets."""
    names = {field.name for field in fields(event)}
    new: dict[str, Any] = {name: redacted(getattr(event, name)) for name in _WORDS if name in names}
    new |= {name: tuple(map(_row, getattr(event, name))) for name in _LISTS if name in names}
    return event if all(getattr(event, name) == value for name, value in new.items()) else replace(event, **new)


def _row(row: Any) -> Any:
    """One of a list, all its texts cleaned."""
    texts = {field.name: getattr(row, field.name) for field in fields(row)}
    return replace(row, **{name: redacted(text) for name, text in texts.items() if isinstance(text, str)})


def _exchange(one: Exchange) -> Exchange:
    trouble = None if one.trouble is None else redacted(one.trouble)
    return replace(one, answer=_value(one.answer), trouble=trouble)


def _value(value: Any) -> Any:
    """A JSON value, keys too."""
    match value:
        case str():
            return redacted(value)
        case dict():
            return {redacted(key): _value(one) for key, one in value.items()}
        case list():
            return [_value(one) for one in value]
        case _:
            return value


@contextmanager
def _cleaned_errors() -> Iterator[None]:
    try:
        yield
    except NotInCatalogue:  # in the words of the plan
        raise
    except PlanrunnerError as error:
        if (text := redacted(str(error))) == str(error):
            raise
        raise type(error)(text) from None
