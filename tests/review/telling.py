"""A plan's text to what is told of it."""

from __future__ import annotations

from planrunner.model.account import Site
from planrunner.review.explain import explain
from planrunner.review.explained import Explained
from planrunner.review.text import as_text
from tests.plan.checking import PROFILES, SITE, check

TWO = """\
planrunner: 1
plan: Back Arsenal, lay the draw

limits:
  max_loss: 35.00 GBP
  max_stake: 50.00 GBP
  max_exposure_per_market: 40.00 GBP

orders:
  - name: arsenal
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Arsenal
    side: back
    odds: 2.50
    stake: 10.00 GBP
    expires_after: 10m
  - name: draw
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: The Draw
    side: lay
    odds: 3.10
    stake: 10.00 GBP
    liability_at_most: 21.00 GBP
    expires_after: 10m
"""


def tell(text: str, site: Site = SITE) -> Explained:
    """A plan with problems is a mistake in the test."""
    checked = check(text, site)
    assert checked.plan is not None, checked.told()
    return explain(checked.plan, site, PROFILES)


def in_words(text: str, site: Site = SITE, *, everything: bool = False) -> str:
    """On one line, so that a test need not know where it is wrapped."""
    return " ".join(as_text(tell(text, site), everything=everything).split())
