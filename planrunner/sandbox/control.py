"""The control API beside a served venue, for tests and for people who practise. All of it is under `/sandbox/`:

    GET    /sandbox/health        is it up, what time is it there, which scenario, which seed
    GET    /sandbox/log           the venue's own log, one JSON line per fact; `?kind=bet` (repeatable) for some kinds only
    GET    /sandbox/fixtures      what can be bet on: fixtures with markets, starts, selections, and the numbers at the router
    POST   /sandbox/faults        {"call": "placeOrders", "trouble": "reply lost after landing"}, from now on; and, as wanted,
                                  "number": 1 (counted from the next call), "times": 1, "seconds": 5 (of a delay),
                                  "code": "SERVICE_BUSY" and "lands": false (of what is refused)
    DELETE /sandbox/faults        nothing goes wrong any more
    POST   /sandbox/happenings    {"market": "1.2...", "do": "suspend" | "reopen" | "turn in-play" | "close" | "abandon" |
                                  "void bets" | "remove selection" | "settle again"}, now; the last two with "selection" (and
                                  "reduction": "12.5") and with "result": ["Arsenal"]
    POST   /sandbox/abp           {"do": "emergency" | "offer" | "settle" | ...}: the router's own, see `oddspapi_abp/by_hand.py`
    POST   /sandbox/advance       {"seconds": 3600}: put the venue's clock forward and play what is due
    POST   /sandbox/reset         a fresh world, as it was served first

It is no part of any venue: a real one has nothing like it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from planrunner.sandbox.board import Board
from planrunner.sandbox.clock import ShiftableClock, iso
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.oddspapi_abp import by_hand, ids
from planrunner.sandbox.oddspapi_abp.desk import NAME
from planrunner.sandbox.oddspapi_abp.venue import Abp
from planrunner.sandbox.practice import Rehearsal
from planrunner.sandbox.scenario import (
    Abandon,
    Close,
    Happening,
    Remove,
    Reopen,
    SettleAgain,
    Suspend,
    TurnInPlay,
    VoidMatched,
)

HAPPENINGS: dict[str, Happening] = {
    "suspend": Suspend(),
    "reopen": Reopen(),
    "turn in-play": TurnInPlay(),
    "close": Close(),
    "abandon": Abandon(),
    "void bets": VoidMatched(),
}


@dataclass(slots=True)
class Served:
    """A venue being served: `make` builds a fresh world, `mount` its server."""

    make: Callable[[], Rehearsal]
    mount: Callable[[Rehearsal], ASGIApp]
    clock: ShiftableClock
    rehearsal: Rehearsal = field(init=False)
    _venue: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        self._fresh()

    def app(self) -> ASGIApp:
        """The venue and, beside it, its control API."""
        routes = [
            Route("/health", self._health),
            Route("/log", self._log),
            Route("/fixtures", self._fixtures),
            Route("/faults", self._faults, methods=["POST", "DELETE"]),
            Route("/happenings", self._happen, methods=["POST"]),
            Route("/abp", self._abp, methods=["POST"]),
            Route("/advance", self._advance, methods=["POST"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]
        return Starlette(routes=[Mount("/sandbox", routes=routes), Mount("/", app=self._pass_on)])

    def _fresh(self) -> None:
        self.rehearsal = self.make()
        self._venue = self.mount(self.rehearsal)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._venue(scope, receive, send)

    async def _health(self, _: Request) -> Response:
        world = self.rehearsal.world
        at = world.advance(self.clock.now())
        return JSONResponse({"status": "ok", "time": iso(at), "scenario": self.rehearsal.scenario.name, "seed": world.seed})

    async def _log(self, request: Request) -> Response:
        log = self.rehearsal.world.log
        kinds = request.query_params.getlist("kind")
        return PlainTextResponse(log.text(*kinds), media_type="application/x-ndjson")

    async def _fixtures(self, _: Request) -> Response:
        self.rehearsal.world.advance(self.clock.now())
        boards = sorted(self.rehearsal.world.boards.values(), key=lambda board: (board.start, board.terms.id))
        return JSONResponse(
            [
                {
                    "event": board.terms.fixture.name, "market": board.terms.name, "market_id": board.terms.id,
                    "start": iso(board.start), "selections": [runner.name for runner in board.terms.runners],
                    "oddspapi_abp": _at_the_router(board),
                }
                for board in boards
            ]
        )  # fmt: skip

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.rehearsal.faults.clear()
            return JSONResponse({"faults": 0})
        asked = await _object(request)
        try:
            fault = Fault(
                call=str(asked["call"]), trouble=Trouble(asked["trouble"]), number=int(asked.get("number", 1)),
                times=int(asked.get("times", 1)), seconds=int(asked.get("seconds", 5)),
                code=str(asked.get("code", "")), lands=bool(asked.get("lands", False)),
            )  # fmt: skip
        except (KeyError, ValueError, TypeError) as wrong:
            return _refused(f"a fault has `call` and `trouble`, one of {', '.join(Trouble)}: {wrong}")
        self.rehearsal.faults.add(fault)
        return JSONResponse({"faults": len(self.rehearsal.faults.faults)})

    async def _happen(self, request: Request) -> Response:
        asked = await _object(request)
        self.rehearsal.world.advance(self.clock.now())
        board = self.rehearsal.world.board(str(asked.get("market")))
        happening = None if board is None else _happening(asked, [runner.name for runner in board.terms.runners])
        if board is None or happening is None:
            more = "`remove selection` (with `selection`), `settle again` (with `result`)"
            return _refused(f"`market` is a market's id and `do` one of {', '.join(HAPPENINGS)}, {more}")
        board.happen(happening)
        self.rehearsal.world.noticed(board)
        return JSONResponse({"market": board.terms.id, "status": board.status.value, "in_play": board.in_play})

    async def _abp(self, request: Request) -> Response:
        router = self.rehearsal.world.beside.get(NAME)
        if not isinstance(router, Abp):
            return _refused("no router is served here")
        try:
            return JSONResponse(by_hand.act(router, await _object(request)))
        except by_hand.WRONG as wrong:
            return _refused(f"this can't be done at the router: {wrong!r}")

    async def _advance(self, request: Request) -> Response:
        asked = await _object(request)
        try:
            seconds = int(asked["seconds"])
        except (KeyError, ValueError, TypeError):
            return _refused("`seconds` says how far to put the clock forward")
        if seconds < 0:
            return _refused("time does not go back")
        self.clock.put_forward(timedelta(seconds=seconds))
        return JSONResponse({"time": iso(self.rehearsal.world.advance(self.clock.now()))})

    async def _reset(self, _: Request) -> Response:
        self._fresh()
        return JSONResponse({"status": "ok", "time": iso(self.rehearsal.world.now)})


def _at_the_router(board: Board) -> dict[str, Any]:
    outcomes = {outcome.runner.name: outcome.outcome_id for outcome in ids.of_board(board)}
    return {"fixtureId": ids.fixture_id(board), "marketId": ids.market_id(board), "outcomeIds": outcomes}


def _happening(asked: dict[str, Any], known: list[str]) -> Happening | None:
    selection, result = asked.get("selection"), asked.get("result")
    match asked.get("do"):
        case "remove selection" if selection in known:
            return _removal(str(selection), str(asked.get("reduction", "0")))
        case "settle again" if isinstance(result, list) and result and all(name in known for name in result):
            return SettleAgain(result=tuple(result))
        case other:
            return HAPPENINGS.get(str(other))


def _removal(selection: str, reduction: str) -> Remove | None:
    try:
        factor = Decimal(reduction)
    except InvalidOperation:
        return None
    return Remove(selection=selection, factor=factor) if 0 <= factor < 100 else None


async def _object(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _refused(text: str) -> Response:
    return JSONResponse({"error": text}, status_code=400)
