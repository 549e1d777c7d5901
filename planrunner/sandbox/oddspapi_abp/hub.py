"""Who listens to what. Each subscription numbers its frames from 1 and holds at most 100 that are not sent yet.

What comes while it is full is dropped, and its number with it: the listener sees a gap. Nothing is ever played again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.oddspapi_abp.wire import Json

OWN = ("orders", "bets", "settlements", "accounts", "balance", "betslip")
GLOBAL = ("fixtures", "currencies", "status", "emergency")
BUFFER = 100


@dataclass(slots=True, kw_only=True)
class Subscription:
    """`unacked`: with reliable delivery, frames that the listener has not acknowledged; they are sent again."""

    id: int
    client: str
    channels: frozenset[str]
    reliable: bool
    seq: int = 0
    dropped: int = 0
    waiting: deque[Json] = field(default_factory=deque)
    unacked: dict[int, Json] = field(default_factory=dict)
    held: Json = None
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False
    answered: float = 0

    def offer(self, frame: Json, fault: Fault | None) -> None:
        self.seq += 1
        numbered = {**frame, "seq": self.seq, **({"requireAck": True} if self.reliable else {})}
        match fault.trouble if fault else None:
            case Trouble.FRAME_LOST:
                self.dropped += 1
            case Trouble.FRAME_TWICE:
                self._put(numbered)
                self._put(numbered)
            case Trouble.FRAMES_SWAPPED:
                self.held = numbered
            case Trouble.BUFFER_FULL:
                self.dropped += 1 + len(self.waiting)
                self.waiting.clear()
            case Trouble.CONNECTION_LOST:
                self.lost = True
            case _:
                self._put(numbered)
                if self.held is not None:
                    held, self.held = self.held, None
                    self._put(held)
        self.stirred.set()

    def ack(self, number: int) -> None:
        self.unacked.pop(number, None)

    def again(self) -> None:
        """What was not acknowledged is sent once more."""
        self.waiting.extend(self.unacked.values())
        self.stirred.set()

    def _put(self, frame: Json) -> None:
        if len(self.waiting) >= BUFFER:
            self.dropped += 1
            return
        self.waiting.append(frame)
        if self.reliable:
            self.unacked[frame["seq"]] = frame


@dataclass(slots=True, kw_only=True)
class Hub:
    strike: Callable[[str], Fault | None]
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def subscribe(self, client: str, channels: Iterable[str], *, reliable: bool) -> Subscription:
        number = next(iter(self._numbers))
        made = Subscription(id=number, client=client, channels=frozenset(channels), reliable=reliable)
        self.subscriptions[number] = made
        return made

    def leave(self, subscription: Subscription) -> None:
        self.subscriptions.pop(subscription.id, None)

    def tell(self, channel: str, event: str, payload: Json, at: int, client: str | None = None) -> None:
        """To a client's listeners, or (None) to everybody's."""
        frame = {"type": "data", "channel": channel, "event": event, "payload": payload, "ts": at}
        for one in self.subscriptions.values():
            if channel in one.channels and client in (None, one.client):
                one.offer(frame, self.strike(f"ws-{channel}") or self.strike("ws"))
