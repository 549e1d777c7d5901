"""`for_each_market`: where the markets are looked for, and what its orders leave to it."""

from __future__ import annotations

from collections.abc import Mapping

from planrunner.model.account import Account
from planrunner.model.profile import VenueProfile
from planrunner.plan.decode import Draft
from planrunner.plan.messages import meaning as say
from planrunner.plan.messages import routing as say_routing
from planrunner.plan.messages import ticket as say_ticket
from planrunner.plan.nodes import Block
from planrunner.plan.order_checks import MARKETS


def check_markets(plan: Draft, accounts: Mapping[str, Account], profiles: Mapping[str, VenueProfile]) -> None:
    """Adds what is wrong with the block, and with orders that don't leave their market to it."""
    if plan.markets is None:
        return
    _times(plan, plan.markets)
    if not plan.is_expanded:
        for order in plan.orders:
            for key in MARKETS:
                if key in order.node.values:
                    plan.shape.complain(None, say.not_the_orders(order.node.keys[key]))
    if plan.tickets:
        plan.shape.complain(None, say_ticket.not_for_markets(plan.root.keys["tickets"]))
    at = accounts.get(plan.per_market.account) if plan.per_market is not None else None
    profile = profiles.get(at.venue) if at is not None else None
    if profile is not None and (profile.by_ids_only or profile.pools):
        plan.shape.complain(None, say_routing.no_catalogue(plan.markets.scalar("venue"), profile.title))
        return
    for order in plan.orders if at is not None else ():
        account = accounts.get(order.account or "")
        if at is not None and account is not None and account.venue != at.venue:
            value = order.node.scalar("venue")
            plan.shape.complain(value, say.not_its_venue(value, at.name))


def _times(plan: Draft, node: Block) -> None:
    query = plan.per_market
    if query is None or query.starts_after is None or query.starts_before is None:
        return
    if query.starts_before <= query.starts_after:
        value = node.scalar("starts_before")
        plan.shape.complain(value, say.no_time_between(value, node.scalar("starts_after")))
