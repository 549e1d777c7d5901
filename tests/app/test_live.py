"""Real money wants three things: an account that is for it, a policy that frees it from an approval, and credentials."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from planrunner.app.running import Asked, run
from planrunner.model.errors import Refused

PLAN = (Path(__file__).parents[2] / "plans" / "back-and-cancel.yaml").read_text(encoding="utf-8")
SITE = "planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n"


@pytest.mark.parametrize(
    ("site", "why"),
    [
        ("", "is not for live runs"),
        (SITE + "    mode: sandbox\n", "is not for live runs"),
        (SITE + "    mode: live\n", "needs an approval"),
        (SITE + "    mode: live\npolicy:\n  live_needs_approval: yes\n", "needs an approval"),
        (SITE + "    mode: live\npolicy:\n  live_needs_approval: no\n", "PLANRUNNER_BETFAIR_"),
    ],
)
def test_a_live_run_is_refused_until_everything_is_said(tmp_path: Path, site: str, why: str) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    if site:
        (tmp_path / "planrunner.yaml").write_text(site, encoding="utf-8")
    asked = Asked(
        plan=plan, case="usual", seed=1, scenario=None, market_data=None, before_start=timedelta(minutes=10),
        sandbox_url=None, live=True, resume=None, state=tmp_path / "state",
    )  # fmt: skip
    with pytest.raises(Refused, match=why):
        run(asked, lambda body, at: None)
