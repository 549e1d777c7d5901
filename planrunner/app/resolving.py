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
from planrunner.model.plan import LimitOrder, Move, Order, Plan, Target, Ticket
from planrunner.model.profile import VenueProfile
from planrunner.ports import Card, Catalogue, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A word of an order that does not fit the venue: which key holds it, what is wrong, and the nearest that fits. `moved`: the
    key is of the step that moves its remainder."""

    order: Order
    key: str
    word: str
    text: str
    among: tuple[str, ...]
    did_you_mean: str | None
    moved: bool = False


class DoesNotFit(PlanProblems):
    """The plan is well written, and the venue does not know what it names. Nothing was placed."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(f"{one.order.name}: {one.text}" for one in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where everything goes, by the names of orders and of bets of tickets."""

    orders: Mapping[str, Resolved]
    moves: Mapping[str, Resolved]
    bets: Mapping[str, ResolvedBet]


async def resolve_plan(plan: Plan, venues: Mapping[AccountName, Venue], *, today: date) -> Where:
    """Every order's market and selection, and every pool bet's product and runners.

    One question per fixture or meeting, however many orders are on it. Raises DoesNotFit with everything that is wrong,
    VenueTrouble, VenueRefused.
    """
    asking = _Asking(venues, zone_of(plan), today)
    orders: dict[str, Resolved] = {}
    moves: dict[str, Resolved] = {}
    bets: dict[str, ResolvedBet] = {}
    for order in plan.orders:
        if (where := await asking.where(order, order)) is not None:
            orders[order.name] = where
        if (move := order.move) is not None and (there := await asking.where(order, move)) is not None:
            moves[order.name] = there
    for ticket in plan.tickets:
        bets.update(await asking.bets(ticket))
    if asking.wrong:
        raise DoesNotFit(tuple(asking.wrong))
    return Where(orders=orders, moves=moves, bets=bets)


class _Asking:
    """Asks each question once, and gathers what is wrong."""

    def __init__(self, venues: Mapping[AccountName, Venue], zone: tzinfo, today: date) -> None:
        self.wrong: list[Finding] = []
        self._venues = venues
        self._zone = zone
        self._today = today
        self._catalogues: dict[tuple[AccountName, Target], Catalogue] = {}
        self._cards: dict[tuple[AccountName, str, date | None], Card] = {}

    async def where(self, order: LimitOrder, goes: LimitOrder | Move) -> Resolved | None:
        """Of an order, or of its remainder on another account."""
        target, venue = goes.target, self._venues[goes.account]
        on = self._today if target.today else target.on
        question = (goes.account, target if venue.profile.by_ids_only else _question(target))
        if question not in self._catalogues:
            self._catalogues[question] = await venue.find(question[1], on=on)
        catalogue = self._catalogues[question]
        where = resolve(target, catalogue.markets, nearby=catalogue.nearby, on=on, zone=self._zone)
        if isinstance(where, Unresolved):
            self.wrong.append(_finding(order, where, moved=isinstance(goes, Move)))
            return None
        self.wrong += _odds(order, goes, where.market.ladder, venue.profile)
        return where

    async def bets(self, ticket: Ticket) -> dict[str, ResolvedBet]:
        on = self._today if ticket.today else ticket.on
        question = (ticket.account, ticket.meeting, on)
        if question not in self._cards:
            self._cards[question] = await self._venues[ticket.account].products(ticket.meeting, on=on)
        card = self._cards[question]
        resolved, problems = resolve_ticket(ticket, card.products, nearby=card.nearby, on=on, zone=self._zone)
        self.wrong += [_finding(bet, problem) for bet, problem in problems]
        return {} if problems else {bet.name: where for bet, where in zip(ticket.bets, resolved, strict=True)}


def _finding(order: Order, problem: Unresolved, *, moved: bool = False) -> Finding:
    return Finding(
        order=order,
        key=problem.key,
        word=problem.word,
        text=problem.text,
        among=problem.among,
        did_you_mean=problem.did_you_mean,
        moved=moved,
    )


def zone_of(plan: Plan) -> tzinfo:
    """Where the plan's days and times are."""
    return ZoneInfo(plan.time_zone) if plan.time_zone else UTC


def _odds(order: LimitOrder, goes: LimitOrder | Move, ladder: str, profile: VenueProfile) -> list[Finding]:
    """`check` knows the venue's usual ladder only; a market may have another."""
    asked = goes.odds
    below, above = profile.ladder(ladder).around(asked.ratio)
    if below is not None and below == above:
        return []
    near = " or ".join(str(odds) for odds in (below, above) if odds is not None)
    text = f"odds {asked} are not on the ladder of this market ({ladder}); the nearest are {near}"
    moved = isinstance(goes, Move)
    return [Finding(order=order, key="odds", word=str(asked), text=text, among=(), did_you_mean=None, moved=moved)]


def _question(target: Target) -> Target:
    """What decides the answer: the fixture, or the market's id. Its markets come whole."""
    return replace(target, market=None, selection=None, selection_id=None, line=None, favourite=None)
