"""The API of a service at work, on a socket of its own."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import uvicorn

from planrunner.app.service.live import Live
from planrunner.model.account import Role
from planrunner.model.errors import Refused, WrongUse
from planrunner.web.app import make_app
from planrunner.web.identity import digest_of
from planrunner.web.office import Clock
from planrunner.web.server import STOP_WITHIN, server_config

SHORTEST = 16  # signs of a token

# The service's secrets by their names; raises Refused with what to set, and where.
Secret = Callable[[str], str]


class _Tokens(Mapping[str, tuple[str, Role]]):
    """Of the users whom the site file has by now. One who has no token yet is told of and can't come in."""

    def __init__(self, live: Live, secret: Secret, log: Callable[[str], None]) -> None:
        self._live = live
        self._secret = secret
        self._log = log
        self._of: Mapping[str, Role] | None = None
        self._known: dict[str, tuple[str, Role]] = {}

    def _now(self) -> Mapping[str, tuple[str, Role]]:
        users = self._live.site().service.users
        if users != self._of:
            self._of, self._known = users, {}
            for user, role in users.items():
                try:
                    self._known[digest_of(self._token(user))] = (user, role)
                except Refused as error:
                    self._log(json.dumps({"what": "no token", "user": user, "why": str(error)}))
        return self._known

    def _token(self, user: str) -> str:
        token = self._secret(f"{user}_token")
        if len(token) < SHORTEST:
            raise Refused(f"the token has fewer than {SHORTEST} signs and could be guessed; make one: openssl rand -base64 32")
        return token

    def __getitem__(self, digest: str) -> tuple[str, Role]:
        return self._now()[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


def listen(host: str, port: int) -> socket.socket:
    """Open before anybody is told. Raises WrongUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise WrongUse(f"{host} port {port} can't be used: {error.strerror}; choose another with --listen") from error
    listening.listen(128)
    return listening


async def speak(
    live: Live, listening: socket.socket, secret: Secret, clock: Clock, *, hosts: Sequence[str], log: Callable[[str], None]
) -> None:
    """Until it is cancelled, and then until what is being answered is. Raises Refused where a signal has no secret."""
    tokens = _Tokens(live, secret, log)
    signals = {name: secret(f"signal_{name}_secret") for name in live.site().service.signals}
    app = make_app(live, tokens=tokens, clock=clock, signal_secrets=signals, hosts=hosts, log=log)
    server = _Server(server_config(app))
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    finally:  # cancelled, uvicorn would drop its answers and complain of itself
        app.state.office.is_ending = server.should_exit = True
        await asyncio.wait({serving}, timeout=STOP_WITHIN + 1)


class _Server(uvicorn.Server):
    """Signals are for the service."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
