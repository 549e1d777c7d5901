"""What a run that has begun needs to go on, from its journal: it was checked then, and no file has to allow it a second time.

The site file as it is now says where credentials are, and which limits are tighter by now: they hold for what is newly placed.
Nothing in it keeps anybody from looking after what the run has at a venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from planrunner.app.standing import Standing, site_of
from planrunner.model.account import Account, AccountLimits, AccountMode, Site, SiteLimits
from planrunner.model.errors import WrongUse
from planrunner.model.journal import Mode
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.program import Program

Limits = TypeVar("Limits", AccountLimits, SiteLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """`accounts` are the run's, `site` what its placements are held against; `notes` tell what is not as it was, in sentences."""

    accounts: Mapping[AccountName, Account]
    site: Site
    notes: tuple[str, ...]


def as_begun(state: Path, standing: Standing) -> Begun:
    """Of a run that has begun."""
    program, mode = standing.program, standing.info.mode
    assert program is not None
    notes: list[str] = []
    try:
        present = site_of(state, standing.info)
    except WrongUse as error:
        kept = "the run goes on within the limits that it began with" if program.accounts else "so nothing new is placed"
        notes.append(f"{error}; {kept}")
        present = None
    accounts = {}
    for name in sorted(program.terms):
        accounts[name], note = _account(program, name, present, mode)
        notes += [note] if note else []
    limits = _tighter(program.site_limits, present.limits if present else SiteLimits(), program.currency)
    others = present.accounts if present else {}
    return Begun(accounts=accounts, site=Site(accounts={**others, **accounts}, limits=limits), notes=tuple(notes))


def _account(program: Program, name: AccountName, present: Site | None, mode: Mode) -> tuple[Account, str | None]:
    """The account as the run knew it, within the tighter of the limits then and now; and why nothing new is placed on it."""
    begun = program.accounts.get(name) or _before_it_was_kept(program, name, mode)
    if present is None:
        return (begun if program.accounts else closed(begun)), None
    if not present.file and program.accounts:
        return begun, None  # no site file: that of its beginning still holds
    now = present.accounts.get(name)
    if now is None or (now.venue, now.currency) != (begun.venue, begun.currency):
        return closed(begun), _no_more(name, "is not in the site file any more")
    if mode is Mode.LIVE and now.mode is not AccountMode.LIVE:
        return closed(now), _no_more(name, f"is not for live runs any more; its `mode` in the site file is `{now.mode.value}`")
    return replace(now, limits=_tighter(begun.limits, now.limits, begun.currency)), None


def _before_it_was_kept(program: Program, name: AccountName, mode: Mode) -> Account:
    """Journals of the first versions name venue and currency only."""
    used_for = AccountMode.LIVE if mode is Mode.LIVE else AccountMode.SANDBOX
    return Account(name=name, venue=program.terms[name].venue, currency=program.currency, mode=used_for)


def closed(account: Account) -> Account:
    """Nothing more may be lost on it. Hedges may still leave: they add nothing to what can be lost."""
    nothing = Money(amount=Decimal(0), currency=account.currency)
    return replace(account, limits=replace(account.limits, max_open_exposure=nothing))


def _no_more(name: AccountName, why: str) -> str:
    return f"account {name} {why}; nothing new is placed on it, and what the run has there is looked after"


def _tighter(then: Limits, now: Limits, currency: str) -> Limits:
    """Field by field, so that no kind of limit that joins is forgotten here."""
    found: dict[str, Any] = {
        each.name: _less(getattr(then, each.name), getattr(now, each.name), currency) for each in fields(then)
    }
    return type(then)(**found)


def _less(then: Money | int | None, now: Money | int | None, currency: str) -> Money | int | None:
    """One that is written in another currency is none for this run."""
    given = [one for one in (then, now) if one is not None and not (isinstance(one, Money) and one.currency != currency)]
    return min(given, key=lambda one: one.amount if isinstance(one, Money) else one, default=None)
