"""The one place that lists venues by name: what they can do, how to reach them, and what stands in for them.

Imports are inside the functions, so that a verb pays only for what it uses: `check` needs profiles and no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from planrunner.model.account import Account
from planrunner.model.profile import VenueProfile

if TYPE_CHECKING:
    from planrunner.net.door import Door
    from planrunner.ports import Clock, Secrets, Venue


def profiles() -> Mapping[str, VenueProfile]:
    """Every venue planrunner can bet at, by the name that site files use."""
    from planrunner.venues.betfair.profile import PROFILE as BETFAIR

    return {BETFAIR.venue: BETFAIR}


def make_venue(account: Account, *, door: Door, clock: Clock, secrets: Secrets, at: str | None) -> Venue:
    """The adapter of one account. `at`: the base url of a sandbox; None: the venue itself."""
    match account.venue:
        case "betfair":
            from planrunner.venues.betfair.client import Addresses
            from planrunner.venues.betfair.venue import BetfairVenue

            addresses = Addresses(identity=at, api=at) if at is not None else Addresses()
            return BetfairVenue(
                account=account.name, currency=account.currency, door=door, clock=clock, secrets=secrets, addresses=addresses
            )
        case other:
            raise AssertionError(f"the site file let a venue pass that nobody built: {other}")
