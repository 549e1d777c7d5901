"""What the Tote holds: bets and dividends into facts. Pure.

A bet is accepted or refused as a whole. The venue may have rounded its stake down to what the pool takes; what it took is the
bet, and the rest of what was asked has lapsed. A result is booked once it is paid, never while it is provisional.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from planrunner.model.commands import QueryOrder
from planrunner.model.events import (
    BetSettled,
    Event,
    OrderNotFound,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
)
from planrunner.model.market import BetId, MarketId, OrderRef, SelectionId
from planrunner.model.placement import Sizes
from planrunner.model.pools import Dividend, PoolRunner
from planrunner.ports import VenueBet
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.tote import catalogue, wire
from planrunner.venues.tote.codes import HELD, PAID, REFUSED, Placed, placed, reason
from planrunner.venues.tote.wire import arguments

ZERO = Decimal("0.00")
IDS_AT_ONCE = 50
PAGE = 50
MOST_DIVIDENDS = 100  # a pool pays a handful; one that pays thousands fills nobody's report
MONEY = "{ decimalAmount currency { code } }"
PLACEMENT = (
    f"placement {{ status rejectionReason productId stake {MONEY} "
    "legs { productLegId selections { productLegSelectionID position } } }"
)
BET = (
    f"id toteId ticket {{ id }} createDateTime {{ iso8601 }} {PLACEMENT} "
    f"resulting {{ status returns {{ totalAmount {MONEY} refundAmount {MONEY} }} }} settlement {{ status }}"
)
_OURS = re.compile("[a-z2-7]{32}")

# Requests


def bets_query(**where: Any) -> str:
    """A page of bets."""
    given = arguments(**{"first": PAGE, **where})
    return f"query Bets {{ bets{given} {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {BET} }} }} }}"


# Bets


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A bet as the venue has it. `taken` is None where it does not say: then it is what was asked. `returned` is all that it
    pays, `refunded` what of that is stake for runners that did not run."""

    bet: BetId
    ref: OrderRef
    ticket: str | None
    market: MarketId | None
    made: datetime | None
    placed: Placed
    taken: Decimal | None
    currency: str | None
    because: str
    picks: frozenset[tuple[str, str, int | None]] | None
    is_void: bool = False
    is_resulted: bool = False
    is_paid: bool = False
    returned: Decimal | None = None
    refunded: Decimal = ZERO

    @property
    def look(self) -> tuple[object, ...]:
        """What can change about it."""
        return (self.placed, self.taken, self.is_void, self.is_resulted, self.is_paid, self.returned, self.refunded)

    def sizes(self, asked: Decimal | None) -> Sizes:
        """Raises Unreadable where the venue holds more than was asked."""
        taken = self.taken if self.taken is not None else asked
        if taken is None:
            raise Unreadable("the venue does not say what the bet cost")
        stake = taken if asked is None else asked
        if taken > stake or taken <= 0:
            raise Unreadable("the venue holds another stake than was asked")
        lapsed = stake - taken
        match self.placed:
            case Placed.ACCEPTED:
                return Sizes(stake=stake, matched=taken, lapsed=lapsed)
            case Placed.CANCELLED:
                return Sizes(stake=stake, voided=taken, lapsed=lapsed)
            case _:
                return Sizes(stake=stake, lapsed=lapsed)

    def settled(self, asked: Decimal | None, at: datetime, dividends: tuple[Dividend, ...] = ()) -> BetSettled | None:
        """None while it is not paid. Raises Unreadable."""
        if not self.is_paid or not (self.is_resulted or self.is_void):
            return None
        taken = self.sizes(asked).stake - self.sizes(asked).lapsed
        returned = self.returned if self.returned is not None else taken if self.is_void else None
        if returned is None:
            raise Unreadable("a bet is settled and the venue does not say what it paid")
        profit, won = returned - taken, returned - self.refunded
        is_void = self.is_void or (self.refunded >= taken and won <= 0)
        return BetSettled(
            at=at,
            ref=self.ref,
            bet=self.bet,
            outcome=Outcome.VOID if is_void else Outcome.WON if won > 0 else Outcome.LOST,
            profit=profit,
            refunded=self.refunded,
            dividends=() if is_void else dividends,
        )


def is_ours(row: Any) -> bool:
    """Bets whose key has the form of our references. Others were placed by another program."""
    return isinstance(row, dict) and isinstance(row.get("id"), str) and _OURS.fullmatch(row["id"]) is not None


def held(row: Any) -> Held:
    """Raises Unreadable."""
    placement, resulting = fields.block(row, "placement"), fields.block(row, "resulting")
    returns, settlement = fields.block(resulting, "returns"), fields.block(row, "settlement")
    stake = placement.get("stake")
    taken, currency = (None, None) if stake is None else wire.money(stake, "stake")
    status, paid = placed(wire.code(placement, "status")), wire.code(settlement, "status")
    market = wire.word(placement, "productId")
    refunded = wire.amount(returns, "refundAmount") or ZERO
    returned = wire.amount(returns, "totalAmount")
    if refunded < 0 or (returned is not None and returned < refunded):
        raise Unreadable("what a bet pays does not add up")
    resulted = wire.code(resulting, "status")
    return Held(
        bet=BetId(fields.text(row, "toteId")),
        ref=OrderRef(fields.text(row, "id")),
        ticket=wire.word(fields.block(row, "ticket"), "id"),
        market=None if market is None else MarketId(market),
        made=None if row.get("createDateTime") is None else wire.moment(row, "createDateTime"),
        placed=status,
        taken=taken,
        currency=currency,
        because=wire.shown(placement.get("rejectionReason")),
        picks=_picks(placement),
        is_void=status is Placed.CANCELLED or resulted == "CANCELLED",
        is_resulted=resulted == "RESULTED",
        is_paid=paid in PAID,
        returned=returned,
        refunded=refunded,
    )


def _picks(placement: dict[str, Any]) -> frozenset[tuple[str, str, int | None]] | None:
    """Race, runner and place of everything that was picked; None where the venue does not say."""
    if placement.get("legs") is None:
        return None
    return frozenset(
        (fields.text(leg, "productLegId"), fields.text(one, "productLegSelectionID"), _place(one))
        for leg in fields.rows(placement, "legs")
        for one in fields.rows(leg, "selections")
    )


def _place(row: Any) -> int | None:
    """A number in what is asked; in answers it may be text."""
    value = wire.word(row, "position")
    if value is None or value == "0":
        return None
    if not re.fullmatch("[1-9][0-9]?", value):
        raise Unreadable("`position` is no place")
    return int(value)


def refusal(row: Any, at: datetime) -> OrderRejected | None:
    """None for a bet that is not refused. A refused one may have neither a number of the venue's nor a stake, so nothing else of
    it is read. Raises Unreadable."""
    placement = fields.block(row, "placement")
    status = placed(wire.code(placement, "status"))
    if status not in REFUSED:
        return None
    because = reason(placement.get("rejectionReason"), status)
    return OrderRejected(
        at=at, ref=OrderRef(fields.text(row, "id")), reason=because.code, text=because.text, conclusive=True,
        transient=because.transient,
    )  # fmt: skip


def reported(one: Held, asked: Decimal | None, at: datetime) -> OrderReported:
    """Raises Unreadable."""
    if one.placed not in HELD:
        raise Unreadable("its status is none that planrunner knows")
    return OrderReported(at=at, ref=one.ref, bet=one.bet, sizes=one.sizes(asked))


def found(command: QueryOrder, rows: list[Any], currency: str, at: datetime) -> tuple[Event, ...]:
    """The answer to a look-up: one fact."""
    mine = [row for row in rows if isinstance(row, dict) and str(row.get("id")) == command.ref]
    if not mine:
        return (OrderNotFound(at=at, ref=command.ref),)
    try:
        if (refused := refusal(mine[0], at)) is not None:
            return (refused,)
        one = held(mine[0])
        if one.market not in (None, command.market) or one.currency not in (None, currency):
            text = "the venue holds another bet under this reference; look at it there"
            return (OrderUnknown(at=at, ref=command.ref, text=text),)
        return (reported(one, command.stake, at),)
    except ValueError as error:
        return (OrderUnknown(at=at, ref=command.ref, text=f"what the venue holds can't be read: {error}"),)


def listed(row: Any, at: datetime) -> VenueBet | None:
    """For a list of all bets of the account; None for one that was refused, and so is none. Raises Unreadable."""
    if refusal(row, at) is not None:
        return None
    one = held(row)
    return VenueBet(
        bet=one.bet,
        ref=one.ref,
        market=one.market or MarketId(""),
        selection=SelectionId(""),
        side=None,
        odds=None,
        sizes=reported(one, None, at).sizes,
        average_odds=None,
        settled=one.settled(None, at),
    )


# Dividends


def dividends(row: Any) -> tuple[Dividend, ...]:
    """What a pool pays, in the order in which the venue lists it. Raises Unreadable."""
    inside = fields.block(row, "type") or row
    result = fields.block(inside, "result")
    if result.get("dividends") is None:
        return ()
    runners = {one.id: one for leg in wire.nodes(inside, "legs") for one in catalogue.runners(leg)}
    final = wire.code(result, "status") == "FINAL"
    name = wire.word(row, "name") or "dividend"
    return tuple(_dividend(one, runners, name, final) for one in wire.nodes(result, "dividends")[:MOST_DIVIDENDS])


def _dividend(row: Any, runners: Mapping[SelectionId, PoolRunner], pool: str, final: bool) -> Dividend:
    own = fields.block(row, "dividend")
    status = wire.code(own, "status")
    legs = wire.nodes(row, "dividendLegs") if row.get("dividendLegs") is not None else []
    return Dividend(
        name=wire.word(own, "name") or pool,
        on=", ".join(filter(None, (_combination(leg, runners) for leg in legs))),
        pays=fields.number(own.get("amount"), "decimalAmount"),
        is_final=status == "FINAL" or (status == "UNKNOWN" and final),
    )


def _combination(leg: Any, runners: Mapping[SelectionId, PoolRunner]) -> str:
    """`4 - 6`, in the order of finish where the venue tells it."""
    rows = wire.nodes(leg, "dividendSelections") if leg.get("dividendSelections") is not None else []
    ordered = sorted(rows, key=lambda one: _finish(wire.word(one, "finishingPosition")))
    return " - ".join(_called(runners.get(SelectionId(fields.text(one, "id")))) for one in ordered)


def _finish(place: str | None) -> int:
    return int(place) if place is not None and re.fullmatch("[0-9]{1,3}", place) else 1000


def _called(runner: PoolRunner | None) -> str:
    if runner is None:
        return "?"
    return runner.name if runner.number is None else str(runner.number)
