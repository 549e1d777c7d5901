"""One request for one bet: its sizes, its status and the table of what may follow what.

An order owns a chain of placements (a reprice cancels one and makes the next). Each placement has one reference that
exists at most once at the venue. The venue turns it into no, one or many bets.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Where the stake of a placement or bet is, in the account's currency; `remaining` is what is in none of the others.

    Raises ValueError where a part is negative or the parts exceed the stake.
    """

    stake: Decimal
    matched: Decimal = ZERO
    cancelled: Decimal = ZERO
    lapsed: Decimal = ZERO
    voided: Decimal = ZERO

    def __post_init__(self) -> None:
        if min(self.stake, self.matched, self.cancelled, self.lapsed, self.voided, self.remaining) < 0:
            raise ValueError(f"sizes do not add up: {self}")

    @property
    def remaining(self) -> Decimal:
        return self.stake - self.matched - self.cancelled - self.lapsed - self.voided

    @property
    def progress(self) -> tuple[Decimal, Decimal, Decimal]:
        """Grows with every true change, so that of two reports about one bet the larger one is the later one."""
        return (self.stake - self.remaining, self.voided, self.matched)


class PlacementStatus(StrEnum):
    """Why a placement completed is not a status; it is read from its sizes."""

    DRAFT = "draft"  # provably never left this machine; to be sent again, or given up
    DENIED = "denied"  # refused by our own limits, or given up before it left; never sent
    PENDING = "pending"  # decided; its intent is being written down, or it is on its way
    UNKNOWN = "unknown"  # the answer was lost; counted in full until it shows up
    EXECUTABLE = "executable"  # the venue holds it and some of it can still match
    EXECUTION_COMPLETE = "execution complete"  # the venue holds it and nothing remains
    REJECTED = "rejected"  # the venue says that it does not exist


class Fact(StrEnum):
    """What can be learned about a placement."""

    INTENT = "intent"
    DENIED = "denied"
    NOT_SENT = "not sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LOST = "lost"
    LIVE = "reported live"
    COMPLETE = "reported complete"


_S, _F = PlacementStatus, Fact

# (status, fact) -> next status. A pair that is absent can't happen and raises Divergence; facts that come late or say nothing
# new are sorted out before the table is asked.
TRANSITIONS: dict[tuple[PlacementStatus, Fact], PlacementStatus] = {
    (_S.DRAFT, _F.INTENT): _S.PENDING,
    (_S.DRAFT, _F.DENIED): _S.DENIED,
    (_S.PENDING, _F.DENIED): _S.DENIED,  # the ledger refuses in the intent's own transaction
    (_S.PENDING, _F.NOT_SENT): _S.DRAFT,  # our own door says that no byte left
    (_S.PENDING, _F.ACCEPTED): _S.EXECUTABLE,
    (_S.PENDING, _F.REJECTED): _S.REJECTED,
    (_S.PENDING, _F.LOST): _S.UNKNOWN,
    (_S.PENDING, _F.LIVE): _S.EXECUTABLE,  # real case: the fill overtakes the answer to the placement
    (_S.PENDING, _F.COMPLETE): _S.EXECUTION_COMPLETE,
    (_S.UNKNOWN, _F.LOST): _S.UNKNOWN,  # asked again, and that answer was lost too
    (_S.UNKNOWN, _F.REJECTED): _S.REJECTED,  # the venue keeps the reference, and keeps it as refused
    (_S.UNKNOWN, _F.INTENT): _S.PENDING,  # sent again under the same reference, on proof
    (_S.UNKNOWN, _F.ACCEPTED): _S.EXECUTABLE,
    (_S.UNKNOWN, _F.LIVE): _S.EXECUTABLE,  # adopted by reference
    (_S.UNKNOWN, _F.COMPLETE): _S.EXECUTION_COMPLETE,
    (_S.EXECUTABLE, _F.LIVE): _S.EXECUTABLE,
    (_S.EXECUTABLE, _F.ACCEPTED): _S.EXECUTABLE,  # the answer comes after the first fill
    (_S.EXECUTABLE, _F.COMPLETE): _S.EXECUTION_COMPLETE,
    (_S.EXECUTABLE, _F.REJECTED): _S.REJECTED,  # a router took it, and refused it before any bet was made of it
    (_S.EXECUTION_COMPLETE, _F.COMPLETE): _S.EXECUTION_COMPLETE,  # a matched bet is voided later
    (_S.EXECUTION_COMPLETE, _F.ACCEPTED): _S.EXECUTION_COMPLETE,  # filled before its own answer arrived
    (_S.EXECUTION_COMPLETE, _F.LIVE): _S.EXECUTION_COMPLETE,  # an older report arrives late
}

FINAL = frozenset({_S.DENIED, _S.EXECUTION_COMPLETE, _S.REJECTED})


def follows(status: PlacementStatus, fact: Fact) -> PlacementStatus | None:
    """The status after a fact, or None where the pair is impossible."""
    return TRANSITIONS.get((status, fact))


def transition_table() -> str:
    """The table as text, one row a line, for documentation and tests."""
    rows = [f"{status.value:20} {fact.value:18} {after.value}" for (status, fact), after in TRANSITIONS.items()]
    return "\n".join([f"{'status':20} {'fact':18} next", *rows])
