"""The sandbox's time. A rehearsal hands in its virtual clock, `sandbox serve` the real one below."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

# The wall clock may be set while we wait; looking again this often bounds how late we notice.
LONGEST_NAP = 1.0


class Clock(Protocol):
    """Whatever tells the time in UTC and can wait until a moment."""

    def now(self) -> datetime: ...

    async def sleep_until(self, at: datetime) -> None: ...


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, at: datetime) -> None:
        while (left := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - the wall clock has no event to wait for
            await asyncio.sleep(min(left, LONGEST_NAP))


class ShiftableClock(RealClock):
    """Real time that can be put forward, so that nobody has to wait two hours for a result."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def put_forward(self, by: timedelta) -> None:
        self._ahead += by


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970, the time of everything inside the world."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)


def from_ms(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)


def iso(at: int) -> str:
    """`2026-12-05T14:30:00.250Z`."""
    return from_ms(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"
