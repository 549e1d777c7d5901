"""What is bet on: sporting contests, their markets and selections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import NewType

AccountName = NewType("AccountName", str)
MarketId = NewType("MarketId", str)
SelectionId = NewType("SelectionId", str)
BetId = NewType("BetId", str)
OrderRef = NewType("OrderRef", str)
RunId = NewType("RunId", str)


class MarketStatus(StrEnum):
    """As the venue reports it. Bets are taken while `OPEN` only."""

    INACTIVE = "inactive"
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A runner, a team, an outcome. `handicap` is 0 where the market has none."""

    id: SelectionId
    name: str
    handicap: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A market as the venue's catalogue describes it.

    `start` is the scheduled start (UTC) and may move; `ladder` names a ladder of the venue's profile;
    `commission` is the venue's share of net winnings, `0.05` for 5 %; `turns_in_play` says whether bets may stay after the start.
    `sport`, `country` (two letters), `meeting` and `kind` are empty where the venue did not say; `kind` is its code for markets
    of the same sort (`WIN`), whatever it calls this one (`2m4f Hcap`).
    """

    id: MarketId
    name: str
    fixture: str
    start: datetime
    selections: tuple[Selection, ...]
    ladder: str
    commission: Decimal = Decimal(0)
    turns_in_play: bool = False
    sport: str = ""
    country: str = ""
    meeting: str = ""
    kind: str = ""


def titles(markets: Collection[Market], zone: tzinfo) -> dict[MarketId, str]:
    """What each market is called where people read of it: `Win of Ascot`, with its start where others are called the same."""
    plain = {one.id: f"{one.name} of {one.fixture}" for one in markets}
    often = Counter(plain.values())
    starts = {one.id: one.start.astimezone(zone) for one in markets}
    form = "%H:%M" if len({start.date() for start in starts.values()}) == 1 else "%Y-%m-%d %H:%M"
    return {id_: title if often[title] == 1 else f"{title}, {starts[id_]:{form}}" for id_, title in plain.items()}
