"""A WebSocket as an adapter holds it: text goes out and text comes in, until one of the two closes it.

No order leaves through a channel: what must not leave late needs a send-by, and only `Door.send` has one. Texts of errors say
what happened in words of ours. Headers, the query of a url and a reason given by the other end may hold or quote a secret, so
none of them is ever in one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from planrunner.model.errors import VenueTrouble
from planrunner.net.message import Address, Headers, Reply, address

# What is pushed is a few KiB; the largest a venue describes is a snapshot of everything that is on, far below this.
MESSAGE_LIMIT = 4 * 1024 * 1024

NORMAL, PROTOCOL_ERROR, NO_CODE, WITHOUT_A_WORD, NOT_TEXT, TOO_LARGE = 1000, 1002, 1005, 1006, 1007, 1009
WORDS = {
    NORMAL: "all was said",
    1001: "the other end went away",
    PROTOCOL_ERROR: "what came is not readable as WebSocket frames",
    WITHOUT_A_WORD: "it broke off",
    NOT_TEXT: "what came is not readable as text",
    1008: "against the other end's policy",
    TOO_LARGE: "a message was larger than is taken",
    1011: "an error at the other end",
    1012: "the other end restarts",
    1013: "the other end asks to come back later",
}
NOT_OFFERED = "the other end chose something that was not offered"
TWO_READERS = "a channel has one reader at a time"

_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\x21-\x7e\xa0-\xff]([\t\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?|")


class NotConnected(VenueTrouble):
    """No channel came about, and there is none: it may be tried again."""


class HandshakeRefused(NotConnected):
    """The other end answered, and what it answered is no channel. The reply says why: 401, 403, 429, a page of a gateway."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"no connection came about: the answer was {reply.status}")
        self.reply = reply

    @property
    def status(self) -> int:
        return self.reply.status


class ChannelClosed(VenueTrouble):
    """For good. `code` and `reason` are those of whoever closed it first; 1006 is nobody's: it broke off."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the connection was closed: {WORDS.get(code, f'code {code}')}")
        self.code = code
        self.reason = reason


class Channel(Protocol):
    """One reader at a time. What came before a closing is still received after it."""

    @property
    def subprotocol(self) -> str | None:
        """Which of those offered the other end chose."""
        ...

    async def send(self, text: str) -> None:
        """Raises ChannelClosed. Returns when it is on its way, which proves nothing about its coming there."""
        ...

    async def receive(self) -> str:
        """The next message; nothing is lost if the wait for it is given up. Raises ChannelClosed."""
        ...

    async def close(self, code: int = NORMAL) -> None:
        """The other end is told; a closed channel stays as it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is asked for. `headers` and the target may hold secrets and are never shown."""

    to: Address
    headers: Headers
    subprotocols: tuple[str, ...]


def opening(url: str, headers: Headers, subprotocols: tuple[str, ...]) -> Opening:
    """Takes ws, wss, http and https. Raises NotConnected for a header that would be read as something else, ValueError for a
    url or a subprotocol that is none."""
    if not all(_NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers):
        raise NotConnected("no connection came about: a header can't be written as HTTP")
    if not all(map(_NAME.fullmatch, subprotocols)):
        raise ValueError(f"not all of {subprotocols} are names of a subprotocol")
    to = address("http" + url[2:] if url.startswith(("ws:", "wss:")) else url)
    if re.search("[^!-~]", to.target):
        raise NotConnected("no connection came about: the address can't be written as HTTP")
    return Opening(to=to, headers=headers, subprotocols=subprotocols)


def checked(code: int) -> int:
    """A code that an end may close with. Raises ValueError for those that only tell what happened, such as 1006."""
    if code in (1004, NO_CODE, WITHOUT_A_WORD, 1015) or not (1000 <= code <= 1014 or 3000 <= code <= 4999):
        raise ValueError(f"nobody closes a WebSocket with code {code}")
    return code
