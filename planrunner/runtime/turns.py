"""Whose turn it is on an account: how many requests are under way at once, and how fast orders leave.

Waiting for a turn comes before the intent, or the wait would eat the time in which that may leave. A run that has an account to
itself has turns of its own; where runs share one, each also waits for its turn among them all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from planrunner.model.profile import VenueProfile
from planrunner.ports import Clock
from planrunner.runtime.limiter import Limiter, Take

# Of one run: more would only open connections.
PLACING_AT_ONCE = 8
ASKING_AT_ONCE = 4  # cancels and look-ups
# Of all runs on one account. In play a venue holds each request for up to 12 s, so runs on quiet markets need room beside those.
PLACING_IN_ALL = 32
ASKING_IN_ALL = 16


class Turns:
    """Of one run, or (`shared`) of all runs on one account; then each run's own lie `within` those."""

    def __init__(self, placing: int, asking: int, *, limiter: Limiter | None = None, within: Turns | None = None) -> None:
        self._placing = asyncio.Semaphore(placing)
        self._asking = asyncio.Semaphore(asking)
        self._limiter = limiter
        self._within = within

    @classmethod
    def of_run(cls, profile: VenueProfile, clock: Clock) -> Turns:
        """Of a run that has the account to itself."""
        return cls(PLACING_AT_ONCE, ASKING_AT_ONCE, limiter=_limiter(profile, clock))

    @classmethod
    def shared(cls, profile: VenueProfile, clock: Clock) -> Turns:
        return cls(PLACING_IN_ALL, ASKING_IN_ALL, limiter=_limiter(profile, clock))

    @classmethod
    def among(cls, shared: Turns) -> Turns:
        """Of a run that shares the account: one with many orders leaves the others their turns."""
        return cls(PLACING_AT_ONCE, ASKING_AT_ONCE, within=shared)

    @asynccontextmanager
    async def to_place(self, orders: int, reserve: Take) -> AsyncIterator[None]:
        """`reserve` takes a place of a length in the journal's row of the account and answers the wait for it."""
        async with self._placing:
            if self._limiter is not None:
                await self._limiter.wait(orders, reserve)
            async with self._within.to_place(orders, reserve) if self._within is not None else nullcontext():
                yield

    @asynccontextmanager
    async def to_ask(self) -> AsyncIterator[None]:
        further: AbstractAsyncContextManager[None] = nullcontext() if self._within is None else self._within.to_ask()
        async with self._asking, further:
            yield


def _limiter(profile: VenueProfile, clock: Clock) -> Limiter | None:
    return None if profile.orders_per_second is None else Limiter(profile.orders_per_second, clock)
