"""What every operation works on: the world, who is logged in, what goes wrong, and which references were seen lately."""

from __future__ import annotations

from dataclasses import dataclass, field

from planrunner.sandbox.betfair.params import market_id
from planrunner.sandbox.betfair.sessions import Sessions
from planrunner.sandbox.betfair.wire import Json
from planrunner.sandbox.bets import OurBet
from planrunner.sandbox.board import Board
from planrunner.sandbox.clock import Clock
from planrunner.sandbox.faults import Faults
from planrunner.sandbox.scenario import MINUTE
from planrunner.sandbox.world import World

# Section 7.1; the scope (account, operation, reference) and that a refused first call burns the reference too are our reading.
SAME_REF_FOR = MINUTE


@dataclass(slots=True, kw_only=True)
class Exchange:
    world: World
    clock: Clock
    sessions: Sessions
    faults: Faults
    _refs: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _requests: int = 0
    _told: dict[tuple[str, str], Json] = field(default_factory=dict)

    def seen(self, owner: str, operation: str, ref: str | None) -> bool:
        """Whether this customerRef came within the last minute; it counts from its first use."""
        if not ref:
            return False
        key, now = (owner, operation, ref), self.world.now
        if now - self._refs.get(key, -SAME_REF_FOR) < SAME_REF_FOR:
            return True
        self._refs[key] = now
        return False

    def remember(self, owner: str, question: str, answer: Json) -> Json:
        """Keep what a question is answered with; returns what it was answered with the last time (now, if never)."""
        before = self._told.get((owner, question), answer)
        self._told[owner, question] = answer
        return before

    def next_request(self) -> str:
        """A requestUUID, numbered so that a rehearsal repeats exactly."""
        self._requests += 1
        return f"sandbox-{self._requests:010d}"

    def board(self, text: str) -> Board | None:
        """A market by its id, as it is now. Raises Refused for what can't be a market id."""
        return self.world.board(market_id(text))

    def bet(self, owner: str, text: str) -> OurBet | None:
        """One of the owner's bets."""
        number = int(text) if text.isdecimal() else 0
        ours = self.world.bets.get(number)
        return ours if ours is not None and ours.bet.owner == owner else None
