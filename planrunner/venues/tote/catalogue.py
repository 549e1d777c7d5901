"""Products as the Tote lists them, into pools with their races and runners. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from planrunner.model.market import MarketId, MarketStatus, SelectionId
from planrunner.model.names import same_name
from planrunner.model.pools import Pool, PoolRunner, Product, ProductLeg, StakeRules
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.tote import wire
from planrunner.venues.tote.wire import arguments

# Rows of a page. A product with its races and runners is some 10 KB, one with its meeting's name alone a hundredth of that.
PRODUCTS, NAMES = 20, 100
# How the venue may tell a product's currencies: its documentation names the field and not its kind. The last does without.
CURRENCIES = ("supportedCurrencies { code }", "supportedCurrencies", "")
POOLS = {one.name: one for one in Pool}
STATUS = {"OPEN": MarketStatus.OPEN, "CLOSED": MarketStatus.CLOSED, "SETTLED": MarketStatus.CLOSED}
_OUT = frozenset({"NOT_AVAILABLE", "INACTIVE", "WITHDRAWN"})
_LIMIT = "{ decimalAmount currency { code } }"
_EVENT = "event { id name scheduledStartDateTime { iso8601 } status venue { name } }"
_RUNNERS = (
    "selections { nodes { id name status competitor { name entryStatus "
    "details { ... on HorseDetails { clothNumber } ... on GreyhoundDetails { trapNumber } } } } }"
)
_RULES = f"rules {{ bet {{ min {_LIMIT} max {_LIMIT} }} line {{ min {_LIMIT} max {_LIMIT} increment {_LIMIT} }} }}"
_DIVIDENDS = (
    "result { status dividends { nodes { dividend { name status amount { decimalAmount } } "
    "dividendLegs { nodes { id dividendSelections { nodes { id finishingPosition } } } } } } }"
)

# Requests


def names_query(on: date, after: str | None) -> str:
    """Every product of a day, with where it is run and nothing else."""
    where = arguments(date=on.isoformat(), first=NAMES, after=after)
    return (
        f"query Meetings {{ products{where} {{ pageInfo {{ hasNextPage endCursor }} "
        "nodes { id type { ... on BettingProduct { betType { code } legs { nodes { event { venue { name } } } } } } } } }"
    )


def products_query(ids: Sequence[str], currencies: str) -> str:
    """These products, whole."""
    fields = (
        f"id name type {{ ... on BettingProduct {{ betType {{ code {_RULES} }} selling {{ status }} {currencies} "
        f"country {{ alpha2Code }} legs {{ nodes {{ id {_EVENT} {_RUNNERS} }} }} }} }}"
    )
    return f"query Products {{ {_each(ids, fields)} }}"


def states_query(ids: Sequence[str]) -> str:
    """Whether these products take bets, and when they start."""
    fields = f"id type {{ ... on BettingProduct {{ selling {{ status }} legs {{ nodes {{ id {_EVENT} }} }} }} }}"
    return f"query Pools {{ {_each(ids, fields)} }}"


def dividends_query(id_: str) -> str:
    fields = f"id name type {{ ... on BettingProduct {{ {_DIVIDENDS} legs {{ nodes {{ id {_RUNNERS} }} }} }} }}"
    return f"query Dividends {{ {_each([id_], fields)} }}"


def _each(ids: Sequence[str], fields: str) -> str:
    return " ".join(f"p{number}: product{arguments(id=id_)} {{ {fields} }}" for number, id_ in enumerate(ids))


# Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A product of a day's list."""

    id: str
    meeting: str


def named(row: Any) -> Named | None:
    """None where planrunner knows no such pool, or it has no meeting."""
    inside = _inside(row)
    legs = wire.nodes(inside, "legs") if inside.get("legs") else []
    if wire.code(fields.block(inside, "betType"), "code") not in POOLS or not legs:
        return None
    name = wire.word(fields.block(fields.block(legs[0], "event"), "venue"), "name")
    return None if name is None else Named(id=fields.text(row, "id"), meeting=name)


def of_meeting(listed: Iterable[Named], meeting: str) -> tuple[list[str], tuple[str, ...]]:
    """The products of a meeting, and the names of the others."""
    listed = list(listed)
    here = [one.id for one in listed if same_name(one.meeting, meeting)]
    others = sorted({one.meeting for one in listed if not same_name(one.meeting, meeting)})
    return here, tuple(others)


def found(data: dict[str, Any]) -> list[Any]:
    """The products of an answer to a query that names them, in the order of the query. None for one that the venue does not know
    is left out."""
    return [data[name] for name in sorted(data, key=lambda name: (len(name), name)) if data[name] is not None]


def product(row: Any, currency: str) -> Product:
    """Raises Unreadable. Rules in other currencies than the account's say nothing to it."""
    inside = _inside(row)
    kind = fields.block(inside, "betType")
    pool = POOLS.get(wire.code(kind, "code"))
    if pool is None:
        raise Unreadable("a product is no pool that planrunner knows")
    legs = tuple(map(_leg, wire.nodes(inside, "legs")))
    if not legs:
        raise Unreadable("a product has no races")
    first = wire.nodes(inside, "legs")[0]
    return Product(
        id=MarketId(fields.text(row, "id")),
        name=wire.word(row, "name") or pool.value,
        pool=pool,
        meeting=fields.text(fields.block(fields.block(first, "event"), "venue"), "name"),
        country=_country(fields.block(inside, "country")),
        legs=legs,
        is_open=wire.code(fields.block(inside, "selling"), "status") == "OPEN",
        currencies=_currencies(inside),
        rules=_rules(fields.block(kind, "rules"), currency),
    )


def _inside(row: Any) -> dict[str, Any]:
    """What a product is as a pool: under `type` since February 2025, beside its name before."""
    inside = fields.block(row, "type")
    return {**row, **inside} if isinstance(row, dict) else inside


def _leg(row: Any) -> ProductLeg:
    event = fields.block(row, "event")
    return ProductLeg(
        id=fields.text(row, "id"),
        name=wire.word(event, "name") or "race",
        start=wire.moment(event, "scheduledStartDateTime"),
        runners=runners(row),
    )


def runners(leg: Any) -> tuple[PoolRunner, ...]:
    """Of a race, in the venue's order."""
    return tuple(map(_runner, wire.nodes(leg, "selections")))


def _runner(row: Any) -> PoolRunner:
    competitor = fields.block(row, "competitor")
    id_ = fields.text(row, "id")
    is_out = wire.code(row, "status") in _OUT or wire.code(competitor, "entryStatus") in _OUT
    return PoolRunner(
        id=SelectionId(id_),
        name=wire.word(competitor, "name") or wire.word(row, "name") or f"selection {id_}",
        number=_number(fields.block(competitor, "details")),
        runs=not is_out,
    )


def _number(details: dict[str, Any]) -> int | None:
    """Of the cloth or the trap. A horse that is coupled with another has a letter behind it (`1A`), and no number of its own."""
    value = next((details[name] for name in ("clothNumber", "trapNumber") if details.get(name) is not None), None)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < 1000 else None
    return int(value) if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,2}", value) else None


def _country(row: dict[str, Any]) -> str:
    code = wire.word(row, "alpha2Code") or ""
    return "GB" if code.upper() == "UK" else code.upper()


def _currencies(inside: dict[str, Any]) -> frozenset[str]:
    """Empty where the venue did not say."""
    listed = inside.get("supportedCurrencies")
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(fields.text(one, "code") if isinstance(one, dict) else _word(one) for one in listed)


def _word(value: Any) -> str:
    return fields.text({"currency": value}, "currency")


def _rules(rules: dict[str, Any], currency: str) -> StakeRules:
    bet, line = fields.block(rules, "bet"), fields.block(rules, "line")
    return StakeRules(
        bet_least=_limit(bet, "min", currency),
        bet_most=_limit(bet, "max", currency),
        line_least=_limit(line, "min", currency),
        line_most=_limit(line, "max", currency),
        line_step=_limit(line, "increment", currency),
    )


def _limit(row: dict[str, Any], name: str, currency: str) -> Decimal | None:
    if row.get(name) is None:
        return None
    amount, of = wire.money(row[name], name)
    return amount if of in (None, currency) else None


# While it is watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A pool as it was last seen. `races` are the venue's events, by which it tells that a start has moved."""

    market: MarketId
    status: MarketStatus
    start: datetime
    races: frozenset[str]


def seen(row: Any) -> Seen:
    """Raises Unreadable. A status that is not known is no ground to bet on."""
    inside = _inside(row)
    events = [fields.block(leg, "event") for leg in wire.nodes(inside, "legs")]
    if not events:
        raise Unreadable("a product has no races")
    return Seen(
        market=MarketId(fields.text(row, "id")),
        status=STATUS.get(wire.code(fields.block(inside, "selling"), "status"), MarketStatus.SUSPENDED),
        start=min(wire.moment(event, "scheduledStartDateTime") for event in events),
        races=frozenset(filter(None, (wire.word(event, "id") for event in events))),
    )
