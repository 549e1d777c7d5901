"""All bets of the account, whoever placed them: current orders, and cleared ones that have a reference. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from planrunner.model.market import BetId, MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.ports import VenueBet
from planrunner.venues import fields
from planrunner.venues.betfair import wire
from planrunner.venues.betfair.catalogue import written
from planrunner.venues.betfair.holdings import Cleared, gather, held, is_ours
from planrunner.venues.exact_json import Unreadable

SIDES = {"BACK": Side.BACK, "LAY": Side.LAY}


def cleared_params(kind: str, since: datetime) -> dict[str, Any]:
    """Of the settled ones bet by bet; the venue rolls them up otherwise."""
    params: dict[str, Any] = {"betStatus": kind, "settledDateRange": {"from": written(since)}}
    return {**params, "groupBy": "BET"} if kind == "SETTLED" else params


def bets(current: Iterable[Any], cleared: Mapping[str, Sequence[Any]], at: datetime) -> tuple[VenueBet, ...]:
    """One that was cleared between the two looks is in both lists, and cleared. Raises Unreadable: to leave one out would be to
    say that it is not there."""
    found = {bet.bet: bet for bet in map(_current, current)}
    rows = {fields.text(row, "betId"): row for kind in cleared for row in filter(is_ours, cleared[kind])}
    for bet, one in gather(cleared).items():
        found[bet] = _cleared(one, rows[bet], at)
    return tuple(found[bet] for bet in sorted(found))


def _current(row: Any) -> VenueBet:
    if is_ours(row):
        ours = held(row)
        sizes, average = ours.sizes, ours.average_odds
    else:  # placed by hand, or of a kind that planrunner never places: its parts are what there is to say
        sizes, average = _parts(row), wire.average(row, "averagePriceMatched")
    ref = wire.word(row, "customerOrderRef")
    return VenueBet(
        bet=BetId(fields.text(row, "betId")),
        ref=OrderRef(ref) if ref else None,
        market=MarketId(fields.text(row, "marketId")),
        selection=SelectionId(str(fields.number(row, "selectionId"))),
        side=_side(row),
        odds=fields.number(fields.optional(row, "priceSize") or {"price": 0}, "price"),  # one at starting price has none
        sizes=sizes,
        average_odds=average,
    )


def _parts(row: Any) -> Sizes:
    names = ("sizeMatched", "sizeCancelled", "sizeLapsed", "sizeVoided")
    matched, cancelled, lapsed, voided = (wire.size(row, name) for name in names)
    stake = wire.size(row, "sizeRemaining") + matched + cancelled + lapsed + voided
    return Sizes(stake=stake, matched=matched, cancelled=cancelled, lapsed=lapsed, voided=voided)


def _cleared(one: Cleared, row: Any, at: datetime) -> VenueBet:
    return VenueBet(
        bet=one.bet,
        ref=one.ref,
        market=MarketId(fields.text(row, "marketId")),
        selection=SelectionId(str(fields.number(row, "selectionId"))),
        side=_side(row),
        odds=fields.number(row, "priceRequested") if "priceRequested" in row else Decimal(0),
        sizes=one.sizes(one.total),
        average_odds=one.average_odds,
        settled=one.settled(at),
    )


def _side(row: Any) -> Side:
    side = SIDES.get(fields.text(row, "side"))
    if side is None:
        raise Unreadable("a bet is neither a back nor a lay")
    return side
