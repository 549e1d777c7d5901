"""placeOrders (sections 7 and 8): all legs or none, held for the bet delay in play, references remembered for a minute."""

from __future__ import annotations

from dataclasses import dataclass

from planrunner.model.market import MarketStatus
from planrunner.sandbox.betfair.checks import (
    CUSTOMER_REF,
    LONGEST_STRATEGY_REF,
    Instruction,
    ask,
    crossing,
    read_instruction,
    wrong,
)
from planrunner.sandbox.betfair.errors import Refused, missing
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.wire import Json, average, money, second
from planrunner.sandbox.bets import Ask, OurBet
from planrunner.sandbox.board import Board
from planrunner.sandbox.clock import from_ms

MOST_INSTRUCTIONS = 200
LONGEST_VERSION = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One placeOrders request, its types checked."""

    owner: str
    market: str
    orders: list[Instruction]
    ref: str | None
    strategy: str | None
    version: str | None
    asynchronous: bool


def read_call(owner: str, params: Params) -> Call:
    market = params.need_text("marketId")
    if params.items("instructions") is None:
        raise missing()
    orders = [read_instruction(item) for item in params.objects("instructions")]
    ref = params.text("customerRef")
    if not 1 <= len(orders) <= MOST_INSTRUCTIONS or (ref and not CUSTOMER_REF.fullmatch(ref)):
        raise Refused("INVALID_INPUT_DATA")
    version = params.object("marketVersion")
    return Call(
        owner=owner, market=market, orders=orders, ref=ref, strategy=params.text("customerStrategyRef") or None,
        version=version.text("version") if version else None, asynchronous=params.yes("async"),
    )  # fmt: skip


async def place_orders(exchange: Exchange, owner: str, params: Params) -> Json:
    call = read_call(owner, params)
    board = exchange.board(call.market)
    if exchange.seen(owner, "placeOrders", call.ref):
        return _report(call, "DUPLICATE_TRANSACTION")
    code = _wrong_call(call, board)
    if code or board is None:
        return _report(call, code)
    legs = _wrong_legs(call, board)
    if legs:
        return _report(call, "BET_ACTION_ERROR", legs)
    asks = [ask(order, board, owner, call.strategy) for order in call.orders]
    if exchange.world.available(owner, board, asks) < 0:
        return _report(call, "INSUFFICIENT_FUNDS", [_leg(order, "ERROR_IN_ORDER") for order in call.orders])
    return await _carry_out(exchange, board, call, asks)


def _wrong_legs(call: Call, board: Board) -> list[Json]:
    """Reports of all legs if any is wrong; the good ones failed because of the others."""
    codes = [wrong(order, board) for order in call.orders]
    if any(codes):
        return [_leg(order, code or "ERROR_IN_ORDER") for order, code in zip(call.orders, codes, strict=True)]
    if crossing(call.orders):
        return [_leg(order, "INVALID_BACK_LAY_COMBINATION") for order in call.orders]
    return []


async def _carry_out(exchange: Exchange, board: Board, call: Call, asks: list[Ask]) -> Json:
    """The version and the hold come last: from here on the bets exist, if only to lapse."""
    stale = call.version is not None and int(call.version) < board.material
    place = exchange.world.place_lapsed if stale else exchange.world.place
    placed = [place(board, one) for one in asks]
    if board.bet_delay and not stale and not call.asynchronous:
        await held(exchange, board.bet_delay)
    if any(ours.bet.lapse for ours in placed):
        legs = [_lapsed_leg(order, ours) for order, ours in zip(call.orders, placed, strict=True)]
        return _report(call, "BET_ACTION_ERROR", legs)
    if call.asynchronous:
        return _report(call, None, [_pending_leg(order) for order in call.orders])
    return _report(call, None, [placed_leg(board, order.echo, bet) for order, bet in zip(call.orders, placed, strict=True)])


async def held(exchange: Exchange, milliseconds: int) -> None:
    """Wait for the bet delay. The bets land, or lapse with a suspension, whether or not the client waits too (section 13.3)."""
    await exchange.clock.sleep_until(from_ms(exchange.world.now + milliseconds))
    exchange.world.advance(exchange.clock.now())


def _wrong_call(call: Call, board: Board | None) -> str | None:
    """What is wrong with the request as a whole."""
    if board is None:
        return "INVALID_MARKET_ID"
    if call.version is not None and (not call.version.isdecimal() or len(call.version) > LONGEST_VERSION):
        return "INVALID_MARKET_VERSION"
    if call.strategy and len(call.strategy) > LONGEST_STRATEGY_REF:
        return "INVALID_INPUT_DATA"
    match board.status:
        case MarketStatus.OPEN:
            return None
        case MarketStatus.SUSPENDED:
            return "MARKET_SUSPENDED"
        case _:
            return "MARKET_NOT_OPEN_FOR_BETTING"


def _report(call: Call, code: str | None, legs: list[Json] | None = None) -> Json:
    body: dict[str, Json] = {}
    if call.ref:
        body["customerRef"] = call.ref
    body["status"] = "FAILURE" if code else "SUCCESS"
    if code:
        body["errorCode"] = code
    body["marketId"] = call.market
    if legs is not None:
        body["instructionReports"] = legs
    return body


def _leg(order: Instruction, code: str) -> Json:
    return {"status": "FAILURE", "errorCode": code, "instruction": order.echo}


def _pending_leg(order: Instruction) -> Json:
    return {"status": "SUCCESS", "orderStatus": "PENDING", "instruction": order.echo}


def _lapsed_leg(order: Instruction, ours: OurBet) -> Json:
    return {
        "status": "FAILURE", "errorCode": "BET_TAKEN_OR_LAPSED", "orderStatus": "EXECUTION_COMPLETE", "instruction": order.echo,
        "betId": str(ours.bet.id), "placedDate": second(ours.bet.placed_at), "averagePriceMatched": money(0),
        "sizeMatched": money(0),
    }  # fmt: skip


def placed_leg(board: Board, echo: Json, ours: OurBet) -> Json:
    bet = ours.bet
    killed = bet.fill_or_kill and bet.matched == 0
    status = "EXPIRED" if killed else "EXECUTABLE" if bet.remaining else "EXECUTION_COMPLETE"
    return {
        "status": "SUCCESS", "instruction": echo, "betId": str(bet.id), "placedDate": second(bet.placed_at),
        "averagePriceMatched": average(bet.average_odds(board.terms.ladder)), "sizeMatched": money(bet.matched),
        "orderStatus": status,
    }  # fmt: skip
