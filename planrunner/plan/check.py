"""Meaning: what a schema can't say. Sums, ladders, endings, names of accounts, times.

A value that was complained about is None in the draft, and every check that needs it is skipped: one cause, one message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from planrunner.model.account import Account, Site
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.profile import VenueProfile
from planrunner.plan import limit_checks, market_checks, order_checks
from planrunner.plan.decode import Draft, DraftOrder, DraftTicket
from planrunner.plan.hedge_checks import hedges_of
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import ticket as say_ticket
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.messages import when as say_when
from planrunner.plan.nodes import Block, Listing, Scalar
from planrunner.plan.problems import Problem


def check(plan: Draft, site: Site, profiles: Mapping[str, VenueProfile]) -> None:
    """Adds every problem of meaning to the draft's."""
    accounts = _accounts(plan, site)
    _names(plan)
    _zone(plan)
    currency = _one_currency(plan, accounts)
    _kinds(plan, accounts, profiles)
    if plan.moves:
        from planrunner.plan.move_checks import check_moves  # most plans have none

        check_moves(plan, accounts, profiles)
    for order in plan.orders:
        account = accounts.get(order.account or "")
        profile = profiles.get(account.venue) if account else None
        order_checks.check_order(plan.shape, order, profile, account, has_market=plan.markets is not None)
    if plan.tickets:
        _tickets(plan, accounts, profiles)
    market_checks.check_markets(plan, accounts, profiles)
    if plan.when is not None:
        from planrunner.plan.when_checks import check_when  # most plans have none

        check_when(plan, plan.when, site)
    elif "max_loss_in_total" in plan.amounts and "when" not in plan.root.values and not _is_meant(plan, "when"):
        value = plan.limit("max_loss_in_total")
        plan.shape.complain(value, say_when.total_without_when(value))
    times = _times(plan)
    if currency is not None:
        limit_checks.check_limits(plan, site, accounts, profiles, times=times)


def _is_meant(plan: Draft, key: str) -> bool:
    """Does a key of the plan stand there in other letters, or in an order or the limits, where it does not belong?"""
    nodes = [*(one.node for one in plan.placed), *([plan.limits] if plan.limits is not None else [])]
    return plan.shape.is_silent(plan.root, key) or any(key in node.values for node in nodes)


def _tickets(plan: Draft, accounts: Mapping[str, Account], profiles: Mapping[str, VenueProfile]) -> None:
    from planrunner.plan.ticket_checks import check_ticket  # most plans have none

    for ticket in plan.tickets:
        account = accounts.get(ticket.account or "")
        check_ticket(plan.shape, ticket, profiles.get(account.venue) if account else None)


def _accounts(plan: Draft, site: Site) -> dict[str, Account]:
    """The accounts of orders, what is moved, tickets and markets. An unknown one is forgotten: no word of its venue."""
    found: dict[str, Account] = {}
    for order in plan.placed:
        if order.account is None:
            continue
        account = site.accounts.get(AccountName(order.account))
        if account is None:
            value = order.node.scalar("venue")
            plan.shape.complain(value, say_venue.unknown_account(value, list(site.accounts)))
            order.account = None
        else:
            found[order.account] = account
    for _, step, move in plan.moves:
        if move.account is not None and (account := site.accounts.get(AccountName(move.account))) is not None:
            found[account.name] = account
        elif move.account is not None:
            value = step.node.scalar("move_remainder_to")
            plan.shape.complain(value, say_venue.unknown_account(value, list(site.accounts)))
            move.account = step.action = None
    if plan.markets is not None and plan.per_market is not None:
        account = site.accounts.get(plan.per_market.account)
        if account is None:
            at = plan.markets.scalar("venue")
            plan.shape.complain(at, say_venue.unknown_account(at, list(site.accounts)))
        else:
            found[account.name] = account
    return found


def _kinds(plan: Draft, accounts: Mapping[str, Account], profiles: Mapping[str, VenueProfile]) -> None:
    """Orders go where there are odds, tickets where there are pools. Of one that goes wrong its venue says nothing more."""
    in_pools = {name for name, one in accounts.items() if one.venue in profiles and profiles[one.venue].pools}
    for order in plan.orders:
        if order.account in in_pools:
            value = order.node.scalar("venue")
            plan.shape.complain(value, say_ticket.order_in_pools(value, profiles[accounts[order.account or ""].venue].title))
            order.account = None
    for ticket in plan.tickets:
        account = accounts.get(ticket.account or "")
        if account is not None and account.name not in in_pools and account.venue in profiles:
            value = ticket.node.scalar("venue")
            plan.shape.complain(value, say_ticket.ticket_for_odds(value, profiles[account.venue].title, sorted(in_pools)))
            ticket.account = None


def _names(plan: Draft) -> None:
    first: dict[str, Scalar] = {}
    for order in plan.placed:
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
    bets = [bet.node for ticket in plan.tickets for bet in ticket.bets]
    legs = [leg for bet in bets if isinstance(some := bet.values.get("legs"), Listing) for leg in some.items]
    nodes = (*blocks, *(one.node for one in plan.placed), *(step.node for _, step, _ in plan.moves), *bets, *legs)
    for block in sorted((node for node in nodes if isinstance(node, Block)), key=lambda node: node.span.line):
        for key in ("place_at", "expires_at", "race", "starts_after", "starts_before"):
            value = block.values.get(key)
            if isinstance(value, Scalar) and id(value) not in plan.shape.bad and ":" in value.text:
                plan.shape.complain(value, say.no_zone(value, key))
                return


def _has_zone(plan: Draft) -> bool:
    if plan.when is not None and (plan.shape.is_silent(plan.when.node, "time_zone") or "time_zone" in plan.when.node.values):
        return True
    return plan.shape.is_silent(plan.root, "time_zone", "when") or "time_zone" in plan.root.values


# Currencies


class _Amount(NamedTuple):
    """An amount of the plan, where it stands, and how it is forgotten."""

    value: Scalar
    key: str
    money: Money
    forget: Callable[[], object]


def _amounts(plan: Draft) -> Iterator[_Amount]:
    """Every amount but `max_loss`."""
    for key, money in plan.amounts.items():
        if key != "max_loss" and plan.limits is not None:
            yield _Amount(plan.limits.scalar(key), key, money, partial(plan.amounts.pop, key))
    for order in plan.orders:
        yield from _of_order(order)
    for ticket in plan.tickets:
        if ticket.total_cost is not None:
            value = ticket.node.scalar("total_cost")
            yield _Amount(value, "total_cost", ticket.total_cost, partial(setattr, ticket, "total_cost", None))
        for bet in ticket.bets:
            if bet.unit is not None:
                yield _Amount(bet.node.scalar("unit_stake"), "unit_stake", bet.unit, partial(setattr, bet, "unit", None))


def _of_order(order: DraftOrder) -> Iterator[_Amount]:
    given = {"stake": ("stake", order.stake), "liability_at_most": ("liability", order.liability),
             "min_fill": ("min_fill", order.min_fill)}  # fmt: skip
    for key, (name, amount) in given.items():
        if amount is not None:
            yield _Amount(order.node.scalar(key), key, amount, partial(setattr, order, name, None))
    asked, only_if = order.node.values.get("only_if"), order.only_if
    if isinstance(asked, Block) and only_if is not None and only_if.available_at_least is not None:
        less = replace(only_if, available_at_least=None)
        value, key = asked.scalar("available_at_least"), "available_at_least"
        yield _Amount(value, key, only_if.available_at_least, partial(setattr, order, "only_if", less))


def _one_currency(plan: Draft, accounts: Mapping[str, Account]) -> str | None:
    """The plan's currency, `max_loss` leading. Amounts in another are complained about and forgotten."""
    amounts = list(_amounts(plan))
    currencies = {one.money.currency for one in amounts}
    currency = plan.amounts["max_loss"].currency if "max_loss" in plan.amounts else min(currencies, default=None)
    if currency is None:
        return None
    if len(currencies) == 1 and currency not in currencies and len(amounts) > 1 and plan.limits is not None:
        currency = currencies.pop()
        value = plan.limits.scalar("max_loss")
        plan.shape.complain(value, say.odd_currency(value, currency))
        del plan.amounts["max_loss"]
    else:
        for one in amounts:
            if one.money.currency != currency:
                plan.shape.complain(one.value, say.two_currencies(one.value, key=one.key, currency=currency))
                one.forget()
    _account_currencies(plan, accounts, currency)
    return currency


def _account_currencies(plan: Draft, accounts: Mapping[str, Account], currency: str) -> None:
    """Said once for each account; its venue's minimums say nothing about amounts of another currency."""
    told: set[str] = set()
    for order in plan.placed:
        account = accounts.get(order.account or "")
        if account is None or account.currency == currency:
            continue
        value = order.node.scalar("venue")
        if account.name not in told:
            plan.shape.complain(value, say_venue.account_currency(value, account=account.currency, plan=currency))
        told.add(account.name)
        if isinstance(order, DraftOrder):
            order.stake = None
        for bet in order.bets if isinstance(order, DraftTicket) else ():
            bet.unit = None
    for _, step, move in plan.moves:
        account = accounts.get(move.account or "")
        if account is not None and account.currency != currency:
            value = step.node.scalar("move_remainder_to")
            if account.name not in told:
                plan.shape.complain(value, say_venue.account_currency(value, account=account.currency, plan=currency))
            told.add(account.name)
            move.account = step.action = None


# Limits


def _times(plan: Draft) -> int:
    """In how many markets the orders may be placed: `max_orders` has room for so many, with hedges, moves and bets of tickets."""
    hedges = sum(len(hedges_of(order)[:1]) for order in plan.orders)
    moves = len({id(order) for order, _, _ in plan.moves})
    bets = sum(ticket.placed for ticket in plan.tickets)
    most, placed = plan.max_orders, len(plan.orders) + hedges + moves + bets
    if most is None or not plan.is_whole or not placed or not all(ticket.is_whole for ticket in plan.tickets):
        return 1
    if placed > most:
        counts = {"order": len(plan.orders), "hedge": hedges, "move": moves, "bet": bets}
        problem = say.max_orders(plan.limit("max_orders"), counts, per_market=plan.repeats)
        _complain(plan, "max_orders", problem)
        return 1
    return most // placed if plan.repeats and not plan.is_run_by_market else 1


def _complain(plan: Draft, key: str, problem: Problem) -> None:
    plan.shape.complain(plan.limit(key), problem)
