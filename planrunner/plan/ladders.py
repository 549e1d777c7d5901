"""Odds against the venue's ladders, as far as they are known before the market is."""

from __future__ import annotations

from planrunner.model.odds import Ladder, Odds
from planrunner.model.profile import VenueProfile
from planrunner.plan import scalars
from planrunner.plan.decode import DraftOrder


def is_on_ladder(order: DraftOrder, odds: Odds, profile: VenueProfile) -> bool:
    """Which ladder a market has is known when it is found; with a `line` it may be any of the venue's."""
    has_line = "line" in order.node.values
    ladders: list[Ladder] = list(profile.ladders.values()) if has_line else [profile.ladder(profile.default_ladder)]
    return any(ladder.tick(odds.ratio) is not None for ladder in ladders)


def nearest_odds(odds: Odds, profile: VenueProfile) -> list[str]:
    """The valid odds on either side."""
    below, above = profile.ladder(profile.default_ladder).around(odds.ratio)
    return [scalars.odds_text(one) for one in (below, above) if one is not None]
