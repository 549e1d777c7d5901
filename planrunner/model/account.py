"""Accounts and limits of the site file: what every plan on this machine must stay within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
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


class Happening(StrEnum):
    """What somebody may want to be told of."""

    STARTED = "started"
    FINISHED = "finished"  # as the plan says
    NOT_AS_PLANNED = "not_as_planned"
    REFUSED = "refused"  # nothing was placed
    UNKNOWN_EXPOSURE = "unknown_exposure"
    NOT_RUN = "not_run"  # an occurrence that did not run, and why
    SETTLED = "settled"
    ALERT = "alert"  # an `alert` of a plan


USUALLY_TOLD = frozenset({
    Happening.NOT_AS_PLANNED, Happening.REFUSED, Happening.UNKNOWN_EXPOSURE, Happening.NOT_RUN, Happening.ALERT,
})  # fmt: skip


class By(StrEnum):
    """The way a notice goes."""

    WEBHOOK = "webhook"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line of `notify`: who is told of what. `to` is an address of the web, or a mail's. `signed`: a webhook's body carries
    a signature made with a secret of the service."""

    by: By
    to: str
    on: frozenset[Happening] = USUALLY_TOLD
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mails are handed in, over TLS unless `tls` is off; `user` None: without a login. The password is a secret of the
    service."""

    server: str
    port: int
    sender: str
    user: str | None = None
    tls: bool = True


class Role(StrEnum):
    """What somebody may do over the web. Each may what those before may."""

    VIEWER = "viewer"  # read plans, runs, reports
    AUTHOR = "author"  # check and preview too
    OPERATOR = "operator"  # start and stop too


class Proof(StrEnum):
    """How a signal shows that it comes from who it says."""

    SIGNATURE = "signature"  # HMAC-SHA256 over time, nonce and body
    TOKEN = "token"  # noqa: S105 - the word itself: a shared word in the body, for senders that can't sign


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTerms:
    """A signal that may come in. `within`: how old it may be."""

    name: str
    proof: Proof = Proof.SIGNATURE
    within: timedelta = timedelta(seconds=60)
    at_most_per_minute: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTerms:
    """What `planrunner serve` lets others do. `credentials` says where its secrets are found, never what they are."""

    credentials: str = "env"
    users: Mapping[str, Role] = field(default_factory=dict)
    signals: Mapping[str, SignalTerms] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who may approve plans. `key` is the public half of theirs, `ed25519:` and 32 bytes in base64; `email` is what commits of
    theirs carry, so that who wrote a plan is known by name."""

    name: str
    key: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site file. Without one, every known venue is an account of its own name on the embedded sandbox.

    Above a loss of `two_people_above` two people have to approve, and an approval holds for `approval_valid_for` at most.
    `lines` says where its limits are written, by path (`accounts.betfair.limits.max_open_exposure`).
    """

    accounts: Mapping[AccountName, Account]
    limits: SiteLimits = SiteLimits()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    live_needs_approval: bool = True
    approvers: Mapping[str, Approver] = field(default_factory=dict)
    two_people_above: Money | None = None
    approval_valid_for: timedelta = timedelta(days=7)
    service: ServiceTerms = ServiceTerms()
    notify: tuple[Notice, ...] = ()
    mail: MailServer | None = None
    file: str = field(default="", compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    def place(self, path: str) -> str:
        """`planrunner.yaml:9`; empty for what is not written in a file."""
        return f"{self.file}:{self.lines[path]}" if path in self.lines else ""
