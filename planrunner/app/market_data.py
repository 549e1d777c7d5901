"""Market data at hand: what a recorded market, or a saved catalogue of Betfair, tells of the names in a plan."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from planrunner.app.resolving import DoesNotFit, Finding, Where, resolve_plan, zone_of
from planrunner.app.site import read_file
from planrunner.app.worlds import GZIP
from planrunner.model.account import Site
from planrunner.model.errors import WrongUse
from planrunner.model.market import Market, MarketId
from planrunner.model.plan import LimitOrder, MarketQuery, Move, Plan, Target
from planrunner.model.profile import VenueProfile
from planrunner.ports import Card, Catalogue, Venue
from planrunner.review.previewing import NO_DATA, Data

if TYPE_CHECKING:
    from planrunner.runtime.clock import HandsClock

BETFAIR = "betfair"  # the one venue whose markets are recorded
# What a plan names and other data may hold: it is not known then, and not wrong.
_ELSEWHERE = frozenset({"event", "event_id", "market_id", "meeting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketData:
    """`file` as it was named; `is_recording`: it can be played."""

    file: Path
    markets: tuple[Market, ...]
    is_recording: bool


def read_market_data(file: Path) -> MarketData:
    """A recorded market (plain or packed), or the answer of `listMarketCatalogue` as it was saved. Raises WrongUse."""
    rows = _saved(file)
    if rows is None:
        return MarketData(file=file, markets=_recorded(file), is_recording=True)
    from planrunner.venues.betfair import catalogue
    from planrunner.venues.exact_json import Unreadable

    try:
        found = catalogue.markets(rows, Target())
    except (Unreadable, ValueError, TypeError, LookupError, AttributeError) as error:
        raise WrongUse(
            f"{file} is no market catalogue that tells enough: save the answer of Betfair's listMarketCatalogue with EVENT, "
            f"EVENT_TYPE, MARKET_START_TIME, MARKET_DESCRIPTION and RUNNER_DESCRIPTION ({error})"
        ) from error
    return MarketData(file=file, markets=found, is_recording=False)


def look_up(plan: Plan, site: Site, data: MarketData) -> tuple[Data, tuple[Finding, ...]]:
    """Where the orders of a plan go, as far as these data tell, and what of a plan is wrong by them. What they say nothing of is
    in neither."""
    asked = _of_these_data(plan, site)
    try:
        return _found(_resolved(asked, site, data), data), ()
    except DoesNotFit as error:
        wrong = tuple(one for one in error.findings if one.key not in _ELSEWHERE or one.did_you_mean is not None)
        if wrong:
            return NO_DATA, wrong
        return _found(_resolved(_without(asked, error.findings), site, data), data), ()


def _found(where: Where, data: MarketData) -> Data:
    return Data(source=str(data.file), orders=where.orders, moves=where.moves, bets=where.bets)


def _resolved(plan: Plan, site: Site, data: MarketData) -> Where:
    from planrunner.app.venues import profiles

    saved = _Saved(profiles()[BETFAIR], data.markets)
    venues = {name: cast("Venue", saved) for name, one in site.accounts.items() if one.venue == BETFAIR}
    coroutine = resolve_plan(plan, venues, today=_day(data, zone_of(plan)))
    try:
        coroutine.send(None)
    except StopIteration as answer:  # nothing in it waits: it looks into what was read
        where: Where = answer.value
        return where
    raise AssertionError("saved market data kept somebody waiting")


def _day(data: MarketData, zone: tzinfo) -> date:
    """The day of the data is what a plan calls today."""
    return min((one.start for one in data.markets), default=datetime(1970, 1, 1, tzinfo=UTC)).astimezone(zone).date()


def _of_these_data(plan: Plan, site: Site) -> Plan:
    """The plan without what is on other venues."""
    orders = [one for one in plan.orders if site.accounts[one.account].venue == BETFAIR]
    moved = {one.name for one in orders if one.move is not None and site.accounts[one.move.account].venue != BETFAIR}
    return replace(plan, orders=tuple(_unmoved(one) if one.name in moved else one for one in orders), tickets=())


def _without(plan: Plan, findings: Iterable[Finding]) -> Plan:
    gone = {(one.order.name, one.moved) for one in findings}
    orders = [_unmoved(one) if (one.name, True) in gone else one for one in plan.orders if (one.name, False) not in gone]
    return replace(plan, orders=tuple(orders))


def _unmoved(order: LimitOrder) -> LimitOrder:
    return replace(order, fallback=tuple(step for step in order.fallback if not isinstance(step.action, Move)))


class _Saved:
    """As much of a venue as looking up names asks for."""

    def __init__(self, profile: VenueProfile, markets: tuple[Market, ...]) -> None:
        self.profile = profile
        self._markets = markets

    async def find(self, target: Target, *, on: date | None) -> Catalogue:  # noqa: ARG002 - all there is
        names = {name for one in self._markets for name in (one.fixture, one.meeting) if name}
        return Catalogue(markets=self._markets, nearby=tuple(sorted(names)))

    async def markets(self, query: MarketQuery, *, on: date, zone: tzinfo) -> tuple[Market, ...]:  # noqa: ARG002
        return ()

    async def products(self, meeting: str, *, on: date | None) -> Card:  # noqa: ARG002
        return Card()


def _saved(file: Path) -> list[object] | None:
    """The rows of a saved catalogue; None: the file is something else."""
    content = read_file(str(file)) if not _is_packed(file) else b""
    if not content.lstrip().startswith((b"[", b"{")):
        return None
    try:
        found = json.loads(content, parse_float=Decimal)
    except ValueError:
        return None  # a recording has a document on each of its lines
    rows = found if isinstance(found, list) else [found]
    return rows if all(isinstance(one, dict) and "marketId" in one for one in rows) else None


def _is_packed(file: Path) -> bool:
    from planrunner.app.site import words_for

    with words_for(file), file.open("rb") as opened:
        return opened.read(2) == GZIP


def _recorded(file: Path) -> tuple[Market, ...]:
    """The market of a recording, as the adapter reads it from whoever plays it."""
    from planrunner.app.rehearsal import staged
    from planrunner.app.venues import profiles
    from planrunner.app.worlds import load_recording
    from planrunner.plan.site_file import default_site
    from planrunner.sandbox.recording import BEFORE_START

    played = load_recording(file, seed=1, case="usual", before_start=BEFORE_START)
    accounts = {name: one for name, one in default_site(profiles()).accounts.items() if one.venue == BETFAIR}
    begin, (market,) = played.world.begin, played.world.boards
    stage = staged(played, accounts, begin=begin, today=begin.date())

    async def ask(clock: HandsClock) -> tuple[Market, ...]:
        async with stage.venues(clock) as venues:
            (venue,) = venues.values()
            return (await venue.find(Target(market_id=MarketId(market)), on=None)).markets

    return stage.play(ask)
