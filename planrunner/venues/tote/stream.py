"""The Tote's WebSocket: opened, subscribed, kept, and opened again where it broke.

It brings news sooner and nothing that can't be looked up, so that it is down is never in the way of a bet. After each reconnect
everything open is looked up, because what was said meanwhile is not said again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from planrunner.model.errors import NeverSent, Refused, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.market import AccountName
from planrunner.net.channel import Channel, ChannelClosed, HandshakeRefused, NotConnected
from planrunner.net.door import Door
from planrunner.ports import Clock
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.tote import frames
from planrunner.venues.tote.client import Client
from planrunner.venues.tote.frames import LEGACY, MODERN, SUBPROTOCOLS, SUBSCRIPTIONS, Acknowledged, Alive, Ended, Notice, Turned

UNAUTHORIZED = frozenset({4401, 4403})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """In seconds: for the connection and its acknowledgement; without a word from the other end; before another try, the first
    time and at most. A connection that held for as long as the last is a good one, and the next try is a first one again: who
    lets us in and hangs up at once is not called each second for ever, with a look at everything each time."""

    connect: float = 5.0
    silence: float = 60.0
    first: float = 1.0
    most: float = 60.0


class _Down(Exception):
    """The connection is of no use any more, and why. `login`: because of what we showed at the door."""

    def __init__(self, text: str, *, login: bool = False) -> None:
        super().__init__(text)
        self.login = login


class Stream:
    """One account's. `hear` is told of every message, `changed` why it is down (None: it is up)."""

    def __init__(
        self,
        *,
        account: AccountName,
        client: Client,
        door: Door,
        clock: Clock,
        patience: Patience,
        hear: Callable[[Notice], None],
        changed: Callable[[str | None], None],
    ) -> None:
        self._account = account
        self._client = client
        self._door = door
        self._clock = clock
        self._patience = patience
        self._hear = hear
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._channel: Channel | None = None
        self._dialect: str | None = None
        self._forms: dict[str, int] = {}  # of each subscription, which way of asking is tried
        self.is_up = False

    async def open(self) -> None:
        """Returns when it is up or the first try has failed; goes on by itself."""
        if self._task is None:
            tried = asyncio.Event()
            self._task = asyncio.ensure_future(self._keep(tried))
            self._task.add_done_callback(lambda _: self._tell("nobody listens any more"))
            await tried.wait()

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._hang_up()

    def raise_bug(self) -> None:
        """An error that is none of the venue's or the network's ended it: a bug of ours is loud."""
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()

    async def _keep(self, tried: asyncio.Event) -> None:
        tries = 0
        try:
            while True:
                shown, up_since = self._client.authorization, self._clock.age()
                try:
                    await self._connect()
                    self._tell(None)
                    tried.set()
                    await self._listen()
                except _Down as down:
                    held = self.is_up and self._clock.age() - up_since >= self._patience.most
                    tries = 0 if held else tries
                    self._tell(str(down))
                    await self._hang_up()
                    if down.login:
                        with suppress(VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable, Refused):
                            await self._client.renew(shown)
                tried.set()
                tries += 1
                await asyncio.sleep(self._wait(tries))
        finally:
            tried.set()

    def _wait(self, tries: int) -> float:
        """Longer each time, and not the same for everybody: half of it depends on the account and the moment. A rehearsal, where
        both are given, waits the same every time."""
        longest = min(self._patience.first * float(1 << min(tries - 1, 20)), self._patience.most)
        digest = hashlib.sha256(f"{self._account}/{tries}/{self._clock.now().isoformat()}".encode()).digest()
        return longest * (0.5 + int.from_bytes(digest[:4], "big") / (1 << 33))

    def _tell(self, text: str | None) -> None:
        self.is_up = text is None
        self._changed(text)

    async def _hang_up(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    # up

    async def _connect(self) -> None:
        """Open, greeted and subscribed. Raises _Down."""
        authorization = self._client.authorization
        try:
            self._channel = await self._door.connect(
                self._client.addresses.connections,
                headers=(("Authorization", authorization),),
                subprotocols=SUBPROTOCOLS,
                within=self._patience.connect,
            )
            self._dialect = self._channel.subprotocol
            await self._channel.send(frames.hello(authorization))
            await self._greeted(self._channel)
            for number, field in enumerate(SUBSCRIPTIONS, 1):
                await self._subscribe(self._channel, number, field)
        except HandshakeRefused as refused:
            raise _Down(str(refused), login=refused.status in (401, 403)) from refused
        except ChannelClosed as closed:
            raise _Down(str(closed), login=closed.code in UNAUTHORIZED) from closed
        except NotConnected as error:
            raise _Down(str(error)) from error

    async def _greeted(self, channel: Channel) -> None:
        """A server that speaks neither dialect greets nobody; it just begins to tell."""
        try:
            async with asyncio.timeout(self._patience.connect):
                while True:
                    for frame in _frames(await channel.receive()):
                        match frame:
                            case Acknowledged():
                                return
                            case Turned():
                                raise _Down("the venue does not let us listen", login=True)
                            case Notice():
                                self._hear(frame)
                                return
                            case Alive(answer=str(answer)):
                                await channel.send(answer)
                            case _:
                                pass
        except TimeoutError:
            if self._dialect is not None:
                raise _Down("the venue does not answer to our greeting") from None

    async def _subscribe(self, channel: Channel, number: int, field: str) -> None:
        """Where it was never understood, it is left out: what it would have told is looked up."""
        forms = SUBSCRIPTIONS[field]
        if (form := self._forms.setdefault(field, 0)) < len(forms):
            await channel.send(frames.subscribe(self._dialect, str(number), field, forms[form]))

    # listening

    async def _listen(self) -> None:
        """Until it is of no use any more. Raises _Down."""
        channel = self._channel
        assert channel is not None
        is_asked = False
        while True:
            try:
                async with asyncio.timeout(self._patience.silence):
                    text = await channel.receive()
                is_asked = False
                await self._heard(channel, text)
            except TimeoutError:
                question = frames.still_there(self._dialect)
                if (question is None or is_asked) and self._dialect in (MODERN, LEGACY):
                    raise _Down("the venue has not said a word for too long") from None
                if question is not None:
                    is_asked = True
                    await self._ask(channel, question)
            except ChannelClosed as closed:
                raise _Down(str(closed), login=closed.code in UNAUTHORIZED) from closed

    async def _ask(self, channel: Channel, question: str) -> None:
        try:
            await channel.send(question)
        except ChannelClosed as closed:
            raise _Down(str(closed)) from closed

    async def _heard(self, channel: Channel, text: str) -> None:
        for frame in _frames(text):
            match frame:
                case Notice():
                    self._hear(frame)
                case Alive(answer=str(answer)):
                    await channel.send(answer)
                case Turned():
                    raise _Down("the venue does not let us listen any more", login=True)
                case Ended():
                    await self._ended(channel, frame)
                case Acknowledged() | Alive():
                    pass

    async def _ended(self, channel: Channel, frame: Ended) -> None:
        fields = list(SUBSCRIPTIONS)
        number = int(frame.id) if frame.id.isascii() and frame.id.isdecimal() and len(frame.id) < 3 else 0
        if not 1 <= number <= len(fields):
            return
        field = fields[number - 1]
        if frame.refused:
            self._forms[field] += 1
            await self._subscribe(channel, number, field)
        elif self._forms[field] == 0:  # not the end that follows an error
            raise _Down("the venue ended a subscription")


def _frames(text: str) -> tuple[frames.Frame, ...]:
    try:
        return frames.read(text)
    except Unreadable:
        return ()  # one message that can't be read is no reason to hear no other
