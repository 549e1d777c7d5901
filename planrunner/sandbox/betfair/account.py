"""The account service (section 10.4)."""

from __future__ import annotations

from decimal import Decimal

from planrunner.sandbox.betfair.errors import missing
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.wire import Json, money

EXPOSURE_LIMIT = -1_000_000


def get_account_funds(exchange: Exchange, owner: str, params: Params) -> Json:
    if params.text("wallet") not in (None, "UK"):
        raise missing()
    world = exchange.world
    return {
        "availableToBetBalance": money(world.available(owner)),
        "exposure": money(world.exposure(owner)),
        "retainedCommission": money(0),
        "exposureLimit": money(EXPOSURE_LIMIT),
        "discountRate": Decimal(0),
        "pointsBalance": 0,
        "wallet": "UK",
    }


def get_account_details(exchange: Exchange, owner: str, _: Params) -> Json:
    return {
        "currencyCode": exchange.world.account.currency,
        "firstName": "Practice",
        "lastName": owner,
        "localeCode": "en_GB",
        "region": "GBR",
        "timezone": "Europe/London",
        "discountRate": Decimal(0),
        "pointsBalance": 0,
        "countryCode": "GB",
    }
