"""Every operation the sandbox serves, by service. Names are matched without case, as the real framework does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from planrunner.sandbox.betfair.account import get_account_details, get_account_funds
from planrunner.sandbox.betfair.books import list_market_book, list_runner_book
from planrunner.sandbox.betfair.catalogue import (
    list_competitions,
    list_countries,
    list_event_types,
    list_events,
    list_market_catalogue,
    list_market_types,
    list_venues,
)
from planrunner.sandbox.betfair.changing import cancel_orders, replace_orders, update_orders
from planrunner.sandbox.betfair.errors import Service
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.orders import list_cleared_orders, list_current_orders
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.placing import place_orders
from planrunner.sandbox.betfair.wire import Json

Operation: TypeAlias = Callable[[Exchange, str, Params], Json | Awaitable[Json]]

OPERATIONS: dict[Service, dict[str, Operation]] = {
    Service.BETTING: {
        "listEventTypes": list_event_types,
        "listCompetitions": list_competitions,
        "listEvents": list_events,
        "listMarketTypes": list_market_types,
        "listCountries": list_countries,
        "listVenues": list_venues,
        "listMarketCatalogue": list_market_catalogue,
        "listMarketBook": list_market_book,
        "listRunnerBook": list_runner_book,
        "placeOrders": place_orders,
        "cancelOrders": cancel_orders,
        "replaceOrders": replace_orders,
        "updateOrders": update_orders,
        "listCurrentOrders": list_current_orders,
        "listClearedOrders": list_cleared_orders,
    },
    Service.ACCOUNT: {
        "getAccountFunds": get_account_funds,
        "getAccountDetails": get_account_details,
    },
}

_BY_LOWER_CASE = {
    service: {name.lower(): name for name in operations} for service, operations in OPERATIONS.items()
}  # fmt: skip


def name_of(service: Service, asked: str) -> str | None:
    """How the documentation writes an operation; None for one that is not served."""
    return _BY_LOWER_CASE[service].get(asked.lower())
