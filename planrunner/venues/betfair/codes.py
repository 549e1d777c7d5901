"""Betfair's codes: what each proves, and what it means to a bettor.

A code that is not in these tables proves nothing. Nobody guesses what a venue may have meant.
"""

from __future__ import annotations

from enum import StrEnum


class Proof(StrEnum):
    """What a code says about the bets asked for."""

    NOTHING_DONE = "nothing done"
    NOT_YET = "not yet"  # nothing done, and the same request may well work a little later
    UNCERTAIN = "uncertain"  # a bet may exist, or appear yet
    SEE_LEGS = "see legs"  # the answer to each bet says


_NO, _LATER, _UNSURE, _LEGS = Proof.NOTHING_DONE, Proof.NOT_YET, Proof.UNCERTAIN, Proof.SEE_LEGS
LOGIN_REFUSED = "LOGIN_REFUSED"  # ours, not the venue's: the session had ended, and a new one was refused

# The envelope: the operation did not run, but for the two that stem from below.
FAULTS: dict[str, tuple[Proof, str]] = {
    "TOO_MUCH_DATA": (_NO, "the request asked for too much at once"),
    "INVALID_INPUT_DATA": (_NO, "the venue does not accept a value of the request"),
    "INVALID_SESSION_INFORMATION": (_LATER, "the login has expired"),
    LOGIN_REFUSED: (_NO, "the login has expired, and the venue refuses a new one"),
    "NO_APP_KEY": (_NO, "the application key is missing"),
    "NO_SESSION": (_LATER, "the login is missing"),
    "UNEXPECTED_ERROR": (_UNSURE, "the venue had an error of its own"),
    "INVALID_APP_KEY": (_NO, "the application key is not known or not active"),
    "TOO_MANY_REQUESTS": (_LATER, "too many requests at once; the venue asks to wait"),
    "SERVICE_BUSY": (_LATER, "the venue is overloaded"),
    "TIMEOUT_ERROR": (_UNSURE, "the venue did not get an answer from its own matching in time"),
    "REQUEST_SIZE_EXCEEDS_LIMIT": (_NO, "the request names too many bets and markets"),
    "ACCESS_DENIED": (_NO, "the application key may not do this, or not from this place"),
    "-32700": (_NO, "the venue could not read the request"),
    "-32600": (_NO, "the venue found no request"),
    "-32601": (_NO, "the venue does not know the operation"),
    "-32602": (_NO, "the venue does not accept a parameter of the request"),
    "-32603": (_UNSURE, "the venue had an internal error"),
}
SESSION_ENDED = frozenset({"INVALID_SESSION_INFORMATION", "NO_SESSION"})
ASKS_TO_WAIT = frozenset({"TOO_MANY_REQUESTS", "SERVICE_BUSY"})
# What a person must change; asking again is of no use.
PERMANENT = frozenset({LOGIN_REFUSED, "NO_APP_KEY", "INVALID_APP_KEY", "ACCESS_DENIED", "INVALID_INPUT_DATA", "-32601", "-32602"})

# An execution report as a whole, with status FAILURE.
REPORTS: dict[str, tuple[Proof, str]] = {
    "ERROR_IN_MATCHER": (_UNSURE, "the venue's matching is in trouble"),
    "PROCESSED_WITH_ERRORS": (_LEGS, "some bets of the request failed"),
    "BET_ACTION_ERROR": (_LEGS, "a bet of the request was refused, and then all of them are"),
    "INVALID_ACCOUNT_STATE": (_NO, "the account may not bet just now; look at it at the venue"),
    "INVALID_WALLET_STATUS": (_NO, "the wallet may not be bet from just now; look at it at the venue"),
    "INSUFFICIENT_FUNDS": (_NO, "there is not enough money in the account, or its exposure limit is reached"),
    "LOSS_LIMIT_EXCEEDED": (_NO, "the loss limit you set at the venue is reached"),
    "MARKET_SUSPENDED": (_NO, "the market is suspended"),
    "MARKET_NOT_OPEN_FOR_BETTING": (_NO, "the market is not open"),
    # Not a refusal of the first request with this reference: that one arrived.
    "DUPLICATE_TRANSACTION": (_UNSURE, "the venue has had this request before"),
    "INVALID_ORDER": (_NO, "the venue does not take this mix of orders in one request"),
    "INVALID_MARKET_ID": (_NO, "the venue does not know the market"),
    "PERMISSION_DENIED": (_NO, "the application key (a delayed one?) or the place does not allow betting"),
    "DUPLICATE_BETIDS": (_NO, "the same bet is named twice"),
    "NO_ACTION_REQUIRED": (_NO, "nothing was left to do"),
    "SERVICE_UNAVAILABLE": (_NO, "the venue's betting service is down"),
    "REJECTED_BY_REGULATOR": (_NO, "the regulator's system refused it"),
    "REGULATOR_IS_NOT_AVAILABLE": (_NO, "the regulator's system does not answer"),
    "NO_CHASING": (_NO, "the rule against chasing losses forbids it"),
    "TOO_MANY_INSTRUCTIONS": (_NO, "too many bets in one request"),
    "INVALID_MARKET_VERSION": (_NO, "the market's version is not a number the venue takes"),
    "INVALID_PROFIT_RATIO": (_NO, "at these odds the stake is so small that rounding would change the payout too much"),
    "NO_CHANGE": (_NO, "nothing would change"),
    "EVENT_EXPOSURE_LIMIT_EXCEEDED": (_NO, "the limit you set at the venue for the event is reached"),
    "EVENT_MATCHED_EXPOSURE_LIMIT_EXCEEDED": (_NO, "the limit you set at the venue for the event is reached"),
    "EVENT_BLOCKED": (_NO, "you blocked the event at the venue"),
}

# One bet of a request, with status FAILURE. `SEE_LEGS` here: it shares the fate of the request.
LEGS: dict[str, tuple[Proof, str]] = {
    "INVALID_BET_SIZE": (_NO, "the stake is below the venue's minimum or has too many decimals"),
    "INVALID_RUNNER": (_NO, "the market has no such selection"),
    "BET_TAKEN_OR_LAPSED": (_NO, "the bet is matched, cancelled or lapsed already"),
    "BET_IN_PROGRESS": (_UNSURE, "the venue's matching did not say in time what became of it"),
    "RUNNER_REMOVED": (_NO, "the selection does not take part"),
    "MARKET_NOT_OPEN_FOR_BETTING": (_NO, "the market is not open"),
    "LOSS_LIMIT_EXCEEDED": (_NO, "the loss limit you set at the venue is reached"),
    "INSUFFICIENT_FUNDS": (_NO, "there is not enough money in the account, or its exposure limit is reached"),
    "MARKET_NOT_OPEN_FOR_BSP_BETTING": (_NO, "the starting price is taken already"),
    "INVALID_PRICE_EDIT": (_NO, "the odds of this bet can't be moved that way"),
    "INVALID_ODDS": (_NO, "the venue does not take these odds; they are not on the market's ladder"),
    "INVALID_PERSISTENCE_TYPE": (_NO, "bets of this market can't be kept after the start"),
    "ERROR_IN_MATCHER": (_UNSURE, "the venue's matching is in trouble"),
    "INVALID_BACK_LAY_COMBINATION": (_NO, "the request backs and lays a selection at odds that would meet"),
    "ERROR_IN_ORDER": (_LEGS, "the request as a whole was refused"),
    "INVALID_BID_TYPE": (_NO, "neither back nor lay"),
    "INVALID_BET_ID": (_NO, "the venue knows no such bet"),
    "RELATED_ACTION_FAILED": (_LEGS, "another bet of the same request was refused"),
    "NO_ACTION_REQUIRED": (_NO, "nothing was left to do"),
    "TIME_IN_FORCE_CONFLICT": (_NO, "the request says twice how long the bet is good for"),
    "UNEXPECTED_PERSISTENCE_TYPE": (_NO, "a fill-or-kill bet can't be kept after the start"),
    "INVALID_ORDER_TYPE": (_NO, "the venue does not take this type of order here"),
    "UNEXPECTED_MIN_FILL_SIZE": (_NO, "a smallest fill goes with fill-or-kill bets only"),
    "INVALID_MIN_FILL_SIZE": (_NO, "the smallest fill is below the venue's minimum or above the stake"),
    "INVALID_CUSTOMER_ORDER_REF": (_NO, "the venue does not take our reference"),
    "INVALID_CUSTOMER_STRATEGY_REF": (_NO, "the venue does not take our reference"),
    "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE": (_NO, "it would have matched at much better odds, which the account refuses"),
    "INVALID_PROFIT_RATIO": (_NO, "at these odds the stake is so small that rounding would change the payout too much"),
    # A replace did half its work; planrunner never sends one.
    "CANCELLED_NOT_PLACED": (_UNSURE, "the old bet was cancelled and no new one placed"),
}

# Answers to a login. Never tried again by itself: the venue locks accounts.
LOGINS: dict[str, str] = {
    "INVALID_USERNAME_OR_PASSWORD": "the user name or the password is wrong",
    "INPUT_VALIDATION_ERROR": "the user name or the password is not in a form the venue accepts",
    "EMAIL_LOGIN_NOT_ALLOWED": "log in with the user name, not the e-mail address",
    "STRONG_AUTH_CODE_REQUIRED": "the account asks for a second code at each login",
    "CHANGE_PASSWORD_REQUIRED": "the venue wants a new password first",
    "ACCOUNT_PENDING_PASSWORD_CHANGE": "the venue wants a new password first",
    "ACCOUNT_NOW_LOCKED": "the account is locked",
    "ACCOUNT_ALREADY_LOCKED": "the account is locked",
    "SUSPENDED": "the account is suspended",
    "CLOSED": "the account is closed",
    "SELF_EXCLUDED": "you excluded yourself from betting",
    "KYC_SUSPEND": "the venue wants proof of identity first",
    "ACTIONS_REQUIRED": "log in on the venue's site first; it wants something confirmed",
    "BETTING_RESTRICTED_LOCATION": "betting is not allowed from this place",
    "SECURITY_RESTRICTED_LOCATION": "betting is not allowed from this place",
    "TEMPORARY_BAN_TOO_MANY_REQUESTS": "too many logins; the venue takes none for 20 minutes",
}
LOGIN_MAY_BE_TRIED_AGAIN = frozenset(
    {"INTERNAL_ERROR", "INVALID_CONNECTIVITY_TO_REGULATOR_DK", "INVALID_CONNECTIVITY_TO_REGULATOR_IT"}
)


def fault(code: str) -> tuple[Proof, str]:
    """What an envelope's code proves and says."""
    return FAULTS.get(code, (Proof.UNCERTAIN, "planrunner does not know what this answer means"))
