"""A plan to start from, with its schema beside it so that an editor completes and checks while one types."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from planrunner.app import schema as schemas
from planrunner.app.site import find_site
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import WrongUse
from planrunner.model.money import Money

_STARTER = """\
# yaml-language-server: $schema=.planrunner/plan.schema.json
# The line above lets an editor explain, complete and check every key while you type.
planrunner: 1
plan: Back Arsenal at 2.62 or higher, chase down to 2.48, give up a minute before kick-off

limits:
  max_loss: {stake}            # the most one run may lose; planrunner adds up its own figure and compares

orders:
  - name: arsenal                  # a name of your own; the report uses it
    venue: {account}
    event: Arsenal v Chelsea       # as the venue names it
    market: Match Odds
    selection: Arsenal
    side: back                     # or lay, which also needs liability_at_most
    odds: 2.62                     # a limit: a back takes these or higher, a lay these or lower
    stake: {stake}
    expires_before_start: 1m       # every order has an ending; what is unmatched then is cancelled
    fallback:                      # what to do until then: steps of one trigger and one action
      - every: 1m
        reprice: 1 tick
        no_worse_than: 2.48
      - if: suspended
        alert: The market is suspended
"""


def write_starter(path: Path) -> list[Path]:
    """Writes a plan and the schema for editors; returns what was written. Never touches a plan that is there.

    Raises WrongUse.
    """
    account, stake = _account_and_stake(path.parent)
    write_new(path, _STARTER.format(account=account, stake=stake))
    return [path, schemas.write("plan", path.parent)]


def write_new(path: Path, text: str) -> None:
    """Raises WrongUse, and never touches a file that is there."""
    refuse_place(path)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise WrongUse(f"{path} can't be written: {error.strerror or error}") from error


def refuse_place(path: Path) -> None:
    """Raises WrongUse where a new plan can't be put: before questions are asked, and again before it is written."""
    if path.suffix not in (".yaml", ".yml"):
        raise WrongUse(f"the name of a plan's file ends in .yaml, which editors go by: planrunner new {path}.yaml")
    if path.exists() or path.is_symlink():
        raise WrongUse(f"{path} is there already and is left as it is; name another file for the new plan")
    if not path.parent.is_dir():
        raise WrongUse(f"the folder {path.parent} is not there; make it first")


def site_of(folder: Path) -> Site:
    """Raises WrongUse where the site file has problems."""
    found = find_site(folder)
    if found.site is None:
        raise WrongUse("planrunner.yaml beside it has problems; see `planrunner check planrunner.yaml`")
    return found.site


def _account_and_stake(folder: Path) -> tuple[str, Money]:
    """The first account of the site, and a stake its venue takes."""
    account = next(iter(site_of(folder).accounts.values()))
    least = profiles()[account.venue].minimums[account.currency].stake
    return account.name, Money(amount=max(Decimal(10), least), currency=account.currency)
