"""cancelOrders, replaceOrders and updateOrders (section 9)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planrunner.matching.bet import Persistence
from planrunner.model.market import MarketStatus
from planrunner.sandbox.betfair.checks import PENNY, PERSISTENCES, wrong_size
from planrunner.sandbox.betfair.errors import Refused, missing
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.placing import held, placed_leg
from planrunner.sandbox.betfair.wire import Json, money, second
from planrunner.sandbox.bets import Ask, OurBet
from planrunner.sandbox.board import Board

MOST_INSTRUCTIONS = 60
Leg = dict[str, Json]


async def cancel_orders(exchange: Exchange, owner: str, params: Params) -> Json:
    market = params.text("marketId")
    board = exchange.board(market) if market is not None else None
    wanted = params.objects("instructions")
    if exchange.seen(owner, "cancelOrders", params.text("customerRef")):
        return report(params, "DUPLICATE_TRANSACTION")
    if not wanted:
        return _cancel_all(exchange, owner, params, board)
    if market is None:
        raise missing()
    code = _wrong_call(board, wanted)
    if code or board is None:
        return report(params, code)
    legs = [_cancel(exchange, owner, board, one) for one in wanted]
    return report(params, None, legs)


def _cancel_all(exchange: Exchange, owner: str, params: Params, board: Board | None) -> Json:
    """No instructions: every unmatched bet in the market, or of the account. The real one does that with an empty list."""
    if board is None and "marketId" in params:
        return report(params, "INVALID_MARKET_ID")
    markets = {board.terms.id} if board else set(exchange.world.boards)
    for ours in list(exchange.world.bets_of(owner)):
        on = exchange.world.boards[ours.market]
        if ours.market in markets and ours.bet.remaining and on.status is MarketStatus.OPEN:
            exchange.world.cancel(ours, None)
    return report(params, None)


def _wrong_call(board: Board | None, wanted: Sequence[Params]) -> str | None:
    if board is None:
        return "INVALID_MARKET_ID"
    if len(wanted) > MOST_INSTRUCTIONS:
        raise Refused("INVALID_INPUT_DATA", "too many instructions")
    ids = [one.need_text("betId") for one in wanted]
    if len(set(ids)) < len(ids):
        return "DUPLICATE_BETIDS"
    match board.status:
        case MarketStatus.OPEN:
            return None
        case MarketStatus.SUSPENDED:
            return "MARKET_SUSPENDED"
        case _:
            return "MARKET_NOT_OPEN_FOR_BETTING"


def _cancel(exchange: Exchange, owner: str, board: Board, wanted: Params) -> Leg:
    bet_id = wanted.need_text("betId")
    reduction = wanted.number("sizeReduction")
    echo: Leg = {"betId": bet_id} if reduction is None else {"betId": bet_id, "sizeReduction": reduction}
    ours = exchange.bet(owner, bet_id)
    code = _not_cancellable(ours, board)
    if code or ours is None:
        return _failed(code or "INVALID_BET_ID", echo)
    size = None if reduction is None else int(reduction * 100)
    left = 0 if size is None else max(ours.bet.remaining - size, 0)
    if reduction is not None and (reduction <= 0 or reduction != reduction.quantize(PENNY)):
        return _failed("INVALID_BET_SIZE", echo)
    if left and (wrong := wrong_size(money(left), board.terms.ladder.odds(ours.bet.tick))):
        return _failed(wrong, echo)
    taken = exchange.world.cancel(ours, None if left == 0 else size)
    leg: Leg = {"status": "SUCCESS", "instruction": echo, "sizeCancelled": money(taken)}
    # Recorded: a partial cancel has no date.
    return leg if left else {**leg, "cancelledDate": second(exchange.world.now)}


def _not_cancellable(ours: OurBet | None, board: Board) -> str | None:
    if ours is None or ours.market != board.terms.id:
        return "INVALID_BET_ID"
    return None if ours.bet.remaining else "BET_TAKEN_OR_LAPSED"


async def replace_orders(exchange: Exchange, owner: str, params: Params) -> Json:
    """Cancels first, and for good; then the new bets, all or none, at the end of the queue and with the bet delay."""
    board, wanted = _need(exchange, params)
    if exchange.seen(owner, "replaceOrders", params.text("customerRef")):
        return report(params, "DUPLICATE_TRANSACTION")
    code = _wrong_call(board, wanted)
    if code or board is None:
        return report(params, code)
    odds = [one.need_number("newPrice") for one in wanted]
    old = [exchange.bet(owner, one.need_text("betId")) for one in wanted]
    cancels = [_cancel(exchange, owner, board, Params({"betId": one.need_text("betId")})) for one in wanted]
    asks = [_again(board, owner, bet, leg, price) for bet, leg, price in zip(old, cancels, odds, strict=True)]
    good = _may_place(exchange, board, owner, asks, cancels)
    placed = [exchange.world.place(board, ask) if ask and good else None for ask in asks]
    if good and board.bet_delay:
        await held(exchange, board.bet_delay)
    legs = [_replaced(board, ours, cancel, price) for ours, cancel, price in zip(placed, cancels, odds, strict=True)]
    return report(params, None, legs)


def _need(exchange: Exchange, params: Params) -> tuple[Board | None, list[Params]]:
    if params.items("instructions") is None:
        raise missing()
    return exchange.board(params.need_text("marketId")), params.objects("instructions")


def _again(board: Board, owner: str, old: OurBet | None, cancel: Leg, odds: Decimal) -> Ask | None:
    """The remainder at the new odds, with the old references; None where it can't be."""
    tick = board.terms.ladder.tick(odds)
    if old is None or tick is None or cancel["status"] != "SUCCESS" or wrong_size(cancel["sizeCancelled"], odds):
        return None
    return Ask(
        owner=owner, runner=old.bet.runner, side=old.bet.side, tick=tick, size=int(cancel["sizeCancelled"] * 100),
        persistence=old.bet.persistence, order_ref=old.order_ref, strategy_ref=old.strategy_ref,
    )  # fmt: skip


def _may_place(exchange: Exchange, board: Board, owner: str, asks: Sequence[Ask | None], cancels: Sequence[Leg]) -> bool:
    new = [ask for ask in asks if ask is not None]
    cancelled = sum(leg["status"] == "SUCCESS" for leg in cancels)
    return len(new) == cancelled and exchange.world.available(owner, board, new) >= 0


def _replaced(board: Board, ours: OurBet | None, cancel: Leg, odds: Decimal) -> Leg:
    both: Leg = {"cancelInstructionReport": cancel}
    if cancel["status"] != "SUCCESS":
        return {"status": "FAILURE", "errorCode": cancel["errorCode"], **both}
    if ours is None:
        code = "INVALID_ODDS" if board.terms.ladder.tick(odds) is None else "ERROR_IN_ORDER"
        return {
            "status": "FAILURE", "errorCode": "CANCELLED_NOT_PLACED", **both,
            "placeInstructionReport": {"status": "FAILURE", "errorCode": code, "instruction": {"limitOrder": {"price": odds}}},
        }  # fmt: skip
    bet = ours.bet
    limit = {"size": money(bet.size), "price": odds, "persistenceType": bet.persistence.value.upper()}
    echo = {"selectionId": bet.runner, "limitOrder": limit, "orderType": "LIMIT", "side": bet.side.value.upper()}
    return {"status": "SUCCESS", **both, "placeInstructionReport": placed_leg(board, echo, ours)}


async def update_orders(exchange: Exchange, owner: str, params: Params) -> Json:
    """A bet keeps its id and its place in the queue; only its persistence changes."""
    board, wanted = _need(exchange, params)
    if exchange.seen(owner, "updateOrders", params.text("customerRef")):
        return report(params, "DUPLICATE_TRANSACTION")
    code = _wrong_call(board, wanted)
    if code or board is None:
        return report(params, code)
    return report(params, None, [_update(exchange, owner, board, one) for one in wanted])


def _update(exchange: Exchange, owner: str, board: Board, wanted: Params) -> Leg:
    bet_id = wanted.need_text("betId")
    word = wanted.word("newPersistenceType", PERSISTENCES) or wanted.need_text("newPersistenceType")
    echo = {"betId": bet_id, "newPersistenceType": word}
    ours = exchange.bet(owner, bet_id)
    code = _not_cancellable(ours, board)
    if code or ours is None:
        return _failed(code or "INVALID_BET_ID", echo)
    if word == "MARKET_ON_CLOSE" or (word == "PERSIST" and not board.terms.turns_in_play):
        return _failed("INVALID_PERSISTENCE_TYPE", echo)
    if ours.bet.persistence.value.upper() == word:
        return _failed("NO_ACTION_REQUIRED", echo)
    ours.bet.persistence = Persistence(word.lower())
    exchange.world.log.write("persistence", exchange.world.now, bet=bet_id, persistence=word.lower())
    return {"status": "SUCCESS", "instruction": echo}


def _failed(code: str, echo: Json) -> Leg:
    return {"status": "FAILURE", "errorCode": code, "instruction": echo}


def report(params: Params, code: str | None, legs: Sequence[Leg] | None = None) -> Json:
    """All legs failed: FAILURE. Some: PROCESSED_WITH_ERRORS. The samples are not uniform; clients have to read the legs."""
    body: dict[str, Json] = {}
    if ref := params.text("customerRef"):
        body["customerRef"] = ref
    if code:
        body |= {"status": "FAILURE", "errorCode": code}
    else:
        body |= _overall(legs or ())
    if market := params.text("marketId"):
        body["marketId"] = market
    if legs is not None:
        body["instructionReports"] = list(legs)
    return body


def _overall(legs: Sequence[Leg]) -> dict[str, Json]:
    failed = sum(leg["status"] == "FAILURE" for leg in legs)
    if not failed:
        return {"status": "SUCCESS"}
    if failed == len(legs):
        return {"status": "FAILURE", "errorCode": "BET_ACTION_ERROR"}
    return {"status": "PROCESSED_WITH_ERRORS", "errorCode": "PROCESSED_WITH_ERRORS"}
