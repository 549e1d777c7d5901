"""What Betfair can do, as data. Importable without any network library: `check` reads it too."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from planrunner.model.odds import Band, Ladder, Side
from planrunner.model.plan import OrderType
from planrunner.model.profile import Minimum, VenueProfile


def _ladder(name: str, *steps: tuple[str, str, str]) -> Ladder:
    return Ladder(name, tuple(Band(low=Decimal(low), high=Decimal(high), step=Decimal(step)) for low, high, step in steps))


CLASSIC = _ladder(
    "CLASSIC",
    ("1.01", "2", "0.01"), ("2", "3", "0.02"), ("3", "4", "0.05"), ("4", "6", "0.1"), ("6", "10", "0.2"),
    ("10", "20", "0.5"), ("20", "30", "1"), ("30", "50", "2"), ("50", "100", "5"), ("100", "1000", "10"),
)  # fmt: skip
# Asian handicaps and goal lines.
FINEST = _ladder("FINEST", ("1.01", "1000", "0.01"))


def _minimum(stake: str, payout: str) -> Minimum:
    return Minimum(stake=Decimal(stake), payout=Decimal(payout))


# GBP and EUR are on the venue's own page; the others come from a public client and may have moved.
MINIMUMS = {
    "GBP": _minimum("1", "10"), "EUR": _minimum("1", "20"), "USD": _minimum("1", "20"), "AUD": _minimum("5", "30"),
    "CAD": _minimum("2", "30"), "SGD": _minimum("2", "30"), "HKD": _minimum("10", "125"), "DKK": _minimum("15", "150"),
    "NOK": _minimum("10", "150"), "SEK": _minimum("15", "150"), "BRL": _minimum("5", "50"), "MXN": _minimum("30", "300"),
    "PEN": _minimum("5", "50"), "RON": _minimum("5", "50"), "HUF": _minimum("400", "4000"), "ISK": _minimum("350", "1750"),
    "NZD": _minimum("2", "10"), "ARS": _minimum("100", "500"), "GEL": _minimum("10", "50"),
}  # fmt: skip

PROFILE = VenueProfile(
    venue="betfair",
    title="Betfair Exchange",
    usual_currency="GBP",
    sides=frozenset({Side.BACK, Side.LAY}),
    types=frozenset({OrderType.LIMIT, OrderType.FILL_OR_KILL}),
    minimums=MINIMUMS,
    ladders={"CLASSIC": CLASSIC, "FINEST": FINEST},
    default_ladder="CLASSIC",
    # The venue takes 200 in one call, 50 in Italy. A call is all or nothing there, so one bad bet refuses the whole batch;
    # 50 is valid everywhere and, at about 15 KiB, leaves in one write.
    batch=50,
    reference_length=32,
    idempotent_for=timedelta(seconds=60),
    # A bet whose placing timed out may still appear up to 15 s later.
    lookup_lag=timedelta(seconds=15),
    # Placing gives up after 5 s at the venue; the rest is for the way there and back.
    answer_within=timedelta(seconds=8),
    # The venue takes 1000 instructions a second, cancels and the account's other programs included.
    orders_per_second=800,
    can_cancel=True,
    can_keep_in_play=True,
    kept_orders_types=frozenset({OrderType.LIMIT}),
    # The limit of a fill-or-kill order holds for its volume-weighted average only.
    average_odds_types=frozenset({OrderType.FILL_OR_KILL}),
    min_fill_types=frozenset({OrderType.FILL_OR_KILL}),
)
