"""The sandboxes of all venues as one server: Betfair at its root, the Tote under `/tote`, OddsPapi ABP under `/abp`.

One world is behind them: the same fixtures, the same results, one clock. Each is made when the first request for it comes, so
that a rehearsal pays only for the venues of its plan.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from planrunner.sandbox.clock import Clock
from planrunner.sandbox.practice import Rehearsal


def sandbox_app(rehearsal: Rehearsal, clock: Clock) -> ASGIApp:
    """Every venue in the world of a rehearsal."""
    world, faults = rehearsal.world, rehearsal.faults

    def betfair() -> ASGIApp:
        from planrunner.sandbox.betfair.app import betfair_app

        return betfair_app(world, clock, faults=faults)

    def tote() -> ASGIApp:
        from planrunner.sandbox.tote.app import tote_app

        return tote_app(world, clock, faults=faults)

    def abp() -> ASGIApp:
        from planrunner.sandbox.oddspapi_abp.app import abp_app

        return abp_app(world, clock, faults=faults)

    return Router(routes=[Mount("/tote", _Later(tote)), Mount("/abp", _Later(abp)), Mount("/", _Later(betfair))])


class _Later:
    """An app that is made when it is first asked."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = self._make()
        await self._app(scope, receive, send)
