"""While a cancel is lost, what it should have taken back still counts: for the plan, for the account, and for the auditor."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from planrunner.app.audit import limits_of
from planrunner.app.plans import load
from planrunner.model.account import AccountLimits, Site
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.sandbox.faults import Fault, Trouble
from tests.audit.runs import ROOT, Pair, ran

ORDER = """\
  - name: {name}
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: {name}
    side: back
    odds: 9.0
    stake: 10.00 GBP
"""
PLAN = (
    "planrunner: 1\nplan: One goes, another comes\nlimits:\n  max_loss: 20.00 GBP\norders:\n"
    + ORDER.format(name="Arsenal")
    + "    expires_before_start: 10m\n"
    + ORDER.format(name="Chelsea")
    + "    place_before_start: 599s\n    expires_before_start: 1m\n"
)
LOST = Fault(call="cancelOrders", trouble=Trouble.HTTP_503, times=2)


def lost_cancels(pair: Pair) -> int:
    return sum('"trouble": "http 503"' in line for line in pair.venue)


def test_a_reprice_waits_for_a_cancel_that_does_not_arrive(tmp_path: Path) -> None:
    pair = ran(ROOT / "plans" / "chase.yaml", tmp_path, case="half-matches", faults=[LOST])
    assert lost_cancels(pair) == 2
    assert pair.audited().findings == (), "\n".join(map(str, pair.audited().findings))


def test_room_that_a_lost_cancel_should_have_freed_is_given_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    betfair = load(tmp_path / "plan.yaml").site.accounts[AccountName("betfair")]
    ten = Money(amount=Decimal(10), currency="GBP")
    site = Site(accounts={betfair.name: replace(betfair, limits=AccountLimits(max_open_exposure=ten))})
    for faults, bets in ((), 2), ([LOST], 1):
        folder = tmp_path / str(bets)
        folder.mkdir()
        pair = ran(tmp_path / "plan.yaml", folder, case="nothing-matches", faults=faults, site=site)
        audited = pair.audited(limits_of(site))
        assert audited.findings == (), "\n".join(map(str, audited.findings))
        assert (lost_cancels(pair), audited.bets) == (len(faults) * 2, bets)
