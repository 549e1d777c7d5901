"""What a fault does to one operation: before it runs, instead of it, or to what it answers."""

from __future__ import annotations

from collections.abc import Awaitable
from inspect import isawaitable

from planrunner.model.market import MarketStatus
from planrunner.sandbox.betfair.checks import ask, wrong
from planrunner.sandbox.betfair.errors import Fault as Framework
from planrunner.sandbox.betfair.errors import Refused, Service
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.operations import OPERATIONS
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.placing import read_call
from planrunner.sandbox.betfair.wire import Json
from planrunner.sandbox.clock import from_ms
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import SECOND, Suspend

# Troubles of the line rather than of the service; the request is not carried out under the first three.
PAGES = {Trouble.HTTP_500: 500, Trouble.HTTP_502: 502, Trouble.HTTP_503: 503}
NEVER_LANDS = frozenset((*PAGES, Trouble.REPLY_LOST_BEFORE_LANDING))
REPORTING = frozenset(("placeOrders", "cancelOrders"))


async def run(exchange: Exchange, service: Service, name: str, owner: str, params: Params, fault: Fault | None) -> Json:
    """The operation's result, or what the fault makes of it. Raises Refused or a framework fault."""
    match fault.trouble if fault else None:
        case Trouble.TOO_MANY_REQUESTS:
            raise Refused("TOO_MANY_REQUESTS")
        case Trouble.SERVICE_BUSY:
            raise Refused("SERVICE_BUSY")
        case (Trouble.TIMEOUT_LANDS_LATER | Trouble.TIMEOUT_NEVER_LANDS) as trouble if name == "placeOrders":
            assert fault is not None
            return _time_out(exchange, owner, params, fault.seconds if trouble is Trouble.TIMEOUT_LANDS_LATER else None)
        case Trouble.TIMEOUT_LANDS_LATER | Trouble.TIMEOUT_NEVER_LANDS:
            raise Refused("TIMEOUT_ERROR")
        case Trouble.REFUSED | Trouble.REPORT_FAILED | Trouble.LEG_FAILED:
            assert fault is not None
            return await _refused(exchange, service, name, owner, params, fault)
        case Trouble.SUSPENDED_IN_BET_DELAY:
            _suspend_soon(exchange, params)
        case _:
            pass
    result = await _done(exchange, service, name, owner, params)
    if fault and fault.trouble is Trouble.REPLY_DELAYED:
        await exchange.clock.sleep_until(from_ms(exchange.world.now + fault.seconds * SECOND))
    return _misreported(exchange, owner, params, result, fault) if name == "listCurrentOrders" else result


def _misreported(exchange: Exchange, owner: str, params: Params, result: Json, fault: Fault | None) -> Json:
    """Reports of orders may come twice, or be as old as the last look with the same question."""
    before = exchange.remember(owner, str(params), result)
    match fault.trouble if fault else None:
        case Trouble.REPORTED_TWICE:
            return {**result, "currentOrders": [row for row in result["currentOrders"] for _ in range(2)]}
        case Trouble.OLDER_REPORT:
            return before
        case Trouble.EMPTY_REPORT:
            return {**result, "currentOrders": []}
        case _:
            return result


async def _done(exchange: Exchange, service: Service, name: str, owner: str, params: Params) -> Json:
    result = OPERATIONS[service][name](exchange, owner, params)
    return await _waited(result) if isawaitable(result) else result


async def _waited(result: Awaitable[Json]) -> Json:
    return await result


async def _refused(exchange: Exchange, service: Service, name: str, owner: str, params: Params, fault: Fault) -> Json:
    """A code of the documentation, or any other, whatever was really done. Reports are what orders are answered with."""
    if fault.lands:
        await _done(exchange, service, name, owner, params)
    if fault.trouble is Trouble.REFUSED or name not in REPORTING:
        if fault.code.startswith("-"):
            raise Framework("DSC-0000", int(fault.code), 400)
        raise Refused(fault.code)
    if not fault.lands:
        exchange.seen(owner, name, params.text("customerRef"))
    body: dict[str, Json] = {"status": "FAILURE", "errorCode": fault.code, "marketId": params.text("marketId")}
    if ref := params.text("customerRef"):
        body["customerRef"] = ref
    if fault.trouble is Trouble.LEG_FAILED:
        orders = [one.fields() for one in params.objects("instructions")]
        legs = [{"status": "FAILURE", "errorCode": fault.code, "instruction": one} for one in orders]
        body |= {"errorCode": "BET_ACTION_ERROR", "instructionReports": legs}
    return body


def _time_out(exchange: Exchange, owner: str, params: Params, seconds: int | None) -> Json:
    """The service gave up waiting for its matcher: nobody knows, and the bets appear later or never (section 11)."""
    call = read_call(owner, params)
    board = exchange.board(call.market)
    exchange.seen(owner, "placeOrders", call.ref)
    if seconds is not None and board is not None and board.status is MarketStatus.OPEN:
        for order in call.orders:
            if wrong(order, board) is None:
                exchange.world.place_later(board, ask(order, board, owner, call.strategy), seconds * SECOND)
    legs = [{"status": "TIMEOUT", "instruction": order.echo} for order in call.orders]
    report: dict[str, Json] = {"customerRef": call.ref} if call.ref else {}
    return {**report, "status": "TIMEOUT", "marketId": call.market, "instructionReports": legs}


def _suspend_soon(exchange: Exchange, params: Params) -> None:
    board = exchange.board(params.text("marketId") or "1.0")
    if board is not None:
        board.agenda.add(exchange.world.now + SECOND // 2, Suspend())
