"""The form of an entry of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# The smallest plan there is.
A_PLAN = """\
planrunner: 1
plan: Back Arsenal

limits:
  max_loss: 10.00 GBP

orders:
  - name: arsenal
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Arsenal
    side: back
    odds: 3.10
    stake: 10.00 GBP
    expires_before_start: 1m
"""


class Laid(StrEnum):
    """What an example is a part of; whatever it leaves out is as in the plan of the guide."""

    ORDER = "keys of an order"
    STEPS = "steps of a fallback"
    PLAN = "keys of a plan"
    FILE = "a whole plan"
    SITE = "a whole site file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`why` is one paragraph. An example may hold several files: a line `--- picks.csv` begins another one beside the plan."""

    why: str
    wrong: str
    right: str
    laid: Laid = Laid.ORDER
