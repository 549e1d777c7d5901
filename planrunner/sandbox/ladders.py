"""The ladders of odds that exchange markets use (Betfair's facts, section 12.1)."""

from __future__ import annotations

from decimal import Decimal

from planrunner.model.odds import Band, Ladder


def _bands(*rows: str) -> tuple[Band, ...]:
    """From `"from to step"` rows."""
    cells = (row.split() for row in rows)
    return tuple(Band(low=Decimal(low), high=Decimal(high), step=Decimal(step)) for low, high, step in cells)


CLASSIC = Ladder(
    "CLASSIC",
    _bands(
        "1.01 2 0.01",
        "2 3 0.02",
        "3 4 0.05",
        "4 6 0.1",
        "6 10 0.2",
        "10 20 0.5",
        "20 30 1",
        "30 50 2",
        "50 100 5",
        "100 1000 10",
    ),
)
FINEST = Ladder("FINEST", _bands("1.01 1000 0.01"))
LADDERS: dict[str, Ladder] = {ladder.name: ladder for ladder in (CLASSIC, FINEST)}
