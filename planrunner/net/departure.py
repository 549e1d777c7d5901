"""The moment a request leaves, and what an error means before and after it.

The send-by check and the write stand in one function with no await between them. A process that was frozen (a laptop
asleep, a container paused) and wakes up late must find the door shut; a check anywhere earlier, in a request hook or
before connecting, let late orders out when it was tried.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from planrunner.model.errors import NeverSent, ReplyUnknown
from planrunner.ports import Clock, SendBy


class Broken(ConnectionError):
    """The connection is of no use any more, for the reason given."""


class Departure:
    """One request at the door. While `left` is false no byte of it is anywhere but in this process."""

    __slots__ = ("_clock", "_send_by", "left")

    def __init__(self, clock: Clock, send_by: SendBy | None) -> None:
        self._clock = clock
        self._send_by = send_by
        self.left = False

    @property
    def is_dated(self) -> bool:
        """Placements are: they may leave for a few seconds only, so they don't take chances with old connections."""
        return self._send_by is not None

    def go(self, write: Callable[[bytes], None], data: bytes) -> None:
        """Check and write in one step. Raises NeverSent when either clock says that it is too late."""
        last = self._send_by
        # Two clocks, because each can be wrong in its own way: the wall clock is set back, the other may stand still.
        if last is not None and (self._clock.now() > last.wall or self._clock.age() > last.age):
            raise NeverSent("nothing was sent: the moment until which it could leave has passed")
        self.left = True
        write(data)

    def outcome(self, error: OSError, within: float) -> NeverSent | ReplyUnknown:
        """The one map from what goes wrong on the way to what it means for the request."""
        if self.left:
            return ReplyUnknown(f"no complete answer came: {in_words(error, within)}")
        return NeverSent(f"nothing was sent: {in_words(error, within)}")


def in_words(error: OSError, within: float) -> str:
    """In words for the user; never the library's own text where that could quote a header."""
    match error:
        case Broken():
            return str(error)
        case TimeoutError():
            return f"nothing within {within:g} s"
        case socket.gaierror():
            return "the host's name is not known"
        case ssl.SSLCertVerificationError():
            return "the certificate is not valid"
        case ssl.SSLError():
            return "no secure connection came about"
        case ConnectionRefusedError():
            return "the connection was refused"
        case ConnectionError():
            return "the connection was closed"
        case _:
            return error.strerror or "no connection came about"
