"""A repository of plans, as somebody has one to be reviewed."""

from __future__ import annotations

from pathlib import Path

from tests.app.repository import Repo

PLAN = """\
planrunner: 1
plan: Back Arsenal

limits:
  max_loss: 30.00 GBP

orders:
  - name: arsenal
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Arsenal
    side: back
    odds: 3.10
    stake: 10.00 GBP
    expires_before_start: 1m
"""
BLUEPRINT = PLAN.replace("plan: Back Arsenal", "blueprint: Back somebody").replace("stake: 10.00 GBP", "stake: ${stake}").replace(
    "limits:", "inputs:\n  stake:\n    type: money\n    ask: How much?\n\nlimits:"
)  # fmt: skip
USES = """\
planrunner: 1
plan: Back Arsenal by the blueprint
use_blueprint: blueprints/back.yaml
with:
  stake: 10.00 GBP
"""
TABLED = PLAN.replace("orders:", "for_each: tables/picks.csv  # beside\n\norders:").replace(
    "max_loss: 30.00 GBP", "max_loss: 30.00 GBP\n  max_orders: 3"
).replace("stake: 10.00 GBP", "stake: ${row.stake}")  # fmt: skip
TABLE = "stake\n5.00 GBP\n6.00 GBP\n"
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    limits:
      max_stake_per_order: 20.00 GBP
"""
FILES = {
    "plans/one.yaml": PLAN,
    "plans/two.yaml": PLAN.replace("Back Arsenal", "Back them again"),
    "plans/uses.yaml": USES,
    "plans/tabled.yaml": TABLED,
    "plans/blueprints/back.yaml": BLUEPRINT,
    "plans/tables/picks.csv": TABLE,
    "plans/planrunner.yaml": SITE,
    "compose.yaml": "services:\n  planrunner: {}\n",
    ".gitlab-ci.yml": "planrunner:\n  script: planrunner check\n",
}


class Plans:
    """A repository whose files are text."""

    def __init__(self, root: Path) -> None:
        self._repo = Repo(root)
        self.root = root

    def git(self, *words: str) -> str:
        return self._repo.git(*words).strip()

    def write(self, name: str, text: str) -> None:
        self._repo.write({name: text.encode()})

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def commit(self) -> str:
        """The id."""
        self._repo.commit({})
        return self.git("rev-parse", "HEAD")


def plans_of(root: Path) -> Plans:
    """All of FILES, committed on main."""
    made = Plans(root)
    for name, text in FILES.items():
        made.write(name, text)
    made.commit()
    return made
