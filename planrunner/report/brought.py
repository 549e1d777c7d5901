"""Profit and loss over many runs: what each brought on each of its accounts, summed by plan, account, venue, day or run.

Currencies are never added up. Every sum over any grouping is the sum over all runs; there is one place where that is made true:
a market's commission is charged to the account, however many runs had bets there, so it counts once, with the run that won most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from planrunner.model.placement import ZERO


class By(StrEnum):
    """What is summed."""

    PLAN = "plan"
    ACCOUNT = "account"
    VENUE = "venue"
    DAY = "day"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A run on one of its accounts. `profit` is before commission; `open` are bets that are not settled, `at_risk` the most that
    can still be lost of what is; `day` is the one on which the run began where the account is."""

    run: str
    plan: str
    account: str
    venue: str
    currency: str
    day: date
    staked: Decimal
    matched: Decimal
    profit: Decimal
    commission: Decimal
    open: int
    at_risk: Decimal
    created: datetime

    @property
    def net(self) -> Decimal:
        return self.profit - self.commission


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Of some runs, in one currency. `name` is empty for all of them."""

    name: str
    currency: str
    runs: int
    staked: Decimal
    matched: Decimal
    profit: Decimal
    commission: Decimal
    open: int
    at_risk: Decimal

    @property
    def net(self) -> Decimal:
        return self.profit - self.commission


_KEYS: dict[By, Callable[[Brought], str]] = {
    By.PLAN: lambda one: one.plan,
    By.ACCOUNT: lambda one: one.account,
    By.VENUE: lambda one: one.venue,
    By.DAY: lambda one: one.day.isoformat(),
    By.RUN: lambda one: one.run,
}


def sums(brought: Iterable[Brought], by: By) -> tuple[Sum, ...]:
    """By currency, then by name; days and runs in the order of time."""
    groups: dict[tuple[str, str], list[Brought]] = {}
    key = _KEYS[by]
    for one in brought:
        groups.setdefault((one.currency, key(one)), []).append(one)
    return tuple(_sum(name, currency, groups[currency, name]) for currency, name in sorted(groups))


def totals(brought: Iterable[Brought]) -> tuple[Sum, ...]:
    """One for each currency."""
    groups: dict[str, list[Brought]] = {}
    for one in brought:
        groups.setdefault(one.currency, []).append(one)
    return tuple(_sum("", currency, groups[currency]) for currency in sorted(groups))


def _sum(name: str, currency: str, of: Sequence[Brought]) -> Sum:
    return Sum(
        name=name,
        currency=currency,
        runs=len({one.run for one in of}),
        staked=sum((one.staked for one in of), ZERO),
        matched=sum((one.matched for one in of), ZERO),
        profit=sum((one.profit for one in of), ZERO),
        commission=sum((one.commission for one in of), ZERO),
        open=sum(one.open for one in of),
        at_risk=sum((one.at_risk for one in of), ZERO),
    )
