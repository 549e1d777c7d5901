"""What goes out of the door and what comes back: an HTTP request and its complete reply, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import urlsplit

Headers: TypeAlias = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A whole request. `Host` and `Content-Length` are added by the wire; `headers` may hold secrets and is never shown."""

    method: str
    url: str
    headers: Headers
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer, whatever its status. `content` is decompressed; header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes

    def header(self, name: str) -> str | None:
        """The first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a URL points to. `host_header` keeps the port only where it is not the usual one."""

    tls: bool
    host: str
    port: int
    host_header: str
    target: str


@lru_cache(maxsize=256)  # an adapter uses a handful of URLs, again and again
def address(url: str) -> Address:
    """Raises ValueError for anything but an absolute http or https URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url.partition('?')[0]} is not an http or https address")
    tls = parts.scheme == "https"
    usual = 443 if tls else 80
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(
        tls=tls,
        host=parts.hostname,
        port=parts.port or usual,
        host_header=host if parts.port in (None, usual) else f"{host}:{parts.port}",
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
