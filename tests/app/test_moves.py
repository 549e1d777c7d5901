"""`move_remainder_to` from a plan's text to both venues' own logs: exactly what is left, once, and never on a guess.

An order at the exchange goes to a router, and one at the router to the exchange; the auditor has the last word on each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planrunner.app.audit import limits_of
from planrunner.app.outcome import Exit
from planrunner.app.plans import load
from planrunner.model.errors import PlanProblems
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import MINUTE, Scenario, Start
from tests.audit.elsewhere import FIXTURE, HOME, SITE, bookmakers
from tests.audit.runs import Pair, ran
from tests.plans.rehearsing import document, rehearse

# 25.00 of 100.00 match here at once; what is left goes to two bookmakers, who don't take all of it.
TO_THE_ROUTER = f"""\
planrunner: 1
plan: What the exchange leaves goes to the router
limits:
  max_loss: 100.00 GBP
  max_orders: 2
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
        move_remainder_to: router
        event_id: {FIXTURE}
        selection_id: {HOME}
        odds: 2.00
        odds_hold_for: average
        expires_after: 2m
"""
# The bookmakers take a part in thirty seconds, and then the order's time is over; at the exchange 25.00 are there.
TO_THE_EXCHANGE = f"""\
planrunner: 1
plan: What the router leaves goes to the exchange
limits:
  max_loss: 100.00 GBP
  max_orders: 2
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
    fallback:
      - if: expired
        move_remainder_to: betfair
        event: Arsenal v Chelsea
        market: Match Odds
        selection: Arsenal
        expires_after: 2m
"""
PRACTICE = "id1000000033295157"  # the same match in the world of a plain rehearsal
PLANS = {"router": TO_THE_ROUTER, "exchange": TO_THE_EXCHANGE}


@dataclass
class Placed:
    """A bet as a venue's log has it. `left`: not filled, taken back or lapsed yet."""

    venue: str
    size: Decimal
    left: Decimal
    filled: Decimal = Decimal(0)
    odds: list[Decimal] = field(default_factory=list)


def world() -> Scenario:
    """A match that is over soon, so that a run is settled soon."""
    known = bookmakers()
    (fixture,) = known.fixtures
    return replace(known, fixtures=(replace(fixture, start=Start(after=8 * MINUTE), lasts=2 * MINUTE),))


def run_of(to: str, folder: Path, *faults: Fault) -> Pair:
    """A run whose audit finds nothing."""
    (folder / "planrunner.yaml").write_text(SITE)
    plan = folder / "plan.yaml"
    plan.write_text(PLANS[to])
    pair = ran(plan, folder, case="usual", faults=faults, scenario=world())
    found = pair.audited(limits_of(load(plan).site)).findings
    assert found == (), "\n".join(map(str, found))
    return pair


def bets_of(pair: Pair) -> list[Placed]:
    """In the order they were placed. Nothing is placed at one venue while something of the order still rests at the other."""
    bets: dict[tuple[str, str], Placed] = {}
    for fact in map(json.loads, pair.venue):
        venue = fact.get("venue", "betfair")
        if fact["kind"] == "bet":
            assert not any(one.left for one in bets.values()), fact
            assert sum(one.filled for one in bets.values()) + Decimal(fact["size"]) <= 100
            bets[venue, fact["bet"]] = Placed(venue=venue, size=Decimal(fact["size"]), left=Decimal(fact["size"]))
        elif fact["kind"] in ("fill", "cancel", "lapse"):
            bet = bets[venue, fact["bet"]]
            bet.left -= Decimal(fact["size"])
            assert bet.left >= 0
            if fact["kind"] == "fill":
                bet.filled += Decimal(fact["size"])
                bet.odds.append(Decimal(fact["odds"]))
    return list(bets.values())


def ended(pair: Pair) -> str:
    """How the run ended, by its journal."""
    return next(body["ended"] for body in bodies(pair, "FinishRun"))


def bodies(pair: Pair, kind: str) -> list[dict[str, Any]]:
    return [record["body"] for record in map(json.loads, pair.journal) if record.get("kind") == kind]


def test_what_the_exchange_leaves_goes_to_the_router_to_the_last_penny(tmp_path: Path) -> None:
    here, there = bets_of(run_of("router", tmp_path))
    assert (here.venue, here.filled, here.odds) == ("betfair", Decimal("25.00"), [Decimal("3.00")])
    assert (there.venue, there.size, there.left) == ("oddspapi_abp", Decimal("75.00"), 0)
    assert there.filled > 40
    assert min(there.odds) >= 2


def test_what_the_router_leaves_when_its_time_is_over_goes_to_the_exchange(tmp_path: Path) -> None:
    here, there = bets_of(run_of("exchange", tmp_path))
    assert (here.venue, there.venue) == ("oddspapi_abp", "betfair")
    assert there.size == 100 - here.filled
    assert (there.filled, there.odds) == (Decimal("25.00"), [Decimal("3.00")])


def test_a_bookmaker_whose_limit_shrinks_leaves_more_to_move(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (whole, _), (here, there) = (
        bets_of(run_of("exchange", folder, *faults))
        for folder, faults in (
            (tmp_path / "whole", ()),
            (tmp_path, (Fault(call="place-orders", trouble=Trouble.LIMITS_SHRINK),)),
        )
    )
    assert here.filled < whole.filled
    assert there.size == 100 - here.filled


LOST = (
    Trouble.REPLY_LOST_AFTER_LANDING, Trouble.REPLY_LOST_BEFORE_LANDING, Trouble.REPLY_DELAYED, Trouble.HTTP_503,
    Trouble.MALFORMED_BODY, Trouble.TIMEOUT_LANDS_LATER,
)  # fmt: skip


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("trouble", LOST)
def test_nothing_is_placed_there_until_the_cancel_here_is_certain(trouble: Trouble, times: int, tmp_path: Path) -> None:
    """Whether the answer to the cancel is lost with the cancel done or not: it is asked about, and moved when it is known."""
    here, there = bets_of(run_of("router", tmp_path, Fault(call="cancelOrders", trouble=trouble, times=times)))
    assert (here.filled, there.size) == (Decimal("25.00"), Decimal("75.00"))


@pytest.mark.parametrize("trouble", LOST)
def test_an_order_whose_placing_was_not_answered_is_found_before_anything_is_moved(trouble: Trouble, tmp_path: Path) -> None:
    here, there = bets_of(run_of("router", tmp_path, Fault(call="placeOrders", trouble=trouble)))
    assert (here.filled, there.size) == (Decimal("25.00"), Decimal("75.00"))


@pytest.mark.parametrize("trouble", LOST[:2])
def test_a_remainder_whose_placing_there_was_not_answered_is_there_once(trouble: Trouble, tmp_path: Path) -> None:
    _, there = bets_of(run_of("router", tmp_path, Fault(call="place-orders", trouble=trouble)))
    assert (there.size, there.left) == (Decimal("75.00"), 0)


def test_what_can_not_be_taken_back_before_the_start_lapses_and_is_never_moved(tmp_path: Path) -> None:
    pair = run_of("router", tmp_path, Fault(call="cancelOrders", trouble=Trouble.REPLY_LOST_BEFORE_LANDING, times=1000))
    (here,) = bets_of(pair)
    assert (here.filled, here.left, ended(pair)) == (Decimal("25.00"), 0, "not as planned")


def test_an_order_that_never_shows_up_is_never_moved(tmp_path: Path) -> None:
    pair = run_of("router", tmp_path, Fault(call="placeOrders", trouble=Trouble.TIMEOUT_NEVER_LANDS))
    assert (bets_of(pair), ended(pair)) == ([], "unresolved")


# In the practice world, as authors run it


def test_a_quiet_exchange_is_left_for_the_router_and_the_report_says_so(tmp_path: Path) -> None:
    told = rehearse(in_practice(tmp_path), tmp_path, case="nothing-matches")
    here, there = document(told)["orders"]
    assert told.ran.exit == Exit.DONE
    assert (here["move"]["account"], here["move"]["size"]) == ("router", "100.00 GBP")
    assert (there["name"], there["matched"]) == ("arsenal/moved", here["matched"])


@pytest.mark.parametrize(
    ("to", "old", "new", "told"),
    [
        ("router", f"event_id: {PRACTICE}", "event_id: id1000000033295158", "plan.yaml:19:19: error PR408: "),
        ("exchange", "  selection: Arsenal", "  selection: Arsenall", "plan.yaml:21:20: error PR408: "),
    ],
)
def test_what_the_other_venue_does_not_know_is_told_at_the_step(to: str, old: str, new: str, told: str, tmp_path: Path) -> None:
    plan = in_practice(tmp_path, to)
    text = plan.read_text(encoding="utf-8")
    assert text.count(old) == 1
    plan.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PlanProblems) as caught:
        rehearse(plan, tmp_path)
    assert told in str(caught.value)
    assert new in str(caught.value)


def in_practice(folder: Path, to: str = "router") -> Path:
    (folder / "planrunner.yaml").write_text(SITE, encoding="utf-8")
    plan = folder / "plan.yaml"
    plan.write_text(PLANS[to].replace(FIXTURE, PRACTICE), encoding="utf-8")
    return plan
