"""What OddsPapi ABP can do, as data. Importable without any network library: `check` reads it too.

It spreads an order over bookmakers at which its customer has accounts. An order rests nowhere: it is tried again and again until
it is filled or its time is over.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from planrunner.model.money import DECIMALS, smallest_unit
from planrunner.model.odds import Band, Ladder, Side
from planrunner.model.plan import OrderType
from planrunner.model.profile import Minimum, VenueProfile

# The venue names no steps of odds, and each bookmaker may have its own; its examples have two decimals.
HUNDREDTHS = Ladder("HUNDREDTHS", (Band(low=Decimal("1.01"), high=Decimal(1000), step=Decimal("0.01")),))

PROFILE = VenueProfile(
    venue="oddspapi_abp",
    title="OddsPapi ABP",
    usual_currency="USD",
    sides=frozenset({Side.BACK, Side.LAY}),
    types=frozenset({OrderType.LIMIT, OrderType.FILL_OR_KILL, OrderType.FILL_AND_KILL}),
    # How much a bet must be at least every bookmaker says for itself; a coin is the least there is.
    minimums={currency: Minimum(stake=smallest_unit(currency)) for currency in DECIMALS},
    ladders={HUNDREDTHS.name: HUNDREDTHS},
    default_ladder=HUNDREDTHS.name,
    routes=True,
    by_ids_only=True,
    by_key=True,
    batch=100,
    uuid_references=True,
    reference_length=36,
    # Half an hour by the venue's own account, five minutes by an older one.
    idempotent_for=timedelta(minutes=5),
    # Not published. An order is written down before it is answered.
    lookup_lag=timedelta(seconds=5),
    answer_within=timedelta(seconds=10),
    expires_within=timedelta(hours=24),
    # Requests, of which each holds many orders: as many are allowed in a second.
    orders_per_second=100,
    can_cancel=True,
)
