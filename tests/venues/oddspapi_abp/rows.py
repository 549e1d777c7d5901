"""Orders, bets and betslips as the venue's documentation shows them; what a test is about is said by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from planrunner.model.commands import CancelOrder, NewPlacement, PlaceOrders, QueryBook, QueryOrder
from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType

AT = datetime(2026, 9, 13, 15, 0, tzinfo=UTC)
ACCOUNT, MARKET, SELECTION = AccountName("abp"), MarketId("id1000009900000001:101"), SelectionId("101")
FIXTURE = "id1000009900000001"
REF, OTHER = OrderRef("0b6f2c1e-3a55-4f0e-9a41-7d2f6c1a9e01"), OrderRef("0b6f2c1e-3a55-4f0e-9a41-7d2f6c1a9e02")
UNTIL = AT + timedelta(seconds=20)


def placement(ref: OrderRef = REF, **changes: Any) -> NewPlacement:
    usual: dict[str, Any] = {
        "path": "orders.arsenal", "rung": 0, "selection": SELECTION, "handicap": Decimal(0), "side": Side.BACK,
        "odds": Decimal("2.04"), "size": Decimal("600.00"), "type": OrderType.LIMIT, "good_until": UNTIL,
    }  # fmt: skip
    return NewPlacement(ref=ref, **{**usual, **changes})


def place(*placements: NewPlacement, attempt: int = 1) -> PlaceOrders:
    return PlaceOrders(
        account=ACCOUNT, market=MARKET, request_ref="request", attempt=attempt, placements=placements or (placement(),),
        because="plan",
    )  # fmt: skip


CANCEL = CancelOrder(account=ACCOUNT, market=MARKET, ref=REF, bet=BetId("9001"), because="plan")
QUERY = QueryOrder(account=ACCOUNT, market=MARKET, ref=REF, stake=Decimal(600), because="plan")
BOOK = QueryBook(account=ACCOUNT, market=MARKET, selection=SELECTION, handicap=Decimal(0), because="plan")


def order(**changes: Any) -> dict[str, Any]:
    return {
        "orderId": 9001, "requestUuid": REF, "allowedBookmakers": "pinnacle,sharpbet", "fixtureId": FIXTURE, "outcomeId": 101,
        "playerId": 0, "orderPrice": Decimal("2.04"), "orderStake": 600, "filledStake": 0, "userRef": "planrunner",
        "testOrder": False, "orderCurrency": "USD", "back": True, "expiresAt": "2026-09-13T15:00:20+00:00",
        "orderStatus": "PENDING", "createdAt": "2026-09-13T15:00:00.101001+00:00",
        "updatedAt": "2026-09-13T15:00:00.912004+00:00", "meta": {"path": "orders.arsenal"}, "bets": [],
        "fixtureInfo": {}, "outcomeInfo": {"marketId": 101}, "currencyInfo": {"currency": "USD", "currencyValue": 1}, **changes,
    }  # fmt: skip


def bet(number: int = 5551, **changes: Any) -> dict[str, Any]:
    return {
        "betId": number, "orderId": 9001, "bookmaker": "pinnacle", "bookmakerBetId": "77120031", "placedPrice": Decimal("2.07"),
        "placedStake": 400, "placedCurrency": "USD", "placedAt": "2026-09-13T15:00:00+00:00", "betStatus": "CONFIRMED",
        "settlementStatus": "UNSETTLED", "testBet": False, "userRef": "planrunner", "requestUuid": REF, **changes,
    }  # fmt: skip


def offer(price: str = "2.07", *, limit: Any = 1000, minimum: Any = 5, currency: str = "USD", **changes: Any) -> dict[str, Any]:
    return {
        "price": Decimal(price), "limit": limit, "limitMin": minimum, "limitCurrency": currency, "active": True, **changes,
    }  # fmt: skip


def betslip(offers: dict[str, dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    shown = {"pinnacle": offer()} if offers is None else offers
    return {
        "fixtureId": FIXTURE, "outcomeId": 101, "playerId": 0, "client": "demo",
        "fixtureInfo": {
            "fixtureId": FIXTURE, "status": {"live": False, "statusId": 0, "statusName": "Pre-Game"},
            "sport": {"sportId": 10, "sportName": "Soccer"}, "startTime": 1789315200,
            "tournament": {"tournamentId": 17, "tournamentName": "Premier League", "categoryName": "England"},
            "participants": {"participant1Id": 42, "participant1Name": "Arsenal", "participant2Id": 38,
                             "participant2Name": "Chelsea"},
        },
        "outcomeInfo": {
            "marketId": 101, "marketName": "Full Time Result", "marketNameShort": "FT", "marketType": "1x2", "period": "fulltime",
            "playerProp": False, "handicap": 0, "outcomeId": 101, "outcomeName": "1",
        },
        "odds": {name: {f"{FIXTURE}:{name}:101:0": one} for name, one in shown.items()}, **changes,
    }  # fmt: skip
