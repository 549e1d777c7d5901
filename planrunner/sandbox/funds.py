"""An owner's money at the venue, and what open bets may cost it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

from planrunner.matching.bet import Bet
from planrunner.model.odds import Ladder, Side
from planrunner.sandbox.terms import Terms

ZERO = Decimal(0)


@dataclass(slots=True, kw_only=True)
class Funds:
    """Minor units; `commission` by market: when it was charged, and how much."""

    balance: int
    commission: dict[str, tuple[int, int]] = field(default_factory=dict)
    _paid: dict[str, int] = field(default_factory=dict)

    def settle(self, market: str, profit: int, commission: int, at: int) -> None:
        """A market that is settled again is first taken back."""
        self.balance += profit - commission - self._paid.get(market, 0)
        self._paid[market] = profit - commission
        self.commission[market] = (at, commission)


def exposure(terms: Terms, bets: Iterable[Bet]) -> int:
    """The worst outcome of a market, unmatched bets counted where they would hurt (section 10.4). Never above 0.

    With several winners each selection is taken at its own worst.
    """
    if_win: dict[int, Decimal] = {}
    if_lose: dict[int, Decimal] = {}
    for bet in bets:
        win, lose = _outcomes(bet, terms.ladder)
        if_win[bet.runner] = if_win.get(bet.runner, ZERO) + win
        if_lose[bet.runner] = if_lose.get(bet.runner, ZERO) + lose
    if not if_win:
        return 0
    if terms.winners > 1:
        worst = sum((min(if_win[runner], if_lose[runner]) for runner in if_win), ZERO)
    else:
        all_lose = sum(if_lose.values(), ZERO)
        others = [all_lose] if len(if_win) < len(terms.runners) else []
        worst = min([*others, *(all_lose - if_lose[runner] + if_win[runner] for runner in if_win)])
    return min(int(worst.to_integral_value(ROUND_FLOOR)), 0)


def _outcomes(bet: Bet, ladder: Ladder) -> tuple[Decimal, Decimal]:
    """Profit if the selection wins and if it loses: what is matched, and what is unmatched only where it costs."""
    won = sum((fill.size * (fill.odds(ladder) - 1) for fill in bet.fills), ZERO)
    matched = Decimal(bet.matched)
    if bet.side is Side.BACK:
        return won, -matched - bet.remaining
    return -won - bet.remaining * (ladder.odds(bet.tick) - 1), matched
