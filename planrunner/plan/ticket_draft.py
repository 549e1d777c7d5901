"""Tickets to values, as `decode` does it for orders. Most plans have none, and don't pay for reading this."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from planrunner.model.pools import SHAPES, Leg, Pool
from planrunner.plan.decode import DraftBet, DraftTicket, Reading, placing, read_step, steps_of
from planrunner.plan.nodes import Block, Listing, Scalar
from planrunner.plan.schema import Shape

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# Who may come in where, in the order of the places.
PLACES = ("first", "second", "third")
EACH_WAY = "each_way"
_POOLS = {EACH_WAY: (Pool.WIN, Pool.PLACE), **{pool.value: (pool,) for pool in Pool}}


def read_ticket(reading: Reading, node: Block, zone: ZoneInfo | None) -> DraftTicket:
    is_today = reading.text(node, "date") == "today"
    return DraftTicket(
        node=node,
        name=reading.text(node, "name"),
        account=reading.text(node, "venue"),
        meeting=reading.text(node, "meeting"),
        on=None if is_today else reading.day(node, "date"),
        today=is_today,
        place=placing(reading, node, zone),
        total_cost=reading.money(node, "total_cost"),
        bets=[_bet(reading, one) for one in _blocks(reading.shape, node, "bets")],
        steps=[read_step(reading, one) for one in steps_of(reading.shape, node)],
        is_whole=_is_whole(reading.shape, node),
    )


def _bet(reading: Reading, node: Block) -> DraftBet:
    pools = _POOLS.get(reading.text(node, "pool") or "", ())
    legs = tuple(_legs(reading, node, pools[0])) if pools else ()
    return DraftBet(
        node=node,
        pools=pools,
        legs=tuple(leg for leg in legs if leg is not None) if None not in legs else (),
        unit=reading.money(node, "unit_stake"),
    )


def _legs(reading: Reading, node: Block, pool: Pool) -> Iterator[Leg | None]:
    """None for one that can't be read."""
    if SHAPES[pool].races == 1:
        yield _leg(reading, node, ordered=SHAPES[pool].ordered)
        return
    for one in leg_blocks(reading.shape, node):
        yield _leg(reading, one, ordered=False)


def _leg(reading: Reading, node: Block, *, ordered: bool) -> Leg | None:
    race, keys = reading.text(node, "race"), [place for place in PLACES if place in node.values] if ordered else []
    finish = tuple(_runners(reading.shape, node, place) for place in keys)
    runners = () if keys else _runners(reading.shape, node, "runners")
    reserves = _runners(reading.shape, node, "reserves") if "reserves" in node.values else ()
    if race is None or runners is None or reserves is None:
        return None
    known = tuple(some for some in finish if some is not None)
    return Leg(race=race, runners=runners, finish=known, reserves=reserves) if len(known) == len(finish) else None


def _runners(shape: Shape, node: Block, key: str) -> tuple[str, ...] | None:
    items = runners_of(shape, node, key)
    return tuple(" ".join(item.text.split()) for item in items) if items is not None else None


def runners_of(shape: Shape, node: Block, key: str) -> list[Scalar] | None:
    """The runners of a list, each where it stands; None where the list, or one of them, can't be read."""
    listing = node.values.get(key)
    if not isinstance(listing, Listing) or id(listing) in shape.bad:
        return None
    found = [item for item in listing.items if isinstance(item, Scalar) and id(item) not in shape.bad]
    return found if len(found) == len(listing.items) else None


def leg_blocks(shape: Shape, bet: Block) -> list[Block]:
    return _blocks(shape, bet, "legs")


def _blocks(shape: Shape, node: Block, key: str) -> list[Block]:
    listing = node.values.get(key)
    if not isinstance(listing, Listing) or id(listing) in shape.bad:
        return []
    return [item for item in listing.items if isinstance(item, Block) and id(item) not in shape.bad]


def _is_whole(shape: Shape, node: Block) -> bool:
    """Could every bet be read as one?"""
    listing = node.values.get("bets")
    return isinstance(listing, Listing) and len(_blocks(shape, node, "bets")) == len(listing.items)
