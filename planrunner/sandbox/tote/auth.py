"""Who is asking: a key in the header, or a token of the token endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from planrunner.sandbox.scenario import SECOND, AccountTerms
from planrunner.sandbox.tote.ids import undashed
from planrunner.sandbox.tote.wire import Json

AUDIENCE = "https://partner.tote.co.uk"


class Refused(Exception):
    """Of the token endpoint: the HTTP status, the code, and words."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code


@dataclass(slots=True, kw_only=True)
class Doorkeeper:
    """Tokens are derived from the seed so that a rehearsal repeats exactly. Any name, password and key will do unless the
    scenario names the only ones that do."""

    terms: AccountTerms
    seed: int = 0
    _live: dict[str, tuple[str, int]] = field(default_factory=dict)
    _made: int = 0

    def token(self, asked: Json, now: int) -> Json:
        """The answer to a password grant. Raises Refused."""
        given = asked if isinstance(asked, dict) else {}
        if given.get("grant_type") != "password":
            raise Refused(400, "unsupported_grant_type", "grant_type is password")
        username, password = given.get("username"), given.get("password")
        if not username or not password or not given.get("client_id") or given.get("audience") != AUDIENCE:
            raise Refused(400, "invalid_request", "client_id, username, password and audience are required")
        if self.terms.username not in (None, username) or self.terms.password not in (None, password):
            raise Refused(403, "invalid_grant", "Wrong email or password.")
        self._made += 1
        token = undashed("token", self.seed, self._made, username)
        self._live[token] = str(username), now + self.terms.session_life
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.terms.session_life // SECOND}

    def owner(self, header: str | None, now: int) -> str | None:
        """Whose request this is; None: nobody's we know. The name of a key's owner does not tell the key."""
        scheme, _, secret = (header or "").partition(" ")
        match scheme:
            case "Api-Key" if secret and self.terms.app_key in (None, secret):
                return "key " + sha256(secret.encode()).hexdigest()[:8]
            case "Bearer":
                username, ends = self._live.get(secret, ("", 0))
                return username if username and now < ends else None
            case _:
                return None

    def kill(self) -> None:
        """Every token ends at once."""
        self._live.clear()
