"""What the probes are told with: a venue whose books never fill but for one contest, plans and site files as users write them."""

from __future__ import annotations

from collections.abc import Iterable

RUNNERS = 20
TAKEN = "Grey v Green"  # whatever is backed here finds a taker at once

HEAD = """\
planrunner: 1
plan: {name}
limits:
  max_loss: 100.00 GBP
orders:
"""
ORDER = """\
  - name: order{n}
    venue: betfair
    event: {event}
    market: {market}
    selection: {selection}
    side: back
    odds: 9.0
    stake: 2.00 GBP
    expires_after: {expires}
"""
CONTEST = """\
  - event: {event}
    sport: Football
    start: in 3h
    markets:
      - market: {market}
        selections:
{selections}
        result: {result}
"""


def one_market(numbers: Iterable[int]) -> list[tuple[str, str, str]]:
    """Orders on runners of one market: they leave in one call."""
    return [("The Cup", "Winner", f"Runner {n}") for n in numbers]


def markets(numbers: Iterable[int]) -> list[tuple[str, str, str]]:
    """Each in a market of its own: they leave in a call each."""
    return [(f"Home{n} v Away{n}", "Match Odds", f"Home{n}") for n in numbers]


def taken(count: int) -> list[tuple[str, str, str]]:
    return [(TAKEN, "Match Odds", "Grey")] * count


def plan(name: str, on: Iterable[tuple[str, str, str]], *, expires: str = "20s") -> str:
    """Orders of 2.00 each."""
    orders = (
        ORDER.format(n=n, event=event, market=market, selection=selection, expires=expires)
        for n, (event, market, selection) in enumerate(on)
    )
    return HEAD.format(name=name) + "".join(orders)


def site(limit: str, *, zone: str = "UTC") -> str:
    """With one limit on the account: `max_open_exposure: 10.00 GBP`."""
    return (
        "planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n"
        f"    time_zone: {zone}\n    limits:\n      {limit}\n"
    )


def scenario() -> str:
    cup = _contest("The Cup", "Winner", [f"Runner {n}" for n in range(RUNNERS)])
    pairs = [_contest(f"Home{n} v Away{n}", "Match Odds", [f"Home{n}", f"Away{n}"]) for n in range(RUNNERS)]
    there = _contest(TAKEN, "Match Odds", ["Grey", "Green"])
    reaction = "reactions:\n  - when: rests\n    selection: Grey\n    fill: 100%\n"
    return "scenario: Nobody takes anything but Grey\nfixtures:\n" + cup + "".join(pairs) + there + reaction


def _contest(event: str, market: str, selections: list[str]) -> str:
    listed = "\n".join(f"          - selection: {name}" for name in selections)
    return CONTEST.format(event=event, market=market, selections=listed, result=selections[0])
