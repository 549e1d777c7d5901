"""From a plan and resolved names to a program that can run."""

from __future__ import annotations

from collections.abc import Mapping

from planrunner.engine.resolve import Resolved
from planrunner.model.account import Account
from planrunner.model.market import AccountName, RunId
from planrunner.model.plan import LimitOrder, Plan
from planrunner.model.profile import VenueProfile
from planrunner.model.program import Program, ProgramOrder, Terms


def compile_plan(
    plan: Plan,
    resolved: Mapping[str, Resolved],
    *,
    run: RunId,
    seed_of_refs: str,
    accounts: Mapping[AccountName, Account],
    profiles: Mapping[AccountName, VenueProfile],
) -> Program:
    """Attach terms and ids. `resolved` is by order name; every order's odds are on its market's ladder."""
    orders = tuple(_order(order, resolved[order.name]) for order in plan.orders)
    markets = {where.market.id: where.market for where in resolved.values()}
    names = dict.fromkeys(order.account for order in plan.orders)
    terms = {name: _terms(accounts[name], profiles[name], {market.ladder for market in markets.values()}) for name in names}
    return Program(
        run=run,
        seed_of_refs=seed_of_refs,
        plan=plan.name,
        time_zone=plan.time_zone,
        digest=plan.digest,
        currency=plan.currency,
        limits=plan.limits,
        terms=terms,
        markets=markets,
        orders=orders,
    )


def _order(order: LimitOrder, where: Resolved) -> ProgramOrder:
    return ProgramOrder(
        path=f"orders.{order.name}",
        order=order,
        account=order.account,
        market=where.market.id,
        selection=where.selection.id,
        selection_name=where.selection.name,
        handicap=where.selection.handicap,
    )


def _terms(account: Account, profile: VenueProfile, ladders: set[str]) -> Terms:
    minimum = profile.minimums[account.currency]
    return Terms(
        venue=profile.venue,
        batch=profile.batch,
        reference_length=profile.reference_length,
        idempotent_for=profile.idempotent_for,
        lookup_lag=profile.lookup_lag,
        minimum_stake=minimum.stake,
        minimum_payout=minimum.payout,
        ladders={name: profile.ladder(name) for name in sorted(ladders & profile.ladders.keys())},
    )
