"""Reference operations (section 5): what there is to bet on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from planrunner.sandbox.betfair.books import total_matched
from planrunner.sandbox.betfair.errors import Refused, missing
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.filtering import find
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.wire import Json, millisecond
from planrunner.sandbox.board import Board
from planrunner.sandbox.terms import Fixture

PROJECTIONS = frozenset(
    ("COMPETITION", "EVENT", "EVENT_TYPE", "MARKET_START_TIME", "MARKET_DESCRIPTION", "RUNNER_DESCRIPTION", "RUNNER_METADATA")
)
HEAVY = ("MARKET_DESCRIPTION", "RUNNER_METADATA")
SORTS = frozenset(
    ("MINIMUM_TRADED", "MAXIMUM_TRADED", "MINIMUM_AVAILABLE", "MAXIMUM_AVAILABLE", "FIRST_TO_START", "LAST_TO_START")
)
MOST_RESULTS = 1000
MOST_WEIGHT = 200


def list_event_types(exchange: Exchange, owner: str, params: Params) -> Json:
    return _grouped(find(exchange, owner, params), "eventType", _event_type)


def list_competitions(exchange: Exchange, owner: str, params: Params) -> Json:
    found = [board for board in find(exchange, owner, params) if board.terms.fixture.competition]
    return [{**row, "competitionRegion": "GBR"} for row in _grouped(found, "competition", _competition)]


def list_events(exchange: Exchange, owner: str, params: Params) -> Json:
    return _grouped(find(exchange, owner, params), "event", _event)


def list_market_types(exchange: Exchange, owner: str, params: Params) -> Json:
    return _grouped(find(exchange, owner, params), "marketType", lambda board: board.terms.type)


def list_venues(exchange: Exchange, owner: str, params: Params) -> Json:
    found = [board for board in find(exchange, owner, params) if board.terms.fixture.meeting]
    return _grouped(found, "venue", lambda board: board.terms.fixture.meeting)


def list_countries(exchange: Exchange, owner: str, params: Params) -> Json:
    return _grouped(find(exchange, owner, params), "countryCode", lambda board: board.terms.fixture.country)


def list_market_catalogue(exchange: Exchange, owner: str, params: Params) -> Json:
    limit = params.need_whole("maxResults")
    if not 1 <= limit <= MOST_RESULTS:
        raise Refused("INVALID_INPUT_DATA", "maxResults is 1 to 1000")
    shown = params.words("marketProjection", PROJECTIONS)
    sort = params.word("sort", SORTS)
    found = _sorted(find(exchange, owner, params), sort)[:limit]
    if sum(name in shown for name in HEAVY) * len(found) > MOST_WEIGHT:
        raise Refused("TOO_MUCH_DATA")
    return [_catalogued(board, shown) for board in found]


def _sorted(boards: list[Board], sort: str | None) -> list[Board]:
    match sort:
        case None:
            return boards
        case "FIRST_TO_START" | "LAST_TO_START":
            return sorted(boards, key=lambda board: board.start, reverse=sort == "LAST_TO_START")
        case _:
            return sorted(boards, key=total_matched, reverse=sort.startswith("MAXIMUM"))


def _grouped(boards: Iterable[Board], name: str, show: Callable[[Board], Json]) -> list[dict[str, Json]]:
    counts: dict[str, tuple[Json, int]] = {}
    for board in boards:
        shown = show(board)
        key = shown["id"] if isinstance(shown, dict) else shown
        counts[key] = (shown, counts.get(key, (shown, 0))[1] + 1)
    return [{name: shown, "marketCount": count} for shown, count in counts.values()]


def _catalogued(board: Board, shown: frozenset[str]) -> Json:
    terms = board.terms
    body: dict[str, Json] = {"marketId": terms.id, "marketName": terms.name}
    if "MARKET_START_TIME" in shown:
        body["marketStartTime"] = millisecond(board.start)
    if "MARKET_DESCRIPTION" in shown:
        body["description"] = _description(board)
    body["totalMatched"] = total_matched(board)
    if {"RUNNER_DESCRIPTION", "RUNNER_METADATA"} & shown:
        body["runners"] = [_runner(board, place, "RUNNER_METADATA" in shown) for place in range(len(terms.runners))]
    if "EVENT_TYPE" in shown:
        body["eventType"] = _event_type(board)
    if "COMPETITION" in shown and terms.fixture.competition:
        body["competition"] = _competition(board)
    if "EVENT" in shown:
        body["event"] = _event(board)
    return body


def _description(board: Board) -> Json:
    terms = board.terms
    return {
        "persistenceEnabled": terms.turns_in_play,
        "bspMarket": False,
        "marketTime": millisecond(board.start),
        "suspendTime": millisecond(board.start),
        "bettingType": "ODDS",
        "turnInPlayEnabled": terms.turns_in_play,
        "marketType": terms.type,
        "regulator": "GIBRALTAR REGULATOR",
        "marketBaseRate": terms.commission * 100,
        "discountAllowed": False,
        "wallet": "UK wallet",
        "rules": "Rules of the practice world.",
        "rulesHasDate": True,
        "priceLadderDescription": {"type": terms.ladder.name},
    }


def _runner(board: Board, place: int, metadata: bool) -> Json:
    runner = board.terms.runners[place]
    body = {"selectionId": runner.id, "runnerName": runner.name, "handicap": Decimal(0), "sortPriority": place + 1}
    return {**body, "metadata": {"runnerId": str(runner.id)}} if metadata else body


def _event_type(board: Board) -> dict[str, str]:
    return {"id": board.terms.fixture.sport_id, "name": board.terms.fixture.sport}


def _competition(board: Board) -> dict[str, str]:
    fixture = board.terms.fixture
    if fixture.competition_id is None or fixture.competition is None:
        raise missing()
    return {"id": fixture.competition_id, "name": fixture.competition}


def _event(board: Board) -> Json:
    fixture: Fixture = board.terms.fixture
    body = {"id": fixture.id, "name": fixture.name, "countryCode": fixture.country, "timezone": fixture.time_zone}
    if fixture.meeting:
        body["venue"] = fixture.meeting
    return {**body, "openDate": millisecond(fixture.start)}
