"""The HTTP API of a service: who may ask is decided first, what they may ask stands in one table, and nothing is answered that
the command line would not tell."""
