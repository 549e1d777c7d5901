"""What must be so before real money moves: the accounts are for it, and where the policy says so, somebody approved the plan."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.app.stage import Accounts
from planrunner.model.account import AccountMode
from planrunner.model.errors import Refused
from planrunner.model.market import RunId
from planrunner.plan.given import Given

if TYPE_CHECKING:
    from planrunner.app.plans import Loaded
    from planrunner.review.approvals import Held


def refuse_unless_live(accounts: Accounts) -> None:
    """Every account says so. Raises Refused."""
    for account in accounts.values():
        if account.mode is not AccountMode.LIVE:
            raise Refused(f"account {account.name} is not for live runs; its `mode` in the site file is `{account.mode.value}`")


def approved(loaded: Loaded, plan: Path, given: Given, journal: Path, *, now: datetime, run: RunId | None = None) -> Held | None:
    """What lets this run begin, None where the policy wants nothing. `run` was made before, and needs no approval anew. Raises
    Refused with every reason."""
    if not loaded.site.live_needs_approval:
        return None
    from planrunner.app.approvals import required, used_by
    from planrunner.runtime.journal import Journal

    if not journal.is_file():
        return required(loaded, plan, given, None, now=now)
    with Journal.open(journal, durable=True) as opened:
        if run is not None:
            return used_by(run, loaded, plan, given, opened, now=now)
        return required(loaded, plan, given, opened, now=now)
