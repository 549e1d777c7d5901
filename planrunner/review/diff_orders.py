"""Orders and tickets of two plans, each held against the one it was: by its name, a row of a table by what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from planrunner.model.plan import LimitOrder, Plan, PoolBet, Ticket
from planrunner.plan.digest import meaning
from planrunner.review.changes import Change, Spot, What
from planrunner.review.diff_align import Aligned, align
from planrunner.review.diff_fields import fields_of, same
from planrunner.review.diff_figures import Losses, loss, losses_of
from planrunner.review.diff_words import phrase

_Lost: TypeAlias = tuple[Losses, Losses]  # by the old plan's orders, and by the new one's


def of_orders(old: Plan, new: Plan) -> Iterator[Change]:
    yield from _Orders(old, new, (old.time_zone, new.time_zone)).changes()


def of_tickets(old: Plan, new: Plan) -> Iterator[Change]:
    yield from _Tickets(old, new, (old.time_zone, new.time_zone)).changes()


@dataclass(frozen=True, slots=True)
class _Orders:
    """The orders of both plans, each with what it can lose."""

    old: Plan
    new: Plan
    zones: tuple[str | None, str | None]

    def changes(self) -> Iterator[Change]:
        found = align(
            self.old.orders,
            self.new.orders,
            meaning,
            lambda order: (_table(order.name), _content(order)) if _table(order.name) else None,
            lambda order: order.name if not _table(order.name) else None,
            lambda order: (_table(order.name), meaning(order.target)) if _table(order.name) else None,
            lambda order: order.name,
            _content,
        )
        lost = losses_of(self.old), losses_of(self.new)
        for was, now in found.pairs:
            if not same(was, now):
                yield from self._changed(was, now, lost)
        yield from self._came_and_went(found, lost)
        yield from _moved(found, "orders", self.zones)

    def _changed(self, was: LimitOrder, now: LimitOrder, lost: _Lost) -> Iterator[Change]:
        spot = self._spot(now)
        if was.name != now.name:
            yield spot.into("name").tells(f"was called {was.name}", was.name, now.name, What.RENAMED)
        yield from fields_of(spot, was, now, but=frozenset({"name"}))
        yield from loss(spot, lost[0].get(id(was)), lost[1].get(id(now)))

    def _came_and_went(self, found: Aligned[LimitOrder], lost: _Lost) -> Iterator[Change]:
        for order in found.removed:
            yield self._spot(order).tells(
                f"gone: {_whole(order, self.zones[0], lost[0])}", phrase(order, self.zones[0]), "", What.REMOVED
            )
        for order in found.added:
            yield self._spot(order).tells(
                f"new: {_whole(order, self.zones[1], lost[1])}", "", phrase(order, self.zones[1]), What.ADDED
            )

    def _spot(self, order: LimitOrder) -> Spot:
        return Spot(about=order.name, path=f"orders.{order.name}", line=order.line, zones=self.zones)


@dataclass(frozen=True, slots=True)
class _Tickets:
    """The tickets of both plans and the bets on them."""

    old: Plan
    new: Plan
    zones: tuple[str | None, str | None]

    def changes(self) -> Iterator[Change]:
        found = align(
            self.old.tickets,
            self.new.tickets,
            meaning,
            lambda ticket: (_table(ticket.name), _of_ticket(ticket)) if _table(ticket.name) else None,
            lambda ticket: ticket.name,
            _of_ticket,
        )
        for was, now in found.pairs:
            if not same(was, now):
                yield from self._changed(was, now)
        for ticket in found.removed:
            yield self._spot(ticket).is_gone("", phrase(ticket, self.zones[0]))
        for ticket in found.added:
            yield self._spot(ticket).is_new("", phrase(ticket, self.zones[1]))
        yield from _moved(found, "tickets", self.zones)

    def _changed(self, was: Ticket, now: Ticket) -> Iterator[Change]:
        spot = self._spot(now)
        if was.name != now.name:
            yield spot.into("name").tells(f"was called {was.name}", was.name, now.name, What.RENAMED)
        yield from fields_of(spot, was, now, but=frozenset({"name", "bets"}))
        yield from self._bets(_called(was, now.name), now)

    def _bets(self, was: Ticket, now: Ticket) -> Iterator[Change]:
        """`was` is the ticket under its new name, so that this is told once."""
        found = align(
            was.bets,
            now.bets,
            meaning,
            lambda bet: meaning(replace(bet, number=0)),
            lambda bet: bet.number,
            lambda bet: (bet.pool, tuple(leg.race for leg in bet.legs)),
        )
        for old, new in found.pairs:
            if not same(old, new):
                yield from self._bet(old, new)
        yield from (self._of_bet(bet).is_gone("", phrase(bet, self.zones[0])) for bet in found.removed)
        yield from (self._of_bet(bet).is_new("", phrase(bet, self.zones[1])) for bet in found.added)
        yield from _moved(found, "tickets", self.zones)

    def _bet(self, old: PoolBet, new: PoolBet) -> Iterator[Change]:
        spot = self._of_bet(new)
        if old.number != new.number:
            yield spot.into("number").tells(f"was {old.name}", old.name, new.name, What.RENAMED)
        yield from fields_of(spot, old, new, but=frozenset({"number"}))
        yield from loss(spot, old.stake, new.stake)

    def _of_bet(self, bet: PoolBet) -> Spot:
        return Spot(about=bet.name, path=f"tickets.{bet.name}", line=bet.line, zones=self.zones)

    def _spot(self, ticket: Ticket) -> Spot:
        return Spot(about=ticket.name, path=f"tickets.{ticket.name}", line=ticket.line, zones=self.zones)


def _moved(found: Aligned[Any], path: str, zones: tuple[str | None, str | None]) -> Iterator[Change]:
    for one, after in found.moved:
        stands = f"after {after.name}" if after is not None else "first"
        spot = Spot(about=one.name, path=f"{path}.{one.name}", line=one.line, zones=zones)
        yield spot.tells(f"stands {stands} now", what=What.MOVED)


def _table(name: str) -> str:
    """What the rows of one table have in common: the name before `#`."""
    before, sign, _ = name.rpartition("#")
    return before if sign else ""


def _content(order: LimitOrder) -> str:
    """All but its name."""
    return meaning(replace(order, name=""))


def _of_ticket(ticket: Ticket) -> str:
    return meaning(_called(ticket, ""))


def _called(ticket: Ticket, name: str) -> Ticket:
    """The same under another name, which its bets bear too."""
    bets = tuple(replace(bet, ticket=name) if bet.ticket == ticket.name else bet for bet in ticket.bets)
    return replace(ticket, name=name, bets=bets)


def _whole(order: LimitOrder, zone: str | None, losses: Losses) -> str:
    most = f"; worst loss {losses[id(order)]}" if id(order) in losses else ""
    return f"{phrase(order, zone)}{most}"
