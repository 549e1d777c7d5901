"""Betfair Exchange: the adapter. It shares nothing with the sandbox, so that one misreading can't agree with itself."""
