"""The UK Tote: bets in pools, over GraphQL."""
