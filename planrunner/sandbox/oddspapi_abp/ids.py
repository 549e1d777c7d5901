"""The router's own numbers for what is in the world. They depend on names and ids of the world only, never on who asks first:

    fixtureId   `id1000` and Betfair's event id in twelve digits: event 30000001 is `id1000000030000001`
    marketId    101 for a football match's Match Odds; else the digits of Betfair's market id: 1.204123456 is 204123456
    outcomeId   101 home, 102 draw, 103 away of Match Odds; else marketId x 100 + the selection's place in its market, from 1

`planrunner sandbox serve` and then `curl http://127.0.0.1:8765/sandbox/fixtures` print them beside Betfair's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from planrunner.sandbox.board import Board
from planrunner.sandbox.terms import Listed
from planrunner.sandbox.world import World

MATCH_ODDS = 101
HOME, DRAW, AWAY = 101, 102, 103
FOOTBALL = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A selection of a market, with the router's numbers."""

    fixture_id: str
    market_id: int
    outcome_id: int
    board: Board
    runner: Listed

    @property
    def key(self) -> tuple[str, int]:
        return self.fixture_id, self.outcome_id


def fixture_id(board: Board) -> str:
    return f"id1000{int(board.terms.fixture.id):012d}"


def market_id(board: Board) -> int:
    return MATCH_ODDS if _is_match_odds(board) else int(board.terms.id.removeprefix("1."))


def outcome_id(board: Board, runner: Listed) -> int:
    if not _is_match_odds(board):
        return market_id(board) * 100 + 1 + board.terms.runners.index(runner)
    if runner.name == "The Draw":
        return DRAW
    return HOME if runner.name == board.terms.fixture.name.partition(" v ")[0] else AWAY


def outcomes(world: World) -> Iterator[Outcome]:
    """Everything that can be bet on."""
    for board in world.boards.values():
        yield from of_board(board)


def of_board(board: Board) -> Iterator[Outcome]:
    fixture, market = fixture_id(board), market_id(board)
    for runner in board.terms.runners:
        yield Outcome(fixture_id=fixture, market_id=market, outcome_id=outcome_id(board, runner), board=board, runner=runner)


class Catalogue:
    """Looks outcomes up by number; fixtures invented later are found too."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[str, int], Outcome] = {}
        self._boards = 0

    def outcome(self, fixture: str, number: int) -> Outcome | None:
        return self._all().get((fixture, number))

    def of_fixture(self, fixture: str | None) -> list[Outcome]:
        """None: of all fixtures."""
        return [one for one in self._all().values() if fixture in (None, one.fixture_id)]

    def _all(self) -> dict[tuple[str, int], Outcome]:
        if self._boards != len(self._world.boards):
            self._boards = len(self._world.boards)
            self._known = {outcome.key: outcome for outcome in outcomes(self._world)}
        return self._known


def _is_match_odds(board: Board) -> bool:
    """Of two teams and the draw, whose names say who is at home."""
    terms = board.terms
    names = {runner.name for runner in terms.runners}
    teams = set(terms.fixture.name.split(" v "))
    return terms.type == "MATCH_ODDS" and terms.fixture.sport_id == FOOTBALL and names == {*teams, "The Draw"} and len(names) == 3
