"""How fast orders may leave an account, over all runs and processes on one journal: reserve a place in the row, wait for it.

The row of an account holds the moment at which the next instruction would be due if all so far had come evenly (GCRA, without a
burst), and when it was written: a wall clock that stands before that was set back, and the row moves back with it. One
statement moves it on, so two processes never get the same place. It costs a commit, so a process takes a share of a
tenth of a second at once and spends that within a second: in the worst second as many leave as the rate allows, and one
share of each process. Waiting comes before the intent is written, or it would eat the time in which that may leave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from planrunner.ports import Clock
from planrunner.runtime.clock import JUMPED
from planrunner.runtime.prepared import Prepared

SHARES = 10  # of a second
KEPT = 1.0  # seconds that a share can be spent
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RESERVE = Prepared(
    text(
        "INSERT INTO limiter (key, tat, at) VALUES (:key, :after, :now) ON CONFLICT (key) DO UPDATE SET tat = :cost + "
        "CASE WHEN :jumped < limiter.at THEN limiter.tat - limiter.at + :now "
        "WHEN limiter.tat < :now THEN :now ELSE limiter.tat END, "
        "at = CASE WHEN :now < limiter.at AND :jumped >= limiter.at THEN limiter.at ELSE :now END RETURNING tat"
    ),
    "key", "after", "now", "cost", "jumped", "now", "now", "now", "now", "jumped", "now",
)  # fmt: skip


def reserve(connection: Connection, key: str, length: timedelta, now: datetime) -> timedelta:
    """Takes a place of this length. Answers how long it is until it begins."""
    at, cost = (now - EPOCH) // MICROSECOND, length // MICROSECOND
    jumped = at + JUMPED // MICROSECOND
    [(tat,)] = _RESERVE.one(connection, (key, at + cost, at, cost, jumped, at, at, at, at, jumped, at))
    return int(tat - cost - at) * MICROSECOND


Take = Callable[[timedelta], Awaitable[timedelta]]


@dataclass(slots=True)
class _Share:
    left: int
    until: float  # age


class Limiter:
    """Of one account in one process, for all its runs there: a share that one of them took is spent by all."""

    def __init__(self, rate: int, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._share = _Share(0, 0.0)
        self._turn = asyncio.Lock()

    async def wait(self, count: int, take: Take) -> None:
        """Until so many instructions may leave. `take` reserves a length in the journal and answers the wait."""
        async with self._turn:
            if self._share.until < self._clock.age():
                self._share.left = 0
            if self._share.left < count:
                await self._more(count, take)
            self._share.left -= count

    async def _more(self, count: int, take: Take) -> None:
        wanted = max(count, self._rate // SHARES)
        wait = await take(timedelta(seconds=wanted) / self._rate)
        if wait > timedelta(0):
            await asyncio.sleep(wait.total_seconds())
        self._share = _Share(self._share.left + wanted, self._clock.age() + KEPT)
