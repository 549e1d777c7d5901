"""A plan explained: the one door from a checked plan to its sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import time

from planrunner.model.account import Site
from planrunner.model.exposure import most_markets, placed_by
from planrunner.model.money import Money
from planrunner.model.plan import BeforeEachStart, LeftOpen, LimitOrder, MarketQuery, Plan, Reprice
from planrunner.model.profile import VenueProfile
from planrunner.review.explained import Explained, ToldOrder
from planrunner.review.limits import tell_binding, tell_limits
from planrunner.review.loss import tell_loss
from planrunner.review.orders import tell_order
from planrunner.review.schedule import overlap_in_words, schedule_in_words
from planrunner.review.tickets import tell_ticket
from planrunner.review.words import listed, plural


def explain(
    plan: Plan,
    site: Site,
    profiles: Mapping[str, VenueProfile],
    *,
    unmade: Sequence[str] = (),
    awaited: Sequence[str] = (),
) -> Explained:
    """`profiles` by venue. The plan was checked against this site. `unmade`: what each market is yet to decide, as it is written
    (`/0/favourite=${...}`); `awaited`: the inputs that a signal brings."""
    limits, loss = tell_limits(plan, site, profiles), tell_loss(plan)
    return Explained(
        plan=plan.name,
        digest=plan.digest,
        summary=(*_summary(plan, site, profiles, loss.total), *_taken(unmade), *_schedule(plan, awaited)),
        orders=tuple(_order(one, plan, site, profiles) for one in plan.orders),
        tickets=tuple(tell_ticket(one, plan.time_zone) for one in plan.tickets),
        remarks=tuple(_remarks(plan)),
        loss=loss,
        limits=limits,
        binding=tell_binding(plan, limits),
    )


def _order(order: LimitOrder, plan: Plan, site: Site, profiles: Mapping[str, VenueProfile]) -> ToldOrder:
    there = profiles[site.accounts[order.move.account].venue] if order.move is not None else None
    return tell_order(order, profiles[site.accounts[order.account].venue], plan.time_zone, there=there)


def _summary(plan: Plan, site: Site, profiles: Mapping[str, VenueProfile], worst: Money) -> Iterator[str]:
    accounts = [site.accounts[name] for name in plan.accounts]
    told = listed([f"{one.name} ({profiles[one.venue].title}, {one.currency}, {one.mode.value})" for one in accounts])
    moves = sum(order.move is not None for order in plan.orders)
    hedges = sum(placed_by(order) for order in plan.orders) - len(plan.orders) - moves
    counts = {"order": len(plan.orders), "hedge": hedges, "moved remainder": moves}
    count = listed([plural(number, what) for what, number in counts.items() if number or what == "order"])
    count += " for each market" if plan.per_market is not None else ""
    if plan.tickets:
        tickets = f"{plural(len(plan.tickets), 'ticket')} of {plural(sum(len(one.bets) for one in plan.tickets), 'bet')}"
        count = f"{count} and {tickets}" if plan.orders else tickets
    once = " in one run" if plan.when is not None else ""
    yield f"{count}, on the account{'s' if len(accounts) > 1 else ''} {told}. At most {worst} can be lost{once}."
    if plan.per_market is not None:
        yield _markets(plan.per_market, plan.time_zone)
    if plan.per_market is not None and isinstance(plan.when, BeforeEachStart):
        yield (
            f"Each of these markets is a run of its own, with {plural(len(plan.orders), 'order')} as told below. When the start "
            "of a market moves, so does its run. Run by hand, the plan runs for the market that starts next."
        )
    elif plan.per_market is not None:
        most = plan.limits.max_orders
        room = plural(most_markets(plan), "market")
        yield (
            f"Each of these markets gets {plural(len(plan.orders), 'order')} of its own, as told below. Which markets there are "
            f"is known when the plan is run: `max_orders: {most}` has room for {room}, and if there are more, nothing is placed."
        )


def _schedule(plan: Plan, awaited: Sequence[str]) -> Iterator[str]:
    if plan.when is None:
        return
    yield f"It runs by itself {schedule_in_words(plan.when)}. {overlap_in_words(plan.when)}"
    yield (
        f"All its runs together can lose at most {plan.limits.max_loss_in_total} (`max_loss_in_total`): once a run more could go "
        "past that, the plan runs no more."
    )
    if plan.left_open is not None and plan.left_open.inputs:
        yield _brings(plan.left_open, awaited)


def _brings(left_open: LeftOpen, awaited: Sequence[str]) -> str:
    """An example must not pass for what a run will do."""
    others = [name for name in left_open.inputs if name not in awaited]
    brings = f"The signal brings {listed([f'`{one}`' for one in awaited])}" if awaited else "The signal may bring"
    if others:
        brings += f"{', and may bring' if awaited else ''} {listed([f'`{one}`' for one in others])} in place of what stands here"
    largest = ", with the largest values that the plan allows" if awaited else ""
    return (
        f"{brings}. What is told below with these is an example{largest}; a run has those of its signal, and its limits are held "
        "against them."
    )


def _taken(unmade: Sequence[str]) -> Iterator[str]:
    """An example must not pass for what every market gets."""
    taken = dict.fromkeys(f"`{path.rpartition('/')[2]}: {text}`" for path, _, text in (one.partition("=") for one in unmade))
    if taken:
        yield f"From its market an order takes {listed(list(taken))}; below that is told with an example."


def _markets(query: MarketQuery, zone: str | None) -> str:
    """Which markets the orders are repeated over."""
    country = f" in {query.country}" if query.country is not None else ""
    meetings = f", at {listed(query.meetings, 'or')}," if query.meetings else ""
    day = f"on {query.on.isoformat()}" if query.on is not None else "on the day of the run"
    span = _span(query.starts_after, query.starts_before, zone)
    return f"The plan is for every {query.market} market of {query.sport}{country}{meetings} that starts {day}{span}."


def _span(after: time | None, before: time | None, zone: str | None) -> str:
    told = [f"{word} {at:%H:%M}" for word, at in (("after", after), ("before", before)) if at is not None]
    return f", {' and '.join(told)} ({zone or 'UTC'})" if told else ""


def _remarks(plan: Plan) -> Iterator[str]:
    if any(isinstance(step.action, Reprice) for order in plan.orders for step in order.fallback):
        yield (
            "An order is moved by cancelling what is unmatched, waiting until the venue has confirmed how much that is, and "
            "placing exactly that again at the new odds."
        )
    if plan.tickets:
        yield (
            "A pool takes a bet whole or refuses it, and never gives it back. It has no odds: what a winning line pays is known "
            "after the race, and is shared with everybody who has it."
        )
