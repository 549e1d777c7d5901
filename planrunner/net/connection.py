"""One HTTP/1.1 connection: h11 says what the bytes mean, an asyncio transport carries them.

A request leaves in one write, head and body together, and only while nothing of an earlier one waits in a buffer of ours:
bytes that the system has not taken could leave at any later time, after the send-by of what they belong to.
"""

from __future__ import annotations

import asyncio
import select
import zlib

import h11

from planrunner.model.errors import NeverSent
from planrunner.net.departure import Broken, Departure
from planrunner.net.message import Address, Outgoing, Reply

# Head of a reply; the largest seen from a venue is under 2 KiB.
HEAD_LIMIT = 64 * 1024
# Body of a reply, before and after decompressing: a full page of 1,000 orders at Betfair is about 700 KiB.
BODY_LIMIT = 32 * 1024 * 1024
TOO_LARGE = "what came back is larger than anything a venue has to say"


class Connection(asyncio.Protocol):
    """Carries one request at a time. `is_usable` turns false for good with the first doubt about the connection."""

    def __init__(self, body_limit: int = BODY_LIMIT) -> None:
        self._body_limit = body_limit
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._transport: asyncio.Transport | None = None
        self._socket_transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._head: h11.Response | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self.is_usable = False
        self.idle_since = 0.0

    # asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = self._socket_transport = transport
        self.is_usable = True

    def secured(self, transport: asyncio.Transport) -> None:
        """TLS now stands between us and the socket. Both layers have a buffer of their own, so both are kept."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:  # nobody asked: a 408 before closing, or garbage
            self.abort()
            return
        self._feed(data)

    def eof_received(self) -> None:
        self.is_usable = False
        if self._waiting is not None:
            self._feed(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError())

    # the pool asks

    def is_quiet(self) -> bool:
        """Idle and with nothing to read: an end of file the loop has not looked at yet would show here."""
        if not self.is_usable or self._socket_transport is None or self._socket_transport.is_closing():
            return False
        return not _is_readable(self._socket_transport.get_extra_info("socket").fileno())

    def abort(self) -> None:
        """Close without sending anything more: what the system has not taken yet is thrown away."""
        self.is_usable = False
        if self._socket_transport is not None:
            self._socket_transport.abort()

    async def exchange(self, request: Outgoing, to: Address, departure: Departure) -> Reply:
        """Send and wait for the whole reply. Up to the write this runs in one step, without awaiting anything."""
        self._waiting = asyncio.get_running_loop().create_future()
        complete = False
        try:
            self._write(self._bytes_of(request, to), departure)
            reply = await self._waiting
            complete = True
            return reply
        finally:
            self._waiting = None
            if not complete:  # a reply that comes after all must never be taken for the answer to the next request
                self.abort()

    def _write(self, data: bytes, departure: Departure) -> None:
        transport, below = self._transport, self._socket_transport
        if transport is None or below is None or transport.is_closing() or below.is_closing() or not self.is_usable:
            raise NeverSent("nothing was sent: the connection was closed")
        if transport.get_write_buffer_size() or below.get_write_buffer_size():
            raise NeverSent("nothing was sent: the connection still holds bytes of an earlier request")
        departure.go(transport.write, data)
        if departure.is_dated and (transport.get_write_buffer_size() or below.get_write_buffer_size()):
            # The system took a part. The rest must not leave later: cut off, and the venue is left with half a request.
            raise Broken("a part of it could not leave at once, so the connection was cut")

    def _bytes_of(self, request: Outgoing, to: Address) -> bytes:
        # `Accept-Encoding` names what `_decompressed` knows; a venue that compresses all the same is read too.
        headers = [("Host", to.host_header), ("Accept-Encoding", "gzip, deflate"), *request.headers]
        if request.content or request.method != "GET":
            headers.append(("Content-Length", str(len(request.content))))
        try:
            head = self._http.send(h11.Request(method=request.method, target=to.target, headers=headers))
            body = self._http.send(h11.Data(data=request.content)) if request.content else b""
            self._http.send(h11.EndOfMessage())
        except (h11.LocalProtocolError, UnicodeEncodeError):
            # Without the cause: it has the header, which may be a secret.
            raise NeverSent("nothing was sent: a header of the request can't be written as HTTP") from None
        return (head or b"") + (body or b"")

    # reading

    def _feed(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.Data):
                    self._take(event.data)
                elif isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.EndOfMessage):
                    self._finish()
                    return
                elif isinstance(event, h11.ConnectionClosed):
                    self._fail(ConnectionResetError())
                    return
        except h11.RemoteProtocolError:
            self._fail(Broken("what came back is not readable as HTTP, or was cut off"))
        except Broken as error:
            self._fail(error)

    def _take(self, data: bytes | bytearray) -> None:
        self._size += len(data)
        if self._size > self._body_limit:
            raise Broken(TOO_LARGE)
        self._parts.append(bytes(data))

    def _finish(self) -> None:
        head, content = self._head, b"".join(self._parts)
        assert head is not None
        self._head, self._parts, self._size = None, [], 0
        headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers)
        reply = _decompressed(Reply(status=head.status_code, headers=headers, content=content), self._body_limit)
        # Whatever follows the reply unasked belongs to nobody, so the connection is not used again.
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE and not self._http.trailing_data[0]:
            self._http.start_next_cycle()
        else:
            self.is_usable = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reply)

    def _fail(self, error: Exception) -> None:
        self.is_usable = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


def _decompressed(reply: Reply, limit: int) -> Reply:
    coding = (reply.header("content-encoding") or "identity").strip().lower()
    if coding == "identity" or not reply.content:
        return reply
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise Broken(f"what came back is compressed in a way that was not asked for ({coding[:20]!r})")
    reader = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, told apart by their first bytes
    try:
        content = reader.decompress(reply.content, limit)
    except zlib.error:
        raise Broken("what came back can't be decompressed") from None
    if not reader.eof:
        raise Broken(TOO_LARGE if reader.unconsumed_tail else "what came back was cut off")
    headers = tuple(pair for pair in reply.headers if pair[0] not in ("content-encoding", "content-length"))
    return Reply(status=reply.status, headers=headers, content=content)


def _is_readable(descriptor: int) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
