"""Meaning: what a schema can't say. Sums, ladders, endings, names of accounts, times.

A value that was complained about is None in the draft, and every check that needs it is skipped: one cause, one message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from planrunner.model.account import Account, Site
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.profile import VenueProfile
from planrunner.plan import limit_checks, market_checks, order_checks
from planrunner.plan.decode import Draft, DraftOrder
from planrunner.plan.hedge_checks import hedges_of
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.nodes import Block, Scalar
from planrunner.plan.problems import Problem


def check(plan: Draft, site: Site, profiles: Mapping[str, VenueProfile]) -> None:
    """Adds every problem of meaning to the draft's."""
    accounts = _accounts(plan, site)
    _names(plan)
    _zone(plan)
    currency = _one_currency(plan, accounts)
    for order in plan.orders:
        account = accounts.get(order.account or "")
        profile = profiles.get(account.venue) if account else None
        order_checks.check_order(plan.shape, order, profile, account, has_market=plan.markets is not None)
    market_checks.check_markets(plan, accounts)
    times = _times(plan)
    if currency is not None:
        limit_checks.check_limits(plan, site, accounts, profiles, times=times)


def _accounts(plan: Draft, site: Site) -> dict[str, Account]:
    """The accounts of the plan's orders and markets. An unknown one is forgotten, so that nothing is said of its venue."""
    found: dict[str, Account] = {}
    for order in plan.orders:
        if order.account is None:
            continue
        account = site.accounts.get(AccountName(order.account))
        if account is None:
            value = order.node.scalar("venue")
            plan.shape.complain(value, say_venue.unknown_account(value, list(site.accounts)))
            order.account = None
        else:
            found[order.account] = account
    if plan.markets is not None and plan.per_market is not None:
        account = site.accounts.get(plan.per_market.account)
        if account is None:
            at = plan.markets.scalar("venue")
            plan.shape.complain(at, say_venue.unknown_account(at, list(site.accounts)))
        else:
            found[account.name] = account
    return found


def _names(plan: Draft) -> None:
    first: dict[str, Scalar] = {}
    for order in plan.orders:
        if order.name is None:
            continue
        value = order.node.scalar("name")
        if order.name in first:
            plan.shape.complain(value, say.same_name(value, first[order.name]))
        first.setdefault(order.name, value)


def _zone(plan: Draft) -> None:
    """Said once, at the first local time."""
    if plan.zone is not None or _has_zone(plan):
        return
    blocks = [plan.markets] if plan.markets is not None else []
    for block in (*blocks, *(order.node for order in plan.orders)):
        for key in ("place_at", "expires_at", "race", "starts_after", "starts_before"):
            value = block.values.get(key)
            if isinstance(value, Scalar) and id(value) not in plan.shape.bad and ":" in value.text:
                plan.shape.complain(value, say.no_zone(value, key))
                return


def _has_zone(plan: Draft) -> bool:
    return plan.shape.is_silent(plan.root, "time_zone") or "time_zone" in plan.root.values


# Currencies


def _amounts(plan: Draft) -> Iterator[tuple[Scalar, str, Money, DraftOrder | None]]:
    """Every amount but `max_loss`."""
    for key, money in plan.amounts.items():
        if key != "max_loss" and plan.limits is not None:
            value = plan.limits.scalar(key)
            yield value, key, money, None
    for order in plan.orders:
        for key, amount in (("stake", order.stake), ("liability_at_most", order.liability), ("min_fill", order.min_fill)):
            if amount is not None:
                yield order.node.scalar(key), key, amount, order
        asked = order.node.values.get("only_if")
        if isinstance(asked, Block) and order.only_if is not None and order.only_if.available_at_least is not None:
            value = asked.scalar("available_at_least")
            yield value, "available_at_least", order.only_if.available_at_least, order


def _one_currency(plan: Draft, accounts: Mapping[str, Account]) -> str | None:
    """The plan's currency, `max_loss` leading. Amounts in another are complained about and forgotten."""
    amounts = list(_amounts(plan))
    currencies = {money.currency for _, _, money, _ in amounts}
    currency = plan.amounts["max_loss"].currency if "max_loss" in plan.amounts else min(currencies, default=None)
    if currency is None:
        return None
    if len(currencies) == 1 and currency not in currencies and len(amounts) > 1 and plan.limits is not None:
        currency = currencies.pop()
        value = plan.limits.scalar("max_loss")
        plan.shape.complain(value, say.odd_currency(value, currency))
        del plan.amounts["max_loss"]
    else:
        _forget_others(plan, amounts, currency)
    _account_currencies(plan, accounts, currency)
    return currency


def _forget_others(plan: Draft, amounts: list[tuple[Scalar, str, Money, DraftOrder | None]], currency: str) -> None:
    for value, key, money, order in amounts:
        if money.currency == currency:
            continue
        plan.shape.complain(value, say.two_currencies(value, key=key, currency=currency))
        if order is None:
            del plan.amounts[key]
        elif key == "available_at_least" and order.only_if is not None:
            order.only_if = replace(order.only_if, available_at_least=None)
        else:
            setattr(order, {"liability_at_most": "liability"}.get(key, key), None)


def _account_currencies(plan: Draft, accounts: Mapping[str, Account], currency: str) -> None:
    """Said once for each account; its venue's minimums say nothing about amounts of another currency."""
    told: set[str] = set()
    for order in plan.orders:
        account = accounts.get(order.account or "")
        if account is None or account.currency == currency:
            continue
        value = order.node.scalar("venue")
        if account.name not in told:
            plan.shape.complain(value, say_venue.account_currency(value, account=account.currency, plan=currency))
        told.add(account.name)
        order.stake = None


# Limits


def _times(plan: Draft) -> int:
    """In how many markets the orders may be placed: `max_orders` has room for so many. Hedges are orders too."""
    hedges = sum(len(hedges_of(order)[:1]) for order in plan.orders)
    most, placed = plan.max_orders, len(plan.orders) + hedges
    if most is None or not plan.is_whole or not plan.orders:
        return 1
    if placed > most:
        problem = say.max_orders(plan.limit("max_orders"), orders=len(plan.orders), hedges=hedges, per_market=plan.repeats)
        _complain(plan, "max_orders", problem)
        return 1
    return most // placed if plan.repeats else 1


def _complain(plan: Draft, key: str, problem: Problem) -> None:
    plan.shape.complain(plan.limit(key), problem)
