"""Where a run happens: in memory on a jumping clock, at a sandbox over HTTP, or at the venue. The same adapters in all three."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any, Protocol, TypeVar

from planrunner.model.account import Account
from planrunner.model.errors import NeverSent, VenueTrouble
from planrunner.model.journal import Mode
from planrunner.model.market import AccountName
from planrunner.ports import Secrets, Venue
from planrunner.runtime.clock import HandsClock, RealClock

T = TypeVar("T")

Accounts = Mapping[AccountName, Account]
Venues = Mapping[AccountName, Venue]


class Play(Protocol):
    """Runs a coroutine to its end on the stage's own event loop and clock."""

    def __call__(self, main: Callable[[HandsClock], Coroutine[Any, Any, T]]) -> T: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`today` is the day that plans of a zone call so; `settle_within` how long a finished run is listened to for its settlement;
    `notes` what a reader of the report must know of this place."""

    mode: Mode
    today: Callable[[HandsClock, tzinfo], date]
    play: Play
    venues: Callable[[HandsClock], AbstractAsyncContextManager[Venues]]
    settle_within: timedelta | None = None
    notes: tuple[str, ...] = ()


def over_http(mode: Mode, accounts: Accounts, secrets: Secrets, *, sandbox_url: str | None) -> Stage:
    """A sandbox that is served somewhere, or (no url) the venues themselves."""

    @asynccontextmanager
    async def venues(clock: HandsClock) -> AsyncIterator[Venues]:
        from planrunner.app.venues import make_venue
        from planrunner.net.door import Door
        from planrunner.net.socket_wire import SocketWire
        from planrunner.runtime.discreet import DiscreetVenue

        door = Door(SocketWire(clock), clock)
        made: Venues = {
            name: DiscreetVenue(make_venue(one, door=door, clock=clock, secrets=secrets, at=sandbox_url))
            for name, one in accounts.items()
        }
        try:
            async with opened(made, sandbox_url) as ready:
                yield ready
        finally:
            await door.close()

    def play(main: Callable[[HandsClock], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run(main(RealClock()))

    return Stage(mode=mode, today=lambda clock, zone: clock.now().astimezone(zone).date(), play=play, venues=venues)


@asynccontextmanager
async def opened(venues: Venues, sandbox_url: str | None = None) -> AsyncIterator[Venues]:
    """Logged in. Raises VenueRefused, VenueTrouble."""
    try:
        for venue in venues.values():
            await _open(venue, sandbox_url)
        yield venues
    finally:
        for venue in venues.values():
            await venue.close()


async def _open(venue: Venue, sandbox_url: str | None) -> None:
    try:
        await venue.open()
    except VenueTrouble as error:
        if sandbox_url is None:
            raise
        if isinstance(error.__cause__, NeverSent):
            hint = f"no sandbox answers at {sandbox_url}; start one in another window: planrunner sandbox serve"
        else:
            hint = f"what answers at {sandbox_url} is no sandbox of planrunner's, or is not well; look which program is there"
        raise VenueTrouble(f"{error}\n{hint}") from error
