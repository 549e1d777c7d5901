"""What the UK Tote can do, as data. Importable without any network library: `check` reads it too."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from planrunner.model.pools import Pool
from planrunner.model.profile import FOR_EVER, Minimum, VenueProfile

# What a bet and its lines must cost at least every pool says for itself, and only the venue knows; a coin is the least there is.
COIN = Minimum(stake=Decimal("0.01"))

PROFILE = VenueProfile(
    venue="tote",
    title="UK Tote",
    usual_currency="GBP",
    sides=frozenset(),
    types=frozenset(),
    pools=frozenset(Pool),
    minimums={"GBP": COIN, "EUR": COIN, "HKD": COIN},
    ladders={},
    default_ladder="",
    # Bets of one ticket, which is one request. How many it takes is not published; a plan's ticket is never divided.
    batch=50,
    reference_length=32,
    # A reference is used once, ever: a bet's by the whole account, a ticket's for all that was answered to it.
    idempotent_for=FOR_EVER,
    # Asked for no sooner: so long an answer may take by the venue's own account.
    lookup_lag=timedelta(seconds=60),
    # Nothing is published. The request only hands the bets in; the yes or no comes later and by itself.
    answer_within=timedelta(seconds=10),
    # None is published either; a public client keeps to 5 a second.
    orders_per_second=5,
    can_cancel=False,
)
