"""What Betfair charges on the net winnings of a market: for the market as a whole, so it is in the roll-up by market only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from planrunner.model.market import MarketId
from planrunner.venues import fields
from planrunner.venues.betfair import wire
from planrunner.venues.betfair.client import Client

MARKETS_AT_ONCE = 250
NOTHING = Decimal("0.00")


async def rolled_up(client: Client, markets: Collection[MarketId]) -> Mapping[MarketId, Decimal]:
    """A market that is not there yet is left out. Raises as `Client.read`, and Unreadable."""
    charged: dict[MarketId, Decimal] = {}
    left = iter(markets)
    while some := list(islice(left, MARKETS_AT_ONCE)):
        params = {"betStatus": "SETTLED", "marketIds": some, "groupBy": "MARKET"}
        for row in await client.pages(wire.BETTING + "listClearedOrders", params, "clearedOrders"):
            market = _market(row, some)
            charged[market] = charged.get(market, NOTHING) + wire.size(row, "commission")
    return {market: charged[market] for market in markets if market in charged}


def _market(row: Any, asked: list[MarketId]) -> MarketId:
    """Where one alone was asked for it needs no name."""
    return asked[0] if len(asked) == 1 else MarketId(fields.text(row, "marketId"))
