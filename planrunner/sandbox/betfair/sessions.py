"""Login, keep alive and logout (section 3). A token lives for a while; only keep alive makes it live longer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from planrunner.sandbox.betfair.errors import Refused
from planrunner.sandbox.scenario import MINUTE, AccountTerms

LOGINS_PER_MINUTE = 100
BAN = 20 * MINUTE


@dataclass(slots=True, kw_only=True)
class Session:
    owner: str
    app_key: str
    ends: int


@dataclass(slots=True, kw_only=True)
class Sessions:
    """Every session of the venue. Tokens are derived from the seed so that a rehearsal repeats exactly."""

    terms: AccountTerms
    seed: int = 0
    _live: dict[str, Session] = field(default_factory=dict)
    _made: int = 0
    _logins: list[int] = field(default_factory=list)
    _banned_until: int = 0

    def login(self, username: str, password: str, app_key: str, at: int) -> tuple[str, str]:
        """The token and an empty text, or an empty token and the reason."""
        if not username or not password:
            return "", "INPUT_VALIDATION_ERROR"
        if not _fits(self.terms.username, username) or not _fits(self.terms.password, password):
            return "", "INVALID_USERNAME_OR_PASSWORD"
        self._logins = [login for login in self._logins if login > at - MINUTE]
        if at >= self._banned_until and len(self._logins) >= LOGINS_PER_MINUTE:
            self._banned_until = at + BAN
        if at < self._banned_until:
            return "", "TEMPORARY_BAN_TOO_MANY_REQUESTS"
        self._logins.append(at)
        self._made += 1
        token = hashlib.sha256(f"session {self.seed} {self._made} {username}".encode()).hexdigest()[:43] + "="
        self._live[token] = Session(owner=username, app_key=app_key, ends=at + self.terms.session_life)
        return token, ""

    def keep_alive(self, token: str, at: int) -> Session | None:
        session = self._find(token, at)
        if session:
            session.ends = at + self.terms.session_life
        return session

    def logout(self, token: str, at: int) -> Session | None:
        session = self._find(token, at)
        self._live.pop(token, None)
        return session

    def kill(self) -> None:
        """Every session ends at once."""
        self._live.clear()

    def owner(self, app_key: str | None, token: str | None, at: int) -> str:
        """Whose request this is, by its two headers. Raises Refused."""
        if not app_key:
            raise Refused("NO_APP_KEY")
        if not _fits(self.terms.app_key, app_key):
            raise Refused("INVALID_APP_KEY")
        if not token:
            raise Refused("NO_SESSION")
        session = self._find(token, at)
        if session is None:
            raise Refused("INVALID_SESSION_INFORMATION")
        return session.owner

    def _find(self, token: str, at: int) -> Session | None:
        session = self._live.get(token)
        return session if session and at < session.ends else None


def _fits(wanted: str | None, given: str) -> bool:
    return wanted is None or wanted == given
