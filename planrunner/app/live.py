"""What must be so before real money moves."""

from __future__ import annotations

from planrunner.app.stage import Accounts
from planrunner.model.account import AccountMode, Site
from planrunner.model.errors import Refused


def refuse_unless_live(site: Site, accounts: Accounts) -> None:
    """Every account says so, and the site's policy frees the run from an approval. Raises Refused."""
    for account in accounts.values():
        if account.mode is not AccountMode.LIVE:
            raise Refused(f"account {account.name} is not for live runs; its `mode` in the site file is `{account.mode.value}`")
    if site.live_needs_approval:
        raise Refused(
            "a live run needs an approval, and approving is not supported by this version; "
            "`live_needs_approval: no` under `policy:` in the site file frees live runs from it"
        )
