"""A plan previewed: the one door from a checked plan to its preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from planrunner.engine.resolve import Resolved as Found
from planrunner.engine.resolve_pools import ResolvedBet
from planrunner.model.account import Site
from planrunner.model.plan import Plan
from planrunner.model.profile import VenueProfile
from planrunner.plan.digest import LANGUAGE
from planrunner.review.coming import coming, local_words
from planrunner.review.explain import explain
from planrunner.review.moments import deadlines, lanes
from planrunner.review.preview import Preview, Rehearsed, Resolved, Used, policy_of
from planrunner.review.schedule import schedule_in_words
from planrunner.review.unknown import unknown, unresolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What market data told, by the names of orders and of bets of tickets; `moves` of where remainders go. `source` says which
    data that were."""

    source: str = ""
    orders: Mapping[str, Found]
    moves: Mapping[str, Found]
    bets: Mapping[str, ResolvedBet]


NO_DATA = Data(orders={}, moves={}, bets={})


def preview(
    plan: Plan,
    site: Site,
    profiles: Mapping[str, VenueProfile],
    *,
    file: str,
    since: datetime,
    inputs: Mapping[str, str] | None = None,
    unmade: Sequence[str] = (),
    awaited: Sequence[str] = (),
    data: Data = NO_DATA,
    rehearsed: Sequence[Rehearsed] = (),
) -> Preview:
    """`profiles` by venue; the plan was checked against this site, and with these `inputs`. `unmade` and `awaited` as for
    `explain`. `since`: occurrences are told from this moment on (UTC)."""
    told = explain(plan, site, profiles, unmade=unmade, awaited=awaited)
    due = coming(plan.when, since)
    return Preview(
        file=file,
        told=told,
        digest=plan.digest,
        inputs=dict(inputs or {}),
        occurrences=tuple(one.told for one in due),
        resolved=_resolved(plan, data),
        unresolved=unresolved(plan, site, profiles, _found(plan, data)),
        unknown=unknown(plan),
        language=LANGUAGE,
        policy=policy_of(site, plan),
        zone=plan.time_zone or "UTC",
        uses=tuple(_used(plan, site, profiles)),
        schedule=schedule_in_words(plan.when) if plan.when is not None else "",
        due=tuple(one.at for one in due),
        in_total=plan.limits.max_loss_in_total,
        deadlines=deadlines(plan, _starts(plan, data)),
        lanes=lanes(plan, told),
        market_data=data.source,
        rehearsed=tuple(rehearsed),
    )


def _used(plan: Plan, site: Site, profiles: Mapping[str, VenueProfile]) -> list[Used]:
    accounts = [site.accounts[name] for name in plan.accounts]
    return [Used(account=one.name, venue=profiles[one.venue].title, currency=one.currency, mode=one.mode) for one in accounts]


def _resolved(plan: Plan, data: Data) -> tuple[Resolved, ...]:
    of_orders = [_of_order(name, found, plan) for name, found in data.orders.items()]
    moved = [_of_order(f"{name} (moved)", found, plan) for name, found in data.moves.items()]
    return (*of_orders, *moved, *(one for name, found in data.bets.items() for one in _of_bet(name, found, plan)))


def _of_order(name: str, found: Found, plan: Plan) -> Resolved:
    """Which runner a favourite is, is not known yet: it has no id."""
    chosen = found.selection
    return Resolved(
        order=name,
        market=found.market.id,
        selection=chosen.id if chosen is not None else "",
        market_name=f"{found.market.name} of {found.market.fixture}",
        selection_name=chosen.name if chosen is not None else "the favourite, when it is placed",
        start=_local(found.market.start, plan),
    )


def _of_bet(name: str, found: ResolvedBet, plan: Plan) -> list[Resolved]:
    market = found.market
    where = {"market": market.id, "market_name": f"{market.name} of {market.fixture}", "start": _local(market.start, plan)}
    picks = [pick for leg in found.legs for pick in leg.picks]
    return [Resolved(order=name, selection=pick.selection, selection_name=pick.name, **where) for pick in picks]


def _found(plan: Plan, data: Data) -> set[tuple[str, bool]]:
    whole = {ticket.name for ticket in plan.tickets if all(bet.name in data.bets for bet in ticket.bets)}
    return {(name, False) for name in (*data.orders, *whole)} | {(name, True) for name in data.moves}


def _starts(plan: Plan, data: Data) -> dict[str, datetime]:
    starts = {name: found.market.start for name, found in data.orders.items()}
    for ticket in plan.tickets:
        if found := [data.bets[bet.name].market.start for bet in ticket.bets if bet.name in data.bets]:
            starts[ticket.name] = min(found)
    return starts


def _local(at: datetime, plan: Plan) -> str:
    where: tzinfo = ZoneInfo(plan.time_zone) if plan.time_zone is not None else UTC
    return local_words(at.astimezone(where), plan.time_zone or "UTC")
