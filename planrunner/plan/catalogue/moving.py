"""PR349 to PR351 and PR425: a remainder that is moved to another account."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import Entry, Laid

_AT_THE_ROUTER = "  event_id: id1000009900000001\n  selection_id: 101\n  odds_hold_for: average\n"
_AT_THE_BOOKMAKER = "  event: Arsenal v Chelsea\n  market: Match Odds\n  selection: Arsenal\n"


def _moves(when: str, account: str = "abp", rest: str = _AT_THE_ROUTER) -> str:
    return f"- {when}\n  move_remainder_to: {account}\n{rest}"


def _of(stake: str) -> str:
    step = _moves("after: 1m", "bookmaker", _AT_THE_BOOKMAKER).rstrip("\n").replace("\n", "\n  ")
    return f"stake: {stake}\nexpires_after: 5m\nfallback:\n  {step}\n"


ENTRIES: dict[str, Entry] = {
    "PR349": Entry(
        why="`move_remainder_to` takes back what is unmatched and places it on another account. On its own account an order is "
        "moved with `reprice`.",
        wrong=_moves("after: 1m", "betfair", _AT_THE_BOOKMAKER),
        right=_moves("after: 1m", "bookmaker", _AT_THE_BOOKMAKER),
        laid=Laid.STEPS,
    ),
    "PR350": Entry(
        why="What is left of an order is moved once, and stays where it went until it ends. A second move would ask for the same "
        "remainder twice.",
        wrong=_moves("after: 1m") + _moves("after: 3m", "bookmaker", _AT_THE_BOOKMAKER),
        right=_moves("after: 1m"),
        laid=Laid.STEPS,
    ),
    "PR351": Entry(
        why="Without an ending of its own, what is moved ends when the order would have ended. After `if: expired` nothing of "
        "that time is left, so the step says how long it may take elsewhere.",
        wrong=_moves("if: expired"),
        right=_moves("if: expired") + "  expires_after: 10m\n",
        laid=Laid.STEPS,
    ),
    "PR425": Entry(
        why="A remainder is at most the whole stake. Where even that is below the minimum of the venue it is moved to, nothing "
        "could ever be placed there. A remainder that turns out too small when the plan is run is not placed, and you are told.",
        wrong=_of("1.00 GBP"),
        right=_of("2.00 GBP"),
    ),
}
