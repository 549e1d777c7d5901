"""Who comes in with which key, and how often: a window of a second that slides, for each client."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from planrunner.sandbox.bookmakers import Bookmaking, Key
from planrunner.sandbox.oddspapi_abp.errors import Wrong
from planrunner.sandbox.scenario import MINUTE, SECOND

HEADER, OLD_HEADER = "x-api-key", "x-abp-api-key"
OLD_LIMIT = 60  # a minute


@dataclass(slots=True, kw_only=True)
class Doors:
    script: Bookmaking
    _came: dict[str, deque[int]] = field(default_factory=dict)

    def client(self, headers: Mapping[str, str], operation: str, *, legacy: bool) -> Key:
        """Raises Wrong."""
        name = OLD_HEADER if legacy else HEADER
        given = headers.get(name)
        if not given:
            raise Wrong(403, {"detail": f"Missing API key header: {name}"})
        key = self.key(given)
        if key is None:
            raise Wrong(401, {"error": "Invalid or inactive API key"})
        if operation in key.denied:
            raise Wrong(403, {"error": "Access denied to endpoint"})
        return key

    def key(self, given: str) -> Key | None:
        """Without scripted keys every key is good and names a client of its own."""
        if not self.script.keys:
            return Key(key=given, name=given if given == "demo" else f"client-{zlib.crc32(given.encode()):08x}")
        return next((key for key in self.script.keys if key.key == given and key.active), None)

    def count(self, key: Key, at: int, *, legacy: bool) -> dict[str, str]:
        """The headers of an answer. Raises Wrong for a request too many, which does not count itself."""
        limit, window = (OLD_LIMIT, MINUTE) if legacy else (key.rps, SECOND)
        came = self._came.setdefault(key.name, deque())
        while came and came[0] <= at - window:
            came.popleft()
        reset = -(-(came[0] + window - at) // SECOND) if came else window // SECOND
        if len(came) >= limit:
            raise too_many(limit, max(reset, 1))
        came.append(at)
        return _headers(limit, limit - len(came), max(reset, 1))


def too_many(limit: int, reset: int = 1) -> Wrong:
    headers = {**_headers(limit, 0, reset), "Retry-After": str(reset)}
    return Wrong(429, {"detail": "Rate limit exceeded", "limit": str(limit), "retry_after": reset}, headers)


def _headers(limit: int, remaining: int, reset: int) -> dict[str, str]:
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(reset)}
