"""Runs at a pool and at a router to be audited, as in `runs`.

`python -m tests.audit.elsewhere` writes their golden pairs anew.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from planrunner.model.market import AccountName
from planrunner.model.odds import decimal_odds
from planrunner.model.plan import AfterPlacing, Cancel, FallbackStep, Move, Plan, Target
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import Scenario
from tests.audit.runs import Pair, ran, write
from tests.sandbox.abp import FIXTURE, HOME, book, books, shows
from tests.sandbox.client import offers, scenario

SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
  router:
    venue: oddspapi_abp
    currency: GBP
  tote:
    venue: tote
    currency: GBP
"""
TICKET = """\
planrunner: 1
plan: A ticket at Bath
limits:
  max_loss: 20.00 GBP
tickets:
  - name: bath
    venue: tote
    meeting: Bath
    date: 2026-12-05
    place_before_start: 10m
    total_cost: 13.40 GBP
    bets:
      - pool: exacta
        race: 2
        runners: [4, 6, 3]
        finish: any_order
        unit_stake: 1.00 GBP
      - pool: win
        race: 2
        runners: [4]
        unit_stake: 5.00 GBP
      - pool: placepot
        legs:
          - race: 1
            runners: [3, 7]
            reserves: [5]
          - race: 2
            runners: [1]
          - race: 3
            runners: [1]
          - race: 4
            runners: [2, 5]
          - race: 5
            runners: [1, 2, 3]
          - race: 6
            runners: [1]
        unit_stake: 0.20 GBP
"""
ROUTED = f"""\
planrunner: 1
plan: A router alone
limits:
  max_loss: 100.00 GBP
orders:
  - name: arsenal
    venue: router
    event_id: {FIXTURE}
    selection_id: {HOME}
    side: back
    odds: 2.00
    odds_hold_for: average
    stake: 100.00 GBP
    expires_after: 30s
"""
MOVED = """\
planrunner: 1
plan: What is left goes to the router
limits:
  max_loss: 100.00 GBP
orders:
  - name: arsenal
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Arsenal
    side: back
    odds: 3.00
    stake: 100.00 GBP
    expires_before_start: 1m
    fallback:
      - after: 30s
        cancel: remainder
"""


def bookmakers() -> Scenario:
    """25.00 can be backed at 3.00 at the exchange; at the router 40 GBP at one bookmaker and 50 EUR at another, in two bets."""
    betfair = offers("Arsenal", [("3.00", 2500)], [("3.05", 1420)])
    two = books(
        book("pinnacle", shows(("2.10", "40"))),
        book("sharpbet", shows(("2.05", "33.33")), shows(("2.04", "11.11"), at=10_000), currency="EUR"),
    )
    return replace(scenario(betfair), bookmakers=two)


def to_the_router(plan: Plan) -> Plan:
    """The remainder is not cancelled for good."""
    [order] = plan.orders
    [step] = order.fallback
    assert isinstance(step.action, Cancel)
    move = Move(
        account=AccountName("router"), target=Target(event_id=FIXTURE, selection_id=str(HOME)), odds=decimal_odds("2.00"),
        ending=AfterPlacing(delay=timedelta(seconds=30)), odds_hold_for_average=True,
    )  # fmt: skip
    moving: FallbackStep = replace(step, action=move)
    return replace(plan, orders=(replace(order, fallback=(moving,)),))


def of_text(
    text: str,
    folder: Path,
    *,
    faults: Sequence[Fault] = (),
    scenario: Scenario | None = None,
    change: Callable[[Plan], Plan] | None = None,
) -> Pair:
    (folder / "planrunner.yaml").write_text(SITE)
    (folder / "plan.yaml").write_text(text)
    return ran(folder / "plan.yaml", folder, case="usual", faults=faults, scenario=scenario, change=change)


def ticket(folder: Path, *faults: Fault) -> Pair:
    """An exacta, a bet to win and a placepot."""
    return of_text(TICKET, folder, faults=faults)


def ticket_with_troubles(folder: Path) -> Pair:
    """A runner of the exacta does not run and no reserve does, so some of its lines are refunded; the bet to win is refused."""
    non_runner = Fault(call="bet", trouble=Trouble.NON_RUNNER, seconds=60)
    return ticket(folder, non_runner, Fault(call="bet", number=2, trouble=Trouble.BET_REJECTED))


def routed(folder: Path, *faults: Fault) -> Pair:
    """Three fills in two moneys; what is left of it expires."""
    return of_text(ROUTED, folder, faults=faults, scenario=bookmakers())


def moved(folder: Path, *faults: Fault) -> Pair:
    """A quarter of it matches at the exchange, and the rest is moved to the router."""
    return of_text(MOVED, folder, faults=faults, scenario=bookmakers(), change=to_the_router)


ELSEWHERE: dict[str, Callable[[Path], Pair]] = {"ticket": ticket_with_troubles, "routed": routed, "moved": moved}


def main(names: Sequence[str]) -> None:
    for name in names or ELSEWHERE:
        with tempfile.TemporaryDirectory() as folder:
            write(name, ELSEWHERE[name](Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
