"""Limits as the auditor holds them: of the plan and its orders from the journal, of accounts and site as they are handed in.

Nothing is netted, and whatever can still match counts as if it had, at the odds asked for. A hedge adds nothing, which is looked
at by itself: with it no outcome may cost more than without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from planrunner.audit.findings import money, shown
from planrunner.audit.parts import Key, Totals
from planrunner.audit.pools import PoolTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLimits:
    """Over all accounts of one currency. None: no limit of this kind."""

    max_stake_per_order: Decimal | None = None
    max_open_exposure: Decimal | None = None
    max_exposure_per_market: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """`zone`: where the account's day begins and ends."""

    currency: str
    zone: str = "UTC"
    max_stake_per_order: Decimal | None = None
    max_open_exposure: Decimal | None = None
    max_exposure_per_market: Decimal | None = None
    max_loss_per_day: Decimal | None = None
    max_orders_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Those of accounts by their names, those of the site by currency."""

    accounts: Mapping[str, AccountLimits] = field(default_factory=dict)
    site: Mapping[str, SiteLimits] = field(default_factory=dict)


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """An order of the plan: what all placements of its chain may come to together, and of what takes its remainder over."""

    stake: Decimal
    liability_at_most: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """What the plan says of itself in the journal's first record. `windows`: for how many seconds an account's venue refuses a
    reference that it has seen. `takes_over`: by the path of what is left of an order, the path of that order."""

    currency: str
    max_loss: Decimal
    max_stake: Decimal | None = None
    max_exposure_per_market: Decimal | None = None
    max_orders: int | None = None
    orders: Mapping[str, OrderTerms] = field(default_factory=dict)
    pool_bets: Mapping[str, PoolTerms] = field(default_factory=dict)
    takes_over: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, float] = field(default_factory=dict)

    def root(self, path: str) -> str:
        """The order out of whose stake a path is placed."""
        for _ in self.takes_over:  # a damaged file may lead in a circle
            path = self.takes_over.get(path, path)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What a placement counts for. `root` is the path of the order out of whose stake it is placed: its own, but for what takes
    the remainder of another over."""

    run: str
    path: str
    root: str
    account: str
    market: str
    currency: str

    @property
    def keys(self) -> tuple[Key, ...]:
        return (
            ("order", self.run, self.path), ("stake", self.run, self.root), ("run", self.run), ("run", self.run, self.market),
            ("account", self.account), ("account", self.account, self.market),
            ("site", self.currency), ("site", self.currency, self.market),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One limit and the total that it is a limit of; `is_stake`: of stakes, else of what can be lost."""

    name: str
    key: Key
    most: Decimal
    currency: str
    is_stake: bool = False

    def broken(self, totals: Totals) -> str | None:
        """By how much, in words."""
        held = totals.of(self.key)
        figure = held.stake if self.is_stake else held.loss
        if figure <= self.most:
            return None
        what = "at stake" if self.is_stake else "to be lost at worst"
        return f"{money(figure, self.currency)} {what}, above {self.name} of {money(self.most, self.currency)}"


def plan_rules(of: Where, plan: PlanTerms) -> Iterator[Rule]:
    """What one run has to keep within."""
    own = (
        ("max_loss of the plan", ("run", of.run), plan.max_loss, False),
        ("max_stake of the plan", ("run", of.run), plan.max_stake, True),
        ("max_exposure_per_market of the plan", ("run", of.run, of.market), plan.max_exposure_per_market, False),
    )
    yield from _given(own, plan.currency)
    if (root := plan.orders.get(of.root)) is not None:
        name = "the stake of the order" if of.root == of.path else f"the stake of {shown(of.root)}"
        yield from _given(((name, ("stake", of.run, of.root), root.stake, True),), plan.currency)
    if (order := plan.orders.get(of.path)) is not None:
        chain = ("order", of.run, of.path)
        yield from _given((("liability_at_most", chain, order.liability_at_most, False),), plan.currency)


def account_rules(of: Where, limits: Limits) -> Iterator[Rule]:
    """What all runs have to keep within together."""
    if (own := limits.accounts.get(of.account)) is not None:
        account, here = ("account", of.account), ("account", of.account, of.market)
        yield from _given(
            (
                (f"max_open_exposure of {of.account}", account, own.max_open_exposure, False),
                (f"max_exposure_per_market of {of.account}", here, own.max_exposure_per_market, False),
            ),
            own.currency,
        )
    if (site := limits.site.get(of.currency)) is not None:
        yield from _given(
            (
                ("max_open_exposure of the site", ("site", of.currency), site.max_open_exposure, False),
                ("max_exposure_per_market of the site", ("site", of.currency, of.market), site.max_exposure_per_market, False),
            ),
            of.currency,
        )


def stake_limits(account: str, currency: str, limits: Limits) -> Iterator[tuple[str, Decimal]]:
    """What a single placement may be, by name."""
    own, site = limits.accounts.get(account), limits.site.get(currency)
    if own is not None and own.max_stake_per_order is not None:
        yield f"max_stake_per_order of {account}", own.max_stake_per_order
    if site is not None and site.max_stake_per_order is not None:
        yield "max_stake_per_order of the site", site.max_stake_per_order


def _given(rules: tuple[tuple[str, Key, Decimal | None, bool], ...], currency: str) -> Iterator[Rule]:
    for name, key, most, is_stake in rules:
        if most is not None:
            yield Rule(name=name, key=key, most=most, currency=currency, is_stake=is_stake)
