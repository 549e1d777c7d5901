"""Accounts and limits of the site file: what every plan on this machine must stay within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from planrunner.model.calendar import Calendar
from planrunner.model.market import AccountName
from planrunner.model.money import Money


class AccountMode(StrEnum):
    """The most an account may be used for; `SANDBOX` never touches a venue."""

    SANDBOX = "sandbox"
    PAPER = "paper"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """For all plans together, on one account. None: no limit of this kind.

    `max_loss_per_day` counts what bets settled that day lost, and everything still at risk that was taken that day.
    `max_orders_per_minute` counts every placement, reprices and hedges too.
    """

    max_stake_per_order: Money | None = None
    max_open_exposure: Money | None = None
    max_exposure_per_market: Money | None = None
    max_loss_per_day: Money | None = None
    max_orders_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLimits:
    """For all plans together, over all accounts of the currency that the limit is written in."""

    max_stake_per_order: Money | None = None
    max_open_exposure: Money | None = None
    max_exposure_per_market: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`credentials` says where they are found (`env`, `keyring`, `file`), never what they are. `time_zone` is where the
    account's day begins and ends. `allow_lay`: at a router, whose lays nobody describes, orders may lay all the same."""

    name: AccountName
    venue: str
    currency: str
    mode: AccountMode = AccountMode.SANDBOX
    credentials: str = "env"
    time_zone: str = "UTC"
    limits: AccountLimits = AccountLimits()
    allow_lay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site file. Without one, every known venue is an account of its own name on the embedded sandbox.

    `lines` says where its limits are written, by path (`accounts.betfair.limits.max_open_exposure`).
    """

    accounts: Mapping[AccountName, Account]
    limits: SiteLimits = SiteLimits()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    live_needs_approval: bool = True
    file: str = field(default="", compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    def place(self, path: str) -> str:
        """`planrunner.yaml:9`; empty for what is not written in a file."""
        return f"{self.file}:{self.lines[path]}" if path in self.lines else ""
