"""What a recording says of the market itself: its definition, repeated in full whenever anything of it changes.

Markets whose rules planrunner does not play (handicaps, lines, each way) are refused here by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from planrunner.model.errors import WrongUse
from planrunner.model.market import MarketStatus

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNPLAYED_BETTING_TYPES = {"LINE", "ASIAN_HANDICAP_DOUBLE_LINE", "ASIAN_HANDICAP_SINGLE_LINE", "RANGE", "FIXED_ODDS"}


class NotPlayed(WrongUse):
    """A kind of market, or an ending, that planrunner does not play."""


class RunnerStatus(StrEnum):
    ACTIVE = "ACTIVE"
    WINNER = "WINNER"
    LOSER = "LOSER"
    REMOVED = "REMOVED"
    REMOVED_VACANT = "REMOVED_VACANT"
    HIDDEN = "HIDDEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerDefinition:
    """`name` None: neither the recording nor a catalogue tells it. `factor`: adjustment factor in percent."""

    id: int
    name: str | None
    status: RunnerStatus
    sort_priority: int
    factor: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Times are milliseconds. `base_rate` is the commission as a fraction; `ladder` the name of the market's ladder."""

    market: str
    name: str | None
    event: str | None
    event_name: str | None
    event_type: str | None
    market_type: str | None
    country: str | None
    venue: str | None
    time_zone: str | None
    start: int
    open_date: int | None
    settled_at: int | None
    status: MarketStatus
    in_play: bool
    bet_delay_ms: int
    version: int
    base_rate: Decimal
    ladder: str
    winners_wanted: int
    turns_in_play: bool
    persistence: bool
    bsp: bool
    bsp_reconciled: bool
    complete: bool
    cross_matching: bool
    runners_voidable: bool
    runners: tuple[RunnerDefinition, ...]

    @property
    def winners(self) -> frozenset[int]:
        return frozenset(runner.id for runner in self.runners if runner.status is RunnerStatus.WINNER)

    @property
    def removed(self) -> frozenset[int]:
        gone = (RunnerStatus.REMOVED, RunnerStatus.REMOVED_VACANT)
        return frozenset(runner.id for runner in self.runners if runner.status in gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Names that a recording itself does not hold, as `listMarketCatalogue` gave them."""

    market: str
    name: str | None
    event_name: str | None
    runners: Mapping[int, str]


def read_catalogue(content: bytes) -> Catalogue:
    """From the bytes of a saved catalogue of one market. Raises WrongUse."""
    try:
        raw = json.loads(content, parse_float=str)
        raw = raw[0] if isinstance(raw, list) else raw
        return Catalogue(
            market=raw["marketId"],
            name=raw.get("marketName"),
            event_name=(raw.get("event") or {}).get("name"),
            runners={int(runner["selectionId"]): runner["runnerName"] for runner in raw.get("runners", ())},
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise WrongUse(f"the catalogue beside the recording is not readable ({error!r})") from error


def read_definition(market: str, raw: Mapping[str, Any], catalogue: Catalogue | None) -> Definition:
    """Raises NotPlayed, or LookupError, TypeError or ValueError where the definition is not one."""
    _refuse_unplayed(raw)
    names = catalogue.runners if catalogue is not None else {}
    status = MarketStatus(raw["status"].lower())
    return Definition(
        market=market,
        name=raw.get("name") or (catalogue.name if catalogue else None),
        event=raw.get("eventId"),
        event_name=raw.get("eventName") or (catalogue.event_name if catalogue else None),
        event_type=raw.get("eventTypeId"),
        market_type=raw.get("marketType"),
        country=raw.get("countryCode"),
        venue=raw.get("venue"),
        time_zone=raw.get("timezone"),
        start=_milliseconds(raw["marketTime"]),
        open_date=_milliseconds(raw["openDate"]) if raw.get("openDate") else None,
        settled_at=_milliseconds(raw["settledTime"]) if raw.get("settledTime") else None,
        status=status,
        in_play=bool(raw.get("inPlay")),
        bet_delay_ms=1000 * int(raw.get("betDelay", 0)),
        version=int(raw.get("version", 0)),
        base_rate=Decimal(raw.get("marketBaseRate", 0)) / 100,
        ladder=(raw.get("priceLadderDefinition") or {}).get("type", "CLASSIC"),
        winners_wanted=int(raw.get("numberOfWinners", 0)),
        turns_in_play=bool(raw.get("turnInPlayEnabled")),
        persistence=bool(raw.get("persistenceEnabled")),
        bsp=bool(raw.get("bspMarket")),
        bsp_reconciled=bool(raw.get("bspReconciled")),
        complete=bool(raw.get("complete")),
        cross_matching=bool(raw.get("crossMatching")),
        runners_voidable=bool(raw.get("runnersVoidable")),
        runners=tuple(_runner(runner, names) for runner in raw["runners"]),
    )


def _runner(raw: Mapping[str, Any], names: Mapping[int, str]) -> RunnerDefinition:
    number = int(raw["id"])
    factor = raw.get("adjustmentFactor")
    return RunnerDefinition(
        id=number,
        name=raw.get("name") or names.get(number),
        status=RunnerStatus(raw["status"]),
        sort_priority=int(raw.get("sortPriority", 0)),
        factor=None if factor is None else Decimal(factor),
    )


def _refuse_unplayed(raw: Mapping[str, Any]) -> None:
    betting_type, market_type = raw.get("bettingType", "ODDS"), raw.get("marketType")
    if betting_type in _UNPLAYED_BETTING_TYPES:
        raise NotPlayed(f"markets of betting type {betting_type} are not supported yet; use one of type ODDS")
    if market_type == "EACH_WAY":
        raise NotPlayed("each-way markets are not supported yet; use a win or a place market")
    if any(Decimal(runner.get("hc") or 0) for runner in raw["runners"]):
        raise NotPlayed("markets with handicaps are not supported yet")


def _milliseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
