"""A client of the sandbox that speaks to its app in memory, on a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.practice import Rehearsal, rehearse
from planrunner.sandbox.scenario import (
    HOUR,
    MINUTE,
    AccountTerms,
    Base,
    Due,
    FixtureScript,
    MarketScript,
    Moment,
    Runner,
    Scenario,
    ShowOffers,
    Start,
)

BEGIN = datetime(2026, 12, 5, 14, 0, tzinfo=UTC)
MARKET, EVENT = "1.200000001", "30000001"
ARSENAL, CHELSEA, DRAW = 4711, 4712, 4713
BETTING, ACCOUNT = "/exchange/betting/json-rpc/v1", "/exchange/account/json-rpc/v1"


def offers(selection: str, to_back: list[tuple[str, int]], to_lay: list[tuple[str, int]], at: int = 0) -> Due:
    """Sizes in pence."""
    shown = ShowOffers(
        selection=selection,
        to_back=tuple((Decimal(odds), size) for odds, size in to_back),
        to_lay=tuple((Decimal(odds), size) for odds, size in to_lay),
    )
    return Due(moment=Moment(base=Base.BEGIN, delay=at), happening=shown)


def scenario(*happenings: Due, balance: int = 100_000, **terms: Any) -> Scenario:
    """Arsenal v Chelsea in an hour: 25.00 can be backed at 3.00, 14.20 laid at 3.05. `terms` are the scenario's."""
    market_terms = terms.pop("market", {})
    market = MarketScript(
        name="Match Odds", type="MATCH_ODDS", id=MARKET,
        runners=(Runner(name="Arsenal", id=ARSENAL), Runner(name="Chelsea", id=CHELSEA), Runner(name="The Draw", id=DRAW)),
        happenings=(offers("Arsenal", [("3.00", 2500)], [("3.05", 1420)]), *happenings),
        **{"result": ("Arsenal",), **market_terms},
    )  # fmt: skip
    fixture = FixtureScript(
        name="Arsenal v Chelsea", id=EVENT, sport="Football", competition="English Premier League",
        start=Start(after=60 * MINUTE), lasts=2 * HOUR, markets=(market,),
    )  # fmt: skip
    account = terms.pop("account", AccountTerms(balance=balance))
    return Scenario(name="a small world", fixtures=(fixture,), account=account, **terms)


class Jumping:
    """Whoever waits is there at once."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep_until(self, at: datetime) -> None:
        self.at = max(self.at, at)
        await asyncio.sleep(0)


class Client:
    """Logged in as `owner`."""

    def __init__(self, rehearsal: Rehearsal, runner: asyncio.Runner) -> None:
        self.rehearsal, self.runner = rehearsal, runner
        self.clock = Jumping(rehearsal.world.begin)
        app = betfair_app(rehearsal.world, self.clock, faults=rehearsal.faults)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox")
        self.headers = {"X-Application": "key"}
        self.log_in()

    def log_in(self) -> None:
        answer = self.post("/api/login", data={"username": "owner", "password": "secret-word"}).json()
        self.headers["X-Authentication"] = answer["token"]

    def post(self, path: str, *, within: float = 5.0, **request: Any) -> httpx.Response:
        headers = {**self.headers, **request.pop("headers", {})}
        sending = self.http.post(path, headers=headers, **request)
        return self.runner.run(asyncio.wait_for(sending, within))

    def rpc(self, operation: str, path: str = BETTING, **params: Any) -> Any:
        """The whole answer."""
        service = "SportsAPING" if path == BETTING else "AccountAPING"
        body = {"jsonrpc": "2.0", "method": f"{service}/v1.0/{operation}", "params": params, "id": 1}
        return self.post(path, json=body).json()

    def call(self, operation: str, path: str = BETTING, **params: Any) -> Any:
        """The result of an operation that works."""
        answer = self.rpc(operation, path, **params)
        assert "result" in answer, answer
        return answer["result"]

    def place(self, *instructions: dict[str, Any], **params: Any) -> Any:
        return self.call("placeOrders", marketId=MARKET, instructions=list(instructions or (order(),)), **params)

    def bet(self, **terms: Any) -> str:
        """Place one order; the id of its bet."""
        (leg,) = self.place(order(**terms))["instructionReports"]
        assert leg["status"] == "SUCCESS", leg
        return str(leg["betId"])

    def current(self, **params: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.call("listCurrentOrders", **params)["currentOrders"]
        return rows

    def cleared(self, status: str = "SETTLED", **params: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.call("listClearedOrders", betStatus=status, **params)["clearedOrders"]
        return rows

    def funds(self) -> dict[str, Any]:
        funds: dict[str, Any] = self.call("getAccountFunds", ACCOUNT)
        return funds

    def forward(self, **time: float) -> None:
        self.clock.at += timedelta(**time)


def order(odds: float = 3.5, size: float = 10.0, side: str = "BACK", selection: int = ARSENAL, **terms: Any) -> dict[str, Any]:
    """A PlaceInstruction; terms of the limit order and of the instruction may be mixed."""
    limit = {name: terms.pop(name) for name in ("persistenceType", "timeInForce", "minFillSize") if name in terms}
    body = {"size": size, "price": odds, **limit}
    return {"orderType": "LIMIT", "selectionId": selection, "side": side, "limitOrder": body, **terms}


@contextmanager
def client(world: Scenario | Rehearsal | None = None, *faults: Fault, case: str = "usual", seed: int = 1) -> Iterator[Client]:
    """A client of a world: a scenario's, or one that stands already."""
    if not isinstance(world, Rehearsal):
        world = rehearse(world or scenario(), day=date(2026, 12, 5), seed=seed, case=case, begin=BEGIN)
    world.faults.faults.extend(faults)
    with asyncio.Runner() as runner:
        yield Client(world, runner)
