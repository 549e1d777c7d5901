"""listCurrentOrders, listClearedOrders and listMarketProfitAndLoss (section 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from planrunner.model.odds import Side
from planrunner.sandbox.betfair.books import ORDER_STATES, refs
from planrunner.sandbox.betfair.errors import Refused
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.filtering import state
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.wire import Json, average, millisecond, money, second
from planrunner.sandbox.bets import OurBet
from planrunner.sandbox.board import Board

PAGE = 1000
MOST_IDS = 250
MOST_CLEARED_IDS = 1000
ORDERS_BY = frozenset(("BY_BET", "BY_MARKET", "BY_MATCH_TIME", "BY_PLACE_TIME", "BY_SETTLED_TIME", "BY_VOID_TIME"))
DIRECTIONS = frozenset(("EARLIEST_TO_LATEST", "LATEST_TO_EARLIEST"))
BET_STATES = frozenset(("SETTLED", "VOIDED", "LAPSED", "CANCELLED"))
GROUPS = frozenset(("EVENT_TYPE", "EVENT", "MARKET", "RUNNER", "SIDE", "BET", "STRATEGY"))
REGULATOR = "GIBRALTAR REGULATOR"
T = TypeVar("T")


def list_current_orders(exchange: Exchange, owner: str, params: Params) -> Json:
    """Every bet of unsettled markets, the cancelled and lapsed ones too."""
    ids = (*(params.texts("betIds") or ()), *(params.texts("marketIds") or ()))
    if len(ids) > MOST_IDS:
        raise Refused("REQUEST_SIZE_EXCEEDS_LIMIT")
    by = params.word("orderBy", ORDERS_BY, "BY_PLACE_TIME")
    wanted = params.word("orderProjection", ORDER_STATES, "ALL")
    newest_first = params.word("sortDir", DIRECTIONS) == "LATEST_TO_EARLIEST"
    dates = params.object("dateRange") or params.object("placedDateRange") or Params({})
    found = [ours for ours in exchange.world.bets_of(owner) if ours.settled is None and not _held(exchange, ours)]
    found = [ours for ours in _filtered(params, found) if wanted in ("ALL", state(ours.bet))]
    found = [ours for ours in found if _dated(ours, by, dates.time("from"), dates.time("to"))]
    found.sort(key=lambda ours: _order_key(ours, by), reverse=newest_first)
    shown, more = page(found, params)
    return {"currentOrders": [_current(exchange, ours) for ours in shown], "moreAvailable": more}


def _held(exchange: Exchange, ours: OurBet) -> bool:
    return exchange.world.boards[ours.market].is_held(ours)


def _filtered(params: Params, bets: Iterable[OurBet]) -> Iterator[OurBet]:
    looks: tuple[tuple[str, Callable[[OurBet], str | None]], ...] = (
        ("betIds", lambda ours: str(ours.bet.id)),
        ("marketIds", lambda ours: ours.market),
        ("customerOrderRefs", lambda ours: ours.order_ref),
        ("customerStrategyRefs", lambda ours: ours.strategy_ref),
    )
    tests = [(look, frozenset(values)) for field, look in looks if (values := params.texts(field))]
    return (ours for ours in bets if all(look(ours) in values for look, values in tests))


def _matched_at(ours: OurBet) -> int | None:
    return ours.bet.matched_at


def _dated(ours: OurBet, by: str | None, earliest: int | None, latest: int | None) -> bool:
    """The order also says which date counts; without that date a bet is left out."""
    match by:
        case "BY_MATCH_TIME":
            at = _matched_at(ours)
        case "BY_VOID_TIME":
            at = ours.bet.changed_at if ours.bet.voided else None
        case "BY_SETTLED_TIME":
            at = None
        case _:
            at = ours.bet.placed_at
    return at is not None and (earliest is None or at >= earliest) and (latest is None or at <= latest)


def _order_key(ours: OurBet, by: str | None) -> tuple[str, int, int]:
    at = _matched_at(ours) if by == "BY_MATCH_TIME" else ours.bet.placed_at
    return ours.market if by == "BY_MARKET" else "", at or 0, ours.bet.id


def page(rows: Sequence[T], params: Params) -> tuple[Sequence[T], bool]:
    """A page of at most 1000 from a record on, and whether there are more."""
    first = max(params.whole("fromRecord") or 0, 0)
    count = params.whole("recordCount") or PAGE
    last = first + min(max(count, 0), PAGE)
    return rows[first:last], last < len(rows)


def _current(exchange: Exchange, ours: OurBet) -> Json:
    board, bet = exchange.world.boards[ours.market], ours.bet
    body: dict[str, Json] = {
        "betId": str(bet.id),
        "marketId": ours.market,
        "selectionId": bet.runner,
        "handicap": Decimal(0),
        "priceSize": {"price": board.terms.ladder.odds(bet.tick), "size": money(bet.size)},
        "bspLiability": Decimal(0),
        "side": bet.side.value.upper(),
        "status": state(bet),
        "persistenceType": bet.persistence.value.upper(),
        "orderType": "LIMIT",
        "placedDate": second(bet.placed_at),
    }
    matched_at = _matched_at(ours)
    if matched_at is not None:
        body["matchedDate"] = second(matched_at)
    body |= {
        "averagePriceMatched": average(bet.average_odds(board.terms.ladder)),
        "sizeMatched": money(bet.matched),
        "sizeRemaining": money(bet.remaining),
        "sizeLapsed": money(bet.lapsed),
        "sizeCancelled": money(bet.cancelled),
        "sizeVoided": money(bet.voided),
        "regulatorCode": REGULATOR,
    }
    return {**body, **refs(ours)}


def list_cleared_orders(exchange: Exchange, owner: str, params: Params) -> Json:
    wanted = params.word("betStatus", BET_STATES) or params.need_text("betStatus")
    group = params.word("groupBy", GROUPS, "BET")
    if len(params.texts("betIds") or ()) > MOST_CLEARED_IDS:
        raise Refused("REQUEST_SIZE_EXCEEDS_LIMIT")
    found = [ours for ours in _filtered(params, exchange.world.bets_of(owner)) if ours.settled is not None]
    found = [ours for ours in found if _in_cleared_range(exchange, ours, params)]
    if wanted == "SETTLED" and group != "BET":
        rows = _grouped(exchange, owner, [ours for ours in found if ours.bet.matched], group or "MARKET")
    else:
        rows = [_cleared(exchange, ours, wanted, params) for ours in found if _cleared_size(ours, wanted)]
    shown, more = page(rows, params)
    return {"clearedOrders": list(shown), "moreAvailable": more}


def _in_cleared_range(exchange: Exchange, ours: OurBet, params: Params) -> bool:
    fixture = exchange.world.boards[ours.market].terms.fixture
    dates = params.object("settledDateRange") or Params({})
    earliest, latest = dates.time("from"), dates.time("to")
    at = ours.settled.at if ours.settled else 0
    side = params.word("side", frozenset(("BACK", "LAY")))
    return (
        (earliest is None or at >= earliest)
        and (latest is None or at <= latest)
        and (side is None or ours.bet.side is Side(side.lower()))
        and _among(fixture.sport_id, params.texts("eventTypeIds"))
        and _among(fixture.id, params.texts("eventIds"))
    )


def _among(value: str, values: Sequence[str] | None) -> bool:
    return not values or value in values


def _cleared_size(ours: OurBet, wanted: str) -> int:
    bet = ours.bet
    match wanted:
        case "SETTLED":
            return bet.matched
        case "VOIDED":
            return bet.voided
        case "LAPSED":
            return bet.lapsed
        case _:
            return bet.cancelled


def _cleared(exchange: Exchange, ours: OurBet, wanted: str, params: Params) -> Json:
    board, bet = exchange.world.boards[ours.market], ours.bet
    assert ours.settled is not None  # filtered
    fixture = board.terms.fixture
    body: dict[str, Json] = {
        "eventTypeId": fixture.sport_id,
        "eventId": fixture.id,
        "marketId": ours.market,
        "selectionId": bet.runner,
        "handicap": Decimal(0),
        "betId": str(bet.id),
        "placedDate": second(bet.placed_at),
        "persistenceType": bet.persistence.value.upper(),
        "orderType": "LIMIT",
        "side": bet.side.value.upper(),
        "priceRequested": board.terms.ladder.odds(bet.tick),
        "settledDate": second(ours.settled.at),
        "betCount": 1,
    }
    if wanted == "SETTLED":
        body |= {
            "betOutcome": ours.settled.outcome.value.upper() if ours.settled.outcome else "VOID",
            "lastMatchedDate": second(_matched_at(ours) or bet.placed_at),
            "priceMatched": average(bet.average_odds(board.terms.ladder)),
            "priceReduced": any(fill.reduced is not None for fill in bet.fills),
            "sizeSettled": money(bet.matched),
            "profit": money(ours.settled.profit),
        }
    else:
        body |= {"sizeCancelled": money(_cleared_size(ours, wanted)), "profit": money(0)}
    if params.yes("includeItemDescription"):
        body["itemDescription"] = _described(board, bet.runner)
    return {**body, **refs(ours)}


def _described(board: Board, runner: int) -> Json:
    listed = board.terms.runner(runner)
    return {
        "eventTypeDesc": board.terms.fixture.sport,
        "eventDesc": board.terms.fixture.name,
        "marketDesc": board.terms.name,
        "marketType": board.terms.type,
        "marketStartTime": millisecond(board.start),
        "runnerDesc": listed.name if listed else "",
        "numberOfWinners": board.terms.winners,
    }


def _grouped(exchange: Exchange, owner: str, bets: Sequence[OurBet], group: str) -> list[Json]:
    """Roll-ups; commission is known of whole markets only."""
    rows: dict[tuple[str, ...], list[OurBet]] = {}
    for ours in bets:
        rows.setdefault(_group_key(exchange.world.boards[ours.market], ours, group), []).append(ours)
    return [_rolled_up(exchange, owner, of, group) for of in rows.values()]


def _group_key(board: Board, ours: OurBet, group: str) -> tuple[str, ...]:
    key = (board.terms.fixture.sport_id, board.terms.fixture.id, ours.market, str(ours.bet.runner), ours.bet.side.value)
    depth = {"STRATEGY": 0, "EVENT_TYPE": 1, "EVENT": 2, "MARKET": 3, "RUNNER": 4, "SIDE": 5}[group]
    return (ours.strategy_ref or "",) if group == "STRATEGY" else key[:depth]


def _rolled_up(exchange: Exchange, owner: str, bets: Sequence[OurBet], group: str) -> Json:
    board = exchange.world.boards[bets[0].market]
    body: dict[str, Json] = {}
    if group != "STRATEGY":
        body["eventTypeId"] = board.terms.fixture.sport_id
    if group in ("EVENT", "MARKET", "RUNNER", "SIDE"):
        body["eventId"] = board.terms.fixture.id
    if group in ("MARKET", "RUNNER", "SIDE"):
        body |= {"marketId": board.terms.id, "handicap": Decimal(0)}
    if group in ("RUNNER", "SIDE"):
        body["selectionId"] = bets[0].bet.runner
    if group == "SIDE":
        body["side"] = bets[0].bet.side.value.upper()
    body["betCount"] = len(bets)
    body["profit"] = money(sum(ours.settled.profit for ours in bets if ours.settled))
    if group in ("EVENT_TYPE", "EVENT", "MARKET"):
        charged = exchange.world.funds_of(owner).commission
        body["commission"] = money(sum(charged[market][1] for market in dict.fromkeys(ours.market for ours in bets)))
    if group in ("MARKET", "RUNNER", "SIDE"):
        body["settledDate"] = second(max(ours.settled.at for ours in bets if ours.settled))
    return body
