"""The accounts that a service bets with: one login for each, shared by all its runs, opened when the first needs it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from planrunner.app.stage import Accounts, Stage, Venues, opened
from planrunner.app.venues import make_venue
from planrunner.model.account import Account
from planrunner.model.journal import Mode
from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.ports import Secrets, Venue
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.discreet import DiscreetVenue
from planrunner.runtime.hub import Hub
from planrunner.runtime.secrets import PRACTICE, secrets_of

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Houses:
    """`folder` is the site file's, for where credentials are kept."""

    clock: HandsClock
    folder: Path
    _hubs: dict[tuple[Account, str | None], Hub] = field(default_factory=dict)
    _door: Door = field(init=False)

    def __post_init__(self) -> None:
        self._door = Door(SocketWire(self.clock), self.clock)

    @property
    def door(self) -> Door:
        """For whatever else the process says to others."""
        return self._door

    def stage(self, mode: Mode, accounts: Accounts, url: str | None) -> Stage:
        """These accounts at a sandbox, or (no url) at the venues themselves; in the loop that is running already."""

        return Stage(
            mode=mode,
            today=lambda clock, zone: clock.now().astimezone(zone).date(),
            play=_in_its_own_loop,
            venues=lambda _: self.venues(mode, url, accounts),
        )

    def venues(self, mode: Mode, url: str | None, accounts: Accounts) -> AbstractAsyncContextManager[Venues]:
        """A seat at each, for as long as it is needed. Raises VenueRefused, VenueTrouble."""

        @asynccontextmanager
        async def seats() -> AsyncIterator[Venues]:
            secrets = self._secrets(mode, accounts)
            made: Mapping[Any, Venue] = {name: self._hub(one, url, secrets).seat() for name, one in accounts.items()}
            async with opened(made, url) as ready:
                yield ready

        return seats()

    async def close(self) -> None:
        for hub in self._hubs.values():
            await hub.close()
        await self._door.close()

    def _hub(self, account: Account, url: str | None, secrets: Secrets) -> Hub:
        """Accounts that differ in anything but their limits have logins of their own."""
        of = Account(
            name=account.name, venue=account.venue, currency=account.currency, mode=account.mode, credentials=account.credentials,
            allow_lay=account.allow_lay,
        )  # fmt: skip
        if (of, url) not in self._hubs:

            def make() -> Venue:
                return DiscreetVenue(make_venue(of, door=self._door, clock=self.clock, secrets=secrets, at=url))

            self._hubs[of, url] = Hub(make, self.clock)
        return self._hubs[of, url]

    def _secrets(self, mode: Mode, accounts: Accounts) -> Secrets:
        if mode is not Mode.LIVE:
            return PRACTICE
        credentials = {name: account.credentials for name, account in accounts.items()}
        return secrets_of(credentials, site_folder=self.folder, environment=os.environ)


def _in_its_own_loop(main: Callable[[HandsClock], Coroutine[Any, Any, T]]) -> T:
    raise AssertionError(f"the runs of a service are in a loop that is there already: {main}")
