"""OddsPapi ABP: one order, made into bets at bookmakers."""
