"""From a plan and resolved names to a program that can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from planrunner.engine.resolve import Resolved
from planrunner.engine.resolve_pools import ResolvedBet
from planrunner.model.account import Account, Site
from planrunner.model.market import AccountName, RunId
from planrunner.model.money import zero
from planrunner.model.plan import FallbackStep, Hedge, LimitOrder, Move, OrderType, Plan, PoolBet
from planrunner.model.profile import VenueProfile
from planrunner.model.program import BY_LOOKS, Program, ProgramOrder, ProgramPoolBet, Terms, hedge_path, move_path

NO_MOVES: Mapping[str, Resolved] = MappingProxyType({})


def compile_plan(
    plan: Plan,
    resolved: Mapping[str, Resolved],
    bets: Mapping[str, ResolvedBet],
    *,
    moves: Mapping[str, Resolved] = NO_MOVES,
    run: RunId,
    seed_of_refs: str,
    site: Site,
    profiles: Mapping[AccountName, VenueProfile],
) -> Program:
    """Attach terms and ids. `resolved` is by order name, and so is `moves`, where its remainder may go; `bets` by the name of a
    pool bet. Every order's odds are on its market's ladder."""
    orders = tuple(one for order in plan.orders for one in orders_of(order, resolved[order.name], moves.get(order.name)))
    pool_bets = tuple(_pool_bet(bet, bets[bet.name]) for ticket in plan.tickets for bet in ticket.bets)
    found = [where.market for where in (*resolved.values(), *moves.values())] + [where.market for where in bets.values()]
    markets = {market.id: market for market in found}
    names = plan.accounts
    accounts = {name: site.accounts[name] for name in names}
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
        rules=BY_LOOKS,
        pool_bets=pool_bets,
        accounts=accounts,
        site_limits=site.limits,
    )


def _pool_bet(bet: PoolBet, where: ResolvedBet) -> ProgramPoolBet:
    ticket = f"tickets.{bet.ticket}"
    return ProgramPoolBet(
        path=f"{ticket}/{bet.number}",
        ticket=ticket,
        order=bet,
        account=bet.account,
        market=where.product.id,
        legs=where.legs,
    )


def orders_of(order: LimitOrder, where: Resolved, moved: Resolved | None = None) -> Iterator[ProgramOrder]:
    """The order and, where a step may ask for one, right after it its hedge and what takes over its remainder at `moved`."""
    path = f"orders.{order.name}"
    planned = _planned(path, order, where)
    yield planned
    hedges = [step for step in order.fallback if isinstance(step.action, Hedge)]
    if hedges:
        yield replace(planned, path=hedge_path(path), order=_hedge(order, hedges[0]), hedges=path)
    if (move := order.move) is not None:
        assert moved is not None
        yield replace(_planned(move_path(path), _moved(order, move), moved), takes_over=path)


def _planned(path: str, order: LimitOrder, where: Resolved) -> ProgramOrder:
    selection = where.selection
    return ProgramOrder(
        path=path,
        order=order,
        account=order.account,
        market=where.market.id,
        selection=selection.id if selection is not None else None,
        selection_name=selection.name if selection is not None else f"favourite {order.target.favourite}",
        handicap=selection.handicap if selection is not None else Decimal(0),
    )


def _moved(order: LimitOrder, move: Move) -> LimitOrder:
    """The same bet on another account. Its stake is known only when it is asked for."""
    line = next(step.line for step in order.fallback if step.action is move)
    return LimitOrder(
        name=f"{order.name}/moved",
        account=move.account,
        target=move.target,
        side=order.side,
        odds=move.odds,
        stake=zero(order.stake.currency),
        line=line,
        liability_at_most=order.liability_at_most,
        odds_hold_for_average=move.odds_hold_for_average,
        ending=move.ending,
        routing=move.routing,
    )


def _hedge(order: LimitOrder, step: FallbackStep) -> LimitOrder:
    """The other side, at the same bookmakers. Its odds and ending are those of the step that asks for it; its stake is known
    only then. Where a router's odds hold for the average, so do the hedge's; of a fill or kill at an exchange only its own do."""
    assert isinstance(step.action, Hedge)
    return LimitOrder(
        name=f"{order.name}/hedge",
        account=order.account,
        target=order.target,
        side=order.side.other,
        odds=step.action.no_worse_than,
        stake=zero(order.stake.currency),
        line=step.line,
        odds_hold_for_average=order.odds_hold_for_average and order.type is not OrderType.FILL_OR_KILL,
        routing=order.routing,
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
        uuid_references=profile.uuid_references,
        expires_within=profile.expires_within,
    )
