"""A preview: what a plan will do, for a reviewer to read and for an approval to bind. One value, which goes into a file and comes
back as it was.

What an approval signs is `bound`: what the plan means, the values it was read with, the ids its names were found to have, the
language, and what of the site file holds for it. Spelling, comments, the file's name and the sentences are not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from planrunner.model.account import Account, AccountMode, ServiceTerms, Site
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.plan import Plan
from planrunner.plan.cascade import Share
from planrunner.plan.digest import meaning
from planrunner.plan.moments import Axis
from planrunner.review import document
from planrunner.review.explained import Explained

VERSION = 1
_VERSION_KEY = "planrunner_preview"
# Of the site, what says nothing of what a plan may do: who is told and served, and how a place is written. Who may approve is
# looked up whenever an approval is used; somebody who joins voids nothing.
_BESIDE = {"calendars": {}, "approvers": {}, "service": ServiceTerms(), "notify": (), "mail": None, "file": "", "lines": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the names of an order lead to: the venue's ids, and beside them what the venue calls them. `start` in local words."""

    order: str
    market: str
    selection: str
    market_name: str = ""
    selection_name: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """An account of the plan, and the most it may be used for."""

    account: str
    venue: str
    currency: str
    mode: AccountMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A moment of an order: `what` (`is placed`, `ends`) and `when` in the plan's words. `local` is the day and time of the
    plan's zone, where they are known; `may_move`: they go by a start that market data told, which a venue may change."""

    order: str
    what: str
    when: str
    local: str = ""
    may_move: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment of an order on a line of time: so many seconds `at` from the placing, from the start, or on the clock. `point` is
    the number of what is told of it, from 1; 0 is the placing itself. `every` so many seconds it comes again, `times` in all (0:
    nobody knows). `ends`: then the order ends."""

    point: int
    axis: Axis
    at: int
    every: int = 0
    times: int = 1
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """An order's line of time; what depends on the market is not on it."""

    order: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedOrder:
    """What a rehearsal made of an order: `odds` are the average of what matched, empty where nothing did."""

    order: str
    stake: Money
    matched: Money
    odds: str
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """The plan rehearsed: what the case does, the run in one line, and the most that could have been lost at its worst moment.
    `result` is empty where nothing was settled. `trouble`: why there was no rehearsal, and then there is nothing else."""

    case: str
    explains: str
    headline: str = ""
    orders: tuple[RehearsedOrder, ...] = ()
    at_worst: Money | None = None
    result: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`file` is as it was named, `digest` of the plan's meaning, `inputs` the values that it was read with.

    `occurrences` are the next moments it runs by itself, from one that the caller gave. `resolved` is what market data told of
    its names; `unresolved` names what only a venue can tell, `unknown` what can be known only while it runs. `language` is the
    version that the digest was made by, and `policy` the digest of what of the site holds for the plan.

    What follows is for readers, and bound by nothing: `zone` is that of the plan's times, `schedule` says when it runs by itself,
    `due` are its occurrences in UTC, and `in_total` is what all its runs may lose together; these are empty of a plan that is run
    by hand.
    """

    file: str
    told: Explained
    digest: str
    inputs: Mapping[str, str]
    occurrences: tuple[str, ...]
    resolved: tuple[Resolved, ...]
    unresolved: tuple[str, ...]
    unknown: tuple[str, ...]
    language: int
    policy: str
    zone: str = "UTC"
    uses: tuple[Used, ...] = ()
    schedule: str = ""
    due: tuple[datetime, ...] = ()
    in_total: Money | None = None
    deadlines: tuple[Deadline, ...] = ()
    lanes: tuple[Lane, ...] = ()
    market_data: str = ""
    rehearsed: tuple[Rehearsed, ...] = ()


def bound(preview: Preview) -> str:
    """What an approval signs: 64 hexadecimal digits."""
    ids = sorted([one.order, one.market, one.selection] for one in preview.resolved)
    means = {
        "digest": preview.digest,
        "inputs": dict(preview.inputs),
        "resolved": ids,
        "language": preview.language,
        "policy": preview.policy,
    }
    return _sha256(json.dumps(means, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def policy_of(site: Site, plan: Plan) -> str:
    """The digest of what of the site holds for this plan: the accounts it uses, without where their credentials are; the limits
    of the site; and its policy. What other accounts are, and who is told of runs, may change without a new approval."""
    used, rest = holding(site, plan)
    return _sha256(meaning((*used.values(), rest)))


def holding(site: Site, plan: Plan) -> tuple[dict[AccountName, Account], Site]:
    """What of the site holds for this plan: its accounts by name, and the rest."""
    used = {name: replace(site.accounts[name], credentials="") for name in sorted(plan.accounts)}
    return used, replace(site, accounts={}, **_BESIDE)  # type: ignore[arg-type]


def to_json(preview: Preview) -> dict[str, Any]:
    """By `schemas/preview.schema.json`. Orders and accounts that limits speak of stand in it once, and go by their number."""
    shares: list[Share] = []
    written = {one.name: document.write(getattr(preview, one.name), {Share: shares}) for one in fields(preview)}
    accounts: list[Account] = []
    tables = {"shares": [document.write(one, {Account: accounts}) for one in shares]}
    return {
        _VERSION_KEY: VERSION,
        **written,
        **tables,
        "accounts": [document.write(one) for one in accounts],
        "binds": bound(preview),
    }


def from_json(found: Any) -> Preview:
    """What `to_json` wrote. Raises ValueError for anything else, and for one whose `binds` is not its own."""
    if not isinstance(found, dict) or found.get(_VERSION_KEY) != VERSION:
        raise ValueError(f"this is no preview of version {VERSION}")
    rest = {name: value for name, value in found.items() if name not in (_VERSION_KEY, "shares", "accounts", "binds")}
    accounts = document.read(tuple[Account, ...], found.get("accounts"))
    shares = document.read(tuple[Share, ...], found.get("shares"), {Account: accounts})
    preview: Preview = document.read(Preview, rest, {Share: shares})
    if found.get("binds") != bound(preview):
        raise ValueError("`binds` is not what follows from the rest; it was changed by hand")
    return preview


def all_from_json(found: Any) -> tuple[Preview, ...]:
    """Of a document with one preview, or a list of several. Raises ValueError."""
    return tuple(from_json(one) for one in (found if isinstance(found, list) else [found]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()
