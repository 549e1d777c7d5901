"""The Tote's words: how far a bet has come, why one was refused, and what an answer as a whole proves.

Reasons are free text, so they are known by what is in them; one that is not known is told as it stands. Every list of statuses is
open: a word that is not in it proves nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from planrunner.venues.tote import wire
from planrunner.venues.tote.wire import ASKED_TO_WAIT, FORBIDDEN, INVALID_DOCUMENT, LOGIN_REFUSED, UNAUTHENTICATED, UNAVAILABLE


class Placed(StrEnum):
    """Of a bet, `placement.status`."""

    TAKEN_IN = "PLACED"  # received, and neither accepted nor refused
    ACCEPTED = "ACCEPTED"
    CANCELLED = "CANCELLED"  # accepted, and void since
    REJECTED = "REJECTED"
    FAILED = "FAILED"  # an error of the venue's own; the bet was not placed
    UNKNOWN = "UNKNOWN"


HELD = frozenset({Placed.TAKEN_IN, Placed.ACCEPTED, Placed.CANCELLED})
REFUSED = frozenset({Placed.REJECTED, Placed.FAILED})
# `settlement.status`: the money has moved, and only then a result is booked.
PAID = frozenset({"SETTLED", "REFUNDED"})


def placed(word: str) -> Placed:
    return _PLACED.get(word, Placed.UNKNOWN)


_PLACED = {one.value: one for one in Placed}


class Proof(StrEnum):
    """What an answer as a whole says about the bets asked for."""

    NOTHING_DONE = "nothing done"
    NOT_YET = "not yet"  # nothing done, and the same request may well work a little later
    UNCERTAIN = "uncertain"


FAULTS: dict[str, tuple[Proof, str]] = {
    UNAUTHENTICATED: (Proof.NOT_YET, "the login is missing or has expired"),
    FORBIDDEN: (Proof.NOT_YET, "the account or this place may not do this"),
    ASKED_TO_WAIT: (Proof.NOT_YET, "too many requests at once; the venue asks to wait"),
    LOGIN_REFUSED: (Proof.NOTHING_DONE, "the login has expired, and the venue refuses a new one"),
    INVALID_DOCUMENT: (Proof.NOTHING_DONE, "the venue does not understand the request"),
    UNAVAILABLE: (Proof.UNCERTAIN, "the venue is overloaded or being worked on"),
}
ASKS_TO_WAIT = frozenset({ASKED_TO_WAIT, UNAVAILABLE})
# What a person must change; asking again is of no use.
PERMANENT = frozenset({UNAUTHENTICATED, FORBIDDEN, LOGIN_REFUSED, INVALID_DOCUMENT})


def fault(code: str) -> tuple[Proof, str]:
    return FAULTS.get(code, (Proof.UNCERTAIN, "planrunner does not know what this answer means"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a bet was refused. `transient`: the venue's own documentation says to ask again, with a new bet."""

    code: str
    text: str
    transient: bool = False


DUPLICATE = "DUPLICATE_BET"
# What is in a reason, all of it, in this order of preference. Seen in documents: the first two; the rest are the kinds of trouble
# that a host of pools has.
_REASONS: tuple[tuple[str, str, str], ...] = (
    (r"error placing a bet with the bet provider", "PROVIDER_ERROR", "the venue could not hand the bet on and says to ask again"),
    (r"not open|closed|betting off|sales not allowed", "POOL_NOT_OPEN", "the pool takes no bets now"),
    (r"duplicate|bet ?id.*(already|exist|used|unique)", DUPLICATE, "the venue has had a bet with this reference before"),
    (r"insufficient|funds|balance|credit", "NOT_ENOUGH_MONEY", "there is not enough money or credit in the account"),
    (r"stake limit|limit", "STAKE_LIMIT", "a limit of the account at the venue is reached"),
    (r"currency", "CURRENCY", "the pool does not take this currency"),
    (r"minimum|maximum|increment|bet cost|stake|line amount", "STAKE", "the stake is not one the pool takes"),
    (r"selection|runner|scratched|competitor", "RUNNER_NOT_AVAILABLE", "a runner can't be bet on, or not any more"),
    (r"\bleg", "LEGS", "the races of the bet are not those of the pool"),
    (r"position", "POSITION", "the order of finish is not one the pool takes"),
    (r"product", "POOL_NOT_KNOWN", "the venue does not know the pool"),
)  # fmt: skip
_NO_REASON = Reason(code="REJECTED", text="the venue refused it and gives no reason")


def reason(said: object, status: Placed = Placed.REJECTED) -> Reason:
    """From what the venue wrote, whose own words are kept beside ours."""
    original = wire.shown(said)
    plain = re.sub(r"[\s_-]+", " ", original.casefold())
    if not original:
        failed = Reason(code="FAILED", text="the venue had an error of its own and did not place it")
        return failed if status is Placed.FAILED else _NO_REASON
    for pattern, code, words in _REASONS:
        if re.search(pattern, plain):
            return Reason(code=code, text=f"{words} (its words: {original})", transient=code == "PROVIDER_ERROR")
    return Reason(code=status.value, text=f"the venue says: {original}")
