"""The API of a service at work, on a socket of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import uvicorn

from planrunner.app.service.live import Live, secret_of_signal
from planrunner.model.account import Role, ServiceTerms
from planrunner.model.errors import Refused, WrongUse
from planrunner.web.app import make_app
from planrunner.web.identity import digest_of
from planrunner.web.journalist import Journalist
from planrunner.web.office import Clock
from planrunner.web.server import STOP_WITHIN, server_config

SHORTEST = 16  # signs of a token

# The service's secrets by their names; raises Refused with what to set, and where.
Secret = Callable[[str], str]
Tell = Callable[..., None]  # a line of the log


class _Tokens(Mapping[str, tuple[str, Role]]):
    """Of the users whom the site file has by now. One who has no token yet is told of and can't come in."""

    def __init__(self, live: Live, secret: Secret, log: Tell) -> None:
        self._live = live
        self._secret = secret
        self._log = log
        self._of: ServiceTerms | None = None
        self._known: dict[str, tuple[str, Role]] = {}

    def _now(self) -> Mapping[str, tuple[str, Role]]:
        terms = self._live.site().service
        if terms != self._of:
            self._of, self._known = terms, {}
            for user, role in terms.users.items():
                try:
                    self._known[digest_of(self._token(user))] = (user, role)
                except Refused as error:
                    self._log("no token", user=user, why=str(error))
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


class _SignalSecrets(Mapping[str, str]):
    """Of the signals that the site file has by now. One that has no secret yet is told of, and is unknown."""

    def __init__(self, live: Live, secret: Secret, log: Tell) -> None:
        self._live = live
        self._secret = secret
        self._log = log
        self._of: ServiceTerms | None = None
        self._known: dict[str, str] = {}

    def _now(self) -> Mapping[str, str]:
        terms = self._live.site().service
        if terms != self._of:
            self._of, self._known = terms, {}
            for name in terms.signals:
                try:
                    self._known[name] = self._secret(secret_of_signal(name))
                except Refused as error:
                    self._log("no secret", signal=name, why=str(error))
        return self._known

    def __getitem__(self, name: str) -> str:
        return self._now()[name]

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
    """Until it is cancelled, and then until what is being answered is."""
    tell = Journalist(log, clock.now).tell
    tokens, signals = _Tokens(live, secret, tell), _SignalSecrets(live, secret, tell)
    len(tokens), len(signals)  # who can't come in is told at once, not when somebody is sent away
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
