"""Who asks: a bearer token leads to a user and a role. Only digests of tokens are kept, and all of them are compared, so that
neither the time taken nor a core dump tells one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from planrunner.model.account import Role

# Digest of a token -> whose it is. Asked anew for each request, so whoever changes it need not restart anything.
Tokens: TypeAlias = Mapping[str, tuple[str, Role]]

_RANK = {Role.VIEWER: 1, Role.AUTHOR: 2, Role.OPERATOR: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody whose token is known."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Each role may what those before it may."""
        return _RANK[self.role] >= _RANK[role]


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def user_of(tokens: Tokens, authorization: str) -> User | None:
    """By the header `Authorization: Bearer TOKEN`."""
    scheme, _, token = authorization.partition(" ")
    given, found = digest_of(token.strip()), None
    for known, (name, role) in tokens.items():
        if hmac.compare_digest(known, given):
            found = User(name=name, role=role)
    return found if scheme.lower() == "bearer" else None
