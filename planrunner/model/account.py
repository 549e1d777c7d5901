"""Accounts and limits of the site file: what every plan on this machine must stay within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planrunner.model.market import AccountName
from planrunner.model.money import Money


class AccountMode(StrEnum):
    """The most an account may be used for; `SANDBOX` never touches a venue."""

    SANDBOX = "sandbox"
    PAPER = "paper"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """None: no limit of this kind."""

    max_stake_per_order: Money | None = None
    max_open_exposure: Money | None = None
    max_exposure_per_market: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`credentials` says where they are found (`env`, `keyring`, `file`), never what they are."""

    name: AccountName
    venue: str
    currency: str
    mode: AccountMode = AccountMode.SANDBOX
    credentials: str = "env"
    limits: AccountLimits = AccountLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site file. Without one, every known venue is an account of its own name on the embedded sandbox."""

    accounts: Mapping[AccountName, Account]
    live_needs_approval: bool = True
