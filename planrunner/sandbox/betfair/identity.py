"""The identity service: interactive and certificate-shaped login, keep alive, logout (section 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from planrunner.sandbox.betfair import troubles
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.replies import NoReply, another_shape, gateway_page, json_reply, malformed, not_json
from planrunner.sandbox.betfair.sessions import Session
from planrunner.sandbox.betfair.wire import Json
from planrunner.sandbox.clock import from_ms
from planrunner.sandbox.faults import Trouble
from planrunner.sandbox.scenario import SECOND

Answer = Callable[["Identity", Request], Awaitable[Json]]


def routes(exchange: Exchange) -> list[Route]:
    door = Identity(exchange)
    return [
        Route("/api/login", door.handler("login", Identity.login), methods=["POST"]),
        Route("/api/certlogin", door.handler("certlogin", Identity.certificate_login), methods=["POST"]),
        Route("/api/keepAlive", door.handler("keepAlive", Identity.keep_alive), methods=["GET", "POST"]),
        Route("/api/logout", door.handler("logout", Identity.logout), methods=["GET", "POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Identity:
    exchange: Exchange

    def handler(self, name: str, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """A route of one operation with its log lines and faults."""

        async def handle(request: Request) -> Response:
            world = self.exchange.world
            world.advance(self.exchange.clock.now())
            world.log.write("request", world.now, call=name)
            struck = self.exchange.faults.strike(name)
            trouble = struck.trouble if struck else None
            if trouble is Trouble.REPLY_LOST_BEFORE_LANDING:
                return NoReply()
            if trouble in troubles.PAGES:
                return gateway_page(troubles.PAGES[trouble])
            if struck and trouble is Trouble.REFUSED:
                return json_reply(_refusal(name, struck.code))
            body = await answer(self, request)
            if struck and trouble is Trouble.REPLY_DELAYED:
                await self.exchange.clock.sleep_until(from_ms(world.now + struck.seconds * SECOND))
            lost = trouble is Trouble.REPLY_LOST_AFTER_LANDING
            world.log.write("reply", world.now, call=name, answer=body.get("status") or body.get("loginStatus"), lost=lost)
            if lost:
                return NoReply()
            match trouble:
                case Trouble.MALFORMED_BODY:
                    return malformed(body)
                case Trouble.NOT_JSON:
                    return not_json()
                case Trouble.ANOTHER_SHAPE:
                    return another_shape(body)
                case Trouble.HTTP_500_AFTER_LANDING:
                    return gateway_page(500)
                case _:
                    return json_reply(body)

        return handle

    async def login(self, request: Request) -> Json:
        token, error = await self._log_in(request)
        status = "FAIL" if error else "SUCCESS"
        return {"token": token, "product": request.headers.get("x-application", ""), "status": status, "error": error}

    async def certificate_login(self, request: Request) -> Json:
        """The certificate itself is not looked at: loopback has no TLS."""
        token, error = await self._log_in(request)
        return {"loginStatus": error} if error else {"sessionToken": token, "loginStatus": "SUCCESS"}

    async def keep_alive(self, request: Request) -> Json:
        return _told(request, self.exchange.sessions.keep_alive(_token(request), self.exchange.world.now))

    async def logout(self, request: Request) -> Json:
        return _told(request, self.exchange.sessions.logout(_token(request), self.exchange.world.now))

    async def _log_in(self, request: Request) -> tuple[str, str]:
        form = parse_qs((await request.body()).decode(errors="replace"))
        username, password = ("".join(form.get(name, [])) for name in ("username", "password"))
        key = request.headers.get("x-application", "")
        return self.exchange.sessions.login(username, password, key, self.exchange.world.now)


def _refusal(name: str, code: str) -> Json:
    return {"loginStatus": code} if name == "certlogin" else {"token": "", "product": "", "status": "FAIL", "error": code}


def _token(request: Request) -> str:
    return request.headers.get("x-authentication", "")


def _told(request: Request, session: Session | None) -> Json:
    if session is None:
        return {"token": "", "product": "", "status": "FAIL", "error": "NO_SESSION"}
    return {"token": _token(request), "product": session.app_key, "status": "SUCCESS", "error": ""}
