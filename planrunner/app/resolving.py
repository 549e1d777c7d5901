"""Asking the venues where the orders of a plan go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, tzinfo
from zoneinfo import ZoneInfo

from planrunner.engine.resolve import Resolved, Unresolved, resolve
from planrunner.engine.resolve_pools import ResolvedBet, resolve_ticket
from planrunner.model.errors import PlanProblems
from planrunner.model.market import AccountName
from planrunner.model.plan import LimitOrder, Order, Plan, Target
from planrunner.model.profile import VenueProfile
from planrunner.ports import Card, Catalogue, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A word of an order that does not fit the venue: which key holds it, what is wrong, and the nearest that fits."""

    order: Order
    key: str
    word: str
    text: str
    among: tuple[str, ...]
    did_you_mean: str | None


class DoesNotFit(PlanProblems):
    """The plan is well written, and the venue does not know what it names. Nothing was placed."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(f"{one.order.name}: {one.text}" for one in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where everything goes, by the names of orders and of bets of tickets."""

    orders: Mapping[str, Resolved]
    bets: Mapping[str, ResolvedBet]


async def resolve_plan(plan: Plan, venues: Mapping[AccountName, Venue], *, today: date) -> Where:
    """Every order's market and selection, every pool bet's product and runners.

    One question per fixture or meeting, however many orders are on it. Raises DoesNotFit with everything that is wrong,
    VenueTrouble, VenueRefused.
    """
    orders, wrong = await _orders(plan, venues, today)
    bets, wrong_bets = await _bets(plan, venues, today)
    if wrong or wrong_bets:
        raise DoesNotFit((*wrong, *wrong_bets))
    return Where(orders=orders, bets=bets)


async def _orders(plan: Plan, venues: Mapping[AccountName, Venue], today: date) -> tuple[dict[str, Resolved], list[Finding]]:
    asked: dict[tuple[AccountName, Target], Catalogue] = {}
    found: dict[str, Resolved] = {}
    wrong: list[Finding] = []
    zone = zone_of(plan)
    for order in plan.orders:
        on = today if order.target.today else order.target.on
        question = (order.account, _question(order.target))
        if question not in asked:
            asked[question] = await venues[order.account].find(question[1], on=on)
        catalogue = asked[question]
        where = resolve(order.target, catalogue.markets, nearby=catalogue.nearby, on=on, zone=zone)
        if isinstance(where, Unresolved):
            wrong.append(_finding(order, where))
        else:
            found[order.name] = where
            wrong += _odds(order, where.market.ladder, venues[order.account].profile)
    return found, wrong


async def _bets(plan: Plan, venues: Mapping[AccountName, Venue], today: date) -> tuple[dict[str, ResolvedBet], list[Finding]]:
    cards: dict[tuple[AccountName, str, date | None], Card] = {}
    found: dict[str, ResolvedBet] = {}
    wrong: list[Finding] = []
    for ticket in plan.tickets:
        on = today if ticket.today else ticket.on
        question = (ticket.account, ticket.meeting, on)
        if question not in cards:
            cards[question] = await venues[ticket.account].products(ticket.meeting, on=on)
        card = cards[question]
        resolved, problems = resolve_ticket(ticket, card.products, nearby=card.nearby, on=on, zone=zone_of(plan))
        wrong += [_finding(bet, problem) for bet, problem in problems]
        if not problems:
            found.update({bet.name: where for bet, where in zip(ticket.bets, resolved, strict=True)})
    return found, wrong


def _finding(order: Order, problem: Unresolved) -> Finding:
    return Finding(
        order=order,
        key=problem.key,
        word=problem.word,
        text=problem.text,
        among=problem.among,
        did_you_mean=problem.did_you_mean,
    )


def zone_of(plan: Plan) -> tzinfo:
    """Where the plan's days and times are."""
    return ZoneInfo(plan.time_zone) if plan.time_zone else UTC


def _odds(order: LimitOrder, ladder: str, profile: VenueProfile) -> list[Finding]:
    """`check` knows the venue's usual ladder only; a market may have another."""
    below, above = profile.ladder(ladder).around(order.odds.ratio)
    if below is not None and below == above:
        return []
    near = " or ".join(str(odds) for odds in (below, above) if odds is not None)
    text = f"odds {order.odds} are not on the ladder of this market ({ladder}); the nearest are {near}"
    return [Finding(order=order, key="odds", word=str(order.odds), text=text, among=(), did_you_mean=None)]


def _question(target: Target) -> Target:
    """What decides the answer: the fixture, or the market's id. Its markets come whole."""
    return replace(target, market=None, selection=None, selection_id=None, line=None, favourite=None)
