"""How orders, bets and accounts are shown: over REST and on the channels alike."""

from __future__ import annotations

from decimal import Decimal

from planrunner.model.market import MarketStatus
from planrunner.sandbox.oddspapi_abp.accounts import Account
from planrunner.sandbox.oddspapi_abp.desk import Desk
from planrunner.sandbox.oddspapi_abp.ids import Outcome
from planrunner.sandbox.oddspapi_abp.orders import Bet, Order
from planrunner.sandbox.oddspapi_abp.wire import Json, stamp

STATUS_IDS = {"Not started": 0, "Live": 1, "Finished": 2, "Cancelled": 3}


def order_view(desk: Desk, order: Order) -> Json:
    spec = order.spec
    view = {
        "orderId": order.id, "requestUuid": spec.uuid,
        "allowedBookmakers": "*" if spec.bookmakers is None else ",".join(spec.bookmakers),
        "fixtureId": spec.fixture, "outcomeId": spec.outcome, "playerId": spec.player,
        "orderPrice": spec.price, "orderStake": spec.stake, "filledStake": order.filled, "remainingStake": order.remaining,
        "userRef": spec.user_ref, "testOrder": spec.test, "orderCurrency": spec.currency, "back": spec.back,
        "expiresAt": stamp(spec.expires), "acceptBetterOdds": spec.better, "acceptPartialStake": spec.partial,
        "clientName": order.client, "orderStatus": order.status.value, "createdAt": stamp(order.created),
        "updatedAt": stamp(order.updated), "meta": spec.meta, "bets": [bet_view(bet) for bet in order.bets],
        "fixtureInfo": fixture_info(order.outcome), "outcomeInfo": outcome_info(order.outcome),
        "currencyInfo": currency_info(desk, spec.currency),
    }  # fmt: skip
    return {**view, "playerInfo": {"playerId": spec.player}} if spec.player else view


def bet_view(bet: Bet) -> Json:
    order = bet.order
    return {
        "betId": bet.id, "orderId": order.id, "bookmaker": bet.part.book, "username": bet.username,
        "bookmakerBetId": bet.number, "placedPrice": bet.part.price, "placedStake": bet.part.placed,
        "placedCurrency": bet.currency, "placedAt": stamp(bet.placed_at), "betStatus": bet.status.value,
        "settlementStatus": bet.settlement.value, "settlementAmount": bet.amount, "clientName": order.client,
        "testBet": False, "userRef": order.spec.user_ref, "requestUuid": order.spec.uuid, "updatedAt": stamp(bet.updated),
    }  # fmt: skip


def account_view(desk: Desk, account: Account) -> Json:
    return {
        "bookmaker": account.bookmaker, "username": account.username, "client": account.client, "password": "***",
        "balance": account.balance, "credit": account.credit, "active": account.active, "priority": account.priority,
        "maxStake": account.max_stake, "minStake": account.min_stake, "currencyId": account.currency,
        "verifyBetslip": account.verify, "meta": account.meta, "createdAt": stamp(account.created),
        "updatedAt": stamp(account.updated), "multiLimitAllowed": account.multi_limit,
        "currencyInfo": currency_info(desk, account.currency),
    }  # fmt: skip


def fixture_info(outcome: Outcome) -> Json:
    fixture, board = outcome.board.terms.fixture, outcome.board
    home, versus, away = fixture.name.partition(" v ")
    name = _status(outcome)
    return {
        "fixtureId": outcome.fixture_id,
        "status": {"live": name == "Live", "statusId": STATUS_IDS[name], "statusName": name},
        "sport": {"sportId": int(fixture.sport_id), "sportName": fixture.sport},
        "tournament": {
            "tournamentId": int(fixture.competition_id or 0), "tournamentName": fixture.competition or fixture.name,
            "categoryName": fixture.country,
        },
        "startTime": board.start // 1000,
        "participants": {
            "participant1Id": 1, "participant1Name": home, "participant2Id": 2, "participant2Name": away if versus else "",
        },
    }  # fmt: skip


def outcome_info(outcome: Outcome) -> Json:
    terms = outcome.board.terms
    return {
        "marketId": outcome.market_id, "marketName": terms.name, "marketNameShort": terms.name,
        "marketType": terms.type, "period": "fulltime", "playerProp": False, "handicap": Decimal(0),
        "outcomeId": outcome.outcome_id, "outcomeName": outcome.runner.name,
    }  # fmt: skip


def currency_info(desk: Desk, currency: str) -> Json:
    return {"currency": currency, "currencyValue": desk.rates.values.get(currency), "updatedAt": stamp(desk.accounts.begin)}


def _status(outcome: Outcome) -> str:
    board = outcome.board
    if board.status is MarketStatus.CLOSED:
        return "Cancelled" if board.is_void else "Finished"
    return "Live" if board.in_play else "Not started"
