"""`for_each_market`: the markets that an account's venue has when the plan runs, and the plan's orders for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from planrunner.app.plans import Loaded, located_query
from planrunner.app.resolving import zone_of
from planrunner.app.stage import Venues
from planrunner.model.errors import NotInCatalogue, Refused
from planrunner.model.exposure import placed_by
from planrunner.model.market import Market, MarketId
from planrunner.model.plan import BeforeEachStart, MarketQuery, Plan

SHOWN = 6
NO_TIME = timedelta(0)


class PerMarket:
    """A plan whose orders are known once its markets are. `loaded` is then the plan with those orders: what is found to be wrong
    later is told of them.

    A plan that runs before each start has one market in each of its runs: `only`, and where that is not said the one that starts
    next.
    """

    def __init__(self, loaded: Loaded, only: MarketId | None = None) -> None:
        self.loaded = loaded
        self._only = only

    async def orders(self, venues: Venues, *, today: date, now: datetime) -> Plan:
        """The plan itself where it is not one per market.

        Raises Refused where no market fits, or more than the plan may have orders for; PlanProblems for a word the venue does not
        know, and for orders that do not fit their market; VenueRefused, VenueTrouble.
        """
        plan = self.loaded.plan
        query = plan.per_market
        if query is None:
            return plan
        on = query.on or today
        markets = await self.markets(venues, query, on)
        if self._only is not None and query.on is None and all(one.id != self._only for one in markets):
            markets = await self.markets(venues, query, on + timedelta(days=1))  # its run began before midnight
        if isinstance(plan.when, BeforeEachStart):
            markets = tuple(one for one in markets if one.id == self._only or (self._only is None and one.start > now))[:1]
        if not markets:
            raise Refused(f"{query.account} has no market that fits: {in_words(query, on, plan)}. Nothing was placed.")
        _refuse_too_many(plan, query, markets)
        self.loaded = self.loaded.with_markets(markets)
        return self.loaded.plan

    async def markets(self, venues: Venues, query: MarketQuery, on: date) -> tuple[Market, ...]:
        """Of that day."""
        try:
            return await venues[query.account].markets(query, on=on, zone=zone_of(self.loaded.plan))
        except NotInCatalogue as error:
            raise located_query(self.loaded, error) from error


def _refuse_too_many(plan: Plan, query: MarketQuery, markets: Sequence[Market]) -> None:
    of_one = sum(placed_by(order) for order in plan.orders)
    most, count = plan.limits.max_orders, of_one * len(markets)
    if most is None or count <= most:
        return
    zone = zone_of(plan)
    first = ", ".join(f"{one.meeting or one.fixture} {one.start.astimezone(zone):%H:%M}" for one in markets[:SHOWN])
    more = f" and {len(markets) - SHOWN} more" if len(markets) > SHOWN else ""
    raise Refused(
        f"{len(markets)} markets of {query.account} fit ({first}{more}), which makes {count} orders, hedges counted; "
        f"`max_orders` of the plan is {most}. Nothing was placed."
    )


def in_words(query: MarketQuery, on: date, plan: Plan) -> str:
    """`Win markets of Horse Racing in GB at Bath and Ascot on 2026-12-05, starting at 13:00 or later
    (Europe/London)`."""
    words = f"{query.market} markets of {query.sport}"
    if query.country:
        words += f" in {query.country}"
    if query.meetings:
        *before, last = query.meetings
        words += f" at {', '.join(before)} and {last}" if before else f" at {last}"
    words += f" on {on}"
    after = f"at {query.starts_after:%H:%M} or later" if query.starts_after else ""
    until = f"before {query.starts_before:%H:%M}" if query.starts_before else ""
    if times := " and ".join(filter(None, (after, until))):
        words += f", starting {times}"
    return f"{words} ({plan.time_zone or 'UTC'})"


async def near_markets(loaded: Loaded, venues: Venues, *, now: datetime, ahead: timedelta) -> tuple[Market, ...]:
    """The markets of a plan's day, and of the next where that begins within `ahead`. Raises as `PerMarket.orders` does."""
    plan, query = loaded.plan, loaded.plan.per_market
    assert query is not None
    zone = zone_of(plan)
    days = [query.on] if query.on is not None else sorted({(now + more).astimezone(zone).date() for more in (NO_TIME, ahead)})
    found: dict[MarketId, Market] = {}
    for day in days:
        found |= {one.id: one for one in await PerMarket(loaded).markets(venues, query, day)}
    return tuple(found.values())
