"""Odds against the venue's ladders, as far as they are known before the market is."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

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
    """The valid odds on either side, each as a plan can say it exactly."""
    below, above = profile.ladder(profile.default_ladder).around(odds.ratio)
    return [_written(one, odds) for one in (below, above) if one is not None]


def _written(near: Decimal, odds: Odds) -> str:
    """As a probability where the author wrote one and it comes out even; few do: 1.25 is 80 %, 1.26 is 79.365079... %."""
    share = 10_000 / Fraction(near)
    if odds.text.endswith("%") and share.denominator == 1:
        return f"{Decimal(share.numerator) / 100:f}%"
    return scalars.odds_text(near)
