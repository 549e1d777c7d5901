"""The one place that lists venues by name: what they can do, how to reach them, and what stands in for them.

Imports are inside the functions, so that a verb pays only for what it uses: `check` needs profiles and no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from planrunner.model.account import Account
from planrunner.model.errors import WrongUse
from planrunner.model.profile import VenueProfile

if TYPE_CHECKING:
    from planrunner.net.door import Door
    from planrunner.ports import Clock, Secrets, Venue


# Where `planrunner sandbox serve` listens unless told otherwise.
SANDBOX_PORT = 8765
SANDBOX = f"http://127.0.0.1:{SANDBOX_PORT}"
# Whose adapter is there; `make_venue` knows them.
BUILT = frozenset({"betfair", "tote", "oddspapi_abp"})


def profiles() -> Mapping[str, VenueProfile]:
    """Every venue planrunner can bet at, by the name that site files use."""
    from planrunner.venues.betfair.profile import PROFILE as BETFAIR
    from planrunner.venues.oddspapi_abp.profile import PROFILE as ODDSPAPI_ABP
    from planrunner.venues.tote.profile import PROFILE as TOTE

    return {one.venue: one for one in (BETFAIR, TOTE, ODDSPAPI_ABP)}


def make_venue(account: Account, *, door: Door, clock: Clock, secrets: Secrets, at: str | None) -> Venue:
    """The adapter of one account. `at`: the base url of a sandbox; None: the venue itself.

    Raises WrongUse for a venue whose adapter is not there yet.
    """
    match account.venue:
        case "betfair":
            from planrunner.venues.betfair.client import Addresses
            from planrunner.venues.betfair.venue import BetfairVenue

            addresses = Addresses(identity=at, api=at) if at is not None else Addresses()
            return BetfairVenue(
                account=account.name, currency=account.currency, door=door, clock=clock, secrets=secrets, addresses=addresses
            )
        case "tote":
            from planrunner.venues.tote.client import Addresses as ToteAddresses
            from planrunner.venues.tote.venue import ToteVenue

            of_tote = ToteAddresses.of_sandbox(at) if at is not None else ToteAddresses()
            return ToteVenue(
                account=account.name, currency=account.currency, door=door, clock=clock, secrets=secrets, addresses=of_tote
            )
        case "oddspapi_abp":
            from planrunner.venues.oddspapi_abp.client import Terms
            from planrunner.venues.oddspapi_abp.venue import AbpVenue

            terms = Terms(base=f"{at}/abp") if at is not None else Terms()
            return AbpVenue(account=account.name, currency=account.currency, door=door, clock=clock, secrets=secrets, terms=terms)
        case other:
            raise WrongUse(f"plans for {profiles()[other].title} are checked and told, but this version can't bet there yet")
