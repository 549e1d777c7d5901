"""What a preview cannot tell, said plainly: names that only a venue knows, and what shows only while the plan runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from planrunner.model.account import Site
from planrunner.model.market import AccountName
from planrunner.model.plan import (
    BeforeEachStart,
    Condition,
    Hedge,
    If,
    LimitOrder,
    OnSignal,
    Plan,
    Reprice,
    Target,
    ToBest,
    ToHead,
)
from planrunner.model.profile import VenueProfile
from planrunner.review.words import listed, plural, target_in_words

# Names of one market or race are listed up to here, and then counted.
NAMED = 4


def unresolved(
    plan: Plan, site: Site, profiles: Mapping[str, VenueProfile], found: Collection[tuple[str, bool]] = ()
) -> tuple[str, ...]:
    """Of each market the plan names, who has to know it. `found` are the names of orders that market data told of; with True of
    where their remainders are moved."""
    asked: dict[tuple[AccountName, str], list[str]] = {}
    for order in plan.orders:
        for account, target, moved in _places(order):
            if (order.name, moved) not in found and plan.per_market is None:
                asked.setdefault((account, _market(target, plan.time_zone)), []).append(_selection(target))
    for ticket in plan.tickets:
        if (ticket.name, False) not in found:
            day = " on the day of the run" if ticket.today else f" on {ticket.on.isoformat()}" if ticket.on else ""
            runners = [runner for bet in ticket.bets for leg in bet.legs for runner in leg.runners]
            asked.setdefault((ticket.account, f"the races and pools at {ticket.meeting}{day}"), []).extend(runners)
    told = [_sentence(profiles[site.accounts[account].venue].title, what, names) for (account, what), names in asked.items()]
    if plan.per_market is not None:
        title = profiles[site.accounts[plan.per_market.account].venue].title
        told.append(f"Only {title} can tell which markets there are, and only on the day.")
    return tuple(told)


def unknown(plan: Plan) -> tuple[str, ...]:
    """In the order in which it becomes known."""
    return tuple(dict.fromkeys(_unknown(plan)))


def _places(order: LimitOrder) -> Iterator[tuple[AccountName, Target, bool]]:
    yield order.account, order.target, False
    if order.move is not None:
        yield order.move.account, order.move.target, True


def _market(target: Target, zone: str | None) -> str:
    """The target without its selection: `Match Odds of Arsenal v Chelsea`."""
    whole = target_in_words(target, zone)
    _, found, rest = whole.partition(" in ") if (target.market or target.market_id) else whole.partition(" of ")
    return rest if found else whole


def _selection(target: Target) -> str:
    if target.favourite is not None:
        return "its favourites"
    line = f" (line {target.line})" if target.line is not None else ""
    return (target.selection or f"selection {target.selection_id}") + line


def _sentence(venue: str, what: str, names: list[str]) -> str:
    known = list(dict.fromkeys(names))
    if known == ["its favourites"]:
        return f"Only {venue} can tell whether it has {what}."
    shown = listed(known) if len(known) <= NAMED else f"{', '.join(known[:NAMED])} and {len(known) - NAMED} more"
    return f"Only {venue} can tell whether it has {what}, with {shown}."


def _unknown(plan: Plan) -> Iterator[str]:
    yield from _beginning(plan)
    orders = plan.orders
    if any(order.target.favourite is not None for order in orders):
        yield "Which runner is the favourite shows when the order is placed."
    if conditional := [order.name for order in orders if order.only_if is not None]:
        yield f"Whether {_some(conditional)} will be placed at all depends on the market at that moment (`only_if`)."
    if orders:
        yield "How much is matched, and at how much better odds than asked for, is up to who else is in the market."
    if moved := [order.name for order in orders if _follows_market(order)]:
        yield f"To which odds {_some(moved)} will be moved depends on what others ask for then; never past the odds told."
    steps = [step for order in orders for step in order.fallback]
    if any(isinstance(step.trigger, If) and step.trigger.condition is Condition.SUSPENDED for step in steps):
        yield "Whether a market is suspended, and for how long, is up to its venue."
    if any(isinstance(step.action, Hedge) for step in steps):
        yield "At which odds a hedge finds takers, and whether it finds any, shows when it is tried."
    if moved := [order.name for order in orders if order.move is not None]:
        yield f"How much of {_some(moved)} is left to be moved is known once its venue has confirmed it."
    if plan.tickets:
        yield "What a winning line pays is known after the race, and whether a pool takes a bet when it is sent."
    yield "What other runs on the same accounts hold at that moment: limits of an account and of the site count them, too."


def _beginning(plan: Plan) -> Iterator[str]:
    match plan.when:
        case OnSignal(name=name):
            yield f"When the signal {name} comes in, and with which values."
        case BeforeEachStart():
            yield "When each market starts: the venue says it, and may change it."
        case None:
            yield "When it is run: somebody does that by hand."
    if plan.limits.max_loss_in_total is not None:
        yield "What earlier runs have lost by then: once a run more could go past `max_loss_in_total`, the plan runs no more."


def _follows_market(order: LimitOrder) -> bool:
    return any(isinstance(step.action, Reprice) and isinstance(step.action.by, ToBest | ToHead) for step in order.fallback)


def _some(names: list[str]) -> str:
    return listed(names) if len(names) <= NAMED else f"each of {plural(len(names), 'order')}"
