"""Keys that are known before any schema is asked: how a line that can't be read is told from one that is out of place."""

from __future__ import annotations

# Keys of orders, steps and limits: two of them on one line were meant as two lines. A test holds them against the schema.
KEYS = frozenset([
    "name", "venue", "event", "event_id", "date", "race", "market", "market_id", "selection", "selection_id", "favourite",
    "player_id", "line", "side", "odds", "odds_hold_for", "stake", "liability_at_most", "type", "min_fill", "place_before_start",
    "place_at", "only_if", "settings", "expires_after", "expires_before_start", "expires_after_start", "expires_at", "fallback",
    "after", "every", "before_start", "after_start", "if", "cancel", "reprice", "no_worse_than", "at_most", "keep", "hedge",
    "for_at_most", "retry", "alert", "move_remainder_to", "max_loss", "max_orders", "max_stake", "max_exposure_per_market",
    "max_loss_in_total",
])  # fmt: skip
# Keys of an order that a step has too, where it moves the remainder: what is bet there.
OF_MOVES = frozenset([
    "event", "event_id", "date", "race", "market", "market_id", "selection", "selection_id", "player_id", "line", "odds",
    "odds_hold_for", "settings", "expires_after", "expires_before_start", "expires_after_start", "expires_at",
])  # fmt: skip
# Keys of tickets, their bets and legs, and of settings, that no order has.
OF_TICKETS = frozenset([
    "meeting", "total_cost", "bets", "pool", "runners", "finish", "first", "second", "third", "legs", "unit_stake", "reserves",
    "bookmakers", "accept_better_odds", "accept_partial",
])  # fmt: skip
