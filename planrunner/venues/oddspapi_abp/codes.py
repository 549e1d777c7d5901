"""ABP's answers: what each proves, and what it means to a bettor.

A status that is not in these tables proves nothing. Reasons of a decline are free text, so they are told by their key words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """What an answer says about the orders asked for."""

    NOTHING_DONE = "nothing done"
    NOT_YET = "not yet"  # nothing done, and the same request may well work a little later
    UNCERTAIN = "uncertain"  # an order may exist


_NO, _LATER, _UNSURE = Proof.NOTHING_DONE, Proof.NOT_YET, Proof.UNCERTAIN
TOO_MANY, NOT_FOUND, BODY_REFUSED, DUPLICATES = 429, 404, 422, 409

STATUSES: dict[int, tuple[Proof, str]] = {
    400: (_NO, "the venue misses a parameter of the request, or can't use one"),
    401: (_NO, "the API key is not known or not active"),
    403: (_NO, "the API key is missing, or may not do this"),
    NOT_FOUND: (_NO, "the venue knows nothing by that name"),
    DUPLICATES: (_UNSURE, "the venue has had all of these references before"),
    BODY_REFUSED: (_NO, "the venue does not accept the request as it is written, and took none of it"),
    TOO_MANY: (_LATER, "too many requests at once; the venue asks to wait"),
    500: (_UNSURE, "the venue had an error of its own"),
    501: (_NO, "the venue does not do this yet"),
    503: (_UNSURE, "a part of the venue is down"),
}
# What a person must change; asking again is of no use.
PERMANENT = frozenset({400, 401, 403, 422, 501})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Why an order was not taken. `transient`: the venue says that the trouble is its own and passes. `is_repeat`: it is no
    refusal, the venue has had the reference before."""

    code: str
    words: str
    transient: bool = False
    is_repeat: bool = False


# The first row whose words are all in the reason counts. Sentences name figures and currencies too, so the plainest come first.
_DECLINES: tuple[tuple[tuple[str, ...], Decline], ...] = (
    (("duplicate",), Decline(code="DUPLICATE", words="the venue has had this reference before", is_repeat=True)),
    (("exceed",), Decline(code="STAKE_EXCEEDS_LIMIT", words="the stake is above what the bookmakers take")),
    (("below", "minimum"), Decline(code="STAKE_BELOW_MINIMUM", words="the stake is below the minimum of the bookmakers")),
    (("less than", "minimum"), Decline(code="STAKE_BELOW_MINIMUM", words="the stake is below the minimum of the bookmakers")),
    (("emergency",), Decline(code="EMERGENCY", words="the venue has declared an emergency and takes no orders", transient=True)),
    (
        ("temporarily",),
        Decline(code="ODDS_TEMPORARILY_UNAVAILABLE", words="the odds could not be had in time just now", transient=True),
    ),
    (("active account",), Decline(code="NO_ACTIVE_ACCOUNTS", words="no account at these bookmakers is active")),
    (("currency",), Decline(code="CURRENCY_CONVERSION_FAILED", words="the venue can't convert the stake's currency")),
    (("bookmaker", "not available"), Decline(code="BOOKMAKER_NOT_AVAILABLE", words="the bookmaker has no odds, or is cut off")),
    (("bookmaker", "unavailable"), Decline(code="BOOKMAKER_NOT_AVAILABLE", words="the bookmaker has no odds, or is cut off")),
    (("odds",), Decline(code="INVALID_ODDS", words="the odds are gone, or the market is suspended")),
    (("suspended",), Decline(code="INVALID_ODDS", words="the odds are gone, or the market is suspended")),
    (("limit",), Decline(code="STAKE_EXCEEDS_LIMIT", words="the stake is above what the bookmakers take")),
    (("minimum",), Decline(code="STAKE_BELOW_MINIMUM", words="the stake is below the minimum of the bookmakers")),
)
_OTHER = Decline(code="DECLINED_OTHER", words="the venue declined the order")


def fault(status: int) -> tuple[Proof, str]:
    """What a status in one of the venue's own shapes proves and says."""
    return STATUSES.get(status, (Proof.UNCERTAIN, "planrunner does not know what this answer means"))


def decline(reason: str) -> Decline:
    """What the text of a decline is about."""
    plain = " ".join(reason.casefold().split())
    return next((found for words, found in _DECLINES if all(word in plain for word in words)), _OTHER)
