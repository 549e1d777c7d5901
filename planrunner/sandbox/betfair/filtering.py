"""MarketFilter (section 5.1): fields are combined with AND, values of a field with OR."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from planrunner.matching.bet import Bet
from planrunner.model.market import MarketStatus
from planrunner.sandbox.betfair.errors import Refused
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.params import Params, market_id, needed
from planrunner.sandbox.board import Board

Test = Callable[[Board], bool]

# Field of the filter -> what it looks at. Not listed: fields of products the world does not have; they let everything pass
# where they can't tell markets apart, and nothing where they ask for what is not there.
_IDS: dict[str, Callable[[Board], str | None]] = {
    "eventTypeIds": lambda board: board.terms.fixture.sport_id,
    "eventIds": lambda board: board.terms.fixture.id,
    "competitionIds": lambda board: board.terms.fixture.competition_id,
    "marketIds": lambda board: board.terms.id,
    "venues": lambda board: board.terms.fixture.meeting,
    "marketCountries": lambda board: board.terms.fixture.country,
    "marketTypeCodes": lambda board: board.terms.type,
    "marketBettingTypes": lambda _: "ODDS",
}
_FLAGS: dict[str, Callable[[Board], bool]] = {
    "bspOnly": lambda _: False,
    "turnInPlayEnabled": lambda board: board.terms.turns_in_play,
    "inPlayOnly": lambda board: board.in_play,
}


def find(exchange: Exchange, owner: str, params: Params) -> list[Board]:
    """The markets that pass the request's filter and are not closed, in the venue's default order."""
    wanted = needed(params.object("filter"))
    fixed, moving = list(_lasting_tests(wanted)), list(_passing_tests(owner, wanted))
    named = [market for market, board in exchange.world.boards.items() if all(test(board) for test in fixed)]
    # Only these are brought up to now: playing every market of the world costs more than answering.
    boards = [board for market in named if (board := exchange.world.board(market))]
    found = [board for board in boards if board.status is not MarketStatus.CLOSED and all(test(board) for test in moving)]
    return sorted(found, key=_rank)


def _rank(board: Board) -> tuple[int, str, int, str]:
    fixture = board.terms.fixture
    return int(fixture.sport_id), fixture.competition or "", board.start, board.terms.id


def _lasting_tests(wanted: Params) -> Iterable[Test]:
    """What never changes about a market."""
    text = wanted.text("textQuery")
    if text:
        yield _named_like(text)
    for market in wanted.texts("marketIds") or ():
        market_id(market)
    for field, look in _IDS.items():
        values = wanted.texts(field)
        if values:
            yield _one_of(look, frozenset(values))


def _passing_tests(owner: str, wanted: Params) -> Iterable[Test]:
    """What has to be looked at as it is now."""
    for field, flag in _FLAGS.items():
        if field in wanted:
            yield _is(flag, wanted.yes(field))
    times = wanted.object("marketStartTime")
    if times:
        yield _between(times.time("from"), times.time("to"))
    states = wanted.words("withOrders", frozenset(("EXECUTABLE", "EXECUTION_COMPLETE")))
    if states:
        yield _with_orders(owner, states)


def _one_of(look: Callable[[Board], str | None], values: frozenset[str]) -> Test:
    return lambda board: look(board) in values


def _is(flag: Callable[[Board], bool], value: bool) -> Test:
    return lambda board: flag(board) is value


def _between(earliest: int | None, latest: int | None) -> Test:
    return lambda board: (earliest is None or board.start >= earliest) and (latest is None or board.start <= latest)


def _with_orders(owner: str, states: frozenset[str]) -> Test:
    def test(board: Board) -> bool:
        return any(state(ours.bet) in states for ours in board.bets.values() if ours.bet.owner == owner)

    return test


def state(bet: Bet) -> str:
    return "EXECUTABLE" if bet.remaining else "EXECUTION_COMPLETE"


def _named_like(query: str) -> Test:
    """All words of the query stand in the names of the event, its competition or the market; `*` fits any rest of a word."""
    if query.startswith("*"):
        raise Refused("INVALID_INPUT_DATA", "wildcard at the beginning of the text query")
    words = [re.compile(r"\b" + re.escape(word).replace(r"\*", r"\w*") + r"\b", re.IGNORECASE) for word in query.split()]

    def test(board: Board) -> bool:
        fixture = board.terms.fixture
        text = " ".join(name for name in (fixture.name, fixture.competition, fixture.meeting, board.terms.name) if name)
        return all(word.search(text) for word in words)

    return test
