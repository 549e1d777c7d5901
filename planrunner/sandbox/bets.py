"""Our bets as the venue keeps them: the bet itself, the references it came with, and what was already written to the log."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from planrunner.matching.bet import Bet, Persistence
from planrunner.model.events import Outcome
from planrunner.model.odds import Ladder, Side
from planrunner.sandbox.log import VenueLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a client asks for, already checked."""

    owner: str
    runner: int
    side: Side
    tick: int
    size: int
    persistence: Persistence = Persistence.LAPSE
    fill_or_kill: bool = False
    min_fill: int | None = None
    order_ref: str | None = None
    strategy_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """`profit` in minor units, before commission. No outcome: nothing of the bet was ever matched."""

    at: int
    outcome: Outcome | None
    profit: int


@dataclass(slots=True, kw_only=True)
class OurBet:
    """Fields with an underscore say what is in the log already."""

    bet: Bet
    market: str
    order_ref: str | None = None
    strategy_ref: str | None = None
    settled: Settled | None = None
    _fills: int = 0
    _cancelled: int = 0
    _lapsed: int = 0
    _voided: int = 0
    _reduced: Decimal | None = None

    def note(self, log: VenueLog, ladder: Ladder, at: int) -> None:
        """Write down what became of the bet since the last time."""
        bet = self.bet
        if any(fill.reduced for fill in bet.fills) and (average := bet.average_odds(ladder)) != self._reduced:
            log.write("reduced", at, bet=str(bet.id), average_odds=str(average))
            self._reduced = average
        for fill in bet.fills[self._fills :]:
            log.write("fill", fill.at, bet=str(bet.id), odds=str(ladder.odds(fill.tick)), size=pounds(fill.size))
        self._fills = len(bet.fills)
        for kind, size, noted in (
            ("cancel", bet.cancelled, self._cancelled),
            ("lapse", bet.lapsed, self._lapsed),
            ("void", bet.voided, self._voided),
        ):
            if size != noted:
                log.write(kind, at, bet=str(bet.id), size=pounds(size - noted))
            self._cancelled, self._lapsed, self._voided = bet.cancelled, bet.lapsed, bet.voided


def pounds(minor: int) -> str:
    """Minor units as text with two decimals: `7.50`."""
    return str(Decimal(minor).scaleb(-2))
