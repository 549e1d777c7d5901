"""How others react to orders of ours: the first rule that fits an order says how much of it meets a counterparty, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from planrunner.matching.bet import Bet
from planrunner.model.odds import Side
from planrunner.sandbox.scenario import Reaction, ShareOf, When


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparty:
    """Somebody who takes `size` of a bet of ours, `after` milliseconds after it was placed."""

    bet: int
    size: int
    after: int


@dataclass(slots=True, kw_only=True)
class Reactions:
    """The rules for one market. Each (selection, side) remembers how much of it was ever asked for and promised."""

    rules: Sequence[Reaction]
    market_names: frozenset[str]
    _used: dict[int, int] = field(default_factory=dict)
    _peak: dict[tuple[int, Side], int] = field(default_factory=dict)

    def on_arrival(self, bet: Bet, name: str, odds: Decimal) -> int:
        """The size that somebody offers, at the very odds an order asks for, before it is matched."""
        rule = self._first(When.ARRIVES, bet, name, odds)
        return 0 if rule is None else part(bet.size, rule.share)

    def on_rest(self, bet: Bet, name: str, odds: Decimal, ours: Sequence[Bet]) -> Counterparty | None:
        """`ours` are all our bets on the selection and side, the new one among them."""
        key = (bet.runner, bet.side)
        demand = sum(one.matched + one.remaining for one in ours)
        self._peak[key] = max(self._peak.get(key, 0), demand)
        if bet.remaining == 0:
            return None
        rule = self._first(When.RESTS, bet, name, odds)
        if rule is None:
            return None
        size = part(bet.size, rule.share)
        if rule.of is ShareOf.DEMAND:
            matched = sum(one.matched for one in ours)
            size = min(size, part(self._peak[key], rule.share) - matched)
        return Counterparty(bet=bet.id, size=min(size, bet.remaining), after=rule.after) if size > 0 else None

    def _first(self, when: When, bet: Bet, name: str, odds: Decimal) -> Reaction | None:
        for index, rule in enumerate(self.rules):
            if rule.when is when and self._fits(rule, bet, name, odds):
                used = self._used.get(index, 0)
                if rule.times is None or used < rule.times:
                    self._used[index] = used + 1
                    return rule
        return None

    def _fits(self, rule: Reaction, bet: Bet, name: str, odds: Decimal) -> bool:
        return (
            (rule.market is None or rule.market in self.market_names)
            and (rule.selection is None or rule.selection == name)
            and (rule.side is None or rule.side is bet.side)
            and (rule.odds_at_least is None or odds >= rule.odds_at_least)
            and (rule.odds_at_most is None or odds <= rule.odds_at_most)
        )


def part(size: int, share: Decimal) -> int:
    """A share of a size, in whole minor units, never more."""
    return int((size * share).to_integral_value(ROUND_DOWN))
