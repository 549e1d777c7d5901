"""The socket: logged in, answered and listened to for as long as it holds, and opened again when it does not.

One at a time for an account in a process; the venue allows five to a key.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn, Protocol

from planrunner.model.errors import Refused, VenueRefused, VenueTrouble
from planrunner.net.channel import Channel
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp.client import Client
from planrunner.venues.oddspapi_abp.frames import PING, PONG, Data, LoggedIn, Ping, Trouble, frame

# Seconds until it is opened again: twice as long each time in a row. One that held for as long as the second is a good one, and
# ends the row: who lets us in and hangs up at once is not called each second for ever, with everything read each time.
AGAIN_FIRST, AGAIN_MOST = 1.0, 60.0
NEVER = float("inf")
SILENT_AT_MOST = 3  # pings of ours in a row that nothing followed


class Listener(Protocol):
    def joined(self) -> None:
        """From here on everything is told; what happened before has to be read."""
        ...

    def heard(self, data: Data) -> None: ...

    def missed(self) -> None:
        """A frame was lost on its way, or could not be read."""
        ...

    def lost(self, text: str) -> None:
        """Nothing is told any more, until `joined`."""
        ...


class Stream:
    """See the module."""

    def __init__(self, client: Client, listener: Listener) -> None:
        self._client = client
        self._listener = listener
        self._joined_at = NEVER  # on the clock that waiting goes by

    async def run(self) -> None:
        """For ever."""
        wait = AGAIN_FIRST
        while True:
            self._joined_at = NEVER
            text = await self._until_over()
            self._listener.lost(text)
            if asyncio.get_running_loop().time() - self._joined_at >= AGAIN_MOST:
                wait = AGAIN_FIRST
            await asyncio.sleep(wait)
            wait = min(2 * wait, AGAIN_MOST)

    async def _until_over(self) -> str:
        """Why it is over."""
        try:
            channel = await self._client.connect()
        except VenueTrouble as error:
            return str(error)
        try:
            async with asyncio.timeout(self._client.terms.login_within):
                await self._log_in(channel)
            self._joined_at = asyncio.get_running_loop().time()
            self._listener.joined()
            await self._listen(channel)
        except TimeoutError:
            return "the login of the socket was not answered"
        except (VenueTrouble, VenueRefused, Refused) as error:
            return str(error)
        finally:
            await channel.close()

    async def _log_in(self, channel: Channel) -> None:
        await channel.send(self._client.login_frame())
        while True:
            try:
                found = frame(await channel.receive())
            except Unreadable:
                continue
            match found:
                case LoggedIn():
                    return
                case Trouble():
                    raise VenueRefused(f"the venue does not let the socket in: {found.text}")
                case Ping():
                    await channel.send(PONG)
                case _:
                    pass  # what changes before we are in is read afterwards

    async def _listen(self, channel: Channel) -> NoReturn:
        """Raises VenueTrouble when it is over."""
        last = 0
        while True:
            text = await self._next(channel)
            try:
                found = frame(text)
            except Unreadable:
                self._listener.missed()
                continue
            if isinstance(found, Ping):
                await channel.send(PONG)
            elif isinstance(found, Data):
                if found.seq is not None and found.seq > last + 1:
                    self._listener.missed()
                last = max(last, found.seq or 0)
                self._listener.heard(found)

    async def _next(self, channel: Channel) -> str:
        for _ in range(SILENT_AT_MOST):
            try:
                async with asyncio.timeout(self._client.terms.ping_every):
                    return await channel.receive()
            except TimeoutError:
                await channel.send(PING)
        raise VenueTrouble("the socket has fallen silent")
