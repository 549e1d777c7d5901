"""How a router spreads an order over bookmakers, told."""

from __future__ import annotations

from collections.abc import Iterator

from planrunner.model.money import Money
from planrunner.model.plan import Routing
from planrunner.model.profile import VenueProfile
from planrunner.review.words import listed


def tell_routing(routing: Routing, profile: VenueProfile, stake: Money | str) -> Iterator[str]:
    """`stake` is what one bookmaker alone would take: an amount, or in words."""
    who = f"to {listed(routing.bookmakers)} only" if routing.bookmakers else "to every bookmaker that the account may use"
    yield f"{profile.title} takes it {who}{'; better odds are not taken' if not routing.better_odds else ''}."
    if len(routing.bookmakers) == 1 and not routing.partial:
        yield f"One bet there takes all of {stake} or none is made, so its odds keep the limit."
    elif routing.partial:
        yield "It may become several bets, each of a part of the stake, and it may be taken in part."
    else:
        yield "Each of them gets one bet at most."
