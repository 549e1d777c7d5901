"""An ASGI application that is called in this process, and what a server would tell it of who calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from planrunner.net.message import Address, Headers, Reply

Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]  # fmt: skip


def scope(to: Address, headers: Headers, *, spec: str) -> Message:
    """What requests and channels have in common. Servers keep to a version of the specification for each of them."""
    path, _, query = to.target.partition("?")
    named = [("host", to.host_header), *headers]
    return {
        "asgi": {"version": "3.0", "spec_version": spec},
        "http_version": "1.1",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in named],
        "client": ("127.0.0.1", 0),
        "server": (to.host, to.port),
    }


def reply(start: Message, content: bytes) -> Reply:
    """The answer that began with this message."""
    headers = tuple((name.decode("ascii").lower(), value.decode("latin-1")) for name, value in start.get("headers", ()))
    return Reply(status=start["status"], headers=headers, content=content)
